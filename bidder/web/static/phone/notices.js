// What must not be missed: cards that stay until they are seen, two regions for a screen reader, and the vibration.
//
// The eye sees each second and each bid, the ear must not. The assertive region says only "outbid" and "won". The polite
// one says the rest: the house's verdicts, the auctioneer's words, and at some moments how much time is left.

import { el, show } from "../dom.js";
import { words as w } from "../words/index.js";
import { vibrate } from "./device.js";
import { distance } from "./texts.js";
import { TimeSaid } from "./time_said.js";

const CARDS_MAX = 2;
const AWAY_TOLD = new Set([1, 3]);

export class Notices {
  #sale;
  #watched;
  #bar;
  #root = document.getElementById("notices");
  #polite = document.getElementById("polite");
  #assertive = document.getElementById("assertive");
  #cards = new Map();
  #told = new Map();
  #time = new TimeSaid();

  /** `bar` shows who was outbid, too, and knows whether the bidder gave its lead up itself. */
  constructor(sale, watched, bar) {
    this.#sale = sale;
    this.#watched = watched;
    this.#bar = bar;
    this.#root.setAttribute("role", "group");
    show(this.#root, false);
    this.#root.setAttribute("aria-label", w.news);
    sale.addEventListener("notice", (event) => this.#heard(event.detail));
  }

  /** Have the polite region say something. */
  say(words) {
    this.#polite.textContent = words;
  }

  /** Show a card. A later one with the same key takes its place. */
  card(key, tone, heading, words, lot = null) {
    this.#remove(key);
    const close = el("button", { class: "icon", type: "button", "aria-label": w.dismiss, text: "✕", on: { click: () => this.#remove(key) } });
    const link = { href: `#lot/${encodeURIComponent(lot)}`, on: { click: () => this.#remove(key) } };
    const body = el(lot ? "a" : "div", { class: "card-words", ...(lot ? link : {}) }, el("strong", { text: heading }), words ? el("span", { text: words, class: words === this.#sale.lots.get(lot)?.title ? "title" : "" }) : null);
    const card = el("div", { class: "card", "data-tone": tone }, body, close);
    this.#cards.set(key, card);
    this.#root.prepend(card);
    show(this.#root, true);
    for (const old of [...this.#cards.keys()].slice(0, -CARDS_MAX)) this.#remove(old);
  }

  /** A lot is shown: what a card said about it has been seen, unless it is news of its end. */
  seen(lot) {
    this.#remove(`outbid ${lot}`);
    this.#remove(`away ${lot}`);
  }

  /** Say how much time is left of the lot in view. */
  tick(lot) {
    const remaining_ms = lot && lot.status === "open" ? this.#sale.remainingMs(lot) : null;
    const seconds = this.#time.tick(lot?.lot ?? null, remaining_ms, performance.now());
    if (seconds !== null) this.say(w.secondsLeft(seconds));
  }

  /** Tell of watched lots that are near. */
  watch() {
    for (const number of this.#sale.order) {
      if (!this.#watched.has(number)) continue;
      const away = distance(this.#sale, number);
      const state = away ?? this.#sale.lots.get(number)?.status;
      if (this.#told.get(number) === state) continue;
      const isKnown = this.#told.has(number);
      this.#told.set(number, state);
      if (AWAY_TOLD.has(away)) this.#tellAway(number, w.away(number, away));
      else if (state === "open" && isKnown) this.#tellAway(number, w.watchedOpen(number));
    }
  }

  #tellAway(number, words) {
    this.card(`away ${number}`, "note", words, this.#sale.lots.get(number).title, number);
    this.say(words);
  }

  #remove(key) {
    this.#cards.get(key)?.remove();
    this.#cards.delete(key);
    show(this.#root, this.#cards.size > 0);
  }

  #heard(notice) {
    const money = (minor) => this.#sale.show(minor);
    const { lot } = notice;
    switch (notice.event) {
      case "outbid":
        if (!this.#bar.isRetracting(lot)) this.#outbid(lot, w.outbid(lot, money(notice.price_minor)));
        break;
      case "won":
        this.#assertive.textContent = w.won(lot, money(notice.hammer_minor));
        this.card(`won ${lot}`, "good", w.won(lot, money(notice.hammer_minor)), this.#sale.lots.get(lot)?.title, lot);
        break;
      case "lost":
        this.#remove(`outbid ${lot}`);
        this.say(notice.winner ? w.lost(lot) : w.lostPassed(lot));
        break;
      case "announced":
        this.card("announced", "note", w.auctioneer, notice.text);
        this.say(`${w.auctioneer}: ${notice.text}`);
        break;
      case "called":
        this.say(`${w.lot(notice.called)}: ${w.call[notice.call]}`);
        break;
      case "told":
        this.#tell(notice);
        break;
      case "lot_corrected":
        this.say(w.corrected(lot));
        break;
      case "history_lost":
        this.card("history", "bad", w.historyLost, "");
        this.say(w.historyLost);
        break;
    }
  }

  #outbid(lot, words) {
    vibrate();
    this.#assertive.textContent = words;
    this.card(`outbid ${lot}`, "bad", words, this.#sale.lots.get(lot)?.title, lot);
    this.#bar.say(lot, { text: words, tone: "bad" });
  }

  #tell(notice) {
    const heading = notice.kind === "message" ? w.toYou : [notice.lot && `${w.lot(notice.lot)}:`, w.told[notice.kind]].filter(Boolean).join(" ");
    const words = notice.kind === "message" ? notice.text : notice.kind === "left_bid_void" ? whyVoid(notice.text) : notice.text && w.reason(notice.text);
    const isBad = ["turned_out", "offer_void", "lead_lost", "sale_void", "left_bid_void"].includes(notice.kind);
    this.card(`told ${notice.news_seq}`, isBad ? "bad" : "good", heading, words, notice.lot);
    this.say(`${heading} ${words}`);
  }
}

/** Why a bid that waited for its lot does not count; its word has the code of the reason. A later house may have others. */
function whyVoid(code) {
  return w.leftBidVoid[code] ?? w.reasons[code] ?? code;
}
