// What the auctioneer does: each deed has a name, a key, a right, a time when it fits, and asks where it can't be undone.
//
// A hammer and a correction carry the seq of the lot as the page shows it. If a bid came in between, the house refuses,
// and the page asks again with the lot as it is then.

import { isFarAbove, parsed, typed } from "../amounts.js";
import { ask, confirm } from "./dialog.js";
import { formatOf } from "./formats.js";
import { isOver, isUp } from "./stages.js";

const EXTRA_MS = 30000;
const SHOWN_MS = 1000; // how long an answer waits for the page to show what it tells
const HAMMERS_MAX = 10; // so often a hammer falls again by itself, because the clock of its lot had moved on meanwhile
const ENDING_SHOWN_MAX = 8; // open lots that a question names on which the hammer falls
const FINISH = "Finish the sale";
const KEY_NAMES = {
  open: "Open",
  hammer: "Hammer",
  warn: "Fair warning",
  selling: "Selling now",
  pause: "Pause",
  extend: "30 s more",
  undo: "Undo the last bid",
  reopen: "Reopen",
  commission: "Commission bid",
  answer: "Answer for the paddle that is asked",
  say: "Say to all",
  person: "New paddle",
};

export class Deeds {
  constructor(room, house, tell) {
    this.room = room;
    this.house = house;
    this.tell = tell; // (text, tone): the answer to the last deed
    this._isBusy = false;
    this.all = [
      this._deed("open", "n", "hammer", (lot) => (lot?.status === "scheduled" ? `Open lot ${lot.lot}` : this._nextWords()), () => this.open()),
      this._deed("hammer", "h", "hammer", (lot) => (isUp(lot) && lot.asked === null ? formatOf(lot).hammer(lot, room) : ""), () => this.hammer()),
      this._deed("warn", "w", "hammer", (lot) => (lot?.status === "open" ? "Fair warning" : ""), () => this.call("fair_warning")),
      this._deed("selling", "s", "hammer", (lot) => (lot?.status === "open" ? "Selling now" : ""), () => this.call("selling_now")),
      this._deed("pause", "p", "hammer", (lot) => (lot?.status === "open" ? "Pause" : lot?.status === "paused" && lot.asked === null ? "Resume" : ""), () => this.pause()),
      this._deed("extend", "x", "hammer", (lot) => (isUp(lot) && hasClock(lot) ? "30 s more" : ""), () => this.extend()),
      this._deed("undo", "u", "corrections", (lot) => (isUp(lot) && room.hasCorrections && formatOf(lot).hasLast ? "Undo the last bid" : ""), () => this.undo()),
      this._deed("reopen", "r", "corrections", (lot) => (isOver(lot) && room.hasCorrections ? "Reopen" : ""), () => this.reopen()),
      this._deed("withdraw", "", "corrections", (lot) => (lot && !isOver(lot) ? "Withdraw" : ""), () => this.withdraw()),
      this._deed("commission", "c", "bids", (lot) => (["scheduled", "open"].includes(lot?.status) && formatOf(lot).commission ? "Commission bid" : ""), () => this.commission()),
      this._deed("answer", "y", ["bids", "corrections"], (lot) => (lot && lot.asked !== null ? `Answer for paddle ${lot.asked}` : ""), () => this.answer()),
      this._deed("say", "a", "hammer", () => "Say to all", () => this.say()),
      this._deed("person", "d", "desk", () => "New paddle", () => this.addPerson()),
      this._deed("sale", "", "hammer", () => (room.sale.status === "paused" ? "Resume the sale" : "Pause the sale"), () => this.pauseSale()),
      this._deed("end", "", "hammer", () => (room.sale.status === "ended" ? "" : this._endWords()), () => this.end()),
    ];
  }

  /** Do what a key stands for, or say why not: no key is lost without a word. Return whether it stands for anything. */
  press(key) {
    const deed = this.all.find((one) => one.key && one.key === key);
    if (!deed) return false;
    if (!deed.isAllowed()) this.tell(`Not done: you have no right to “${KEY_NAMES[deed.name]}”.`, "note");
    else if (deed.words()) deed.act();
    else this.unfit(`“${KEY_NAMES[deed.name]}” does not fit`);
    return true;
  }

  /** Say that something was not done because of how the sale or the lot in view stands. `what` ends in a verb. */
  unfit(what) {
    const lot = this.room.lot;
    if (this.room.sale.status === "ended") this.tell("Not done: the sale has ended.", "note");
    else if (lot && lot.asked !== null) this.tell(`Not done: ${what} lot ${lot.lot}, which waits for the answer of paddle ${lot.asked}.`, "note");
    else if (lot) this.tell(`Not done: ${what} lot ${lot.lot}, which is ${lot.status === "scheduled" ? "not open yet" : lot.status}.`, "note");
    else this.tell("Not done: no lot is in view yet.", "note");
  }

  _deed(name, key, right, words, act) {
    return {
      name,
      key,
      words: () => (this.room.sale.status === "ended" ? "" : words(this.room.lot)),
      isAllowed: () => this.house.may(...[right].flat()),
      act: () => this._run(act),
    };
  }

  // One deed at a time: a second one is refused while the first is under way, and never silently.
  async _run(act) {
    if (this._isBusy) return this.tell("Not done: the command before this one has no answer yet.", "note");
    this._isBusy = true;
    try {
      await act();
    } catch (error) {
      this.tell(error.message, "bad");
    } finally {
      this._isBusy = false;
      this.room.look();
      this.room.lookAtPeople();
    }
  }

  /** Wait until the page shows what the house has answered, so that the next key meets the lot as the answer tells it. */
  _shown(number, isSo) {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        this.room.removeEventListener("change", look);
        resolve();
      };
      const look = () => isSo(this.room.sale.lots.get(number)) && end();
      const timer = setTimeout(end, SHOWN_MS); // the page may have no connection: the answer is told all the same
      this.room.addEventListener("change", look);
      look();
    });
  }

  // --- the lot ---------------------------------------------------------------------------------------------------

  async open() {
    const lot = this.room.lot?.status === "scheduled" ? this.room.lot : this.room.sale.lots.get(this.room.next);
    if (!lot) return this.tell("No lot is left to open.", "note");
    await this.house.give("open", { lot: lot.lot });
    await this._shown(lot.lot, isUp);
    const others = this.room.sale.order.filter((number) => number !== lot.lot && isUp(this.room.sale.lots.get(number)));
    this.room.choose(others.length ? lot.lot : null); // with one lot up, the view follows the sale
    this.tell(`Lot ${lot.lot} is open: ${lot.title}.`, "good");
  }

  async hammer() {
    const { number } = this.room;
    for (let agreed = null, tries = 0; ; tries++) {
      const [row] = await this.house.ask("lots", [number]);
      const lot = this.room.sale.lots.get(number);
      // A step of a falling price leaves what the hammer does as it was: nobody is asked again about that.
      const isSame = agreed !== null && tries < HAMMERS_MAX && soldAs(row) === soldAs(agreed);
      const isYes = isSame || await confirm({
        title: `${agreed ? "It changed, and nothing was done. " : ""}Hammer on lot ${row.lot}?`,
        aloud: formatOf(lot).falls(row, lot, this.room),
        rows: [["Lot", row.title], ["Bids", String(row.bids ?? "secret")]],
        yes: "Hammer",
        isDanger: true,
      });
      if (!isYes) return;
      agreed = row;
      try {
        const done = await this.house.give("close", { lot: row.lot, if_seq: row.seq });
        await this._shown(row.lot, isOver);
        this.tell(said(done.results ?? []), "good");
        return;
      } catch (error) {
        if (error.code !== "state_changed") throw error;
      }
    }
  }

  async call(call) {
    await this.house.give("call", { lot: this.room.number, call });
    this.tell(call === "fair_warning" ? "Fair warning." : "Selling now.", "good");
  }

  async pause() {
    const { lot, status } = this.room.lot; // as it was: the answer changes it
    await this.house.give(status === "open" ? "pause" : "resume", { lot });
    await this._shown(lot, (now) => now.status !== status);
    this.tell(`Lot ${lot} ${status === "open" ? "is paused" : "goes on"}.`, "good");
  }

  async extend() {
    await this.house.give("extend", { lot: this.room.number, extra_ms: EXTRA_MS });
    this.tell(`Lot ${this.room.number} has 30 seconds more.`, "good");
  }

  async withdraw() {
    const lot = this.room.lot;
    const given = await ask({
      title: `Withdraw lot ${lot.lot}?`,
      aloud: `${lot.title} is withdrawn. Its bids are void.`,
      fields: [{ name: "reason", label: "Reason, which bidders see" }],
      yes: "Withdraw",
      isDanger: true,
    });
    if (!given) return;
    await this.house.give("withdraw", { lot: lot.lot, reason: given.reason, if_seq: lot.seq });
    await this._shown(lot.lot, isOver);
    this.tell(`Lot ${lot.lot} is withdrawn.`, "good");
  }

  // --- bids for others -------------------------------------------------------------------------------------------

  /**
   * A bid of the floor or of a telephone, on the lot that was in view when it was begun. `paddle`, `amount` and `units`
   * are as typed; an empty amount is what is asked. Resolves to whether it counts.
   */
  async bid({ number, paddle, amount, units, source }) {
    let isCounted = false;
    await this._run(async () => {
      const lot = this.room.lot;
      const format = formatOf(lot);
      const asked = format.asked(lot);
      if (lot.lot !== number) return this.tell(`Nothing was bid: lot ${lot.lot} is in view now, no longer lot ${number}.`, "bad");
      if (!/^\d+$/.test(paddle)) return this.tell("Type the paddle’s number.", "bad");
      const minor = amount ? parsed(amount, this.room.sale.currency.digits) : asked;
      if (minor === null) return this.tell(`“${amount}” is no amount that can be read in one way only.`, "bad");
      if (amount && isFarAbove(minor, asked ?? 0, lot.estimate_high_minor)) {
        const title = `Really ${this.room.show(minor)}?`;
        if (!(await confirm({ title, aloud: `${this.room.show(asked)} is asked.`, yes: "Bid" }))) return;
      }
      const fields = { lot: number, paddle: Number(paddle), source, amount_minor: minor };
      if (lot.format === "dutch") fields.units = Number(units || 1);
      const done = await this.house.give("bid_for", fields);
      isCounted = true;
      this.tell(format.accepted(done, minor, this.room), leads(done) ? "good" : "note");
    });
    return isCounted;
  }

  async commission() {
    const lot = this.room.lot;
    const format = formatOf(lot);
    const given = await ask({
      title: `Commission bid on lot ${lot.lot}`,
      aloud: format.commission,
      fields: [
        { name: "paddle", label: "Paddle", check: (value) => (/^\d+$/.test(value) ? "" : "Type the paddle’s number.") },
        {
          name: "amount",
          label: format.isMaximum ? "Up to" : "Offer",
          kind: "amount",
          value: typed(lot.minimum_minor ?? 0, this.room.sale.currency.digits),
          check: (value) => (parsed(value, this.room.sale.currency.digits) === null ? "Type an amount such as 1250." : ""),
        },
      ],
      yes: "Note the bid",
    });
    if (!given) return;
    const minor = parsed(given.amount, this.room.sale.currency.digits);
    const done = await this.house.give("bid_for", {
      lot: lot.lot,
      paddle: Number(given.paddle),
      source: "absentee",
      amount_minor: minor,
      is_maximum: format.isMaximum,
    });
    const upTo = format.isMaximum ? "up to " : "";
    this.tell(`Noted for paddle ${this.room.name(done.paddle, done.name)}: ${upTo}${this.room.show(minor)} on lot ${lot.lot}.`, "good");
  }

  /** Say for a bidder in the room, or on the telephone, whether its bid stands, which a correction made lead. */
  async answer() {
    const { lot, asked, seq } = this.room.lot;
    const given = await ask({
      title: `Does the bid of paddle ${this.room.name(asked)} stand?`,
      aloud: "Ask the bidder. If it does not stand, all its bids on this lot are void.",
      fields: [{ name: "stands", label: "Its bid", choices: [["yes", "stands"], ["no", "does not stand"]] }],
      yes: "Answer",
    });
    if (!given) return;
    await this.house.give("answer_for", { lot, stands: given.stands === "yes", if_seq: seq });
    await this._shown(lot, (now) => now.asked !== asked || now.seq > seq);
    this.tell(given.stands === "yes" ? `Lot ${lot} goes on: the bid stands.` : `The bids of paddle ${asked} on lot ${lot} are void.`, "good");
  }

  // --- corrections -----------------------------------------------------------------------------------------------

  /** Take back the last public bid, or with `number` that one. It shows first what will be. */
  undo(number = null) {
    const fields = number === null ? {} : { numbers: [number] };
    return this._correct("undo", fields, "Take the bid back?", "Take back", (done) => `Taken back. ${done}`);
  }

  undoOne(number) {
    return this._run(() => this.undo(number));
  }

  async reopen() {
    const lot = this.room.lot;
    const [spec] = await this.house.ask("specs", [lot.lot]);
    const question = formatOf(lot).reopening(lot, spec, this.room.sale.currency.digits);
    const given = question && (await ask({ title: `Reopen lot ${lot.lot}?`, fields: [question.field], yes: "Go on" }));
    if (question && !given) return;
    await this._correct("reopen", question ? question.means(given) : {}, "Open it again?", "Reopen", () => "It is open again.");
  }

  async _correct(type, fields, title, yes, words) {
    const lot = this.room.number;
    for (let isAgain = false; ; isAgain = true) {
      const shown = await this.house.preview(type, { lot, ...fields });
      const given = await ask({
        title: isAgain ? `It changed. ${title}` : title,
        aloud: previewWords(shown, this.room),
        rows: previewRows(shown, this.room),
        fields: [{ name: "reason", label: "Reason, which the bidders concerned see" }],
        yes,
      });
      if (!given) return;
      try {
        await this.house.give(type, { lot, ...fields, reason: given.reason, if_seq: shown.seq });
        await this._shown(lot, (now) => now.seq > shown.seq);
        this.tell(words(`Lot ${lot} is corrected.`), "good");
        return;
      } catch (error) {
        if (error.code !== "state_changed") throw error;
      }
    }
  }

  // --- people and sale -------------------------------------------------------------------------------------------

  async say() {
    const fields = [{ name: "text", label: "To everybody", kind: "long", check: (value) => (value ? "" : "Type what to say.") }];
    const given = await ask({ title: "Say to all", fields, yes: "Say it" });
    if (!given) return;
    await this.house.give("announce", { text: given.text });
    this.tell("Said to all.", "good");
  }

  sayTo(person) {
    return this._run(async () => {
      const fields = [{ name: "text", label: "To this bidder alone", kind: "long", check: (value) => (value ? "" : "Type what to say.") }];
      const given = await ask({ title: `To paddle ${person.paddle}, ${person.name}`, fields, yes: "Say it" });
      if (!given) return;
      await this.house.give("tell", { bidder: String(person.paddle), text: given.text });
      this.tell(`Said to ${person.name}.`, "good");
    });
  }

  admit(person) {
    return this._run(async () => {
      await this.house.give("admit", { bidder: String(person.paddle) });
      this.tell(`${person.name} is in, with paddle ${person.paddle}.`, "good");
    });
  }

  turnOut(person) {
    return this._run(async () => {
      const given = await ask({
        title: `Turn out paddle ${person.paddle}, ${person.name}?`,
        fields: [
          { name: "bids", label: "Bids on lots that are not over", choices: [["stand", "stand"], ["void", "no longer count"]] },
          { name: "reason", label: "Reason, which the bidder sees" },
        ],
        yes: "Turn out",
        isDanger: true,
      });
      if (!given) return;
      await this.house.give("admit", {
        bidder: String(person.paddle),
        admitted: false,
        void_bids: given.bids === "void",
        reason: given.reason,
      });
      this.tell(`${person.name} is out.`, "good");
    });
  }

  async addPerson() {
    const check = (value) => (value ? "" : "Type the name.");
    const given = await ask({ title: "New paddle", fields: [{ name: "name", label: "Name", check }], yes: "Give a paddle" });
    if (!given) return;
    const done = await this.house.give("add_paddle", { name: given.name });
    this.tell(`${given.name} has paddle ${done.paddle}.`, "good");
  }

  async pauseSale() {
    const isPaused = this.room.sale.status === "paused";
    await this.house.give(isPaused ? "resume" : "pause");
    this.tell(isPaused ? "The sale goes on." : "The sale is paused. All clocks stand still.", "good");
  }

  async end() {
    if (this._endWords() === FINISH) {
      const isYes = await confirm({ title: "Finish the sale?", aloud: "Nothing can be corrected after this.", yes: "Finish", isDanger: true });
      if (isYes) this._ended(await this.house.give("finish"));
      return;
    }
    for (let isAgain = false; ; isAgain = true) {
      const status = await this.house.ask("status"); // before the lots, so that no change between them is missed
      const left = status.lots.scheduled + status.lots.open + status.lots.paused;
      const up = this.room.sale.order.filter((number) => isUp(this.room.sale.lots.get(number))).slice(0, ENDING_SHOWN_MAX);
      const rows = up.length ? await this.house.ask("lots", up) : [];
      const isYes = await confirm({
        title: `${isAgain ? "It changed. " : ""}End the sale?`,
        aloud: `${left} ${left === 1 ? "lot is" : "lots are"} not over. The hammer falls on open lots, and the rest is withdrawn.`,
        rows: rows.map((row) => [`Lot ${row.lot}`, this._falls(row, this.room.sale.lots.get(row.lot))]),
        yes: "End",
        isDanger: true,
      });
      if (!isYes) return;
      try {
        this._ended(await this.house.give("end", { if_changes: status.changes }));
        return;
      } catch (error) {
        if (error.code !== "state_changed") throw error;
      }
    }
  }

  _falls(row, lot) {
    return formatOf(lot).falls(row, lot, this.room);
  }

  _ended(done) {
    this.tell(done.goes_on ? "All lots are over. Correct what was wrong, then finish the sale." : "The sale has ended.", "good");
  }

  // --- words -----------------------------------------------------------------------------------------------------

  _nextWords() {
    const next = this.room.upNow ? null : this.room.next;
    return next ? `Open lot ${next}` : "";
  }

  _endWords() {
    return this.room.sale.order.every((number) => isOver(this.room.sale.lots.get(number))) ? FINISH : "End the sale";
  }
}

/** What decides about a hammer. Where nobody leads, the price is no part of it: the clock makes it. */
function soldAs(row) {
  return JSON.stringify([row.status, row.bids, row.paddle, row.paddle === null ? null : row.price_minor, row.reserve_met, row.is_asked]);
}

function hasClock(lot) {
  return lot.ends_at_ms !== null || lot.remaining_ms !== null;
}

function leads(done) {
  return done.standing ? done.standing.paddle === done.paddle || done.standing.paddle === null : true;
}

function said(results) {
  return results
    .map((row) => (row.winner ? `Lot ${row.lot} is sold to ${row.winner}, paddle ${row.paddle}, for ${row.price}.` : `Lot ${row.lot} is ${row.status}.`))
    .join(" ");
}

function previewWords(shown, room) {
  if (shown.paddle !== null && shown.price_minor !== null) return `Then paddle ${room.name(shown.paddle, shown.leader)} leads at ${room.show(shown.price_minor)}.`;
  return shown.status === "open" ? "Then nobody leads." : `Then the lot is ${shown.status}.`;
}

function previewRows(shown, room) {
  const bids = shown.void.map((bid) => [`Bid ${bid.number}`, `of paddle ${room.name(bid.paddle, bid.name)}: ${room.show(bid.amount_minor ?? bid.maximum_minor)}, taken back`]);
  const told = shown.told.map((one) => ["Told", `paddle ${room.name(one.paddle, one.name)}: ${one.kind.replaceAll("_", " ")}`]);
  return [["Lot", `${shown.lot}: ${shown.title}`], ...bids, ...told];
}
