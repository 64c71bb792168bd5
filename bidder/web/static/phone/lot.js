// One lot on the phone: its picture, its price in big type, who leads, the time that is left, and its texts.

import { attr, el, keyed, show, text } from "../dom.js";
import { words as w } from "../words/index.js";
import { formatOf } from "../formats/index.js";
import { isOver, outcome, timeOf } from "./texts.js";

const NEXT_LOTS = 3;
const HURRY_MS = 10_000;

export class LotView {
  #root;
  #sale;
  #watched;
  #bar;
  #number = null;
  #next = new Map();
  #buy = {};
  #parts;
  /** Elements that are not in the page yet; until then it shows what it came with. */
  #fresh = null;

  /** `bar` does what a lot's buttons ask for. */
  constructor(root, sale, watched, bar) {
    this.#root = root;
    this.#sale = sale;
    this.#watched = watched;
    this.#bar = bar;
    this.#build();
  }

  /** Make the elements. Another lot gets new ones, so that nothing moves from where the last lot had it. */
  #build() {
    const part = (tag, props) => el(tag, props);
    this.#parts = {
      empty: part("p", { class: "empty" }),
      whole: part("article", { class: "lot" }),
      number: part("p", { class: "lot-number" }),
      chip: part("span", { class: "status" }),
      star: part("button", { class: "star", type: "button", on: { click: () => this.#watched.toggle(this.#number) } }),
      frame: part("div", { class: "picture", hidden: true }),
      picture: part("img", { alt: "", decoding: "async" }),
      title: part("h1", { class: "lot-title", id: "lot-title" }),
      label: part("p", { class: "label" }),
      price: part("p", { class: "price figures" }),
      standing: part("p", { class: "standing" }),
      timeLabel: part("p", { class: "label" }),
      time: part("p", { class: "time figures", role: "timer", "aria-live": "off" }),
      call: part("p", { class: "call" }),
      details: part("p", { class: "details two" }),
      estimate: part("p", { class: "details figures" }),
      buy: part("button", { class: "button wide", type: "button", on: { click: () => this.#bar.act(this.#buy, this.#lot) } }),
      retract: part("button", { class: "link", type: "button", text: w.retract, on: { click: () => this.#retract() } }),
      more: part("details", { class: "more", on: { toggle: () => this.#fillTexts() } }),
      rule: part("p", { class: "hint" }),
      seller: part("p", { class: "hint" }),
      description: part("p", { class: "description" }),
      history: part("a", { text: w.history }),
      nextTitle: part("h2", { class: "section", text: w.next }),
      next: part("ul", { class: "rows" }),
    };
    const p = this.#parts;
    p.picture.addEventListener("error", () => show(p.frame, false));
    p.frame.append(p.picture);
    p.more.append(el("summary", { text: w.more }), p.rule, p.description, p.seller, p.history);
    p.whole.append(
      el("div", { class: "lot-top" }, p.number, p.chip, p.star),
      p.frame, p.title,
      el("div", { class: "figures-row" },
        el("div", { class: "price-box" }, p.label, p.price),
        el("div", { class: "time-box" }, p.timeLabel, p.time)),
      el("div", { class: "standing-row" }, p.standing, p.call),
      p.estimate, p.details, p.buy, p.retract, p.more);
    this.#next = new Map();
    this.#fresh = [p.empty, p.whole, el("section", { class: "next" }, p.nextTitle, p.next)];
  }

  get #lot() {
    return this.#sale.lots.get(this.#number);
  }

  /** Show a lot; null if there is none. */
  update(number) {
    if (number !== this.#number) this.#build();
    this.#number = number;
    const p = this.#parts;
    const lot = this.#lot;
    if (this.#fresh) this.#root.replaceChildren(...this.#fresh);
    this.#fresh = null;
    show(p.whole, Boolean(lot));
    show(p.empty, !lot && this.#sale.ready);
    text(p.empty, this.#sale.status === "ended" ? w.nothingMore : w.nothingYet);
    if (lot) this.#paint(lot);
    this.#paintNext();
  }

  /** Show the time that is left; called several times a second. */
  tick() {
    const lot = this.#lot;
    if (!lot) return;
    const time = timeOf(lot, this.#sale);
    text(this.#parts.time, time.time);
    text(this.#parts.timeLabel, time.label);
    attr(this.#parts.time, "data-hurry", time.remaining_ms !== null && time.remaining_ms <= HURRY_MS);
  }

  #paint(lot) {
    const p = this.#parts;
    const { me } = this.#sale;
    const money = (minor) => this.#sale.show(minor);
    const format = formatOf(lot);
    text(p.number, w.lot(lot.lot));
    text(p.chip, w.status[lot.status]);
    attr(p.chip, "data-status", lot.status);
    this.#paintStar(lot);
    const address = this.#sale.imageUrl(lot);
    if (p.picture.getAttribute("src") !== address) {
      show(p.frame, Boolean(address));
      attr(p.picture, "src", address);
    }
    text(p.title, lot.title);
    const result = isOver(lot) ? outcome(lot, me, money) : null;
    const price = result ? { label: lot.status === "sold" ? w.hammerPrice : format.price(lot).label, minor: result.minor } : format.price(lot);
    text(p.label, price.label);
    text(p.price, price.minor === undefined || price.minor === null ? "–" : money(price.minor));
    attr(p.price, "data-long", p.price.textContent.length > 9);
    const standing = result ?? format.standing(lot, me, money);
    text(p.standing, standing.text || " ");
    attr(p.standing, "data-tone", standing.tone || null);
    text(p.call, lot.status === "open" && lot.call ? w.call[lot.call] : "");
    text(p.details, format.details(lot, money, me).filter(Boolean).join(" · ") || " ");
    const hasEstimate = lot.estimate_low_minor !== null && lot.estimate_high_minor !== null;
    text(p.estimate, hasEstimate ? w.estimate(money(lot.estimate_low_minor), money(lot.estimate_high_minor)) : "");
    show(p.estimate, hasEstimate);
    this.#paintExtras(lot, format, money);
    text(p.rule, format.rule(lot));
    attr(p.history, "href", `/lots/${encodeURIComponent(lot.lot)}`);
    this.tick();
  }

  #paintExtras(lot, format, money) {
    const p = this.#parts;
    const { me } = this.#sale;
    this.#buy = me && !isOver(lot) ? format.actions(lot, me, money, 1).buy : undefined;
    show(p.buy, Boolean(this.#buy));
    attr(p.buy, "aria-disabled", lot.status !== "open" || this.#sale.connection.state !== "live" ? "true" : null);
    if (this.#buy) text(p.buy, this.#buy.label);
    // Its place is kept while it can't be used, so that nothing moves when the lead does.
    show(p.retract, Boolean(me && this.#sale.retractions && lot.format === "english"));
    attr(p.retract, "data-idle", lot.status !== "open" || !format.own(lot, me));
  }

  #paintStar(lot) {
    const isWatched = this.#watched.has(lot.lot);
    paintStar(this.#parts.star, isWatched);
  }

  #retract() {
    const { lot } = this.#lot;
    this.#bar.act({ request: { do: "retract" }, ask: w.ask.retract(lot), yes: w.yes.back }, this.#lot);
  }

  #fillTexts() {
    const p = this.#parts;
    const lot = this.#lot;
    if (!lot || !p.more.open) return;
    text(p.description, lot.description || (p.rule.textContent || lot.seller ? "" : w.noText));
    text(p.seller, lot.seller ? w.seller(lot.seller) : "");
  }

  #paintNext() {
    const p = this.#parts;
    const coming = this.#sale.order.filter((number) => number !== this.#number && this.#sale.lots.get(number)?.status === "scheduled").slice(0, NEXT_LOTS);
    show(p.nextTitle, coming.length > 0);
    keyed(p.next, this.#next, coming, (number) => el("li", {}, el("a", { href: `#lot/${encodeURIComponent(number)}` }, el("span", { class: "unseen", text: `${w.lot(number)}: ` }), el("span", { class: "row-number", "aria-hidden": "true" }), el("span", { class: "row-title" }))), (node, number) => {
      text(node.querySelector(".row-number"), number);
      text(node.querySelector(".row-title"), this.#sale.lots.get(number).title);
    });
  }
}

/** Show whether a lot is watched, by shape and by name. */
export function paintStar(button, isWatched) {
  text(button, isWatched ? "★" : "☆");
  attr(button, "aria-label", w.star);
  attr(button, "aria-pressed", String(isWatched));
}
