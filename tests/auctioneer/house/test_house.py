"""The house without its sockets: a request in, its verdict and the facts out."""

import msgspec
import pytest

from auctioneer.rules.facts import BidTaken, HouseStoodStill, LotDecided, OfferLate, OfferTaken
from auctioneer.rules.terms import Opening, OpeningRule
from common.codec import encode
from common.errors import RejectCode
from common.formats.english import BidRequest, BuyRequest
from common.limits import REMEMBERED_REQUESTS_MAX
from common.lot_events import LotExtended, LotMoved, LotOpened
from common.messages import Accepted, Rejected
from tests.auctioneer.house.house_examples import (
    ANN,
    BOB,
    CAT,
    HOUR_MS,
    START_MS,
    SmallSale,
    bid,
    code_of,
    lot,
    two_open_lots,
)
from tests.english import english, hammer_minor, winner


@pytest.fixture
def sale() -> SmallSale:
    return two_open_lots()


# --- verdicts ------------------------------------------------------------------------------------------------------


def test_a_bid_is_answered_and_lands_in_the_batch(sale: SmallSale) -> None:
    answer = sale.send(ANN, encode(bid(10, 1500)))
    assert isinstance(answer, Accepted)
    assert (
        answer.id,
        english(answer.board).price_minor,
        english(answer.board).minimum_minor,
        (answer.own is not None),
    ) == (10, 1500, 1600, True)
    batch = sale.commit()
    (fact,) = batch.facts
    assert isinstance(fact, BidTaken)
    assert (fact.paddle, fact.request, fact.seq) == (1, bid(10, 1500), answer.seq)
    ((stream, event),) = batch.events
    assert stream == "1"
    assert isinstance(event, LotMoved)
    assert (event.bidder, english(event.board).price_minor, event.seq) == (1, 1500, answer.seq)
    assert sale.commit() == ([], [], [], [], [], [], [])


def test_a_refused_bid_is_no_event_but_is_kept(sale: SmallSale) -> None:
    answer = sale.send(ANN, encode(bid(10, 999)))
    assert code_of(answer) is RejectCode.BELOW_MINIMUM
    batch = sale.commit()
    assert (batch.facts, batch.events) == ([], [])
    ((at_ms, paddle, request, verdict),) = [msgspec.structs.astuple(rejection) for rejection in batch.rejections]
    assert (at_ms, paddle, request, verdict) == (START_MS, 1, bid(10, 999), answer)


@pytest.mark.parametrize(
    "request_", [bid(10, 1500), bid(10, 1), bid(10, 1500, "9"), BuyRequest(id=10, lot="2", price_minor=5000)]
)
def test_a_repeat_gets_the_same_verdict_and_does_nothing(sale: SmallSale, request_: BidRequest | BuyRequest) -> None:
    first = sale.ask(ANN, request_)
    sale.now_ms += 1000
    sale.ask(BOB, bid(10, 3000))
    record, rejections = len(sale.record), len(sale.rejections)
    assert sale.ask(ANN, request_) == first
    assert (len(sale.record), len(sale.rejections)) == (record, rejections)


def test_the_same_id_with_other_content_is_a_conflict(sale: SmallSale) -> None:
    first = sale.ask(ANN, bid(10, 1500))
    record = len(sale.record)
    assert code_of(sale.ask(ANN, bid(10, 1600))) is RejectCode.ID_CONFLICT
    assert code_of(sale.ask(ANN, bid(10, 1500, "2"))) is RejectCode.ID_CONFLICT
    assert code_of(sale.ask(ANN, BuyRequest(id=10, lot="1", price_minor=1500))) is RejectCode.ID_CONFLICT
    assert sale.ask(ANN, bid(10, 1500)) == first
    assert len(sale.record) == record
    assert isinstance(sale.ask(BOB, bid(10, 1600)), Accepted), "ids are each bidder's own"


def test_verdicts_are_remembered_for_as_many_ids_as_is_promised_in_any_order(sale: SmallSale) -> None:
    ids = [1000 + (number * 7) % REMEMBERED_REQUESTS_MAX for number in range(REMEMBERED_REQUESTS_MAX)]
    verdicts = {request_id: sale.ask(ANN, bid(request_id, 100 + request_id % 5)) for request_id in ids}
    assert all(sale.ask(ANN, bid(request_id, 100 + request_id % 5)) == verdicts[request_id] for request_id in ids)
    assert code_of(sale.ask(ANN, bid(999, 1500))) is RejectCode.ID_STALE, "it could not be remembered"
    assert isinstance(sale.ask(ANN, bid(2000, 1500)), Accepted)
    assert code_of(sale.ask(ANN, bid(1000, 100))) is RejectCode.ID_STALE
    assert sale.ask(ANN, bid(1001, 101)) == verdicts[1001]
    assert english(sale.house.engine.lots["1"].view).bids == 1


def test_a_late_bid_and_a_purchase_have_their_verdicts_again(sale: SmallSale) -> None:
    bought = sale.ask(ANN, BuyRequest(id=10, lot="2", price_minor=5000))
    sale.now_ms += HOUR_MS + 7
    late = sale.ask(BOB, bid(10, 1500))
    assert code_of(late) is RejectCode.LOT_CLOSED
    assert isinstance(late, Rejected)
    assert late.late_ms == 7
    assert [type(fact) for fact in sale.record[-1:]] == [OfferLate]
    assert any(isinstance(fact, OfferTaken) for fact in sale.record)
    sale.house = sale.rebuilt()
    sale.now_ms += 1000
    assert sale.ask(BOB, bid(10, 1500)) == late
    assert sale.ask(ANN, BuyRequest(id=10, lot="2", price_minor=5000)) == bought


def test_who_bids_is_who_the_message_came_from(sale: SmallSale) -> None:
    """Nothing in a payload says who bids; the key that the message came with does."""
    sale.ask(BOB, bid(10, 1500))
    assert english(sale.house.engine.lots["1"].view).leader == 2
    assert code_of(sale.ask(CAT, bid(10, 2000))) is RejectCode.HELLO_FIRST
    assert english(sale.house.engine.lots["1"].view).leader == 2


# --- the clock -----------------------------------------------------------------------------------------------------


def test_a_bid_is_decided_after_all_that_was_due_before_it(sale: SmallSale) -> None:
    sale.ask(ANN, bid(10, 1500))
    sale.now_ms += HOUR_MS
    assert code_of(sale.ask(BOB, bid(10, 1600))) is RejectCode.LOT_CLOSED
    view = sale.house.engine.lots["1"].view
    assert (winner(view), hammer_minor(view), view.closed_at_ms) == (1, 1500, START_MS + HOUR_MS)


# --- standstills ---------------------------------------------------------------------------------------------------


def test_a_lot_that_was_due_before_a_standstill_gets_all_of_it_back() -> None:
    """It may be that the house had not got round to opening it yet."""
    soon = msgspec.structs.replace(lot("2"), opening=Opening(OpeningRule.AT_TIME, delay_ms=1000))
    sale = SmallSale(lot("1", by_hand=True), soon)
    sale.now_ms += 6000
    sale.house.stood_still(sale.now_ms, 5000)
    batch = sale.commit()
    assert [type(fact) for fact in batch.facts] == [LotDecided, HouseStoodStill], "an outage is one fact"
    (_, opened), (_, extended) = batch.events
    assert isinstance(opened, LotOpened)
    assert opened.at_ms == START_MS + 1000
    assert isinstance(extended, LotExtended)
    assert extended.ends_at_ms == START_MS + 1000 + HOUR_MS + 5000


def test_a_lot_that_was_due_in_a_standstill_opens_after_it_also_if_no_other_is_open() -> None:
    """It would be over before anybody heard of it."""
    soon = msgspec.structs.replace(lot("2", duration_ms=2000), opening=Opening(OpeningRule.AT_TIME, delay_ms=1000))
    sale = SmallSale(lot("1", by_hand=True), soon)
    sale.now_ms += 6000
    sale.house.stood_still(sale.now_ms, 5500)
    sale.house.advance(sale.now_ms)
    stood, opened = sale.commit().facts
    assert stood == HouseStoodStill(at_ms=sale.now_ms, outage_ms=5500)
    assert isinstance(opened, LotDecided)
    assert opened.event == LotOpened(1, sale.now_ms, sale.now_ms + 2000)


def test_a_lot_that_follows_one_just_bought_is_open_to_the_next_request_of_the_batch() -> None:
    first, second = (
        lot("1", buy_now_minor=5000),
        msgspec.structs.replace(lot("2"), opening=Opening(OpeningRule.AFTER_PREVIOUS)),
    )
    sale = SmallSale(first, second)
    sale.join(ANN, "Ann")
    assert isinstance(sale.send(ANN, encode(BuyRequest(id=10, lot="1", price_minor=5000))), Accepted)
    assert isinstance(sale.send(ANN, encode(bid(11, 1000, "2"))), Accepted)
    assert [type(fact) for fact in sale.commit().facts] == [OfferTaken, LotDecided, BidTaken]
