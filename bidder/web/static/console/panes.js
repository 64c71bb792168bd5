// The panes of the console. Each paints what the room knows; every text of a stranger goes in as text.

import { attr, el, keyed, show, text } from "../dom.js";
import { clock, left } from "../times.js";
import { formatOf } from "./formats.js";
import { isUp } from "./stages.js";

const SOURCES = { bidder: "", floor: "floor", telephone: "telephone", absentee: "absentee", house: "the house" };
const CALLS = { fair_warning: "Fair warning", selling_now: "Selling now", reserve_met: "Will be sold" };
const BIDS_SHOWN_MAX = 60;
const LATE_SHOWN_MAX = 10;
const MS_EXACT_BELOW = 10000; // a bid that came less too late is told to the millisecond

/** The run list: every lot in its order; a click puts it in view. */
export function runList(room) {
  const list = document.getElementById("lots");
  const nodes = new Map();
  return () =>
    keyed(list, nodes, room.sale.order, make, (item, number) => {
      const lot = room.sale.lots.get(number);
      if (!lot) return;
      const [button] = item.children;
      const [, title, how] = button.children;
      attr(item, "data-status", lot.status);
      attr(button, "aria-current", number === room.number ? "true" : null);
      text(title, lot.title);
      text(how, outcome(lot, room));
    });

  function make(number) {
    const parts = [el("span", { class: "figures", text: number }), el("span", { class: "title" }), el("span", { class: "how" })];
    return el("li", {}, el("button", { type: "button", on: { click: () => room.choose(number) } }, ...parts));
  }
}

function outcome(lot, room) {
  if (lot.status === "sold") return room.show(lot.hammer_minor ?? lot.results.reduce((sum, one) => sum + one.amount_minor, 0));
  if (lot.status === "open" || lot.status === "paused") return lot.price_minor === null || lot.price_minor === undefined ? lot.status : `${lot.status}, ${room.show(lot.price_minor)}`;
  return { passed: "not sold", scheduled: "coming" }[lot.status] ?? lot.status;
}

/** The lot in view: what it is, how it stands, what only the house knows, and what can be done. */
export function lotPane(room, deeds) {
  const pane = document.getElementById("lot");
  const number = el("p", { class: "number" });
  const title = el("h2", { id: "lot-title" });
  const picture = el("img", { class: "picture", alt: "" });
  const light = el("p", { class: "light", text: "● A finger is on a bid button" });
  const price = el("p", { class: "price figures" });
  const leader = el("p", { class: "leader" });
  const facts = new Map(["Asked", "To answer", "Time left", "Reserve", "Leader’s maximum", "Bids", "Estimate", "Buy now", "Units left", "Call"].map((name) => [name, el("dd", {})]));
  const list = el("dl", { class: "facts" }, ...[...facts].map(([name, node]) => el("div", {}, el("dt", { text: name }), node)));
  const buttons = new Map();
  const row = el("div", { class: "deeds" });
  for (const deed of deeds.all.filter((one) => !["say", "person", "sale", "end"].includes(one.name))) {
    const button = deedButton(deed);
    if (deed.name === "hammer" || deed.name === "open") button.className = "act";
    if (deed.name === "withdraw") button.className = "danger";
    buttons.set(deed, button);
    row.append(button);
  }
  const paddle = el("input", { name: "paddle", inputmode: "numeric", autocomplete: "off", placeholder: "digits" });
  const amount = el("input", { name: "amount", inputmode: "decimal", autocomplete: "off" });
  const source = el("select", { name: "source" }, el("option", { value: "floor", text: "floor" }), el("option", { value: "telephone", text: "telephone" }));
  const units = el("input", { name: "units", type: "number", min: 1, autocomplete: "off" });
  const submit = el("button", { type: "submit", class: "act", text: "Bid" });
  const floor = el(
    "form",
    { id: "floor", autocomplete: "off" },
    el("label", { text: "Paddle" }, paddle),
    el("label", { text: "Amount" }, amount),
    el("label", { text: "From" }, source),
    el("label", { text: "Units" }, units),
    submit,
  );
  let begun = null; // the lot that was in view when somebody began to type a bid: no other gets it
  floor.addEventListener("submit", async (event) => {
    event.preventDefault();
    const typed = [paddle, amount, units].map((one) => one.value.trim());
    const bid = { number: begun ?? room.number, paddle: typed[0], amount: typed[1], units: typed[2], source: source.value };
    clear(); // at once: the next digit begins the next bid, even before this one has its answer
    if (floor.contains(document.activeElement)) document.activeElement.blur();
    if ((await deeds.bid(bid)) || begun !== null || room.number !== bid.number) return;
    [paddle.value, amount.value, units.value] = typed; // to be mended, or replaced by the next digit
    begun = bid.number;
  });
  floor.addEventListener("input", () => (begun ??= room.number));
  pane.append(el("div", { class: "head" }, el("div", {}, number, title), picture), light, price, leader, list, row, floor);

  function paint() {
    const lot = room.lot;
    show(pane, lot !== null);
    if (!lot) return;
    const secret = room.secret?.lot === lot.lot ? room.secret : null;
    text(number, `Lot ${lot.lot}, ${lot.status}`);
    text(title, lot.title);
    const address = room.sale.imageUrl(lot);
    show(picture, address !== null);
    if (address) attr(picture, "src", address);
    attr(light, "data-on", room.interest.has(lot.lot));
    text(price, formatOf(lot).price(lot, room));
    text(leader, leaderWords(lot, room));
    const asked = formatOf(lot).asked(lot);
    fact("Asked", isUp(lot) && asked !== null ? room.show(asked) : "");
    paintTime();
    const reserve = secret?.reserve_minor ?? null;
    const met = lot.reserve_met === true ? ", met" : lot.reserve_met === false ? ", not met" : "";
    fact("Reserve", reserve === null ? (lot.has_reserve ? "yes" : "none") : room.show(reserve) + met, lot.reserve_met === false ? "bad" : "good");
    fact("Leader’s maximum", secret?.maximum_minor ? room.show(secret.maximum_minor) : "");
    fact("Bids", lot.format === "sealed" ? "secret" : String(lot.bids ?? ""));
    fact("Estimate", lot.estimate_low_minor ? `${room.show(lot.estimate_low_minor)} – ${room.show(lot.estimate_high_minor)}` : "");
    fact("Buy now", lot.buy_now_minor ? room.show(lot.buy_now_minor) : "");
    fact("Units left", lot.units > 1 ? `${lot.units_left} of ${lot.units}` : "");
    fact("Call", CALLS[lot.call] ?? "");
    for (const [deed, button] of buttons) paintDeed(deed, button);
    show(floor, deeds.house.may("bids") && isUp(lot));
    attr(amount, "placeholder", asked === null ? "amount" : room.show(asked));
    show(units.parentElement, formatOf(lot).hasUnits(lot));
    attr(units, "placeholder", "1");
    for (const one of [paddle, amount, source, units, submit]) one.disabled = lot.status !== "open";
  }

  function paintTime() {
    const lot = room.lot;
    if (!lot) return;
    fact("To answer", lot.asked !== null && lot.answer_until_ms !== null ? left(lot.answer_until_ms - room.sale.nowMs()) : "");
    const remaining = isUp(lot) ? room.sale.remainingMs(lot) : null;
    fact("Time left", remaining === null ? (isUp(lot) ? "until the hammer" : "") : left(remaining));
  }

  function fact(name, words, tone = null) {
    const node = facts.get(name);
    text(node, words);
    attr(node, "data-tone", tone);
    show(node.parentElement, words !== "");
  }

  function clear() {
    for (const one of [paddle, amount, units]) one.value = "";
    begun = null;
  }

  // A first digit begins a new bid: nothing of one that was left off may be in it.
  function beginBid(digit) {
    if (!deeds.house.may("bids")) return deeds.tell("Not done: you have no right to bid for others.", "note");
    if (room.lot?.status !== "open") return deeds.unfit("nobody can bid on");
    paint(); // a lot that has just opened takes the digit, though its fields may not be in view yet
    clear();
    begun = room.number;
    paddle.value = digit;
    paddle.focus();
  }

  return { paint, paintTime, beginBid };
}

function leaderWords(lot, room) {
  if (lot.status === "sold") return lot.results.filter((one) => one.units).map((one) => `Sold to ${room.name(one.paddle)}`).join(", ");
  if (lot.status === "passed") return "Not sold";
  if (lot.status === "withdrawn") return "Withdrawn";
  if (lot.asked !== null) return `${room.name(lot.asked)} is asked whether its bid stands`;
  if (lot.leader === 0) return "The house bids for the seller";
  if (lot.leader !== null && lot.leader !== undefined) return `${room.name(lot.leader)} leads`;
  return isUp(lot) && lot.format === "english" ? "No bids" : "";
}

/** The bids that count, the newest first, each with its source and a way to take it back; the absentee book; and late bids. */
export function bidsPane(room, deeds) {
  const list = document.getElementById("bid-list");
  const book = document.getElementById("book");
  const late = document.getElementById("late");
  const voids = document.getElementById("void");
  const noBid = document.getElementById("no-bid");
  const noLeft = document.getElementById("no-left");
  const rows = new Map();
  const leftRows = new Map();
  return () => {
    const isOfThis = room.secret?.lot === room.number;
    const bids = new Map(isOfThis ? room.bids.slice(0, BIDS_SHOWN_MAX).map((bid) => [`${room.number} ${bid.number}`, bid]) : []);
    keyed(list, rows, [...bids.keys()], () => bidRow(), (row, key) => paintBid(row, bids.get(key)));
    text(noBid, room.hasCorrections ? "No bid that can be shown." : "The bids of a sale without corrections are not listed here.");
    show(noBid, bids.size === 0);
    const left = new Map(isOfThis ? room.book.map((one) => [one.paddle, one]) : []);
    keyed(book, leftRows, [...left.keys()], () => el("li", {}), (row, paddle) => text(row, leftWords(left.get(paddle))));
    show(noLeft, left.size === 0);
    late.replaceChildren(...room.late.slice(-LATE_SHOWN_MAX).reverse().map(lateRow));
    show(document.getElementById("late-title"), room.late.length > 0);
    voids.replaceChildren(...room.void.slice(-LATE_SHOWN_MAX).reverse().map(voidRow));
    show(document.getElementById("void-title"), room.void.length > 0);
  };

  function bidRow() {
    const row = el("li", {}, el("span", { class: "quiet figures" }), el("span", {}, el("span", { class: "amount figures" }), el("span"), el("span", { class: "quiet" })));
    row.append(el("button", { type: "button", text: "Undo", on: { click: () => deeds.undoOne(row.bid) } }));
    return row;
  }

  function lateRow(bid) {
    const amount = bid.amount_minor ?? bid.maximum_minor;
    const words = amount === null ? "sealed" : `${bid.amount_minor === null ? "up to " : ""}${room.show(amount)}`;
    const by = bid.late_ms < MS_EXACT_BELOW ? `${bid.late_ms.toLocaleString("en")} ms` : left(bid.late_ms);
    return el("li", {}, `paddle ${room.name(bid.paddle, bid.name)} ${by} late: ${words}`, el("span", { class: "quiet", text: `  lot ${bid.lot}` }));
  }

  function voidRow(bid) {
    const amount = bid.amount_minor === null ? "sealed" : room.show(bid.amount_minor);
    return el("li", {}, `paddle ${room.name(bid.paddle, bid.name)} ${amount}: ${bid.why}`, el("span", { class: "quiet", text: `  lot ${bid.lot}` }));
  }

  function paintBid(row, bid) {
    const [number, said, undo] = row.children;
    const [amount, who, source] = said.children;
    row.bid = bid.number;
    text(number, String(bid.number));
    text(amount, formatOf(room.lot).bid(bid, room));
    text(who, `  ${room.name(bid.paddle, bid.name)}`);
    const words = [SOURCES[bid.source] ?? bid.source, bid.by ? `by ${bid.by}` : ""].filter(Boolean).join(" ");
    text(source, words ? `  ${words}` : "");
    attr(undo, "title", `Take bid ${bid.number} back`);
    show(undo, deeds.house.may("corrections") && isUp(room.lot) && formatOf(room.lot).isUndone);
  }

  function leftWords(left) {
    const amount = left.maximum_minor ?? left.amount_minor;
    return `${room.name(left.paddle, left.name)}: ${amount ? `up to ${room.show(amount)}` : "sealed"}`;
  }
}

/** Who is here, who waits, and what was said and done. */
export function peoplePane(room, deeds) {
  const counts = document.getElementById("counts");
  const list = document.getElementById("person-list");
  const log = document.getElementById("log-list");
  const rows = new Map();
  const said = new Map();
  return () => {
    const waiting = room.people.filter((one) => one.state === "waiting").length;
    const connected = room.people.filter((one) => one.connected).length;
    const paddles = room.people.length === 1 ? "1 paddle" : `${room.people.length} paddles`;
    text(counts, `${paddles}, ${connected} connected${waiting ? `, ${waiting} waiting to be let in` : ""}`);
    const order = [...room.people].sort((a, b) => (b.state === "waiting") - (a.state === "waiting") || a.paddle - b.paddle);
    const people = new Map(order.map((person) => [person.paddle, person]));
    keyed(list, rows, [...people.keys()], () => personRow(), (row, paddle) => paintPerson(row, people.get(paddle)));
    const notes = new Map(room.log.map((one) => [one.id, one]));
    keyed(log, said, [...notes.keys()], (id) => noteRow(notes.get(id)));
  };

  function noteRow(one) {
    return el("li", { "data-tone": one.tone || null }, el("span", { class: "quiet", text: `${clock(one.at_ms, one.at_ms)}  ` }), one.text);
  }

  function personRow() {
    const row = el("li", {}, el("span", { class: "figures" }), el("span", {}, el("span"), el("span", { class: "quiet" }), el("span", { "data-tone": "bad" })));
    const tell = el("button", { type: "button", text: "Tell", on: { click: () => deeds.sayTo(row.person) } });
    const door = el("button", { type: "button", on: { click: () => (isOut(row.person) ? deeds.admit(row.person) : deeds.turnOut(row.person)) } });
    row.append(tell, door);
    return row;
  }

  function paintPerson(row, person) {
    const [paddle, who, tell, door] = row.children;
    const [name, quiet, near] = who.children;
    const short = person.short_on === null ? "" : `, too little for lot ${person.short_on}`;
    const state = person.state === "admitted" ? (person.connected ? "here" : "away") : person.state;
    row.person = person;
    text(paddle, String(person.paddle));
    text(name, person.name);
    text(quiet, `  ${state}${person.spent_minor ? `, bought for ${room.show(person.spent_minor)}` : ""}`);
    text(near, person.limit_near ? `  limit near: ${room.show(person.left_minor)} of ${room.show(person.limit_minor)} left${short}` : "");
    text(door, isOut(person) ? "Let in" : "Turn out");
    attr(tell, "aria-label", `Tell paddle ${person.paddle}`);
    attr(door, "aria-label", `${door.textContent} paddle ${person.paddle}`);
    show(tell, deeds.house.may("desk", "hammer"));
    show(door, deeds.house.may("desk"));
  }
}

function isOut(person) {
  return person.state === "turned out" || person.state === "waiting";
}

/** The keys in view: what each does now. */
export function keyRow(deeds) {
  const row = document.getElementById("keys");
  const buttons = new Map(deeds.all.filter((deed) => ["say", "person", "sale", "end"].includes(deed.name)).map((deed) => [deed, deedButton(deed)]));
  row.append(...buttons.values(), el("p", { class: "quiet", text: "Type a paddle’s digits, then Enter, for a bid from the floor." }));
  return () => {
    for (const [deed, button] of buttons) paintDeed(deed, button);
  };
}

function deedButton(deed) {
  const words = el("span", {});
  return el("button", { type: "button", on: { click: () => deed.act() } }, words, deed.key ? el("kbd", { text: deed.key.toUpperCase() }) : null);
}

function paintDeed(deed, button) {
  const words = deed.words();
  show(button, words !== "");
  text(button.firstElementChild, words);
  button.disabled = !deed.isAllowed();
  attr(button, "title", deed.isAllowed() ? null : "You have no right to this. The auctioneer can give it: auctioneer clerk rights");
}
