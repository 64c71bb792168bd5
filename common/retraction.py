"""A bid that its bidder takes back, on the wire.

`docs/rules.md` has the rules. `auctioneer.rules.retractions` decides by them.
"""

from common.wire import OfferRequest


class RetractRequest(OfferRequest, frozen=True, kw_only=True, tag="retract"):
    """Take back this bidder's last bid that counts on an English lot, in a sale that allows it."""
