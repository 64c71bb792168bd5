"""The content of a file that a person made: what kind it is, its bytes, and their text in any encoding of Excel's."""

import re
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import Final

from auctioneer.catalogue.faults import CatalogueError, Fault, Faults, quoted

CATALOGUE_BYTES_MAX: Final = 64 * 1024 * 1024
ReadFile = Callable[[str], bytes]
"""Returns the content of another file that a catalogue names, or raises CatalogueError."""
_UTF_16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")


class CatalogueKind(Enum):
    """The kind of file that holds a catalogue; the values are the endings of file names."""

    TOML = ".toml"
    CSV = ".csv"
    XLSX = ".xlsx"

    @property
    def is_sheet(self) -> bool:
        """Whether it is only a table of lots."""
        return self is not CatalogueKind.TOML


def read_file(path: Path) -> bytes:
    """Return the content of a file. Raises CatalogueError if it can't be read or is too large."""
    try:
        with path.open("rb") as file:
            content = file.read(CATALOGUE_BYTES_MAX + 1)
    except FileNotFoundError as error:
        raise CatalogueError([Fault(file=str(path), reason="There is no such file.")]) from error
    except (OSError, ValueError) as error:  # ValueError: a name with a NUL in it
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise CatalogueError([Fault(file=str(path), reason=f"It can't be read: {reason}.")]) from error
    if len(content) > CATALOGUE_BYTES_MAX:
        limit = f"{CATALOGUE_BYTES_MAX // 2**20} MiB"
        raise CatalogueError([Fault(file=str(path), reason=f"It is larger than {limit}, the most for a catalogue.")])
    return content


def decoded(content: bytes, name: str, kind: CatalogueKind, faults: Faults) -> str:
    """Return the text of a file in UTF-8; a spreadsheet may also be in the other two encodings that Excel writes.

    Raises CatalogueError if it is in none of them.
    """
    if kind.is_sheet and content.startswith(_UTF_16_MARKS):
        try:
            return content.decode("utf-16")
        except UnicodeDecodeError as error:
            raise CatalogueError([Fault(file=name, reason="It begins as UTF-16 and is not; save it again.")]) from error
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        reason = "It is not in UTF-8; save it with that encoding (in a spreadsheet: CSV UTF-8)."
        fault = CatalogueError([Fault(file=name, line=line, reason=reason)])
        if not kind.is_sheet:
            raise fault from error
    try:
        text = content.decode("cp1252")
    except UnicodeDecodeError as error:
        raise fault from error
    shown = next((word for word in re.findall(r"[^\W\d_]+", text) if not word.isascii()), None)
    example = f" such as {quoted(shown)}" if shown else ""
    faults.note(
        name, f"It is not in UTF-8, so it is read as Windows-1252. Check that words with accents{example} are right."
    )
    return text
