"""A catalogue's parts as a file holds them, not yet read: what the readers of TOML and of spreadsheets hand on."""

from collections.abc import Callable

from msgspec import Struct

from auctioneer.catalogue.faults import Place
from common.money import DecimalMark


class RawLot(Struct, frozen=True):
    """One lot's fields by key, unread, and where each stands.

    `is_sound` is false where a row is at fault as a whole, so that its fields are not worth a look.
    """

    values: dict[str, object]
    line_of: Callable[[str], int | None]
    is_sound: bool = True


class Header(Struct, frozen=True, kw_only=True):
    """What the first row of a spreadsheet tells, and its columns together.

    `columns` are the keys that it has, `marks` what each shows of the mark before the decimals, `currencies` the codes
    that the signs beside its amounts can mean.
    """

    place: Place
    columns: frozenset[str] = frozenset()
    marks: dict[str, DecimalMark] = {}
    currencies: frozenset[str] = frozenset()


class RawCatalogue(Struct, frozen=True, kw_only=True):
    """The parts of one file. `is_readable` is false where its shape is wrong, so that nothing is missed in it.

    `header` is that of a spreadsheet; None: the file is not one.
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
        """Return what is left of a file that can't be read."""
        return cls(file=file, sale={}, sale_place=file, defaults={}, defaults_place=file, lots=[], is_readable=False)
