"""The public state of a lot and of the sale, event by event."""

import msgspec
import pytest

from common.lot import (
    Announced,
    AnyLotEvent,
    AnySaleEvent,
    BidPlaced,
    CloseCause,
    ExtendCause,
    LotAdded,
    LotClosed,
    LotExtended,
    LotOpened,
    LotPaused,
    LotRescheduled,
    LotResumed,
    LotStatus,
    LotTerms,
    LotView,
    LotWithdrawn,
    SaleEnded,
    SalePaused,
    SaleResumed,
    SaleStatus,
    SaleView,
    Step,
    evolve,
    evolve_sale,
    first_view,
)
from common.money import Currency

TERMS = LotTerms("7", "Sextant", 1000, (Step(0, 100), Step(2000, 250), Step(5000, 500)), buy_now_minor=9000)
ADDED = LotAdded(1, 50, TERMS, opens_at_ms=100)
OPENED = LotOpened(1, 100, ends_at_ms=700)
PLACED = BidPlaced(2, 200, 4, 3, 1500, 1600, 900, reserve_met=True, buy_now_minor=None)


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


@pytest.mark.parametrize(
    ("price_minor", "step_minor"), [(0, 100), (1999, 100), (2000, 250), (4999, 250), (5000, 500), (10**9, 500)]
)
def test_a_step_is_that_of_the_last_row_at_or_below_the_price(price_minor: int, step_minor: int) -> None:
    assert TERMS.step_at(price_minor) == step_minor


def test_a_price_below_the_first_row_has_the_first_step() -> None:
    assert msgspec.structs.replace(TERMS, increments=(Step(500, 100), Step(900, 200))).step_at(0) == 100


@pytest.mark.parametrize(("has_reserve", "is_met"), [(True, False), (False, None)])
def test_a_lot_joins_scheduled_and_says_only_whether_there_is_a_reserve(has_reserve: bool, is_met: bool | None) -> None:
    terms = msgspec.structs.replace(TERMS, has_reserve=has_reserve)
    assert first_view(LotAdded(1, 50, terms, 100)) == LotView(
        terms, minimum_minor=1000, reserve_met=is_met, buy_now_minor=9000, opens_at_ms=100
    )


def test_each_event_changes_its_own_fields_and_no_others() -> None:
    assert changes(after(), OPENED) == {"status": LotStatus.OPEN, "ends_at_ms": 700}
    assert changes(after(), LotOpened(1, 130)) == {"status": LotStatus.OPEN, "opens_at_ms": 130}
    assert changes(after(), LotRescheduled(1, 60, 400)) == {"opens_at_ms": 400}
    assert changes(after(OPENED), PLACED) == {
        "price_minor": 1500,
        "minimum_minor": 1600,
        "leader": 3,
        "bids": 1,
        "reserve_met": True,
        "buy_now_minor": None,
        "ends_at_ms": 900,
    }
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


def test_the_time_left_is_that_of_the_clock_and_stands_in_a_pause() -> None:
    assert [after(OPENED).remaining_at(now_ms) for now_ms in (100, 699, 700, 5000)] == [600, 1, 0, 0]
    assert after(OPENED, LotPaused(2, 300, remaining_ms=400)).remaining_at(5000) == 400
    assert after(LotOpened(1, 100)).remaining_at(200) is None
    assert after().remaining_at(200) is None


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (
            LotClosed(3, 700, CloseCause.HAMMER, winner=3, hammer_minor=1500),
            {"status": LotStatus.SOLD, "close_cause": CloseCause.HAMMER, "winner": 3, "hammer_minor": 1500},
        ),
        (LotClosed(3, 700, CloseCause.TIME), {"status": LotStatus.PASSED, "close_cause": CloseCause.TIME}),
        (LotWithdrawn(3, 700, "a forgery"), {"status": LotStatus.WITHDRAWN, "reason": "a forgery"}),
    ],
    ids=["sold", "passed", "withdrawn"],
)
def test_a_final_lot_keeps_its_bids_and_has_neither_clock_nor_offer(
    event: AnyLotEvent, expected: dict[str, object]
) -> None:
    offered = msgspec.structs.replace(PLACED, buy_now_minor=9000)
    nothing_left = {"ends_at_ms": None, "buy_now_minor": None, "closed_at_ms": 700}
    assert changes(after(OPENED, offered), event) == expected | nothing_left
    assert evolve(after(OPENED, offered), event).status.is_final
    stopped = after(OPENED, LotPaused(2, 300, remaining_ms=400))
    assert evolve(stopped, event).remaining_ms is None


def test_only_three_states_are_final() -> None:
    assert [status.value for status in LotStatus if status.is_final] == ["sold", "passed", "withdrawn"]


@pytest.mark.parametrize(
    ("event", "field", "expected"),
    [
        (LotAdded(6, 50, TERMS), "lots", 3),
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
