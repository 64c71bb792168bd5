"""What a lot's changes mean to a bidder: each status, leader and winner, before and after, told or not."""

import pytest
from msgspec.structs import replace

from bidder.core.fortunes import OBSERVER, Fortunes
from bidder.core.notices import Lost, LotCaughtUp, LotChanged, Notice, Outbid, Won
from common.evolve import evolve
from common.formats.english import EnglishBoard, EnglishTerms, Step
from common.lot import CloseCause, CorrectionCause, LotStatus, LotTerms, LotView, Result
from common.lot_events import AnyLotEvent, LotClosed, LotCorrected, LotMoved, LotOpened, LotWithdrawn

ME, RIVAL = 7, 9
LOT = LotView(
    LotTerms("1", "Lot", EnglishTerms(100, (Step(0, 10),), has_reserve=True)), EnglishBoard(100, reserve_met=False)
)


def led_by(paddle: int) -> EnglishBoard:
    return EnglishBoard(110, 100, paddle, 1)


def bid(bidder: int, leader: int | None = None) -> LotMoved:
    return LotMoved(0, 0, led_by(leader or bidder), bidder=bidder)


def sold(*to: int, leader: int | None = None) -> LotClosed:
    return LotClosed(0, 0, CloseCause.TIME, led_by(leader or to[0]), tuple(Result(paddle, 100) for paddle in to))


def all_pay(buyer: int, *others: int) -> LotClosed:
    rows = (Result(buyer, 55), *(Result(paddle, 50, units=0) for paddle in others))
    return LotClosed(0, 0, CloseCause.TIME, led_by(buyer), rows)


OPENED, PASSED = LotOpened(0, 0), LotClosed(0, 0, CloseCause.TIME, EnglishBoard(100))
WITHDRAWN = LotWithdrawn(0, 0, EnglishBoard(100))
OUTBID = Outbid("1", 3, RIVAL, led_by(RIVAL))


def corrected(cause: CorrectionCause, status: LotStatus, leader: int, *rows: Result) -> LotCorrected:
    return LotCorrected(0, 0, cause, status, led_by(leader), results=rows)


def award(paddle: int, amount_minor: int) -> LotCorrected:
    return corrected(CorrectionCause.AWARD, LotStatus.SOLD, ME, Result(paddle, amount_minor))


REOPENED = corrected(CorrectionCause.REOPEN, LotStatus.OPEN, ME)
VOID = corrected(CorrectionCause.VOID, LotStatus.PASSED, RIVAL)


def of_one(fortunes: Fortunes, paddle: int, change: LotChanged | LotCaughtUp) -> list[Notice]:
    told = fortunes.of(change)
    assert {whose for whose, _ in told} <= {paddle}
    return [notice for _, notice in told]


def told(paddle: int, *events: AnyLotEvent) -> list[Notice]:
    """Return all that a bidder is told of a lot with these events; seqs are filled in."""
    fortunes, view, all_told = Fortunes(), LOT, []
    fortunes.add(paddle)
    for event in events:
        numbered = replace(event, seq=view.seq + 1)
        before, view = view, evolve(view, numbered)
        all_told += of_one(fortunes, paddle, LotChanged(1, "1", view.seq, before, view, numbered))
    return all_told


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ((OPENED, bid(ME)), []),
        ((OPENED, bid(ME), bid(RIVAL)), [OUTBID]),
        ((OPENED, bid(ME), bid(ME)), []),
        ((OPENED, bid(RIVAL), bid(RIVAL)), []),
        ((OPENED, bid(ME), sold(ME)), [Won("1", 3, 100)]),
        ((OPENED, bid(ME), bid(RIVAL), sold(RIVAL)), [OUTBID, Lost("1", 4, RIVAL, 100)]),
        ((OPENED, bid(RIVAL), sold(RIVAL)), []),
        ((OPENED, bid(ME), PASSED), [Lost("1", 3, None, None)]),
        ((OPENED, bid(RIVAL), PASSED), []),
        ((OPENED, PASSED), []),
        ((OPENED, bid(ME), WITHDRAWN), []),
        ((OPENED, bid(ME), bid(RIVAL), WITHDRAWN), [OUTBID]),
        ((OPENED, bid(RIVAL), WITHDRAWN), []),
        ((OPENED, bid(ME, leader=RIVAL), sold(RIVAL)), [Lost("1", 3, RIVAL, 100)]),
        ((OPENED, bid(RIVAL, leader=ME), sold(ME)), [Won("1", 3, 100)]),
        ((OPENED, sold(ME)), [Won("1", 2, 100)]),
        ((OPENED, bid(ME), sold(RIVAL, leader=ME)), [Lost("1", 3, RIVAL, 100)]),
        ((OPENED, bid(ME), bid(RIVAL), sold(RIVAL, ME)), [OUTBID, Won("1", 4, 100)]),
        ((OPENED, bid(ME), bid(RIVAL), sold(RIVAL, 20)), [OUTBID, Lost("1", 4, None, None, is_shared=True)]),
        ((OPENED, bid(ME), bid(RIVAL), all_pay(RIVAL, ME)), [OUTBID, Lost("1", 4, RIVAL, 55, pays_minor=50)]),
        ((OPENED, all_pay(RIVAL, ME)), [Lost("1", 2, RIVAL, 55, pays_minor=50)]),
        ((OPENED, all_pay(ME, RIVAL)), [Won("1", 2, 55)]),
        ((OPENED, bid(ME), sold(ME), REOPENED), [Won("1", 3, 100)]),
        ((OPENED, bid(ME), sold(ME), REOPENED, sold(ME)), [Won("1", 3, 100), Won("1", 5, 100)]),
        (
            (OPENED, bid(ME), sold(ME), REOPENED, bid(RIVAL), sold(RIVAL)),
            [Won("1", 3, 100), Outbid("1", 5, RIVAL, led_by(RIVAL)), Lost("1", 6, RIVAL, 100)],
        ),
        ((OPENED, bid(ME), PASSED, REOPENED), [Lost("1", 3, None, None)]),
        ((OPENED, bid(ME), WITHDRAWN, REOPENED, sold(ME)), [Won("1", 5, 100)]),
        ((OPENED, sold(ME, RIVAL), replace(VOID, board=led_by(ME))), [Won("1", 2, 100), Lost("1", 3, None, None)]),
        (
            (OPENED, sold(ME), replace(VOID, board=led_by(ME)), award(ME, 80)),
            [Won("1", 2, 100), Lost("1", 3, None, None), Won("1", 4, 80)],
        ),
        ((OPENED, bid(ME), PASSED, award(RIVAL, 80)), [Lost("1", 3, None, None)]),
        ((OPENED, PASSED, award(ME, 80)), [Won("1", 3, 80)]),
    ],
)
def test_what_a_bidder_is_told(events: tuple[AnyLotEvent, ...], expected: list[Notice]) -> None:
    assert told(ME, *events) == expected


@pytest.mark.parametrize("end", [sold(RIVAL), PASSED, WITHDRAWN])
def test_who_only_looks_on_is_told_nothing(end: AnyLotEvent) -> None:
    assert told(OBSERVER, OPENED, end) == []
    assert told(OBSERVER, OPENED, bid(RIVAL), bid(ME), end) == []
    odd = replace(bid(RIVAL), bidder=OBSERVER, board=led_by(OBSERVER))
    assert told(OBSERVER, OPENED, odd, bid(RIVAL), end) == [], "whatever a house says of a paddle that nobody has"


VIEWS = {
    "led": replace(LOT, seq=4, status=LotStatus.OPEN, board=led_by(ME)),
    "outbid": replace(LOT, seq=5, status=LotStatus.OPEN, board=led_by(RIVAL)),
    "won": replace(LOT, seq=6, status=LotStatus.SOLD, board=led_by(ME), results=(Result(ME, 100),)),
    "won dearer": replace(LOT, seq=9, status=LotStatus.SOLD, board=led_by(ME), results=(Result(ME, 150),)),
    "lost": replace(LOT, seq=6, status=LotStatus.SOLD, board=led_by(RIVAL), results=(Result(RIVAL, 100),)),
    "passed": replace(LOT, seq=6, status=LotStatus.PASSED, board=led_by(ME)),
    "withdrawn": replace(LOT, seq=6, status=LotStatus.WITHDRAWN, board=led_by(ME)),
}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (None, "won", [Won("1", 6, 100)]),
        (None, "lost", []),
        (None, "passed", [Lost("1", 6, None, None)]),
        (None, "withdrawn", []),
        ("led", "outbid", [Outbid("1", 5, RIVAL, led_by(RIVAL))]),
        ("led", "won", [Won("1", 6, 100)]),
        ("led", "lost", [Outbid("1", 6, RIVAL, led_by(RIVAL)), Lost("1", 6, RIVAL, 100)]),
        ("led", "passed", [Lost("1", 6, None, None)]),
        ("led", "withdrawn", []),
        ("outbid", "lost", []),
        ("won", "won", []),
        ("won", "won dearer", [Won("1", 9, 150)]),
        ("won", "lost", [Outbid("1", 6, RIVAL, led_by(RIVAL)), Lost("1", 6, RIVAL, 100)]),
        ("won", "passed", [Lost("1", 6, None, None)]),
        ("lost", "lost", []),
    ],
)
def test_what_a_jump_means(before: str | None, after: str, expected: list[Notice]) -> None:
    fortunes, view = Fortunes(), VIEWS[after]
    fortunes.add(ME)
    jump = LotCaughtUp(1, "1", view.seq, None if before is None else VIEWS[before], view)
    assert of_one(fortunes, ME, jump) == expected


def test_what_was_bid_in_a_history_that_is_lost_is_forgotten() -> None:
    fortunes = Fortunes()
    fortunes.add(ME)
    assert fortunes.of(LotCaughtUp(1, "1", 4, None, VIEWS["led"])) == []
    fortunes.forget()
    assert fortunes.of(LotCaughtUp(1, "1", 6, VIEWS["outbid"], VIEWS["lost"])) == []


def test_each_of_many_bidders_is_told_its_own() -> None:
    fortunes = Fortunes()
    for paddle in (ME, RIVAL, 11, OBSERVER):
        fortunes.add(paddle)
    view, all_told = LOT, []
    for event in (OPENED, bid(ME), bid(RIVAL), bid(20), sold(20)):
        numbered = replace(event, seq=view.seq + 1)
        before, view = view, evolve(view, numbered)
        all_told += fortunes.of(LotChanged(1, "1", view.seq, before, view, numbered))
    outbid = [(ME, OUTBID), (RIVAL, Outbid("1", 4, 20, led_by(20)))]
    assert all_told == [*outbid, (ME, Lost("1", 5, 20, 100)), (RIVAL, Lost("1", 5, 20, 100))]


def test_bidders_of_another_sale_are_forgotten_with_their_paddles() -> None:
    fortunes = Fortunes()
    fortunes.add(ME)
    fortunes.forget_bidders()
    assert fortunes.of(LotCaughtUp(1, "1", 6, None, VIEWS["won"])) == []
