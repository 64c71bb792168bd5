// Sentences about a lot and about verdicts that several parts of the phone show.

import { locale, words as w } from "../words/index.js";
import { clock, left } from "../times.js";
import { formatOf } from "../formats/index.js";

/** A lot that opens sooner than this has a countdown; a later one the time of day. */
const COUNTED_MS = 3600_000;

export const isOver = (lot) => lot.status === "sold" || lot.status === "passed" || lot.status === "withdrawn";

/** Return what a bidder has of a lot that is over, or has to pay for it; null for nothing. */
export function resultOf(lot, me) {
  return me ? lot.results?.find((one) => one.paddle === me.paddle) ?? null : null;
}

/** Return the outcome of a lot that is over: its words, its tone, and what was paid. */
export function outcome(lot, me, show) {
  if (lot.status === "withdrawn") return { text: w.withdrawn(lot.reason), tone: "" };
  if (lot.status === "passed") return { text: w.notSold, tone: "" };
  const buyers = lot.results.filter((one) => one.units);
  const sum_minor = lot.results.reduce((sum, one) => sum + one.amount_minor, 0);
  const own = resultOf(lot, me);
  if (own?.units) return { text: w.soldToYou(show(own.amount_minor)), tone: "good", minor: own.amount_minor };
  if (buyers.length === 1) return { text: w.soldTo(buyers[0].paddle, show(buyers[0].amount_minor)), tone: "", minor: buyers[0].amount_minor };
  return { text: w.soldShared(buyers.length, show(sum_minor)), tone: "", minor: sum_minor };
}

/** Return the time on a lot's clock, and what it is. */
export function timeOf(lot, sale) {
  if (isOver(lot)) return { label: w.over, time: "–", remaining_ms: null };
  if (lot.status === "scheduled") {
    if (lot.opens_at_ms === null) return { label: w.notOpen, time: "–", remaining_ms: null };
    const until_ms = lot.opens_at_ms - sale.nowMs();
    return { label: w.opens, time: until_ms < COUNTED_MS ? left(until_ms) : clock(lot.opens_at_ms, sale.nowMs(), locale), remaining_ms: null };
  }
  if (lot.asked !== null) {
    const time = lot.answer_until_ms === null ? "–" : left(lot.answer_until_ms - sale.nowMs());
    return { label: w.revived.time, time, remaining_ms: null };
  }
  const remaining_ms = sale.remainingMs(lot);
  if (lot.status === "paused" || sale.connection.state === "frozen") return { label: w.still, time: remaining_ms === null ? "–" : left(remaining_ms), remaining_ms: null };
  if (remaining_ms === null) return { label: w.byHand, time: "–", remaining_ms };
  return { label: w.timeLeft, time: left(remaining_ms), remaining_ms };
}

/** Return the house's verdict as a sentence with its tone. */
export function verdictText(verdict, lot, show) {
  if (verdict.status === "accepted") return formatOf(lot).accepted(verdict, show);
  if (verdict.status === "unknown") return { text: w.unknown, tone: "bad" };
  if (verdict.late_ms !== null && verdict.late_ms !== undefined) {
    const seconds = new Intl.NumberFormat(locale, { maximumFractionDigits: 3 }).format(verdict.late_ms / 1000);
    return { text: w.late(seconds), tone: "bad" };
  }
  return { text: w.refused(w.reasons[verdict.code] ?? verdict.message ?? ""), tone: "bad" };
}

/** Return how many lots come before a scheduled one and it: 1 for the next; null if it is not scheduled. */
export function distance(sale, number) {
  if (sale.lots.get(number)?.status !== "scheduled") return null;
  let count = 0;
  for (const other of sale.order) {
    if (sale.lots.get(other)?.status === "scheduled") count += 1;
    if (other === number) return count;
  }
  return null;
}
