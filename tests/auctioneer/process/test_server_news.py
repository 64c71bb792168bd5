"""Questions for news, and their answers, in a server that turns: they wait, and leave once the word is durable."""

from functools import partial

from auctioneer.house.commands import Tell
from common.errors import RejectCode
from common.limits import NEWS_WAIT_MS
from common.messages import News, NewsRequest, Rejected
from tests.auctioneer.house.house_examples import ANN, BOB
from tests.auctioneer.process.served_sale import Answered, Opens, ServedSale


def news_to(sale: ServedSale, key: str) -> list[tuple[int, int, list[str]]]:
    """Return when a key got news, to which question, and the texts."""
    return [
        (one.at_ms - sale.began_ms, one.answer.id, [word.text for word in one.answer.words])
        for one in sale.told
        if isinstance(one, Answered) and one.key == key and isinstance(one.answer, News)
    ]


def test_a_word_is_told_to_the_bidder_that_waits_after_it_is_durable(hold: Opens) -> None:
    sale = hold()
    ann, bob = sale.bidder(ANN, "Ann"), sale.bidder(BOB, "Bob")
    sale.at(
        100,
        lambda: sale.ask(ann, NewsRequest(id=5, after_seq=0)),
        lambda: sale.ask(bob, NewsRequest(id=5, after_seq=0)),
    )
    sale.at(1000, lambda: sale.order(Tell(bidder="Ann", text="Your lot is ready.")))
    sale.run(2000)
    assert news_to(sale, ANN) == [(1000, 5, ["Your lot is ready."])]
    assert news_to(sale, BOB) == []
    kinds = [type(one).__name__ for one in sale.told if one.at_ms == sale.began_ms + 1000]
    assert kinds.index("Stored") < kinds.index("Answered")


def test_a_question_is_answered_in_time_though_nothing_happens(hold: Opens) -> None:
    sale = hold()
    ann = sale.bidder(ANN, "Ann")
    sale.at(100, lambda: sale.ask(ann, NewsRequest(id=5, after_seq=0)))
    sale.run(NEWS_WAIT_MS + 1000)
    assert news_to(sale, ANN) == [(NEWS_WAIT_MS + 100, 5, [])]


def test_a_word_that_could_not_be_stored_was_not_said(hold: Opens) -> None:
    sale = hold()
    ann, bob = sale.bidder(ANN, "Ann"), sale.bidder(BOB, "Bob")
    sale.at(
        100,
        lambda: sale.ask(ann, NewsRequest(id=5, after_seq=0)),
        lambda: sale.ask(bob, NewsRequest(id=5, after_seq=0)),
    )
    sale.at(500, lambda: sale.failing.update(("append", "open")), lambda: sale.order(Tell(bidder="Ann", text="Lost.")))
    sale.at(1800, sale.failing.clear)
    sale.at(
        3000, lambda: sale.bidder(ANN, "Ann"), lambda: sale.ask(sale.bidder(ANN, "Ann"), NewsRequest(id=6, after_seq=0))
    )
    sale.at(3500, lambda: sale.order(Tell(bidder="Ann", text="Said.")))
    sale.run(4000)
    assert news_to(sale, ANN) == [(3500, 6, ["Said."])]
    for key in (ANN, BOB):
        (refused,) = [answer for answer in sale.answers(key) if isinstance(answer, Rejected)]
        assert (refused.id, refused.code) == (5, RejectCode.UNAVAILABLE), "both waited in the house that was dropped"


def test_a_question_that_waits_is_no_flood(hold: Opens) -> None:
    """Each takes the place of the one before; no answer of the house is silence."""
    sale = hold()
    ann = sale.bidder(ANN, "Ann")
    sale.at(100, *[partial(sale.ask, ann, NewsRequest(id=number, after_seq=0)) for number in range(5, 105)])
    sale.run(500)
    assert [request_id for _, request_id, _ in news_to(sale, ANN)] == list(range(5, 104))
    assert sale.turned_away == []
