"""Catalogues: a sale and its lots from TOML, or its lots from a spreadsheet's CSV, or lots to add to a running sale.

A wrong catalogue is refused before anything starts, with all its faults at once (`CatalogueError`). The functions
on text are pure; those on paths only read. `docs/catalogue.md` has every key.
"""

from collections.abc import Callable, Collection, Mapping
from enum import Enum
from importlib.resources import files
from pathlib import Path
from typing import Final

from auctioneer.catalogue.csv_text import LOT_COLUMNS, nest_soft_close, read_csv
from auctioneer.catalogue.faults import CatalogueError, Fault, Faults, Place, quoted, unknown_key
from auctioneer.catalogue.lots import Listing, list_lots, read_defaults
from auctioneer.catalogue.raw import RawCatalogue, RawLot
from auctioneer.catalogue.sale import Settings
from auctioneer.catalogue.toml_text import read_toml
from auctioneer.terms import LotSpec, SaleSpec
from common.money import Currency

CATALOGUE_BYTES_MAX: Final = 64 * 1024 * 1024

ReadLotsFile = Callable[[str], str]
"""Returns the text of the file that `lots_file` names, or raises CatalogueError."""


class CatalogueKind(Enum):
    """How a catalogue is written; the values are the endings of file names."""

    TOML = ".toml"
    CSV = ".csv"


# --- a whole sale ----------------------------------------------------------------------------------------------------


def load_catalogue(path: Path) -> SaleSpec:
    """Read the catalogue at `path`, whose name ends in `.toml` or `.csv`. Raises CatalogueError with every fault."""
    kind = _kind(path)
    return parse_catalogue(_read(path), str(path), kind, _beside(path))


def bundled_catalogue(name: str) -> SaleSpec:
    """Return a catalogue that ships with the program, `example` or `demo`. Raises CatalogueError for another name."""
    folder = files("auctioneer.catalogue") / "bundled"
    names = sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))
    if name not in names:
        raise CatalogueError([Fault(reason=f"There is no catalogue {quoted(name)}; there are {', '.join(names)}.")])
    text = (folder / f"{name}.toml").read_text(encoding="utf-8")
    return parse_catalogue(text, f"{name}.toml", CatalogueKind.TOML)


def parse_catalogue(text: str, name: str, kind: CatalogueKind, read_lots_file: ReadLotsFile | None = None) -> SaleSpec:
    """Read a catalogue's text. `name` is what faults call the file; without its ending it is a CSV sale's title.

    Without `read_lots_file` a `lots_file` is a fault. Raises CatalogueError with every fault.
    """
    faults = Faults()
    raw = _raw(text, name, kind, faults)
    if kind is CatalogueKind.CSV:
        raw.sale["title"] = Path(name).stem or "Sale"
    settings = Settings(raw, faults, is_running=False)
    title, currency, ends_after_last_lot = settings.title(), settings.currency(), settings.ends_after_last_lot()
    lots = _lots(raw, settings, currency, frozenset(), read_lots_file, faults)
    if raw.is_readable and not raw.lots and "lots_file" not in raw.sale:
        if kind is CatalogueKind.CSV:
            faults.add(raw.file, "", "It has no lots; each row after the first is one.")
        elif ends_after_last_lot:
            faults.add(raw.sale_place, "ends", "There are no lots, so the sale would end at once; add some as [[lot]].")
    faults.raise_any()
    return SaleSpec(title, currency, lots, ends_after_last_lot)


# --- lots for a running sale -----------------------------------------------------------------------------------------


def load_lots(path: Path, currency: Currency, known_lots: Collection[str]) -> tuple[LotSpec, ...]:
    """Read more lots for a running sale from the file of a catalogue. Raises CatalogueError with every fault."""
    kind = _kind(path)
    return parse_lots(_read(path), str(path), kind, currency, known_lots, _beside(path))


def parse_lots(
    text: str,
    name: str,
    kind: CatalogueKind,
    currency: Currency,
    known_lots: Collection[str],
    read_lots_file: ReadLotsFile | None = None,
) -> tuple[LotSpec, ...]:
    """Read more lots for a running sale from a catalogue's text; `known_lots` are the numbers that are taken.

    A lot without a number gets the next whole one. A currency, where given, must be the sale's; a title or an end of
    the sale is a fault. Raises CatalogueError with every fault.
    """
    faults = Faults()
    raw = _raw(text, name, kind, faults)
    settings = Settings(raw, faults, is_running=True)
    settings.same_currency(currency)
    lots = _lots(raw, settings, currency, frozenset(known_lots), read_lots_file, faults)
    if raw.is_readable and not raw.lots and "lots_file" not in raw.sale:
        faults.add(raw.file, "", "It has no lots to add.")
    faults.raise_any()
    return lots


def lot_from_fields(fields: Mapping[str, str], currency: Currency, known_lots: Collection[str]) -> LotSpec:
    """Return one more lot for a running sale from the command line's texts, by the names in LOT_COLUMNS.

    Raises CatalogueError with every fault; none has a file.
    """
    faults = Faults()
    place = Place(file="", is_flat=True)
    for key in fields.keys() - LOT_COLUMNS:
        faults.add(place, key, unknown_key(key, LOT_COLUMNS))
    values = nest_soft_close({key: value for key, value in fields.items() if key in LOT_COLUMNS})
    raw = RawLot(values=values, line_of=place.line_of)
    lots = list_lots(Listing(file=place, lots=[raw], currency=currency, known_lots=frozenset(known_lots)), faults)
    faults.raise_any()
    return lots[0]


# --- the parts of a file ---------------------------------------------------------------------------------------------


def _raw(text: str, name: str, kind: CatalogueKind, faults: Faults) -> RawCatalogue:
    read = read_toml if kind is CatalogueKind.TOML else read_csv
    return read(text.removeprefix("\ufeff"), name, faults)


def _lots(
    raw: RawCatalogue,
    settings: Settings,
    currency: Currency,
    known_lots: frozenset[str],
    read_lots_file: ReadLotsFile | None,
    faults: Faults,
) -> tuple[LotSpec, ...]:
    defaults = read_defaults(raw.defaults, currency, raw.defaults_place, faults)
    order, file, lots, lots_file = settings.order(), raw.file, raw.lots, settings.lots_file()
    if lots_file is not None:
        sheet = _sheet(raw.sale_place, lots_file, read_lots_file, faults)
        Settings(sheet, faults, is_running=True).same_currency(currency)
        file, lots = sheet.file, sheet.lots
    listing = Listing(file=file, lots=lots, currency=currency, defaults=defaults, order=order, known_lots=known_lots)
    return list_lots(listing, faults)


def _sheet(place: Place, lots_file: str, read_lots_file: ReadLotsFile | None, faults: Faults) -> RawCatalogue:
    """Return the parts of the CSV that a TOML catalogue names for its lots."""
    nothing = RawCatalogue.unreadable(Place(file=lots_file))
    if read_lots_file is None:
        faults.add(place, "lots_file", "Another file can't be read from here; write the lots as [[lot]].")
        return nothing
    try:
        text = read_lots_file(lots_file)
    except CatalogueError as error:
        faults.extend(error)
        return nothing
    sheet = _raw(text, lots_file, CatalogueKind.CSV, faults)
    if sheet.is_readable and not sheet.lots:
        faults.add(sheet.file, "", "It has no lots; each row after the first is one.")
    return sheet


# --- the disk --------------------------------------------------------------------------------------------------------


def _kind(path: Path) -> CatalogueKind:
    for kind in CatalogueKind:
        if path.suffix.lower() == kind.value:
            return kind
    raise CatalogueError(
        [Fault(file=str(path), reason="A catalogue's name ends in .toml or .csv; rename or export it.")]
    )


def _beside(path: Path) -> ReadLotsFile:
    return lambda lots_file: _read(path.parent / lots_file)


def _read(path: Path) -> str:
    """Return the text of a file in UTF-8. Raises CatalogueError when it can't be read as such."""
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
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        reason = "It is not in UTF-8; save it with that encoding (in a spreadsheet: CSV UTF-8)."
        raise CatalogueError([Fault(file=str(path), line=line, reason=reason)]) from error
