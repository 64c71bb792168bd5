"""Which formats a catalogue knows, by the word after `format`: the only list of them here."""

from typing import Final

from auctioneer.catalogue.formats.dutch import Dutch
from auctioneer.catalogue.formats.english import English
from auctioneer.catalogue.formats.format import BiddingKey, CatalogueFormat
from auctioneer.catalogue.formats.sealed import Sealed
from common.formats import AnyTerms
from common.formats.sealed import Pays

FORMATS: Final[dict[str, CatalogueFormat]] = {
    "english": English(),
    "sealed": Sealed("A sealed lot", Pays.OWN_OFFER),
    "vickrey": Sealed("A Vickrey lot", Pays.SECOND_OFFER),
    "dutch": Dutch(),
}
"""By the word in a catalogue."""

DEFAULT_FORMAT: Final = "english"
"""The format of a lot if the catalogue does not say it."""

BIDDING_KEYS: Final[dict[str, BiddingKey]] = {
    key: meaning for form in FORMATS.values() for key, meaning in form.keys.items()
}
"""The keys of all formats."""


def format_of(terms: AnyTerms) -> CatalogueFormat:
    """Return the format that has such terms."""
    return next(form for form in FORMATS.values() if form.has(terms))
