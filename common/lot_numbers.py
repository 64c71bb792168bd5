"""Numbers of lots: which are allowed, and when two can't be told apart.

A number is called out, typed, and kept in spreadsheets, which turn 007 into 7 and 12.0 into 12. So two numbers with
the same `lot_key` are the same number, and none has a point. Each has a digit, so none is a word that means something
to a program.
"""

import re
from collections.abc import Iterable
from typing import Final

from common.limits import LOT_CHARS_MAX

_LOT: Final = re.compile(r"(?=[^0-9]*[0-9])[0-9A-Za-z]+(?:-[0-9A-Za-z]+)*")
_LEADING_ZEROS: Final = re.compile(r"(?<![0-9])0+(?=[0-9])")


def is_valid_lot(lot: str) -> bool:
    """Return whether `lot` can be a lot's number: 1 to 16 ASCII letters and digits, at least one digit, `-` between."""
    return len(lot) <= LOT_CHARS_MAX and _LOT.fullmatch(lot) is not None


def lot_key(lot: str) -> str:
    """Return a key that is the same for two numbers that can't be told apart, such as 12a and 12A, or 7 and 007."""
    return _LEADING_ZEROS.sub("", lot).lower()


def lot_meant(typed: str, lots: Iterable[str]) -> str:
    """Return the lot's number, as the house writes it, that a person meant; `typed` itself if no lot has it."""
    key = lot_key(typed)
    return next((lot for lot in lots if lot_key(lot) == key), typed)
