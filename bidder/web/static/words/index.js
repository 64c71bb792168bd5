// The language of this page: the gateway serves as `chosen.js` the words that the reader chose before, else those of the
// first of the browser's languages that there are words for.

import { language, words } from "./chosen.js";

export { language, words };

const KEPT = "language";
const KEPT_S = 365 * 24 * 3600;

/** The languages that there are words for, each in its own words. */
export const languages = { en: "English", de: "Deutsch", fr: "Français" };

/** The locale of amounts and times: the browser's own variant of the language, such as de-CH. */
export const locale = navigator.languages.find((tag) => tag.slice(0, 2).toLowerCase() === language) ?? language;

/** Keep another language and load the page in it. */
export function choose(tag) {
  document.cookie = `${KEPT}=${tag}; path=/; max-age=${KEPT_S}; samesite=strict`;
  location.reload();
}

/** Fill in the words of the page's own elements: `data-w` names a text, `data-label` an accessible name. */
export function fillIn(root = document) {
  document.documentElement.lang = locale;
  for (const node of root.querySelectorAll("[data-w]")) node.textContent = words[node.dataset.w];
  for (const node of root.querySelectorAll("[data-label]")) node.setAttribute("aria-label", words[node.dataset.label]);
}
