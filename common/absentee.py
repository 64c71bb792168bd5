"""Bids that are left before a lot opens (absentee bids), on the wire. They are the same in all formats.

`docs/rules.md` has the rules. `auctioneer.rules.absentee` decides by them.
"""

from typing import Annotated

from msgspec import Meta

from common.wire import Amount, OfferRequest


class LeaveBidRequest(OfferRequest, frozen=True, kw_only=True, tag="leave_bid"):
    """Leave a bid for a lot that is not open yet, in place of an earlier one of this bidder, or take it back.

    Nobody else learns of it. When the lot opens it becomes a maximum, or on a sealed lot a sealed offer.
    """

    amount_minor: Annotated[
        Amount | None, Meta(description="the most that the bidder would pay; nil: the bid is taken back")
    ] = None
