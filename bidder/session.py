"""The client's core: everything that it does, and no IO. Shells (`client`, `aio`) move bytes and keep the time.

What comes in (a connection, an answer, a broadcast, time, a request of the application) changes the session and leaves
effects, which the shell takes with `take_effects` after each input and carries out in order; `next_deadline_ms` is when
it must call `tick`. Times are milliseconds of any steady clock.

The way in: hello -> `welcome` -> connect the feed, subscribe, probe -> `probed` -> snapshot -> live. Rules:

- Each connection of the request path begins with hello, since the house may be another process or know the client by
  its connection only; other requests wait for the welcome and then go out (again) at once, with the same id and bytes.
- The feed is proven by a fresh probe and compared with a snapshot when the house is another process, after silence, and
  when the feed connected again: whatever was lost meanwhile is replayed.
- Only `welcome` says which epoch counts. History was lost when it names another, or when an answer shows less than the
  house had shown before that answer was asked for; then all is dropped and joined anew.
- A bid without a verdict at its deadline is `Unanswered`, never quietly given up.
"""

from collections.abc import Callable
from enum import Enum
from typing import Final

from msgspec.structs import replace

from bidder.clock import ServerClock
from bidder.effects import ConnectFeed, Effect, Outcome, Send, Settled, Subscribe, Unanswered, Unsubscribe
from bidder.events import (
    ConnectionChanged,
    ConnectionState,
    Event,
    HistoryLost,
    Joined,
    LotCaughtUp,
    LotChanged,
)
from bidder.notices import Notices
from bidder.pending import Pending, PendingRequests
from bidder.repairs import RepairKind, Repairs
from bidder.replica import SALE, Replica
from common.codec import (
    BEAT_TOPIC,
    LOT_TOPIC_PREFIX,
    PROBE_TOPIC_PREFIX,
    SALE_TOPIC,
    decode_answer,
    decode_broadcast,
    topic,
)
from common.errors import ADVICE, ProtocolError, RejectCode, UsageError
from common.limits import INTEGER_MAX, REMEMBERED_REQUESTS_MAX
from common.lot import LotView, SaleStatus
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
PING_MS: Final = 5000
PROBE_MS: Final = 2000
"""After so long without an answer another probe is tried: the feed may have connected anew in between."""
APPROVAL_MS: Final = 2000
"""The pause between hellos while awaiting approval, where the house names none."""
GREET_AGAIN_MS: Final = 1000
"""The least pause before a hello that an odd message called for, so that house and client can't chase each other."""

Entropy = Callable[[int], bytes]
"""Returns so many random bytes; `os.urandom` is one."""

_NOT_TAKEN_UP: Final = frozenset({RejectCode.UNAVAILABLE, RejectCode.SLOW_DOWN})
_NOT_IN: Final = frozenset({RejectCode.HELLO_FIRST, RejectCode.NOT_ADMITTED, RejectCode.AWAITING_APPROVAL})


class _Feed(Enum):
    """How far the broadcasts are."""

    NONE = "none"
    PROBING = "probing"
    LOADING = "loading"
    LIVE = "live"


class Session:
    """One bidder's session with one house, over any number of connections.

    `hello` is how to introduce oneself (its id is replaced). `now_us` is the time of day in microseconds since 1970 at
    `now_ms`: request ids are taken from it, so that they rise even across runs and programs that share a key.
    """

    def __init__(self, hello: Hello, *, now_ms: int, now_us: int, entropy: Entropy) -> None:
        self.replica = Replica()
        self.clock = ServerClock()
        self.welcome: Welcome | None = None
        self.refusal: Rejected | None = None
        self.state = ConnectionState.CONNECTING
        self._introduction = hello
        self._id_offset_us = now_us - now_ms * 1000
        self._last_id = 0
        self._last_ticket = 0
        self._entropy = entropy
        self._pending = PendingRequests(self._jitter)
        self._repairs = Repairs()
        self._notices = Notices()
        self._effects: list[Effect] = []
        self._hello: Pending | None = None
        self._is_welcome = False
        self._awaiting: Rejected | None = None
        self._feed = _Feed.NONE
        self._feed_port: int | None = None
        self._probe = b""
        self._probe_ms = 0
        self._snapshot_id = 0
        self._snapshot_floor_seq = 0
        self._heard_ms = now_ms
        self._is_silent = False
        self._frozen_at_ms: int | None = None
        self._ping_id = 0
        self._ping_ms = now_ms
        self._next_greeting_ms = now_ms

    # --- for the shell ----------------------------------------------------------------------------------------------

    def take_effects(self) -> list[Effect]:
        """Return what is to be done since the last call, in order."""
        effects, self._effects = self._effects, []
        return effects

    @property
    def next_deadline_ms(self) -> int | None:
        """When `tick` is to be called next; None where only input can change anything."""
        if self.refusal is not None:
            return None
        moments = [
            None if self._hello is None else self._hello.next_ms,
            self._pending.next_deadline_ms(may_send=self._is_welcome),
            self._ping_ms if self._is_welcome else None,
            self._probe_ms if self._feed is _Feed.PROBING else None,
            self._heard_ms + SILENCE_MS if self._watches_silence else None,
            self._repairs.next_deadline_ms if self._is_welcome else None,
        ]
        return min((moment for moment in moments if moment is not None), default=None)

    def tick(self, now_ms: int) -> None:
        """Do what time asks for; early or late calls are harmless."""
        if self.refusal is not None:
            return
        for pending in self._pending.take_expired(now_ms):
            self._give_up(pending)
        if self._watches_silence and self._heard_ms + SILENCE_MS <= now_ms:
            self._is_silent = True
            self._greet(now_ms)
        if self._feed is _Feed.PROBING and self._probe_ms <= now_ms:
            self._begin_probe(now_ms)
        if self._is_welcome and self._ping_ms <= now_ms:
            self._begin_ping(now_ms)
        self._begin_repairs(now_ms)
        if self._hello is not None and self._hello.next_ms <= now_ms:
            self._effects.append(Send(self._pending.send(self._hello, now_ms)))
        if self._is_welcome:
            self._effects += [Send(body) for body in self._pending.send_due(now_ms)]
        self._update_state()

    def connected(self, now_ms: int) -> None:
        """Note that the request path is up, the first time or again: what was sent before may never arrive."""
        self._is_welcome = False
        self._hello = None
        self._greet(now_ms)
        self.tick(now_ms)

    def feed_connected(self, now_ms: int) -> None:
        """Note that the feed is up, the first time or again: broadcasts may have been lost."""
        if self._feed is not _Feed.NONE:
            self._begin_probe(now_ms)
        self.tick(now_ms)

    def answer_received(self, body: bytes, now_ms: int) -> None:
        """Take one body from the request path. Raises ProtocolError."""
        answer = decode_answer(body)
        match answer:
            case Welcome():
                self._take_welcome(answer, now_ms)
            case Rejected():
                self._take_rejected(answer, now_ms)
            case Pong():
                pending = self._take_pending(answer, Ping)
                if pending is not None:
                    self._learn_time(pending, answer.server_time_ms, now_ms)
            case Snapshot():
                self._take_snapshot(answer, now_ms)
            case Replay():
                self._take_replay(answer, now_ms)
            case Accepted():
                self._settle(self._take_pending(answer, BidRequest, BuyRequest), answer)
            case Mine():
                self._settle(self._take_pending(answer, MineRequest), answer)
        self.tick(now_ms)

    def broadcast_received(self, frame: bytes, now_ms: int) -> None:
        """Take one frame from the feed. Raises ProtocolError."""
        message = decode_broadcast(frame)
        if self.welcome is None:
            return
        if message.epoch != self.replica.epoch:
            self._greet_again(now_ms)
        match message:
            case LotEvents():
                self._tell(self.replica.take_lot_events(message))
            case SaleEvents():
                self._tell(self.replica.take_sale_events(message))
            case Heartbeat():
                self._take_heartbeat(message, now_ms)
            case Probed():
                self._take_probed(frame, message, now_ms)
        self.tick(now_ms)

    # --- for the application ----------------------------------------------------------------------------------------

    def new_request_id(self, now_ms: int) -> int:
        """Return an id that no request had: larger than any before, by the time of day."""
        self._last_id = min(max(self._last_id + 1, now_ms * 1000 + self._id_offset_us), INTEGER_MAX)
        return self._last_id

    def submit(self, request: BidRequest | BuyRequest | MineRequest, now_ms: int, timeout_ms: int) -> int:
        """Send a request until it has an outcome; return the ticket that `Settled` will name.

        Repeating one that is on its way waits for the same verdict. Raises UsageError when its id is that of another
        request on its way, and when too many wait for an answer.
        """
        self._last_ticket += 1
        ticket, deadline_ms = self._last_ticket, now_ms + timeout_ms
        if self.refusal is not None:
            self._effects.append(Settled(ticket, replace(self.refusal, id=request.id)))
            return ticket
        known = self._pending.get(request.id)
        if known is not None:
            if known.request != request:
                raise UsageError("This request id belongs to another request, which has no answer yet.")
            known.tickets.append(ticket)
            known.deadline_ms = max(known.deadline_ms or 0, deadline_ms)
            return ticket
        if sum(bool(pending.tickets) for pending in self._pending) >= REMEMBERED_REQUESTS_MAX:
            raise UsageError(f"{REMEMBERED_REQUESTS_MAX} requests wait for an answer; wait for one of them first.")
        self._last_id = max(self._last_id, request.id)
        self._pending.add(Pending(request, now_ms, deadline_ms, ticket))
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

    def _greet_again(self, now_ms: int) -> None:
        """Say hello since something does not fit: only the welcome tells what counts now."""
        self._greet(now_ms, max(0, self._next_greeting_ms - now_ms))

    def _take_welcome(self, answer: Welcome, now_ms: int) -> None:
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
        self._pending.hurry(now_ms)
        if answer.epoch != self.replica.epoch:
            self._start_history(answer.epoch)
        if answer.publish_port != self._feed_port:
            self._connect_feed(answer.publish_port)
        if is_other_process or self._is_silent or self._feed is not _Feed.LIVE:
            self._begin_probe(now_ms)

    def _take_hello_rejected(self, answer: Rejected, hello: Pending, now_ms: int) -> None:
        if answer.code in _NOT_TAKEN_UP or answer.code is RejectCode.AWAITING_APPROVAL:
            self._awaiting = answer if answer.code is RejectCode.AWAITING_APPROVAL else self._awaiting
            self._is_welcome = self._is_welcome and self._awaiting is None
            hello.next_ms = now_ms + self._jitter(answer.retry_ms or APPROVAL_MS)
            return
        self.refusal = answer
        self._hello, self._is_welcome = None, False
        for pending in list(self._pending):
            self._pending.remove(pending.request.id)
            if pending.is_undecided:
                self._settle(pending, replace(answer, id=pending.request.id))
            else:
                self._give_up(pending)
        self._update_state()

    # --- the feed ---------------------------------------------------------------------------------------------------

    def _connect_feed(self, port: int) -> None:
        self._effects.append(ConnectFeed(port))
        if self._feed_port is None:
            self._effects += [
                Subscribe(topic(BEAT_TOPIC)),
                Subscribe(topic(SALE_TOPIC)),
                Subscribe(LOT_TOPIC_PREFIX.encode()),
            ]
        self._feed_port = port
        self._feed = _Feed.NONE

    def _begin_probe(self, now_ms: int) -> None:
        """Ask the house, by a subscription to a fresh topic, to show that the feed is live."""
        self._end_probe()
        self._probe = topic(PROBE_TOPIC_PREFIX + self._entropy(16).hex())
        self._effects.append(Subscribe(self._probe))
        self._probe_ms = now_ms + self._jitter(PROBE_MS)
        self._feed = _Feed.PROBING

    def _end_probe(self) -> None:
        if self._probe:
            self._effects.append(Unsubscribe(self._probe))
        self._probe = b""

    def _take_probed(self, frame: bytes, message: Probed, now_ms: int) -> None:
        if not self._probe or not frame.startswith(self._probe):
            return
        self._hear(now_ms, message.server_time_ms)
        self._end_probe()
        self._feed = _Feed.LOADING
        self._begin_snapshot(now_ms, adopt=False)

    def _take_heartbeat(self, beat: Heartbeat, now_ms: int) -> None:
        was_silent = self._is_silent
        self._hear(now_ms, beat.server_time_ms)
        if self.welcome is not None and beat.instance != self.welcome.instance:
            self._greet_again(now_ms)
            return
        if was_silent and self._feed is _Feed.LIVE:
            self._begin_probe(now_ms)
        if beat.frozen != (self._frozen_at_ms is not None):
            self._frozen_at_ms = beat.server_time_ms if beat.frozen else None
        for stream in self.replica.take_heartbeat(beat):
            self._repairs.need_view(stream, RepairKind.CHECK)

    def _hear(self, now_ms: int, server_time_ms: int) -> None:
        self._heard_ms = now_ms
        self._is_silent = False
        self.clock.learn_one_way(now_ms, server_time_ms)

    @property
    def _watches_silence(self) -> bool:
        return self.welcome is not None and not self._is_silent and not self._has_ended

    @property
    def _has_ended(self) -> bool:
        return self.replica.sale is not None and self.replica.sale.status is SaleStatus.ENDED

    # --- snapshots and repairs --------------------------------------------------------------------------------------

    def _begin_snapshot(self, now_ms: int, *, adopt: bool) -> None:
        self._pending.remove(self._snapshot_id)
        self.replica.begin_snapshot(adopt=adopt)
        self._snapshot_floor_seq = self.replica.highest(SALE)
        self._ask_page(0, now_ms)

    def _ask_page(self, start: int, now_ms: int) -> None:
        self._snapshot_id = self._ask(SnapshotRequest(id=self.new_request_id(now_ms), start=start), now_ms)

    def _take_snapshot(self, answer: Snapshot, now_ms: int) -> None:
        pending = self._take_pending(answer, SnapshotRequest, LotRequest)
        if pending is None:
            return
        if answer.epoch != self.replica.epoch:
            self._repairs.end(answer.id, now_ms)
            self._greet_again(now_ms)
        elif isinstance(pending.request, SnapshotRequest):
            self._take_page(answer, pending.request.start, now_ms)
        else:
            self._take_lot(answer, now_ms)

    def _take_page(self, page: Snapshot, start: int, now_ms: int) -> None:
        if page.sale.seq < self._snapshot_floor_seq:
            self._lose_history(page.epoch, now_ms)
            return
        for view in page.lots:
            if view.seq < (self.replica.seq(view.lot) or 0):
                self._repairs.need_view(view.lot, RepairKind.CHECK)
        self._tell(self.replica.take_page(page))
        if page.next is None:
            self._snapshot_id = 0
            self._feed = _Feed.LIVE if self._feed is _Feed.LOADING else self._feed
        elif page.next <= start:
            raise ProtocolError("The pages of the house's snapshot do not go forward.")
        else:
            self._ask_page(page.next, now_ms)

    def _take_lot(self, answer: Snapshot, now_ms: int) -> None:
        repair = self._repairs.end(answer.id, now_ms)
        if repair is None:
            return
        if len(answer.lots) != 1 or answer.lots[0].lot != repair.stream:
            raise ProtocolError(f"The house was asked for lot {repair.stream} and sent something else.")
        view = answer.lots[0]
        if view.seq < repair.floor_seq:
            self._lose_history(answer.epoch, now_ms)
        elif repair.kind is RepairKind.TAKE_OVER:
            self._tell(self.replica.take_lot(view))
        else:
            self.replica.hear(view.lot, view.seq)

    def _take_replay(self, answer: Replay, now_ms: int) -> None:
        self._take_pending(answer, ReplayRequest)
        repair = self._repairs.end(answer.id, now_ms)
        if repair is None:
            return
        if answer.lot != repair.stream:
            raise ProtocolError(f"The house was asked to replay {repair.stream!r} and sent something else.")
        if answer.epoch != self.replica.epoch:
            self._greet_again(now_ms)
            return
        self._tell(self.replica.take_replay(answer))
        if not answer.more and (self.replica.seq(repair.stream) or 0) < repair.floor_seq:
            self._repairs.need_view(repair.stream, RepairKind.TAKE_OVER)

    def _begin_repairs(self, now_ms: int) -> None:
        if not self._is_welcome or not self.replica.is_complete:
            return
        for stream, kind in self._repairs.due(self.replica.behind, now_ms):
            if kind is not RepairKind.REPLAY and stream == SALE:
                self._repairs.skip(stream)
                self._begin_snapshot(now_ms, adopt=kind is RepairKind.TAKE_OVER)
                continue
            request_id = self.new_request_id(now_ms)
            self._repairs.begin(request_id, stream, kind, self.replica.highest(stream))
            if kind is RepairKind.REPLAY:
                after_seq = self.replica.seq(stream) or 0
                self._ask(ReplayRequest(id=request_id, lot=stream, after_seq=after_seq), now_ms)
            else:
                self._ask(LotRequest(id=request_id, lot=stream), now_ms)

    def _lose_history(self, epoch: int, now_ms: int) -> None:
        """Drop what the house no longer stands by, and join anew."""
        self._start_history(epoch)
        self._begin_probe(now_ms)

    def _start_history(self, epoch: int) -> None:
        had_state = self.replica.is_complete
        self.replica.reset(epoch)
        self._repairs.forget()
        self._notices.forget()
        for pending in list(self._pending):
            if isinstance(pending.request, SnapshotRequest | LotRequest | ReplayRequest):
                self._pending.remove(pending.request.id)
        self._feed = _Feed.NONE
        if had_state:
            self._effects.append(HistoryLost(epoch))

    # --- requests ---------------------------------------------------------------------------------------------------

    def _ask(self, request: AnyRequest, now_ms: int) -> int:
        """Send one of the session's own requests until it is answered."""
        self._pending.add(Pending(request, now_ms, None, None))
        return request.id

    def _take_pending(self, answer: Answer, *types: type[Request]) -> Pending | None:
        """Return the request that `answer` answers; None for a second answer to the same request."""
        pending = self._pending.get(answer.id)
        if pending is None:
            return None
        if not isinstance(pending.request, types):
            raise ProtocolError("The house answered a request with something that is no answer to it.")
        return self._pending.remove(answer.id)

    def _begin_ping(self, now_ms: int) -> None:
        """Learn the house's time, and show that the bidder is there; an unanswered ping is replaced."""
        self._pending.remove(self._ping_id)
        self._ping_id = self._ask(Ping(id=self.new_request_id(now_ms)), now_ms)
        self._ping_ms = now_ms + PING_MS

    def _take_rejected(self, answer: Rejected, now_ms: int) -> None:
        if self._hello is not None and answer.id == self._hello.request.id:
            self._take_hello_rejected(answer, self._hello, now_ms)
            return
        if answer.id == 0 and answer.code not in _NOT_TAKEN_UP:
            raise ProtocolError(f"The house could not read a request of this client: {answer.detail or answer.code}.")
        pending = self._pending.get(answer.id)
        if pending is None:
            return
        if answer.code in _NOT_TAKEN_UP or answer.code is RejectCode.HELLO_FIRST:
            self._pending.decline(answer.id, answer, now_ms)
            if answer.code is RejectCode.HELLO_FIRST:
                self._is_welcome = False
                self._greet_again(now_ms)
        elif pending.tickets:
            self._settle(self._pending.remove(answer.id), answer)
        else:
            self._pending.remove(answer.id)
            self._take_own_rejected(answer, now_ms)

    def _take_own_rejected(self, answer: Rejected, now_ms: int) -> None:
        """Go another way where the house refused one of the session's own requests."""
        repair = self._repairs.end(answer.id, now_ms)
        if answer.code in _NOT_IN:
            self._greet_again(now_ms)
        elif repair is not None and repair.kind is RepairKind.REPLAY:
            self._repairs.need_view(repair.stream, RepairKind.TAKE_OVER)
        elif repair is not None and answer.code is RejectCode.UNKNOWN_LOT and self.replica.epoch is not None:
            self._lose_history(self.replica.epoch, now_ms)
        else:
            raise ProtocolError(f"The house refused what every client may ask: {ADVICE[answer.code]}")

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

    def _tell(self, events: list[Event]) -> None:
        for event in events:
            self._effects.append(event)
            if isinstance(event, LotChanged | LotCaughtUp):
                self._effects += self._notices.of(event)

    def _learn_time(self, pending: Pending, server_time_ms: int, now_ms: int) -> None:
        if pending.copies == 1:
            self.clock.learn_round_trip(pending.sent_ms, now_ms, server_time_ms)
        else:
            self.clock.learn_one_way(now_ms, server_time_ms)

    def _jitter(self, pause_ms: int) -> int:
        """Return a pause from three quarters to five quarters as long."""
        return pause_ms * (768 + 2 * self._entropy(1)[0]) // 1024

    def _update_state(self) -> None:
        state, reason = self._derive_state()
        if state is not self.state:
            self.state = state
            self._effects.append(ConnectionChanged(state, reason, self.refusal or self._awaiting))

    def _derive_state(self) -> tuple[ConnectionState, str]:
        if self.refusal is not None:
            return ConnectionState.REFUSED, self.refusal.detail or ADVICE[self.refusal.code]
        if self._has_ended:
            return ConnectionState.ENDED, ""
        if self._awaiting is not None:
            return ConnectionState.AWAITING_APPROVAL, ADVICE[RejectCode.AWAITING_APPROVAL]
        if self._is_silent:
            return ConnectionState.SILENT, "Nothing was heard from the house for some seconds."
        if not self._is_welcome:
            return ConnectionState.CONNECTING, "The house has yet to answer hello."
        if self._feed is not _Feed.LIVE:
            return ConnectionState.JOINING, ""
        if self._frozen_at_ms is not None:
            return ConnectionState.FROZEN, "The house can't store bids now; all clocks stand still."
        return ConnectionState.LIVE, ""
