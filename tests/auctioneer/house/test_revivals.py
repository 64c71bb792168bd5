"""Bidders who are asked at the house: answers are remembered, words come at once, and silence is a no."""

import pytest

from auctioneer.audit.invariants import check_same_state
from auctioneer.audit.verify import verify
from auctioneer.house.commands import AnswerFor, Ask, Done, EndSale, Report, Undo
from auctioneer.house.history import public_events
from auctioneer.house.house import House
from common.codec import encode
from common.confirming import ConfirmRequest
from common.errors import RejectCode
from common.lot import LotStatus
from common.messages import Accepted, News, NewsRequest, Rejected, WordKind
from tests.auctioneer.house.house_examples import ANN, BOB, SmallSale, bid, code_of, lot
from tests.must_be import must_be

ANSWER_MS = 60_000


@pytest.fixture
def sale() -> SmallSale:
    """Return a sale that asks Ann (1) about her 15.00 on lot 1, since the 20.00 of Bob (2) was taken back."""
    sale = SmallSale(lot("1"), lot("2"), corrections=True, revived_answer_ms=ANSWER_MS)
    sale.join(ANN, "Ann")
    sale.join(BOB, "Bob")
    assert isinstance(sale.ask(ANN, bid(10, 1500)), Accepted)
    assert isinstance(sale.ask(BOB, bid(10, 2000)), Accepted)
    assert isinstance(sale.order(Undo(lot="1", reason="A slip")), Done)
    return sale


def words(sale: SmallSale, key: str) -> list[tuple[WordKind, str]]:
    news = must_be(News, sale.ask(key, NewsRequest(id=900, after_seq=0)))
    return [(word.kind, word.text) for word in news.words]


def answer(request_id: int, *, stands: bool) -> ConfirmRequest:
    return ConfirmRequest(id=request_id, lot="1", stands=stands)


def assert_sound(sale: SmallSale) -> None:
    report = verify(enumerate(sale.record, start=1))
    assert report.mismatch is None, str(report.mismatch)
    check_same_state(sale.rebuilt().engine.state, sale.house.engine.state)


@pytest.mark.parametrize("stands", [True, False])
def test_a_repeated_answer_gets_the_same_verdict_and_does_nothing_else(sale: SmallSale, stands: bool) -> None:
    verdict = must_be(Accepted, sale.ask(ANN, answer(11, stands=stands)))
    assert verdict.board.leader == (1 if stands else None)
    facts = len(sale.record)
    snapshot = House.rebuild(sale.settings, sale.house.snapshot(), (), (), sale.now_ms)
    for house in (sale.house, sale.rebuilt(), snapshot):
        assert house.handle(ANN, encode(answer(11, stands=stands)), sale.now_ms) == verdict
        other = must_be(Rejected, house.handle(ANN, encode(answer(11, stands=not stands)), sale.now_ms))
        assert other.code is RejectCode.ID_CONFLICT
        assert not house.flush().facts
    assert len(sale.record) == facts
    assert_sound(sale)


def test_a_refused_answer_is_remembered_too(sale: SmallSale) -> None:
    refused = must_be(Rejected, sale.ask(BOB, answer(11, stands=True)))
    assert (refused.code, refused.seq) == (RejectCode.NOT_ASKED, sale.house.engine.lots["1"].view.seq)
    assert sale.rebuilt().handle(BOB, encode(answer(11, stands=True)), sale.now_ms) == refused


def test_who_is_asked_hears_of_it_and_an_own_answer_needs_no_word(sale: SmallSale) -> None:
    assert words(sale, ANN) == [(WordKind.ASKED, "A slip")]
    assert words(sale, BOB) == [(WordKind.OFFER_VOID, "A slip")]
    assert isinstance(sale.ask(ANN, answer(11, stands=False)), Accepted)
    assert len(words(sale, ANN)) == 1


def test_a_clerk_answers_and_the_bidder_hears_of_it(sale: SmallSale) -> None:
    assert isinstance(sale.order(AnswerFor(lot="1", stands=True)), Done)
    assert words(sale, ANN) == [(WordKind.ASKED, "A slip"), (WordKind.LEAD_BACK, "")]
    assert sale.house.engine.lots["1"].view.status is LotStatus.OPEN
    assert code_of(sale.order(AnswerFor(lot="1", stands=True))) is RejectCode.NOT_ASKED
    assert_sound(sale)


def test_no_answer_in_time_is_a_no_by_the_house(sale: SmallSale) -> None:
    sale.now_ms += ANSWER_MS
    assert sale.house.next_deadline_ms() == sale.now_ms
    sale.house.advance(sale.now_ms)
    sale.commit()
    assert words(sale, ANN) == [(WordKind.ASKED, "A slip"), (WordKind.OFFER_VOID, "")]
    view = sale.house.engine.lots["1"].view
    assert (view.status, view.board.leader, view.asked) == (LotStatus.OPEN, None, None)
    assert code_of(sale.ask(ANN, answer(11, stands=True))) is RejectCode.NOT_ASKED
    assert_sound(sale)


def test_the_report_tells_who_is_asked_and_the_end_of_the_sale_waits(sale: SmallSale) -> None:
    sale.now_ms += 20_000
    (row,) = must_be(Report, sale.order(Ask(report="asked"))).report
    assert (row["lot"], row["paddle"], row["name"], row["price"], row["left_ms"]) == ("1", 1, "Ann", "15.00", 40_000)
    assert code_of(sale.order(EndSale())) is RejectCode.WRONG_STATE
    assert isinstance(sale.order(AnswerFor(lot="1", stands=False)), Done)
    assert must_be(Report, sale.order(Ask(report="asked"))).report == []
    assert isinstance(sale.order(EndSale()), Done)
    assert_sound(sale)


def test_an_outage_that_gives_time_back_is_in_the_history(sale: SmallSale) -> None:
    """A client that lost the event of the outage asks for a replay, also after a restart."""
    sale.now_ms += 30_000
    sale.house.stood_still(sale.now_ms, 5_000)
    heard = [event for name, event in sale.commit().events if name == "1"]
    replayed = [event for name, event in public_events(sale.record) if name == "1"]
    assert replayed[-len(heard) :] == heard
    assert len(heard) == 1
