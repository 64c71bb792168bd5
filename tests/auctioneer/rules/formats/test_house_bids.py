"""House bids: the tables of `scenarios/house_bids.txt`, and what can't be true of a lot that the house leads."""

import pytest
from msgspec.structs import replace

from auctioneer.rules.formats.english import ENGLISH, Book
from auctioneer.rules.formats.format import Placed
from auctioneer.rules.terms import LotSpec
from common.errors import RejectCode
from common.formats.english import BidRequest, EnglishTerms, Step
from common.lot import LotTerms, LotView
from common.the_house import HOUSE_PADDLE
from tests.auctioneer.rules.scenarios import Scenario, Stage, load

TABLES = load("house_bids")
TERMS = EnglishTerms(1000, (Step(0, 100),), has_reserve=True, house_bids=True)
SPEC = LotSpec(LotTerms("1", "Clock", TERMS), reserve_minor=5000)


@pytest.mark.parametrize("restores", [False, True])
@pytest.mark.parametrize("scenario", TABLES, ids=str)
def test_house_bids(scenario: Scenario, *, restores: bool) -> None:
    Stage(scenario, restores=restores).play()


def test_a_house_bid_drops_nothing_with_silence_since_the_house_is_always_there() -> None:
    offer = BidRequest(id=1, lot="1", amount_minor=2000, while_connected=True)
    assert ENGLISH.decide(SPEC, None, Placed(HOUSE_PADDLE, 0, offer)) is RejectCode.NO_HOUSE_BIDS


def test_who_looks_on_has_the_paddle_of_the_house_but_no_position_of_it() -> None:
    assert ENGLISH.own(SPEC, Book(2000, HOUSE_PADDLE, 2000), HOUSE_PADDLE) is None


@pytest.mark.parametrize(
    ("spec", "book", "fault"),
    [
        (SPEC, Book(5000, HOUSE_PADDLE, 5000), "the house leads where it may not"),
        (SPEC, Book(2000, HOUSE_PADDLE, 3000), "the house has a maximum"),
        (
            replace(SPEC, terms=replace(SPEC.terms, format=replace(TERMS, house_bids=False))),
            Book(2000, HOUSE_PADDLE, 2000),
            "the house leads where it may not",
        ),
    ],
)
def test_what_can_not_be_true_of_a_lot_that_the_house_leads(spec: LotSpec, book: Book, fault: str) -> None:
    view = LotView(spec.terms, ENGLISH.show(spec, book, is_over=False))
    assert fault in list(ENGLISH.faults(spec, book, view))


def test_the_lot_is_not_sold_to_the_house_even_at_the_reserve() -> None:
    assert ENGLISH.close(SPEC, Book(5000, HOUSE_PADDLE, 5000)) == ()
