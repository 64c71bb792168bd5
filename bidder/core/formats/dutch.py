"""Offers for Dutch lots, checked before they leave."""

from bidder.core.requests import check_amount, check_count, check_offer
from common.formats.dutch import StopRequest
from common.limits import UNITS_MAX


def stop_request(
    request_id: int, lot: str, price_minor: int, units: int = 1, *, if_seq: int | None = None
) -> StopRequest:
    """Return a stop of the clock. Raises UsageError for arguments that no house accepts."""
    check_offer(request_id, lot, if_seq)
    check_amount("price", price_minor)
    check_count("units", units, UNITS_MAX)
    return StopRequest(id=request_id, lot=lot, price_minor=price_minor, units=units, if_seq=if_seq)
