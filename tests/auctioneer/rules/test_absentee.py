"""Bids that are left before a lot opens: tables of what becomes of them, and the limit on their number."""

import pytest

from auctioneer.rules import decisions, engine
from auctioneer.rules.engine import Bidder, Engine
from auctioneer.rules.facts import BidLeft, LeftBidVoid, OfferTaken
from auctioneer.rules.terms import LotSpec, Opening, OpeningRule
from common.absentee import LeaveBidRequest
from common.errors import RejectCode
from common.formats import AnyTerms
from common.formats.dutch import DutchTerms
from common.formats.sealed import Pays, SealedOwn, SealedTerms
from common.lot import LotTerms
from common.messages import Rejected
from tests.auctioneer.house.house_examples import START_MS, lot, sale_created
from tests.auctioneer.rules.scenarios import Scenario, Stage, load
from tests.must_be import must_be


@pytest.mark.parametrize("restores", [False, True], ids=["", "restored"])
@pytest.mark.parametrize("scenario", load("absentee"), ids=str)
def test_table(scenario: Scenario, restores: bool) -> None:
    Stage(scenario, restores=restores).play()


def by_hand(number: str, form: AnyTerms) -> LotSpec:
    return LotSpec(LotTerms(number, "Lot", form), opening=Opening(OpeningRule.BY_HAND))


def sale_of(*specs: LotSpec) -> Engine:
    made = Engine.create(sale_created())
    decisions.add(made, START_MS, "auctioneer", specs)
    return made


def leave(made: Engine, paddle: int, amount_minor: int | None, number: str = "1") -> BidLeft | Rejected:
    request = LeaveBidRequest(id=1, lot=number, amount_minor=amount_minor)
    outcome = made.offer(START_MS, Bidder(paddle, (f"bidder{paddle}",)), request)
    assert isinstance(outcome, BidLeft | Rejected)
    return outcome


def test_a_sealed_offer_can_be_left() -> None:
    made = sale_of(by_hand("1", SealedTerms(100, Pays.OWN_OFFER)))
    assert must_be(BidLeft, leave(made, 1, 500)).own == SealedOwn(500)
    assert must_be(Rejected, leave(made, 2, 99)).code is RejectCode.BELOW_MINIMUM
    decisions.open_lot(made, START_MS, "auctioneer", "1")
    (fact,) = made.advance(START_MS)
    assert must_be(OfferTaken, fact).public is False
    assert made.own(made.lots["1"], 1) == SealedOwn(500)


def test_no_bid_can_be_left_on_a_dutch_lot() -> None:
    made = sale_of(by_hand("1", DutchTerms(900, 100, 200, 1_000)))
    assert must_be(Rejected, leave(made, 1, 500)).code is RejectCode.OTHER_FORMAT
    assert must_be(Rejected, leave(made, 1, None)).code is RejectCode.NO_OFFER


def test_a_sale_holds_so_many_bids_that_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "ABSENTEE_BIDS_MAX", 3)
    made = sale_of(lot("1", by_hand=True), lot("2", by_hand=True))
    for paddle in (1, 2):
        assert isinstance(leave(made, paddle, 2_000), BidLeft)
    assert isinstance(leave(made, 1, 2_000, "2"), BidLeft)
    assert must_be(Rejected, leave(made, 3, 2_000)).code is RejectCode.HOUSE_FULL
    assert isinstance(leave(made, 1, 3_000), BidLeft), "one that replaces another takes no more room"
    assert isinstance(leave(made, 1, None, "2"), BidLeft)
    assert isinstance(leave(made, 3, 2_000), BidLeft)
    decisions.withdraw(made, START_MS, "auctioneer", "1", "broken")
    assert [isinstance(leave(made, paddle, 2_000, "2"), BidLeft) for paddle in (1, 2, 3, 4)] == [
        True,
        True,
        True,
        False,
    ]
    decisions.open_lot(made, START_MS, "auctioneer", "2")
    made.advance(START_MS)
    assert Engine(made.state)._left_bids == 0 == made._left_bids


def test_one_that_is_void_says_why() -> None:
    made = sale_of(lot("1", by_hand=True))
    for paddle, amount_minor in ((1, 5_000), (2, 9_000), (3, 5_050)):
        leave(made, paddle, amount_minor)
    decisions.open_lot(made, START_MS, "auctioneer", "1")
    *_, void = made.advance(START_MS)
    assert (must_be(LeftBidVoid, void).paddle, must_be(LeftBidVoid, void).code) == (3, RejectCode.BELOW_MINIMUM)
