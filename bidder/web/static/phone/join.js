// The way to a paddle: a name and perhaps a code, the conditions of sale, the wait for the auctioneer, the paddle.

import { el, text } from "../dom.js";
import { words as w } from "../words/index.js";

export class Join {
  #root;
  #sale;
  #done;
  #accepts = "";
  #shownDigest = "";
  #typed = { name: "", code: "" };
  #given = "";
  /** Whether this page has asked the house for a paddle. */
  hasAsked = false;

  /** `done` is called when the bidder has seen its paddle. */
  constructor(root, sale, done) {
    this.#root = root;
    this.#sale = sale;
    this.#done = done;
    const { invite, code, arrive } = sale.invitation ?? {};
    this.#typed.code = code || invite || "";
    if (arrive) this.other(arrive);
    else this.form();
  }

  /** Have the focus at the title, unless it is in here already: what had it is out of view now. */
  focus() {
    if (!this.#root.contains(document.activeElement)) this.#root.querySelector(".join-title").focus();
  }

  /** Ask for a name and a code, by the form that the page came with if it is still there. */
  form(fault = "") {
    if (this.#takeServed()) return;
    const name = field("name", w.name, w.nameHint, { autocomplete: "nickname", maxlength: "40", required: true, value: this.#typed.name });
    const code = field("code", w.code, w.codeHint, { autocomplete: "off", autocapitalize: "none", spellcheck: "false", maxlength: "64", value: this.#typed.code });
    const go = el("button", { class: "button main wide", type: "submit", text: w.join });
    const said = el("p", { class: "fault", role: "alert", text: fault });
    const form = el("form", { class: "stack", novalidate: true }, name.node, code.node, said, go);
    this.#hearForm(form, name.input, code.input, said, go);
    this.#show(w.joinTitle, w.joinLead, form, this.#toOther());
    if (fault) name.input.focus();
  }

  /** Take over the form of the page, with what was typed into it meanwhile. Returns whether there is one. */
  #takeServed() {
    const form = this.#root.querySelector("form[action]");
    if (!form) return false;
    if (form.elements.accepts) return true; // the conditions of sale: their button needs no script
    form.removeAttribute("action");
    const { name, code, attempt } = form.elements;
    code.value ||= this.#typed.code;
    this.#given = attempt.value;
    this.#hearForm(form, name, code, form.querySelector(".fault"), form.querySelector(".main"));
    form.after(this.#toOther());
    return true;
  }

  #hearForm(form, name, code, said, go) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#typed = { name: name.value.trim(), code: code.value.trim() };
      if (!this.#typed.name) {
        text(said, w.reasons.invalid_name);
        name.focus();
      } else {
        this.#ask(go);
      }
    });
  }

  #toOther() {
    return el("button", { class: "link", type: "button", text: w.otherPhone, on: { click: () => this.other() } });
  }

  /** Ask for the code of the phone that has the paddle now. */
  other(given = "") {
    const code = field("move-code", w.moveCode, "", { autocomplete: "off", autocapitalize: "characters", spellcheck: "false", maxlength: "16", value: given });
    const said = el("p", { class: "fault", role: "alert" });
    const go = el("button", { class: "button main wide", type: "submit", text: w.bringOver });
    const form = el("form", { class: "stack", novalidate: true }, code.node, said, go);
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      go.setAttribute("aria-disabled", "true");
      this.hasAsked = true;
      try {
        this.#paddle(await this.#sale.arrive(code.input.value.trim()));
      } catch (error) {
        text(said, sentence(error));
      }
      go.removeAttribute("aria-disabled");
    });
    this.#show(w.otherPhone, w.otherPhoneLead, form, el("button", { class: "link", type: "button", text: w.back, on: { click: () => this.form() } }));
  }

  /** Tell that the auctioneer has to admit the bidder. */
  wait() {
    this.hasAsked = true;
    this.#show(w.waitTitle, w.waitLead, el("p", { class: "pulse", "aria-hidden": "true" }, el("span"), el("span"), el("span")));
  }

  async #ask(button) {
    if (button.getAttribute("aria-disabled")) return;
    button.setAttribute("aria-disabled", "true");
    this.hasAsked = true;
    text(button, w.joining);
    const { name, code } = this.#typed;
    const isInvite = Boolean(code) && code === this.#sale.invitation?.invite;
    try {
      const answer = await this.#sale.join({ name, invite: isInvite ? code : "", code: isInvite ? "" : code, accepts: this.#accepts, given: this.#given });
      if (answer.state === "awaiting_approval") this.wait();
      else this.#paddle(answer);
    } catch (error) {
      if (error.code === "conditions_not_accepted" && error.text) this.#conditions(error);
      else this.form(sentence(error));
    }
  }

  #conditions({ text: conditions, digest }) {
    this.#showConditions(conditions, (button) => { this.#accepts = digest; this.#ask(button); },
      el("button", { class: "link", type: "button", text: w.back, on: { click: () => this.form() } }));
  }

  /** Show conditions that are new since the bidder joined; without its word the house does not let it go on. */
  newConditions({ text: conditions, digest }) {
    if (this.#shownDigest === digest) return;
    this.hasAsked = true;
    this.#shownDigest = digest;
    this.#showConditions(conditions, async (button) => {
      button.setAttribute("aria-disabled", "true");
      try {
        await this.#sale.accept(digest);
      } catch (error) {
        this.#shownDigest = "";
        text(button, sentence(error));
      }
    });
  }

  #showConditions(conditions, accept, ...more) {
    const go = el("button", { class: "button main wide", type: "button", text: w.accept });
    go.addEventListener("click", () => accept(go));
    this.#show(w.conditionsTitle, w.conditionsLead,
      el("div", { class: "conditions", tabindex: "0", role: "region", "aria-label": w.conditionsTitle, text: conditions }), go, ...more);
  }

  #paddle({ name, paddle }) {
    this.#show(w.welcome(name), w.welcomeLead,
      el("p", { class: "paddle-big" }, el("span", { class: "label", text: w.yourPaddle }), el("strong", { class: "figures", text: String(paddle) })),
      el("button", { class: "button main wide", type: "button", text: w.begin, on: { click: this.#done } }));
  }

  /** The auctioneer let the bidder in while it waited. */
  admitted(me) {
    if (!this.#root.querySelector(".paddle-big")) this.#paddle(me);
  }

  #show(heading, lead, ...contents) {
    const title = el("h1", { class: "join-title", text: heading, tabindex: "-1" });
    const hadContent = this.#root.childElementCount > 0;
    this.#root.replaceChildren(el("div", { class: "join" }, title, el("p", { class: "lead", text: lead }), ...contents));
    if (hadContent) title.focus();
  }
}

function field(id, label, hint, props) {
  const input = el("input", { id, ...props, "aria-describedby": hint ? `${id}-hint` : null });
  const node = el("div", {}, el("label", { class: "field" }, el("span", { text: label }), input), hint ? el("p", { class: "hint", id: `${id}-hint`, text: hint }) : null);
  return { node, input };
}

function sentence(error) {
  return w.reasons[error.code] ?? error.message;
}
