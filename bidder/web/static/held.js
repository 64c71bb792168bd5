// The sale as a page holds it: the newest state of all lots that was heard. It needs no browser and no network. Rules:
// - A record about a lot counts if its seq is not older than what is held. So records may be missing or repeated.
// - Another epoch is another history: nothing of the one before counts any more.

const NOT_OF_A_LOT = new Set(["event", "epoch", "at_ms", "bidder", "cause", "void_from_seq"]);

export class HeldSale extends EventTarget {
  epoch = null;
  identity = "";
  title = "";
  status = "";
  announcement = "";
  retractions = false;
  startedAtMs = null;
  currency = { code: "", digits: 2 };
  order = [];
  lots = new Map();
  #changed = new Set();
  #isSaleChanged = false;

  /** Take the sale's own state over. */
  hearSale(record) {
    this.#checkEpoch(record.epoch);
    this.identity = record.sale;
    this.title = record.title;
    this.status = record.status;
    this.announcement = record.announcement;
    this.retractions = record.retractions;
    this.startedAtMs = record.started_at_ms;
    this.currency = record.currency;
    this.order = record.order;
    for (const number of [...this.lots.keys()]) if (!this.order.includes(number)) this.lots.delete(number);
    this.noteSaleChange();
  }

  /** Take the newest state of lots over. */
  hearLots(record) {
    this.#checkEpoch(record.epoch);
    for (const lot of record.lots) this.#hearLot(lot);
  }

  /** Take a public event over; return whether it counts. */
  hearEvent(record) {
    if (record.epoch !== undefined && record.epoch !== this.epoch) return false;
    if (record.event === "announced") {
      this.announcement = record.text;
      this.noteSaleChange();
    } else if (record.event === "called" && this.lots.has(record.called)) {
      this.lots.get(record.called).call = record.call;
      this.#noteLotChange(record.called);
    } else if (typeof record.lot === "string" && Number.isInteger(record.seq)) {
      return this.#hearLot(record);
    }
    return true;
  }

  /** Return what has changed since this was last asked: the numbers of lots, and whether the sale did. */
  popChanges() {
    const changes = { lots: this.#changed, sale: this.#isSaleChanged };
    this.#changed = new Set();
    this.#isSaleChanged = false;
    return changes;
  }

  noteSaleChange() {
    this.#isSaleChanged = true;
    this.noteChange();
  }

  /** Something has changed. A page that shows the sale does something then. */
  noteChange() {}

  #checkEpoch(epoch) {
    if (epoch === this.epoch) return;
    this.epoch = epoch;
    this.lots.clear();
    this.noteSaleChange();
  }

  // take a piece of a lot over, unless a newer one is held; return whether it counts
  #hearLot(record) {
    let lot = this.lots.get(record.lot);
    if (lot === undefined) {
      if (record.title === undefined) return false; // the whole lot is still on its way
      lot = { seq: -1 };
      this.lots.set(record.lot, lot);
    }
    if (record.seq < lot.seq) return false;
    for (const [name, value] of Object.entries(record)) if (!NOT_OF_A_LOT.has(name)) lot[name] = value;
    this.#noteLotChange(record.lot);
    return true;
  }

  #noteLotChange(number) {
    this.#changed.add(number);
    this.noteChange();
  }
}
