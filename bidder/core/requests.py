"""Requests of the application, checked before they leave, so that a slip is a UsageError and costs no round trip."""

from typing import TypeGuard

from common.errors import UsageError
from common.limits import AMOUNT_MINOR_MAX, INTEGER_MAX
from common.lot_numbers import is_valid_lot
from common.messages import BidRequest, BuyRequest


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
    """Return a bid. Raises UsageError for what no house could take."""
    _check(request_id, lot)
    if amount_minor is None and maximum_minor is None:
        raise UsageError("A bid needs an amount, a maximum, or both.")
    if amount_minor is not None:
        _check_amount("amount", amount_minor)
    if maximum_minor is not None:
        _check_amount("maximum", maximum_minor)
    _check_condition("if_seq", if_seq)
    _check_condition("if_price_minor", if_price_minor)
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


def buy_request(request_id: int, lot: str, price_minor: int) -> BuyRequest:
    """Return a purchase at the buy-now price. Raises UsageError for what no house could take."""
    _check(request_id, lot)
    _check_amount("price", price_minor)
    return BuyRequest(id=request_id, lot=lot, price_minor=price_minor)


def check_timeout(timeout_ms: object) -> None:
    """Raise UsageError for what is not a time to wait."""
    if not _is_whole(timeout_ms) or timeout_ms < 0:
        raise UsageError(f"A time-out is a whole number of milliseconds, not {timeout_ms!r}.")


def _check(request_id: object, lot: object) -> None:
    if not _is_whole(request_id) or not 1 <= request_id <= INTEGER_MAX:
        raise UsageError(f"A request id is a whole number from 1 to {INTEGER_MAX}, not {request_id!r}.")
    if not isinstance(lot, str) or not is_valid_lot(lot):
        raise UsageError(f"{lot!r} is not a lot number, which is a text. List the lots to see theirs.")


def _check_amount(what: str, amount_minor: object) -> None:
    if not _is_whole(amount_minor):
        raise UsageError(
            f"The {what} must be a whole number of minor units, not {amount_minor!r}; "
            "client.sale.currency.parse(text) makes one."
        )
    if not 1 <= amount_minor <= AMOUNT_MINOR_MAX:
        raise UsageError(f"The {what} must be from 1 to {AMOUNT_MINOR_MAX} minor units, not {amount_minor}.")


def _check_condition(name: str, value: object) -> None:
    if value is not None and (not _is_whole(value) or not 0 <= value <= INTEGER_MAX):
        raise UsageError(f"`{name}` must be a whole number from 0 to {INTEGER_MAX}, not {value!r}.")


def _is_whole(value: object) -> TypeGuard[int]:
    """Return whether it is a whole number. True and False are, to Python, but nobody means them so."""
    return isinstance(value, int) and not isinstance(value, bool)
