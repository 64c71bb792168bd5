"""Every bid on one lot in the record, in order: the bidder, the request and the outcome.

Accepted and late bids are facts of the record. Of the refused bids the record keeps some for each bidder, those with
the highest request ids; they are sorted between the facts by their time. The result has secrets of the house.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from heapq import merge
from itertools import islice
from operator import attrgetter
from typing import NamedTuple

from auctioneer.house.reports import Row, money_fields
from auctioneer.rules.facts import (
    AnyFact,
    BidderEnrolled,
    BidLate,
    BidTaken,
    LotBought,
    LotListed,
    Rejection,
    SaleCreated,
)
from common.errors import RejectCode, RejectedError
from common.lot_numbers import lot_key
from common.messages import BidRequest, BuyRequest
from common.money import Currency


class BidPage(NamedTuple):
    """Consecutive bids on a lot, numbered from 1, and the number of all bids."""

    lot: str
    title: str
    currency: Currency
    total: int
    bids: list[Row]


def page_of_bids(
    lot: str, facts: Iterable[AnyFact], rejections: Iterable[Rejection], count: int, first: int | None = None
) -> BidPage:
    """Return `count` bids on a lot from number `first` on, or the last ones if `first` is None.

    `facts` are all facts of a record and `rejections` all that it keeps, both in their order. No more than `count` bids
    are in memory at once. Raises RejectedError if the record has no such lot.
    """
    history = _History(lot)
    numbered = enumerate(history.bids(merge(facts, rejections, key=attrgetter("at_ms"))), 1)
    if first is None:
        page = deque(numbered, count)
        total = page[-1][0] if page else 0
        shown = list(page)
    else:
        before = sum(1 for _ in islice(numbered, first - 1))
        shown = list(islice(numbered, count))
        total = before + len(shown) + sum(1 for _ in numbered)
    if history.title is None or history.currency is None:
        raise RejectedError(RejectCode.UNKNOWN_LOT, f"lot {lot}")
    return BidPage(
        history.lot, history.title, history.currency, total, [{"number": number, **bid} for number, bid in shown]
    )


class _History:
    def __init__(self, lot: str) -> None:
        self.lot = lot
        self._key = lot_key(lot)
        self._names: dict[int, str] = {}
        self.currency: Currency | None = None
        self.title: str | None = None

    def bids(self, record: Iterable[AnyFact | Rejection]) -> Iterator[Row]:
        """Yield the bids, and note on the way what a row must know of the sale and the lot."""
        for one in record:
            match one:
                case BidTaken() | LotBought() | BidLate():
                    if one.lot == self.lot:
                        yield self._row(one)
                case Rejection():
                    if one.request.lot == self.lot:
                        yield self._row(one)
                case BidderEnrolled():
                    self._names[one.paddle] = one.name
                case LotListed() if lot_key(one.spec.terms.lot) == self._key:
                    self.lot, self.title = one.spec.terms.lot, one.spec.terms.title
                case SaleCreated():
                    self.currency = one.currency

    def _row(self, one: BidTaken | LotBought | BidLate | Rejection) -> Row:
        assert self.currency is not None, "a record begins with the sale"
        leader, price_minor, late_ms = None, None, None
        outcome, code = "accepted", None
        request = one.request
        match one:
            case BidTaken():
                leader, price_minor = one.leader, one.price_minor
            case LotBought():
                outcome, leader, price_minor = "bought", one.paddle, one.price_minor
            case BidLate():
                outcome, price_minor, late_ms = "late", one.price_minor, one.late_ms
            case Rejection():
                outcome, price_minor, code = "refused", one.verdict.price_minor, one.verdict.code.value
        amount_minor = request.amount_minor if isinstance(request, BidRequest) else request.price_minor
        return {
            "at_ms": one.at_ms,
            "paddle": one.paddle,
            "name": self._names.get(one.paddle),
            "kind": _kind(request),
            "outcome": outcome,
            "code": code,
            "late_ms": late_ms,
            "leader": self._names.get(leader) if leader is not None else None,
            "leader_paddle": leader,
            "request_id": request.id,
            **money_fields(
                self.currency,
                amount=amount_minor,
                maximum=request.maximum_minor if isinstance(request, BidRequest) else None,
                price=price_minor,
            ),
        }


def _kind(request: BidRequest | BuyRequest) -> str:
    if isinstance(request, BuyRequest):
        return "buy"
    if request.amount_minor is None:
        return "maximum"
    return "bid" if request.maximum_minor is None else "bid_up_to"
