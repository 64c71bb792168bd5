// Nobody bids what the finger did not aim at.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Lock, LOCK_MS } from "./static/phone/lock.js";

test("what came under the finger takes no touch for a moment", () => {
  const lock = new Lock();
  assert.equal(lock.note("1 open 110", 1000), true);
  assert.equal(lock.isLocked(1000), true);
  assert.equal(lock.isLocked(1000 + LOCK_MS - 1), true);
  assert.equal(lock.isLocked(1000 + LOCK_MS), false);
});

test("what stays the same locks nothing, however often it is painted", () => {
  const lock = new Lock();
  lock.note("1 open 110", 0);
  for (let at_ms = 0; at_ms < 2000; at_ms += 16) lock.note("1 open 110", at_ms);
  assert.equal(lock.isLocked(LOCK_MS), false);
});

test("each change locks anew, also one back to what was there before", () => {
  const lock = new Lock();
  lock.note("1 open 110", 0);
  lock.note("1 open 120", 300);
  assert.equal(lock.isLocked(LOCK_MS), true);
  lock.note("1 open 110", 600);
  assert.equal(lock.isLocked(300 + LOCK_MS), true);
  assert.equal(lock.isLocked(600 + LOCK_MS), false);
});

test("it lasts as long as a hand needs to stop", () => {
  assert.equal(LOCK_MS, 400);
});
