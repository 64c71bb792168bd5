// The console: direct the sale by keys and buttons. It has no rules: what it shows comes from the house, and the house
// decides on what it asks.

import { el, painter, show, text, attr } from "../dom.js";
import { Sale } from "../sale.js";
import { Deeds } from "./deeds.js";
import { ask, isAsking } from "./dialog.js";
import { House, Refused } from "./house.js";
import { bidsPane, keyRow, lotPane, peoplePane, runList } from "./panes.js";
import { Room } from "./room.js";

const STATES = {
  offline: "No connection to the gateway. Nothing that was done is lost.",
  connecting: "Connecting …",
  joining: "Fetching the lots …",
  silent: "The house is silent. What is shown may be old.",
  frozen: "The house can’t store anything now. All clocks stand still.",
};
const TICK_MS = 250;
const AGAIN_MS = 2000;
const LINK_PREFIX = "auctioneer://";

const house = new House();
const sale = new Sale({ as: "board" });
const room = new Room(sale, house);
const deeds = new Deeds(room, house, tell);
const door = document.getElementById("door");
const main = document.getElementById("room");
const keys = document.getElementById("keys");
const answer = document.getElementById("answer");
const lot = lotPane(room, deeds);
const panes = [runList(room), lot.paint, bidsPane(room, deeds), peoplePane(room, deeds), keyRow(deeds), head];
const paint = painter(() => panes.forEach((pane) => pane()));

room.addEventListener("change", paint);
room.addEventListener("trouble", (event) => trouble(event.detail));
sale.addEventListener("connection", paint);
setInterval(lot.paintTime, TICK_MS);
document.addEventListener("keydown", hearKey);
addEventListener("hashchange", () => linkOf(location.hash) && begin()); // a link pasted where this page is open
house.onWait = () => {
  text(answer, "Sent. The house has not answered yet.");
  attr(answer, "data-tone", "note");
};
begin();

async function begin() {
  const link = linkOf(location.hash);
  if (location.hash) history.replaceState(null, "", location.pathname); // a link must not stay in view or in the history
  try {
    await (link ? enter(link) : recognise());
  } catch (error) {
    showDoor(error.code === "hello_first" ? "" : error.message);
    return;
  }
  if (house.me.is_locked) showLock();
  else await enterRoom();
}

/** Become a console by a link. A browser that came by it before is a console already. */
async function enter(link) {
  try {
    await house.enter(link);
  } catch (error) {
    await house.recognise().catch(() => {
      throw error;
    });
  }
}

/** Learn who this browser is, however long the house takes to answer. */
async function recognise() {
  for (;;) {
    try {
      return await house.recognise();
    } catch (error) {
      if (error.code !== "unreachable" && error.code !== "slow_down") throw error;
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }
}

function linkOf(hash) {
  try {
    const plain = decodeURIComponent(hash.slice(1)); // some messengers encode it
    return plain.startsWith(LINK_PREFIX) ? plain : "";
  } catch {
    return "";
  }
}

async function enterRoom() {
  show(door, false);
  show(main, true);
  show(keys, true);
  room.start();
  paint();
  for await (const { command, error } of house.repeatKept()) {
    const name = command.type.replaceAll("_", " ");
    if (error) tell(`A command from before this page was opened was not done again: ${name}. ${error.message}`, "bad");
    else tell(`Done: ${name}.`, "good");
  }
}

/** The answer to the last deed, in view until the next one. */
function tell(words, tone) {
  text(answer, words);
  attr(answer, "data-tone", tone);
  room.note(words, tone);
}

function trouble(error) {
  if (!(error instanceof Refused)) return; // the page has no connection; the head of the page says so
  if (["hello_first", "forbidden"].includes(error.code)) showDoor(error.message);
  else if (error.code === "locked") showLock();
}

function head() {
  const isEnded = sale.status === "ended";
  const state = sale.connection.state;
  const words = STATES[state] ?? (isEnded ? "The sale has ended." : sale.status === "paused" ? "The sale is paused." : "Live");
  text(document.getElementById("sale"), sale.title || "Console");
  document.title = sale.title ? `Console: ${sale.title}` : "Console";
  const node = document.getElementById("state");
  text(node, words);
  attr(node, "data-tone", STATES[state] || sale.status === "paused" ? "bad" : null);
  text(document.getElementById("who"), house.me ? `${house.me.name}: ${(house.me.rights ?? []).join(", ") || "may read"}` : "");
  tools();
}

function tools() {
  const nav = document.getElementById("tools");
  if (nav.childElementCount) {
    show(nav, house.me !== null && !house.me.is_locked);
    return;
  }
  nav.append(tool("Lock", lock), tool("Hand over", handOver), tool("Leave", leave));
}

function tool(words, act) {
  return el("button", { type: "button", text: words, on: { click: () => act().catch((error) => tell(error.message, "bad")) } });
}

// --- keys ----------------------------------------------------------------------------------------------------------

function hearKey(event) {
  if (main.hidden || isAsking() || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, select, textarea")) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (/^\d$/.test(event.key)) {
    lot.beginBid(event.key);
    event.preventDefault();
    return;
  }
  if (!event.repeat && deeds.press(event.key.toLowerCase())) event.preventDefault();
}

// --- lock, hand-over, door -----------------------------------------------------------------------------------------

async function lock() {
  const check = (value) => (/^\d{4,12}$/.test(value) ? "" : "A PIN has 4 to 12 digits.");
  const given = await ask({ title: "Lock this console", aloud: "Only this PIN opens it again.", fields: [{ name: "pin", label: "PIN", kind: "password", check }], yes: "Lock" });
  if (!given) return;
  await house.lock(given.pin);
  house.me = { ...house.me, is_locked: true };
  showLock();
}

async function handOver() {
  const { code } = await house.handOver();
  await ask({
    title: "Hand this console over",
    aloud: code,
    rows: [["On the other machine", `open ${location.origin}/console and type this code within five minutes. This page then ends.`]],
    fields: [],
    yes: "Done",
  });
}

async function leave() {
  const given = await ask({ title: "Leave this console?", aloud: "The link does not work again. The auctioneer can make another.", fields: [], yes: "Leave", isDanger: true });
  if (!given) return;
  await house.leave();
  showDoor("");
}

function showLock() {
  const pin = el("input", { name: "pin", type: "password", inputmode: "numeric", autocomplete: "off" });
  openDoor("This console is locked", el("label", { text: "PIN" }, pin), "Unlock", async () => {
    await house.unlock(pin.value.trim());
    await enterRoom();
  });
}

function showDoor(why) {
  house.me = null;
  const code = el("input", { name: "code", autocomplete: "off", autocapitalize: "characters" });
  openDoor("Console", el("label", { text: "Code from another console" }, code), "Take it over", async () => {
    await house.takeOver(code.value.trim());
    await enterRoom();
  }, why || "Open the link that `auctioneer clerk add NAME --console ADDRESS` prints, or type the code of a console that is handed over.");
}

function openDoor(title, field, yes, act, why = "") {
  show(main, false);
  show(keys, false);
  const wrong = el("p", { class: "wrong", role: "alert" });
  const form = el("form", {}, field, wrong, el("button", { type: "submit", class: "act", text: yes }));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    act().catch((error) => text(wrong, error.message));
  });
  door.replaceChildren(el("h2", { text: title }), el("p", { text: why }), form);
  show(door, true);
  head();
  form.querySelector("input").focus();
}
