"""Answers of a bidder who is asked whether its bid stands, checked before they leave."""

from bidder.core.requests import check_offer
from common.confirming import ConfirmRequest


def confirm_request(request_id: int, lot: str, *, stands: bool, if_seq: int | None = None) -> ConfirmRequest:
    """Return the request that says whether the bidder stands by its bid. Raises UsageError as `check_offer` does."""
    check_offer(request_id, lot, if_seq)
    return ConfirmRequest(id=request_id, lot=lot, stands=stands, if_seq=if_seq)
