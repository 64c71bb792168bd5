// At which stage of its sale a lot is.

/** Return whether bids on a lot count, or will when it goes on. */
export function isUp(lot) {
  return lot?.status === "open" || lot?.status === "paused";
}

/** Return whether a lot is over. */
export function isOver(lot) {
  return ["sold", "passed", "withdrawn"].includes(lot?.status);
}
