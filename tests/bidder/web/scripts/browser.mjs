// What of a browser the scripts need here: a place to keep things, and a gateway that answers.

// A page without TLS has no locks between its tabs.
Object.defineProperty(globalThis, "navigator", { configurable: true, value: {} });

/** Have a function answer what is posted to the gateway: it gets the last part of the path, and the body. */
export function answering(answer) {
  globalThis.fetch = async (path, { body }) => {
    const told = answer(path.split("/").at(-1), JSON.parse(body));
    return { ok: true, json: async () => told };
  };
}

export class Storage {
  #kept = new Map();

  static install() {
    Storage.#set({ configurable: true, value: new Storage() });
  }

  /** Have the browser keep nothing, as where a person has forbidden it. */
  static refuse() {
    Storage.#set({ configurable: true, get: () => { throw new Error("The operation is insecure."); } });
  }

  static #set(property) {
    Object.defineProperty(globalThis, "localStorage", property);
  }

  get length() {
    return this.#kept.size;
  }

  key(place) {
    return [...this.#kept.keys()][place] ?? null;
  }

  getItem(key) {
    return this.#kept.get(key) ?? null;
  }

  setItem(key, value) {
    this.#kept.set(key, String(value));
  }

  removeItem(key) {
    this.#kept.delete(key);
  }
}
