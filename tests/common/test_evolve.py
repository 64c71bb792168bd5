"""How events change the public state of a lot and of the sale."""

import msgspec
import pytest
from msgspec.structs import replace

from common.evolve import evolve, evolve_sale, first_view
from common.formats.english import EnglishBoard, EnglishTerms, Step
from common.lot import (
    CloseCause,
    CorrectionCause,
    ExtendCause,
    LotStatus,
    LotTerms,
    LotView,
    Result,
    SaleStatus,
    SaleView,
)
from common.lot_events import (
    Announced,
    AnyLotEvent,
    AnySaleEvent,
    Call,
    Called,
    LotAdded,
    LotClosed,
    LotCorrected,
    LotExtended,
    LotMoved,
    LotOpened,
    LotPaused,
    LotRescheduled,
    LotResumed,
    LotRevised,
    LotWithdrawn,
    SaleEnded,
    SalePaused,
    SaleResumed,
)
from common.money import Currency

TERMS = LotTerms("7", "Sextant", EnglishTerms(1000, (Step(0, 100),), buy_now_minor=9000))
BOARD = EnglishBoard(1000, buy_now_minor=9000)
BID = EnglishBoard(1600, 1500, 3, 1, reserve_met=True)
OVER = EnglishBoard(1600, 1500, 3, 1)
ADDED = LotAdded(1, 50, TERMS, BOARD, opens_at_ms=100)
OPENED = LotOpened(1, 100, ends_at_ms=700)
MOVED = LotMoved(2, 200, BID, 900, bidder=4)


def after(*events: AnyLotEvent) -> LotView:
    view = first_view(ADDED)
    for event in events:
        view = evolve(view, event)
    return view


def changes(view: LotView, event: AnyLotEvent) -> dict[str, object]:
    """Return what an event changes: the new values by name, without the seq, which is the event's."""
    changed = evolve(view, event)
    assert changed.seq == event.seq
    before, now = msgspec.structs.asdict(view), msgspec.structs.asdict(changed)
    return {name: value for name, value in now.items() if value != before[name] and name != "seq"}


def test_a_lot_joins_scheduled_as_its_event_has_it() -> None:
    assert after() == LotView(TERMS, BOARD, opens_at_ms=100)


def test_each_event_changes_its_own_fields_and_no_others() -> None:
    assert changes(after(), OPENED) == {"status": LotStatus.OPEN, "ends_at_ms": 700}
    assert changes(after(), LotOpened(1, 130)) == {"status": LotStatus.OPEN, "opens_at_ms": 130}
    assert changes(after(), LotRescheduled(1, 60, 400)) == {"opens_at_ms": 400}
    assert changes(after(OPENED), MOVED) == {"board": BID, "ends_at_ms": 900}
    assert changes(after(OPENED), LotExtended(2, 300, ExtendCause.OUTAGE, 1000)) == {"ends_at_ms": 1000}


def test_a_clock_that_is_paused_has_what_is_left_and_no_end() -> None:
    paused = LotPaused(2, 300, remaining_ms=400)
    assert changes(after(OPENED), paused) == {
        "status": LotStatus.PAUSED,
        "ends_at_ms": None,
        "remaining_ms": 400,
    }
    assert changes(after(OPENED, paused), LotExtended(3, 310, ExtendCause.AUCTIONEER, None, 500)) == {
        "remaining_ms": 500
    }
    assert changes(after(OPENED, paused), LotResumed(3, 800, ends_at_ms=1200)) == {
        "status": LotStatus.OPEN,
        "ends_at_ms": 1200,
        "remaining_ms": None,
    }


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (
            LotClosed(3, 700, CloseCause.HAMMER, OVER, (Result(3, 1500),)),
            {"status": LotStatus.SOLD, "close_cause": CloseCause.HAMMER, "results": (Result(3, 1500),)},
        ),
        (LotClosed(3, 700, CloseCause.TIME, OVER), {"status": LotStatus.PASSED, "close_cause": CloseCause.TIME}),
        (LotWithdrawn(3, 700, OVER, "a forgery"), {"status": LotStatus.WITHDRAWN, "reason": "a forgery"}),
    ],
    ids=["sold", "passed", "withdrawn"],
)
def test_a_final_lot_has_the_last_board_and_no_clock(event: AnyLotEvent, expected: dict[str, object]) -> None:
    nothing_left = {"board": OVER, "ends_at_ms": None, "closed_at_ms": 700}
    assert changes(after(OPENED, MOVED), event) == expected | nothing_left
    assert evolve(after(OPENED, MOVED), event).status.is_final
    stopped = after(OPENED, LotPaused(2, 300, remaining_ms=400))
    assert evolve(stopped, event).remaining_ms is None


SOLD = LotClosed(3, 700, CloseCause.HAMMER, OVER, (Result(3, 1500),))
PASSED = LotClosed(3, 700, CloseCause.TIME, OVER)


def test_a_correction_of_an_open_lot_changes_only_its_bidding() -> None:
    undone = LotCorrected(3, 500, CorrectionCause.UNDO, LotStatus.OPEN, BOARD, 900, void_from_seq=2)
    assert changes(after(OPENED, MOVED), undone) == {"board": BOARD}
    paused = LotPaused(2, 300, remaining_ms=400)
    in_the_pause = LotCorrected(3, 500, CorrectionCause.UNDO, LotStatus.PAUSED, BID, None, 400)
    assert changes(after(OPENED, paused), in_the_pause) == {"board": BID}


def test_a_lot_that_is_open_again_has_no_outcome() -> None:
    reopened = LotCorrected(4, 800, CorrectionCause.REOPEN, LotStatus.OPEN, BID, 1800)
    assert evolve(after(OPENED, MOVED, SOLD), reopened) == replace(after(OPENED, MOVED), seq=4, ends_at_ms=1800)
    withdrawn = after(LotWithdrawn(1, 50, BOARD, "a forgery"))
    view = evolve(withdrawn, reopened)
    assert (view.opens_at_ms, view.closed_at_ms, view.reason) == (100, None, "")
    unopened = evolve(replace(withdrawn, opens_at_ms=None), reopened)
    assert unopened.opens_at_ms == 800


def test_a_sale_that_is_void_or_made_later_keeps_the_time_of_the_close() -> None:
    void = LotCorrected(4, 800, CorrectionCause.VOID, LotStatus.PASSED, BID)
    passed = evolve(after(OPENED, MOVED, SOLD), void)
    assert (passed.status, passed.results, passed.closed_at_ms) == (LotStatus.PASSED, (), 700)
    assert passed.close_cause is CloseCause.VOIDED
    award = LotCorrected(4, 800, CorrectionCause.AWARD, LotStatus.SOLD, OVER, results=(Result(5, 900),))
    sold = evolve(after(OPENED, MOVED, PASSED), award)
    assert (sold.status, sold.results, sold.closed_at_ms) == (LotStatus.SOLD, (Result(5, 900),), 700)
    assert sold.close_cause is CloseCause.AWARDED


def test_a_revision_changes_the_terms_and_nothing_of_the_outcome() -> None:
    other = replace(TERMS, title="A clock, signed")
    assert changes(after(OPENED, MOVED), LotRevised(3, 500, other, BID, 100, 900)) == {"terms": other}
    assert changes(after(), LotRevised(1, 50, other, BOARD, 400)) == {"terms": other, "opens_at_ms": 400}


@pytest.mark.parametrize(
    ("event", "field", "expected"),
    [
        (LotAdded(6, 50, TERMS, BOARD), "lots", 3),
        (SalePaused(6, 50), "status", SaleStatus.PAUSED),
        (SaleResumed(6, 50), "status", SaleStatus.RUNNING),
        (Announced(6, 50, "Tea is served"), "announcement", "Tea is served"),
        (SaleEnded(6, 50), "status", SaleStatus.ENDED),
    ],
    ids=lambda value: type(value).__name__,
)
def test_each_event_of_the_sale_changes_one_thing(event: AnySaleEvent, field: str, expected: object) -> None:
    view = SaleView("5a1e", "A sale", Currency("USD", 2), 5, SaleStatus.PAUSED, 10, 2)
    changed = evolve_sale(view, event)
    assert getattr(changed, field) == expected
    assert msgspec.structs.replace(view, seq=6, **{field: expected}) == changed


def test_a_call_changes_nothing_and_leaves_the_announcement() -> None:
    view = SaleView("5a1e", "A sale", Currency("USD", 2), 5, announcement="Tea is served")
    assert evolve_sale(view, Called(6, 50, "1", Call.FAIR_WARNING)) == replace(view, seq=6)
