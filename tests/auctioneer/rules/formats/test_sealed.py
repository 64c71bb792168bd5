"""Sealed lots: the tables, a naive model over all offers, and what theory promises of second-price offers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auctioneer.rules.formats.format import Placed
from auctioneer.rules.formats.sealed import SEALED, SealedBook, SealedOffer
from auctioneer.rules.terms import LotSpec
from common.errors import RejectCode
from common.formats.sealed import Pays, SealedTerms, SealRequest, UnsealRequest
from common.lot import LotTerms, Result
from tests.auctioneer.rules.scenarios import Scenario, Stage, load

LEAST_MINOR = 10
PAYS = st.sampled_from(Pays)
OFFERS = st.lists(st.tuples(st.integers(1, 6), st.none() | st.integers(5, 60)), max_size=30)
"""Who offers, and how much; None takes the offer back."""


@pytest.mark.parametrize("restores", [False, True], ids=["", "restored"])
@pytest.mark.parametrize("scenario", load("sealed", "vickrey"), ids=str)
def test_table(scenario: Scenario, restores: bool) -> None:
    Stage(scenario, restores=restores).play()


def spec_of(pays: Pays, reserve_minor: int | None = None) -> LotSpec:
    terms = SealedTerms(LEAST_MINOR, pays, has_reserve=reserve_minor is not None)
    return LotSpec(LotTerms("1", "Lot", terms), reserve_minor)


def book_after(spec: LotSpec, offers: list[tuple[int, int | None]]) -> SealedBook:
    book = SEALED.open(spec)
    for number, (paddle, amount_minor) in enumerate(offers, start=1):
        if amount_minor is None:
            offer: SealRequest | UnsealRequest = UnsealRequest(id=number, lot="1")
        else:
            offer = SealRequest(id=number, lot="1", amount_minor=amount_minor)
        decided = SEALED.decide(spec, book, Placed(paddle, number, offer))
        if isinstance(decided, SealedOffer):
            book = SEALED.apply(spec, book, decided)
    return book


def results_by_the_rule(
    offers: list[tuple[int, int | None]], pays: Pays, reserve_minor: int | None
) -> tuple[Result, ...]:
    """Go through all offers for each bidder alone, and rank the last ones: no book, no order of insertion."""
    standing: list[tuple[int, int, int]] = []
    for paddle in {paddle for paddle, _ in offers}:
        stands: tuple[int, int] | None = None
        for when, (who, amount_minor) in enumerate(offers):
            if who != paddle or (amount_minor is not None and amount_minor < LEAST_MINOR):
                continue
            if amount_minor is None:
                stands = None
            elif stands is None or stands[0] != amount_minor:
                stands = (amount_minor, when)
        if stands is not None:
            standing.append((-stands[0], stands[1], paddle))
    ranked = sorted(standing)
    least_minor = max(LEAST_MINOR, reserve_minor or 0)
    if not ranked or -ranked[0][0] < least_minor:
        return ()
    second_minor = -ranked[1][0] if len(ranked) > 1 else 0
    pays_minor = -ranked[0][0] if pays is Pays.OWN_OFFER else max(least_minor, second_minor)
    return (Result(ranked[0][2], pays_minor),)


@given(offers=OFFERS, pays=PAYS, reserve_minor=st.none() | st.integers(10, 60))
def test_the_results_are_those_of_the_ranking(
    offers: list[tuple[int, int | None]], pays: Pays, reserve_minor: int | None
) -> None:
    spec = spec_of(pays, reserve_minor)
    assert SEALED.close(spec, book_after(spec, offers)) == results_by_the_rule(offers, pays, reserve_minor)


@given(
    others=st.lists(st.integers(10, 60), max_size=5),
    value_minor=st.integers(10, 60),
    offered_minor=st.integers(10, 60),
    reserve_minor=st.none() | st.integers(10, 60),
    place=st.integers(0, 5),
)
def test_nobody_gains_by_offering_other_than_the_value_where_the_second_offer_is_paid(
    others: list[int], value_minor: int, offered_minor: int, reserve_minor: int | None, place: int
) -> None:
    """Vickrey 1961: to offer one's value is a dominant strategy."""

    def gain_minor(my_offer_minor: int) -> int:
        spec = spec_of(Pays.SECOND_OFFER, reserve_minor)
        offers: list[tuple[int, int | None]] = [(paddle, amount) for paddle, amount in enumerate(others, start=2)]
        offers.insert(min(place, len(offers)), (1, my_offer_minor))
        results = SEALED.close(spec, book_after(spec, offers))
        return value_minor - results[0].amount_minor if results and results[0].paddle == 1 else 0

    assert gain_minor(value_minor) >= gain_minor(offered_minor)
    assert gain_minor(value_minor) >= 0


@given(offers=OFFERS, reserve_minor=st.none() | st.integers(10, 60))
def test_who_wins_does_not_depend_on_what_is_paid_and_the_second_price_is_never_more(
    offers: list[tuple[int, int | None]], reserve_minor: int | None
) -> None:
    first, second = (
        SEALED.close(spec_of(pays, reserve_minor), book_after(spec_of(pays, reserve_minor), offers))
        for pays in (Pays.OWN_OFFER, Pays.SECOND_OFFER)
    )
    assert [result.paddle for result in first] == [result.paddle for result in second]
    assert all(two.amount_minor <= one.amount_minor for one, two in zip(first, second, strict=True))


@given(offers=OFFERS, pays=PAYS)
def test_until_the_close_the_board_is_the_same_whatever_was_offered(
    offers: list[tuple[int, int | None]], pays: Pays
) -> None:
    spec = spec_of(pays)
    assert SEALED.show(spec, book_after(spec, offers), is_over=False) == SEALED.show(
        spec, SEALED.open(spec), is_over=False
    )


def test_an_offer_is_at_least_the_least_and_only_a_standing_one_can_be_taken_back() -> None:
    spec = spec_of(Pays.OWN_OFFER)
    book = book_after(spec, [(1, LEAST_MINOR)])
    low = Placed(2, 5, SealRequest(id=1, lot="1", amount_minor=LEAST_MINOR - 1))
    assert SEALED.decide(spec, book, low) is RejectCode.BELOW_MINIMUM
    assert SEALED.decide(spec, book, Placed(2, 5, UnsealRequest(id=1, lot="1"))) is RejectCode.NO_OFFER
    again = Placed(1, 5, SealRequest(id=1, lot="1", amount_minor=LEAST_MINOR))
    assert SEALED.decide(spec, book, again) is None, "the same amount changes nothing, not even the order"
