"""Stops of Dutch clocks for the rules alone, and the loops over them.

A lot is sold out after 64 units, so the stops go to as many sales as it takes. The clocks run during the stops, and
each fall of a price is a separate fact. Of a hundred stops about five name a price that the clock does not show, and
are refused. About ten ask for several units. All others ask for one.
"""

import time
from random import Random
from typing import Final

from auctioneer.rules.facts import OfferTaken
from auctioneer.rules.formats import dutch
from auctioneer.rules.formats.format import Outcome, Placed
from auctioneer.rules.lots import LotState
from auctioneer.rules.terms import LotSpec
from benchmarks.inside.rules import START_MS, Format, Timed, Work, new_engine, time_engine
from common.formats.dutch import DutchBoard, DutchOwn, DutchTerms, StopRequest
from common.limits import UNITS_MAX
from common.lot import LotTerms

_STOPS: Final = 25
"""The stops on a lot on average: fewer than half of its units are taken, so none is sold out."""
_STARTING_MINOR: Final = 100_000
_STEP_MINOR: Final = 10
_STEP_MS: Final = 100


def _make_lot(number: int) -> LotSpec:
    terms = DutchTerms(_STARTING_MINOR, _STEP_MINOR, _STEP_MINOR, _STEP_MS, UNITS_MAX)
    return LotSpec(LotTerms(str(number), f"Lot {number}", terms))


def _make_stop(random: Random, lot: LotState, paddle: int, request_id: int) -> StopRequest:  # noqa: ARG001 -- as every format
    shown_minor = dutch.price_after(dutch.terms_of(lot.spec), _book_of(lot).steps)
    chance = random.random()
    if chance < 0.05:
        return StopRequest(id=request_id, lot=lot.view.lot, price_minor=shown_minor - _STEP_MINOR)
    units = random.randrange(2, 5) if chance < 0.15 else 1
    return StopRequest(id=request_id, lot=lot.view.lot, price_minor=shown_minor, units=units)


def _book_of(lot: LotState) -> dutch.DutchBook:
    assert isinstance(lot.book, dutch.DutchBook), "a Dutch lot has a Dutch book"
    return lot.book


def _time_alone(work: Work) -> float:
    """Decide all stops by the format alone; before each stop the price of its lot falls as far as is due."""
    lots = {lot.view.lot: lot.spec for lot in new_engine(work.sale).catalogue}
    books = {name: dutch.DUTCH.open(spec) for name, spec in lots.items()}
    decide, apply = dutch.DUTCH.decide, dutch.DUTCH.apply
    began_s = time.perf_counter()
    for at_ms, bidder, request in work.asked:
        name = request.lot
        spec, book, lot_ms = lots[name], books[name], at_ms - START_MS
        _let_fall(spec, book, lot_ms)
        decided = decide(spec, book, Placed(bidder.paddle, lot_ms, request)) if book.units_left else None
        entry = decided.entry if isinstance(decided, Outcome) else decided
        if isinstance(entry, dutch.DutchEntry):
            apply(spec, book, entry)
    last_ms = work.asked[-1].at_ms - START_MS
    for name, book in books.items():
        _let_fall(lots[name], book, last_ms)
    seconds = time.perf_counter() - began_s
    assert list(books.values()) == [book for _, book in work.lots], "the format came to other books"
    return seconds


def _let_fall(spec: LotSpec, book: dutch.DutchBook, lot_ms: int) -> None:
    """Apply all falls of the price up to a lot time; the clock of a sold-out lot stands still."""
    while book.units_left and (due_ms := dutch.DUTCH.due_ms(spec, book)) is not None and due_ms <= lot_ms:
        dutch.DUTCH.apply(spec, book, dutch.DUTCH.step(spec, book))


def _time_bare(work: Work) -> float:
    """Make one fact for each stop and put it into a dict, without deciding. No record of stops can cost less."""
    last: dict[str, OfferTaken] = {}
    board, own = DutchBoard(_STARTING_MINOR, UNITS_MAX), DutchOwn(1, _STARTING_MINOR)
    began_s = time.perf_counter()
    for number, (at_ms, bidder, request) in enumerate(work.asked, 1):
        who, lot = bidder.paddle, request.lot
        entry = dutch.DutchEntry(who, 1, _STARTING_MINOR)
        last[lot] = OfferTaken(
            at_ms=at_ms,
            lot=lot,
            seq=number,
            paddle=who,
            request=request,
            public=True,
            board=board,
            ends_at_ms=None,
            extended_ms=0,
            entry=entry,
            own=own,
        )
    seconds = time.perf_counter() - began_s
    assert max(fact.seq for fact in last.values()) == len(work.asked), "a fact was lost"
    return seconds


DUTCH: Final = Format(
    _make_lot,
    _make_stop,
    (
        Timed("the engine", time_engine),
        Timed("the format's functions alone", _time_alone),
        Timed("one fact into a dict, nothing decided", _time_bare),
    ),
    wanted_per_s=200_000,
    offers_per_lot=_STOPS,
)
