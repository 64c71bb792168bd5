// The bar at the bottom: what the bidder can do with the lot it sees, and what the house said to it.
//
// The big button carries the price that it bids, and locks for a moment after that has moved. Nothing is shown as done
// before the house says so.

import { attr, el, show, text } from "../dom.js";
import { words as w } from "../words/index.js";
import { formatOf } from "../formats/index.js";
import { Lock, LOCK_MS } from "./lock.js";
import * as sheet from "./sheet.js";
import { isOver, outcome, verdictText } from "./texts.js";

const FINGER_MS = 100; // how often it is looked whether a finger is still on the page's own link
const TAKING = new Set(["live"]);

export class Bar {
  #sale;
  #node = document.getElementById("bar");
  #strip = el("p", { class: "strip" });
  #pair;
  #main;
  #other;
  #lot = null;
  #action = {};
  #takesFocus = false;
  #lock = new Lock();
  #said = new Map();
  #units = new Map();
  #retracted = new Set();

  /** `go` shows the current lot, `join` the way to a paddle. */
  constructor(sale, { go, join }) {
    this.#sale = sale;
    this.#main = this.#button("button main");
    this.#other = this.#button("button");
    this.#main.addEventListener("click", () => { if (!this.#lock.isLocked(performance.now()) || this.#action.main?.go) this.#press(this.#action.main); });
    this.#other.addEventListener("click", () => this.#press(this.#action.other));
    this.#pair = el("div", { class: "pair" }, this.#main, this.#other);
    this.go = go;
    this.join = join;
  }

  /** Show the actions of a lot; null for none. `isCurrent` tells whether it is the lot that the sale is at. */
  update(lot, isCurrent, isShown) {
    show(this.#node, isShown);
    this.#lot = lot;
    if (!isShown) return;
    if (!this.#pair.isConnected && !this.#takeOver()) return;
    this.#action = this.#actions(lot, isCurrent);
    const key = lot ? `${lot.lot} ${lot.status} ${lot.asked} ${formatOf(lot).lockKey(lot)}` : "";
    if (this.#lock.note(key, performance.now())) setTimeout(() => this.update(this.#lot, isCurrent, !this.#node.hidden), LOCK_MS + 5);
    this.#paint(this.#main, this.#action.main, this.#lock.isLocked(performance.now()));
    this.#paint(this.#other, this.#action.other, false);
    const words = this.#words(lot);
    text(this.#strip, words.text);
    attr(this.#strip, "data-tone", words.tone || null);
    if (this.#takesFocus) this.#main.focus();
    this.#takesFocus = false;
  }

  /** Put the buttons where the page's own link was, but not under a finger: its tap would be lost. Return whether it is done. */
  #takeOver() {
    if (this.#node.querySelector("a:active")) {
      setTimeout(() => this.#again(), FINGER_MS);
      return false;
    }
    this.#takesFocus = this.#node.contains(document.activeElement);
    this.#node.replaceChildren(this.#strip, this.#pair);
    return true;
  }

  /** Ask what has to be asked about an action, then send its request. */
  act(action, lot) {
    const send = (request) => this.#send(request, lot.lot);
    if (action.sheet?.kind === "units") {
      sheet.unitsSheet(lot, action.sheet.most, this.#unitsOf(lot), this.#sale, (units) => { this.#units.set(lot.lot, units); this.#again(); });
    } else if (action.sheet) {
      sheet.amountSheet(action.sheet.kind, action.sheet.least_minor, lot, this.#sale, send);
    } else if (action.isPlain) {
      send(action.request);
    } else {
      const reasons = action.amount_minor ? sheet.doubts(action.amount_minor, action.amount_minor, lot, (minor) => this.#sale.show(minor)) : (action.reasons ?? [w.binding]);
      if (action.amount_minor && !reasons.length) send(action.request);
      else sheet.ask(action.ask, reasons, action.yes, () => send(action.request));
    }
  }

  /** Show a verdict, also one on a request of before a reload. Returns its words. */
  heard(verdict) {
    if (verdict.do === "retract" && verdict.status === "accepted") this.#retracted.add(verdict.lot);
    const lot = this.#sale.lots.get(verdict.lot);
    if (!lot) return "";
    const words = verdictText(verdict, lot, (minor) => this.#sale.show(minor));
    this.say(verdict.lot, words);
    return words.text;
  }

  /** Return whether the bidder itself is giving up its lead of a lot, by taking its bid back. */
  isRetracting(lot) {
    return this.#retracted.has(lot) || [...this.#sale.pending.values()].some(({ message }) => message.lot === lot && message.do === "retract");
  }

  /** Show words above the buttons of a lot until others come. */
  say(lot, words) {
    this.#said.set(lot, words);
    this.#again();
  }

  #again() {
    this.#sale.dispatchEvent(new CustomEvent("repaint"));
  }

  #button(style) {
    const node = el("button", { class: style, type: "button" });
    node.addEventListener("pointerdown", () => this.#finger(true));
    for (const name of ["pointerup", "pointercancel", "pointerleave"]) node.addEventListener(name, () => this.#finger(false));
    return node;
  }

  #finger(isOn) {
    if (this.#lot?.status === "open" && this.#sale.me) this.#sale.finger(this.#lot.lot, isOn);
  }

  #unitsOf(lot) {
    return Math.max(1, Math.min(this.#units.get(lot.lot) ?? 1, lot.units_left ?? 1));
  }

  #pending(lot) {
    return [...this.#sale.pending.values()].some(({ message }) => message.lot === lot.lot);
  }

  #actions(lot, isCurrent) {
    const { me } = this.#sale;
    if (!me) return { main: { label: w.joinToBid, go: this.join } };
    if (!me.paddle) return { main: { label: w.connection.connecting, isDisabled: true } };
    if (!lot) return {};
    const other = isCurrent || this.#sale.status === "ended" ? undefined : { label: w.backToCurrent, go: this.go };
    if (isOver(lot)) return { main: { label: w.status[lot.status], isDisabled: true }, other };
    const isAsked = lot.asked === me.paddle;
    const action = isAsked ? answers(lot) : formatOf(lot).actions(lot, me, (minor) => this.#sale.show(minor), this.#unitsOf(lot));
    const isStill = !isAsked && (lot.status === "paused" || this.#sale.status !== "running");
    const isStopped = !TAKING.has(this.#sale.connection.state) || isStill;
    if (this.#pending(lot)) return { ...action, main: { label: w.sending, isDisabled: true }, other: action.other && { ...action.other, isDisabled: true } };
    if (isStopped) return { main: { ...action.main, isDisabled: true }, other: action.other && { ...action.other, isDisabled: true } };
    return action;
  }

  #words(lot) {
    if (!lot) return { text: "" };
    const money = (minor) => this.#sale.show(minor);
    if (isOver(lot)) return outcome(lot, this.#sale.me, money);
    const standing = formatOf(lot).standing(lot, this.#sale.me, money);
    if (lot.asked !== null) return standing;
    if (lot.status === "paused") return { text: w.still, tone: "note" };
    const said = this.#said.get(lot.lot);
    if (said && !(said.isLead && standing.tone !== "good")) return said;
    if (standing.tone || lot.status !== "open") return standing;
    return { text: w.priceNow(money(formatOf(lot).price(lot).minor), standing.text) };
  }

  #paint(button, action, isLocked) {
    show(button, Boolean(action));
    if (!action) return;
    text(button, action.label);
    attr(button, "aria-disabled", action.isDisabled || (isLocked && !action.go) ? "true" : null);
    attr(button, "data-locked", isLocked && !action.isDisabled && !action.go);
  }

  #press(action) {
    if (!action || action.isDisabled) return;
    if (action.go) action.go();
    else this.act(action, this.#lot);
  }

  async #send(request, lot) {
    this.#said.delete(lot);
    this.#retracted.delete(lot);
    try {
      await this.#sale.request({ ...request, lot });
    } catch (error) {
      if (error.message !== "offline") throw error;
      this.say(lot, { text: w.notSent, tone: "bad" });
    }
  }
}

/** Return the two answers of a bidder whom the house asks whether its bid stands. */
function answers(lot) {
  const answer = (stands) => ({ do: "confirm", stands, if_seq: lot.seq });
  return {
    main: { label: w.revived.yes, request: answer(true), isPlain: true },
    other: { label: w.revived.no, request: answer(false), ask: w.ask.decline(lot.lot), reasons: [w.revived.meansNo], yes: w.yes.decline },
  };
}
