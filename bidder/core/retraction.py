"""Retractions, checked before they leave."""

from bidder.core.requests import check_offer
from common.retraction import RetractRequest


def retract_request(request_id: int, lot: str, *, if_seq: int | None = None) -> RetractRequest:
    """Return the request that takes the bidder's last bid back. Raises UsageError as `check_offer` does."""
    check_offer(request_id, lot, if_seq)
    return RetractRequest(id=request_id, lot=lot, if_seq=if_seq)
