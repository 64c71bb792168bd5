// The house's clock, by which all times are shown: a page's own may be an hour off, but it is steady.
//
// What the house says arrives late, never early. So of the last samples the one that puts the house's time latest is
// the best. A leap of either clock, as after a machine slept, begins anew.

const SAMPLES = 30;
const LEAP_MS = 2000;

export class HouseClock {
  #samples = [];

  /** Note the house's time, in milliseconds since 1970, as it came at `at_ms` of a clock that only goes on. */
  hear(house_ms, at_ms) {
    const sample = house_ms - at_ms;
    if (this.isKnown && Math.abs(sample - this.#best) > LEAP_MS) this.#samples = [];
    this.#samples.push(sample);
    if (this.#samples.length > SAMPLES) this.#samples.shift();
  }

  get isKnown() {
    return this.#samples.length > 0;
  }

  /** Return the house's time at a moment of the clock that only goes on; null until the house has told one. */
  nowMs(at_ms) {
    return this.isKnown ? at_ms + this.#best : null;
  }

  get #best() {
    return Math.max(...this.#samples);
  }
}
