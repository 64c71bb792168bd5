"""The orders of a bidder that attends a sale, typed (`bid 3 120`) or in JSON (`{"bid": {"lot": "3", ...}}`).

Both forms become the same orders. A mistake raises UsageError, which says what would be right. No function here asks
the house.
"""

import re
from typing import Any, Final

import msgspec

from bidder.display.formats import display_of
from common.errors import UsageError
from common.lot import LotView, SaleView
from common.lot_numbers import is_valid_lot
from common.money import AmountError, Currency

_HELP: Final = """\
bid LOT AMOUNT               bid openly: bid 3 120
bid LOT AMOUNT up-to AMOUNT  bid openly, with a secret maximum: bid 3 120 up-to 200
max LOT AMOUNT               bid as little as leads, up to a secret maximum: max 3 200
buy LOT                      buy at the buy-now price
seal LOT AMOUNT              make a sealed offer, or replace yours: seal 3 80
unseal LOT                   take your sealed offer back
stop LOT                     stop a falling price, and take a unit at what the clock shows: stop 3
stop LOT AMOUNT xUNITS       take so many units, if the clock shows that amount or less: stop 3 9000 x2
leave-bid LOT AMOUNT         leave a bid for a lot that is not open yet: leave-bid 7 200
leave-bid LOT back           take the bid that you left back
retract LOT                  take your last bid back, while there is time
confirm LOT                  your bid stands, where the house asks; with `no` it does not: confirm 3 no
lots                         how all lots stand
lot LOT                      all about one lot
mine                         what you lead and what you won
follow LOT,LOT | own | all   show the changes of these lots only: follow 3,7
yes                          bid what you were asked about
quit                         leave; your bids stay"""


def help_lines(sale: SaleView) -> list[str]:
    """Return the help, which lists all typed orders that the sale takes."""
    return [line for line in _HELP.splitlines() if sale.retractions or not line.startswith("retract ")]


class BidOrder(msgspec.Struct, frozen=True):
    """Bid openly, by a maximum, or both. Amounts are in the form in which they were written."""

    lot: str
    amount: str | None = None
    maximum: str | None = None
    if_price: str | None = None
    request_id: int | None = None


class BuyOrder(msgspec.Struct, frozen=True):
    """Buy at the buy-now price, or only at the written price if there is one."""

    lot: str
    price: str | None = None
    request_id: int | None = None


class SealOrder(msgspec.Struct, frozen=True):
    """Make a sealed offer. The amount is in the form in which it was written."""

    lot: str
    amount: str
    request_id: int | None = None


class UnsealOrder(msgspec.Struct, frozen=True):
    """Take the sealed offer back."""

    lot: str
    request_id: int | None = None


class StopOrder(msgspec.Struct, frozen=True):
    """Take units of a Dutch lot at the price on its clock, but at most at the written price if there is one."""

    lot: str
    price: str | None = None
    units: int = 1
    request_id: int | None = None


class LeaveBidOrder(msgspec.Struct, frozen=True):
    """Leave a bid for a lot that is not open yet, or without an amount take it back."""

    lot: str
    amount: str | None = None
    request_id: int | None = None


class RetractOrder(msgspec.Struct, frozen=True):
    """Take the bidder's last bid on an English lot back."""

    lot: str
    request_id: int | None = None


class ConfirmOrder(msgspec.Struct, frozen=True):
    """Say whether the bidder stands by its bid on a lot on which it is asked."""

    lot: str
    stands: bool = True
    request_id: int | None = None


class LotOrder(msgspec.Struct, frozen=True):
    """Show all about one lot."""

    lot: str


class LotsOrder(msgspec.Struct, frozen=True):
    """Show all lots."""


class MineOrder(msgspec.Struct, frozen=True):
    """Show the bidder's maxima and wins."""


class HelpOrder(msgspec.Struct, frozen=True):
    """Show the help."""


class YesOrder(msgspec.Struct, frozen=True):
    """Send the offer that got a warning."""


class QuitOrder(msgspec.Struct, frozen=True):
    """Leave."""


class FollowOrder(msgspec.Struct, frozen=True):
    """Show only the changes of these lots: by number, or `OWN`, or `ALL`."""

    lots: tuple[str, ...]

    def __str__(self) -> str:
        return ",".join(self.lots)


ALL: Final = FollowOrder(("all",))
OWN: Final = FollowOrder(("own",))

OfferOrder = BidOrder | BuyOrder | SealOrder | UnsealOrder | StopOrder | LeaveBidOrder | RetractOrder | ConfirmOrder
"""An order that becomes an offer and has a verdict."""
Order = OfferOrder | LotOrder | LotsOrder | MineOrder | FollowOrder | HelpOrder | YesOrder | QuitOrder

_WORDS: Final[dict[str, Order]] = {
    "lots": LotsOrder(),
    "mine": MineOrder(),
    "help": HelpOrder(),
    "?": HelpOrder(),
    "yes": YesOrder(),
    "quit": QuitOrder(),
    "exit": QuitOrder(),
}
_EXAMPLES: Final = {
    "bid": "bid 3 120",
    "max": "max 3 200",
    "buy": "buy 3",
    "seal": "seal 3 80",
    "unseal": "unseal 3",
    "stop": "stop 3",
    "leave-bid": "leave-bid 3 80",
    "retract": "retract 3",
    "confirm": "confirm 3",
    "lot": "lot 3",
}
_UP_TO: Final = "up-to"
_UNITS: Final = re.compile(r"[xX]([0-9]{1,9})", re.ASCII)


def typed_order(line: str) -> Order | None:
    """Return the order in a typed line; None for an empty line. Raises UsageError."""
    words = line.split()
    if not words:
        return None
    verb, rest = words[0].casefold(), words[1:]
    if verb in _WORDS:
        if rest:
            raise UsageError(f"`{verb}` takes nothing after it.")
        return _WORDS[verb]
    match verb, rest:
        case "follow", [_, *_]:
            return parsed_choice(" ".join(rest))
        case "follow", []:
            raise UsageError("Say which lots to follow, as in `follow 3,7`, `follow own` or `follow all`.")
        case "lot", [lot]:
            return LotOrder(_lot(lot))
    order = _typed_offer(verb, rest)
    if order is not None:
        return order
    if verb in _EXAMPLES:
        raise UsageError(f"`{verb}` needs the number of a lot, as in `{_EXAMPLES[verb]}`; `lots` lists them.")
    raise UsageError(f"{words[0]!r} is not a command here. Type `help` to see them.")


def _typed_offer(verb: str, rest: list[str]) -> OfferOrder | None:
    match verb, rest:
        case "buy", [lot]:
            return BuyOrder(_lot(lot))
        case "unseal", [lot]:
            return UnsealOrder(_lot(lot))
        case "retract", [lot]:
            return RetractOrder(_lot(lot))
        case "stop", [lot, *price, units] if (count := _UNITS.fullmatch(units)) is not None:
            return StopOrder(_lot(lot), " ".join(price) or None, int(count[1]))
        case "stop", [lot, *price]:
            return StopOrder(_lot(lot), " ".join(price) or None)
        case "seal", [lot, *amounts]:
            return SealOrder(_lot(lot), _amount(verb, amounts, lot))
        case "leave-bid", [lot, "back"]:
            return LeaveBidOrder(_lot(lot))
        case "leave-bid", [lot, *amounts]:
            return LeaveBidOrder(_lot(lot), _amount(verb, amounts, lot))
        case "bid", [lot, *amounts] if _UP_TO in amounts:
            middle = amounts.index(_UP_TO)
            return BidOrder(_lot(lot), _amount(verb, amounts[:middle], lot), _amount(verb, amounts[middle + 1 :], lot))
        case "bid", [lot, *amounts]:
            return BidOrder(_lot(lot), amount=_amount(verb, amounts, lot))
        case "max", [lot, *amounts]:
            return BidOrder(_lot(lot), maximum=_amount(verb, amounts, lot))
        case _:
            return _typed_answer(verb, rest)


def _typed_answer(verb: str, rest: list[str]) -> ConfirmOrder | None:
    match verb, rest:
        case "confirm", [lot]:
            return ConfirmOrder(_lot(lot))
        case "confirm", [lot, "yes" | "no" as word]:
            return ConfirmOrder(_lot(lot), word == "yes")
        case _:
            return None


def parsed_choice(text: str) -> FollowOrder:
    """Return the lots to follow: `own`, `all`, or numbers between commas or spaces. Raises UsageError."""
    words = text.replace(",", " ").split()
    if [word.casefold() for word in words] in (["all"], ["own"]):
        return FollowOrder((words[0].casefold(),))
    if not words:
        raise UsageError("No lot is named. Say `own`, `all`, or numbers such as 3,7.")
    return FollowOrder(tuple(map(_lot, words)))


def _lot(word: str) -> str:
    if not is_valid_lot(word):
        raise UsageError(f"{word!r} is not a lot's number; `lots` lists them.")
    return word


def _amount(verb: str, words: list[str], lot: str) -> str:
    if not words:
        raise UsageError(f"Say how much, as in `{verb} {lot} 120`; `lots` shows the least that you can bid.")
    return " ".join(words)


# --- JSON -----------------------------------------------------------------------------------------------------------


class _JsonBid(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    lot: str
    amount: str
    up_to: str | None = None
    if_price: str | None = None
    request_id: int | None = None


class _JsonMaximum(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    lot: str
    amount: str
    if_price: str | None = None
    request_id: int | None = None


class _JsonBuy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    lot: str
    price: str | None = None
    request_id: int | None = None


class _JsonSeal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    lot: str
    amount: str
    request_id: int | None = None


class _JsonUnseal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    lot: str
    request_id: int | None = None


class _JsonStop(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    lot: str
    price: str | None = None
    units: int = 1
    request_id: int | None = None


class _JsonLeaveBid(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    lot: str
    amount: str | None = None
    request_id: int | None = None


class _JsonRetract(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    lot: str
    request_id: int | None = None


class _JsonConfirm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    lot: str
    stands: bool
    request_id: int | None = None


class _Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class _JsonOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    bid: _JsonBid | None = None
    max: _JsonMaximum | None = None
    buy: _JsonBuy | None = None
    seal: _JsonSeal | None = None
    unseal: _JsonUnseal | None = None
    stop: _JsonStop | None = None
    leave_bid: _JsonLeaveBid | None = None
    retract: _JsonRetract | None = None
    confirm: _JsonConfirm | None = None
    lots: _Nothing | None = None
    mine: _Nothing | None = None
    follow: str | None = None
    id: Any = None


def json_tag(line: bytes) -> Any:
    """Return the `id` of a line, if the line can be read."""
    try:
        read = msgspec.json.decode(line)
    except (msgspec.DecodeError, RecursionError):
        return None
    return read.get("id") if isinstance(read, dict) else None


def json_order(line: bytes) -> Order:
    """Return the order in a line of JSON. Raises UsageError."""
    try:
        read = msgspec.json.decode(line, type=_JsonOrder)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise UsageError(
            f"That is not an order: {error}. One looks like "
            '{"bid": {"lot": "3", "amount": "120"}, "id": 1}; '
            "there are also max, buy, seal, unseal, stop, leave_bid, retract, confirm, lots, mine "
            "and follow."
        ) from error
    orders: list[Order] = []
    if read.bid is not None:
        bid = read.bid
        orders.append(BidOrder(_lot(bid.lot), bid.amount, bid.up_to, bid.if_price, bid.request_id))
    if read.max is not None:
        top = read.max
        orders.append(BidOrder(_lot(top.lot), None, top.amount, top.if_price, top.request_id))
    if read.buy is not None:
        orders.append(BuyOrder(_lot(read.buy.lot), read.buy.price, read.buy.request_id))
    if read.seal is not None:
        orders.append(SealOrder(_lot(read.seal.lot), read.seal.amount, read.seal.request_id))
    if read.unseal is not None:
        orders.append(UnsealOrder(_lot(read.unseal.lot), read.unseal.request_id))
    if read.stop is not None:
        stop = read.stop
        orders.append(StopOrder(_lot(stop.lot), stop.price, stop.units, stop.request_id))
    if read.leave_bid is not None:
        left = read.leave_bid
        orders.append(LeaveBidOrder(_lot(left.lot), left.amount, left.request_id))
    if read.retract is not None:
        orders.append(RetractOrder(_lot(read.retract.lot), read.retract.request_id))
    if read.confirm is not None:
        asked = read.confirm
        orders.append(ConfirmOrder(_lot(asked.lot), asked.stands, asked.request_id))
    orders += [LotsOrder()] if read.lots is not None else []
    orders += [MineOrder()] if read.mine is not None else []
    orders += [parsed_choice(read.follow)] if read.follow is not None else []
    if len(orders) != 1:
        raise UsageError(
            "A line has one order: one of bid, max, buy, seal, unseal, stop, leave_bid, retract, lots, mine and follow."
        )
    return orders[0]


# --- amounts --------------------------------------------------------------------------------------------------------


def parsed_amount(currency: Currency, text: str, view: LotView | None = None) -> int:
    """Return the minor units of an amount of 1 or more.

    Raises UsageError, which says how to write an amount and, if the lot is known and not over, its minimum.
    """
    least = ""
    if view is not None and not view.status.is_final:
        least = f" The minimum is {currency.show(display_of(view).least_minor(view.board))}."
    try:
        amount_minor = currency.parse(text)
    except AmountError as error:
        raise UsageError(f"{error}{least}") from error
    if not amount_minor:
        raise UsageError(f"{text!r} is not an amount to pay.{least}")
    return amount_minor


def parsed_condition(currency: Currency, text: str | None) -> int | None:
    """Return the price in minor units on which a bid depends; 0: no bid yet; None: it depends on no price."""
    return None if text is None else currency.parse(text)
