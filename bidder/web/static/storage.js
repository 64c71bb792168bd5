// What outlives a reload, in this browser. One that keeps nothing, as in a private window, has it until the reload.

const memory = new Map();

/** Return what is kept under a key; null for nothing. */
export function stored(key) {
  try {
    return JSON.parse(localStorage.getItem(key));
  } catch {
    return memory.get(key) ?? null;
  }
}

/** Keep a value under a key, or nothing any more if it is null. */
export function store(key, value) {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, JSON.stringify(value));
  } catch {
    if (value === null) memory.delete(key);
    else memory.set(key, value);
  }
}

/** Return the keys that begin so and have a value. All tabs of a browser see the same. */
export function storedKeys(prefix) {
  let keys;
  try {
    keys = Array.from({ length: localStorage.length }, (_, place) => localStorage.key(place));
  } catch {
    keys = [...memory.keys()];
  }
  return keys.filter((key) => key.startsWith(prefix));
}
