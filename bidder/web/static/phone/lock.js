// The lock of the big button: after what is under the finger has changed it takes no touch for a moment, so that nobody
// bids what the finger did not aim at.

export const LOCK_MS = 400;

export class Lock {
  #key = "";
  #until_ms = 0;

  /** Note at `at_ms` what is under the finger, by a key that stands for it. Return whether it is another thing now. */
  note(key, at_ms) {
    if (key === this.#key) return false;
    this.#key = key;
    this.#until_ms = at_ms + LOCK_MS;
    return true;
  }

  isLocked(at_ms) {
    return at_ms < this.#until_ms;
  }
}
