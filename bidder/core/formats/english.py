"""Offers for English lots, checked before they leave."""

from bidder.core.requests import check_amount, check_condition, check_offer
from common.errors import UsageError
from common.formats.english import BidRequest, BuyRequest
from common.wire import OfferRequest


def bid_request(
    request_id: int,
    lot: str,
    amount_minor: int | None = None,
    maximum_minor: int | None = None,
    *,
    if_seq: int | None = None,
    if_price_minor: int | None = None,
    while_connected: bool = False,
) -> BidRequest:
    """Return a bid. Raises UsageError for arguments that no house accepts."""
    check_offer(request_id, lot, if_seq)
    if amount_minor is None and maximum_minor is None:
        raise UsageError("A bid needs an amount, a maximum, or both.")
    if amount_minor is not None:
        check_amount("amount", amount_minor)
    if maximum_minor is not None:
        check_amount("maximum", maximum_minor)
    check_condition("if_price_minor", if_price_minor)
    if not isinstance(while_connected, bool):
        raise UsageError(f"`while_connected` must be True or False, not {while_connected!r}.")
    if amount_minor is not None and maximum_minor is not None and maximum_minor < amount_minor:
        raise UsageError("The maximum is below the amount that is bid openly.")
    return BidRequest(
        id=request_id,
        lot=lot,
        amount_minor=amount_minor,
        maximum_minor=maximum_minor,
        if_seq=if_seq,
        if_price_minor=if_price_minor,
        while_connected=while_connected,
    )


def buy_request(request_id: int, lot: str, price_minor: int, *, if_seq: int | None = None) -> BuyRequest:
    """Return a purchase at the buy-now price. Raises UsageError for arguments that no house accepts."""
    check_offer(request_id, lot, if_seq)
    check_amount("price", price_minor)
    return BuyRequest(id=request_id, lot=lot, price_minor=price_minor, if_seq=if_seq)


def ends_with_silence(offer: OfferRequest) -> bool:
    """Return whether the house may end a part of the offer when it hears nothing from the bidder."""
    return isinstance(offer, BidRequest) and offer.while_connected
