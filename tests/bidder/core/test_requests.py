"""What all offers share is checked before anything is sent."""

import pytest

from bidder.core.requests import check_amount, check_offer, check_timeout
from common.errors import UsageError
from common.limits import AMOUNT_MINOR_MAX, INTEGER_MAX


@pytest.mark.parametrize(
    ("request_id", "lot", "if_seq", "match"),
    [
        (0, "1", None, "request id"),
        (True, "1", None, "request id"),
        (1, 1, None, "not a lot number"),
        (1, "1", -1, "`if_seq` must be"),
        (1, "1", INTEGER_MAX + 1, "`if_seq` must be"),
    ],
)
def test_a_slip_in_what_all_offers_share_is_refused(
    request_id: object, lot: object, if_seq: object, match: str
) -> None:
    with pytest.raises(UsageError, match=match):
        check_offer(request_id, lot, if_seq)


@pytest.mark.parametrize("amount", [0, -5, AMOUNT_MINOR_MAX + 1, "100", 100.5, True])
def test_what_is_no_amount_is_refused(amount: object) -> None:
    with pytest.raises(UsageError, match="The amount must be"):
        check_amount("amount", amount)


@pytest.mark.parametrize("timeout", [-1, 1.5, "7", None, True])
def test_what_is_no_time_to_wait_is_refused(timeout: object) -> None:
    with pytest.raises(UsageError, match="time-out"):
        check_timeout(timeout)
