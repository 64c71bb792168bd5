"""Catalogues: a sale and its lots from TOML, or from a spreadsheet (CSV or Excel). Callers use `load`.

A file is read in steps. `toml_text` makes the raw parts (`raw`); for a spreadsheet `csv_text` or `xlsx` makes rows, and
`sheet` makes raw parts of them. `keys` knows the keys of a lot and `formats` those of each format; `fields` reads each
value, and `lots` and `sale` add defaults and numbers. `rules` finds what is wrong, and `faults` puts it into words.
`words` knows the names that people give to columns. `pace` makes a catalogue shorter for a rehearsal. `content` reads
files. `people` reads a list of people, who get paddles, by the same steps.
"""

from auctioneer.catalogue.content import CATALOGUE_BYTES_MAX, CatalogueKind
from auctioneer.catalogue.faults import CatalogueError, Fault, format_faults
from auctioneer.catalogue.formats.table import BIDDING_KEYS, DEFAULT_FORMAT, FORMATS
from auctioneer.catalogue.load import (
    RunningSale,
    Tell,
    bundled_catalogue,
    changed_lot,
    load_catalogue,
    load_lots,
    lot_from_fields,
    parse_catalogue,
    parse_lots,
    tell_nobody,
)
from auctioneer.catalogue.pace import SPEED_MAX, at_speed, planned_ms, speed_max
from auctioneer.catalogue.sheet import LOT_COLUMNS

__all__ = [
    "BIDDING_KEYS",
    "CATALOGUE_BYTES_MAX",
    "DEFAULT_FORMAT",
    "FORMATS",
    "LOT_COLUMNS",
    "SPEED_MAX",
    "CatalogueError",
    "CatalogueKind",
    "Fault",
    "RunningSale",
    "Tell",
    "at_speed",
    "bundled_catalogue",
    "changed_lot",
    "format_faults",
    "load_catalogue",
    "load_lots",
    "lot_from_fields",
    "parse_catalogue",
    "parse_lots",
    "planned_ms",
    "speed_max",
    "tell_nobody",
]
