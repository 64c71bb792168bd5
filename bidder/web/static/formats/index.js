// What phone and board show and do for each format of a lot. Only this file lists the formats.
//
// A format has: `own` (the bidder's position), `lockKey` (what must not change under a finger), `price`, `standing`,
// `details` and `rule` (what a lot says), `actions` (what the buttons do), `accepted` (a verdict in words), and
// `board` (what the projector shows).

import { dutch } from "./dutch.js";
import { english } from "./english.js";
import { sealed } from "./sealed.js";

const FORMATS = { english, dutch, sealed };

/** Return the format of a lot. */
export function formatOf(lot) {
  return FORMATS[lot.format] ?? english;
}
