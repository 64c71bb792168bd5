// What the console knows: the public sale, and the house's reports on the lot in view, the people and the absentee book.

const REPORT_PAUSE_MS = 250; // the least pause between two looks at the lot in view
const PEOPLE_PAUSE_MS = 4000;
const LOG_MAX = 200;

export class Room extends EventTarget {
  constructor(sale, house) {
    super();
    this.sale = sale;
    this.house = house;
    this.chosen = null; // the lot that a person chose; null: the one that is up
    this.secret = null; // the report on the lot in view: reserve, maximum, names
    this.bids = [];
    this.book = [];
    this.hasCorrections = true; // until the house says that this sale has none
    this.people = [];
    this.late = []; // the last bids of the sale that came too late, the oldest first
    this.void = []; // the last left bids of the sale that did not count as their lot opened, the oldest first
    this._names = new Map();
    this.interest = new Set();
    this.log = [];
    this._lastNote = 0;
    this._lookTimer = 0;
    this._isLooking = false;
    this._wantsLook = false;
    sale.addEventListener("change", () => this.look());
    sale.addEventListener("interest", (event) => {
      this.interest = new Set(event.detail.lots);
      this._tell();
    });
    sale.addEventListener("notice", (event) => this._hear(event.detail));
    setInterval(() => this.lookAtPeople(), PEOPLE_PAUSE_MS);
  }

  /** The number of the lot in view; null if the sale has none. */
  get number() {
    if (this.chosen && this.sale.lots.has(this.chosen)) return this.chosen;
    return this.upNow ?? this.next ?? this.sale.order.at(-1) ?? null;
  }

  get lot() {
    return this.sale.lots.get(this.number) ?? null;
  }

  /** The first lot that is open or paused. */
  get upNow() {
    return this.sale.order.find((number) => ["open", "paused"].includes(this.sale.lots.get(number)?.status)) ?? null;
  }

  /** The first lot that has yet to open. */
  get next() {
    return this.sale.order.find((number) => this.sale.lots.get(number)?.status === "scheduled") ?? null;
  }

  choose(number) {
    this.chosen = number;
    this.secret = null;
    this.bids = [];
    this._tell();
    this.look();
  }

  /** What to call a paddle: its number, and the name where the house has told it. */
  name(paddle, name = null) {
    if (name) this._names.set(paddle, name);
    const known = this._names.get(paddle);
    return known ? `${paddle} (${known})` : String(paddle);
  }

  show(minor) {
    return this.sale.show(minor);
  }

  note(text, tone = "") {
    this.log.unshift({ id: (this._lastNote += 1), text, tone, at_ms: this.sale.nowMs() });
    this.log.length = Math.min(this.log.length, LOG_MAX);
    this._tell();
  }

  /** Ask the house again about the lot in view, soon. */
  look() {
    this._tell();
    if (this._lookTimer || this._isLooking) {
      this._wantsLook = true;
      return;
    }
    this._lookTimer = setTimeout(() => this._look(), REPORT_PAUSE_MS);
  }

  async _look() {
    this._lookTimer = 0;
    const number = this.number;
    if (number === null || !this.house.me || this.house.me.is_locked) return;
    this._isLooking = true;
    this._wantsLook = false;
    try {
      const [secret] = await this.house.ask("lots", [number]);
      const bids = await this._bidsOn(number);
      const book = await this.house.ask("absentee", [number]);
      if (number === this.number) Object.assign(this, { secret, bids, book });
    } catch (error) {
      this.dispatchEvent(new CustomEvent("trouble", { detail: error }));
    } finally {
      this._isLooking = false;
      this._tell();
      if (this._wantsLook) this.look();
    }
  }

  async _bidsOn(number) {
    try {
      return (await this.house.ask("bids", [number])).bids.reverse();
    } catch (error) {
      if (error.code !== "wrong_state") throw error;
      this.hasCorrections = false; // such a sale has no bids at hand
      return [];
    }
  }

  async lookAtPeople() {
    if (!this.house.me || this.house.me.is_locked || document.hidden) return;
    try {
      this.people = (await this.house.ask("bidders")).filter((one) => one.role === "bidder");
      for (const one of this.people) this._names.set(one.paddle, one.name);
      this.late = await this.house.ask("late"); // no event tells of them, nor of those that are void
      this.void = await this.house.ask("void");
      this._tell();
    } catch (error) {
      this.dispatchEvent(new CustomEvent("trouble", { detail: error }));
    }
  }

  start() {
    this.lookAtPeople();
    this.look();
  }

  _hear(record) {
    const lot = record.lot ? `Lot ${record.lot}` : "";
    switch (record.event) {
      case "announced":
        this.note(`To all: ${record.text}`);
        break;
      case "called":
        this.note(`Lot ${record.called}: ${record.call.replaceAll("_", " ")}`);
        break;
      case "lot_opened":
        this.note(`${lot} is open.`);
        break;
      case "lot_closed":
        this.note(`${lot} is ${this.sale.lots.get(record.lot)?.status ?? "over"}.`);
        break;
      case "lot_corrected":
        this.note(`${lot} was corrected (${record.cause.replaceAll("_", " ")}).`, "note");
        break;
    }
  }

  _tell() {
    this.dispatchEvent(new Event("change"));
  }
}
