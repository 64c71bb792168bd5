"""A desk by itself, beside a follower that asks over another line: what it tells when, and what it leaves alone."""

from itertools import count

import pytest

from bidder.core.desk import Desk
from bidder.core.effects import Outcome, Send, Settled, Unanswered
from bidder.core.news import UNANSWERED_MS
from bidder.core.notices import Joined
from bidder.core.pending import Pending
from bidder.core.presence import PING_MS
from common.codec import decode_request, encode
from common.errors import RejectCode
from common.formats.english import BidRequest
from common.lot import LotView
from common.messages import (
    Accepted,
    AnyRequest,
    Hello,
    MineRequest,
    NewsRequest,
    Ping,
    Pong,
    Rejected,
    Replay,
    Snapshot,
    Welcome,
)
from tests.bidder.core.small_house import SmallHouse

KEY = "bea's key"


class Beside:
    """A desk at a house, and what a follower elsewhere holds; `epoch` and `sale` are the follower's."""

    def __init__(self, house: SmallHouse) -> None:
        self.house = house
        self.now_ms = 1_000_000
        self.sale, self.epoch = house.sale.sale, house.epoch
        self.outcomes: dict[int, Outcome] = {}
        self.told: list[str] = []
        self.asked: list[AnyRequest] = []
        entropy = (bytes([number % 256]) * 16 for number in count())
        self.desk = Desk(
            Hello(id=1, versions=(1,), name="Bea"),
            self,
            self.view,
            now_ms=self.now_ms,
            now_us=1_700_000_000_000_000,
            entropy=lambda size: next(entropy)[:size],
        )

    # what the desk asks of, and tells, who keeps it
    def view(self, lot: str) -> LotView | None:
        return self.house.lots.get(lot)

    def welcomed(self, welcome: Welcome, known: Welcome | None, hello: Pending, now_ms: int) -> None:
        assert (hello.request.id, now_ms) == (welcome.id, self.now_ms)
        self.told.append("welcome" if known is None else "welcome again")

    def answered(self, answer: Pong | Snapshot | Replay, asked: Pending, now_ms: int) -> None:
        assert (asked.request.id, now_ms) == (answer.id, self.now_ms)
        self.told.append(type(answer).__name__)

    def refused(self, answer: Rejected, now_ms: int) -> None:
        raise AssertionError(f"{answer} at {now_ms}")

    def accepted(self, verdict: Accepted) -> None:
        self.told.append(f"accepted {verdict.id}")

    def is_outdated(self, welcome: Welcome) -> bool:
        return False

    def is_history(self, sale: str, epoch: int) -> bool:
        return (sale, epoch) == (self.sale, self.epoch)

    # the way to the house and back
    def connect(self) -> None:
        self.desk.connected(self.now_ms)
        self.settle()

    def bid(self, amount_minor: int, *, while_connected: bool = False, timeout_ms: int = 10_000) -> int:
        request = BidRequest(
            id=self.desk.new_request_id(self.now_ms),
            lot="1",
            amount_minor=amount_minor,
            maximum_minor=1000 if while_connected else None,
            while_connected=while_connected,
        )
        ticket = self.desk.submit(request, self.now_ms, timeout_ms)
        self.desk.tick(self.now_ms)
        self.settle()
        return ticket

    def run(self, milliseconds: int) -> None:
        for _ in range(milliseconds // 10):
            self.now_ms += 10
            self.house.now_ms += 10
            deadline_ms = self.desk.next_deadline_ms
            if deadline_ms is not None and deadline_ms <= self.now_ms:
                self.desk.tick(self.now_ms)
                following_ms = self.desk.next_deadline_ms
                assert following_ms is None or following_ms > self.now_ms, "a tick left its own deadline"
            self.settle()

    def settle(self) -> None:
        while effects := self.desk.pop_effects():
            for effect in effects:
                match effect:
                    case Send(body):
                        self.asked.append(decode_request(body))
                        answer = self.house.answer(KEY, self.asked[-1])
                        if answer is not None:
                            self.desk.answer_received(encode(answer), self.now_ms)
                            self.desk.tick(self.now_ms)
                    case Settled(ticket, outcome):
                        assert ticket not in self.outcomes, "a request was settled twice"
                        self.outcomes[ticket] = outcome
                    case _:
                        assert isinstance(effect, Joined)

    def pings(self) -> int:
        return sum(isinstance(request, Ping) for request in self.asked)


@pytest.fixture
def desk() -> Beside:
    beside = Beside(SmallHouse(1))
    beside.connect()
    assert beside.told == ["welcome"]
    return beside


def restore(desk: Beside) -> None:
    """Have another process hold the sale in another epoch, which the desk hears of before the follower."""
    desk.house.instance += 1
    desk.house.epoch = 2
    desk.connect()
    assert desk.told == ["welcome", "welcome again"]


def test_a_desk_asks_for_no_state_and_is_idle_between_bids(desk: Beside) -> None:
    desk.bid(100)
    desk.run(60_000)
    asked = [type(request) for request in desk.asked if not isinstance(request, NewsRequest)]
    assert asked == [Hello, BidRequest]
    assert len(desk.asked) - len(asked) == 1 + 60_000 // UNANSWERED_MS
    assert desk.desk.next_deadline_ms == desk.desk.news.next_ms


def test_a_verdict_of_another_epoch_waits_until_the_follower_is_there(desk: Beside) -> None:
    restore(desk)
    ticket = desk.bid(100)
    desk.run(2000)
    assert desk.outcomes == {}, "the application would hear of it in a history that is lost"
    desk.epoch = 2
    desk.desk.tick(desk.now_ms)
    desk.settle()
    assert isinstance(desk.outcomes[ticket], Accepted)
    assert len([request for request in desk.asked if isinstance(request, BidRequest)]) == 1


def test_a_verdict_whose_follower_does_not_come_is_told_at_the_deadline(desk: Beside) -> None:
    restore(desk)
    ticket = desk.bid(100, timeout_ms=3000)
    desk.run(2900)
    assert desk.outcomes == {}
    desk.run(200)
    assert isinstance(desk.outcomes[ticket], Accepted), "what is known is told"


def test_verdicts_that_wait_are_told_in_their_order(desk: Beside) -> None:
    restore(desk)
    first = desk.bid(100)
    desk.epoch = 2
    second = desk.bid(50)
    assert list(desk.outcomes) == [first, second]
    assert isinstance(desk.outcomes[second], Rejected)


def test_a_verdict_does_not_overtake_one_that_waits(desk: Beside) -> None:
    restore(desk)
    first = desk.bid(100)
    desk.house.bid_answers_to_drop = 1
    second = desk.bid(50)
    desk.epoch = 2
    verdict = desk.house.answer(KEY, desk.asked[-1])
    assert isinstance(verdict, Rejected)
    desk.desk.answer_received(encode(verdict), desk.now_ms)
    desk.desk.tick(desk.now_ms)
    desk.settle()
    assert list(desk.outcomes) == [first, second]


def test_a_refused_hello_lets_no_verdict_wait(desk: Beside) -> None:
    restore(desk)
    ticket = desk.bid(100)
    desk.house.hello_answer = RejectCode.NOT_ADMITTED
    desk.connect()
    assert isinstance(desk.outcomes[ticket], Accepted)
    assert desk.desk.next_deadline_ms is None


def test_what_was_asked_in_another_sale_ends_without_waiting(desk: Beside) -> None:
    desk.house.bid_answers_to_drop = 1
    ticket = desk.bid(100)
    desk.house.hold_another_sale(1)
    desk.connect()
    outcome = desk.outcomes[ticket]
    assert isinstance(outcome, Unanswered)
    assert outcome.may_count


def test_a_maximum_that_ends_with_silence_is_kept_by_pings_while_it_leads(desk: Beside) -> None:
    desk.bid(100, while_connected=True)
    desk.run(4 * PING_MS)
    assert desk.pings() == 4
    desk.house.bid("1", 110)
    desk.run(4 * PING_MS)
    assert desk.pings() == 4, "it leads no longer"


def test_a_maximum_of_another_sale_needs_no_pings(desk: Beside) -> None:
    desk.bid(100, while_connected=True)
    desk.house.hold_another_sale(1)
    desk.sale = desk.house.sale.sale
    desk.connect()
    desk.run(4 * PING_MS)
    assert desk.pings() == 0


def test_other_requests_are_as_good_as_a_ping(desk: Beside) -> None:
    desk.bid(100, while_connected=True)
    for _ in range(8):
        desk.run(PING_MS // 2)
        desk.desk.submit(MineRequest(id=desk.desk.new_request_id(desk.now_ms)), desk.now_ms, 5000)
        desk.desk.tick(desk.now_ms)
        desk.settle()
    assert desk.pings() == 0


def test_a_desk_whose_person_has_gone_falls_silent(desk: Beside) -> None:
    desk.bid(100, while_connected=True)
    desk.run(PING_MS)
    assert desk.pings() == 1
    desk.desk.presence.is_attended = False
    desk.run(4 * PING_MS)
    assert desk.pings() == 1
