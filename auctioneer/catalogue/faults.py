"""What can be wrong in a catalogue and how it is told: all the faults at once, each with its place and its cure.

`Faults` collects while a catalogue is read, so that nobody mends one line only to hear of the next.
"""

import difflib
from collections.abc import Callable, Collection, Iterable
from datetime import date, time
from typing import Final

from msgspec import Struct

from common.errors import UsageError

FAULTS_MAX: Final = 1000
"""Faults that are kept and shown; further ones are only counted."""

_QUOTED_CHARS_MAX: Final = 48
_OTHER_WORDS: Final = {
    "lot": "number",
    "id": "number",
    "name": "title",
    "price": "starting_price",
    "start": "starting_price",
    "minimum": "starting_price",
    "step": "increment",
    "increments": "increment",
    "buy_it_now": "buy_now",
    "opening": "opens",
    "picture": "image",
    "photo": "image",
    "anti_sniping": "soft_close",
    "lots": "lot",
}
"""Words that people use for a key, too far from it in letters to be found by likeness."""


class Fault(Struct, frozen=True, kw_only=True):
    """One thing that is wrong. `lot`, `field` and `file` are empty, and `line` is None, where there is none to name.

    `line` counts from 1. `reason` is a sentence that says what is wrong and what would be right.
    """

    file: str = ""
    lot: str = ""
    field: str = ""
    reason: str
    line: int | None = None


class CatalogueError(UsageError):
    """A catalogue, or lots to add, with faults: nothing was started or added.

    `faults` has the first FAULTS_MAX of them, `found` is how many there are. As text it is `format_faults`.
    """

    code = "catalogue"

    def __init__(self, faults: Iterable[Fault], found: int | None = None) -> None:
        self.faults = tuple(faults)
        self.found = len(self.faults) if found is None else found
        super().__init__(self.faults, self.found)

    def __str__(self) -> str:
        return format_faults(self)


def format_faults(error: CatalogueError) -> str:
    """Return the faults for a terminal, one on a line, such as `a.toml:41, lot 7, reserve: 80.00 is below ...`."""
    lines = [_format_fault(fault) for fault in error.faults]
    if error.found > len(lines):
        lines.append(f"... and {error.found - len(lines)} more.")
    return "\n".join(lines)


def _format_fault(fault: Fault) -> str:
    file = f"{fault.file}:{fault.line}" if fault.file and fault.line else fault.file
    place = ", ".join(part for part in (file, fault.lot and f"lot {fault.lot}", fault.field) if part)
    return f"{place}: {fault.reason}" if place else fault.reason


def _no_line(_field: str) -> int | None:
    return None


class Place(Struct, frozen=True, kw_only=True):
    """A part of a file whose fields can be at fault: the sale, the defaults, or one lot.

    `prefix` stands before the fields' names; `line_of` finds a field's line when a fault needs it. `is_flat`: fields
    have no parts here, so `soft_close.window` is called `soft_close_window`.
    """

    file: str
    lot: str = ""
    prefix: str = ""
    line_of: Callable[[str], int | None] = _no_line
    is_flat: bool = False


class Faults:
    """Collects what is found wrong; bounded, so that a hopeless file costs no memory."""

    def __init__(self) -> None:
        self._kept: list[Fault] = []
        self._found = 0

    def add(self, place: Place, field: str, reason: str) -> None:
        """Note that `field` (empty: the place as a whole) is at fault."""
        self._found += 1
        if len(self._kept) < FAULTS_MAX:
            name = field.replace(".", "_") if place.is_flat else place.prefix + field
            self._kept.append(
                Fault(file=place.file, lot=place.lot, field=name, reason=reason, line=place.line_of(field))
            )

    def extend(self, error: CatalogueError) -> None:
        """Note what another part of the catalogue was refused for."""
        self._kept.extend(error.faults[: FAULTS_MAX - len(self._kept)])
        self._found += error.found

    def raise_any(self) -> None:
        """Raise CatalogueError if anything was noted."""
        if self._found:
            raise CatalogueError(self._kept, self._found)


def quoted(value: object) -> str:
    """Return a value as a fault may show it: short, with nothing in it that could steer a terminal."""
    if isinstance(value, str):
        return repr(value) if len(value) <= _QUOTED_CHARS_MAX else f"{value[:_QUOTED_CHARS_MAX]!r}..."
    kinds = ((bool, "true or false"), (list, "a list"), (dict, "a table"), ((date, time), "a date or time"))
    return next((name for kind, name in kinds if isinstance(value, kind)), "a number")


def unknown_key(key: str, known: Collection[str]) -> str:
    """Return the reason for a key that does not exist here, with the one that was probably meant."""
    word = _OTHER_WORDS.get(key, "")
    likely = [word] if word in known else difflib.get_close_matches(key[:_QUOTED_CHARS_MAX], known, n=1)
    if likely:
        return f"There is no {quoted(key)}; did you mean {likely[0]!r}?"
    return f"There is no {quoted(key)}; there are {', '.join(sorted(known))}."
