"""The faults of a catalogue: all of them at once, each with its place and how to correct it.

`Faults` collects them while a catalogue is read, so that nobody corrects one line only to hear of the next.
"""

import difflib
import re
from collections.abc import Callable, Collection, Iterable
from datetime import date, time, timedelta
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from auctioneer.catalogue.words import likely_key
from common.errors import UsageError

FAULTS_MAX: Final = 1000
"""The most faults that are kept and shown; further ones are only counted."""

_QUOTED_CHARS_MAX: Final = 48
ROWS_SHOWN_MAX: Final = 5
"""The most rows that are named if they all have the same fault."""
_VALUES: Final = re.compile(r"""'[^']*'|"[^"]*"|\d[\d.,]*""")
"""The values in a reason; two rows have the same fault if their reasons differ only in these."""


class Fault(Struct, frozen=True, kw_only=True):
    """One thing that is wrong. `lot`, `field` and `file` are empty, and `line` is None, if they are not known.

    `line` counts from 1. `reason` is a sentence that says what is wrong and what would be right. If a column of a
    spreadsheet is wrong in many rows, this is the first of them; `more` counts the others, and `rows` has the lines of
    the first few others.
    """

    file: str = ""
    lot: str = ""
    field: str = ""
    reason: str
    line: int | None = None
    more: int = 0
    rows: tuple[int, ...] = ()


class CatalogueError(UsageError):
    """A catalogue, lots to add, or a list of people, with faults: nothing was started or added.

    `faults` has the first FAULTS_MAX faults, and `found` is the number of all. Its text comes from `format_faults`.
    """

    code = "catalogue"

    def __init__(self, faults: Iterable[Fault], found: int | None = None) -> None:
        self.faults = tuple(faults)
        self.found = len(self.faults) if found is None else found
        super().__init__(self.faults, self.found)

    @property
    def lines(self) -> tuple[str, ...]:
        """The faults, one per line."""
        return tuple(format_faults(self).split("\n"))

    def __str__(self) -> str:
        return format_faults(self)


def format_faults(error: CatalogueError) -> str:
    """Return the faults for a terminal, one per line, such as `a.toml:41, lot 7, reserve: 80.00 is below ...`."""
    lines = [_format_fault(fault) for fault in error.faults]
    if error.found > len(lines):
        lines.append(f"... and {error.found - len(lines)} more.")
    return "\n".join(lines)


def _format_fault(fault: Fault) -> str:
    file = f"{fault.file}:{fault.line}" if fault.file and fault.line else fault.file
    place = ", ".join(part for part in (file, fault.lot and f"lot {fault.lot}", fault.field) if part)
    return f"{place}: {fault.reason}{_others(fault)}" if place else fault.reason


def _others(fault: Fault) -> str:
    if not fault.more:
        return ""
    listed = ", ".join(map(str, fault.rows)) + (", ..." if fault.more > len(fault.rows) else "")
    return f" The same in {fault.more:,} more row{'s' if fault.more > 1 else ''}: {listed}"


def _no_line(_field: str) -> int | None:
    return None


class Place(Struct, frozen=True, kw_only=True):
    """A part of a file whose fields can have faults: the sale, the defaults, or one lot.

    `prefix` comes before the names of the fields; `line_of` finds the line of a field when a fault needs it. With
    `is_flat` fields have no parts, so `soft_close.window` is called `soft_close_window`.
    """

    file: str
    lot: str = ""
    prefix: str = ""
    line_of: Callable[[str], int | None] = _no_line
    is_flat: bool = False


class Faults:
    """Collects faults, within a bound, so that a hopeless file costs no memory.

    The same fault in several rows of a spreadsheet counts as one. `notices` has sentences that a person should know
    although they are about no fault.
    """

    def __init__(self) -> None:
        self._kept: list[Fault] = []
        self._found = 0
        self._alike: dict[tuple[str, str, str], tuple[int, int]] = {}  # index of first, line of last
        self.notices: list[str] = []

    def add(self, place: Place, field: str, reason: str, *, is_alone: bool = False) -> None:
        """Note a fault of `field`, or of the whole place if it is empty. `is_alone`: it is no fault of the column."""
        name = field.replace(".", "_") if place.is_flat else place.prefix + field
        fault = Fault(file=place.file, lot=place.lot, field=name, reason=reason, line=place.line_of(field))
        if not (place.is_flat and fault.line and not is_alone and self._is_added_to_one_alike(fault, fault.line)):
            self._keep(fault)

    def note(self, file: str, sentence: str) -> None:
        """Note a sentence about a file that a person should know, although it is about no fault."""
        self.notices.append(f"{file}: {sentence}")

    def _keep(self, fault: Fault) -> None:
        self._found += 1
        if len(self._kept) < FAULTS_MAX:
            self._kept.append(fault)

    def _is_added_to_one_alike(self, fault: Fault, line: int) -> bool:
        key = (fault.file, fault.field, _VALUES.sub("", fault.reason))
        index, last_line = self._alike.get(key, (None, 0))
        if index is None:
            if len(self._kept) < FAULTS_MAX:
                self._alike[key] = (len(self._kept), line)
            return False
        if last_line == line:
            return False  # several faults in one row are all shown
        first = self._kept[index]
        rows = (*first.rows, line) if len(first.rows) < ROWS_SHOWN_MAX else first.rows
        self._kept[index] = replace(first, more=first.more + 1, rows=rows)
        self._alike[key] = (index, line)
        return True

    def extend(self, error: CatalogueError) -> None:
        """Add the faults for which another part of the catalogue was refused."""
        self._kept.extend(error.faults[: FAULTS_MAX - len(self._kept)])
        self._found += error.found

    @property
    def has_any(self) -> bool:
        """Whether anything was noted."""
        return self._found > 0

    def raise_any(self) -> None:
        """Raise CatalogueError if anything was noted."""
        if self._found:
            raise CatalogueError(self._kept, self._found)


def quoted(value: object) -> str:
    """Return a value as a fault may show it: short, and with nothing that could steer a terminal."""
    if isinstance(value, str):
        return repr(value) if len(value) <= _QUOTED_CHARS_MAX else f"{value[:_QUOTED_CHARS_MAX]!r}..."
    kinds = ((bool, "true or false"), (list, "a list"), (dict, "a table"), ((date, time, timedelta), "a date or time"))
    return next((name for kind, name in kinds if isinstance(value, kind)), "a number")


def likely_known(key: str, known: Collection[str]) -> str | None:
    """Return the known key that was probably meant by one that does not exist; None if none is similar."""
    word = likely_key(key)
    if word is not None and word in known:
        return word
    return next(iter(difflib.get_close_matches(key[:_QUOTED_CHARS_MAX], known, n=1)), None)


def unknown_key(key: str, known: Collection[str]) -> str:
    """Return the reason for a key that does not exist here, with the one that was probably meant."""
    likely = likely_known(key, known)
    if likely is not None:
        return f"There is no {quoted(key)}; did you mean {likely!r}?"
    return f"There is no {quoted(key)}; there are {', '.join(sorted(known))}."
