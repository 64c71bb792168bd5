"""Sealed bots: never above the value, truthful where the second offer is paid, and a mind that may change."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bidder.core.strategies.sealed import (
    SHADE_MAX,
    Mind,
    Seal,
    SealedIntent,
    SealedPlan,
    Unseal,
    acts_from_ms,
    aim_minor,
    decide,
)
from common.formats.english import EnglishBoard, EnglishTerms, Step
from common.formats.sealed import Pays, SealedBoard, SealedOwn, SealedTerms
from common.lot import LotStatus, LotTerms, LotView

FIRST_PRICE = SealedTerms(100, Pays.OWN_OFFER)
VICKREY = SealedTerms(100, Pays.SECOND_OFFER)
NOW_MS = 50_000

amounts = st.integers(1, 10**15)
times = st.integers(NOW_MS - 1_000, NOW_MS + 1_000)


def lot(terms: SealedTerms, status: LotStatus = LotStatus.OPEN, ends_at_ms: int | None = None) -> LotView:
    board = SealedBoard(terms.starting_minor)
    return LotView(LotTerms("1", "A vase", terms), board, status=status, ends_at_ms=ends_at_ms)


@st.composite
def plans(draw: st.DrawFn) -> SealedPlan:
    begins_at_ms, changes_at_ms, returns_at_ms = sorted(draw(st.tuples(times, times, times)))
    return SealedPlan(
        value_minor=draw(amounts),
        shade=draw(st.floats(0, SHADE_MAX)),
        mind=draw(st.sampled_from(Mind)),
        begins_at_ms=begins_at_ms,
        changes_at_ms=changes_at_ms,
        returns_at_ms=returns_at_ms,
    )


terms = st.builds(SealedTerms, amounts, st.sampled_from(Pays))
views = st.builds(lot, terms, st.sampled_from(LotStatus), st.none() | times)
owns = st.none() | st.builds(SealedOwn, amounts)


def standing(intent: SealedIntent) -> SealedOwn | None:
    return SealedOwn(intent.amount_minor) if isinstance(intent, Seal) else None


@given(views, times, owns, plans())
def test_nobody_offers_more_than_the_value_or_less_than_the_least(
    view: LotView, now_ms: int, own: SealedOwn | None, plan: SealedPlan
) -> None:
    intent = decide(view, now_ms, own, plan)
    assert intent == decide(view, now_ms, own, plan), "the same arguments gave another decision"
    if intent is None:
        return
    assert (intent.lot, view.status) == (view.lot, LotStatus.OPEN)
    assert view.ends_at_ms is None or now_ms < view.ends_at_ms
    if isinstance(intent, Seal):
        assert isinstance(view.board, SealedBoard)
        assert view.board.minimum_minor <= intent.amount_minor == intent.most_minor <= plan.value_minor
    else:
        assert own is not None, "there was nothing to take back"
        assert intent.most_minor == 0
    assert decide(view, now_ms, standing(intent), plan) is None, "once it is done, nothing more is wanted"


@given(st.builds(SealedTerms, amounts, st.just(Pays.SECOND_OFFER)), times, plans())
def test_each_offer_in_a_vickrey_lot_is_the_value(terms: SealedTerms, now_ms: int, plan: SealedPlan) -> None:
    assert aim_minor(terms, plan, now_ms) in (None, plan.value_minor)
    if plan.value_minor >= terms.starting_minor and plan.mind is not Mind.LEAVES:
        assert aim_minor(terms, plan, NOW_MS + 1_000) == plan.value_minor


@given(views, times, owns, plans())
def test_time_alone_changes_a_decision_only_when_it_was_said_to(
    view: LotView, now_ms: int, own: SealedOwn | None, plan: SealedPlan
) -> None:
    view = replace(view, status=LotStatus.OPEN, ends_at_ms=None)
    from_ms = acts_from_ms(view, plan, own, now_ms)
    moments = {at_ms + off for at_ms in (plan.begins_at_ms, plan.changes_at_ms, plan.returns_at_ms) for off in (-1, 0)}
    for at_ms in sorted(moment for moment in moments | {now_ms} if moment >= now_ms):
        if from_ms is None or at_ms < from_ms:
            assert decide(view, at_ms, own, plan) is None
    if from_ms is not None:
        assert from_ms >= now_ms
        assert decide(view, from_ms, own, plan) is not None


@pytest.mark.parametrize(
    ("terms", "mind", "expected"),
    [
        (FIRST_PRICE, Mind.STEADY, [None, 750, 750, 750]),
        (FIRST_PRICE, Mind.RAISES, [None, 425, 750, 750]),
        (FIRST_PRICE, Mind.RETHINKS, [None, 750, None, 750]),
        (FIRST_PRICE, Mind.LEAVES, [None, 750, None, None]),
        (VICKREY, Mind.STEADY, [None, 1_000, 1_000, 1_000]),
        (VICKREY, Mind.RAISES, [None, 1_000, 1_000, 1_000]),
        (VICKREY, Mind.RETHINKS, [None, 1_000, None, 1_000]),
        (VICKREY, Mind.LEAVES, [None, 1_000, None, None]),
    ],
)
def test_a_mind_changes_at_its_time(terms: SealedTerms, mind: Mind, expected: list[int | None]) -> None:
    plan = SealedPlan(value_minor=1_000, shade=0.25, mind=mind, begins_at_ms=100, changes_at_ms=200, returns_at_ms=300)
    assert [aim_minor(terms, plan, at_ms) for at_ms in (99, 100, 200, 300)] == expected


def test_an_offer_is_replaced_or_taken_back_where_another_stands() -> None:
    plan = SealedPlan(value_minor=1_000)
    assert decide(lot(VICKREY), NOW_MS, SealedOwn(900), plan) == Seal("1", 1_000)
    gone = SealedPlan(value_minor=1_000, mind=Mind.LEAVES)
    assert decide(lot(VICKREY), NOW_MS, SealedOwn(900), gone) == Unseal("1")


def test_who_values_the_lot_below_the_least_offer_stays_out() -> None:
    plan = SealedPlan(value_minor=99)
    assert aim_minor(FIRST_PRICE, plan, NOW_MS) is None
    assert acts_from_ms(lot(FIRST_PRICE), plan, None, NOW_MS) is None
    least = SealedPlan(value_minor=101, shade=0.5)
    assert aim_minor(FIRST_PRICE, least, NOW_MS) == 100, "shading goes no further than the least offer"


def test_a_lot_of_another_format_is_left_alone() -> None:
    view = LotView(LotTerms("1", "A vase", EnglishTerms(100, (Step(0, 10),))), EnglishBoard(100), 0, LotStatus.OPEN)
    assert decide(view, NOW_MS, None, SealedPlan(value_minor=1_000)) is None
    assert acts_from_ms(view, SealedPlan(value_minor=1_000), None, NOW_MS) is None
    assert acts_from_ms(lot(VICKREY, LotStatus.SOLD), SealedPlan(value_minor=1_000), None, NOW_MS) is None
