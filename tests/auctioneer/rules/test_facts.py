"""What everybody may know of a fact, and what the one bidder is told: no secret of a lot is in the first."""

import re

import msgspec
import pytest

from auctioneer.rules.fact_events import given_back, public_part, verdict_of
from auctioneer.rules.facts import (
    AnyFact,
    BidderAdmitted,
    BidTaken,
    HouseStarted,
    LotDecided,
    OfferTaken,
    PositionReleased,
)
from auctioneer.rules.formats.english import Book
from common.formats.english import BidRequest, BuyRequest, EnglishBoard
from common.lot import CloseCause, ExtendCause, Result
from common.lot_events import LotClosed, LotExtended, LotMoved, LotPaused
from tests.english import own_maximum_minor

SECRET_MINOR = 77_123
RIVAL_MINOR = 66_321


def bid_taken(*, public: bool = True, leader: int = 4) -> BidTaken:
    return BidTaken(
        at_ms=200,
        lot="7",
        seq=3,
        paddle=4,
        request_id=9,
        amount_minor=None,
        maximum_minor=SECRET_MINOR,
        public=public,
        price_minor=1500,
        minimum_minor=1600,
        leader=leader,
        leader_maximum_minor=SECRET_MINOR,
        rival_maximum_minor=RIVAL_MINOR,
        bids=2,
        ends_at_ms=900,
        extended_ms=0,
        reserve_met=None,
        buy_now_minor=None,
    )


def test_a_bid_is_told_without_any_maximum() -> None:
    told = public_part(bid_taken())
    assert told == LotMoved(3, 200, EnglishBoard(1600, 1500, 4, 2), 900, 4)
    assert not {str(SECRET_MINOR), str(RIVAL_MINOR)} & set(re.findall(r"\d+", msgspec.json.encode(told).decode()))


@pytest.mark.parametrize(
    "fact",
    [
        bid_taken(public=False),
        PositionReleased(at_ms=200, lot="7", seq=3, paddle=4, entry=Book(1500, 4, 1500)),
        BidderAdmitted(at_ms=200, paddle=4, news_seq=1, admitted=True, by="auctioneer"),
        HouseStarted(at_ms=200, instance="second", outage_ms=50),
    ],
    ids=lambda fact: type(fact).__name__,
)
def test_what_is_nobody_elses_business_has_no_public_part(fact: AnyFact) -> None:
    assert public_part(fact) is None


def test_a_purchase_is_the_close_of_its_lot_and_a_decision_is_its_event() -> None:
    bought = OfferTaken(
        at_ms=200,
        lot="7",
        seq=3,
        paddle=4,
        request=BuyRequest(id=9, lot="7", price_minor=9000),
        public=True,
        board=EnglishBoard(100),
        ends_at_ms=None,
        extended_ms=0,
        entry=None,
        own=None,
        cause=CloseCause.BUY_NOW,
        results=(Result(4, 9000),),
    )
    assert public_part(bought) == LotClosed(3, 200, CloseCause.BUY_NOW, EnglishBoard(100), (Result(4, 9000),))
    paused = LotPaused(3, 200, remaining_ms=700)
    assert public_part(LotDecided(at_ms=200, lot="7", seq=3, event=paused, by="clerk")) == paused


def test_the_request_can_be_told_from_the_fact() -> None:
    assert bid_taken().request == BidRequest(id=9, lot="7", maximum_minor=SECRET_MINOR)


def test_only_the_leader_is_told_its_maximum() -> None:
    assert own_maximum_minor(verdict_of(bid_taken()).own) == SECRET_MINOR
    outbid = verdict_of(bid_taken(leader=5))
    assert outbid.own is None
    assert str(SECRET_MINOR) not in msgspec.json.encode(outbid).decode()


def test_an_outage_gives_each_open_lot_its_time_back() -> None:
    outage = HouseStarted(at_ms=5000, instance="second", outage_ms=300)
    assert given_back(outage, 8, 6000) == LotExtended(9, 5000, ExtendCause.OUTAGE, 6300)
