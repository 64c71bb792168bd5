// Questions to the auctioneer. Enter means yes, Escape no. The first thing in view is what will happen, to be read aloud.

import { el } from "../dom.js";

const dialog = document.getElementById("ask");

/** Ask whether to do something. `aloud` is what the auctioneer says; `rows` are [name, value] pairs. */
export function confirm({ title, aloud = "", rows = [], yes, isDanger = false }) {
  return ask({ title, aloud, rows, yes, isDanger, fields: [] }).then((given) => given !== null);
}

/**
 * Ask for some fields; resolve to their values by name, or null. A field: {name, label, value, kind, choices, check}.
 * `check(value)` returns what is wrong with a value, or "".
 */
export function ask({ title, aloud = "", rows = [], fields, yes, isDanger = false }) {
  return new Promise((resolve) => {
    const wrong = el("p", { class: "wrong", role: "alert" });
    const inputs = new Map(fields.map((field) => [field.name, input(field)]));
    const form = el(
      "form",
      { method: "dialog", novalidate: true },
      el("h2", { id: "ask-title", text: title }),
      aloud ? el("p", { class: "aloud", text: aloud }) : null,
      rows.length ? el("dl", {}, ...rows.flatMap(([name, value]) => [el("dt", { text: name }), el("dd", { text: value })])) : null,
      ...fields.map((field) => el("label", { text: field.label }, inputs.get(field.name))),
      wrong,
      el(
        "div",
        { class: "choices" },
        el("button", { type: "button", text: "Cancel", on: { click: () => dialog.close("no") } }),
        el("button", { type: "submit", class: isDanger ? "danger" : "act", text: yes }),
      ),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      for (const field of fields) {
        const fault = field.check?.(inputs.get(field.name).value.trim());
        if (fault) {
          wrong.textContent = fault;
          inputs.get(field.name).focus();
          return;
        }
      }
      dialog.close("yes");
    });
    dialog.replaceChildren(form);
    dialog.addEventListener(
      "close",
      () => {
        const isYes = dialog.returnValue === "yes";
        resolve(isYes ? Object.fromEntries([...inputs].map(([name, node]) => [name, node.value.trim()])) : null);
      },
      { once: true },
    );
    dialog.returnValue = "no";
    dialog.showModal();
    (fields.length ? inputs.values().next().value : form.querySelector("[type=submit]")).focus();
  });
}

export function isAsking() {
  return dialog.open;
}

function input({ name, value = "", kind = "text", choices = null, hint = "" }) {
  if (choices) {
    const select = el("select", { name }, ...choices.map(([key, label]) => el("option", { value: key, text: label })));
    select.value = value || choices[0][0];
    return select;
  }
  if (kind === "long") {
    const area = el("textarea", { name, rows: 3, maxlength: 500 });
    area.value = value;
    return area;
  }
  const node = el("input", { name, type: kind, inputmode: kind === "amount" ? "decimal" : null, placeholder: hint, autocomplete: "off" });
  if (kind === "amount") node.type = "text";
  node.value = value;
  return node;
}
