"""Catalogues: a sale and its lots from TOML, or from a spreadsheet as CSV or Excel's file; `load` is the way in.

A file goes one way: `toml_text` to `raw`, or `csv_text` or `xlsx` by way of `sheet`; `fields` reads each value, `lots`
and `sale` put the defaults and the numbers in, `rules` says what is wrong, `faults` how it is told. `words` knows what
people call the columns.
"""

from auctioneer.catalogue.faults import CatalogueError, Fault, format_faults
from auctioneer.catalogue.load import (
    CATALOGUE_BYTES_MAX,
    CatalogueKind,
    RunningSale,
    Tell,
    bundled_catalogue,
    load_catalogue,
    load_lots,
    lot_from_fields,
    parse_catalogue,
    parse_lots,
    tell_nobody,
)
from auctioneer.catalogue.sheet import LOT_COLUMNS

__all__ = [
    "CATALOGUE_BYTES_MAX",
    "LOT_COLUMNS",
    "CatalogueError",
    "CatalogueKind",
    "Fault",
    "RunningSale",
    "Tell",
    "bundled_catalogue",
    "format_faults",
    "load_catalogue",
    "load_lots",
    "lot_from_fields",
    "parse_catalogue",
    "parse_lots",
    "tell_nobody",
]
