// What differs on the console by the format of a lot: which deeds fit, and what is said. Only this file lists formats.
//
// A format has: `asked` (the amount that is asked now; null: none), `price` (the large figure), `hammer` (the words on the button), `falls` (what the hammer would do, to be
// read aloud), `accepted` (the house's answer to a bid for a paddle), `bid` (an offer in the list), `commission` (what such a bid means; "": there is
// none), `isUndone` (whether an offer can be taken back), `hasLast` (whether a key can mean the last one), `hasUnits`,
// and `reopening` (the question before a lot is open again, with the fields of the command; null: nothing is asked).

import { parsed, typed } from "../amounts.js";
import { isOver } from "./stages.js";

const MINUTE_MS = 60000;
const MINUTES_MAX = 527040; // a year, the longest that the house takes

const english = {
  isUndone: true,
  hasLast: true,
  hasUnits: () => false,
  commission: "The house bids up to this amount for the paddle, and no more than it must.",
  isMaximum: true,

  asked: (lot) => lot.minimum_minor ?? null,

  price(lot, room) {
    if (lot.status === "sold" && lot.hammer_minor !== null) return room.show(lot.hammer_minor);
    return room.show(lot.price_minor ?? lot.starting_minor);
  },

  hammer(lot, room) {
    if (lot.leader === null) return "Pass: no bids";
    if (lot.reserve_met === false) return "Pass: reserve not met";
    return `Hammer: ${room.show(lot.price_minor)} to ${room.name(lot.leader)}`;
  },

  falls(row, lot, room) {
    if (row.leader === null) return "Passed: there are no bids.";
    const price = room.show(row.price_minor);
    if (row.reserve_met === false) return `Passed at ${price}: the reserve is not met.`;
    return `Sold to paddle ${room.name(row.paddle, row.leader)} for ${price}.`;
  },

  bid(row, room) {
    if (row.amount_minor !== null) return room.show(row.amount_minor);
    return row.maximum_minor === null ? "sealed" : `up to ${room.show(row.maximum_minor)}`;
  },

  accepted(done, minor, room) {
    const who = whom(done, room);
    const price = done.standing.price_minor;
    if (done.standing.paddle === done.paddle) return `Accepted: ${room.show(minor)} by ${who}, who leads.${numbered(done)}`;
    return `Accepted, but another maximum is as high or higher${price ? `: ${room.show(price)} now` : ""}.${numbered(done)}`;
  },

  reopening: (_lot, spec) => (spec.terms.duration_ms === null ? null : forMinutes()),
};

const sealed = {
  ...english,
  hasLast: false,
  commission: "It is a sealed offer for the paddle. It stays sealed until the hammer.",
  isMaximum: false,
  price: (lot, room) => (isOver(lot) && lot.hammer_minor ? room.show(lot.hammer_minor) : "Sealed"),
  hammer: () => "Hammer: open the offers",
  falls: () => "The offers are opened now, and decide.",
  accepted: (done, minor, room) => `Accepted: the sealed offer of ${whom(done, room)}, ${room.show(minor)}, counts.${numbered(done)}`,
};

const dutch = {
  ...english,
  isUndone: false,
  hasLast: false,
  hasUnits: (lot) => lot.units > 1,
  commission: "",
  asked: (lot) => lot.price_minor,
  price: (lot, room) => room.show(lot.price_minor ?? lot.starting_minor),
  hammer: (lot) => (lot.units_left === lot.units ? "Pass: nobody has taken it" : `Hammer: ${taken(lot)}`),
  bid: (row, room) => `stopped at up to ${room.show(row.amount_minor)}`, // the buyer pays what the clock showed
  falls: (_row, lot) => (lot.units_left === lot.units ? "Passed: nobody has taken it." : `The clock ends: ${taken(lot)}.`),

  accepted(done, _minor, room) {
    const { units, amount_minor: amount } = done.accepted.own;
    const has = units === 1 ? "1 unit" : `${units} units in all`;
    return `Sold: ${whom(done, room)} has ${has} for ${room.show(amount)}.${numbered(done)}`;
  },

  reopening(lot, _spec, digits) {
    const check = (value) => (parsed(value, digits) === null ? "Type one of the prices of its clock, such as 80." : "");
    return {
      field: { name: "price", label: "From which price does the clock go on", kind: "amount", value: typed(lot.price_minor, digits), check },
      means: (given) => ({ price_minor: parsed(given.price, digits) }),
    };
  },
};

const FORMATS = { english, dutch, sealed };

/** Return the format of a lot. */
export function formatOf(lot) {
  return FORMATS[lot.format] ?? english;
}

function forMinutes() {
  const ms = (value) => Math.round(Number(value) * MINUTE_MS);
  const check = (value) => (ms(value) >= 1 && ms(value) <= MINUTES_MAX * MINUTE_MS ? "" : "Type a number of minutes, at most a year.");
  return {
    field: { name: "minutes", label: "For how many minutes", value: "2", kind: "number", check },
    means: (given) => ({ for_ms: ms(given.minutes) }),
  };
}

function taken(lot) {
  return `${lot.units - lot.units_left} of ${lot.units} sold`;
}

function whom(done, room) {
  return `paddle ${room.name(done.paddle, done.name)}`;
}

function numbered(done) {
  return done.number ? ` It is bid ${done.number}.` : "";
}
