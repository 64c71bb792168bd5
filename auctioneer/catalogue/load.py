"""Catalogues: a sale and its lots from TOML, or its lots from a spreadsheet, or lots to add to a running sale.

A wrong catalogue is refused before anything starts, with all its faults at once (`CatalogueError`). The functions
on text are pure; those on paths only read. `docs/catalogue.md` has every key.
"""

from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path

from msgspec import Struct

from auctioneer.catalogue.content import CatalogueKind, ReadFile, decoded, read_file
from auctioneer.catalogue.csv_text import csv_sheet
from auctioneer.catalogue.faults import CatalogueError, Fault, Faults, Place, quoted, unknown_key
from auctioneer.catalogue.lots import Defaults, Listing, list_lots, read_defaults, values_of
from auctioneer.catalogue.raw import RawCatalogue, RawLot
from auctioneer.catalogue.sale import Settings
from auctioneer.catalogue.sheet import LOT_COLUMNS, nest_soft_close, read_sheet
from auctioneer.catalogue.toml_text import read_toml
from auctioneer.catalogue.xlsx import read_xlsx
from auctioneer.rules.terms import LotDefaults, LotSpec, SaleSpec
from common.money import Currency

Tell = Callable[[str], None]
"""Tells a person something worth knowing about a catalogue that is no fault: a sentence, with the name of the file."""


def tell_nobody(_sentence: str) -> None:
    """Tell nobody, for a caller that does not want to know."""


# --- a whole sale ----------------------------------------------------------------------------------------------------


def load_catalogue(path: Path, tell: Tell = tell_nobody) -> SaleSpec:
    """Read the catalogue at `path`, whose name ends in `.toml`, `.csv` or `.xlsx`.

    `tell` gets sentences that a person should know of it. Raises CatalogueError with every fault.
    """
    kind = _kind(path)
    return parse_catalogue(read_file(path), str(path), kind, _beside(path), tell)


def bundled_catalogue(name: str) -> SaleSpec:
    """Return a catalogue that ships with the program, `example` or `demo`. Raises CatalogueError for another name."""
    folder = files("auctioneer.catalogue") / "bundled"
    names = sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))
    if name not in names:
        raise CatalogueError([Fault(reason=f"There is no catalogue {quoted(name)}; there are {', '.join(names)}.")])
    text = (folder / f"{name}.toml").read_text(encoding="utf-8")
    return parse_catalogue(text, f"{name}.toml", CatalogueKind.TOML)


def parse_catalogue(
    content: str | bytes,
    name: str,
    kind: CatalogueKind,
    read_other: ReadFile | None = None,
    tell: Tell = tell_nobody,
) -> SaleSpec:
    """Read a catalogue from the content of a file, as bytes or as text.

    `name` is the file's name in faults; without its ending it is the title of a spreadsheet's sale. Without
    `read_other` a `lots_file` and a `conditions_file` are faults. Raises CatalogueError with every fault.
    """
    faults = Faults()
    raw = _raw(content, name, kind, faults)
    if kind.is_sheet:
        raw.sale["title"] = Path(name).stem or "Sale"
    settings = Settings(raw, faults, is_running=False)
    title, currency, corrections = settings.title(), settings.currency(), settings.corrections()
    retractions = settings.retractions(corrections=corrections)
    revived_answer_ms = settings.revived_answer_ms(corrections=corrections)
    ends_after_last_lot = settings.ends_after_last_lot()
    defaults = _defaults(raw, settings, LotDefaults(), currency, faults)
    conditions = settings.conditions(read_other)
    lots = _lots(raw, settings, currency, defaults, frozenset(), read_other, faults)
    if raw.is_readable and not raw.lots and "lots_file" not in raw.sale:
        if kind.is_sheet:
            faults.add(raw.file, "", "It has no lots; each row after the first is one.")
        elif ends_after_last_lot:
            faults.add(raw.sale_place, "ends", "There are no lots, so the sale would end at once; add some as [[lot]].")
    _finish(faults, tell)
    lot_defaults = LotDefaults(defaults.order, defaults.values)
    return SaleSpec(
        title,
        currency,
        lots,
        ends_after_last_lot,
        corrections,
        lot_defaults,
        conditions,
        retractions,
        revived_answer_ms,
    )


# --- lots for a running sale -----------------------------------------------------------------------------------------


class RunningSale(Struct, frozen=True, kw_only=True):
    """What is known of the sale that lots should join: the lots' numbers in use, the defaults and the currency."""

    currency: Currency
    known_lots: frozenset[str] = frozenset()
    lot_defaults: LotDefaults = LotDefaults()


def load_lots(path: Path, sale: RunningSale, tell: Tell = tell_nobody) -> tuple[LotSpec, ...]:
    """Read more lots for a running sale from the file of a catalogue. Raises CatalogueError with every fault."""
    kind = _kind(path)
    return parse_lots(read_file(path), str(path), kind, sale, _beside(path), tell)


def parse_lots(
    content: str | bytes,
    name: str,
    kind: CatalogueKind,
    sale: RunningSale,
    read_other: ReadFile | None = None,
    tell: Tell = tell_nobody,
) -> tuple[LotSpec, ...]:
    """Read more lots for a running sale from a catalogue's content.

    A lot without a number gets the next whole number. A value comes from the lot, else from the file's defaults, else
    from the sale's. A currency, if given, must be the sale's; a title or an end of the sale is a fault. Raises
    CatalogueError with every fault.
    """
    faults = Faults()
    raw = _raw(content, name, kind, faults)
    settings = Settings(raw, faults, is_running=True)
    settings.same_currency(sale.currency)
    defaults = _defaults(raw, settings, sale.lot_defaults, sale.currency, faults)
    lots = _lots(raw, settings, sale.currency, defaults, sale.known_lots, read_other, faults)
    if raw.is_readable and not raw.lots and "lots_file" not in raw.sale:
        faults.add(raw.file, "", "It has no lots to add.")
    _finish(faults, tell)
    return lots


def lot_from_fields(fields: Mapping[str, str], sale: RunningSale) -> LotSpec:
    """Return one more lot for a running sale from the command line's texts, by the names in LOT_COLUMNS.

    Values that are not given are the sale's defaults. Raises CatalogueError with every fault; none has a file.
    """
    faults = Faults()
    place = Place(file="", is_flat=True)
    for key in fields.keys() - LOT_COLUMNS:
        faults.add(place, key, unknown_key(key, LOT_COLUMNS))
    values = nest_soft_close({key: value for key, value in fields.items() if key in LOT_COLUMNS})
    raw = RawLot(values=values, line_of=place.line_of)
    defaults = read_defaults({}, None, sale.lot_defaults, sale.currency, place, faults)
    listing = Listing(file=place, lots=[raw], currency=sale.currency, defaults=defaults, known_lots=sale.known_lots)
    lots = list_lots(listing, faults)
    faults.raise_any()
    return lots[0]


def changed_lot(spec: LotSpec, fields: Mapping[str, str], sale: RunningSale) -> LotSpec:
    """Return a lot of a running sale with some values replaced by texts, by the names in LOT_COLUMNS.

    Neither its number nor its format can change. Raises CatalogueError with every fault; none has a file.
    """
    fixed = {"number": "A lot keeps its number.", "format": "A lot keeps its format; withdraw it and add another."}
    faults = Faults()
    for key in fields.keys() & fixed.keys():
        faults.add(Place(file="", is_flat=True), key, fixed[key])
    faults.raise_any()
    others = sale.known_lots - {spec.terms.lot}
    as_it_is = RunningSale(currency=sale.currency, known_lots=others, lot_defaults=LotDefaults(values=values_of(spec)))
    return lot_from_fields({**fields, "number": spec.terms.lot}, as_it_is)


# --- the parts of a file ---------------------------------------------------------------------------------------------


def _finish(faults: Faults, tell: Tell) -> None:
    for sentence in faults.notices:
        tell(sentence)
    faults.raise_any()


def _raw(
    content: str | bytes, name: str, kind: CatalogueKind, faults: Faults, ignored: frozenset[str] = frozenset()
) -> RawCatalogue:
    try:
        if kind is CatalogueKind.XLSX:
            book = content.encode() if isinstance(content, str) else content
            return read_xlsx(book, name, faults, lambda sheet: read_sheet(sheet, faults), ignored)
        text = content if isinstance(content, str) else decoded(content, name, kind, faults)
    except CatalogueError as error:
        faults.extend(error)
        return RawCatalogue.unreadable(Place(file=name, is_flat=kind.is_sheet))
    text = text.removeprefix("\ufeff")
    if kind is CatalogueKind.TOML:
        return read_toml(text, name, faults)
    return read_sheet(csv_sheet(text, name, faults, ignored), faults)


def _defaults(raw: RawCatalogue, settings: Settings, sale: LotDefaults, currency: Currency, faults: Faults) -> Defaults:
    return read_defaults(raw.defaults, settings.order(), sale, currency, raw.defaults_place, faults)


def _lots(
    raw: RawCatalogue,
    settings: Settings,
    currency: Currency,
    defaults: Defaults,
    known_lots: frozenset[str],
    read_other: ReadFile | None,
    faults: Faults,
) -> tuple[LotSpec, ...]:
    lots_file, ignored = settings.lots_file(), settings.ignored_columns()
    if lots_file is not None:
        raw = _sheet(raw.sale_place, lots_file, ignored, read_other, faults)
        Settings(raw, faults, is_running=True).same_currency(currency)
    listing = Listing(
        file=raw.file,
        lots=raw.lots,
        currency=currency,
        defaults=defaults,
        known_lots=known_lots,
        header=raw.header,
    )
    return list_lots(listing, faults)


def _sheet(
    place: Place, lots_file: str, ignored: frozenset[str], read_other: ReadFile | None, faults: Faults
) -> RawCatalogue:
    """Return the parts of the spreadsheet that a TOML catalogue names for its lots."""
    nothing = RawCatalogue.unreadable(Place(file=lots_file))
    if read_other is None:
        faults.add(place, "lots_file", "Another file can't be read from here; write the lots as [[lot]].")
        return nothing
    try:
        content = read_other(lots_file)
    except CatalogueError as error:
        faults.extend(error)
        return nothing
    sheet = _raw(content, lots_file, _kind(Path(lots_file)), faults, ignored)
    if sheet.is_readable and not sheet.lots:
        faults.add(sheet.file, "", "It has no lots; each row after the first is one.")
    return sheet


# --- the disk --------------------------------------------------------------------------------------------------------


def _kind(path: Path) -> CatalogueKind:
    for kind in CatalogueKind:
        if path.suffix.lower() == kind.value:
            return kind
    raise CatalogueError(
        [Fault(file=str(path), reason="A catalogue's name ends in .toml, .csv or .xlsx; rename or export it.")]
    )


def _beside(path: Path) -> ReadFile:
    return lambda lots_file: read_file(path.parent / lots_file)
