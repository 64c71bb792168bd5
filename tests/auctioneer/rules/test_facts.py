"""What everybody may know of a fact, and what the one bidder is told: no secret of a lot is in the first."""

import msgspec
import pytest

from auctioneer.rules.facts import (
    AnyFact,
    BidderAdmitted,
    BidTaken,
    HouseStarted,
    LotBought,
    LotDecided,
    MaximumDropped,
    bid_accepted,
    given_back,
    public_part,
)
from common.lot import BidPlaced, CloseCause, ExtendCause, LotClosed, LotExtended, LotPaused
from common.messages import BidRequest, BuyRequest

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
        ends_at_ms=900,
        extended_ms=0,
        reserve_met=None,
        buy_now_minor=None,
    )


def test_a_bid_is_told_without_any_maximum() -> None:
    told = public_part(bid_taken())
    assert told == BidPlaced(3, 200, 4, 4, 1500, 1600, 900)
    assert not {SECRET_MINOR, RIVAL_MINOR} & set(msgspec.structs.astuple(told))


@pytest.mark.parametrize(
    "fact",
    [
        bid_taken(public=False),
        MaximumDropped(at_ms=200, lot="7", seq=3, paddle=4, leader_maximum_minor=1500),
        BidderAdmitted(at_ms=200, paddle=4, news_seq=1, admitted=True, by="auctioneer"),
        HouseStarted(at_ms=200, instance="second", outage_ms=50),
    ],
    ids=lambda fact: type(fact).__name__,
)
def test_what_is_nobody_elses_business_has_no_public_part(fact: AnyFact) -> None:
    assert public_part(fact) is None


def test_a_purchase_is_the_close_of_its_lot_and_a_decision_is_its_event() -> None:
    bought = LotBought(
        at_ms=200, lot="7", seq=3, paddle=4, request=BuyRequest(id=9, lot="7", price_minor=9000), price_minor=9000
    )
    assert public_part(bought) == LotClosed(3, 200, CloseCause.BUY_NOW, 4, 9000)
    paused = LotPaused(3, 200, remaining_ms=700)
    assert public_part(LotDecided(at_ms=200, lot="7", seq=3, event=paused, by="clerk")) == paused


def test_the_request_can_be_told_from_the_fact() -> None:
    assert bid_taken().request == BidRequest(id=9, lot="7", maximum_minor=SECRET_MINOR)


def test_only_the_leader_is_told_its_maximum() -> None:
    assert bid_accepted(bid_taken()).maximum_minor == SECRET_MINOR
    outbid = bid_accepted(bid_taken(leader=5))
    assert (outbid.leading, outbid.maximum_minor) == (False, None)
    assert SECRET_MINOR not in msgspec.structs.astuple(outbid)


def test_an_outage_gives_each_open_lot_its_time_back() -> None:
    outage = HouseStarted(at_ms=5000, instance="second", outage_ms=300)
    assert given_back(outage, 8, 6000) == LotExtended(9, 5000, ExtendCause.OUTAGE, 6300)
