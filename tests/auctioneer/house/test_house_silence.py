"""Who falls silent, and loses the maximum that was only to stand while they were connected."""

import pytest

from auctioneer.house.commands import Done, Undo
from auctioneer.house.house import SILENT_MS
from auctioneer.rules.facts import PositionReleased
from auctioneer.rules.formats.english import Book
from common.messages import Accepted, AnyRequest, MineRequest, Ping
from tests.auctioneer.house.house_examples import ANN, BOB, SmallSale, bid, lot, maximum, two_open_lots
from tests.english import english


@pytest.fixture
def sale() -> SmallSale:
    return two_open_lots()


def dropped(sale: SmallSale) -> list[tuple[int, str]]:
    sale.house.drop_silent(sale.now_ms)
    return [(fact.paddle, fact.lot) for fact in sale.commit().facts if isinstance(fact, PositionReleased)]


def test_the_maximum_of_who_asked_for_it_is_dropped_after_the_silence_and_not_before(sale: SmallSale) -> None:
    sale.ask(ANN, maximum(10))
    sale.ask(BOB, maximum(10, "2", while_connected=False))
    sale.now_ms += SILENT_MS
    assert dropped(sale) == []
    sale.now_ms += 1
    assert dropped(sale) == [(1, "1")]
    assert dropped(sale) == [], "once"
    assert isinstance(sale.ask(BOB, bid(11, 1100)), Accepted)
    assert english(sale.house.engine.lots["1"].view).leader == 2, "what was left of the maximum does not bid"
    book = sale.house.engine.lots["2"].book
    assert isinstance(book, Book)
    assert book.leader_maximum_minor == 9000, "who did not ask keeps it"


@pytest.mark.parametrize("sign", [Ping(id=50), MineRequest(id=50), maximum(10)])
def test_any_request_is_a_sign_of_life_and_that_of_another_is_not(sale: SmallSale, sign: AnyRequest) -> None:
    sale.ask(ANN, maximum(10))
    sale.now_ms += SILENT_MS
    sale.ask(ANN, sign)
    sale.now_ms += SILENT_MS
    sale.ask(BOB, Ping(id=50))
    assert dropped(sale) == []
    sale.now_ms += 1
    assert dropped(sale) == [(1, "1")]


def test_a_hello_is_a_sign_of_life(sale: SmallSale) -> None:
    sale.ask(ANN, maximum(10))
    sale.now_ms += SILENT_MS
    sale.hello(ANN)
    sale.now_ms += SILENT_MS
    assert dropped(sale) == []


def test_a_time_in_which_the_house_stood_still_is_nobodys_silence(sale: SmallSale) -> None:
    sale.ask(ANN, maximum(10))
    sale.now_ms += 5 * SILENT_MS
    sale.house.stood_still(sale.now_ms, 5 * SILENT_MS)
    sale.now_ms += SILENT_MS
    assert dropped(sale) == []
    sale.now_ms += 1
    assert dropped(sale) == [(1, "1")]


def test_after_a_restart_everybody_has_the_whole_time_again(sale: SmallSale) -> None:
    sale.ask(ANN, maximum(10))
    sale.now_ms += 5 * SILENT_MS
    sale.house = sale.rebuilt()
    assert dropped(sale) == []
    sale.now_ms += SILENT_MS + 1
    assert dropped(sale) == [(1, "1")]


def test_who_leads_again_after_a_correction_has_time_to_speak() -> None:
    sale = SmallSale(lot("1"), corrections=True)
    sale.join(ANN, "Ann")
    sale.join(BOB, "Bob")
    assert isinstance(sale.ask(ANN, maximum(10)), Accepted)
    assert isinstance(sale.ask(BOB, bid(10, 20_000)), Accepted)
    sale.now_ms += 3 * SILENT_MS
    assert isinstance(sale.order(Undo(lot="1")), Done)
    assert dropped(sale) == []
    sale.now_ms += SILENT_MS
    assert dropped(sale) == []
    sale.now_ms += 1
    assert dropped(sale) == [(1, "1")]
