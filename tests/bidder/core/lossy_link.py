"""A session and a small house, joined by a link without sockets; the test decides its losses and delays."""

from collections import deque
from collections.abc import Callable, Iterator
from itertools import count
from typing import TypeVar

from bidder.core.effects import ConnectFeed, Outcome, Send, Settled, Subscribe, Unsubscribe
from bidder.core.notices import (
    ConnectionChanged,
    ConnectionState,
    HistoryLost,
    LotCaughtUp,
    LotChanged,
    Notice,
    SaleCaughtUp,
    SaleChanged,
)
from bidder.core.session import Session
from common.codec import decode_request, encode
from common.formats import AnyOffer
from common.formats.english import BidRequest
from common.messages import Hello, MineRequest
from tests.bidder.core.small_house import BEAT_MS, SmallHouse

N = TypeVar("N", bound=Notice)

KEY = "ada's key"
STEP_MS = 10


def never(_: bytes) -> bool:
    return False


class Link:
    """`loses(frame)` decides whether a frame in either direction is lost; `repeats` decides whether it comes twice."""

    def __init__(
        self,
        house: SmallHouse,
        *,
        loses: Callable[[bytes], bool] = never,
        repeats: Callable[[bytes], bool] = never,
        holds: Callable[[bytes], bool] = never,
    ) -> None:
        self.house = house
        self.now_ms = 1_000_000
        entropy = (bytes([number % 256]) * 16 for number in count())
        self.session = Session(
            Hello(id=1, versions=(1,), name="Ada"),
            now_ms=self.now_ms,
            now_us=1_700_000_000_000_000,
            entropy=lambda size: next(entropy)[:size],
        )
        self.loses, self.repeats, self.holds = loses, repeats, holds
        self.sent: list[bytes] = []
        self.events: list[Notice] = []
        self.outcomes: dict[int, Outcome] = {}
        self.topics: set[bytes] = set()
        self.asked: list[bytes] = []
        self.ports: list[int] = []
        """The ports to which the feed was connected."""
        self._answers: deque[bytes] = deque()
        self._broadcasts: deque[bytes] = deque()

    @property
    def state(self) -> ConnectionState:
        """The session's present state."""
        return self.session.state

    def connect(self) -> None:
        """Bring the request path up, and carry everything until nothing moves."""
        self.session.connected(self.now_ms)
        self.settle()

    def submit(self, request: AnyOffer | MineRequest, timeout_ms: int = 10_000, *, may_renew_id: bool = False) -> int:
        ticket = self.session.submit(request, self.now_ms, timeout_ms, may_renew_id=may_renew_id)
        self.settle()
        return ticket

    def bid(self, lot: str, amount_minor: int, timeout_ms: int = 10_000) -> int:
        request_id = self.session.new_request_id(self.now_ms)
        request = BidRequest(id=request_id, lot=lot, amount_minor=amount_minor)
        return self.submit(request, timeout_ms, may_renew_id=True)

    def run(self, milliseconds: int, *, beats: bool = True) -> None:
        """Let time pass in small steps, with heartbeats and all deadlines."""
        for _ in range(milliseconds // STEP_MS):
            self.now_ms += STEP_MS
            self.house.now_ms += STEP_MS
            if beats and self.now_ms % BEAT_MS == 0:
                self.house.beat()
            deadline_ms = self.session.next_deadline_ms
            if deadline_ms is not None and deadline_ms <= self.now_ms:
                self.session.tick(self.now_ms)
                following_ms = self.session.next_deadline_ms
                assert following_ms is None or following_ms > self.now_ms, "a tick left its own deadline"
            self.settle()

    def settle(self) -> None:
        """Carry effects and frames back and forth until nothing moves; `holds` may keep some frames under way."""
        is_moving = True
        while is_moving:
            is_moving = self._carry_out()
            self._broadcasts += self._through(self.house.outbox)
            self.house.outbox = []
            for waiting, take in (
                (self._answers, self.session.answer_received),
                (self._broadcasts, self.session.broadcast_received),
            ):
                if waiting and not self.holds(waiting[0]):
                    take(waiting.popleft(), self.now_ms)
                    is_moving = True
            self.session.replica.check()

    def _carry_out(self) -> bool:
        effects = self.session.pop_effects()
        for effect in effects:
            match effect:
                case Send(body):
                    self.sent.append(body)
                    self._answers += self._through(self._ask_house(self._through([body])))
                case Subscribe(topic):
                    self.topics.add(topic)
                    self.asked.append(topic)
                    self.house.subscribed(topic)
                case Unsubscribe(topic):
                    self.topics.remove(topic)
                case Settled(ticket, outcome):
                    assert ticket not in self.outcomes, "a request was settled twice"
                    self.outcomes[ticket] = outcome
                case ConnectFeed(port):
                    self.ports.append(port)
                case _:
                    self.events.append(effect)
        return bool(effects)

    def _ask_house(self, bodies: Iterator[bytes] | list[bytes]) -> list[bytes]:
        answers = [self.house.answer(KEY, decode_request(body)) for body in bodies]
        return [encode(answer) for answer in answers if answer is not None]

    def _through(self, frames: list[bytes]) -> list[bytes]:
        arrived = [frame for frame in frames if not self.loses(frame)]
        return [frame for frame in arrived for _ in range(2 if self.repeats(frame) else 1)]

    def told(self, kind: type[N]) -> list[N]:
        return [event for event in self.events if isinstance(event, kind)]


def check_story(events: list[Notice]) -> None:
    """Assert that the application's notices are contiguous, and that each view follows from the one before."""
    views: dict[str, object] = {}
    sale_seq: int | None = None
    for event in events:
        match event:
            case HistoryLost():
                views.clear()
                sale_seq = None
            case LotChanged(_, lot, seq, before, view, change):
                assert before.seq + 1 == seq == view.seq == change.seq
                assert views.get(lot, before) == before
                views[lot] = view
            case LotCaughtUp(_, lot, seq, before, view):
                assert views.get(lot, before) == before
                assert view.seq == seq
                assert before is None or before.seq < seq
                views[lot] = view
            case SaleChanged(_, seq) | SaleCaughtUp(_, seq) if sale_seq is not None:
                assert seq == sale_seq + 1 or (isinstance(event, SaleCaughtUp) and seq > sale_seq)
                sale_seq = seq
            case SaleChanged(_, seq) | SaleCaughtUp(_, seq):
                sale_seq = seq


def live(house: SmallHouse) -> Link:
    link = Link(house)
    link.connect()
    link.run(1200)
    assert link.session.state is ConnectionState.LIVE
    link.events.clear()
    link.sent.clear()
    house.seen.clear()
    return link


def states(link: Link) -> list[ConnectionState]:
    return [event.state for event in link.events if isinstance(event, ConnectionChanged)]


def bids_seen(house: SmallHouse) -> list[BidRequest]:
    return [request for request in house.seen if isinstance(request, BidRequest)]
