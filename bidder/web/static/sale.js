// The sale in a page: one WebSocket to the gateway, the newest state of all lots, and requests that count once.
//
// Pages show what this module holds and ask through it; none of them talks to the gateway itself. Rules:
// - What it holds of the sale follows the rules of `held.js`, and its requests those of `kept.js`.
// - The only clock is the house's: the page's own may be an hour off.
// - Texts from the house are strangers' texts: put them into the page by textContent, never as HTML.

import { shown } from "./amounts.js";
import { HeldSale } from "./held.js";
import { HouseClock } from "./house_clock.js";
import { KeptRequests } from "./kept.js";
import { store, stored } from "./storage.js";

const SILENT_MS = 5000; // without any frame, though one with the time comes each second
const RETRY_MS = [200, 500, 1000, 2000, 4000];
const UNKNOWN_PAUSE_MS = 3000;
const ATTEMPT_KEY = "auction.attempt";
const INVITATION_KEY = "auction.invitation";
const MOVED_CLOSE = 4001;
const PRIVATE_NOTICES = new Set(["outbid", "won", "lost", "told"]);

export class JoinError extends Error {
  // code: the house's or the gateway's; with conditions_not_accepted also digest and text of the conditions
  constructor({ code, message, digest, text }) {
    super(message);
    this.code = code;
    this.digest = digest;
    this.text = text;
  }
}

export class Sale extends HeldSale {
  // as: "board" looks on even where this browser has joined
  constructor({ as = "" } = {}) {
    super();
    this.ready = false;
    this.me = null;
    this.connection = { state: "connecting", reason: "" };
    this.invitation = readInvitation();
    this._as = as;
    this._socket = null;
    this._tries = 0;
    this._heardMs = 0;
    this._clock = new HouseClock();
    this._kept = new KeptRequests();
    this._house = { state: "connecting", reason: "" };
    this._desk = null;
    this._isMovedAway = false;
    this._frozenAtMs = null;
    this._isTellingChange = false;
    this._waiters = new Map();
    this._retryTimer = 0;
    this._repeatTimer = 0;
    addEventListener("online", () => this._hurry());
    document.addEventListener("visibilitychange", () => document.hidden || this._hurry());
    setInterval(() => this._watch(), 1000);
    this._connect();
  }

  // --- reading ---------------------------------------------------------------------------------------------------

  // the house's time, in milliseconds since 1970; this machine's until the house's is known
  nowMs() {
    return this._clock.nowMs(performance.now()) ?? Date.now();
  }

  // the milliseconds left on a lot's clock; null if none runs. It stands still while the house is frozen
  remainingMs(lot) {
    if (lot.ends_at_ms === null) return lot.remaining_ms;
    return Math.max(0, lot.ends_at_ms - (this._frozenAtMs ?? this.nowMs()));
  }

  // the milliseconds until a lot opens by the clock; null if that is not known
  untilOpenMs(lot) {
    if (lot.status !== "scheduled" || lot.opens_at_ms === null) return null;
    return Math.max(0, lot.opens_at_ms - (this._frozenAtMs ?? this.nowMs()));
  }

  // an amount for people, in the language of the page
  show(minor, { locale = document.documentElement.lang || undefined } = {}) {
    return shown(minor, this.currency, locale);
  }

  // the address of a lot's picture; null if it has none
  imageUrl(lot) {
    if (!lot.image) return null;
    if (/^https?:/i.test(lot.image)) return lot.image;
    return "/images/" + lot.image.split("/").map(encodeURIComponent).join("/");
  }

  // the requests without a verdict, by their ids
  get pending() {
    return this._kept.pending;
  }

  // --- asking ----------------------------------------------------------------------------------------------------

  // Ask the house, and return its verdict: accepted or rejected; `unknown` if it was never learned. Rejects with
  // Error("offline") only if nothing was sent.
  request(message) {
    if (!this._isOpen) return Promise.reject(new Error("offline"));
    const kept = this._kept.keep(message, { ...this._around, last_id: this.me?.last_id });
    this._tell("pending");
    this._send(kept);
    return new Promise((resolve) => this._waiters.set(kept.id, resolve));
  }

  // tell the room, without a name, that a finger is on the bid button of a lot
  finger(lot, on) {
    if (this._isOpen) this._send({ do: "finger", lot, on });
  }

  // join the sale: {name, invite} or {code}, with accepts = the digest of the conditions; throws a JoinError
  // given: the token of a form that may have been sent without a script
  async join({ name = "", invite = "", code = "", accepts = "", given = "" }) {
    const attempt = stored(ATTEMPT_KEY) || given || randomToken();
    store(ATTEMPT_KEY, attempt);
    const joined = await post("/api/join", { attempt, name, invite, code, accepts });
    store(ATTEMPT_KEY, null);
    this.forgetInvitation();
    this._reconnect();
    return joined;
  }

  // accept the conditions of this digest, where they are new since this browser joined
  async accept(digest) {
    return post("/api/accept", { digest });
  }

  // the code that moves this identity to another phone: {code, expires_in_ms}
  move() {
    return post("/api/move", {});
  }

  // take an identity over from another phone, by its code
  async arrive(code) {
    const joined = await post("/api/arrive", { code });
    this.forgetInvitation();
    this._isMovedAway = false;
    this._reconnect();
    return joined;
  }

  forgetInvitation() {
    this.invitation = { invite: "", code: "", arrive: "" };
    try {
      sessionStorage.removeItem(INVITATION_KEY);
    } catch {
      // a browser that keeps nothing has nothing to forget
    }
  }

  get _around() {
    return { nowMs: this.nowMs(), sale: this.identity, epoch: this.epoch };
  }

  _send(message) {
    this._socket.send(JSON.stringify(message));
  }

  // Repeat what has no verdict yet. The house knows what it has decided, and decides the rest now.
  _repeat() {
    const { again, over } = this._kept.due(this._around);
    for (const verdict of over) this._settle(verdict);
    for (const message of again) this._send(message);
  }

  _verdict(verdict) {
    if (verdict.status === "unknown") {
      clearTimeout(this._repeatTimer);
      this._repeatTimer = setTimeout(() => this._isOpen && this._canRepeat && this._repeat(), UNKNOWN_PAUSE_MS);
      return;
    }
    this._settle(verdict);
  }

  _settle(verdict) {
    const isKept = this._kept.settle(verdict.id);
    if (isKept) this._tell("pending");
    const waiter = this._waiters.get(verdict.id);
    this._waiters.delete(verdict.id);
    if (waiter) waiter(verdict);
    if (isKept || waiter) this._tell("verdict", verdict);
  }

  // --- the line --------------------------------------------------------------------------------------------------

  get _isOpen() {
    return this._socket !== null && this._socket.readyState === WebSocket.OPEN;
  }

  get _canRepeat() {
    return this.ready && this._desk !== null && this._desk.state === "live";
  }

  _connect() {
    clearTimeout(this._retryTimer);
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const early = takeEarly();
    const socket = early ? early.socket : new WebSocket(`${scheme}//${location.host}/live${this._as ? `?as=${this._as}` : ""}`);
    this._socket = socket;
    this._heardMs = performance.now();
    socket.onmessage = (event) => {
      if (socket !== this._socket) return;
      this._heardMs = performance.now();
      this._tries = 0;
      this._hear(JSON.parse(event.data));
    };
    socket.onclose = (event) => {
      if (socket === this._socket) this._lost(event.code);
    };
    for (const event of early?.heard ?? []) socket.onmessage(event);
  }

  _lost(code) {
    this._socket = null;
    this.ready = false;
    if (code === MOVED_CLOSE) this._isMovedAway = true;
    this._noteConnection();
    if (this._isMovedAway) return;
    const pause = RETRY_MS[Math.min(this._tries++, RETRY_MS.length - 1)];
    this._retryTimer = setTimeout(() => this._connect(), pause * (0.75 + Math.random() / 2));
  }

  _reconnect() {
    const socket = this._socket;
    this._socket = null;
    if (socket) socket.close();
    this._connect();
  }

  // the page is looked at again, or the network is back: do not wait for the next try
  _hurry() {
    if (this._socket === null && !this._isMovedAway) {
      this._tries = 0;
      this._connect();
    }
  }

  _watch() {
    if (this._socket !== null && performance.now() - this._heardMs > SILENT_MS) {
      const socket = this._socket;
      this._lost(0);
      socket.close();
    }
  }

  // --- hearing ---------------------------------------------------------------------------------------------------

  _hear(record) {
    switch (record.event) {
      case "clock":
        if (record.now_ms) this._clock.hear(record.now_ms, performance.now());
        break;
      case "house":
        this._house = record;
        this._frozenAtMs = record.state === "frozen" ? this.nowMs() : null;
        this._noteConnection();
        break;
      case "guest":
        this._desk = null;
        this._noteMe(null);
        break;
      case "desk":
        this._desk = record;
        this._noteMe({ last_id: 0, won: [], total_minor: 0, ...this.me, name: record.name, paddle: record.paddle || null });
        this._noteConnection();
        if (this._canRepeat) this._repeat();
        break;
      case "you":
        this._noteMe({ ...record });
        break;
      case "sale_state":
        this.hearSale(record);
        break;
      case "lots":
        this.hearLots(record);
        break;
      case "ready":
        this.ready = true;
        this._noteConnection();
        this.noteSaleChange();
        if (this._canRepeat) this._repeat();
        break;
      case "verdict":
        this._verdict(record);
        break;
      case "moved_away":
        this._isMovedAway = true;
        break;
      case "faulty":
        console.warn("The gateway could not take a message:", record.code, record.message);
        break;
      default:
        this._hearEvent(record);
    }
  }

  _hearEvent(record) {
    if (record.event === "interest") {
      this._tell("interest", record);
      return;
    }
    if (PRIVATE_NOTICES.has(record.event)) {
      this._tell("notice", record);
      return;
    }
    if (this.hearEvent(record)) this._tell("notice", record);
  }

  // --- telling ---------------------------------------------------------------------------------------------------

  noteChange() {
    if (this._isTellingChange) return;
    this._isTellingChange = true;
    const tell = () => {
      this._isTellingChange = false;
      this._tell("change", this.popChanges());
    };
    if (document.hidden) setTimeout(tell, 100);
    else requestAnimationFrame(tell);
  }

  _noteMe(me) {
    this.me = me;
    this._tell("me", me);
  }

  _noteConnection() {
    const { state, reason, ...more } = this._deriveConnection();
    if (state === this.connection.state && reason === this.connection.reason) return;
    this.connection = { state, reason, ...more };
    this._tell("connection", this.connection);
  }

  _deriveConnection() {
    const desk = this._desk;
    if (this._isMovedAway) return { state: "moved_away", reason: "" };
    if (this._socket === null) return { state: "offline", reason: "" };
    if (desk && (desk.state === "refused" || desk.state === "awaiting_approval")) {
      const { state, reason, code, digest, text } = desk;
      return { state, reason, code, digest, text };
    }
    if (this._house.state !== "live") return { state: this._house.state, reason: this._house.reason };
    if (desk && desk.state !== "live") return { state: desk.state, reason: desk.reason };
    return { state: this.ready ? "live" : "joining", reason: "" };
  }

  _tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

// --- small things ------------------------------------------------------------------------------------------------

// the line that the page opened before this script came, and what it has heard; null if there is none that lasts
function takeEarly() {
  const early = window.early ?? null;
  window.early = null;
  return early && early.socket.readyState <= WebSocket.OPEN ? early : null;
}

async function post(path, body) {
  let answer;
  let told;
  try {
    answer = await fetch(path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      credentials: "same-origin",
    });
    told = await answer.json();
  } catch {
    throw new JoinError({ code: "offline", message: "The gateway does not answer. Check the network and try again." });
  }
  if (!answer.ok) throw new JoinError(told);
  return told;
}

// A one-use code is taken out of the address, so that it is in no history and on no screenshot. A reload still has it.
function readInvitation() {
  const given = new URLSearchParams(location.hash.slice(1));
  const invitation = { invite: given.get("invite") || "", code: given.get("code") || "", arrive: given.get("arrive") || "" };
  try {
    if (invitation.code || invitation.arrive) {
      sessionStorage.setItem(INVITATION_KEY, JSON.stringify(invitation));
      history.replaceState(null, "", location.pathname + location.search);
      return invitation;
    }
    if (!invitation.invite) return JSON.parse(sessionStorage.getItem(INVITATION_KEY)) || invitation;
  } catch {
    // a browser that keeps nothing: the address has it
  }
  return invitation;
}

function randomToken() {
  return [...crypto.getRandomValues(new Uint8Array(20))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
