// The page's time is the house's, as far as late answers let it know that.

import assert from "node:assert/strict";
import { test } from "node:test";
import { HouseClock } from "./static/house_clock.js";

const HOUSE = 1_700_000_000_000; // the house's time when the page's own clock says 0

/** Return a clock that heard the house at each of these moments, each time so many milliseconds late. */
function clockOf(...heard) {
  const clock = new HouseClock();
  for (const [at_ms, late_ms] of heard) clock.hear(HOUSE + at_ms - late_ms, at_ms);
  return clock;
}

test("before the house has told its time nobody knows it", () => {
  assert.equal(new HouseClock().nowMs(5), null);
});

test("of several samples the one that came fastest counts, and none puts the time ahead of the house's", () => {
  const clock = clockOf([0, 400], [1000, 30], [2000, 900]);
  assert.equal(clock.nowMs(5000), HOUSE + 5000 - 30);
});

test("a sample counts for a time only, so that a page that drifts comes right", () => {
  const clock = clockOf([0, -200], ...Array.from({ length: 30 }, (_, place) => [1000 + place * 1000, 20]));
  assert.equal(clock.nowMs(60_000), HOUSE + 60_000 - 20);
});

test("a leap of a clock, as after a machine slept, counts at once in both directions", () => {
  for (const leap_ms of [60_000, -60_000]) {
    const clock = clockOf([0, 20], [1000, 20]);
    clock.hear(HOUSE + 2000 + leap_ms, 2000);
    assert.equal(clock.nowMs(2000), HOUSE + 2000 + leap_ms);
  }
});
