// Times for people. All times are the house's; a phone's own clock is never asked.

/** Return what is left as m:ss or h:mm:ss, rounded up, so that 0:00 means over. */
export function left(remaining_ms) {
  const seconds = Math.ceil(Math.max(0, remaining_ms) / 1000);
  const minutes = Math.floor(seconds / 60);
  const ss = String(seconds % 60).padStart(2, "0");
  if (minutes < 60) return `${minutes}:${ss}`;
  const hours = Math.floor(minutes / 60);
  if (hours >= 48) return `${Math.floor(hours / 24)} d ${hours % 24} h`;
  return `${hours}:${String(minutes % 60).padStart(2, "0")}:${ss}`;
}

/** Return the time of day of a moment, with its day unless it is within twelve hours of `now_ms`. */
export function clock(at_ms, now_ms, language) {
  const isNear = Math.abs(at_ms - now_ms) < 12 * 3600_000;
  const day = isNear ? {} : { weekday: "short", day: "numeric", month: "short" };
  return new Intl.DateTimeFormat(language, { ...day, hour: "numeric", minute: "2-digit" }).format(at_ms);
}
