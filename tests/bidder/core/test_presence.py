"""When a desk pings: while a maximum that ends with silence may lead, its person is there, and nothing else is sent."""

import pytest
from msgspec.structs import replace

from bidder.core.presence import PING_MS, Presence
from common.formats.english import BidRequest, BuyRequest, EnglishBoard, EnglishOwn
from common.lot import LotStatus, LotView
from common.messages import Accepted
from tests.bidder.core.small_house import SmallHouse

ME, RIVAL = 7, 9
VIEW = replace(SmallHouse(1).lots["1"], status=LotStatus.OPEN, seq=5)


def present(**views: LotView) -> Presence:
    presence = Presence(lambda lot: views.get(f"lot{lot}"))
    presence.note_sent(0)
    return presence


def bid(request_id: int = 1, *, while_connected: bool = True) -> BidRequest:
    return BidRequest(id=request_id, lot="1", maximum_minor=500, while_connected=while_connected)


def led_by(paddle: int) -> EnglishBoard:
    return EnglishBoard(110, 100, paddle, 1)


def accepted(request_id: int = 1, *, seq: int = 5, leading: bool = True) -> Accepted:
    board, own = led_by(ME if leading else RIVAL), EnglishOwn(500) if leading else None
    return Accepted("1", seq, 0, board, own=own, id=request_id)


def test_nobody_pings_for_bids_that_outlive_silence() -> None:
    presence = present(lot1=replace(VIEW, board=led_by(ME)))
    presence.note_asked(bid(while_connected=False))
    presence.note_accepted(bid(while_connected=False), accepted())
    assert presence.next_ms is None
    assert not presence.is_ping_due(10 * PING_MS, ME)


def test_a_ping_is_due_some_time_after_the_last_request() -> None:
    presence = present(lot1=replace(VIEW, board=led_by(ME)))
    presence.note_asked(bid())
    presence.note_sent(1000)
    assert presence.next_ms == 1000 + PING_MS
    assert not presence.is_ping_due(999 + PING_MS, ME)
    assert presence.is_ping_due(1000 + PING_MS, ME)


@pytest.mark.parametrize(
    ("view", "paddle_pings"),
    [
        (replace(VIEW, board=led_by(ME)), True),
        (replace(VIEW, board=led_by(RIVAL)), False),
        (replace(VIEW, board=led_by(RIVAL), seq=4), True),  # it is older than the verdict
        (replace(VIEW, board=led_by(ME), status=LotStatus.SOLD), False),
    ],
)
def test_after_the_verdict_the_view_tells_whether_the_maximum_leads(view: LotView, paddle_pings: bool) -> None:
    presence = present(lot1=view)
    presence.note_asked(bid())
    presence.note_accepted(bid(), accepted(seq=5))
    assert presence.is_ping_due(PING_MS, ME) is paddle_pings
    assert presence.next_ms == (PING_MS if paddle_pings else 2 * PING_MS), "it looks again, and does not spin"


def test_a_correction_that_gives_the_lead_back_makes_pings_due_again() -> None:
    views = {"1": replace(VIEW, board=led_by(RIVAL), status=LotStatus.SOLD, seq=7)}
    presence = Presence(views.get)
    presence.note_asked(bid())
    presence.note_accepted(bid(), accepted(seq=5))
    assert not presence.is_ping_due(PING_MS, ME)
    views["1"] = replace(VIEW, board=led_by(ME), seq=8)
    assert not presence.is_ping_due(2 * PING_MS - 1, ME)
    assert presence.is_ping_due(2 * PING_MS, ME)


def test_a_bid_without_a_verdict_may_lead_whatever_the_view_says() -> None:
    presence = present(lot1=replace(VIEW, board=led_by(RIVAL)))
    presence.note_asked(bid())
    assert presence.is_ping_due(PING_MS, ME)


def test_while_no_view_is_held_the_maximum_may_lead() -> None:
    presence = present()
    presence.note_asked(bid())
    presence.note_accepted(bid(), accepted())
    assert presence.is_ping_due(PING_MS, ME)


def test_the_last_bid_of_the_leader_decides_whether_silence_ends_it() -> None:
    presence = present(lot1=replace(VIEW, board=led_by(ME)))
    presence.note_asked(bid(1))
    presence.note_accepted(bid(1), accepted(1))
    presence.note_accepted(bid(2, while_connected=False), accepted(2, leading=False))
    assert presence.is_ping_due(PING_MS, ME), "a bid that does not lead leaves the leader's maximum as it is"
    presence.note_accepted(bid(2, while_connected=False), accepted(2))
    assert presence.next_ms is None


def test_a_verdict_that_is_repeated_ends_nothing_that_came_after_it() -> None:
    presence = present(lot1=replace(VIEW, board=led_by(ME)))
    presence.note_asked(bid(3))
    presence.note_accepted(bid(3), accepted(3))
    presence.note_accepted(bid(2, while_connected=False), accepted(2))
    assert presence.is_ping_due(PING_MS, ME)
    presence.note_asked(bid(1))
    presence.note_rejected(bid(1))
    presence.note_accepted(bid(2, while_connected=False), accepted(2))
    assert presence.is_ping_due(PING_MS, ME)


def test_a_rejected_bid_leaves_an_earlier_maximum_that_leads() -> None:
    for leader, pings in ((ME, True), (RIVAL, False)):
        presence = present(lot1=replace(VIEW, board=led_by(leader)))
        presence.note_asked(bid(1))
        presence.note_accepted(bid(1), accepted(1))
        presence.note_asked(bid(2))
        presence.note_rejected(bid(2))
        assert presence.is_ping_due(PING_MS, ME) is pings


def test_what_was_led_before_the_desk_was_there_may_end_with_silence() -> None:
    presence = present(lot1=replace(VIEW, board=led_by(ME)))
    presence.note_leads("1")
    assert presence.is_ping_due(PING_MS, ME)
    presence.note_accepted(BuyRequest(id=5, lot="1", price_minor=5), accepted(5))
    assert presence.next_ms is None
    outbid = present(lot1=replace(VIEW, board=led_by(RIVAL)))
    outbid.note_leads("1")
    assert not outbid.is_ping_due(PING_MS, ME)


def test_nobody_pings_for_a_person_who_has_gone() -> None:
    presence = present(lot1=replace(VIEW, board=led_by(ME)))
    presence.note_asked(bid())
    presence.is_attended = False
    assert presence.next_ms is None
    assert not presence.is_ping_due(10 * PING_MS, ME)
    presence.is_attended = True
    assert presence.is_ping_due(10 * PING_MS, ME)


def test_another_sale_ends_all_that_was_bid_in_the_one_before() -> None:
    presence = present()
    presence.note_asked(bid())
    presence.forget()
    assert presence.next_ms is None
