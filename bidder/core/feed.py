"""The feed keeps the copy of the sale right: with subscriptions, a probe, a snapshot and repairs.

A probe proves the feed: the client subscribes to a fresh topic, and the house answers on it. The feed then compares the
replica with a snapshot, and replays whatever was lost before. A replica without a state takes the snapshot over.

History is lost if an answer shows less than the house had shown before the question, or if the follower hears of
another epoch or another sale. Then the feed drops everything and begins again. Broadcasts name their epoch but not
their sale, and each sale begins with epoch 1. So broadcasts from a new connection, or from a new process of the house,
count only after the house has answered hello and proven the feed.
"""

from collections.abc import Callable
from enum import Enum
from typing import Final, Protocol

from bidder.core.effects import ConnectFeed, Effect, Subscribe, Unsubscribe
from bidder.core.notices import HistoryLost, Notice
from bidder.core.repairs import RepairKind, Repairs
from bidder.core.replica import SALE, Replica
from common.codec import BEAT_TOPIC, LOT_TOPIC_PREFIX, PROBE_TOPIC_PREFIX, SALE_TOPIC, topic
from common.errors import ADVICE, ProtocolError, RejectCode
from common.limits import LOTS_MAX, SNAPSHOT_PAGES_MAX
from common.lot import SaleStatus
from common.messages import (
    AnyRequest,
    Heartbeat,
    LotEvents,
    LotRequest,
    ManyLots,
    Probed,
    Rejected,
    Replay,
    ReplayRequest,
    SaleEvents,
    Snapshot,
    SnapshotRequest,
)
from common.wire import Request

PROBE_MS: Final = 2000
"""The feed tries another probe after this time without an answer: it may have connected again in between."""
LOSSES_MAX: Final = 100
"""The losses of history that one session allows within one epoch of one sale. Even one is a calamity."""
_FEED_TOPICS: Final = (topic(BEAT_TOPIC), topic(SALE_TOPIC), LOT_TOPIC_PREFIX.encode())

SNAPSHOTS_AGAIN_MAX: Final = 3
"""How often the pages of a snapshot are asked for again because the sale changed while they came."""


class FeedState(Enum):
    """The stage that the feed has reached."""

    CLOSED = "closed"
    PROBING = "probing"
    LOADING = "loading"
    LIVE = "live"


class Line(Protocol):
    """Carries a follower's questions: the desk of a bidder or of an observer."""

    def new_request_id(self, now_ms: int) -> int:
        """Return a fresh request id."""

    def ask(self, request: AnyRequest, now_ms: int) -> None:
        """Send a follower's question until it is answered."""

    def withdraw(self, *types: type[Request]) -> None:
        """Stop sending the follower's questions of these types."""

    def ping(self, now_ms: int) -> None:
        """Ask for the house's time. Replaces an earlier ping."""

    def greet(self, now_ms: int) -> None:
        """Send hello at once, because the house has been silent for long."""

    def greet_again(self, now_ms: int) -> None:
        """Send hello, to ask the house which sale and epoch count now."""

    @property
    def is_welcome(self) -> bool:
        """Whether the house has answered hello on this connection. Questions may be asked only then."""

    def do(self, effect: Effect) -> None:
        """Leave an effect for the shell."""

    def jitter(self, pause_ms: int) -> int:
        """Return a pause of about the same length."""

    def new_nonce(self) -> str:
        """Return random characters that nobody can guess."""


Tell = Callable[[list[Notice]], None]
"""Tells the application the changes."""


class Feed:
    """The replica and everything that keeps it right."""

    def __init__(self, line: Line, tell: Tell) -> None:
        self.replica = Replica()
        self.state = FeedState.CLOSED
        self.port: int | None = None
        self._line = line
        self._tell = tell
        self._repairs = Repairs()
        self.sale = ""
        self._is_subscribed = False
        self._is_trusted = False
        self._probe = b""
        self._probe_ms = 0
        self._snapshot_floor_seq = 0
        self._pages = self._begun_again = 0
        self._first_page_seq = 0
        self._losses = 0

    @property
    def has_ended(self) -> bool:
        """Whether the sale is over. Nothing changes after that."""
        return self.replica.sale is not None and self.replica.sale.status is SaleStatus.ENDED

    @property
    def is_proven(self) -> bool:
        """Whether the state is complete, and the process that answered hello has the subscriptions in force."""
        return self._is_trusted and self.state is FeedState.LIVE

    @property
    def probe_deadline_ms(self) -> int | None:
        """When another probe is due; None if no probe waits for an answer."""
        return self._probe_ms if self.state is FeedState.PROBING else None

    @property
    def repair_deadline_ms(self) -> int | None:
        """When `repair` has something to do; None if nothing waits."""
        return self._repairs.next_deadline_ms

    # --- the connection ---------------------------------------------------------------------------------------------

    def connect(self, port: int) -> None:
        """Connect to the broadcasts, unless the feed is connected to this port."""
        if port == self.port:
            return
        self._line.do(ConnectFeed(port))
        self.port = port
        self.state = FeedState.CLOSED

    def connect_again(self) -> None:
        """Connect to the broadcasts again, because they have fallen silent."""
        assert self.port is not None, "only what was heard once can fall silent"
        self._line.do(ConnectFeed(self.port))

    def distrust(self) -> None:
        """Ignore broadcasts until the next probe is answered: they may come from another sale."""
        self._is_trusted = False

    def begin_probe(self, now_ms: int) -> None:
        """Ask the house, by a subscription to a fresh topic, to show that the feed is live.

        The probe renews all subscriptions first. libzmq repeats them automatically after a restart of the house, but
        the house may have refused them because it did not know the client yet.
        """
        self._end_probe()
        for wanted in _FEED_TOPICS:
            if self._is_subscribed:
                self._line.do(Unsubscribe(wanted))
            self._line.do(Subscribe(wanted))
        self._is_subscribed = True
        self._probe = topic(PROBE_TOPIC_PREFIX + self._line.new_nonce())
        self._line.do(Subscribe(self._probe))
        self._probe_ms = now_ms + self._line.jitter(PROBE_MS)
        self.state = FeedState.PROBING

    def read_probed(self, frame: bytes, probed: Probed, now_ms: int) -> bool:
        """Take a frame with a `probed`, and return whether it answers the last probe.

        If it says that the house refused some of the subscriptions, the next probe renews them all when it is due.
        """
        if not self._probe or not frame.startswith(self._probe):
            return False
        self._end_probe()
        if probed.subscriptions < len(_FEED_TOPICS):
            return True
        self._is_trusted = True
        self.state = FeedState.LOADING
        self._begin_snapshot(now_ms, adopt=False)
        return True

    def _end_probe(self) -> None:
        if self._probe:
            self._line.do(Unsubscribe(self._probe))
        self._probe = b""

    # --- broadcasts -------------------------------------------------------------------------------------------------

    def pop_events(self, message: LotEvents | ManyLots | SaleEvents) -> None:
        """Take changes of a lot, of several, or of the sale."""
        if not self._is_trusted:
            return
        match message:
            case LotEvents() | ManyLots():
                for one in message.each:
                    self._tell(self.replica.apply_lot_events(one))
            case SaleEvents():
                self._tell(self.replica.apply_sale_events(message))

    def read_heartbeat(self, beat: Heartbeat) -> None:
        """Take the seqs that the house has. The feed will ask for missing or doubtful streams."""
        for stream in self.replica.read_heartbeat(beat):
            self._repairs.need_view(stream, RepairKind.CHECK)

    # --- snapshots --------------------------------------------------------------------------------------------------

    def _begin_snapshot(self, now_ms: int, *, adopt: bool) -> None:
        self._line.withdraw(SnapshotRequest)
        self.replica.begin_snapshot(adopt=adopt)
        self._snapshot_floor_seq = self.replica.highest(SALE)
        self._pages = self._begun_again = 0
        self._ask_page(0, now_ms)

    def _ask_page(self, start: int, now_ms: int) -> None:
        self._line.ask(SnapshotRequest(id=self._line.new_request_id(now_ms), start=start), now_ms)

    def read_snapshot(self, answer: Snapshot, request: AnyRequest, now_ms: int) -> None:
        """Take the answer to a request for all lots or for one lot. Raises ProtocolError."""
        if not self.is_history(answer.sale.sale, answer.epoch):
            self._repairs.end(answer.id, now_ms)
            self._line.greet_again(now_ms)
        elif isinstance(request, SnapshotRequest):
            self._read_page(answer, request.start, now_ms)
        else:
            self._read_lot(answer, now_ms)

    def _read_page(self, page: Snapshot, start: int, now_ms: int) -> None:
        self._check_page(page, start)
        if page.sale.seq < self._snapshot_floor_seq:
            self._lose_history(page.epoch, now_ms)
            return
        for view in page.lots:
            if view.seq < (self.replica.seq(view.lot) or 0):
                self._repairs.need_view(view.lot, RepairKind.CHECK)
        if start == 0:
            self._first_page_seq = page.sale.seq
        if page.next is None and self._must_begin_again(page):
            self._begun_again += 1
            self._pages = 0
            self.replica.begin_snapshot(adopt=True)
            self._ask_page(0, now_ms)
            return
        self._tell(self.replica.apply_page(page))
        if page.next is None:
            self._repairs.count(SALE, is_closed=SALE not in self.replica.behind)
            self.state = FeedState.LIVE if self.state is FeedState.LOADING else self.state
        else:
            self._ask_page(page.next, now_ms)

    def _must_begin_again(self, last: Snapshot) -> bool:
        """Return whether lots may have moved from page to page meanwhile, so that one is missing, or the order is old.

        Raises ProtocolError for pages that lack lots again and again.
        """
        lacks_lots = self.replica.lacks_lots(last)
        if not lacks_lots and last.sale.seq == self._first_page_seq:
            return False
        if self._begun_again < SNAPSHOTS_AGAIN_MAX:
            return True
        if lacks_lots:
            raise ProtocolError(f"The house has {last.sale.lots} lots, and its snapshot does not have all of them.")
        return False

    def _check_page(self, page: Snapshot, start: int) -> None:
        """Raise ProtocolError if a page leads nowhere, or if there are too many pages."""
        self._pages += 1
        if page.next is not None and (not page.lots or page.next != start + len(page.lots)):
            raise ProtocolError("The pages of the house's snapshot do not follow one another.")
        if page.next is not None and (self._pages >= SNAPSHOT_PAGES_MAX or page.next > LOTS_MAX):
            raise ProtocolError(f"The house's snapshot has no end: {self._pages} pages with {page.next} lots came.")

    def _read_lot(self, answer: Snapshot, now_ms: int) -> None:
        repair = self._repairs.end(answer.id, now_ms)
        if repair is None:
            return
        if len(answer.lots) != 1 or answer.lots[0].lot != repair.stream:
            raise ProtocolError(f"The house was asked for lot {repair.stream} and sent something else.")
        view = answer.lots[0]
        if view.seq < repair.floor_seq:
            self._lose_history(answer.epoch, now_ms)
            return
        if repair.kind is RepairKind.TAKE_OVER:
            self._tell(self.replica.apply_lot(view))
        else:
            self.replica.hear(view.lot, view.seq)
        self._count(repair.stream)

    # --- repairs ----------------------------------------------------------------------------------------------------

    def repair(self, now_ms: int) -> None:
        """Begin the repairs that are due."""
        if not self.replica.is_complete:
            return
        for stream, kind in self._repairs.due(self.replica.behind, now_ms):
            if kind is not RepairKind.REPLAY and stream == SALE:
                self._repairs.skip(stream)
                self._begin_snapshot(now_ms, adopt=kind is RepairKind.TAKE_OVER)
                continue
            request_id = self._line.new_request_id(now_ms)
            after_seq = self.replica.seq(stream) or 0
            self._repairs.begin(request_id, stream, kind, self.replica.highest(stream), after_seq)
            if kind is RepairKind.REPLAY:
                self._line.ask(ReplayRequest(id=request_id, lot=stream, after_seq=after_seq), now_ms)
            else:
                self._line.ask(LotRequest(id=request_id, lot=stream), now_ms)

    def read_replay(self, answer: Replay, now_ms: int) -> None:
        """Take the answer to a replay request. Raises ProtocolError."""
        repair = self._repairs.end(answer.id, now_ms)
        if repair is None:
            return
        if answer.lot != repair.stream:
            raise ProtocolError(f"The house was asked to replay {repair.stream!r} and sent something else.")
        if answer.epoch != self.replica.epoch:
            self._line.greet_again(now_ms)
            return
        for place, event in enumerate(answer.lot_events if answer.lot else answer.sale_events, repair.after_seq + 1):
            if event.seq != place:
                raise ProtocolError("The house's replay does not begin where it was asked to, or has a hole in it.")
        self._tell(self.replica.read_replay(answer))
        self._count(repair.stream)
        has_more = answer.more and bool(answer.lot_events or answer.sale_events)
        if not has_more and (self.replica.seq(repair.stream) or 0) < repair.floor_seq:
            self._repairs.need_view(repair.stream, RepairKind.TAKE_OVER)

    def _count(self, stream: str) -> None:
        self._repairs.count(stream, is_closed=stream not in self.replica.behind)

    def read_rejection(self, answer: Rejected, now_ms: int) -> None:
        """Repair in another way after the house refused a request of the feed. Raises ProtocolError if it can't."""
        repair = self._repairs.end(answer.id, now_ms)
        if repair is not None and repair.kind is RepairKind.REPLAY:
            self._repairs.need_view(repair.stream, RepairKind.TAKE_OVER)
        elif repair is not None and answer.code is RejectCode.UNKNOWN_LOT and self.replica.epoch is not None:
            self._lose_history(self.replica.epoch, now_ms)
        else:
            raise ProtocolError(f"The house refused what every client may ask: {ADVICE[answer.code]}")

    # --- history ----------------------------------------------------------------------------------------------------

    def _lose_history(self, epoch: int, now_ms: int) -> None:
        """Drop the state that the house contradicts, and begin again. Raises ProtocolError after too many losses."""
        self._losses += 1
        if self._losses > LOSSES_MAX:
            raise ProtocolError(f"The house withdrew what it had shown, {self._losses} times.")
        self.start_history(self.sale, epoch)
        self.begin_probe(now_ms)

    def is_history(self, sale: str, epoch: int) -> bool:
        """Return whether the replica holds this sale, given by its permanent name, in this epoch."""
        return epoch == self.replica.epoch and sale == self.sale

    def start_history(self, sale: str, epoch: int) -> None:
        """Begin again with this sale in this epoch. The caller must then begin a probe."""
        had_state, is_other_sale = self.replica.is_complete, sale != self.sale
        self.sale = sale
        self.replica.reset(epoch)
        self._repairs.forget()
        self._line.withdraw(SnapshotRequest, LotRequest, ReplayRequest)
        self.state = FeedState.CLOSED
        if had_state:
            self._tell([HistoryLost(epoch, is_other_sale=is_other_sale)])
