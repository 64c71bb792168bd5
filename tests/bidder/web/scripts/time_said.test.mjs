// The ear hears how much time is left at a few moments, at least fifteen seconds apart.

import assert from "node:assert/strict";
import { test } from "node:test";
import { QUIET_MS, TimeSaid } from "./static/phone/time_said.js";

/** Return what is said of lot 1 while its clock runs down from `from_ms` to 0, in steps of `step_ms`: [at, seconds]. */
function said(time, from_ms, { step_ms = 200, begin_ms = 0 } = {}) {
  const words = [];
  for (let passed_ms = 0; passed_ms <= from_ms; passed_ms += step_ms) {
    const seconds = time.tick("1", from_ms - passed_ms, begin_ms + passed_ms);
    if (seconds !== null) words.push([begin_ms + passed_ms, seconds]);
  }
  return words;
}

test("each threshold is said once, when it is passed", () => {
  assert.deepEqual(said(new TimeSaid(), 400_000).map(([, seconds]) => seconds), [300, 60, 30, 10]);
});

test("a lot that is extended again and again is not chattered about", () => {
  const time = new TimeSaid();
  let begin_ms = 0;
  const moments = [];
  for (let turn = 0; turn < 20; turn += 1) {
    moments.push(...said(time, 12_000, { begin_ms }).map(([at_ms]) => at_ms));
    begin_ms += 13_000;
  }
  assert.ok(moments.length > 3);
  for (const [place, at_ms] of moments.entries()) if (place) assert.ok(at_ms - moments[place - 1] >= QUIET_MS);
  assert.ok(QUIET_MS >= 15_000);
});

test("another lot in view, and a clock that stands still, say nothing", () => {
  const time = new TimeSaid();
  assert.equal(time.tick("1", 31_000, 0), null);
  assert.equal(time.tick("2", 29_000, 200), null, "it was not this lot whose half minute has begun");
  assert.equal(time.tick("2", null, 400), null);
  assert.equal(time.tick("2", 9000, 600), null, "it stood still in between");
  assert.equal(time.tick(null, null, 800), null);
});

test("a page that slept through a threshold says what is left, once, and not what was left then", () => {
  const time = new TimeSaid();
  time.tick("1", 70_000, 0);
  assert.equal(time.tick("1", 24_500, 45_500), 25);
  assert.equal(time.tick("1", 24_300, 45_700), null);
  assert.equal(new TimeSaid().tick("1", 24_300, 0), null);
  const asleep = new TimeSaid();
  asleep.tick("1", 70_000, 0);
  assert.equal(asleep.tick("1", 0, 80_000), null, "nothing is left");
});
