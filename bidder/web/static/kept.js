// The requests of this browser that have no verdict yet. A request is kept under its id until its verdict, and repeated
// with the same id after a reload, a dead gateway or a dead house: the house answers each id once. One that is too old to
// be meant any more is not repeated, and none is of another sale or history. Each has a place of its own, since the tabs of a
// browser share the places: one must not forget what another one waits for.

import { store, stored, storedKeys } from "./storage.js";

const REPEAT_MS = 120000; // the age up to which a request is repeated by itself
const PENDING_PREFIX = "auction.pending.";
const LAST_ID_KEY = "auction.last_id";

export class KeptRequests {
  /** The requests by their ids, each with the sale and the time at which it was made. */
  pending = new Map(storedKeys(PENDING_PREFIX).map((key) => [Number(key.slice(PENDING_PREFIX.length)), stored(key)]).sort(([one], [other]) => one - other));

  /** Keep a request; return it with its id. `last_id` is the highest that the house has counted of this bidder. */
  keep(message, { nowMs, sale, epoch, last_id = 0 }) {
    const id = this.#newId(nowMs, last_id);
    const kept = { message: { id, ...message }, at_ms: nowMs, sale, epoch };
    this.pending.set(id, kept);
    store(PENDING_PREFIX + id, kept);
    return kept.message;
  }

  /** Forget a request, since its verdict is known; return whether it was one of these. */
  settle(id) {
    store(PENDING_PREFIX + id, null);
    return this.pending.delete(id);
  }

  /** Return the requests to repeat, and a verdict on each that is not repeated any more. */
  due({ nowMs, sale, epoch }) {
    const again = [];
    const over = [];
    for (const [id, kept] of this.pending) {
      const isOfThis = kept.sale === sale && kept.epoch === epoch;
      if (isOfThis && nowMs - kept.at_ms <= REPEAT_MS) again.push(kept.message);
      else over.push({ event: "verdict", ...kept.message, id, status: "unknown", code: isOfThis ? "too_old" : "history_lost" });
    }
    return { again, over };
  }

  // higher than every one that was used, also from another browser that had this paddle
  #newId(nowMs, last_id) {
    const last = Math.max(Number(stored(LAST_ID_KEY) || 0), last_id, ...this.pending.keys());
    const id = Math.max(last + 1, Math.floor(nowMs) * 1000 + Math.floor(Math.random() * 1000));
    store(LAST_ID_KEY, id);
    return id;
  }
}
