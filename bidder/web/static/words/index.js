// The language of this page: what the reader chose before, else the first of the browser's that there are words for.

const LANGUAGES = ["en", "de", "fr"];
const KEPT = "language";

/** The languages that there are words for, each in its own words. */
export const languages = { en: "English", de: "Deutsch", fr: "Français" };

function chosen() {
  const kept = localStorage.getItem(KEPT);
  if (LANGUAGES.includes(kept)) return kept;
  const wanted = navigator.languages.map((tag) => tag.slice(0, 2).toLowerCase());
  return wanted.find((tag) => LANGUAGES.includes(tag)) ?? "en";
}

export const language = chosen();
/** The locale of amounts and times: the browser's own variant of the language, such as de-CH. */
export const locale = navigator.languages.find((tag) => tag.slice(0, 2).toLowerCase() === language) ?? language;
export const { words } = await import(`./${language}.js`);

/** Keep another language and load the page in it. */
export function choose(tag) {
  localStorage.setItem(KEPT, tag);
  location.reload();
}

/** Fill in the words of the page's own elements: `data-w` names a text, `data-label` an accessible name. */
export function fillIn(root = document) {
  document.documentElement.lang = locale;
  for (const node of root.querySelectorAll("[data-w]")) node.textContent = words[node.dataset.w];
  for (const node of root.querySelectorAll("[data-label]")) node.setAttribute("aria-label", words[node.dataset.label]);
}
