"""A client's core: one bidder's desk, and a follower that asks over it. It does no IO.

Shells (`blocking`, `asyncio`) move bytes and keep the time. What comes in (a connection, an answer, a broadcast, time,
a request of the application) leaves effects, which the shell takes with `pop_effects` after each input and carries out
in order; `next_deadline_ms` is when it must call `tick`. Times are milliseconds of any steady clock.

The way in: hello -> `welcome` -> connect the feed, subscribe, probe -> `probed` -> snapshot -> live. The desk has the
requests (`bidder.core.desk`), the follower the state of the sale (`bidder.core.follower`); here the two are joined: the
desk's welcomes and the answers to the follower's questions go to the follower, and what the follower tells is joined by
what it means to the bidder.
"""

from bidder.core.clock import ServerClock
from bidder.core.desk import Desk, Entropy
from bidder.core.effects import Effect
from bidder.core.follower import Follower
from bidder.core.fortunes import Fortunes
from bidder.core.notices import ConnectionChanged, ConnectionState, HistoryLost, LotCaughtUp, LotChanged, Notice
from bidder.core.pending import Pending
from bidder.core.replica import Replica
from common.errors import ADVICE, RejectCode
from common.formats import AnyOffer
from common.lot import LotView
from common.messages import Accepted, Hello, MineRequest, Pong, Rejected, Replay, Snapshot, Welcome


class Session:
    """One bidder, or one who only looks on, with one house, over any number of connections.

    The arguments are those of `Desk`.
    """

    def __init__(self, hello: Hello, *, now_ms: int, now_us: int, entropy: Entropy, last_id: int = 0) -> None:
        self.state = ConnectionState.CONNECTING
        self._fortunes = Fortunes()
        self.desk = Desk(hello, self, self._view, now_ms=now_ms, now_us=now_us, entropy=entropy, last_id=last_id)
        self.follower = Follower(self.desk, self._tell, now_ms)

    @property
    def welcome(self) -> Welcome | None:
        """The house's last answer to hello; None before the first."""
        return self.desk.welcome

    @property
    def replica(self) -> Replica:
        """The state of the sale."""
        return self.follower.replica

    @property
    def clock(self) -> ServerClock:
        """The house's clock, as well as it is known."""
        return self.follower.clock

    @property
    def is_joining(self) -> bool:
        """Whether a hello or a probe is under way, whose answer will count for the connection that it went over."""
        return self.desk.is_greeting or self.follower.is_probing

    # --- for the shell ----------------------------------------------------------------------------------------------

    def pop_effects(self) -> list[Effect]:
        """Return what is to be done since the last call, in order."""
        return self.desk.pop_effects()

    @property
    def next_deadline_ms(self) -> int | None:
        """When `tick` is to be called next; None where only input can change anything."""
        if self.desk.rejection is not None:
            return None
        moments = (self.desk.next_deadline_ms, self.follower.next_deadline_ms)
        return min((moment for moment in moments if moment is not None), default=None)

    def tick(self, now_ms: int) -> None:
        """Do what time asks for; early or late calls are harmless."""
        if self.desk.rejection is None:
            self.follower.tick(now_ms)
            self.desk.tick(now_ms)
            self._update_state()

    def connected(self, now_ms: int) -> None:
        """Note that the request path is up, the first time or again: what was sent before may never arrive."""
        self.desk.connected(now_ms)
        self.tick(now_ms)

    def feed_connected(self, now_ms: int) -> None:
        """Note that the feed is up, the first time or again: broadcasts may have been lost."""
        self.follower.feed_connected(now_ms)
        self.tick(now_ms)

    def answer_received(self, body: bytes, now_ms: int) -> None:
        """Take one body from the request path. Raises ProtocolError."""
        self.desk.answer_received(body, now_ms)
        if self.desk.rejection is not None:
            self._update_state()
        self.tick(now_ms)

    def broadcast_received(self, frame: bytes, now_ms: int) -> None:
        """Take one frame from the feed. Raises ProtocolError."""
        if self.follower.broadcast_received(frame, now_ms):
            self.tick(now_ms)

    # --- for the application ----------------------------------------------------------------------------------------

    def new_request_id(self, now_ms: int) -> int:
        """Return an id that no request had: larger than any before, by the time of day."""
        return self.desk.new_request_id(now_ms)

    def submit(
        self,
        request: AnyOffer | MineRequest,
        now_ms: int,
        timeout_ms: int,
        *,
        may_renew_id: bool = False,
    ) -> int:
        """Send a request until it has an outcome; as `Desk.submit`, with the same arguments and errors."""
        ticket = self.desk.submit(request, now_ms, timeout_ms, may_renew_id=may_renew_id)
        self.tick(now_ms)
        return ticket

    def remaining_ms(self, view: LotView, now_ms: int) -> int | None:
        """Return what is left on a lot's clock, by the house's time; None where it has none."""
        return self.follower.remaining_ms(view, now_ms)

    # --- what the desk tells ----------------------------------------------------------------------------------------

    def welcomed(self, welcome: Welcome, known: Welcome | None, hello: Pending, now_ms: int) -> None:
        """Have the follower go by the welcome."""
        if known is None or known.paddle != welcome.paddle:
            self._fortunes.forget_bidders()
            self._fortunes.add(welcome.paddle)
        self.follower.read_welcome(welcome, hello, now_ms)

    def answered(self, answer: Pong | Snapshot | Replay, asked: Pending, now_ms: int) -> None:
        """Give the follower what it asked for. Raises ProtocolError."""
        self.follower.read_answer(answer, asked, now_ms)

    def refused(self, answer: Rejected, now_ms: int) -> None:
        """Tell the follower that it is refused. Raises ProtocolError."""
        self.follower.read_rejection(answer, now_ms)

    def accepted(self, verdict: Accepted) -> None:
        """Note that an offer counts, which the bidder may come to win or lose by."""
        self._fortunes.note_accepted(self.desk.paddle, verdict)

    def is_outdated(self, welcome: Welcome) -> bool:
        """Return whether the follower knows of a later owner of this sale."""
        return self.follower.is_outdated(welcome)

    def is_history(self, sale: str, epoch: int) -> bool:
        """Return whether the follower holds this sale in this epoch: always so after a welcome, which it goes by."""
        return self.follower.is_history(sale, epoch)

    def _view(self, lot: str) -> LotView | None:
        return self.follower.view(lot)

    # --- what the follower tells ------------------------------------------------------------------------------------

    def _tell(self, notices: list[Notice]) -> None:
        """Tell the application what changed, and what it means to this bidder."""
        told: list[Notice] = []
        for notice in notices:
            told.append(notice)
            if isinstance(notice, (LotChanged, LotCaughtUp)):
                told += [fortune for _, fortune in self._fortunes.of(notice)]
            elif isinstance(notice, HistoryLost):
                self._fortunes.forget()
        self.desk.do_all(told)

    # --- the state --------------------------------------------------------------------------------------------------

    def _update_state(self) -> None:
        state, reason = self._derive_state()
        if state is not self.state:
            self.state = state
            self.desk.do(ConnectionChanged(state, reason, self.desk.rejection or self.desk.awaiting))

    def _derive_state(self) -> tuple[ConnectionState, str]:
        desk, follower = self.desk, self.follower
        if desk.rejection is not None:
            return ConnectionState.REFUSED, desk.rejection.detail or ADVICE[desk.rejection.code]
        if follower.has_ended:
            return ConnectionState.ENDED, ""
        if desk.awaiting is not None:
            return ConnectionState.AWAITING_APPROVAL, ADVICE[RejectCode.AWAITING_APPROVAL]
        if follower.is_silent:
            return ConnectionState.SILENT, "Nothing was heard from the house for some seconds."
        if not desk.is_welcome:
            return ConnectionState.CONNECTING, "The house has yet to answer hello."
        if not follower.is_live:
            return ConnectionState.JOINING, ""
        if follower.is_frozen:
            return ConnectionState.FROZEN, "The house can't store bids now; all clocks stand still."
        return ConnectionState.LIVE, ""
