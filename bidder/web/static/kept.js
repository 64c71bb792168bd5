// The requests of this browser that have no verdict yet. A request is kept under its id until its verdict, and repeated
// with the same id after a reload, a dead gateway or a dead house: the house answers each id once. One that is too old to
// be meant any more is not repeated, and none is of another sale or history.

import { store, stored } from "./storage.js";

const REPEAT_MS = 120000; // the age up to which a request is repeated by itself
const PENDING_KEY = "auction.pending";
const LAST_ID_KEY = "auction.last_id";

export class KeptRequests {
  /** The requests by their ids, each with the sale and the time at which it was made. */
  pending = new Map(Object.entries(stored(PENDING_KEY) || {}).map(([id, kept]) => [Number(id), kept]));

  /** Keep a request; return it with its id. `last_id` is the highest that the house has counted of this bidder. */
  keep(message, { nowMs, sale, epoch, last_id = 0 }) {
    const id = this.#newId(nowMs, last_id);
    const kept = { message: { id, ...message }, at_ms: nowMs, sale, epoch };
    this.pending.set(id, kept);
    this.#store();
    return kept.message;
  }

  /** Forget a request, since its verdict is known; return whether it was one of these. */
  settle(id) {
    const isKnown = this.pending.delete(id);
    if (isKnown) this.#store();
    return isKnown;
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

  #store() {
    store(PENDING_KEY, this.pending.size ? Object.fromEntries(this.pending) : null);
  }
}
