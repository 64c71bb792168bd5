"""The auctioneer of a rehearsal opens, closes and ends what waits for a hand, at its time and not before."""

from collections.abc import Iterable

from bidder.core.notices import LotChanged
from common.formats.english import EnglishBoard, EnglishTerms, Step
from common.lot import LotStatus, LotTerms, LotView
from common.lot_events import LotOpened
from rehearsal.evening.gavel import SOON_MS, CloseLot, EndSale, Gavel, OpenLot, Patience

PATIENCE = Patience(open_ms=1000, quiet_ms=300)
BOARD = EnglishBoard(100)


def view(lot: str, status: LotStatus, *, opened_ms: int | None = None, ends_at_ms: int | None = None) -> LotView:
    terms = LotTerms(lot=lot, title="A vase", format=EnglishTerms(100, (Step(0, 10),)))
    return LotView(terms, BOARD, status=status, opens_at_ms=opened_ms, ends_at_ms=ends_at_ms)


def sale(*views: LotView) -> dict[str, LotView]:
    return {one.lot: one for one in views}


def gavel(by_hand: Iterable[str] = (), *, ends_sale: bool = False) -> Gavel:
    return Gavel(frozenset(by_hand), PATIENCE, ends_sale=ends_sale)


def test_the_hammer_falls_when_a_lot_without_a_clock_was_open_for_long_enough_and_is_quiet() -> None:
    lots, ours = sale(view("1", LotStatus.OPEN, opened_ms=5000)), gavel()
    assert ours.due_ms(lots) == 6000
    assert ours.next(lots, 5999) is None
    assert ours.next(lots, 6000) == CloseLot("1")
    ours.note(LotChanged(1, "1", 2, lots["1"], lots["1"], LotOpened(2, 5900, None)))
    assert ours.due_ms(lots) == 6200
    assert ours.next(lots, 6199) is None
    assert ours.next(lots, 6200) == CloseLot("1")


def test_a_lot_with_a_clock_and_a_paused_one_are_left_alone() -> None:
    timed = sale(view("1", LotStatus.OPEN, opened_ms=0, ends_at_ms=9000))
    assert gavel().due_ms(timed) is None
    assert gavel().next(timed, 100_000) is None
    assert gavel(ends_sale=True).next(sale(view("1", LotStatus.PAUSED, opened_ms=0)), 100_000) is None


def test_lots_are_opened_by_hand_one_after_another_when_no_other_is_open() -> None:
    first, second = view("1", LotStatus.SCHEDULED), view("2", LotStatus.SCHEDULED)
    ours = gavel("2")
    assert ours.next(sale(first, second), 0) == OpenLot("2"), "the first opens by itself"
    assert gavel("12").next(sale(first, second), 0) == OpenLot("1")
    assert gavel("12").next(sale(view("3", LotStatus.OPEN, ends_at_ms=9), first, second), 0) is None
    assert gavel().next(sale(first, second), 0) is None
    timed = view("3", LotStatus.SCHEDULED, opened_ms=5000)
    assert gavel("12").next(sale(first, timed), 5000 - SOON_MS) is None
    assert gavel("12").next(sale(first, timed), 4999 - SOON_MS) == OpenLot("1")


def test_the_sale_is_ended_when_all_is_over_unless_it_ends_by_itself() -> None:
    over = sale(view("1", LotStatus.SOLD), view("2", LotStatus.PASSED))
    assert gavel(ends_sale=True).next(over, 0) == EndSale()
    assert gavel().next(over, 0) is None
    waiting = sale(view("1", LotStatus.SOLD), view("2", LotStatus.SCHEDULED))
    assert gavel(ends_sale=True).next(waiting, 0) is None
