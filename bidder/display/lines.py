"""Lines for a person, their emphasis, and the form of a time in them."""

from enum import Enum
from typing import Final, NamedTuple

_UNITS: Final = (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000))


class Tone(Enum):
    """The emphasis of a line."""

    PLAIN = "plain"
    GOOD = "good"
    BAD = "bad"
    NOTE = "note"


class Line(NamedTuple):
    """A line for a person."""

    text: str
    tone: Tone = Tone.PLAIN


def time_left(remaining_ms: int) -> str:
    """Return the time left in whole seconds, by its two largest units, such as `2d 3h` or `45s`."""
    parts: list[str] = []
    rest_ms = remaining_ms
    for unit, unit_ms in _UNITS:
        count, rest_ms = divmod(rest_ms, unit_ms)
        if count or parts:
            parts.append(f"{count}{unit}")
    return " ".join(part for part in parts[:2] if not part.startswith("0")) or "0s"
