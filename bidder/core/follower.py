"""The follower holds a client's knowledge of the sale: the epoch, the house's clock and the replica.

A follower never bids and has no key. It asks its questions over a line, which is a desk: in a client the bidder's own,
in a hall an observer's. It takes frames of the feed and answers of the house, and tells the changes. Rules:

- Only the line's `welcome` says which sale and epoch count. The line sends hello again after a message that does not
  fit.
- Of two houses that hold the same sale in the same epoch, the one with the higher term owns it. The follower ignores
  the other.
- The follower proves the feed and compares the state again when the house is another process, after silence, and after
  the feed connects again. `bidder.core.feed` does this, from the probe on.
- The house is silent after `BEATS_MISSED` times the longest pause that it allows itself between two heartbeats.
"""

from typing import Final

from bidder.core.clock import ServerClock
from bidder.core.feed import Feed, FeedState, Line, Tell
from bidder.core.pending import Pending
from bidder.core.presence import PING_MS
from bidder.core.replica import Replica
from common.codec import decode_broadcast
from common.lot import LotView
from common.messages import (
    Heartbeat,
    LotEvents,
    ManyLots,
    Pong,
    Probed,
    Rejected,
    Replay,
    SaleEvents,
    Snapshot,
    Welcome,
)

BEATS_MISSED: Final = 3
"""After this many missed heartbeats the client says that it may be out of date."""
SILENCE_MIN_MS: Final = 300
SILENCE_MAX_MS: Final = 30_000
"""The least and greatest time before the house counts as silent, whatever pause it promises."""
RENEWAL_MS: Final = 6000
RENEWAL_MAX_MS: Final = 48_000
"""The follower connects a feed again after `RENEWAL_MS` of silence, then after pauses that double up to this limit:
TCP may keep a dead connection open. ZMTP's own heartbeats would notice it too, but with them libzmq can abort the
process: it does so at the next heartbeat if the application has not read for a while and the connection breaks."""


def silence_ms(heartbeat_ms: int) -> int:
    """Return how long a house may send nothing before it counts as silent; it promises a beat every `heartbeat_ms`."""
    return min(max(BEATS_MISSED * heartbeat_ms, SILENCE_MIN_MS), SILENCE_MAX_MS)


class Follower:
    """The sale as one line shows it. `tell` gets the changes, in order."""

    def __init__(self, line: Line, tell: Tell, now_ms: int) -> None:
        self.clock = ServerClock()
        self.is_silent = False
        self._line = line
        self._tell = tell
        self._feed = Feed(line, tell)
        self._instance: str | None = None
        self._term = 0
        """The highest term heard in this epoch of this sale."""
        self.served_ms = now_ms
        """When the last heartbeat without `frozen` came; the start before that."""
        self._heard_ms = now_ms
        self._silence_ms = SILENCE_MAX_MS
        self._renewal_ms = self._renewal_pause_ms = 0
        self._frozen_at_ms: int | None = None
        self._ping_ms = now_ms

    # --- what is known ----------------------------------------------------------------------------------------------

    @property
    def replica(self) -> Replica:
        """The state of the sale."""
        return self._feed.replica

    @property
    def sale(self) -> str:
        """The permanent name of the sale; empty before the first welcome."""
        return self._feed.sale

    @property
    def instance(self) -> str | None:
        """The process of the house that answered hello last; None before the first answer."""
        return self._instance

    @property
    def has_ended(self) -> bool:
        """Whether the sale is over. Nothing changes after that."""
        return self._feed.has_ended

    @property
    def is_frozen(self) -> bool:
        """Whether the house can't store anything now. The clocks stand still then."""
        return self._frozen_at_ms is not None

    @property
    def is_live(self) -> bool:
        """Whether the state is complete and the feed is proven, as far as the client knows."""
        return self._feed.state is FeedState.LIVE

    @property
    def is_probing(self) -> bool:
        """Whether a probe has no answer yet. Its answer will count for the connection that carried it."""
        return self._feed.state is FeedState.PROBING

    def view(self, lot: str) -> LotView | None:
        """Return a lot as it stands; None if the follower holds no lot of this number."""
        return self._feed.replica.lots.get(lot)

    def is_history(self, sale: str, epoch: int) -> bool:
        """Return whether the replica holds this sale, given by its permanent name, in this epoch."""
        return self._feed.is_history(sale, epoch)

    def is_outdated(self, welcome: Welcome) -> bool:
        """Return whether the follower knows a later owner of this sale than the house that sent this welcome."""
        return self.is_history(welcome.sale.sale, welcome.epoch) and welcome.term < self._term

    def remaining_ms(self, view: LotView, now_ms: int) -> int | None:
        """Return the milliseconds left on a lot's clock, by the house's time; None if no clock runs."""
        server_now_ms = self.clock.server_time_ms(now_ms)
        return view.remaining_at(server_now_ms if self._frozen_at_ms is None else self._frozen_at_ms)

    # --- time -------------------------------------------------------------------------------------------------------

    @property
    def next_deadline_ms(self) -> int | None:
        """When the shell must call `tick` next; None if only input can change anything."""
        is_welcome = self._line.is_welcome
        moments = [
            self._ping_ms if is_welcome else None,
            self._feed.probe_deadline_ms,
            self._heard_ms + self._silence_ms if self._watches_silence else None,
            self._renewal_ms if self.is_silent and not self._feed.has_ended else None,
            self._feed.repair_deadline_ms if is_welcome else None,
        ]
        return min((moment for moment in moments if moment is not None), default=None)

    def tick(self, now_ms: int) -> None:
        """Do what is due now. An early or late call is harmless. The caller must then call the line's `tick`."""
        if self._heard_ms + self._silence_ms <= now_ms and self._watches_silence:
            self.is_silent = True
            self._renewal_ms, self._renewal_pause_ms = self._heard_ms + RENEWAL_MS, RENEWAL_MS
            self._line.greet(now_ms)
        if self.is_silent and self._renewal_ms <= now_ms and not self._feed.has_ended:
            self._feed.connect_again()
            self._renewal_pause_ms = min(2 * self._renewal_pause_ms, RENEWAL_MAX_MS)
            self._renewal_ms = now_ms + self._line.jitter(self._renewal_pause_ms)
        probe_ms = self._feed.probe_deadline_ms
        if probe_ms is not None and probe_ms <= now_ms:
            self._feed.begin_probe(now_ms)
        if not self._line.is_welcome:
            return
        if self._ping_ms <= now_ms:
            self._line.ping(now_ms)
            self._ping_ms = now_ms + PING_MS
        self._feed.repair(now_ms)

    @property
    def _watches_silence(self) -> bool:
        return self._instance is not None and not self.is_silent and not self._feed.has_ended

    # --- the line's answers -----------------------------------------------------------------------------------------

    def read_welcome(self, welcome: Welcome, hello: Pending, now_ms: int) -> None:
        """Take the house's answer to the line's hello. It says which process, sale and epoch count from now on."""
        is_other_process = self._instance != welcome.instance
        self._instance = welcome.instance
        is_history = self.is_history(welcome.sale.sale, welcome.epoch)
        self._term = max(self._term, welcome.term) if is_history else welcome.term
        self._silence_ms = silence_ms(welcome.heartbeat_ms)
        if is_other_process:
            self.clock.forget()
            self._frozen_at_ms = None
            self._heard_ms = now_ms
        self._learn_time(hello, welcome.server_time_ms, now_ms)
        self._ping_ms = now_ms
        if not is_history:
            self._feed.start_history(welcome.sale.sale, welcome.epoch)
        self._feed.connect(welcome.publish_port)
        if is_other_process or self.is_silent or not self._feed.is_proven:
            self._feed.begin_probe(now_ms)

    def read_answer(self, answer: Pong | Snapshot | Replay, asked: Pending, now_ms: int) -> None:
        """Take the answer to a question. Raises ProtocolError."""
        match answer:
            case Pong():
                self._learn_time(asked, answer.server_time_ms, now_ms)
            case Snapshot():
                self._feed.read_snapshot(answer, asked.request, now_ms)
            case Replay():
                self._feed.read_replay(answer, now_ms)

    def read_rejection(self, answer: Rejected, now_ms: int) -> None:
        """Repair in another way after the house refused a question. Raises ProtocolError if it can't."""
        self._feed.read_rejection(answer, now_ms)

    def note_other_welcome(self, welcome: Welcome, now_ms: int) -> None:
        """Note a welcome to another desk. If it differs, the line asks the house what counts now.

        It resets nothing, because that desk's connection may be older than the line's.
        """
        if self.is_outdated(welcome):
            return
        is_known = welcome.instance == self._instance and self.is_history(welcome.sale.sale, welcome.epoch)
        if self._instance is not None and not is_known:
            self._line.greet_again(now_ms)

    def _learn_time(self, pending: Pending, server_time_ms: int, now_ms: int) -> None:
        if pending.copies == 1:
            self.clock.learn_round_trip(pending.sent_ms, now_ms, server_time_ms)
        else:
            self.clock.learn_one_way(now_ms, server_time_ms)

    # --- the feed ---------------------------------------------------------------------------------------------------

    def feed_connected(self, now_ms: int) -> None:
        """Note that the feed is up, the first time or again. Broadcasts may have been lost."""
        self._feed.distrust()
        if self._feed.state is not FeedState.CLOSED:
            self._feed.begin_probe(now_ms)

    def broadcast_received(self, frame: bytes, now_ms: int) -> bool:
        """Take one frame from the feed; return whether the caller must call `tick` now. Raises ProtocolError.

        Nearly all frames are changes of lots, which usually leave nothing else to do. Without the tick a broadcast
        costs a third less. The shell keeps the deadlines anyway.
        """
        message = decode_broadcast(frame)
        if self._instance is None:
            return False
        if message.epoch != self.replica.epoch:
            self._line.greet_again(now_ms)
        match message:
            case LotEvents() | ManyLots():
                self._feed.pop_events(message)
                return bool(self.replica.behind)
            case SaleEvents():
                self._feed.pop_events(message)
            case Heartbeat() | Probed() if message.epoch == self.replica.epoch and message.term < self._term:
                pass  # from a house that lost the sale; if it holds another sale, the client will notice its silence
            case Heartbeat():
                self._read_heartbeat(message, now_ms)
            case Probed() if message.instance != self._instance:
                self._line.greet_again(now_ms)
            case Probed():
                if self._feed.read_probed(frame, message, now_ms):
                    self._hear(now_ms, message.server_time_ms)
        return True

    def _read_heartbeat(self, beat: Heartbeat, now_ms: int) -> None:
        was_silent = self.is_silent
        self._hear(now_ms, beat.server_time_ms)
        if beat.instance != self._instance:
            self._feed.distrust()
            self._line.greet_again(now_ms)
            return
        self._term = max(self._term, beat.term)
        if not beat.frozen:
            self.served_ms = now_ms
        if was_silent and self._feed.state is FeedState.LIVE:
            self._feed.begin_probe(now_ms)
        if beat.frozen != (self._frozen_at_ms is not None):
            self._frozen_at_ms = beat.server_time_ms if beat.frozen else None
        self._feed.read_heartbeat(beat)

    def _hear(self, now_ms: int, server_time_ms: int) -> None:
        self._heard_ms = now_ms
        self.is_silent = False
        self.clock.learn_one_way(now_ms, server_time_ms)
