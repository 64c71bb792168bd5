// The sheet behind the paddle: the paddle in big type, what the bidder sets on this phone, and the move to another one.

import { el, text } from "../dom.js";
import { choose, language, languages, words as w } from "../words/index.js";
import { parsed, typed } from "../amounts.js";
import { settings, settingsChanged } from "./device.js";
import * as sheet from "./sheet.js";

/** Open the sheet. */
export function openSettings(sale) {
  const { digits, code } = sale.currency;
  const fault = el("span", { class: "fault", id: "ask-fault", role: "status" });
  const input = el("input", { id: "ask-above", class: "figures", inputmode: "decimal", autocomplete: "off", maxlength: "20", "aria-describedby": "ask-hint ask-fault" });
  input.value = settings.askAbove === null ? "" : typed(settings.askAbove, digits);
  input.addEventListener("input", () => {
    const minor = parsed(input.value, digits);
    const isEmpty = !input.value.trim();
    if (isEmpty || minor !== null) settings.askAbove = minor;
    text(fault, isEmpty || minor !== null ? "" : w.notAnAmount);
  });
  const tongue = el("select", { id: "language", on: { change: () => choose(tongue.value) } },
    ...Object.entries(languages).map(([tag, name]) => el("option", { value: tag, text: name, lang: tag, selected: tag === language })));
  sheet.open(w.settings,
    el("p", { class: "paddle-big" }, el("span", { class: "label", text: `${w.yourPaddle} · ${sale.me.name}` }), el("strong", { class: "figures", text: String(sale.me.paddle) })),
    el("label", { class: "field" }, el("span", { text: `${w.askAbove} (${code})` }), input),
    el("p", { class: "hint", id: "ask-hint", text: w.askAboveHint }), fault,
    toggle("vibrate", w.vibrate), toggle("awake", w.awake),
    el("label", { class: "field" }, el("span", { text: w.language }), tongue),
    move(sale),
    el("p", {}, el("a", { href: "/results", text: w.results })));
}

function toggle(name, label) {
  const box = el("input", { type: "checkbox", checked: settings[name], on: { change: () => { settings[name] = box.checked; settingsChanged(); } } });
  return el("label", { class: "toggle" }, box, el("span", { text: label }));
}

function move(sale) {
  const answer = el("p", { class: "move-code figures", role: "status" });
  const lead = el("p", { class: "hint", hidden: true, text: w.moveLead });
  const button = el("button", { class: "button wide", type: "button", text: w.move });
  button.addEventListener("click", async () => {
    try {
      const { code } = await sale.move();
      text(answer, code);
      lead.hidden = false;
    } catch (error) {
      text(answer, w.reasons[error.code] ?? error.message);
    }
  });
  return el("div", {}, button, lead, answer);
}
