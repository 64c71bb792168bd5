// Amounts that people type, as whole minor units. One that can be read in two ways is refused, not guessed.

export const FAR_ABOVE_TIMES = 10;
/** The largest amount that the house takes. */
const AMOUNT_MINOR_MAX = 1e15;

/** Return the minor units of a typed amount; null if it is not one, or can be read in two ways. */
export function parsed(typed, digits) {
  const plain = typed.trim().replace(/[\s'’_\u00a0\u202f]/g, "");
  const match = /^(\d+|\d{1,3}(?:([.,])\d{3})+)(?:([.,])(\d*))?$/.exec(plain);
  if (!match) return null;
  const [, whole, group, mark, fraction = ""] = match;
  if (group && group === mark) return null;
  const isOne = plain.split(/[.,]/).length === 2;
  if (isOne && /[.,]\d{3}$/.test(plain) && digits !== 0) return null;
  if (fraction.length > digits) return null;
  const minor = Number(whole.replace(/[.,]/g, "") + fraction.padEnd(digits, "0"));
  return minor > 0 && minor <= AMOUNT_MINOR_MAX ? minor : null;
}

/** Return an amount as it can be typed and parsed again, such as 1250.50. */
export function typed(minor, digits) {
  const text = String(minor).padStart(digits + 1, "0");
  if (!digits) return text;
  const [whole, fraction] = [text.slice(0, -digits), text.slice(-digits)];
  return Number(fraction) ? `${whole}.${fraction}` : whole;
}

/** Return whether an amount is far above both the least and the high estimate: it may be a slip of a finger. */
export function isFarAbove(minor, least_minor, estimate_high_minor) {
  return minor >= FAR_ABOVE_TIMES * Math.max(least_minor, estimate_high_minor ?? 0);
}
