"""House bids: what the house bids for the seller on an English lot, so that the bidding reaches the reserve.

Source: the conditions of live houses, by which the auctioneer may bid for the seller below the reserve; and the law
that such a right must be announced before the bidding (United States: Uniform Commercial Code 2-328(4); United Kingdom:
Sale of Goods Act 1979, section 57). `docs/rules.md` restates it:

- only where the lot's public terms say so (`house_bids`), which needs a reserve;
- openly, by the rules of any open bid, so never against itself, and below the reserve;
- the lot is never sold to the house: while it leads, the reserve is not met.
"""

from collections.abc import Iterator

from common.errors import RejectCode
from common.formats import AnyOffer
from common.formats.english import BidRequest, EnglishTerms
from common.the_house import HOUSE_PADDLE


def why_not(terms: EnglishTerms, reserve_minor: int | None, offer: AnyOffer) -> RejectCode | None:
    """Return why the house may not make this offer, whatever else was bid; None if it may."""
    if not terms.house_bids or reserve_minor is None or not isinstance(offer, BidRequest):
        return RejectCode.NO_HOUSE_BIDS
    if offer.amount_minor is None or offer.maximum_minor is not None or offer.while_connected:
        return RejectCode.NO_HOUSE_BIDS
    return RejectCode.HOUSE_BID_TOO_HIGH if offer.amount_minor >= reserve_minor else None


def faults(
    terms: EnglishTerms, reserve_minor: int | None, leader: int, price_minor: int, maximum_minor: int
) -> Iterator[str]:
    """Yield what can't be true of a lot that this leader leads."""
    if leader != HOUSE_PADDLE:
        return
    if not terms.house_bids or reserve_minor is None or price_minor >= reserve_minor:
        yield "the house leads where it may not"
    if maximum_minor != price_minor:
        yield "the house has a maximum"
