// Amounts as people type and read them, always whole minor units. One that can be read in two ways is refused, not
// guessed.

export const FAR_ABOVE_TIMES = 10;
/** The largest amount that the house takes. */
const AMOUNT_MINOR_MAX = 1e15;

/** A number whose thousands may be separated, and its decimals. */
const NUMBER = /^(\d+|\d{1,3}(?:([.,'_ ])\d{3})(?:\2\d{3})*)(?:([.,])(\d+))?$/;

/**
 * Return the minor units of a typed amount; null if it is not one, or can be read in two ways. It is read as the house
 * reads amounts (`common/money.py`): a point marks decimals, and a comma before three digits may mean either.
 */
export function parsed(typed, digits) {
  const match = NUMBER.exec(typed.trim().replace(/[\u00a0\u2007\u2009\u202f]/g, " ").replace(/’/g, "'"));
  if (!match) return null;
  const [, whole, group, mark, fraction = ""] = match;
  if (group && group === mark) return null;
  const mayBeThousands = mark === "," && fraction.length === 3 && whole.length <= 3 && !group && whole[0] !== "0";
  if (mayBeThousands && digits) return null;
  if (fraction.length > digits && !mayBeThousands) return null;
  const minor = Number(whole.replace(/\D/g, "") + fraction.padEnd(digits, "0"));
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

/** Return an amount for people, in the language of `locale`; an empty text for none. */
export function shown(minor, { code, digits }, locale) {
  if (minor === null || minor === undefined) return "";
  const amount = minor / 10 ** digits;
  const decimals = { minimumFractionDigits: digits, maximumFractionDigits: digits, trailingZeroDisplay: "stripIfInteger" };
  try {
    return new Intl.NumberFormat(locale, { style: "currency", currency: code, ...decimals }).format(amount);
  } catch {
    return `${code} ${new Intl.NumberFormat(locale, decimals).format(amount)}`.trim();
  }
}
