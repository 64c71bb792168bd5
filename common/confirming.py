"""The answer of a bidder who is asked whether its bid still stands, on the wire.

`docs/rules.md` has the rules. `auctioneer.rules.revivals` decides by them.
"""

from typing import Annotated

from msgspec import Meta

from common.wire import OfferRequest


class ConfirmRequest(OfferRequest, frozen=True, kw_only=True, tag="confirm"):
    """Say whether this bidder stands by its bid on a lot on which it is asked (`asked` of the lot)."""

    stands: Annotated[bool, Meta(description="whether the bid stands; if not, all bids of the bidder on it are void")]
