"""What reports say of lots and offers of each format, and that every format has its place in the table."""

from typing import get_args

import pytest

from auctioneer.house.formats.bidding import Bidding, OfferMade
from auctioneer.house.formats.table import bidding, board_bidding, offer_made, terms_bidding
from common.absentee import LeaveBidRequest
from common.confirming import ConfirmRequest
from common.formats import AnyOffer
from common.formats.dutch import StopRequest
from common.formats.english import BidRequest, BuyRequest
from common.formats.sealed import SealRequest, UnsealRequest
from common.retraction import RetractRequest
from tests.auctioneer.rules.scenarios import Row, Scenario, Stage

MADE: list[tuple[AnyOffer, OfferMade]] = [
    (BidRequest(id=1, lot="1", amount_minor=5), OfferMade("bid", 5)),
    (BidRequest(id=1, lot="1", maximum_minor=7), OfferMade("maximum", None, 7)),
    (BidRequest(id=1, lot="1", amount_minor=5, maximum_minor=7), OfferMade("bid_up_to", 5, 7)),
    (BuyRequest(id=1, lot="1", price_minor=9), OfferMade("buy", 9)),
    (SealRequest(id=1, lot="1", amount_minor=5), OfferMade("seal", 5, is_sealed=True)),
    (UnsealRequest(id=1, lot="1"), OfferMade("unseal", accepted_as="taken_back", is_sealed=True)),
    (RetractRequest(id=1, lot="1"), OfferMade("retract", accepted_as="taken_back")),
    (ConfirmRequest(id=1, lot="1", stands=True), OfferMade("confirm", accepted_as="confirmed")),
    (ConfirmRequest(id=1, lot="1", stands=False), OfferMade("decline", accepted_as="taken_back")),
    (StopRequest(id=1, lot="1", price_minor=9, units=2), OfferMade("stop", 9, accepted_as="bought")),
]


@pytest.mark.parametrize(("offer", "made"), MADE, ids=str)
def test_what_an_offer_asked_for(offer: AnyOffer, made: OfferMade) -> None:
    assert offer_made(offer) == made


def test_every_offer_has_its_words() -> None:
    assert {type(offer) for offer, _ in MADE} | {LeaveBidRequest} == set(get_args(AnyOffer))


def after(lot: str, *rows: tuple[int, str, str]) -> tuple[Bidding, Bidding]:
    """Return what reports say of the terms, and of the lot after these commands."""
    played = [Row("", at_s * 1000, who, command, []) for at_s, who, command in rows]
    stage = Stage(Scenario("", "", [lot]), restores=False)
    for row in played:
        stage.do(row)
    state = stage.engine.lots["1"]
    told = bidding(state)
    assert board_bidding(state.view.board) == told._replace(
        starting_minor=None, maximum_minor=None, bids=board_bidding(state.view.board).bids
    )
    return terms_bidding(state.spec), told


def test_an_english_lot_is_told_with_the_leaders_maximum() -> None:
    terms, told = after("lot 1: from 10, step 1, reserve 50, buy 90, for 60s", (1, "ann", "bid 1 20 max 30"))
    assert terms == Bidding(starting_minor=1000)
    assert told == Bidding(1, 1, False, 3000, 3100, 1000, 3000, 9000)


def test_a_sealed_lot_tells_nothing_until_it_is_over() -> None:
    offers = ((1, "ann", "seal 1 20"), (2, "bob", "seal 1 30"))
    terms, told = after("lot 1: sealed, from 10, reserve 15, for 60s", *offers)
    assert terms == Bidding(starting_minor=1000)
    assert told == Bidding(minimum_minor=1000, starting_minor=1000)
    _, over = after("lot 1: sealed, from 10, reserve 15, for 60s", *offers, (60, "clock", "look 1"))
    assert over == Bidding(bids=2, minimum_minor=1000, starting_minor=1000)


def test_a_dutch_lot_tells_the_price_on_the_clock_and_how_many_took_something() -> None:
    terms, told = after(
        "lot 1: from 30, dutch by 10 every 10s to 10 of 3", (1, "ann", "stop 1 30"), (10, "clock", "look")
    )
    assert terms == Bidding(starting_minor=3000)
    assert told == Bidding(bids=1, price_minor=2000, minimum_minor=2000, starting_minor=3000)
