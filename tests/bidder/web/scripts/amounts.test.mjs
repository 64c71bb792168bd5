// Amounts are read as the house reads them, or refused; and what a page writes can be read again.

import assert from "node:assert/strict";
import { test } from "node:test";
import { isFarAbove, parsed, shown, typed } from "./static/amounts.js";
import { cases } from "./cases.mjs";

test("an amount is what the house takes it for", () => {
  for (const { text, digits, minor } of cases.amounts) assert.equal(parsed(text, digits), minor, `${text} with ${digits} decimals`);
});

test("what a page fills in is read as the same amount, by the page and by the house", () => {
  for (const { minor, digits, text } of cases.typed) {
    assert.equal(typed(minor, digits), text);
    assert.equal(parsed(text, digits), minor);
  }
});

test("what can be read in two ways, or is no amount, is refused", () => {
  const refused = ["", " ", "0", "-5", "+5", "1e3", "1,250", "1.250", "12.345", "12 50", "1 2 5", "12.", "1.2.3", "1,2,3", "1,25,000", "1.000.00", "٣", "5 €", "0x10", "Infinity", "1000000000000001"];
  for (const text of refused) assert.equal(parsed(text, 2), null, text);
  assert.equal(parsed("1.5", 0), null, "yen have no decimals");
  assert.equal(parsed("1.555", 2), null, "more decimals than the currency has");
  assert.equal(parsed("1,555", 3), null, "Kuwaiti dinars have three decimals");
  assert.equal(parsed("1.555", 3), 1555);
});

test("an amount is far above where the house says so", () => {
  for (const { minor, least_minor, estimate_high_minor, isFar } of cases.far) {
    assert.equal(isFarAbove(minor, least_minor, estimate_high_minor), isFar, `${minor} over ${least_minor}, ${estimate_high_minor}`);
  }
});

test("an amount is shown exactly, in the language of the page", () => {
  assert.equal(shown(123456, { code: "USD", digits: 2 }, "en-US"), "$1,234.56");
  assert.equal(shown(120000, { code: "USD", digits: 2 }, "en-US"), "$1,200");
  assert.equal(shown(1234, { code: "JPY", digits: 0 }, "en-US"), "¥1,234");
  assert.equal(shown(1234, { code: "KWD", digits: 3 }, "en-US").replace(/\s/, " "), "KWD 1.234");
  assert.equal(shown(99999999999999, { code: "USD", digits: 2 }, "en-US"), "$999,999,999,999.99");
  assert.equal(shown(150, { code: "coins", digits: 2 }, "en-US"), "coins 1.50", "a currency that the browser does not know");
  assert.equal(shown(null, { code: "USD", digits: 2 }, "en-US"), "");
});

test("the script writes an amount as the page did before it came", () => {
  for (const { minor, code, digits, language, text } of cases.shown) {
    const spaces = /[\u00a0\u202f]/g;
    assert.equal(shown(minor, { code, digits }, language).replace(spaces, " "), text.replace(spaces, " "), language);
  }
});
