"""Checks of the application's requests before they leave: an error raises UsageError and costs no round trip."""

from typing import TypeGuard

from common.errors import UsageError
from common.limits import AMOUNT_MINOR_MAX, INTEGER_MAX
from common.lot_numbers import is_valid_lot


def check_timeout(timeout_ms: object) -> None:
    """Raise UsageError unless this is a time to wait, in milliseconds."""
    if not _is_whole(timeout_ms) or timeout_ms < 0:
        raise UsageError(f"A time-out is a whole number of milliseconds, not {timeout_ms!r}.")


def check_offer(request_id: object, lot: object, if_seq: object) -> None:
    """Raise UsageError unless an offer can have these values in the fields that all offers share."""
    if not _is_whole(request_id) or not 1 <= request_id <= INTEGER_MAX:
        raise UsageError(f"A request id is a whole number from 1 to {INTEGER_MAX}, not {request_id!r}.")
    if not isinstance(lot, str) or not is_valid_lot(lot):
        raise UsageError(f"{lot!r} is not a lot number, which is a text. List the lots to see theirs.")
    check_condition("if_seq", if_seq)


def check_amount(what: str, amount_minor: object) -> None:
    """Raise UsageError unless this is an amount of money, in minor units."""
    if not _is_whole(amount_minor):
        raise UsageError(
            f"The {what} must be a whole number of minor units, not {amount_minor!r}; "
            "client.sale.currency.parse(text) makes one."
        )
    if not 1 <= amount_minor <= AMOUNT_MINOR_MAX:
        raise UsageError(f"The {what} must be from 1 to {AMOUNT_MINOR_MAX} minor units, not {amount_minor}.")


def check_count(what: str, count: object, count_max: int) -> None:
    """Raise UsageError unless this is a whole number from 1 to `count_max`."""
    if not _is_whole(count) or not 1 <= count <= count_max:
        raise UsageError(f"The number of {what} must be from 1 to {count_max}, not {count!r}.")


def check_condition(name: str, value: object) -> None:
    """Raise UsageError unless this is None or a number that a condition can name."""
    if value is not None and (not _is_whole(value) or not 0 <= value <= INTEGER_MAX):
        raise UsageError(f"`{name}` must be a whole number from 0 to {INTEGER_MAX}, not {value!r}.")


def _is_whole(value: object) -> TypeGuard[int]:
    """Return whether this is a whole number. True and False do not count, though Python takes them for numbers."""
    return isinstance(value, int) and not isinstance(value, bool)
