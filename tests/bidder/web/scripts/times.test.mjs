// Times are written as the gateway writes them into the page before the script comes, and never say 0:00 too early.

import assert from "node:assert/strict";
import { test } from "node:test";
import { clock, left } from "./static/times.js";
import { cases } from "./cases.mjs";

test("what is left is written as in the page that was served", () => {
  for (const [remaining_ms, text] of cases.left) assert.equal(left(remaining_ms), text, `${remaining_ms} ms`);
});

test("0:00 means over", () => {
  assert.equal(left(1), "0:01");
  assert.equal(left(0), "0:00");
  assert.equal(left(-1), "0:00");
});

test("a time of day has its day where that is not clear", () => {
  const noon = Date.UTC(2026, 5, 15, 12);
  assert.doesNotMatch(clock(noon + 3600_000, noon, "en-GB"), /Jun/);
  assert.match(clock(noon + 24 * 3600_000, noon, "en-GB"), /Jun/);
});
