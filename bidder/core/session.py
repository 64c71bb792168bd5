"""The client's core: everything that it does, and no IO. Shells (`blocking`, `asyncio`) move bytes and keep the time.

What comes in (a connection, an answer, a broadcast, time, a request of the application) changes the session and leaves
effects, which the shell takes with `pop_effects` after each input and carries out in order; `next_deadline_ms` is when
it must call `tick`. Times are milliseconds of any steady clock.

The way in: hello -> `welcome` -> connect the feed, subscribe, probe -> `probed` -> snapshot -> live (`bidder.core.feed`
has all from the probe on). Rules:

- Each connection of the request path begins with hello, since the house may be another process or know the client by
  its connection only; other requests wait for the welcome and then go out (again) at once, with the same id and bytes.
- The feed is proven and compared again when the house is another process, after silence, and when it connected again.
- Only `welcome` says which sale and epoch count; whatever does not fit makes the client say hello again.
- What was asked in one sale is never sent to another, which may be held behind the same key.
- A bid without a verdict at its deadline is `Unanswered`, never quietly given up.
"""

from collections.abc import Callable
from typing import Final

from msgspec.structs import replace

from bidder.core.clock import ServerClock
from bidder.core.effects import Effect, Outcome, Send, Settled, Unanswered
from bidder.core.events import (
    ConnectionChanged,
    ConnectionState,
    Event,
    HistoryLost,
    Joined,
    LotCaughtUp,
    LotChanged,
)
from bidder.core.feed import Feed, FeedState
from bidder.core.notices import Notices
from bidder.core.pending import RETRY_MIN_MS, Pending, PendingRequests
from bidder.core.replica import Replica
from common.codec import (
    decode_answer,
    decode_broadcast,
)
from common.errors import ADVICE, ProtocolError, RejectCode, UsageError
from common.limits import INTEGER_MAX, REMEMBERED_REQUESTS_MAX
from common.lot import LotView
from common.messages import (
    Accepted,
    Answer,
    AnyRequest,
    BidRequest,
    BuyRequest,
    Heartbeat,
    Hello,
    LotEvents,
    LotRequest,
    ManyLots,
    Mine,
    MineRequest,
    Ping,
    Pong,
    Probed,
    Rejected,
    Replay,
    ReplayRequest,
    Request,
    SaleEvents,
    Snapshot,
    SnapshotRequest,
    Welcome,
)

SILENCE_MS: Final = 3000
"""Without a heartbeat for so long, the client says that it may be out of date."""
RENEWAL_MS: Final = 6000
RENEWAL_MAX_MS: Final = 48_000
"""A feed that is silent for `RENEWAL_MS` is connected again, and again after pauses that double: TCP may believe in a
connection over which nothing comes. ZMTP's own heartbeats would notice it too, but where an application does not read
for a while and the connection then breaks, libzmq aborts the process at the next of them."""
PING_MS: Final = 5000
APPROVAL_MS: Final = 2000
"""The pause between hellos while awaiting approval, where the house names none."""
APPROVAL_MAX_MS: Final = 60_000
"""The longest pause between them, whatever it names."""
GREET_AGAIN_MS: Final = 1000
"""The least pause before a hello that an odd message called for, so that house and client can't chase each other."""

ID_ROOM: Final = 2**48
"""So many ids must be left above one to go on from it: nine years' worth of microseconds."""

Entropy = Callable[[int], bytes]
"""Returns so many random bytes; `os.urandom` is one."""

_NOT_TAKEN_UP: Final = frozenset({RejectCode.UNAVAILABLE, RejectCode.SLOW_DOWN})
_NOT_IN: Final = frozenset({RejectCode.HELLO_FIRST, RejectCode.NOT_ADMITTED, RejectCode.AWAITING_APPROVAL})


class Session:
    """One bidder's session with one house, over any number of connections.

    `hello` is how to introduce oneself (its id is replaced). `now_us` is the time of day in microseconds since 1970 at
    `now_ms`: request ids are taken from it, so that they rise even across runs and programs that share a key. Where
    that clock is behind, they go on above `last_id`, the highest that the key is known to have used (0: none), and
    above the highest that the house remembers.
    """

    def __init__(self, hello: Hello, *, now_ms: int, now_us: int, entropy: Entropy, last_id: int = 0) -> None:
        self.clock = ServerClock()
        self.welcome: Welcome | None = None
        self.rejection: Rejected | None = None
        self.state = ConnectionState.CONNECTING
        self._introduction = hello
        self._id_offset_us = now_us - now_ms * 1000
        self._last_id = 0
        self._last_ticket = 0
        self._entropy = entropy
        self._pending = PendingRequests(self.jitter)
        self._notices = Notices()
        self._effects: list[Effect] = []
        self._hello: Pending | None = None
        self._is_welcome = False
        self._awaiting: Rejected | None = None
        self._feed = Feed(self)
        self._heard_ms = now_ms
        self._is_silent = False
        self._renewal_ms = self._renewal_pause_ms = 0
        self._frozen_at_ms: int | None = None
        self._ping_ms = now_ms
        self._next_greeting_ms = now_ms
        self._go_on_above(last_id, now_ms)

    @property
    def replica(self) -> Replica:
        """The state of the sale."""
        return self._feed.replica

    @property
    def is_joining(self) -> bool:
        """Whether a hello or a probe is under way, whose answer will count for the connection that it went over."""
        return self._hello is not None or self._feed.state is FeedState.PROBING

    # --- for the shell ----------------------------------------------------------------------------------------------

    def pop_effects(self) -> list[Effect]:
        """Return what is to be done since the last call, in order."""
        effects, self._effects = self._effects, []
        return effects

    @property
    def next_deadline_ms(self) -> int | None:
        """When `tick` is to be called next; None where only input can change anything."""
        if self.rejection is not None:
            return None
        moments = [
            None if self._hello is None else max(self._hello.next_ms, self._pending.resume_ms),
            self._pending.next_deadline_ms(may_send=self._is_welcome),
            self._ping_ms if self._is_welcome else None,
            self._feed.probe_deadline_ms,
            self._heard_ms + SILENCE_MS if self._watches_silence else None,
            self._renewal_ms if self._renews_feed else None,
            self._feed.repair_deadline_ms if self._is_welcome else None,
        ]
        return min((moment for moment in moments if moment is not None), default=None)

    def tick(self, now_ms: int) -> None:
        """Do what time asks for; early or late calls are harmless."""
        if self.rejection is not None:
            return
        for pending in self._pending.pop_expired(now_ms):
            self._give_up(pending)
        if self._watches_silence and self._heard_ms + SILENCE_MS <= now_ms:
            self._is_silent = True
            self._renewal_ms, self._renewal_pause_ms = self._heard_ms + RENEWAL_MS, RENEWAL_MS
            self._greet(now_ms)
        if self._renews_feed and self._renewal_ms <= now_ms:
            self._feed.connect_again()
            self._renewal_pause_ms = min(2 * self._renewal_pause_ms, RENEWAL_MAX_MS)
            self._renewal_ms = now_ms + self.jitter(self._renewal_pause_ms)
        probe_ms = self._feed.probe_deadline_ms
        if probe_ms is not None and probe_ms <= now_ms:
            self._feed.begin_probe(now_ms)
        if self._is_welcome and self._ping_ms <= now_ms:
            self._begin_ping(now_ms)
        if self._is_welcome:
            self._feed.repair(now_ms)
        if self._hello is not None and max(self._hello.next_ms, self._pending.resume_ms) <= now_ms:
            self._effects.append(Send(self._pending.send(self._hello, now_ms)))
        if self._is_welcome:
            self._effects += [Send(body) for body in self._pending.send_due(now_ms)]
        self._update_state()

    def connected(self, now_ms: int) -> None:
        """Note that the request path is up, the first time or again: what was sent before may never arrive.

        What was about to be sent waits for the welcome: this may be another sale.
        """
        self._effects = [effect for effect in self._effects if not isinstance(effect, Send)]
        self._is_welcome = False
        self._hello = None
        self._greet(now_ms)
        self.tick(now_ms)

    def feed_connected(self, now_ms: int) -> None:
        """Note that the feed is up, the first time or again: broadcasts may have been lost."""
        self._feed.distrust()
        if self._feed.state is not FeedState.CLOSED:
            self._feed.begin_probe(now_ms)
        self.tick(now_ms)

    def answer_received(self, body: bytes, now_ms: int) -> None:
        """Take one body from the request path. Raises ProtocolError."""
        answer = decode_answer(body)
        match answer:
            case Welcome():
                self._read_welcome(answer, now_ms)
            case Rejected():
                self._read_rejected(answer, now_ms)
            case Pong():
                pending = self._pop_pending(answer, Ping)
                if pending is not None:
                    self._learn_time(pending, answer.server_time_ms, now_ms)
            case Snapshot():
                pending = self._pop_pending(answer, SnapshotRequest, LotRequest)
                if pending is not None:
                    self._feed.read_snapshot(answer, pending.request, now_ms)
            case Replay():
                if self._pop_pending(answer, ReplayRequest) is not None:
                    self._feed.read_replay(answer, now_ms)
            case Accepted():
                self._settle(self._pop_pending(answer, BidRequest, BuyRequest), answer)
            case Mine():
                self._settle(self._pop_pending(answer, MineRequest), answer)
        self.tick(now_ms)

    def broadcast_received(self, frame: bytes, now_ms: int) -> None:
        """Take one frame from the feed. Raises ProtocolError."""
        message = decode_broadcast(frame)
        if self.welcome is None:
            return
        if message.epoch != self.replica.epoch:
            self.greet_again(now_ms)
        match message:
            case LotEvents() | ManyLots() | SaleEvents():
                self._feed.pop_events(message)
            case Heartbeat():
                self._read_heartbeat(message, now_ms)
            case Probed() if message.instance != self.welcome.instance:
                self.greet_again(now_ms)
            case Probed():
                if self._feed.read_probed(frame, message, now_ms):
                    self._hear(now_ms, message.server_time_ms)
        # Changes of lots are nearly all that comes, and by themselves leave nothing else to do; deadlines are the
        # shell's to keep. Passing over the tick makes a broadcast a third cheaper.
        if self.replica.behind or not isinstance(message, (LotEvents, ManyLots)):
            self.tick(now_ms)

    # --- for the application ----------------------------------------------------------------------------------------

    def new_request_id(self, now_ms: int) -> int:
        """Return an id that no request had: larger than any before, by the time of day."""
        self._last_id = min(max(self._last_id + 1, now_ms * 1000 + self._id_offset_us), INTEGER_MAX)
        return self._last_id

    def _go_on_above(self, last_id: int, now_ms: int) -> None:
        """Have new ids lie above one that the key has used, where the clock does not see to that.

        A random gap keeps two machines that share a key from choosing the same ids. An id near the largest of all
        leaves no room above it; then the clock alone counts.
        """
        if self.new_request_id(now_ms) <= last_id <= INTEGER_MAX - ID_ROOM:
            self._last_id = last_id + int.from_bytes(self._entropy(2))

    def submit(
        self,
        request: BidRequest | BuyRequest | MineRequest,
        now_ms: int,
        timeout_ms: int,
        *,
        may_renew_id: bool = False,
    ) -> int:
        """Send a request until it has an outcome; return the ticket that `Settled` will name.

        `may_renew_id` says that nobody knows the request by its id yet. If the house then says that the id is stale,
        and certainly decided nothing, the request is sent again under a higher one, which the outcome names.

        Repeating one that is on its way waits for the same verdict. Raises UsageError when its id is that of another
        request on its way, and when too many wait for an answer.
        """
        self._last_ticket += 1
        ticket, deadline_ms = self._last_ticket, now_ms + timeout_ms
        if self.rejection is not None:
            self._effects.append(Settled(ticket, replace(self.rejection, id=request.id)))
            return ticket
        known = self._pending.get(request.id)
        if known is not None:
            if known.request != request:
                raise UsageError("This request id belongs to another request, which has no answer yet.")
            known.tickets.append(ticket)
            known.may_renew_id = False
            known.deadline_ms = max(known.deadline_ms or 0, deadline_ms)
            return ticket
        if sum(bool(pending.tickets) for pending in self._pending) >= REMEMBERED_REQUESTS_MAX:
            raise UsageError(f"{REMEMBERED_REQUESTS_MAX} requests wait for an answer; wait for one of them first.")
        self._last_id = max(self._last_id, request.id)
        self._pending.add(Pending(request, now_ms, deadline_ms, ticket, may_renew_id=may_renew_id))
        self.tick(now_ms)
        return ticket

    def remaining_ms(self, view: LotView, now_ms: int) -> int | None:
        """Return what is left on a lot's clock, by the house's time; None where it has none."""
        server_now_ms = self.clock.server_time_ms(now_ms)
        return view.remaining_at(server_now_ms if self._frozen_at_ms is None else self._frozen_at_ms)

    # --- hello ------------------------------------------------------------------------------------------------------

    def _greet(self, now_ms: int, pause_ms: int = 0) -> None:
        """Say hello, unless that is under way."""
        if self._hello is None:
            request = replace(self._introduction, id=self.new_request_id(now_ms))
            self._hello = Pending(request, now_ms + pause_ms, None, None)

    def greet_again(self, now_ms: int) -> None:
        """Say hello since something does not fit: only the welcome tells what counts now."""
        self._greet(now_ms, max(0, self._next_greeting_ms - now_ms))

    def _read_welcome(self, answer: Welcome, now_ms: int) -> None:
        if self._hello is None or answer.id != self._hello.request.id:
            return
        if answer.version not in self._introduction.versions:
            raise ProtocolError(f"The house chose version {answer.version}, which this client did not offer.")
        known, self.welcome = self.welcome, answer
        is_other_process = known is None or known.instance != answer.instance
        if is_other_process:
            self.clock.forget()
            self._frozen_at_ms = None
            self._heard_ms = now_ms
        self._learn_time(self._hello, answer.server_time_ms, now_ms)
        self._hello, self._awaiting, self._is_welcome = None, None, True
        self._next_greeting_ms = now_ms + GREET_AGAIN_MS
        self._ping_ms = now_ms
        self._notices.paddle = answer.paddle
        self._effects.append(Joined(answer))
        if known is not None and known.sale.sale != answer.sale.sale:
            self._leave_sale()
        self._go_on_above(answer.last_id, now_ms)
        self._pending.renew_stale(lambda: self.new_request_id(now_ms), now_ms)
        self._pending.hurry(now_ms)
        if not self._feed.is_history(answer.sale.sale, answer.epoch):
            self._feed.start_history(answer.sale.sale, answer.epoch)
        self._feed.connect(answer.publish_port)
        if is_other_process or self._is_silent or not self._feed.is_proven:
            self._feed.begin_probe(now_ms)

    def _leave_sale(self) -> None:
        """Give up what the application asked for in another sale: a lot of the same number is another lot here."""
        for pending in list(self._pending):
            if pending.tickets:
                self._pending.remove(pending.request.id)
                self._settle(pending, Unanswered(pending.request.id, may_count=not pending.is_undecided))

    def _read_hello_rejected(self, answer: Rejected, hello: Pending, now_ms: int) -> None:
        if answer.code in _NOT_TAKEN_UP or answer.code is RejectCode.AWAITING_APPROVAL:
            self._awaiting = answer if answer.code is RejectCode.AWAITING_APPROVAL else self._awaiting
            self._is_welcome = self._is_welcome and self._awaiting is None
            if answer.code is RejectCode.SLOW_DOWN:
                self._pending.slow_down(answer.retry_ms, now_ms)
                hello.next_ms = now_ms
            else:
                pause_ms = min(max(answer.retry_ms or APPROVAL_MS, RETRY_MIN_MS), APPROVAL_MAX_MS)
                hello.next_ms = now_ms + self.jitter(pause_ms)
            return
        self.rejection = answer
        self._hello, self._is_welcome = None, False
        for pending in list(self._pending):
            self._pending.remove(pending.request.id)
            if pending.is_undecided:
                self._settle(pending, replace(answer, id=pending.request.id))
            else:
                self._give_up(pending)
        self._update_state()

    # --- hearing the house ------------------------------------------------------------------------------------------

    def _read_heartbeat(self, beat: Heartbeat, now_ms: int) -> None:
        was_silent = self._is_silent
        self._hear(now_ms, beat.server_time_ms)
        if self.welcome is not None and beat.instance != self.welcome.instance:
            self._feed.distrust()
            self.greet_again(now_ms)
            return
        if was_silent and self._feed.state is FeedState.LIVE:
            self._feed.begin_probe(now_ms)
        if beat.frozen != (self._frozen_at_ms is not None):
            self._frozen_at_ms = beat.server_time_ms if beat.frozen else None
        self._feed.read_heartbeat(beat)

    def _hear(self, now_ms: int, server_time_ms: int) -> None:
        self._heard_ms = now_ms
        self._is_silent = False
        self.clock.learn_one_way(now_ms, server_time_ms)

    @property
    def _watches_silence(self) -> bool:
        return self.welcome is not None and not self._is_silent and not self._feed.has_ended

    @property
    def _renews_feed(self) -> bool:
        return self._is_silent and not self._feed.has_ended

    # --- requests ---------------------------------------------------------------------------------------------------

    def ask(self, request: AnyRequest, now_ms: int) -> None:
        """Send one of the session's own requests until it is answered."""
        self._pending.add(Pending(request, now_ms, None, None))

    def withdraw(self, *types: type[Request]) -> None:
        """Stop sending the session's own requests of these types."""
        for pending in list(self._pending):
            if isinstance(pending.request, types):
                self._pending.remove(pending.request.id)

    def _pop_pending(self, answer: Answer, *types: type[Request]) -> Pending | None:
        """Return the request that `answer` answers; None for a second answer to the same request."""
        pending = self._pending.get(answer.id)
        if pending is None:
            return None
        if not isinstance(pending.request, types):
            raise ProtocolError("The house answered a request with something that is no answer to it.")
        return self._pending.remove(answer.id)

    def _begin_ping(self, now_ms: int) -> None:
        """Learn the house's time, and show that the bidder is there; an unanswered ping is replaced."""
        self.withdraw(Ping)
        self.ask(Ping(id=self.new_request_id(now_ms)), now_ms)
        self._ping_ms = now_ms + PING_MS

    def _read_rejected(self, answer: Rejected, now_ms: int) -> None:
        if self._hello is not None and answer.id == self._hello.request.id:
            self._read_hello_rejected(answer, self._hello, now_ms)
            return
        if answer.id == 0 and answer.code not in _NOT_TAKEN_UP:
            raise ProtocolError(f"The house could not read a request of this client: {answer.detail or answer.code}.")
        pending = self._pending.get(answer.id)
        if pending is None:
            return
        is_not_in = answer.code is RejectCode.HELLO_FIRST or (answer.code in _NOT_IN and not pending.tickets)
        if is_not_in or answer.code in _NOT_TAKEN_UP:
            self._pending.decline(answer.id, answer, now_ms)
            if is_not_in:
                self._is_welcome = False
                self.greet_again(now_ms)
            return
        if answer.code is RejectCode.ID_STALE and pending.may_be_renewed:
            self._pending.put_aside(answer)
            self.greet_again(now_ms)
            return
        self._pending.remove(answer.id)
        if pending.tickets:
            self._settle(pending, answer)
        else:
            self._feed.read_rejection(answer, now_ms)

    def _give_up(self, pending: Pending) -> None:
        """Settle a request whose time is over. Where the house only ever put it off, that is the answer."""
        request_id, declined = pending.request.id, pending.last_declined
        if pending.is_undecided and declined is not None and declined.code in _NOT_TAKEN_UP:
            self._settle(pending, declined)
        else:
            self._settle(pending, Unanswered(request_id, may_count=not pending.is_undecided))

    def _settle(self, pending: Pending | None, outcome: Outcome) -> None:
        if pending is not None:
            self._effects += [Settled(ticket, outcome) for ticket in pending.tickets]

    # --- small things -----------------------------------------------------------------------------------------------

    def do(self, effect: Effect) -> None:
        """Leave an effect for the shell."""
        self._effects.append(effect)

    def tell(self, events: list[Event]) -> None:
        """Tell the application what changed, and what it means to this bidder."""
        for event in events:
            self._effects.append(event)
            if isinstance(event, LotChanged | LotCaughtUp):
                self._effects += self._notices.of(event)
            elif isinstance(event, HistoryLost):
                self._notices.forget()

    def _learn_time(self, pending: Pending, server_time_ms: int, now_ms: int) -> None:
        if pending.copies == 1:
            self.clock.learn_round_trip(pending.sent_ms, now_ms, server_time_ms)
        else:
            self.clock.learn_one_way(now_ms, server_time_ms)

    def new_nonce(self) -> str:
        """Return random characters that nobody can guess."""
        return self._entropy(16).hex()

    def jitter(self, pause_ms: int) -> int:
        """Return a pause from three quarters to five quarters as long."""
        return pause_ms * (768 + 2 * self._entropy(1)[0]) // 1024

    def _update_state(self) -> None:
        state, reason = self._derive_state()
        if state is not self.state:
            self.state = state
            self._effects.append(ConnectionChanged(state, reason, self.rejection or self._awaiting))

    def _derive_state(self) -> tuple[ConnectionState, str]:
        if self.rejection is not None:
            return ConnectionState.REFUSED, self.rejection.detail or ADVICE[self.rejection.code]
        if self._feed.has_ended:
            return ConnectionState.ENDED, ""
        if self._awaiting is not None:
            return ConnectionState.AWAITING_APPROVAL, ADVICE[RejectCode.AWAITING_APPROVAL]
        if self._is_silent:
            return ConnectionState.SILENT, "Nothing was heard from the house for some seconds."
        if not self._is_welcome:
            return ConnectionState.CONNECTING, "The house has yet to answer hello."
        if self._feed.state is not FeedState.LIVE:
            return ConnectionState.JOINING, ""
        if self._frozen_at_ms is not None:
            return ConnectionState.FROZEN, "The house can't store bids now; all clocks stand still."
        return ConnectionState.LIVE, ""
