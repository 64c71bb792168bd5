"""Bids that are left before a lot opens, checked before they leave."""

from bidder.core.requests import check_amount, check_offer
from common.absentee import LeaveBidRequest


def leave_bid_request(
    request_id: int, lot: str, amount_minor: int | None, *, if_seq: int | None = None
) -> LeaveBidRequest:
    """Return the request that leaves a bid, or without an amount takes it back.

    Raises UsageError for arguments that no house accepts.
    """
    check_offer(request_id, lot, if_seq)
    if amount_minor is not None:
        check_amount("amount", amount_minor)
    return LeaveBidRequest(id=request_id, lot=lot, amount_minor=amount_minor, if_seq=if_seq)
