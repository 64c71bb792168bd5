// The board for the projector: the lot that the sale is at, readable from the last row.
//
// It shows what everybody may know, and of people only paddles: who leads and who bought, never who lost.

import { Sale } from "./sale.js";
import { attr, el, keyed, painter, show, text } from "./dom.js";
import { locale, fillIn, words as w } from "./words/index.js";
import { clock, left } from "./times.js";
import { formatOf } from "./formats/index.js";

/** How long the outcome of a lot is shown: less while another lot is open, or after the sale. */
const OUTCOME_MS = 8000;
const SHORT_OUTCOME_MS = 3000;
const SAID_MS = 30_000;
const FINGER_MS = 2000;
const TICK_MS = 200;
const NEXT_LOTS = 3;
const HURRY_MS = 10_000;
const CALLS_MS = { going: 10_000, goingTwice: 5000 };
const OVER = new Set(["sold", "passed", "withdrawn"]);
const OPEN = new Set(["open", "paused"]);

fillIn();
const byId = (id) => document.getElementById(id);
const sale = new Sale({ as: "board" });
const next = new Map();
let current = null;
let overSince = null;
let saidUntil = 0;
let touched = new Map();

/** Return the number of the lot to show: the open one that ends first; after its end its outcome for a while. */
function currentLot() {
  const lots = sale.order.map((number) => sale.lots.get(number)).filter(Boolean);
  const before = sale.lots.get(current);
  if (before && OPEN.has(before.status)) return current;
  const ends = (lot) => lot.ends_at_ms ?? Infinity;
  const open = lots.filter((lot) => OPEN.has(lot.status)).sort((a, b) => ends(a) - ends(b))[0];
  if (before && OVER.has(before.status)) {
    overSince ??= performance.now();
    const shown_ms = open || sale.status === "ended" ? SHORT_OUTCOME_MS : OUTCOME_MS;
    if (performance.now() - overSince < shown_ms) return current;
  }
  overSince = null;
  return (open ?? lots.find((lot) => lot.status === "scheduled"))?.lot ?? null;
}

const money = (minor) => sale.show(minor);

/** Return what the board says of a lot that is over. */
function outcome(lot) {
  if (lot.status === "withdrawn") return { label: "", words: w.board.withdrawn, who: lot.reason ?? "", asked: "" };
  if (lot.status === "passed") return { label: "", words: w.board.passed, who: "", asked: "" };
  const buyers = lot.results.filter((one) => one.units);
  const minor = lot.results.reduce((sum, one) => sum + one.amount_minor, 0);
  const paddles = buyers.map((one) => (one.units > 1 ? `${one.paddle} (${one.units})` : String(one.paddle))).join(", ");
  return { label: w.board.sold, minor, who: w.paddle(paddles), asked: "" };
}

function paintAll() {
  const before = current;
  current = currentLot();
  if (current !== before) byId("stage").replaceWith(byId("stage").cloneNode(true)); // a new scene: nothing moves there
  const lot = sale.lots.get(current);
  const hasEnded = sale.status === "ended" && !lot;
  text(byId("sale"), sale.title);
  document.title = sale.title || w.auction;
  paintState();
  attr(document.body, "data-status", lot?.status ?? (hasEnded ? "ended" : "none"));
  attr(document.body, "data-format", lot?.format ?? null);
  paintWords(lot, hasEnded);
  if (lot) paintLot(lot);
  else paintNone(hasEnded);
  paintNext();
  paintSoFar();
  tick();
}

function paintState() {
  const { state } = sale.connection;
  const away = sale.title ? w.board.away : w.connection.connecting;
  const isAway = ["offline", "connecting", "silent"].includes(state);
  const words = isAway ? away : state === "frozen" ? w.board.frozen : sale.status === "paused" ? w.board.paused : "";
  text(byId("state"), words);
  show(byId("state"), Boolean(words));
}

function paintWords(lot, hasEnded) {
  text(byId("number"), lot ? (lot.status === "scheduled" ? `${w.board.coming} · ${w.lot(lot.lot)}` : w.lot(lot.lot)) : "");
  text(byId("title"), lot ? lot.title : hasEnded ? w.board.ended : sale.ready ? w.board.begins : "");
  const address = lot ? sale.imageUrl(lot) : null;
  show(byId("picture"), Boolean(address));
  document.body.classList.toggle("with-picture", Boolean(address));
  attr(byId("image"), "src", address);
}

/** Return how long a price is; the styles choose its size by that. */
function sizeOf(face, price) {
  if (face.words && !OVER.has(sale.lots.get(current).status)) return "words";
  if (price.length > 8) return "long";
  return price.length > 5 ? "middle" : null;
}

function paintLot(lot) {
  const bidding = formatOf(lot).board(lot, money, sale.nowMs());
  const face = OVER.has(lot.status) ? { ...outcome(lot), dial: bidding.dial } : bidding;
  const price = face.words ?? money(face.minor);
  text(byId("label"), face.label || " ");
  text(byId("price"), price);
  attr(byId("price"), "data-size", sizeOf(face, price));
  text(byId("who"), face.who || " ");
  text(byId("asked"), face.asked || " ");
  const dial = byId("dial");
  show(dial, face.dial !== undefined);
  document.body.classList.toggle("with-dial", face.dial !== undefined);
  if (face.dial !== undefined) dial.style.setProperty("--height", String(Math.max(0, Math.min(1, face.dial))));
}

function paintNone(hasEnded) {
  for (const id of ["label", "who", "asked"]) text(byId(id), " ");
  text(byId("price"), hasEnded ? w.board.thanks : "");
  attr(byId("price"), "data-size", "words");
  show(byId("dial"), false);
  document.body.classList.remove("with-dial");
}

/** The next lots; when none is to come, the others that are open now. */
function paintNext() {
  const coming = sale.order.filter((number) => number !== current && sale.lots.get(number)?.status === "scheduled");
  const open = sale.order.filter((number) => number !== current && OPEN.has(sale.lots.get(number)?.status));
  const numbers = (open.length ? open : coming).slice(0, NEXT_LOTS);
  text(byId("next-title"), numbers.length ? (open.length ? w.board.alsoOpen : w.board.next) : "");
  keyed(byId("next"), next, numbers, () => el("li", {}, el("b"), el("span")), (row, number) => {
    text(row.firstChild, number);
    text(row.lastChild, sale.lots.get(number).title);
  });
}

function paintSoFar() {
  const sold = [...sale.lots.values()].filter((lot) => lot.status === "sold");
  const sum = sold.reduce((all, lot) => all + lot.results.reduce((part, one) => part + one.amount_minor, 0), 0);
  text(byId("so-far-title"), w.board.soldSoFar);
  text(byId("so-far"), sold.length ? money(sum) : "–");
  text(byId("so-far-sum"), sold.length ? w.board.lots(sold.length) : "");
}

/** What the auctioneer calls; without a call, the last seconds of the clock. */
function called(lot, remaining_ms) {
  if (lot.status !== "open") return "";
  if (lot.call) return w.call[lot.call];
  if (remaining_ms === null || lot.format !== "english" || lot.leader === null) return "";
  if (remaining_ms <= CALLS_MS.goingTwice) return w.board.goingTwice;
  return remaining_ms <= CALLS_MS.going ? w.board.going : "";
}

function timeWords(lot, remaining_ms) {
  if (OVER.has(lot.status)) return "";
  if (lot.asked !== null && lot.answer_until_ms !== null) return left(lot.answer_until_ms - sale.nowMs());
  if (lot.status === "paused") return w.board.paused;
  if (lot.status === "scheduled") return lot.opens_at_ms === null ? "" : w.opensAt(clock(lot.opens_at_ms, sale.nowMs(), locale));
  return remaining_ms === null ? "" : left(remaining_ms);
}

function tick() {
  const lot = sale.lots.get(current);
  const remaining_ms = lot ? sale.remainingMs(lot) : null;
  text(byId("time"), lot ? timeWords(lot, remaining_ms) : "");
  attr(byId("time"), "data-words", lot?.status !== "open" && !lot?.answer_until_ms);
  attr(byId("time"), "data-long", byId("time").textContent.length > 5);
  attr(byId("time"), "data-hurry", lot?.status === "open" && remaining_ms !== null && remaining_ms <= HURRY_MS);
  text(byId("call"), lot ? called(lot, remaining_ms) : "");
  attr(byId("finger"), "data-off", !((touched.get(current) ?? 0) > performance.now() && lot?.status === "open"));
  if (saidUntil && performance.now() > saidUntil) { saidUntil = 0; show(byId("said"), false); }
}

async function paintJoin() {
  const { invite } = sale.invitation ?? {};
  byId("qr").src = invite ? `/qr.svg?invite=${encodeURIComponent(invite)}` : "/qr.svg";
  text(byId("join-title"), w.board.scan);
  text(byId("finger-words"), w.board.finger);
  const answer = await fetch("/api/address");
  if (answer.ok) text(byId("address"), (await answer.json()).url.replace(/^https?:\/\/|\/$/g, ""));
}

const paint = painter(paintAll);
for (const name of ["change", "connection"]) sale.addEventListener(name, paint);
sale.addEventListener("notice", ({ detail }) => {
  if (detail.event === "announced") {
    text(byId("said"), detail.text);
    show(byId("said"), true);
    saidUntil = performance.now() + SAID_MS;
  }
  paint();
});
sale.addEventListener("interest", ({ detail }) => {
  touched = new Map(detail.lots.map((lot) => [lot, performance.now() + FINGER_MS]));
  tick();
});
setInterval(() => (overSince !== null ? paintAll() : tick()), TICK_MS);
paintJoin();
paint();
