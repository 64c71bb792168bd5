// What this phone keeps for its bidder, and what the phone itself can do: vibrate, and stay awake.

const WATCHED = "watched";
const ASK_ABOVE = "ask_above_minor";
const VIBRATE = "vibrate";
const AWAKE = "awake";
const WATCHED_MAX = 500;

function read(name, otherwise) {
  try {
    return JSON.parse(localStorage.getItem(name)) ?? otherwise;
  } catch {
    return otherwise; // another version's, or written by hand
  }
}

/** The lots with a star. */
export class Watched extends EventTarget {
  #lots = new Set(read(WATCHED, []));

  has(lot) { return this.#lots.has(lot); }
  get size() { return this.#lots.size; }

  toggle(lot) {
    if (!this.#lots.delete(lot) && this.#lots.size < WATCHED_MAX) this.#lots.add(lot);
    localStorage.setItem(WATCHED, JSON.stringify([...this.#lots]));
    this.dispatchEvent(new Event("change"));
  }
}

/** What the bidder set on this phone. An amount of null means: not set. */
export const settings = {
  get askAbove() { return read(ASK_ABOVE, null); },
  set askAbove(minor) { localStorage.setItem(ASK_ABOVE, JSON.stringify(minor)); },
  get vibrate() { return read(VIBRATE, true); },
  set vibrate(isOn) { localStorage.setItem(VIBRATE, JSON.stringify(isOn)); },
  get awake() { return read(AWAKE, true); },
  set awake(isOn) { localStorage.setItem(AWAKE, JSON.stringify(isOn)); },
};

/** Vibrate, where the phone can and the bidder wants it. */
export function vibrate() {
  if (settings.vibrate && navigator.userActivation?.hasBeenActive) navigator.vibrate?.([180, 90, 180]);
}

let lock = null;
let isWanted = false;

async function hold() {
  const mayHold = isWanted && settings.awake && document.visibilityState === "visible";
  if (!mayHold) {
    await lock?.release();
    lock = null;
  } else if (!lock || lock.released) {
    try {
      lock = await navigator.wakeLock?.request("screen") ?? null;
    } catch {
      lock = null; // the phone may refuse, for example when its battery is low
    }
  }
}

/** Keep the screen on, or let it go dark again. */
export function keepAwake(isOn) {
  if (isOn === isWanted) return;
  isWanted = isOn;
  hold();
}

/** Look again whether the screen may be kept on: a setting changed. */
export const settingsChanged = hold;

document.addEventListener("visibilitychange", hold);
