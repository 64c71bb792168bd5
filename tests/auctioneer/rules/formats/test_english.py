"""The English rules: the tables, and the proxy rule as one formula over all maxima."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auctioneer.rules.formats.english import Book, decide_bid, default_increments, minimum_bid
from common.errors import RejectCode
from common.formats.english import BidRequest, EnglishTerms, Step
from common.money import Currency
from tests.auctioneer.rules.scenarios import Scenario, Stage, load

TABLES = load("english_published", "english_bids", "english_reserve", "buy_now", "soft_close", "conditions")


@pytest.mark.parametrize("restores", [False, True], ids=["", "restored"])
@pytest.mark.parametrize("scenario", TABLES, ids=str)
def test_table(scenario: Scenario, restores: bool) -> None:
    Stage(scenario, restores=restores).play()


# --- the proxy rule as a formula -----------------------------------------------------------------------------------

TABLE = default_increments(Currency("USD", 2))
RISING_TABLES = st.sampled_from([TABLE, (Step(0, 1),), (Step(0, 500),), (Step(0, 7), Step(1_000, 300))])
HISTORIES = st.lists(st.tuples(st.integers(1, 6), st.integers(1, 60_000)), max_size=40)


def bid(amount_minor: int | None, maximum_minor: int | None) -> BidRequest:
    return BidRequest(id=1, lot="1", amount_minor=amount_minor, maximum_minor=maximum_minor)


def play_maxima(terms: EnglishTerms, reserve_minor: int | None, history: list[tuple[int, int]]) -> Book | None:
    book = None
    for paddle, maximum_minor in history:
        minimum_minor = minimum_bid(terms, book.price_minor if book else None)
        outcome = decide_bid(terms, reserve_minor, book, minimum_minor, paddle, bid(None, maximum_minor))
        if isinstance(outcome, Book):
            book = outcome
    return book


def highest_by_bidder(terms: EnglishTerms, history: list[tuple[int, int]]) -> list[tuple[int, int, int]]:
    """Return (maximum, minus when, paddle) of each bidder, the highest and then the earliest first.

    A bid counts if it is at least the minimum, or the leader's own and higher than before.
    """
    best: dict[int, tuple[int, int, int]] = {}
    for when, (paddle, maximum_minor) in enumerate(history):
        order = sorted(best.values(), reverse=True)
        price_minor = published_price(terms, order)
        is_leader = bool(order) and order[0][2] == paddle
        least_minor = order[0][0] + 1 if is_leader else minimum_bid(terms, price_minor)
        if maximum_minor >= least_minor:
            best[paddle] = (maximum_minor, -when, paddle)
    return sorted(best.values(), reverse=True)


def published_price(terms: EnglishTerms, order: list[tuple[int, int, int]]) -> int | None:
    """Return min(highest, second + one increment at the second), but no less than the starting price."""
    if not order:
        return None
    if len(order) == 1:
        return terms.starting_minor
    second_minor = order[1][0]
    return max(terms.starting_minor, min(order[0][0], second_minor + terms.step_at(second_minor)))


@settings(max_examples=300)
@given(history=HISTORIES, increments=RISING_TABLES, starting_minor=st.integers(1, 5_000))
def test_the_final_price_is_what_the_two_highest_maxima_say(
    history: list[tuple[int, int]], increments: tuple[Step, ...], starting_minor: int
) -> None:
    terms = EnglishTerms(starting_minor, increments)
    book = play_maxima(terms, None, history)
    order = highest_by_bidder(terms, history)
    if book is None:
        assert not order
        return
    assert (book.leader, book.leader_maximum_minor) == (order[0][2], order[0][0])
    assert book.rival_maximum_minor == (order[1][0] if len(order) > 1 else None)
    assert book.price_minor == published_price(terms, order)


@settings(max_examples=200)
@given(history=HISTORIES, reserve_minor=st.integers(1_000, 30_000))
def test_a_reserve_only_lifts_the_price_to_itself_or_to_the_leaders_maximum(
    history: list[tuple[int, int]], reserve_minor: int
) -> None:
    terms = EnglishTerms(1_000, TABLE)
    book = play_maxima(terms, reserve_minor, history)
    if book is None:
        return
    if book.leader_maximum_minor < reserve_minor:
        assert book.price_minor == book.leader_maximum_minor
    else:
        rival_minor = book.rival_maximum_minor or 0
        beside = min(book.leader_maximum_minor, rival_minor + terms.step_at(rival_minor)) if rival_minor else 0
        assert book.price_minor == max(reserve_minor, beside)


@given(
    price_minor=st.integers(1_000, 60_000),
    amount_minor=st.none() | st.integers(1, 60_000),
    maximum_minor=st.none() | st.integers(1, 60_000),
)
def test_no_bid_below_the_minimum_counts(price_minor: int, amount_minor: int | None, maximum_minor: int | None) -> None:
    terms = EnglishTerms(1_000, TABLE)
    book = Book(price_minor, 1, price_minor + 5_000)
    outcome = decide_bid(terms, None, book, minimum_bid(terms, price_minor), 2, bid(amount_minor, maximum_minor))
    named = [value for value in (amount_minor, maximum_minor) if value is not None]
    if not named or (amount_minor and maximum_minor and maximum_minor < amount_minor):
        assert outcome is RejectCode.INVALID_AMOUNT
    elif min(named) < minimum_bid(terms, price_minor):
        assert outcome is RejectCode.BELOW_MINIMUM
    else:
        assert isinstance(outcome, Book)
        assert outcome.price_minor > price_minor
