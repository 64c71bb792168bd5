"""Bids and purchases are checked before anything is sent."""

import pytest

from bidder.core.formats.english import bid_request, buy_request
from common.errors import UsageError
from common.limits import AMOUNT_MINOR_MAX, INTEGER_MAX


def test_a_request_at_the_bounds_is_made() -> None:
    assert bid_request(1, "1", 1, AMOUNT_MINOR_MAX).maximum_minor == AMOUNT_MINOR_MAX
    assert bid_request(INTEGER_MAX, "1" * 16, None, 1).amount_minor is None
    assert buy_request(1, "1", AMOUNT_MINOR_MAX).price_minor == AMOUNT_MINOR_MAX


@pytest.mark.parametrize(
    ("request_id", "lot", "amount_minor", "maximum_minor", "match"),
    [
        (1, "1", None, None, "an amount, a maximum"),
        (1, "1", 0, None, "The amount must be"),
        (1, "1", AMOUNT_MINOR_MAX + 1, None, "The amount must be"),
        (1, "1", None, -5, "The maximum must be"),
        (1, "1", 200, 100, "below"),
        (0, "1", 100, None, "request id"),
        (INTEGER_MAX + 1, "1", 100, None, "request id"),
        (1, "", 100, None, "not a lot number"),
        (1, "x" * 17, 100, None, "not a lot number"),
    ],
)
def test_a_slip_is_refused_before_anything_is_sent(
    request_id: int, lot: str, amount_minor: int | None, maximum_minor: int | None, match: str
) -> None:
    with pytest.raises(UsageError, match=match):
        bid_request(request_id, lot, amount_minor, maximum_minor)


def test_a_purchase_is_checked_too() -> None:
    with pytest.raises(UsageError, match="The price must be"):
        buy_request(1, "1", 0)
