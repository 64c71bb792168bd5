"""Retractions at the house: the verdict is remembered over a restart, the record verifies, and secrets stay secret."""

import pytest
from msgspec.structs import replace

from auctioneer.audit.invariants import check_same_state
from auctioneer.audit.verify import verify
from auctioneer.house.house import House
from auctioneer.house.news import Parked
from auctioneer.rules.facts import CorrectionMade
from common.codec import encode
from common.errors import RejectCode
from common.formats.english import EnglishOwn
from common.messages import Accepted, News, NewsRequest, Rejected, Snapshot, SnapshotRequest, WordKind
from common.retraction import RetractRequest
from tests.auctioneer.house.house_examples import ANN, BOB, SmallSale, bid, lot, maximum
from tests.must_be import must_be


@pytest.fixture
def sale() -> SmallSale:
    """Return a sale with retractions: Ann (1) bid 15.00 on lot 1, then Bob (2) 20.00."""
    sale = SmallSale(lot("1"), lot("2"), corrections=True, retractions=True)
    sale.join(ANN, "Ann")
    sale.join(BOB, "Bob")
    assert isinstance(sale.ask(ANN, bid(10, 1500)), Accepted)
    assert isinstance(sale.ask(BOB, bid(10, 2000)), Accepted)
    return sale


def retraction(request_id: int, number: str = "1") -> RetractRequest:
    return RetractRequest(id=request_id, lot=number)


def has_no_word(sale: SmallSale, key: str) -> bool:
    return isinstance(sale.send(key, encode(NewsRequest(id=900, after_seq=0))), Parked)


@pytest.mark.parametrize("retractions", [True, False])
def test_everybody_is_told_whether_the_sale_has_retractions(retractions: bool) -> None:
    sale = SmallSale(lot("1"), corrections=True, retractions=retractions)
    assert sale.join(ANN, "Ann").sale.retractions is retractions
    assert must_be(Snapshot, sale.ask(ANN, SnapshotRequest(id=10))).sale.retractions is retractions


def test_a_repeat_gets_the_same_verdict_and_takes_nothing_else_back(sale: SmallSale) -> None:
    assert isinstance(sale.ask(BOB, bid(11, 3000, number="2")), Accepted)
    assert isinstance(sale.ask(ANN, bid(11, 2500)), Accepted)
    assert isinstance(sale.ask(BOB, bid(12, 4000)), Accepted)
    verdict = must_be(Accepted, sale.ask(BOB, retraction(13)))
    refused = must_be(Rejected, sale.ask(ANN, retraction(12, "2")))
    assert refused.code is RejectCode.NO_OFFER
    facts = len(sale.record)
    snapshot = House.rebuild(sale.settings, sale.house.snapshot(), (), (), sale.now_ms)
    for house in (sale.house, sale.rebuilt(), snapshot):
        assert house.handle(BOB, encode(retraction(13)), sale.now_ms) == verdict
        conflict = must_be(Rejected, house.handle(BOB, encode(retraction(13, "2")), sale.now_ms))
        assert conflict.code is RejectCode.ID_CONFLICT
        assert not house.flush().facts
    assert sale.rebuilt().handle(ANN, encode(retraction(12, "2")), sale.now_ms) == refused
    assert len(sale.record) == facts


def test_the_record_verifies_and_a_forged_retraction_does_not(sale: SmallSale) -> None:
    assert isinstance(sale.ask(BOB, retraction(11)), Accepted)
    assert verify(enumerate(sale.record, start=1)).mismatch is None
    check_same_state(sale.rebuilt().engine.state, sale.house.engine.state)
    (place,) = (place for place, fact in enumerate(sale.record) if isinstance(fact, CorrectionMade))
    made = must_be(CorrectionMade, sale.record[place])
    for forged in (
        replace(made, paddle=1),
        replace(made, paddle=None),
        replace(made, request=None),
        replace(made, request=replace(retraction(10), lot="1")),
        replace(made, verdict=replace(must_be(Accepted, made.verdict), own=EnglishOwn(9))),
        replace(made, asked=(1,)),
    ):
        record = [*sale.record[:place], forged, *sale.record[place + 1 :]]
        mismatch = verify(enumerate(record, start=1)).mismatch
        assert mismatch is not None
        assert mismatch.position == place + 1


def test_those_whom_it_touches_hear_of_it_but_for_the_bidder(sale: SmallSale) -> None:
    assert isinstance(sale.ask(BOB, retraction(11)), Accepted)
    heard = must_be(News, sale.ask(ANN, NewsRequest(id=900, after_seq=0)))
    assert [(word.kind, word.lot) for word in heard.words] == [(WordKind.LEAD_BACK, "1")]
    assert has_no_word(sale, BOB)


def test_a_hidden_raise_that_is_retracted_leaves_no_trace(sale: SmallSale) -> None:
    before = sale.house.engine.lots["1"].view
    assert must_be(Accepted, sale.ask(BOB, maximum(11))).own == EnglishOwn(9000)
    verdict = must_be(Accepted, sale.ask(BOB, retraction(12)))
    assert (verdict.own, verdict.seq) == (EnglishOwn(2000), before.seq)
    assert sale.house.engine.lots["1"].view == before
    assert has_no_word(sale, ANN)
    assert must_be(Accepted, sale.ask(BOB, maximum(11))).own == EnglishOwn(9000), "a repeat says what was then"
    assert isinstance(sale.ask(ANN, bid(13, 2500)), Accepted)


def test_an_unknown_lot_has_no_bid_to_take_back(sale: SmallSale) -> None:
    assert must_be(Rejected, sale.ask(BOB, retraction(11, "9"))).code is RejectCode.UNKNOWN_LOT
