"""The clock of the lots: what comes first, entries that are too early, and what it finds wrong with itself."""

from msgspec.structs import replace

from auctioneer.rules.applying import EngineState
from auctioneer.rules.formats.table import first_board
from auctioneer.rules.lot_clock import INDEX_BITS, LotClock
from auctioneer.rules.lots import LotState
from common.limits import LOTS_MAX
from common.lot import LotStatus, LotView, SaleView
from common.money import Currency
from tests.auctioneer.house.house_examples import START_MS, lot, sale_created


def state_with(*ends_ms: int | None) -> EngineState[LotState]:
    """Return a sale with open lots that end so long after the start; None: without an end."""
    lots = []
    for index, end_ms in enumerate(ends_ms):
        spec = lot(str(index + 1))
        ends_at_ms = None if end_ms is None else START_MS + end_ms
        view = LotView(spec.terms, first_board(spec), 1, LotStatus.OPEN, START_MS, ends_at_ms)
        lots.append(LotState(spec, index, view, opened_at_ms=START_MS))
    return EngineState(sale_created(), SaleView("sale", "Sale", Currency("USD", 2), lots=len(lots)), lots)


def clock_of(state: EngineState[LotState]) -> LotClock:
    clock = LotClock(state)
    for one in state.lots:
        clock.put(one)
    return clock


def end_later(one: LotState, end_ms: int | None) -> None:
    one.view = replace(one.view, ends_at_ms=None if end_ms is None else START_MS + end_ms)


def in_order(state: EngineState[LotState], clock: LotClock) -> list[tuple[str, int]]:
    """Return all lots in the order in which they are due, with the times; each is then without an end."""
    found = []
    while (first := clock.first()) is not None:
        assert first.queued_ms is not None
        found.append((first.view.lot, first.queued_ms - START_MS))
        end_later(first, None)
    return found


def test_what_is_due_first_comes_first_and_of_equal_times_the_first_of_the_catalogue() -> None:
    state = state_with(30, 10, None, 20, 10)
    assert in_order(state, clock_of(state)) == [("2", 10), ("5", 10), ("4", 20), ("1", 30)]


def test_an_entry_that_is_too_early_moves_when_it_is_reached() -> None:
    state = state_with(10, 20, 30)
    clock = clock_of(state)
    end_later(state.lots[0], 25)
    assert clock.entries[0] >> INDEX_BITS == START_MS + 10
    assert in_order(state, clock) == [("2", 20), ("1", 25), ("3", 30)]
    assert clock.entries == []


def test_a_lot_that_is_due_earlier_than_before_is_put_again_and_looked_at_once() -> None:
    state = state_with(10, 20)
    clock = clock_of(state)
    end_later(state.lots[1], 5)
    clock.put(state.lots[1])
    assert in_order(state, clock) == [("2", 5), ("1", 10)]


def test_a_lot_whose_own_clock_acted_is_put_off_or_left_out() -> None:
    state = state_with(10, 20)
    clock, one = clock_of(state), state.lots[0]
    for end_ms in (15, 30):
        assert clock.first() is one
        end_later(one, end_ms)
        clock.put_off(one)
    assert (one.queued_ms, clock.first()) == (START_MS + 30, state.lots[1])
    end_later(state.lots[1], None)
    clock.put_off(state.lots[1])
    assert (state.lots[1].queued_ms, clock.first()) == (None, one)


def test_of_the_most_lots_that_a_sale_may_have_the_last_has_an_entry_with_its_time() -> None:
    state = state_with(*[None] * (LOTS_MAX - 1), 10)
    clock = clock_of(state)
    assert clock.entries[0] >> INDEX_BITS == START_MS + 10
    assert in_order(state, clock) == [(str(LOTS_MAX), 10)]


def test_after_all_lots_moved_the_clock_is_built_again() -> None:
    state = state_with(10, 20, None)
    clock = clock_of(state)
    for one, end_ms in zip(state.lots, (40, 5, 6), strict=True):
        end_later(one, end_ms)
    clock.rebuild()
    assert in_order(state, clock) == [("2", 5), ("3", 6), ("1", 40)]


def test_faults_of_the_entries_are_found() -> None:
    state = state_with(10, 20, 30)
    clock, one = clock_of(state), state.lots[0]

    def faults(due_ms: int | None = None) -> list[str]:
        return list(clock.faults(lambda lot: lot.view.ends_at_ms if due_ms is None or lot is not one else due_ms))

    assert faults() == []
    late = "the clock does not look at lot 1 in time"
    assert faults(START_MS + 9) == [late]
    one.queued_ms = None
    assert faults() == [late]
    clock.put(one)
    one.queued_ms = None
    clock.put(one)
    assert faults() == ["the clock collects old entries"]
    clock.rebuild()
    clock.entries.reverse()
    assert faults() == ["the clock's entries are out of order"]
