"""Answers of a bidder who is asked whether its bid stands, checked before they leave."""

from bidder.core.requests import check_offer
from common.confirming import ConfirmRequest
from common.lot import LotView


def confirm_request(request_id: int, lot: str, *, stands: bool, if_seq: int | None = None) -> ConfirmRequest:
    """Return the request that says whether the bidder stands by its bid. Raises UsageError as `check_offer` does."""
    check_offer(request_id, lot, if_seq)
    return ConfirmRequest(id=request_id, lot=lot, stands=stands, if_seq=if_seq)


def seen_seq(view: LotView | None, request_id: int | None) -> int | None:
    """Return the seq of the lot as the bidder sees it, on which an answer depends.

    None for the repeat of an earlier answer, which has an id: a repeat must be the same request, and the seq that it
    depended on is long past.
    """
    return view.seq if view is not None and request_id is None else None
