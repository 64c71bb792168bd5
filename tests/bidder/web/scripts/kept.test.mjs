// A request counts once: it is repeated under its id until its verdict, also after a reload, and not when it is too old.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Storage } from "./browser.mjs";
import { KeptRequests } from "./static/kept.js";

const NOW = { nowMs: 1_700_000_000_000, sale: "s", epoch: 1 };
const later = (ms) => ({ ...NOW, nowMs: NOW.nowMs + ms });
const BID = { do: "bid", lot: "1", amount_minor: 100 };

beforeEach(() => Storage.install());

test("a request is repeated as it was until its verdict", () => {
  const kept = new KeptRequests();
  const message = kept.keep(BID, NOW);
  assert.deepEqual(message, { id: message.id, ...BID });
  assert.deepEqual(kept.due(later(1000)), { again: [message], over: [] });
  assert.equal(kept.settle(message.id), true);
  assert.equal(kept.settle(message.id), false);
  assert.deepEqual(kept.due(later(1000)), { again: [], over: [] });
});

test("a reload repeats it, and its verdict ends that", () => {
  const message = new KeptRequests().keep(BID, NOW);
  const reloaded = new KeptRequests();
  assert.deepEqual(reloaded.due(later(5000)).again, [message]);
  reloaded.settle(message.id);
  assert.deepEqual(new KeptRequests().due(later(5000)).again, []);
});

test("what is two minutes old, of another sale or another history, is not repeated, and that is said", () => {
  const kept = new KeptRequests();
  const { id } = kept.keep(BID, NOW);
  assert.equal(kept.due(later(120_000)).again.length, 1);
  assert.deepEqual(kept.due(later(120_001)), { again: [], over: [{ event: "verdict", ...BID, id, status: "unknown", code: "too_old" }] });
  for (const other of [{ ...NOW, sale: "t" }, { ...NOW, epoch: 2 }]) assert.equal(kept.due(other).over[0].code, "history_lost");
});

test("ids only rise, whatever the clock does, and lie above what the house has counted", () => {
  const kept = new KeptRequests();
  const first = kept.keep(BID, NOW).id;
  const second = kept.keep(BID, later(-3_600_000)).id;
  assert.ok(second > first);
  const third = new KeptRequests().keep(BID, later(-3_600_000)).id;
  assert.ok(third > second, "a reload begins no lower");
  const counted = kept.keep(BID, { ...NOW, last_id: third + 1_000_000_000 }).id;
  assert.ok(counted > third + 1_000_000_000);
  assert.ok(Number.isSafeInteger(counted));
});

test("a tab does not forget what another one waits for", () => {
  const [one, other] = [new KeptRequests(), new KeptRequests()];
  const first = one.keep(BID, NOW);
  const second = other.keep(BID, NOW);
  assert.notEqual(first.id, second.id);
  one.settle(first.id);
  assert.deepEqual(new KeptRequests().due(NOW).again, [second]);
});

test("a reload repeats the requests in the order in which they were made", () => {
  const kept = new KeptRequests();
  const made = [1, 2, 3].map(() => kept.keep(BID, NOW).id);
  assert.deepEqual(new KeptRequests().due(NOW).again.map(({ id }) => id), made);
});

test("a browser that keeps nothing still repeats until the reload", () => {
  Storage.refuse();
  const kept = new KeptRequests();
  const message = kept.keep(BID, NOW);
  assert.deepEqual(kept.due(NOW).again, [message]);
  kept.settle(message.id);
  assert.ok(kept.keep(BID, later(-1000)).id > message.id);
});
