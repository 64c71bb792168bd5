"""A catalogue's parts as a file holds them, not yet read: what the TOML and the CSV reader both hand on."""

from collections.abc import Callable

from msgspec import Struct

from auctioneer.catalogue.faults import Place


class RawLot(Struct, frozen=True):
    """One lot's fields by key, unread, and where each stands."""

    values: dict[str, object]
    line_of: Callable[[str], int | None]


class RawCatalogue(Struct, frozen=True, kw_only=True):
    """The parts of one file. `is_readable` is false where its syntax is wrong, so that nothing is missed in it."""

    file: Place
    sale: dict[str, object]
    sale_place: Place
    defaults: dict[str, object]
    defaults_place: Place
    lots: list[RawLot]
    is_readable: bool = True

    @classmethod
    def unreadable(cls, file: Place) -> "RawCatalogue":
        """Return what is left of a file that can't be read."""
        return cls(file=file, sale={}, sale_place=file, defaults={}, defaults_place=file, lots=[], is_readable=False)
