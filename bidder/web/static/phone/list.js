// The list of all lots: searched, filtered, with a star for each. Only rows whose lot changed are touched.

import { attr, el, keyed, show, text } from "../dom.js";
import { words as w } from "../words/index.js";
import { left } from "../times.js";
import { formatOf } from "../formats/index.js";
import { distance, isOver, outcome } from "./texts.js";
import { paintStar } from "./lot.js";

const plain = (words) => words.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

export class LotList {
  #sale;
  #watched;
  #rows = new Map();
  #list = el("ul", { class: "rows lots" });
  #none = el("p", { class: "empty" });
  #search = el("input", { type: "search", id: "search", "aria-label": w.search, placeholder: w.search, autocomplete: "off", enterkeyhint: "search", on: { input: () => this.update() } });
  #filter = "all";

  constructor(root, sale, watched) {
    this.#sale = sale;
    this.#watched = watched;
    const choice = el("fieldset", { class: "choice" }, el("legend", { class: "unseen", text: w.filters }),
      ...Object.entries(w.filter).map(([name, label]) => el("label", {},
        el("input", { type: "radio", name: "filter", value: name, checked: name === "all", on: { change: () => { this.#filter = name; this.update(); } } }),
        el("span", { text: label }))));
    root.append(el("h1", { class: "unseen", text: w.lots }), this.#search, choice, this.#none, this.#list);
  }

  /** Show the lots that fit. `changed` limits what is painted again. */
  update(changed = null) {
    const wanted = plain(this.#search.value.trim());
    const fits = (number) => {
      const lot = this.#sale.lots.get(number);
      if (!lot) return false;
      if (this.#filter === "open" && lot.status !== "open" && lot.status !== "paused") return false;
      if (this.#filter === "watched" && !this.#watched.has(number)) return false;
      return !wanted || plain(number) === wanted || plain(lot.title).includes(wanted) || plain(number).startsWith(wanted);
    };
    const numbers = this.#sale.order.filter(fits);
    show(this.#none, this.#sale.ready && !numbers.length);
    text(this.#none, this.#filter === "watched" && !this.#watched.size ? w.noneWatched : w.noneFound);
    const isNew = (number) => !this.#rows.get(number)?.isPainted;
    keyed(this.#list, this.#rows, numbers, (number) => this.#row(number), (row, number) => {
      if (!changed || changed.has(number) || isNew(number)) this.#paint(row, number);
    });
  }

  /** Show the times that are left. */
  tick() {
    for (const [number, row] of this.#rows) this.#paintTime(row, this.#sale.lots.get(number));
  }

  #row(number) {
    const star = el("button", { class: "star", type: "button", on: { click: () => this.#watched.toggle(number) } });
    const picture = el("img", { class: "thumb", alt: "", loading: "lazy", decoding: "async", width: "48", height: "48" });
    const link = el("a", { href: `#lot/${encodeURIComponent(number)}` },
      ...numberParts(number), picture,
      el("span", { class: "row-words" }, el("span", { class: "row-title" }), el("span", { class: "row-state figures" })),
      el("span", { class: "row-time figures" }));
    return el("li", {}, link, star);
  }

  #paint(row, number) {
    const lot = this.#sale.lots.get(number);
    row.isPainted = true;
    text(row.querySelector(".row-title"), lot.title);
    const state = row.querySelector(".row-state");
    const words = this.#state(lot);
    text(state, words.text);
    attr(state, "data-tone", words.tone || null);
    attr(row, "data-status", lot.status);
    const address = this.#sale.imageUrl(lot);
    const picture = row.querySelector(".thumb");
    show(picture, Boolean(address));
    attr(picture, "src", address);
    const star = row.querySelector(".star");
    paintStar(star, this.#watched.has(number));
    attr(star, "aria-label", `${w.star}: ${w.lot(number)}`);
    this.#paintTime(row, lot);
  }

  #state(lot) {
    const money = (minor) => this.#sale.show(minor);
    const { me } = this.#sale;
    if (isOver(lot)) return outcome(lot, me, money);
    const format = formatOf(lot);
    const { minor, isLeast } = format.price(lot);
    if (lot.status === "scheduled") {
      const away = this.#watched.has(lot.lot) ? ` · ${w.awayShort(distance(this.#sale, lot.lot))}` : "";
      return { text: `${w.status.scheduled} · ${w.from(money(minor))}${away}` };
    }
    const standing = format.standing(lot, me, money);
    return { text: `${isLeast ? w.from(money(minor)) : w.at(money(minor))} · ${standing.text}`, tone: standing.tone };
  }

  #paintTime(row, lot) {
    if (!lot) return;
    const remaining_ms = lot.status === "open" || lot.status === "paused" ? this.#sale.remainingMs(lot) : null;
    text(row.querySelector(".row-time"), remaining_ms === null ? "" : left(remaining_ms));
  }
}

/** Return the number of a lot as a row shows it, and as it is read out. */
export function numberParts(number) {
  return [el("span", { class: "unseen", text: `${w.lot(number)}: ` }), el("span", { class: "row-number", "aria-hidden": "true", text: number })];
}
