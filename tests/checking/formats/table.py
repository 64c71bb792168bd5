"""The rules that a lot's terms name."""

from tests.checking.formats.bidding import Bidding, Body
from tests.checking.formats.dutch import DutchBidding
from tests.checking.formats.english import EnglishBidding
from tests.checking.formats.sealed import SealedBidding

_FORMATS = {"english": EnglishBidding, "sealed": SealedBidding, "dutch": DutchBidding}


def bidding_of(spec: Body) -> Bidding:
    """Return the bidding on a lot without offers; `spec` comes from the journal."""
    terms = spec["terms"]["format"]
    bidding: Bidding = _FORMATS[terms["format"]](terms, spec.get("reserve_minor"))
    return bidding
