"""Every bid on one lot in the record, in order: the bidder, the request and the outcome; and all that came late.

A bid that was accepted has a number, by which a correction names it; no other has one. One that a correction took back
is `void`. Accepted and late bids are facts of the record. Of the refused bids the record keeps
some for each bidder, those with the highest request ids; they are sorted between the facts by their time. It keeps no
refused bid that a clerk made for a bidder. The result has secrets of the house.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from heapq import merge
from operator import attrgetter
from typing import Any, NamedTuple

from auctioneer.house.formats.bidding import OfferMade
from auctioneer.house.formats.table import board_bidding, offer_made
from auctioneer.house.reports import Row, late_row, money_fields
from auctioneer.rules.facts import (
    AnyFact,
    BidderEnrolled,
    BidLeft,
    BidTaken,
    CorrectionMade,
    LeftBidVoid,
    LotDecided,
    LotListed,
    LotRewritten,
    OfferLate,
    OfferTaken,
    PaddleGiven,
    Rejection,
    SaleCreated,
    Taken,
)
from auctioneer.rules.formats.format import Format
from auctioneer.rules.formats.table import format_of
from auctioneer.rules.sources import Source
from common.absentee import LeaveBidRequest
from common.errors import RejectCode, RejectedError
from common.lot import CloseCause
from common.lot_events import LotClosed, LotWithdrawn
from common.lot_numbers import lot_key
from common.money import Currency
from common.the_house import HOUSE_NAME, HOUSE_PADDLE


class BidPage(NamedTuple):
    """Consecutive bids on a lot, and the number of all of them, also of those that were refused."""

    lot: str
    title: str
    currency: Currency
    total: int
    bids: list[Row]


def page_of_bids(
    lot: str, facts: Iterable[AnyFact], rejections: Iterable[Rejection], count: int, first: int | None = None
) -> BidPage:
    """Return `count` bids on a lot after those with a number below `first`, or the last ones if `first` is None.

    `facts` are all facts of a record and `rejections` all that it keeps, both in their order. No more than `count` bids
    are in memory at once. Raises RejectedError if the record has no such lot.
    """
    history = _History(lot)
    shown: deque[Row] = deque(maxlen=None if first else count)
    total, last_number = 0, 0
    for bid in history.bids(merge(facts, rejections, key=attrgetter("at_ms"))):
        total += 1
        if first is None or (last_number >= first - 1 and len(shown) < count):
            shown.append(bid)
        last_number = bid["number"] or last_number
    if history.title is None or history.currency is None:
        raise RejectedError(RejectCode.UNKNOWN_LOT, f"lot {lot}")
    for bid in shown:
        if bid["number"] in history.void:
            bid["outcome"] = "void"
    rows = [bid if history.is_over else _kept_sealed(bid) for bid in shown]
    return BidPage(history.lot, history.title, history.currency, total, rows)


def late_bids(facts: Iterable[AnyFact], count: int, lot: str | None = None) -> tuple[list[Row], int]:
    """Return the last `count` bids that came too late, on one lot or on all, and how many there are in all.

    `facts` are all facts of a record, in their order. Each row says by how much (`late_ms`) after its lot's end. Raises
    RejectedError if the record has no such lot.
    """
    key = None if lot is None else lot_key(lot)
    currency: Currency | None = None
    names: dict[int, str] = {}
    titles: dict[str, str] = {}
    last: deque[Row] = deque(maxlen=count)
    total = 0
    for fact in facts:
        match fact:
            case OfferLate() if currency is not None and key in (None, lot_key(fact.lot)):
                total += 1
                last.append(late_row(fact, currency, titles[fact.lot], names[fact.paddle]))
            case BidderEnrolled() | PaddleGiven():
                names[fact.paddle] = fact.name
            case LotListed() | LotRewritten():
                titles[fact.spec.terms.lot] = fact.spec.terms.title
            case SaleCreated():
                currency = fact.currency
    if key is not None and key not in map(lot_key, titles):
        raise RejectedError(RejectCode.UNKNOWN_LOT, f"lot {lot}")
    return list(last), total


def _kept_sealed(bid: Row) -> Row:
    """Return a bid on a lot that is not over, without what only the close may tell."""
    return bid | {"amount": None, "amount_minor": None} if bid["sealed"] else bid


class _History:
    def __init__(self, lot: str) -> None:
        self.lot = lot
        self._key = lot_key(lot)
        self._names: dict[int, str] = {HOUSE_PADDLE: HOUSE_NAME}
        self.currency: Currency | None = None
        self.title: str | None = None
        self._form: Format[Any, Any] | None = None
        self.is_over = False
        """Whether the lot was over at the end of the record, once all bids were yielded."""
        self.void: set[int] = set()
        """The numbers of the offers that corrections took back."""
        self._last_number = 0

    def bids(self, record: Iterable[AnyFact | Rejection]) -> Iterator[Row]:
        """Yield the bids, and note on the way what a row must know of the sale and the lot."""
        for one in record:
            match one:
                case BidTaken() | OfferTaken() | OfferLate() | BidLeft() | LeftBidVoid():
                    if one.lot == self.lot:
                        yield self._row(one)
                case CorrectionMade():
                    if one.lot == self.lot:
                        self.void.update(one.void)
                case Rejection():
                    if one.request.lot == self.lot:
                        yield self._row(one)
                case LotDecided(event=LotClosed() | LotWithdrawn()):
                    self.is_over = self.is_over or one.lot == self.lot
                case BidderEnrolled() | PaddleGiven():
                    self._names[one.paddle] = one.name
                case LotListed() | LotRewritten() if lot_key(one.spec.terms.lot) == self._key:
                    self.lot, self.title = one.spec.terms.lot, one.spec.terms.title
                    self._form = format_of(one.spec)
                case SaleCreated():
                    self.currency = one.currency

    def _left(self, request: LeaveBidRequest) -> OfferMade:
        """Return what a bid asks for that is left before the opening; it is sealed where the lot's offers are."""
        accepted_as = "taken_back" if request.amount_minor is None else "left"
        offer = None if self._form is None or request.amount_minor is None else self._form.offer_left(request)
        made = OfferMade("left") if offer is None else offer_made(offer)
        return made._replace(kind="left", accepted_as=accepted_as)

    def _row(self, one: Taken | BidLeft | LeftBidVoid | OfferLate | Rejection) -> Row:
        assert self.currency is not None, "a record begins with the sale"
        leader, price_minor, late_ms = None, None, None
        made = offer_made(one.request) if not isinstance(one.request, LeaveBidRequest) else self._left(one.request)
        outcome, code = made.accepted_as, None
        is_kept = isinstance(one, BidTaken) or (isinstance(one, OfferTaken) and one.cause is None)
        self._last_number += is_kept
        source, by = Source.BIDDER, ""
        if isinstance(one, OfferTaken | OfferLate | BidLeft):
            source, by = one.source, one.by
        match one:
            case BidTaken():
                leader, price_minor = one.leader, one.price_minor
            case OfferTaken(cause=CloseCause.BUY_NOW):
                outcome, leader, price_minor = "bought", one.paddle, made.amount_minor
            case OfferTaken():
                told = board_bidding(one.board)
                leader, price_minor = told.leader, told.price_minor
            case LeftBidVoid():
                outcome, code, source = "refused", one.code.value, Source.ABSENTEE
            case OfferLate():
                outcome, price_minor, late_ms = "late", board_bidding(one.board).price_minor, one.late_ms
            case Rejection():
                board = one.verdict.board
                price_minor = None if board is None else board_bidding(board).price_minor
                outcome, code = "refused", one.verdict.code.value
        return {
            "number": self._last_number if is_kept else None,
            "at_ms": one.at_ms,
            "paddle": one.paddle,
            "name": self._names.get(one.paddle),
            "kind": made.kind,
            "source": source.value,
            "by": by or None,
            "sealed": made.is_sealed,
            "outcome": outcome,
            "code": code,
            "late_ms": late_ms,
            "leader": self._names.get(leader) if leader is not None else None,
            "leader_paddle": leader,
            "request_id": one.request.id,
            **money_fields(
                self.currency,
                amount=made.amount_minor,
                maximum=made.maximum_minor,
                price=price_minor,
            ),
        }
