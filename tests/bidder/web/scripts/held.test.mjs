// What a page holds of the sale is what the house has, whatever of the gateway's records is late, lost or repeated.

import assert from "node:assert/strict";
import { test } from "node:test";
import { HeldSale } from "./static/held.js";
import { cases } from "./cases.mjs";

function heard(records) {
  const held = new HeldSale();
  const told = records.map((record) => {
    if (record.event === "sale_state") held.hearSale(record);
    else if (record.event === "lots") held.hearLots(record);
    else return held.hearEvent(record);
    return true;
  });
  return { held, told };
}

for (const { name, records, lots, sale } of cases.stories) {
  test(name, () => {
    const { held } = heard(records);
    assert.deepEqual(Object.fromEntries(held.lots), lots);
    const { epoch, identity, status, announcement, order } = held;
    assert.deepEqual({ epoch, identity, status, announcement, order }, sale);
  });
}

const STATE = { event: "sale_state", epoch: 2, sale: "s", title: "A sale", status: "running", announcement: "", started_at_ms: 0, currency: { code: "EUR", digits: 2 }, order: ["1"] };
const LOT = { lot: "1", seq: 3, title: "A clock", price_minor: 100 };

test("a record that is older than what is held counts for nothing, and is not told", () => {
  const { held, told } = heard([STATE, { event: "lots", epoch: 2, lots: [LOT] }, { event: "lot_moved", epoch: 2, lot: "1", seq: 2, price_minor: 90 }]);
  assert.deepEqual(told, [true, true, false]);
  assert.equal(held.lots.get("1").price_minor, 100);
});

test("a change of a lot that has not come whole, and one of another history, wait for the whole lot", () => {
  const { held, told } = heard([STATE, { event: "lot_moved", epoch: 2, lot: "1", seq: 4, price_minor: 110 }, { event: "announced", epoch: 1, text: "Of before" }]);
  assert.deepEqual(told, [true, false, false]);
  assert.equal(held.lots.size, 0);
  assert.equal(held.announcement, "");
});

test("another history leaves nothing of the one before, though its numbers are lower", () => {
  const { held } = heard([STATE, { event: "lots", epoch: 2, lots: [LOT] }, { event: "lots", epoch: 3, lots: [{ ...LOT, seq: 1, price_minor: 50 }] }]);
  assert.equal(held.epoch, 3);
  assert.deepEqual(held.lots.get("1"), { ...LOT, seq: 1, price_minor: 50 });
});

test("each change is told once", () => {
  const { held } = heard([STATE, { event: "lots", epoch: 2, lots: [LOT] }]);
  assert.deepEqual(held.popChanges(), { lots: new Set(["1"]), sale: true });
  held.hearEvent({ event: "called", epoch: 2, called: "1", call: "fair_warning" });
  assert.equal(held.lots.get("1").call, "fair_warning");
  assert.deepEqual(held.popChanges(), { lots: new Set(["1"]), sale: false });
  assert.deepEqual(held.popChanges(), { lots: new Set(), sale: false });
});
