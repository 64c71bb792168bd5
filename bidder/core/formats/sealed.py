"""Offers for sealed lots, checked before they leave."""

from bidder.core.requests import check_amount, check_offer
from common.formats.sealed import SealRequest, UnsealRequest


def seal_request(request_id: int, lot: str, amount_minor: int, *, if_seq: int | None = None) -> SealRequest:
    """Return a sealed offer. Raises UsageError for arguments that no house accepts."""
    check_offer(request_id, lot, if_seq)
    check_amount("amount", amount_minor)
    return SealRequest(id=request_id, lot=lot, amount_minor=amount_minor, if_seq=if_seq)


def unseal_request(request_id: int, lot: str, *, if_seq: int | None = None) -> UnsealRequest:
    """Return the request that takes a sealed offer back. Raises UsageError for arguments that no house accepts."""
    check_offer(request_id, lot, if_seq)
    return UnsealRequest(id=request_id, lot=lot, if_seq=if_seq)
