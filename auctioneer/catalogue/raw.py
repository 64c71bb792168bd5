"""A catalogue's parts as the readers of TOML and of spreadsheets pass them on: their values are not yet read."""

from collections.abc import Callable

from msgspec import Struct

from auctioneer.catalogue.faults import Place
from common.money import DecimalMark


class RawLot(Struct, frozen=True):
    """One lot's fields by key, not yet read, and their place in the file.

    `is_sound` is false if the row as a whole has a fault, so that its fields need not be read.
    """

    values: dict[str, object]
    line_of: Callable[[str], int | None]
    is_sound: bool = True


class Header(Struct, frozen=True, kw_only=True):
    """What the first row of a spreadsheet and its columns show.

    `columns` are its keys, `marks` the decimal mark that each column shows, and `currencies` the codes that the signs
    beside its amounts can mean.
    """

    place: Place
    columns: frozenset[str] = frozenset()
    marks: dict[str, DecimalMark] = {}
    currencies: frozenset[str] = frozenset()


class RawCatalogue(Struct, frozen=True, kw_only=True):
    """The parts of one file. `is_readable` is false if its shape is wrong; then a missing part is no further fault.

    `header` is the header of a spreadsheet, and None for another file.
    """

    file: Place
    sale: dict[str, object]
    sale_place: Place
    defaults: dict[str, object]
    defaults_place: Place
    lots: list[RawLot]
    is_readable: bool = True
    header: Header | None = None

    @classmethod
    def unreadable(cls, file: Place) -> "RawCatalogue":
        """Return the parts of a file that can't be read: none."""
        return cls(file=file, sale={}, sale_place=file, defaults={}, defaults_place=file, lots=[], is_readable=False)
