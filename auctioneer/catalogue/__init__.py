"""Catalogues: a sale and its lots from TOML, or from a spreadsheet's CSV; `load` is the way in.

A file goes one way: `toml_text` or `csv_text` to `raw`, `fields` reads each value, `lots` and `sale` put the
defaults and the numbers in, `rules` says what is wrong, `faults` how it is told.
"""

from auctioneer.catalogue.csv_text import LOT_COLUMNS
from auctioneer.catalogue.faults import CatalogueError, Fault, format_faults
from auctioneer.catalogue.load import (
    CATALOGUE_BYTES_MAX,
    CatalogueKind,
    bundled_catalogue,
    load_catalogue,
    load_lots,
    lot_from_fields,
    parse_catalogue,
    parse_lots,
)

__all__ = [
    "CATALOGUE_BYTES_MAX",
    "LOT_COLUMNS",
    "CatalogueError",
    "CatalogueKind",
    "Fault",
    "bundled_catalogue",
    "format_faults",
    "load_catalogue",
    "load_lots",
    "lot_from_fields",
    "parse_catalogue",
    "parse_lots",
]
