// The phone's page: which view is shown, which lot is the current one, and when what is painted.

import { sale } from "./start.js";
import { attr, painter, show, text } from "../dom.js";
import { fillIn, words as w } from "../words/index.js";
import { Bar } from "./bar.js";
import { keepAwake, Watched } from "./device.js";
import { Join } from "./join.js";
import { LotList } from "./list.js";
import { LotView } from "./lot.js";
import { Mine } from "./mine.js";
import { Notices } from "./notices.js";
import { openSettings } from "./settings.js";
import * as sheet from "./sheet.js";
import { isOver } from "./texts.js";

/** The outcome of a lot stays in view for this long before the next one takes its place. */
const OUTCOME_MS = 5000;
const TICK_MS = 200;
const VIEWS = ["join", "now", "lots", "mine"];

fillIn();
const byId = (id) => document.getElementById(id);
const watched = new Watched();
let view = "now";
let chosen = null;
let current = null;
let overSince = null;
let join = null;
/** Whether the way to a paddle is shown: the guest asked for it or came by an invitation. */
let isJoining = false;
/** Whether it was shown when the page was last painted; whoever opens the page there sees it from the start. */
let wasJoining = "joining" in document.documentElement.dataset;
let changed = new Set();
let wasLive = false;
/** What a screen reader is told once all is well again; the eye sees that the words about it are gone. */
let whenWell = "";

const bar = new Bar(sale, { go: () => { location.hash = "#now"; }, join: () => { location.hash = "#join"; } });
const notices = new Notices(sale, watched, bar);
const lotView = new LotView(byId("now"), sale, watched, bar);
const list = new LotList(byId("lots"), sale, watched);
const mine = new Mine(byId("mine"), sale);

/** Return the lot that the sale is at: the shown one while it lasts, else the open one that ends first, else the next. */
function currentLot() {
  const lots = sale.order.map((number) => sale.lots.get(number)).filter(Boolean);
  const before = sale.lots.get(current);
  if (before && (before.status === "open" || before.status === "paused")) return current;
  if (before && isOver(before)) {
    overSince ??= performance.now();
    if (performance.now() - overSince < OUTCOME_MS) return current;
  }
  const ends = (lot) => lot.ends_at_ms ?? Infinity;
  const open = lots.filter((lot) => lot.status === "open" || lot.status === "paused").sort((a, b) => ends(a) - ends(b))[0];
  const next = open ?? lots.find((lot) => lot.status === "scheduled") ?? before ?? lots.at(-1);
  if (next?.lot !== current) overSince = null;
  return next?.lot ?? null;
}

function route() {
  const [name, number] = location.hash.slice(1).split("/");
  chosen = name === "lot" && number ? decodeURIComponent(number) : null;
  view = VIEWS.includes(name) ? name : "now";
  if (view === "join") {
    if (sale.me?.paddle) view = "now";
    else isJoining = true;
  } else if (name) {
    isJoining = isJoining && name.includes("=");
  }
  if (sheet.isOpen()) sheet.close();
  window.scrollTo(0, 0);
  paint();
}

function leaveJoin() {
  isJoining = false;
  if (view === "join") view = "now";
  location.hash = "#now";
  paint();
}

function paintAll() {
  current = currentLot();
  const shown = chosen ?? current;
  const lot = sale.lots.get(shown) ?? null;
  const { state } = sale.connection;
  const hasNewConditions = state === "refused" && Boolean(sale.connection.text);
  if (state === "awaiting_approval" || hasNewConditions) isJoining = true;
  if (isJoining && !join) join = new Join(byId("join"), sale, leaveJoin);
  if (state === "awaiting_approval" && !join.hasAsked) join.wait();
  if (hasNewConditions) join.newConditions(sale.connection);
  document.documentElement.classList.remove("served");
  for (const name of VIEWS) show(byId(name), isJoining ? name === "join" : name === view);
  if (isJoining && !wasJoining) join.focus();
  wasJoining = isJoining;
  show(byId("tabs"), !isJoining);
  for (const tab of byId("tabs").children) attr(tab, "aria-current", tab.dataset.view === view ? "page" : null);
  paintState(state);
  if (isJoining) bar.update(null, true, false);
  if (!sale.ready && !sale.lots.size) return; // until there is something newer, what the page came with stays
  text(byId("sale"), sale.title || w.auction);
  document.title = lot && !isJoining ? `${w.lot(lot.lot)} · ${sale.title}` : sale.title || w.auction;
  paintPaddle();
  if (isJoining) return;
  if (view === "now") { lotView.update(shown); if (shown) notices.seen(shown); }
  if (view === "lots") { list.update(changed); changed = new Set(); }
  if (view === "mine") mine.update();
  bar.update(lot, shown === current, view === "now" && Boolean(lot));
  notices.watch();
  keepAwake([...sale.lots.values()].some((one) => one.status === "open"));
}

function paintPaddle() {
  const button = byId("paddle");
  show(button, Boolean(sale.me?.paddle));
  if (!sale.me?.paddle) return;
  text(button, String(sale.me.paddle));
  attr(button, "aria-label", w.paddleMenu(sale.me.paddle));
}

function paintState(state) {
  const isQuiet = state === "live" || (!sale.ready && state === "joining");
  const key = isQuiet ? (sale.status === "running" ? null : sale.status) : state;
  const words = key ? w.connection[key] ?? sale.connection.reason : "";
  const node = byId("state");
  attr(node, "data-state", key);
  if (node.textContent !== words) {
    text(node, words);
    if (words || whenWell) notices.say(words || whenWell);
  }
  if (!words) whenWell = "";
  else if (wasLive && !isJoining) whenWell = key === "paused" ? w.goesOn : w.back;
  wasLive ||= state === "live";
  show(node, Boolean(words));
}

const paint = painter(paintAll);

sale.addEventListener("change", (event) => { for (const number of event.detail.lots ?? []) changed.add(number); paint(); });
sale.addEventListener("repaint", paint);
sale.addEventListener("connection", () => {
  if (sale.connection.state === "live" && sale.me?.paddle && join?.hasAsked && isJoining) join.admitted(sale.me);
  paint();
});
sale.addEventListener("pending", paint);
sale.addEventListener("me", () => {
  if (sale.me?.paddle && isJoining) {
    if (join?.hasAsked) join.admitted(sale.me);
    else leaveJoin();
  }
  for (const number of sale.lots.keys()) changed.add(number);
  paint();
});
sale.addEventListener("verdict", (event) => notices.say(bar.heard(event.detail)));
watched.addEventListener("change", () => { for (const number of sale.order) changed.add(number); paint(); });
window.addEventListener("hashchange", () => {
  if (!location.hash) isJoining = false; // the way back from the form
  route();
});
byId("paddle").addEventListener("click", () => openSettings(sale));

setInterval(() => {
  const shown = sale.lots.get(chosen ?? current);
  if (view === "now") lotView.tick();
  if (view === "lots") list.tick();
  notices.tick(shown);
  if (overSince !== null || (sale.ready && current === null)) paint();
}, TICK_MS);

isJoining = "joining" in document.documentElement.dataset || Boolean(sale.invitation?.arrive || sale.invitation?.code || sale.invitation?.invite);
route();
