"""The session where the sale has conditions: it brings their text to a person, and accepts nothing by itself."""

from collections.abc import Callable

import pytest

from bidder.core.effects import Unanswered
from bidder.core.notices import ConnectionChanged, ConnectionState, Joined
from bidder.core.session import Session
from common.conditions import digest_of
from common.errors import ADVICE, ProtocolError, RejectCode
from common.formats.english import BidRequest
from common.messages import ConditionsRequest, Hello, Rejected
from tests.bidder.core.lossy_link import Link, live, never
from tests.bidder.core.small_house import SmallHouse

TEXT, OTHER = "Pay within a week.", "Pay at once."


def with_conditions(text: str = TEXT) -> SmallHouse:
    house = SmallHouse(1)
    house.conditions = text
    return house


def link_to(house: SmallHouse, accepts: str = "", loses: Callable[[bytes], bool] = never) -> Link:
    link = Link(house, loses=loses)
    link.session = Session(
        Hello(id=1, versions=(1,), name="Ada", accepts=accepts),
        now_ms=link.now_ms,
        now_us=1_700_000_000_000_000,
        entropy=lambda size: bytes(size),
    )
    return link


def refusals(link: Link) -> list[ConnectionChanged]:
    return [change for change in link.told(ConnectionChanged) if change.state is ConnectionState.REFUSED]


def test_the_text_comes_with_the_refusal() -> None:
    house = with_conditions()
    link = link_to(house)
    link.connect()
    (refusal,) = refusals(link)
    assert refusal.reason == ADVICE[RejectCode.CONDITIONS_NOT_ACCEPTED]
    assert refusal.rejected is not None
    assert refusal.rejected.code is RejectCode.CONDITIONS_NOT_ACCEPTED
    assert refusal.conditions is not None
    assert (refusal.conditions.text, refusal.conditions.digest) == (TEXT, digest_of(TEXT))
    assert link.session.next_deadline_ms is None, "nothing more is asked"
    outcome = link.outcomes[link.bid("1", 100)]
    assert isinstance(outcome, Rejected)


def test_whoever_accepts_is_in_and_need_not_again() -> None:
    house = with_conditions()
    link = link_to(house, digest_of(TEXT))
    link.connect()
    link.run(500)
    assert link.state is ConnectionState.LIVE
    again = link_to(house)
    again.connect()
    assert len(again.told(Joined)) == 1


def test_the_question_is_repeated_until_it_is_answered() -> None:
    house = with_conditions()
    lost: list[bytes] = []

    def loses_first_question(frame: bytes) -> bool:
        if b"conditions" in frame and b"versions" not in frame and len(lost) < 2:
            lost.append(frame)
            return True
        return False

    link = link_to(house, loses=loses_first_question)
    link.connect()
    link.run(6000)
    assert len(lost) == 2
    assert len(refusals(link)) == 1


def test_conditions_that_are_gone_meanwhile_let_the_bidder_in() -> None:
    house = with_conditions()
    link = link_to(
        house, loses=lambda frame: b"conditions" in frame and b"accept" not in frame and bool(house.conditions)
    )
    link.connect()
    house.conditions = ""
    link.run(6000)
    assert link.state is ConnectionState.LIVE


def test_conditions_that_change_at_a_reconnect_refuse_a_bidder_who_was_in() -> None:
    house = with_conditions()
    link = link_to(house, digest_of(TEXT))
    link.connect()
    link.run(500)
    house.conditions = OTHER
    house.accepted.clear()
    request = BidRequest(id=link.session.new_request_id(link.now_ms), lot="1", amount_minor=100)
    ticket = link.session.submit(request, link.now_ms, 5_000)
    link.connect()
    (refusal,) = refusals(link)
    assert refusal.conditions is not None
    assert refusal.conditions.text == OTHER
    assert isinstance(link.outcomes[ticket], Rejected | Unanswered)


def test_a_text_that_its_digest_does_not_name_is_refused() -> None:
    house = with_conditions()
    house.conditions_digest = digest_of(OTHER)
    link = link_to(house)
    with pytest.raises(ProtocolError, match="digest does not name"):
        link.connect()


def test_nothing_is_asked_where_the_sale_has_no_conditions() -> None:
    house = SmallHouse(1)
    live(house)
    assert not any(isinstance(request, ConditionsRequest) for request in house.seen)
