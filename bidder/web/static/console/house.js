// Commands to the house, through the gateway, by docs/control.md. Each is done once: a command is kept until its answer,
// and repeated with the same id after a reload, a dead gateway or a dead house. All tabs of a browser are one sender, so
// each command has a place of its own, and what a tab left behind is repeated by the next one that is opened.

import { store, stored, storedKeys } from "../storage.js";

const KEPT_PREFIX = "console.command.";
const KEPT_MAX = 32; // commands that are kept; of more, the oldest go
const LAST_ID_KEY = "console.last_id";
const IDS_APART = 2 ** 20;
const REPEAT_MS = 60000; // the age up to which a command is repeated after a reload
const RETRY_MS = [300, 700, 1500, 3000];
const TRIES_MAX = 12;
const WAIT_SHOWN_MS = 1500; // after so long without an answer the page says that it waits

/** The house or the gateway did not do it. `code` says why, for the page; the message is for people. */
export class Refused extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

export class House {
  constructor() {
    this.me = null;
    this.onWait = null; // called when a command has had no answer for a while
    this._lastId = 0;
    this._questionId = 0;
  }

  /** Become a console by a clerk's link, or by the code of another console. */
  async enter(link) {
    this._know(await post("enter", { link }));
  }

  async takeOver(code) {
    this._know(await post("take_over", { code }));
  }

  /** Learn who this browser is. Throws Refused: `hello_first` where it is no console. */
  async recognise() {
    this._know(await post("myself", {}));
  }

  lock(pin) {
    return post("lock", { pin });
  }

  async unlock(pin) {
    await post("unlock", { pin });
    await this.recognise();
  }

  handOver() {
    return post("hand_over", {});
  }

  leave() {
    return post("leave", {});
  }

  may(...rights) {
    return rights.some((right) => this.me?.rights?.includes(right));
  }

  /** Return a report. */
  async ask(report, lots = []) {
    this._questionId = (this._questionId % 1e9) + 1;
    return (await this._send({ type: "ask", id: this._questionId, report, lots })).report;
  }

  /** Return what a correction would do. */
  async preview(type, fields) {
    this._questionId = (this._questionId % 1e9) + 1;
    return (await this._send({ type, id: this._questionId, ...fields, preview: true })).report;
  }

  /** Give a command; return what the house answers once it is durable. Throws Refused. */
  async give(type, fields = {}) {
    this._lastId = Math.max(this._lastId, Number(stored(LAST_ID_KEY) ?? 0)); // another tab is the same sender
    this._lastId += 1 + Math.floor(Math.random() * IDS_APART);
    const command = { type, id: this._lastId, ...fields };
    store(LAST_ID_KEY, this._lastId);
    for (const key of keptKeys().slice(0, 1 - KEPT_MAX)) store(key, null);
    store(KEPT_PREFIX + command.id, { command, at_ms: Date.now(), by: this.me.name });
    const waiting = setTimeout(() => this.onWait?.(), WAIT_SHOWN_MS);
    try {
      return await unlessElsewhere(command.id, () => this._send(command));
    } finally {
      clearTimeout(waiting);
      store(KEPT_PREFIX + command.id, null);
    }
  }

  /** Give the commands again whose answers were lost, the oldest first; yield each, with the error if it was not done. */
  async *repeatKept() {
    for (const key of keptKeys()) {
      const repeated = await unlessElsewhere(key.slice(KEPT_PREFIX.length), () => this._repeat(key));
      if (repeated) yield repeated;
    }
  }

  async _repeat(key) {
    const kept = stored(key);
    const isOld = Date.now() - kept?.at_ms > REPEAT_MS;
    if (kept?.by !== this.me.name) {
      if (!kept || isOld) store(key, null); // else the clerk who had this browser may come back
      return null;
    }
    let error = isOld ? new Refused("too_old", "It is more than a minute old. Look whether it was done.") : null;
    if (!isOld) await this._send(kept.command).catch((failure) => (error = failure));
    store(key, null);
    return { command: kept.command, error };
  }

  async _send(command) {
    for (let tries = 1; ; tries++) {
      try {
        const answer = await post("command", command);
        if (answer.type !== "rejected") return answer;
        if (answer.code !== "unavailable" && answer.code !== "slow_down") {
          throw new Refused(answer.code, answer.message ?? answer.detail ?? answer.code);
        }
        if (tries >= TRIES_MAX) throw new Refused("unavailable", "The house can’t store anything now. Nothing was done.");
      } catch (error) {
        const isLost = error.code === "unreachable" || error.code === "slow_down";
        if (!isLost || tries >= TRIES_MAX) throw error;
      }
      await pause(RETRY_MS[Math.min(tries - 1, RETRY_MS.length - 1)]);
    }
  }

  _know(me) {
    this.me = me;
    this._lastId = Math.max(this._lastId, me.last_id ?? 0, Number(stored(LAST_ID_KEY) ?? 0));
  }
}

async function post(name, body) {
  let answer;
  let told;
  try {
    answer = await fetch(`/api/console/${name}`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
    told = await answer.json();
  } catch {
    // no gateway, or a proxy before it that answers for it
    throw new Refused("unreachable", "The gateway does not answer. It is not known whether this was done: look before you repeat it.");
  }
  if (!answer.ok) throw new Refused(told.code, told.message);
  return told;
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** The keys of all commands that wait for an answer, in the order in which they were given. */
function keptKeys() {
  const ids = storedKeys(KEPT_PREFIX).map((key) => Number(key.slice(KEPT_PREFIX.length)));
  return ids.sort((one, other) => one - other).map((id) => KEPT_PREFIX + id);
}

/**
 * Do something about a command, and return null at once if another tab waits for its answer. A browser that can't tell
 * (it does for secure pages only) repeats that command, too; the house does it once.
 */
function unlessElsewhere(id, act) {
  return navigator.locks ? navigator.locks.request(KEPT_PREFIX + id, { ifAvailable: true }, (lock) => (lock ? act() : null)) : act();
}
