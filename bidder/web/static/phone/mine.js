// What the bidder leads, offers, took and won, and what it owes.

import { el, show, text } from "../dom.js";
import { words as w } from "../words/index.js";
import { numberParts } from "./list.js";
import { formatOf } from "../formats/index.js";
import { isOver } from "./texts.js";

const GROUPS = [["leading", w.leading], ["sealed", w.sealed], ["taken", w.taken], ["left_bids", w.leftBids]];

export class Mine {
  #sale;
  #nothing = el("p", { class: "empty", text: w.nothingMine });
  #groups = el("div", {});
  #total = el("p", { class: "total figures" });

  constructor(root, sale) {
    this.#sale = sale;
    root.append(el("h1", { class: "unseen", text: w.mineTitle }), this.#nothing, this.#groups, this.#total,
      el("p", { class: "hint" }, el("a", { href: "/results", text: w.results })));
  }

  update() {
    const { me } = this.#sale;
    const money = (minor) => this.#sale.show(minor);
    const sections = GROUPS.map(([key, title]) => [title, (me?.[key] ?? []).filter((one) => this.#stands(one, key)).map((one) => [one.lot, this.#words(one, key, money)])]);
    sections.push([w.wonTitle, (me?.won ?? []).map((one) => [one.lot, one.hammer_minor === null ? "" : money(one.hammer_minor)])]);
    const filled = sections.filter(([, rows]) => rows.length);
    show(this.#nothing, !filled.length);
    this.#groups.replaceChildren(...filled.map(([title, rows]) => el("section", {},
      el("h2", { class: "section", text: title }),
      el("ul", { class: "rows" }, ...rows.map(([number, words]) => this.#row(number, words))))));
    show(this.#total, Boolean(me?.total_minor));
    text(this.#total, me?.total_minor ? `${w.toPay}: ${money(me.total_minor)}` : "");
  }

  /** Whether the bidder still leads; its list may be a moment older than the lots. */
  #stands(one, key) {
    const lot = this.#sale.lots.get(one.lot);
    if (!lot || isOver(lot)) return false;
    return key !== "leading" || lot.leader === this.#sale.me.paddle;
  }

  #words(one, key, money) {
    if (key === "left_bids") return w.upToShort(money(one.maximum_minor));
    if (key === "leading") return one.maximum_minor > one.price_minor ? `${w.at(money(one.price_minor))}, ${w.upToShort(money(one.maximum_minor))}` : w.at(money(one.price_minor));
    return formatOf(this.#sale.lots.get(one.lot)).standing(this.#sale.lots.get(one.lot), this.#sale.me, money).text;
  }

  #row(number, words) {
    return el("li", {}, el("a", { href: `#lot/${encodeURIComponent(number)}` },
      ...numberParts(number),
      el("span", { class: "row-words" },
        el("span", { class: "row-title", text: this.#sale.lots.get(number)?.title ?? "" }),
        el("span", { class: "row-state figures", "data-tone": "good", text: words }))));
  }
}
