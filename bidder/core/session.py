"""A client's core: one bidder's desk, and a follower that asks over it. It does no IO.

Shells (`blocking`, `asyncio`) move bytes and keep the time. An input (a connection, an answer, a broadcast, time, a
request of the application) leaves effects. After each input the shell must take them with `pop_effects` and carry them
out in order. It must call `tick` at `next_deadline_ms`. Times are milliseconds of any steady clock.

The way in: hello -> `welcome` -> connect the feed, subscribe, probe -> `probed` -> snapshot -> live. The desk has the
requests (`bidder.core.desk`), and the follower has the state of the sale (`bidder.core.follower`). The session joins
the two. It gives the follower the desk's welcomes and the answers to the follower's questions. It adds the bidder's
fortunes to the follower's notices.
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
    """One bidder or observer with one house, over any number of connections.

    Takes the arguments of `Desk`.
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
        """The client's estimate of the house's clock."""
        return self.follower.clock

    @property
    def is_joining(self) -> bool:
        """Whether a hello or a probe has no answer yet. The answer will count for the connection that carried it."""
        return self.desk.is_greeting or self.follower.is_probing

    @property
    def served_ms(self) -> int | None:
        """When the house last showed that it serves: by a heartbeat without `frozen`, or by an answer.

        None while a house that serves may be silent: before it has let this bidder in, and after the end of the sale.
        Heartbeats count only once hello is answered: the feed may still be that of another house.
        """
        desk, follower = self.desk, self.follower
        if desk.rejection is not None or desk.awaiting is not None or follower.has_ended:
            return None
        return max(desk.served_ms, follower.served_ms) if desk.is_welcome else desk.served_ms

    # --- for the shell ----------------------------------------------------------------------------------------------

    def pop_effects(self) -> list[Effect]:
        """Return the effects since the last call, in order."""
        return self.desk.pop_effects()

    @property
    def next_deadline_ms(self) -> int | None:
        """When the shell must call `tick` next; None if only input can change anything."""
        if self.desk.rejection is not None:
            return None
        moments = (self.desk.next_deadline_ms, self.follower.next_deadline_ms)
        return min((moment for moment in moments if moment is not None), default=None)

    def tick(self, now_ms: int) -> None:
        """Do what is due now. An early or late call is harmless."""
        if self.desk.rejection is None:
            self.follower.tick(now_ms)
            self.desk.tick(now_ms)
            self._update_state()

    def connected(self, now_ms: int) -> None:
        """Note that the request path is up, the first time or again. Earlier requests may never have arrived."""
        self.desk.connected(now_ms)
        self.tick(now_ms)

    def feed_connected(self, now_ms: int) -> None:
        """Note that the feed is up, the first time or again. Broadcasts may have been lost."""
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
        """Return an unused request id. It follows the time of day, and is larger than all ids before."""
        return self.desk.new_request_id(now_ms)

    def submit(
        self,
        request: AnyOffer | MineRequest,
        now_ms: int,
        timeout_ms: int,
        *,
        may_renew_id: bool = False,
    ) -> int:
        """Send a request until it has an outcome, and call `tick`. Takes and raises the same as `Desk.submit`."""
        ticket = self.desk.submit(request, now_ms, timeout_ms, may_renew_id=may_renew_id)
        self.tick(now_ms)
        return ticket

    def remaining_ms(self, view: LotView, now_ms: int) -> int | None:
        """Return the milliseconds left on a lot's clock, by the house's time; None if no clock runs."""
        return self.follower.remaining_ms(view, now_ms)

    # --- what the desk tells ----------------------------------------------------------------------------------------

    def welcomed(self, welcome: Welcome, known: Welcome | None, hello: Pending, now_ms: int) -> None:
        """Give the welcome to the follower."""
        if known is None or known.paddle != welcome.paddle:
            self._fortunes.forget_bidders()
            self._fortunes.add(welcome.paddle)
        self.follower.read_welcome(welcome, hello, now_ms)

    def answered(self, answer: Pong | Snapshot | Replay, asked: Pending, now_ms: int) -> None:
        """Give the answer to the follower. Raises ProtocolError."""
        self.follower.read_answer(answer, asked, now_ms)

    def refused(self, answer: Rejected, now_ms: int) -> None:
        """Give the rejection to the follower. Raises ProtocolError."""
        self.follower.read_rejection(answer, now_ms)

    def accepted(self, verdict: Accepted) -> None:
        """Note that the house accepted an offer. The bidder may win or lose by it."""
        self._fortunes.note_accepted(self.desk.paddle, verdict)

    def is_outdated(self, welcome: Welcome) -> bool:
        """Return whether the follower knows a later owner of this sale."""
        return self.follower.is_outdated(welcome)

    def is_history(self, sale: str, epoch: int) -> bool:
        """Return whether the follower holds this sale in this epoch. It does after the welcome that names them."""
        return self.follower.is_history(sale, epoch)

    def _view(self, lot: str) -> LotView | None:
        return self.follower.view(lot)

    # --- what the follower tells ------------------------------------------------------------------------------------

    def _tell(self, notices: list[Notice]) -> None:
        """Tell the application the changes, and what they mean to this bidder."""
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
            self.desk.do(
                ConnectionChanged(state, reason, self.desk.rejection or self.desk.awaiting, self.desk.conditions)
            )

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
