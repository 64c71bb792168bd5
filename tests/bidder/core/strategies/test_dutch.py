"""Dutch bots: never above the value, at the first price that leaves the margin, and no more units than are wanted."""

from hypothesis import given
from hypothesis import strategies as st

from bidder.core.strategies.dutch import DutchPlan, Stop, decide, would_stop
from common.formats.dutch import DutchBoard, DutchOwn, DutchTerms
from common.formats.sealed import Pays, SealedBoard, SealedTerms
from common.limits import UNITS_MAX
from common.lot import LotStatus, LotTerms, LotView

TERMS = DutchTerms(1_000, 100, 100, 1_000, 5)
NOW_MS = 50_000

amounts = st.integers(1, 1_100)
units = st.integers(0, UNITS_MAX)


def lot(price_minor: int, left: int = 5, status: LotStatus = LotStatus.OPEN, ends_at_ms: int | None = None) -> LotView:
    return LotView(LotTerms("1", "Tulips", TERMS), DutchBoard(price_minor, left), status=status, ends_at_ms=ends_at_ms)


@st.composite
def plans(draw: st.DrawFn) -> DutchPlan:
    return DutchPlan(value_minor=draw(amounts), margin_minor=draw(st.integers(0, 200)), units=draw(st.integers(1, 9)))


views = st.builds(
    lot,
    amounts,
    units,
    st.sampled_from([LotStatus.OPEN, *LotStatus]),
    st.none() | st.integers(NOW_MS - 10, NOW_MS + 10),
)
owns = st.none() | st.builds(DutchOwn, st.integers(1, 9), amounts)


@given(views, owns, plans())
def test_nobody_pays_more_than_the_value_or_takes_more_than_it_wants(
    view: LotView, own: DutchOwn | None, plan: DutchPlan
) -> None:
    stop = decide(view, NOW_MS, own, plan)
    assert stop == decide(view, NOW_MS, own, plan), "the same arguments gave another decision"
    assert isinstance(view.board, DutchBoard)
    if stop is None:
        return
    taken = 0 if own is None else own.units
    assert (stop.lot, view.status) == (view.lot, LotStatus.OPEN)
    assert view.ends_at_ms is None or view.ends_at_ms > NOW_MS
    assert stop.price_minor == view.board.price_minor <= plan.value_minor - plan.margin_minor
    assert 1 <= stop.units <= view.board.units_left
    assert stop.units + taken <= plan.units
    assert stop.most_minor <= stop.units * plan.value_minor
    after = DutchOwn(taken + stop.units, 1)
    left = view.board.units_left - stop.units
    assert decide(lot(stop.price_minor, left), NOW_MS, after, plan) is None, "it has what it wants, or nothing is left"


@given(plans())
def test_the_clock_is_stopped_at_the_first_price_that_leaves_the_margin(plan: DutchPlan) -> None:
    prices = list(range(1_000, 0, -100))
    stops = [price for price in prices if decide(lot(price), NOW_MS, None, plan) is not None]
    assert stops == [price for price in prices if price <= plan.stops_at_minor]
    assert [price for price in prices if would_stop(lot(price), None, plan)] == stops


def test_what_is_left_is_taken_and_the_rest_wanted_still() -> None:
    plan = DutchPlan(value_minor=500, margin_minor=100, units=3)
    assert decide(lot(500), NOW_MS, None, plan) is None
    assert decide(lot(400), NOW_MS, None, plan) == Stop("1", 400, 3)
    assert decide(lot(400, left=2), NOW_MS, None, plan) == Stop("1", 400, 2)
    assert decide(lot(300), NOW_MS, DutchOwn(2, 800), plan) == Stop("1", 300, 1)
    assert decide(lot(300), NOW_MS, DutchOwn(3, 1_200), plan) is None


def test_a_lot_of_another_format_is_left_alone() -> None:
    terms = LotTerms("1", "A vase", SealedTerms(100, Pays.OWN_OFFER))
    sealed = LotView(terms, SealedBoard(100), status=LotStatus.OPEN)
    plan = DutchPlan(value_minor=500)
    assert decide(sealed, NOW_MS, None, plan) is None
    assert not would_stop(sealed, None, plan)
