"""Words to one bidder: kept in a stream of its own, and told as the answer to a question that waits."""

import pytest

from auctioneer.audit.verify import verify
from auctioneer.house.admission import Admission
from auctioneer.house.commands import Admit, Done, Tell
from auctioneer.house.news import Parked
from auctioneer.rules.facts import BidderTold
from auctioneer.rules.sale_settings import AdmissionMode, Controller, Right
from common.codec import encode
from common.errors import RejectCode, StorageError
from common.limits import NEWS_WAIT_MS, NEWS_WORDS_MAX, TEXT_CHARS_MAX
from common.messages import News, NewsRequest, Rejected, Role, Word, WordKind
from tests.auctioneer.house.house_examples import (
    ANN,
    BOB,
    START_MS,
    SmallSale,
    code_of,
    two_open_lots,
)

CLERK = Controller("bea", Role.CLERK, "b" * 40, (Right.DESK,))


def asked(after_seq: int, request_id: int = 9) -> NewsRequest:
    return NewsRequest(id=request_id, after_seq=after_seq)


def park(sale: SmallSale, key: str, after_seq: int = 0, request_id: int = 9, routing_id: bytes = b"ann") -> Parked:
    """Ask for news, of which there is none yet, over a connection."""
    parked = sale.send(key, encode(asked(after_seq, request_id)))
    assert isinstance(parked, Parked)
    parked.routing_id = routing_id
    return parked


def tell(sale: SmallSale, bidder: str, text: str, now_ms: int = START_MS) -> None:
    entry = sale.house.register.find(bidder)
    assert entry is not None
    sale.house.tell(now_ms, "auctioneer", entry.paddle, text)


def news(*words: Word, request_id: int = 9) -> News:
    return News(id=request_id, epoch=1, words=words)


def message(seq: int, text: str) -> Word:
    return Word(seq, START_MS, WordKind.MESSAGE, text)


def test_what_was_said_before_is_told_at_once_and_to_that_bidder_alone() -> None:
    sale = two_open_lots()
    tell(sale, "Ann", "Your lamp is ready.")
    tell(sale, "Ann", "At the desk.")
    sale.commit()
    words = message(1, "Your lamp is ready."), message(2, "At the desk.")
    assert sale.ask(ANN, asked(0)) == news(*words)
    assert sale.ask(ANN, asked(1)) == news(words[1])
    park(sale, BOB)
    assert sale.commit().released == []


def test_a_question_waits_for_a_word_which_leaves_with_its_batch() -> None:
    sale = two_open_lots()
    park(sale, ANN)
    park(sale, BOB, routing_id=b"bob")
    assert sale.commit().released == []
    assert sale.order(Tell(bidder="2", text="Your lamp is ready."), CLERK) == Done(id=0, paddle=2, name="Bob")
    assert sale.effects[-1] == BidderTold(at_ms=START_MS, paddle=2, news_seq=1, text="Your lamp is ready.", by="bea")
    assert sale.house.flush().released == [], "it left with the batch of the word"
    assert sale.ask(BOB, asked(0)) == news(message(1, "Your lamp is ready."))


def test_the_answer_is_in_the_batch_of_the_word() -> None:
    sale = two_open_lots()
    park(sale, ANN)
    tell(sale, "Ann", "Now")
    tell(sale, "Ann", "And then")
    batch = sale.commit()
    assert [fact.news_seq for fact in batch.facts if isinstance(fact, BidderTold)] == [1, 2]
    assert batch.released == [(b"ann", news(message(1, "Now")))]
    assert sale.ask(ANN, asked(1)) == news(message(2, "And then"))


def test_a_question_is_answered_without_words_once_it_has_waited_long_enough() -> None:
    sale = two_open_lots()
    park(sale, ANN)
    sale.now_ms += 10
    park(sale, BOB, routing_id=b"bob")
    assert sale.house.next_deadline_ms() == START_MS + NEWS_WAIT_MS
    sale.house.advance(START_MS + NEWS_WAIT_MS - 1)
    assert sale.commit().released == []
    sale.house.advance(START_MS + NEWS_WAIT_MS)
    assert sale.commit().released == [(b"ann", news())]
    assert sale.house.next_deadline_ms() == START_MS + NEWS_WAIT_MS + 10
    sale.house.advance(START_MS + NEWS_WAIT_MS + 10)
    assert sale.commit().released == [(b"bob", news())]
    tell(sale, "Ann", "Too late for that question")
    assert sale.commit().released == []


def test_a_second_question_takes_the_place_of_the_first() -> None:
    sale = two_open_lots()
    park(sale, ANN, request_id=9, routing_id=b"phone")
    sale.now_ms += 5
    park(sale, ANN, request_id=10, routing_id=b"desk")
    assert sale.commit().released == [(b"phone", news())]
    tell(sale, "Ann", "Hello")
    assert sale.commit().released == [(b"desk", news(message(1, "Hello"), request_id=10))]


def test_a_question_that_is_answered_at_once_takes_the_place_of_one_that_waits_too() -> None:
    sale = two_open_lots()
    tell(sale, "Ann", "Hello")
    park(sale, ANN, after_seq=1)
    assert sale.ask(ANN, asked(0, request_id=10)) == news(message(1, "Hello"), request_id=10)
    sale.house.advance(START_MS + NEWS_WAIT_MS)
    assert sale.commit().released == []


def test_the_last_words_are_kept_and_their_numbers_tell_of_the_others() -> None:
    sale = two_open_lots()
    for number in range(1, NEWS_WORDS_MAX + 4):
        tell(sale, "Ann", f"number {number}")
    answer = sale.ask(ANN, asked(0))
    assert isinstance(answer, News)
    assert [word.seq for word in answer.words] == list(range(4, NEWS_WORDS_MAX + 4))
    assert answer.words[0].text == "number 4"


def test_who_is_let_in_or_turned_out_hears_of_it() -> None:
    sale = SmallSale(admission=Admission(AdmissionMode.APPROVE))
    sale.hello(ANN, "Ann")
    assert code_of(sale.ask(ANN, asked(0))) is RejectCode.AWAITING_APPROVAL
    sale.order(Admit(bidder="Ann"))
    assert sale.ask(ANN, asked(0)) == news(Word(1, START_MS, WordKind.ADMITTED))
    park(sale, ANN, after_seq=1)
    sale.house.admit(START_MS, "auctioneer", 1, admitted=False)
    assert sale.commit().released == [(b"ann", news(Word(2, START_MS, WordKind.TURNED_OUT)))]
    assert code_of(sale.ask(ANN, asked(2))) is RejectCode.NOT_ADMITTED


def test_an_observer_has_no_news() -> None:
    sale = two_open_lots()
    sale.join("o" * 40, "", role=Role.OBSERVER)
    answer = sale.ask("o" * 40, asked(0))
    assert isinstance(answer, Rejected)
    assert (answer.code, answer.detail) == (RejectCode.FORBIDDEN, "observers get no news")
    waiting = SmallSale(admission=Admission(AdmissionMode.APPROVE))
    waiting.hello(ANN, "Ann", role=Role.OBSERVER)
    waiting.order(Admit(bidder="Ann"))
    assert code_of(waiting.ask(ANN, asked(0))) is RejectCode.FORBIDDEN
    assert code_of(waiting.order(Tell(bidder="Ann", text="Hello"))) is RejectCode.WRONG_STATE


@pytest.mark.parametrize(
    ("bidder", "text", "code"),
    [
        ("Cat", "Hello", RejectCode.UNKNOWN_BIDDER),
        ("3", "Hello", RejectCode.UNKNOWN_BIDDER),
        ("Ann", "", RejectCode.MALFORMED),
        ("Ann", "x" * (TEXT_CHARS_MAX + 1), RejectCode.MALFORMED),
        ("Ann", "left\u202eright", RejectCode.MALFORMED),
    ],
)
def test_what_can_t_be_said_is_refused(bidder: str, text: str, code: RejectCode) -> None:
    sale = two_open_lots()
    facts = len(sale.record)
    assert code_of(sale.order(Tell(bidder=bidder, text=text))) is code
    assert len(sale.record) == facts


@pytest.mark.parametrize("text", ["x", "\U0001f600" * TEXT_CHARS_MAX])
def test_the_longest_text_can_be_said(text: str) -> None:
    sale = two_open_lots()
    assert isinstance(sale.order(Tell(bidder="Ann", text=text)), Done)
    assert sale.ask(ANN, asked(0)) == news(message(1, text))


def test_words_are_the_same_after_a_start_from_the_record_and_from_a_snapshot() -> None:
    sale = two_open_lots()
    for number in range(NEWS_WORDS_MAX + 2):
        tell(sale, "Ann", f"number {number}")
    sale.commit()
    snapshot, position = sale.house.snapshot(), len(sale.record)
    sale.order(Tell(bidder="Ann", text="After the snapshot"))
    expected = sale.ask(ANN, asked(0))
    for house in (sale.rebuilt(), sale.rebuilt(snapshot, position)):
        assert house.handle(ANN, encode(asked(0)), sale.now_ms) == expected
        house.tell(sale.now_ms, "auctioneer", 1, "And on")
        assert house.flush().facts[-1] == BidderTold(
            at_ms=START_MS, paddle=1, news_seq=NEWS_WORDS_MAX + 4, text="And on", by="auctioneer"
        )


def test_a_record_with_a_word_out_of_order_is_not_taken() -> None:
    sale = two_open_lots()
    told = BidderTold(at_ms=START_MS, paddle=1, news_seq=2, text="Hello", by="auctioneer")
    sale.record.append(told)
    with pytest.raises(StorageError, match="word 2 to paddle 1 out of order"):
        sale.rebuilt()


def test_what_is_said_is_decided_again_the_same() -> None:
    sale = two_open_lots()
    tell(sale, "Ann", "Hello")
    tell(sale, "Bob", "Hello, Bob")
    tell(sale, "Ann", "Goodbye")
    sale.commit()
    report = verify(enumerate(sale.record, 1))
    assert report.mismatch is None, str(report.mismatch)
    assert report.counts["bidder_told"] == 3


def test_a_house_that_is_dropped_answers_all_that_wait() -> None:
    sale = two_open_lots()
    park(sale, ANN)
    park(sale, BOB, routing_id=b"bob")
    assert sale.house.release_questions() == [(b"ann", news()), (b"bob", news())]
    assert sale.house.release_questions() == []


def test_a_question_costs_one_request() -> None:
    sale = SmallSale(requests_per_s=20)
    sale.join(ANN, "Ann")
    budget = 40
    for number in range(1, budget + 1):
        park(sale, ANN, request_id=number)
    assert code_of(sale.ask(ANN, asked(0, request_id=budget + 1))) is RejectCode.SLOW_DOWN
