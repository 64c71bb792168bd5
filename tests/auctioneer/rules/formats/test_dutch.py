"""Dutch lots: the tables, the clock against a formula, and what theory promises of it."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auctioneer.rules.formats.dutch import DUTCH, DutchBook, DutchEntry, price_after
from auctioneer.rules.formats.format import Outcome, Placed
from auctioneer.rules.formats.sealed import SEALED, SealedBook
from auctioneer.rules.terms import LotSpec
from common.formats.dutch import DutchTerms, StopRequest
from common.formats.sealed import Pays, SealedTerms
from common.limits import RESULTS_MAX, UNITS_MAX
from common.lot import LotTerms, Result
from tests.auctioneer.rules.scenarios import Scenario, Stage, load

CLOCKS = st.builds(
    lambda floor, over, step, units: DutchTerms(floor + over, floor, step, 100, units),
    st.integers(1, 50),
    st.integers(0, 90),
    st.integers(1, 40),
    st.integers(1, 5),
)


@pytest.mark.parametrize("restores", [False, True], ids=["", "restored"])
@pytest.mark.parametrize("scenario", load("dutch"), ids=str)
def test_table(scenario: Scenario, restores: bool) -> None:
    Stage(scenario, restores=restores).play()


def spec_of(terms: DutchTerms) -> LotSpec:
    return LotSpec(LotTerms("1", "Lot", terms, duration_ms=terms.duration_ms))


def fallen(spec: LotSpec, until_minor: int) -> DutchBook:
    """Return the book once the clock shows no more than an amount, or the floor."""
    book = DUTCH.open(spec)
    while DUTCH.show(spec, book, is_over=False).price_minor > until_minor and DUTCH.due_ms(spec, book) is not None:
        book = DUTCH.apply(spec, book, DUTCH.step(spec, book))
    return book


@given(terms=CLOCKS)
def test_each_price_holds_for_a_step_and_the_last_is_the_floor(terms: DutchTerms) -> None:
    spec, shown = spec_of(terms), []
    book, due_ms = DUTCH.open(spec), 0
    while True:
        shown.append(DUTCH.show(spec, book, is_over=False).price_minor)
        next_ms = DUTCH.due_ms(spec, book)
        if next_ms is None:
            break
        assert next_ms - due_ms == terms.step_ms
        due_ms, book = next_ms, DUTCH.apply(spec, book, DUTCH.step(spec, book))
    assert shown[0] == terms.starting_minor
    assert shown[-1] == terms.floor_minor
    falls = [before - after for before, after in pairwise(shown)]
    assert falls[:-1] == [terms.step_minor] * max(0, len(falls) - 1)
    assert all(0 < fall <= terms.step_minor for fall in falls)
    assert due_ms + terms.step_ms == terms.duration_ms == len(shown) * terms.step_ms
    assert shown == [price_after(terms, steps) for steps in range(terms.prices)]


@given(terms=CLOCKS, stops=st.lists(st.tuples(st.integers(1, 4), st.integers(1, 3), st.booleans()), max_size=12))
def test_units_are_neither_lost_nor_doubled(terms: DutchTerms, stops: list[tuple[int, int, bool]]) -> None:
    spec, book = spec_of(terms), DUTCH.open(spec_of(terms))
    paid: dict[int, int] = {}
    got: dict[int, int] = {}
    for number, (paddle, units, falls) in enumerate(stops, start=1):
        if falls and DUTCH.due_ms(spec, book) is not None:
            book = DUTCH.apply(spec, book, DUTCH.step(spec, book))
        price_minor, left = price_after(terms, book.steps), terms.units - sum(got.values())
        offer = StopRequest(id=number, lot="1", price_minor=price_minor, units=units)
        decided = DUTCH.decide(spec, book, Placed(paddle, 0, offer))
        taken = min(units, left)
        got[paddle] = got.get(paddle, 0) + taken
        paid[paddle] = paid.get(paddle, 0) + taken * price_minor
        entry = decided.entry if isinstance(decided, Outcome) else decided
        assert isinstance(entry, DutchEntry)
        book = DUTCH.apply(spec, book, entry)
        assert isinstance(decided, Outcome) == (sum(got.values()) == terms.units)
        if isinstance(decided, Outcome):
            assert decided.results == DUTCH.close(spec, book)
            break
    assert set(DUTCH.close(spec, book)) == {Result(paddle, paid[paddle], got[paddle]) for paddle in got}


@given(values=st.lists(st.integers(10, 99), min_size=1, max_size=5, unique=True))
def test_a_clock_in_steps_of_one_ends_as_sealed_first_price_does(values: list[int]) -> None:
    """Vickrey 1961: for the same offers, clock and sealed first price sell to the same bidder, as dear."""
    terms = DutchTerms(100, 5, 1, 100)
    spec, highest = spec_of(terms), max(values)
    book = fallen(spec, highest)
    winner = values.index(highest) + 1
    stop = Placed(winner, 0, StopRequest(id=1, lot="1", price_minor=highest))
    outcome = DUTCH.decide(spec, book, stop)
    sealed = LotSpec(LotTerms("1", "Lot", SealedTerms(5, Pays.OWN_OFFER)))
    assert isinstance(outcome, Outcome)
    assert outcome.results == SEALED.close(sealed, SealedBook(dict(enumerate(values, start=1))))


def test_the_results_of_the_most_units_fit() -> None:
    assert UNITS_MAX <= RESULTS_MAX
