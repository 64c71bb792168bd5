"""Durations as people write them, `90s` or `1d 2h`, and back; inside the program they are whole milliseconds."""

import re
from typing import Final

from common.limits import DURATION_MS_MAX

_UNITS: Final = (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1))
"""The units as they are printed, longest first, in milliseconds."""
_WORDS: Final = {
    "d": ("day", "days"),
    "h": ("hour", "hours"),
    "m": ("min", "minute", "minutes"),
    "s": ("sec", "second", "seconds"),
    "ms": ("millisecond", "milliseconds"),
}
_UNIT_MS: Final = {word: unit_ms for unit, unit_ms in _UNITS for word in (unit, *_WORDS[unit])}
_PART: Final = re.compile(r"\s*(\d{1,15})\s*([a-z]+)\s*", re.ASCII)
_CHARS_MAX: Final = 100


class DurationError(ValueError):
    """A text that is not a duration; the message says why and gives an example of one."""


def parse_duration(text: str) -> int:
    """Return the milliseconds of `text`, such as `90s`, `2m30s`, `1h`, `1d 2h` or `500ms`; 0 to 366 days.

    The units are d, h, m, s and ms or their English words, each at most once, longest first.
    Raises DurationError for anything else, such as a number without a unit, a sign or a fraction.
    """
    if len(text) > _CHARS_MAX:
        raise DurationError("This text is too long for a duration; write one as 90s, 2m30s or 1h.")
    folded, position, total_ms, last_ms = text.casefold(), 0, 0, DURATION_MS_MAX
    while position < len(folded) or not position:
        part = _PART.match(folded, position)
        unit_ms = _UNIT_MS.get(part[2]) if part else None
        if part is None or unit_ms is None:
            raise DurationError(f"{text!r} is not a duration; write it as 90s, 2m30s, 1h or 1d 2h.")
        if unit_ms >= last_ms:
            raise DurationError(f"{text!r} must name each unit once, the longest first, as in 1d 2h 30m.")
        total_ms += int(part[1]) * unit_ms
        last_ms, position = unit_ms, part.end()
    if total_ms > DURATION_MS_MAX:
        raise DurationError(f"{text!r} is longer than the longest duration, {format_duration(DURATION_MS_MAX)}.")
    return total_ms


def format_duration(duration_ms: int) -> str:
    """Return a duration as text, such as `1d 2h` or `0s`; `parse_duration` reads it back exactly.

    Raises ValueError if `duration_ms` is negative.
    """
    if duration_ms < 0:
        raise ValueError(f"a duration can't be negative: {duration_ms}")
    parts, rest_ms = [], duration_ms
    for unit, unit_ms in _UNITS:
        count, rest_ms = divmod(rest_ms, unit_ms)
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts) or "0s"
