"""Sealed offers: checked before they leave, sent until they have a verdict, and what the close means to bidders."""

import pytest

from bidder.core.formats.sealed import seal_request, unseal_request
from bidder.core.notices import Lost, Won
from common.errors import UsageError
from common.formats.sealed import SealedBoard, SealedOwn, SealRequest
from common.limits import AMOUNT_MINOR_MAX, INTEGER_MAX
from common.lot import CloseCause, Result
from common.lot_events import LotClosed
from common.messages import Accepted
from tests.bidder.core.lossy_link import KEY, Link, live
from tests.bidder.core.small_house import RIVAL, SmallHouse
from tests.must_be import must_be

LOT = "7"


@pytest.fixture
def link() -> Link:
    house = SmallHouse(1)
    house.add_sealed_lot(LOT)
    link = live(house)
    house.open(LOT)
    link.run(100)
    return link


def close(link: Link, *results: Result) -> None:
    view = link.house.lots[LOT]
    board = SealedBoard(100, offers=2)
    link.house.publish(LOT, LotClosed(view.seq + 1, link.house.now_ms, CloseCause.TIME, board, results))
    link.run(100)


def test_a_request_at_the_bounds_is_made() -> None:
    assert seal_request(1, "1", AMOUNT_MINOR_MAX).amount_minor == AMOUNT_MINOR_MAX
    assert seal_request(1, "1", 1, if_seq=INTEGER_MAX).if_seq == INTEGER_MAX
    assert unseal_request(INTEGER_MAX, "1" * 16, if_seq=0).if_seq == 0


@pytest.mark.parametrize(
    ("request_id", "lot", "amount_minor", "if_seq", "match"),
    [
        (1, "1", 0, None, "The amount must be"),
        (1, "1", AMOUNT_MINOR_MAX + 1, None, "The amount must be"),
        (0, "1", 100, None, "request id"),
        (1, "", 100, None, "not a lot number"),
        (1, "1", 100, -1, "`if_seq` must be"),
    ],
)
def test_a_slip_is_refused_before_anything_is_sent(
    request_id: int, lot: str, amount_minor: int, if_seq: int | None, match: str
) -> None:
    with pytest.raises(UsageError, match=match):
        seal_request(request_id, lot, amount_minor, if_seq=if_seq)
    if "amount" not in match:
        with pytest.raises(UsageError, match=match):
            unseal_request(request_id, lot, if_seq=if_seq)


def test_an_offer_without_an_answer_is_repeated_and_counts_once(link: Link) -> None:
    link.house.bid_answers_to_drop = 2
    ticket = link.submit(seal_request(1, LOT, 500))
    link.run(4000)
    assert [one.amount_minor for one in link.house.seen if isinstance(one, SealRequest)] == [500] * 3
    assert must_be(Accepted, link.outcomes[ticket]).own == SealedOwn(500)
    ticket = link.submit(unseal_request(2, LOT))
    assert must_be(Accepted, link.outcomes[ticket]).own is None


def test_who_made_an_offer_hears_what_the_close_means(link: Link) -> None:
    link.submit(seal_request(1, LOT, 500))
    close(link, Result(RIVAL, 600))
    assert link.told(Lost) == [Lost(LOT, 2, RIVAL, 600)]
    assert link.told(Won) == []


def test_who_wins_hears_what_it_pays(link: Link) -> None:
    link.submit(seal_request(1, LOT, 500))
    close(link, Result(link.house.paddles[KEY], 400))
    assert link.told(Won) == [Won(LOT, 2, 400)]
    assert link.told(Lost) == []


def test_who_took_its_offer_back_has_lost_nothing(link: Link) -> None:
    link.submit(seal_request(1, LOT, 500))
    link.submit(unseal_request(2, LOT))
    link.submit(seal_request(1, LOT, 500))  # again, under its id: the verdict is that of then
    close(link, Result(RIVAL, 600))
    assert link.told(Lost) == []


def test_who_made_no_offer_has_lost_nothing(link: Link) -> None:
    close(link, Result(RIVAL, 600))
    assert link.told(Lost) == []
