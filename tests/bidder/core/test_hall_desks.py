"""The desks of a hall without sockets: who hears of what, and what is said to whom when the house is another."""

from itertools import count

import pytest
from msgspec.structs import replace

from bidder.core.effects import Outcome, Send, Settled
from bidder.core.formats.sealed import seal_request
from bidder.core.hall_desks import HallDesk, HallDesks
from bidder.core.notices import ConnectionChanged, ConnectionState, Lost, LotCaughtUp, Notice, Outbid, Won
from bidder.core.presence import PING_MS
from common.codec import decode_request, encode
from common.errors import ProtocolError, RejectCode
from common.formats.english import BidRequest, EnglishBoard
from common.formats.sealed import SealedBoard
from common.lot import CloseCause, Result
from common.lot_events import LotClosed
from common.messages import Accepted, AnyRequest, Hello, Ping, Rejected
from tests.bidder.core.lossy_link import Link, live
from tests.bidder.core.small_house import RIVAL, SmallHouse


class Place:
    """One desk, its key, and what it said and was told."""

    def __init__(self, hall: "SmallHall", name: str) -> None:
        entropy = (bytes([number % 256]) * 16 for number in count())
        self.key = f"{name}'s key"
        self.hall = hall
        self.asked: list[AnyRequest] = []
        self.told: list[Notice] = []
        self.outcomes: list[Outcome] = []
        self.core = HallDesk(
            Hello(id=1, versions=(1,), name=name),
            hall.desks,
            now_ms=hall.link.now_ms,
            now_us=1_700_000_000_000_000,
            entropy=lambda size: next(entropy)[:size],
        )
        hall.desks.add(self.core)
        self.core.desk.connected(hall.link.now_ms)
        self.settle()

    def bid(self, amount_minor: int, lot: str = "1") -> None:
        desk, now_ms = self.core.desk, self.hall.link.now_ms
        desk.submit(BidRequest(id=desk.new_request_id(now_ms), lot=lot, amount_minor=amount_minor), now_ms, 10_000)
        self.settle()

    def seal(self, amount_minor: int, lot: str) -> None:
        desk, now_ms = self.core.desk, self.hall.link.now_ms
        desk.submit(seal_request(desk.new_request_id(now_ms), lot, amount_minor), now_ms, 10_000)
        self.settle()

    def settle(self) -> None:
        now_ms = self.hall.link.now_ms
        self.core.tick(now_ms)
        while effects := self.core.pop_effects():
            for effect in effects:
                match effect:
                    case Send(body):
                        self.asked.append(decode_request(body))
                        answer = self.hall.link.house.answer(self.key, self.asked[-1])
                        if answer is not None:
                            self.core.desk.answer_received(encode(answer), now_ms)
                            self.core.tick(now_ms)
                    case Settled(_, outcome):
                        self.outcomes.append(outcome)
                    case Notice():
                        self.told.append(effect)

    def hellos(self) -> int:
        return sum(isinstance(request, Hello) for request in self.asked)


class SmallHall:
    """A hall whose line is a link to a small house."""

    def __init__(self, lots: int = 2) -> None:
        self.link: Link = live(SmallHouse(lots))
        self.desks = HallDesks(self.link.session.follower)
        self.places: list[Place] = []

    def join(self, name: str) -> Place:
        place = Place(self, name)
        self.places.append(place)
        return place

    def run(self, milliseconds: int) -> None:
        for _ in range(milliseconds // 10):
            self.link.run(10)
            heard, self.link.events = self.link.events, []
            for notice in heard:
                self.desks.hear(notice, self.link.now_ms)
            for place in self.places:
                place.settle()


def test_each_is_told_its_own_fortunes() -> None:
    hall = SmallHall()
    ada, bea = hall.join("Ada"), hall.join("Bea")
    ada.bid(100)
    bea.bid(110)
    hall.link.house.bid("1", 120)
    ada.bid(100, "2")
    hall.link.house.close_lot("1")
    hall.link.house.close_lot("2")
    hall.run(100)
    paddle = bea.core.desk.paddle
    assert [one for one in ada.told if isinstance(one, Outbid | Won | Lost)] == [
        Outbid("1", 2, paddle, EnglishBoard(120, 110, paddle, 2)),
        Lost("1", 4, RIVAL, 120),
        Won("2", 2, 100),
    ]
    assert [one for one in bea.told if isinstance(one, Outbid | Won | Lost)] == [
        Outbid("1", 3, RIVAL, EnglishBoard(130, 120, RIVAL, 3)),
        Lost("1", 4, RIVAL, 120),
    ]


def test_a_desk_that_left_is_told_nothing() -> None:
    hall = SmallHall()
    ada = hall.join("Ada")
    ada.bid(100)
    hall.run(20)
    hall.desks.remove(ada.core)
    told = list(ada.told)
    hall.link.house.bid("1", 110)
    hall.run(20)
    assert ada.told == told


def test_another_process_that_the_hall_hears_is_greeted_by_each_desk_once() -> None:
    hall = SmallHall()
    places = [hall.join(name) for name in ("Ada", "Bea")]
    hall.link.house.instance += 1
    hall.run(3000)
    assert [place.hellos() for place in places] == [2, 2]
    assert all(place.core.desk.welcome and place.core.desk.welcome.instance == "2" for place in places)


def test_another_process_that_a_desk_hears_first_is_greeted_by_the_hall() -> None:
    hall = SmallHall()
    ada = hall.join("Ada")
    hall.link.house.instance += 1
    ada.core.desk.connected(hall.link.now_ms)
    ada.settle()
    for _ in range(20):
        hall.link.run(100, beats=False)
    assert hall.link.session.follower.instance == "2", "though no broadcast told of it"


def test_a_verdict_of_a_restored_sale_is_told_after_the_hall_has_it() -> None:
    hall = SmallHall()
    ada = hall.join("Ada")
    hall.link.holds = lambda frame: b"welcome" in frame
    hall.link.house.instance += 1
    hall.link.house.epoch = 2
    ada.core.desk.connected(hall.link.now_ms)
    ada.settle()
    ada.bid(100)
    hall.run(1000)
    assert ada.outcomes == []
    hall.link.holds = lambda _: False
    hall.run(1000)
    assert isinstance(ada.outcomes[0], Accepted)


def test_a_sealed_lot_is_lost_by_those_who_made_an_offer_for_it() -> None:
    hall = SmallHall()
    ada, bea = hall.join("Ada"), hall.join("Bea")
    house = hall.link.house
    house.add_sealed_lot("7")
    house.open("7")
    hall.run(100)
    ada.seal(500, "7")
    results = (Result(RIVAL, 600),)
    house.publish("7", LotClosed(house.lots["7"].seq + 1, house.now_ms, CloseCause.TIME, SealedBoard(100, 2), results))
    hall.run(100)
    assert [one for one in ada.told if isinstance(one, Lost)] == [Lost("7", 2, RIVAL, 600)]
    assert not [one for one in bea.told if isinstance(one, Lost)]


def test_another_sale_gives_paddles_that_count_in_it_alone() -> None:
    hall = SmallHall()
    ada, bea = hall.join("Ada"), hall.join("Bea")
    hall.link.house.hold_another_sale(2)
    bea.core.desk.connected(hall.link.now_ms)
    bea.settle()  # before the hall has heard of it, and with another paddle than before
    view = replace(hall.link.house.lots["1"], seq=1, board=EnglishBoard(100, leader=bea.core.desk.paddle))
    after = replace(view, seq=2, board=EnglishBoard(100, leader=RIVAL))
    hall.desks.hear(LotCaughtUp(1, "1", 1, view, after), hall.link.now_ms)
    assert not [one for one in bea.told if isinstance(one, Outbid)], "that was somebody else, in the sale before"
    hall.run(3000)
    assert bea.core.desk.paddle != ada.core.desk.paddle
    ada.bid(100)
    bea.bid(110)
    hall.run(100)
    assert [type(one) for one in ada.told if isinstance(one, Outbid)] == [Outbid]
    assert not [one for one in bea.told if isinstance(one, Outbid)]
    hall.link.house.bid("1", 120)
    hall.run(100)
    assert [type(one) for one in bea.told if isinstance(one, Outbid)] == [Outbid]


def test_what_was_led_before_the_desk_came_is_kept_by_pings() -> None:
    hall = SmallHall()
    ada = hall.join("Ada")
    ada.bid(100)
    hall.run(100)
    hall.desks.remove(ada.core)
    hall.places.clear()
    again = hall.join("Ada")
    hall.run(2 * PING_MS + 100)
    assert sum(isinstance(request, Ping) for request in again.asked) == 2
    assert not [request for request in ada.asked if isinstance(request, Ping)], "a bid that outlives silence needs none"


def test_the_way_in_is_told_by_each_desk() -> None:
    hall = SmallHall()
    hall.link.house.hello_answer = RejectCode.AWAITING_APPROVAL
    ada = hall.join("Ada")
    hall.link.house.hello_answer = None
    hall.run(200)
    hall.link.house.hello_answer = RejectCode.NOT_ADMITTED
    ada.core.desk.connected(hall.link.now_ms)
    ada.settle()
    states = [one.state for one in ada.told if isinstance(one, ConnectionChanged)]
    assert states == [
        ConnectionState.AWAITING_APPROVAL,
        ConnectionState.LIVE,
        ConnectionState.CONNECTING,
        ConnectionState.REFUSED,
    ]
    asked = len(ada.asked)
    hall.link.house.hello_answer = None
    hall.link.house.instance += 1
    hall.run(3000)
    assert len(ada.asked) == asked, "it asks no more"


def test_a_ping_is_refused_for_no_reason() -> None:
    hall = SmallHall()
    ada = hall.join("Ada")
    ada.core.desk.ping(hall.link.now_ms)
    ada.core.tick(hall.link.now_ms)
    sent = next(effect for effect in ada.core.pop_effects() if isinstance(effect, Send))
    refused = Rejected(id=decode_request(sent.body).id, code=RejectCode.FORBIDDEN)
    with pytest.raises(ProtocolError, match="every client may ask"):
        ada.core.desk.answer_received(encode(refused), hall.link.now_ms)
