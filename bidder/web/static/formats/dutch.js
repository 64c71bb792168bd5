// Dutch lots: the price falls by the clock until somebody stops it, and who stops it has bought.

import { words as w } from "../words/index.js";

function own(lot, me) {
  return me?.taken?.find((one) => one.lot === lot.lot && one.own_units) ?? null;
}

/** How far the clock has fallen, from 1 at the start to 0 at the floor. */
function height(lot) {
  const whole = lot.starting_minor - lot.floor_minor;
  return whole > 0 ? (lot.price_minor - lot.floor_minor) / whole : 0;
}

export const dutch = {
  own,

  /** A price that only falls is no danger under a finger: a stop never costs more than the button said. */
  lockKey: () => null,

  price: (lot) => ({ label: lot.status === "scheduled" ? w.startingPrice : w.clockPrice, minor: lot.price_minor }),

  standing(lot, me, show) {
    const position = own(lot, me);
    return position ? { text: w.took(position.own_units, show(position.own_amount_minor)), tone: "good" } : { text: w.unitsLeft(lot.units_left, lot.units), tone: "" };
  },

  details(lot, show, me) {
    const isLowest = lot.price_minor <= lot.floor_minor;
    const falls = isLowest ? w.lowest : w.falls(show(lot.decrement_minor), lot.every_ms / 1000);
    return [own(lot, me) ? w.unitsLeft(lot.units_left, lot.units) : "", falls, isLowest ? "" : w.floor(show(lot.floor_minor))];
  },

  rule: () => w.dutchRule,

  actions(lot, me, show, units) {
    if (lot.status === "scheduled") return { main: { label: w.opensNext, isDisabled: true } };
    const wanted = Math.min(units, lot.units_left);
    return {
      main: {
        label: w.stopAt(show(lot.price_minor), wanted),
        request: { do: "stop", price_minor: lot.price_minor, units: wanted },
        amount_minor: lot.price_minor * wanted,
        ask: w.ask.stop(show(lot.price_minor), lot.lot, wanted),
        yes: w.yes.stop,
      },
      other: lot.units_left > 1 ? { label: w.unitsButton(wanted), sheet: { kind: "units", most: lot.units_left } } : undefined,
    };
  },

  accepted: (verdict, show) => ({ text: w.accepted.took(verdict.own_units, show(verdict.own_amount_minor)), tone: "good" }),

  board(lot, show) {
    return {
      label: lot.status === "scheduled" ? w.startingPrice : w.clockPrice,
      minor: lot.price_minor,
      who: w.unitsLeft(lot.units_left, lot.units),
      asked: lot.price_minor <= lot.floor_minor ? w.board.each : w.falls(show(lot.decrement_minor), lot.every_ms / 1000),
      dial: lot.status === "scheduled" ? 1 : height(lot),
    };
  },
};
