// The sheet that rises from the bottom: an amount, a number of units, a question, the settings. One at a time.
// It is the browser's own modal dialog, so that the focus stays in it, Escape closes it, and all else is inert.

import { el, show as shown, text } from "../dom.js";
import { words as w } from "../words/index.js";
import { isFarAbove, parsed, typed } from "../amounts.js";
import { settings } from "./device.js";

const dialog = document.getElementById("sheet");

/** Open the sheet with a heading and contents; what `onClose` returns counts for nothing. */
export function open(heading, ...contents) {
  dialog.replaceChildren(
    el("div", { class: "sheet-top" },
      el("h2", { id: "sheet-title", text: heading, tabindex: "-1", autofocus: true }),
      el("button", { class: "icon", type: "button", "aria-label": w.close, text: "✕", on: { click: () => dialog.close() } })),
    ...contents,
  );
  dialog.setAttribute("aria-labelledby", "sheet-title");
  if (!dialog.open) dialog.showModal();
}

export const close = () => dialog.close();
export const isOpen = () => dialog.open;

dialog.addEventListener("click", (event) => {
  if (event.target === dialog) dialog.close(); // a touch beside the sheet
});
dialog.addEventListener("close", () => dialog.replaceChildren());

/** Ask a question. The answer no has the focus, since a hasty Enter must not bid. */
export function ask(question, reasons, yes, onYes) {
  const no = el("button", { class: "button", type: "button", text: w.no, autofocus: true, on: { click: () => dialog.close() } });
  const go = el("button", { class: "button main", type: "button", text: yes, on: { click: () => { dialog.close(); onYes(); } } });
  open(w.askTitle, el("p", { class: "question", text: question }), ...reasons.map((reason) => el("p", { class: "hint", text: reason })), el("div", { class: "pair" }, no, go));
  no.focus();
}

/** Return why an amount should be asked about: what the bidder set, and what looks like a slip. */
export function doubts(minor, least_minor, lot, show) {
  const reasons = [];
  if (isFarAbove(minor, least_minor, lot.estimate_high_minor)) reasons.push(w.farAbove(Math.floor(minor / least_minor), show(least_minor)));
  if (settings.askAbove !== null && minor > settings.askAbove) reasons.push(w.aboveOwnLimit(show(settings.askAbove)));
  return reasons;
}

const KINDS = {
  bid: { heading: w.sheetBid, modes: ["exactly", "upTo"] },
  maximum: { heading: w.sheetMaximum, modes: ["upTo"] },
  leave: { heading: w.sheetLeave, modes: ["leave"] },
  seal: { heading: w.sheetSeal, modes: ["seal"] },
};
const MODES = {
  exactly: { hint: w.exactlyHint, button: w.bid, ask: w.ask.bid, yes: w.yes.bid, request: (minor) => ({ do: "bid", amount_minor: minor }) },
  upTo: { hint: w.upToHint, button: w.buttonUpTo, ask: w.ask.upTo, yes: w.yes.bid, request: (minor) => ({ do: "bid", maximum_minor: minor }) },
  leave: { hint: w.leaveHint, button: w.buttonLeave, ask: w.ask.leave, yes: w.yes.leave, request: (minor) => ({ do: "leave_bid", amount_minor: minor }) },
  seal: { hint: w.sealHint, button: w.buttonSeal, ask: w.ask.seal, yes: w.yes.seal, request: (minor) => ({ do: "seal", amount_minor: minor }) },
};

/** Ask for an amount for a lot, then call `send` with the request. The amount is the bidder's own, whatever moves. */
export function amountSheet(kind, least_minor, lot, sale, send) {
  const { heading, modes } = KINDS[kind];
  const digits = sale.currency.digits;
  const show = (minor) => sale.show(minor);
  let mode = MODES[modes[0]];
  const input = el("input", { id: "amount", class: "figures", inputmode: digits ? "decimal" : "numeric", autocomplete: "off", enterkeyhint: "done", maxlength: "20", "aria-describedby": "amount-hint amount-fault" });
  const hint = el("p", { id: "amount-hint", class: "hint" });
  const fault = el("p", { id: "amount-fault", class: "fault", role: "status" });
  const go = el("button", { class: "button main wide", type: "submit" });
  const choice = modes.length < 2 ? null : el("fieldset", { class: "choice" }, el("legend", { class: "unseen", text: w.amount }),
    ...modes.map((name, place) => el("label", {},
      el("input", { type: "radio", name: "mode", checked: place === 0, on: { change: () => { mode = MODES[name]; paint(); } } }),
      el("span", { text: w[name] }))));
  const chips = el("div", { class: "chips" }, ...suggestions(least_minor, lot).map((minor) =>
    el("button", { class: "chip figures", type: "button", text: show(minor), on: { click: () => { input.value = typed(minor, digits); paint(); } } })));
  const form = el("form", { novalidate: true },
    choice,
    el("label", { class: "field" }, el("span", { text: `${w.amount} (${sale.currency.code})` }), input),
    chips, hint, fault, go);

  function paint() {
    const minor = parsed(input.value, digits);
    text(hint, mode.hint);
    text(go, mode.button(minor === null ? "…" : show(minor)));
    text(fault, input.value && minor !== null && minor < least_minor ? w.tooLow(show(least_minor)) : "");
  }

  input.addEventListener("input", paint);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const minor = parsed(input.value, digits);
    if (minor === null || minor < least_minor) {
      text(fault, minor === null ? w.notAnAmount : w.tooLow(show(least_minor)));
      input.focus();
      return;
    }
    const reasons = doubts(minor, least_minor, lot, show);
    const chosen = mode;
    if (!reasons.length) {
      dialog.close();
      send(chosen.request(minor));
    } else {
      ask(chosen.ask(show(minor), lot.lot), reasons, chosen.yes, () => send(chosen.request(minor)));
    }
  });
  input.value = typed(least_minor, digits);
  open(heading(lot.lot), el("p", { class: "hint", text: `${lot.title} · ${w.least(show(least_minor))}` }), form);
  paint();
  input.focus();
  input.select();
}

/** Return amounts to choose from: the least, and some steps above it. */
function suggestions(least_minor, lot) {
  const step_minor = lot.price_minor !== null && lot.price_minor !== undefined && least_minor > lot.price_minor + 1 ? least_minor - lot.price_minor : 10 ** Math.max(0, String(least_minor).length - 1);
  return [0, 1, 2, 5].map((steps) => least_minor + steps * step_minor);
}

/** Ask for a number of units, then call `choose` with it. */
export function unitsSheet(lot, most, now, sale, choose) {
  const price = el("p", { class: "hint", text: w.unitsHint(sale.show(lot.price_minor)) });
  const picks = el("div", { class: "chips" });
  for (let units = 1; units <= most; units += 1) {
    picks.append(el("button", { class: "chip figures", type: "button", text: String(units), "aria-pressed": units === now, on: { click: () => { dialog.close(); choose(units); } } }));
  }
  open(w.sheetUnits(lot.lot), price, picks);
  shown(price, true);
}
