// When a screen reader says how much time is left: at a few moments, and never one soon after another. A page that slept
// through such a moment says what is left now.

export const QUIET_MS = 15_000;
/** The moments at which the time that is left is said. */
export const THRESHOLDS_MS = [300_000, 60_000, 30_000, 10_000];

export class TimeSaid {
  #lot = null;
  #before_ms = null;
  #said_at = -QUIET_MS;

  /**
   * Return the seconds to say now; null for nothing. `remaining_ms` is what is left of a lot, null where no clock runs,
   * and `at_ms` a moment of a clock that only goes on.
   */
  tick(lot, remaining_ms, at_ms) {
    const before_ms = lot !== null && lot === this.#lot ? this.#before_ms : null;
    this.#lot = lot;
    this.#before_ms = remaining_ms;
    if (!remaining_ms || before_ms === null) return null;
    const isPassed = THRESHOLDS_MS.some((threshold_ms) => before_ms > threshold_ms && remaining_ms <= threshold_ms);
    if (!isPassed || at_ms - this.#said_at < QUIET_MS) return null;
    this.#said_at = at_ms;
    return Math.ceil(remaining_ms / 1000);
  }
}
