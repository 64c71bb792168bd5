// English lots: bids rise, the highest leads, and everybody sees the price.

import { words as w } from "../words/index.js";

/** Return what the bidder may know of its own position: its maximum while it leads, or the bid that it left. */
function own(lot, me) {
  if (!me) return null;
  if (lot.status === "scheduled") return me.left_bids?.find((one) => one.lot === lot.lot) ?? null;
  return lot.leader !== null && lot.leader === me.paddle ? me.leading?.find((one) => one.lot === lot.lot) ?? {} : null;
}

export const english = {
  own,

  /** The button locks after any move of the price: the amount under the finger is another one now. */
  lockKey: (lot) => lot.minimum_minor,

  price(lot) {
    if (lot.price_minor !== null) return { label: w.currentBid, minor: lot.price_minor };
    return { label: w.startingPrice, minor: lot.starting_minor };
  },

  standing(lot, me, show) {
    const position = own(lot, me);
    if (lot.status === "scheduled") return position ? { text: w.leftBid(show(position.maximum_minor)), tone: "good" } : { text: "", tone: "" };
    if (lot.leader === null) return { text: w.noBid, tone: "" };
    if (lot.asked !== null) return position ? { text: w.revived.you(show(lot.price_minor)), tone: "note" } : { text: w.revived.other(lot.asked), tone: "" };
    if (!position) return { text: w.leads(lot.leader), tone: "" };
    return { text: position.maximum_minor > lot.price_minor ? w.youLeadUpTo(show(position.maximum_minor)) : w.youLead, tone: "good" };
  },

  details(lot) {
    const reserve = lot.reserve_met === true ? w.reserve.met : lot.reserve_met === false && lot.bids ? w.reserve.notMet : w.reserve.has;
    return [lot.bids ? w.bids(lot.bids) : "", lot.has_reserve ? reserve : ""];
  },

  rule: () => "",

  actions(lot, me, show) {
    const position = own(lot, me);
    if (lot.status === "scheduled") {
      const sheet = { kind: "leave", least_minor: lot.minimum_minor };
      if (!position) return { main: { label: w.leaveBid, sheet } };
      return {
        main: { label: w.changeLeft, sheet },
        other: { label: w.takeBack, request: { do: "leave_bid", amount_minor: null }, ask: w.ask.unleave(lot.lot), yes: w.yes.back },
      };
    }
    const buy = lot.buy_now_minor === null ? undefined : {
      label: w.buyNow(show(lot.buy_now_minor)),
      request: { do: "buy", price_minor: lot.buy_now_minor },
      ask: w.ask.buy(show(lot.buy_now_minor), lot.lot),
      yes: w.yes.buy,
    };
    if (position) {
      const least_minor = Math.max(lot.price_minor, position.maximum_minor ?? 0) + 1;
      return { main: { label: w.youLead, isDisabled: true }, other: { label: w.raiseMaximum, sheet: { kind: "maximum", least_minor } }, buy };
    }
    return {
      main: {
        label: w.bid(show(lot.minimum_minor)),
        request: { do: "bid", amount_minor: lot.minimum_minor, if_price_minor: lot.price_minor ?? 0 },
        amount_minor: lot.minimum_minor,
        ask: w.ask.bid(show(lot.minimum_minor), lot.lot),
        yes: w.yes.bid,
      },
      other: { label: w.ownAmount, sheet: { kind: "bid", least_minor: lot.minimum_minor } },
      buy,
    };
  },

  accepted(verdict, show) {
    if (verdict.do === "confirm") return { text: verdict.leading ? w.accepted.confirmed(show(verdict.price_minor)) : w.accepted.declined, tone: "good" };
    if (verdict.do === "retract") return { text: w.accepted.retracted, tone: "good" };
    if (verdict.do === "leave_bid") return { text: verdict.maximum_minor ? w.accepted.left(show(verdict.maximum_minor)) : w.accepted.unleft, tone: "good" };
    if (verdict.bought) return { text: w.accepted.bought(show(verdict.price_minor)), tone: "good" };
    return verdict.leading ? { text: w.accepted.lead(show(verdict.price_minor)), tone: "good" } : { text: w.accepted.beaten(show(verdict.price_minor)), tone: "bad" };
  },

  board(lot, show) {
    if (lot.status === "scheduled") return { label: w.startingPrice, minor: lot.starting_minor, who: "", asked: "" };
    const isFirst = lot.price_minor === null;
    return {
      label: isFirst ? w.startingPrice : w.currentBid,
      minor: isFirst ? lot.starting_minor : lot.price_minor,
      who: isFirst ? w.noBid : w.paddle(lot.leader),
      asked: isFirst ? "" : lot.asked === null ? w.board.nextBid(show(lot.minimum_minor)) : w.board.isAsked,
    };
  },
};
