// Sealed lots: each bidder makes one secret offer, and may replace or withdraw it until the close.

import { locale, words as w } from "../words/index.js";
import { clock } from "../times.js";

function own(lot, me) {
  return me?.sealed?.find((one) => one.lot === lot.lot && one.offer_minor) ?? null;
}

export const sealed = {
  own,

  lockKey: (lot) => lot.minimum_minor,

  price: (lot) => ({ label: w.leastOffer, minor: lot.minimum_minor ?? lot.starting_minor, isLeast: true }),

  standing(lot, me, show) {
    const position = own(lot, me);
    if (position) return { text: w.yourOffer(show(position.offer_minor)), tone: "good" };
    return { text: lot.status === "open" && me ? w.noOffer : w.sealedOffers, tone: "" };
  },

  details: (lot) => [lot.offers === null ? w.secret : w.offers(lot.offers), lot.has_reserve ? w.reserve.has : ""],

  rule: (lot) => w.pays[lot.pays] ?? "",

  actions(lot, me) {
    if (lot.status === "scheduled") return { main: { label: w.opensNext, isDisabled: true } };
    const sheet = { kind: "seal", least_minor: lot.minimum_minor };
    if (!own(lot, me)) return { main: { label: w.seal, sheet } };
    return {
      main: { label: w.reseal, sheet },
      other: { label: w.unseal, request: { do: "unseal" }, ask: w.ask.unseal(lot.lot), yes: w.yes.back },
    };
  },

  accepted(verdict, show) {
    return { text: verdict.do === "unseal" ? w.accepted.unseal : w.accepted.seal(show(verdict.offer_minor)), tone: "good" };
  },

  board(lot, show, now_ms) {
    return {
      label: w.sealedOffers,
      words: lot.status === "scheduled" ? w.sealedOffers : lot.ends_at_ms === null ? w.secret : w.secretUntil(clock(lot.ends_at_ms, now_ms, locale)),
      who: "",
      asked: w.least(show(lot.minimum_minor ?? lot.starting_minor)),
      isSealed: true,
    };
  },
};
