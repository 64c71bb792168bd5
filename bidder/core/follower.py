"""What a client knows of the sale: the epoch, the house's clock, the replica. It asks over a line that it is given.

A follower bids nothing and has no key. Its line is a desk: in a client the bidder's own, in a hall that of somebody who
only looks on. Frames of the feed and the house's answers come in, and what changes is told. Rules:

- Only the line's `welcome` says which sale and epoch count; whatever does not fit makes the line say hello again.
- Of two houses that hold the same sale in the same epoch, the one with the higher term owns it; the other is not heard.
- The feed is proven and compared again when the house is another process, after silence, and when it connected again
  (`bidder.core.feed` has all of that from the probe on).
- Silence is `BEATS_MISSED` times the longest pause that the house allows itself between two heartbeats.
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
"""After so many heartbeats that did not come, the client says that it may be out of date."""
SILENCE_MIN_MS: Final = 300
SILENCE_MAX_MS: Final = 30_000
"""The bounds of that time, whatever a house says of its heartbeats."""
RENEWAL_MS: Final = 6000
RENEWAL_MAX_MS: Final = 48_000
"""A feed that is silent for `RENEWAL_MS` is connected again, and again after pauses that double: TCP may believe in a
connection over which nothing comes. ZMTP's own heartbeats would notice it too, but where an application does not read
for a while and the connection then breaks, libzmq aborts the process at the next of them."""


def silence_ms(heartbeat_ms: int) -> int:
    """Return after how long without a heartbeat a house is silent that promises one every `heartbeat_ms`."""
    return min(max(BEATS_MISSED * heartbeat_ms, SILENCE_MIN_MS), SILENCE_MAX_MS)


class Follower:
    """The sale as one line shows it. `tell` gets what changed, in order."""

    def __init__(self, line: Line, tell: Tell, now_ms: int) -> None:
        self.clock = ServerClock()
        self.is_silent = False
        self._line = line
        self._tell = tell
        self._feed = Feed(line, tell)
        self._instance: str | None = None
        self._term = 0
        """The highest term that was heard of in this epoch of this sale."""
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
        """What names the sale for good; empty before the first welcome."""
        return self._feed.sale

    @property
    def instance(self) -> str | None:
        """The process of the house that said hello last; None before any did."""
        return self._instance

    @property
    def has_ended(self) -> bool:
        """Whether the sale is over, so that nothing will change any more."""
        return self._feed.has_ended

    @property
    def is_frozen(self) -> bool:
        """Whether the house can't store anything now, so that the clocks stand still."""
        return self._frozen_at_ms is not None

    @property
    def is_live(self) -> bool:
        """Whether the state is complete and the feed is proven, as far as is known."""
        return self._feed.state is FeedState.LIVE

    @property
    def is_probing(self) -> bool:
        """Whether a probe is under way, whose answer will count for the connection that it went over."""
        return self._feed.state is FeedState.PROBING

    def view(self, lot: str) -> LotView | None:
        """Return a lot as it stands; None where none of this number is held."""
        return self._feed.replica.lots.get(lot)

    def is_history(self, sale: str, epoch: int) -> bool:
        """Return whether the replica holds this sale (by what names it for good) in this epoch."""
        return self._feed.is_history(sale, epoch)

    def is_outdated(self, welcome: Welcome) -> bool:
        """Return whether a later owner of this sale than the house that says this is known."""
        return self.is_history(welcome.sale.sale, welcome.epoch) and welcome.term < self._term

    def remaining_ms(self, view: LotView, now_ms: int) -> int | None:
        """Return what is left on a lot's clock, by the house's time; None where it has none."""
        server_now_ms = self.clock.server_time_ms(now_ms)
        return view.remaining_at(server_now_ms if self._frozen_at_ms is None else self._frozen_at_ms)

    # --- time -------------------------------------------------------------------------------------------------------

    @property
    def next_deadline_ms(self) -> int | None:
        """When `tick` is to be called next; None where only input can change anything."""
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
        """Do what time asks for; early or late calls are harmless. The line's `tick` is to follow."""
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
        """Take the house's answer to the line's hello: which process, sale and epoch count from here on."""
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
        """Go another way where the house refused a question. Raises ProtocolError."""
        self._feed.read_rejection(answer, now_ms)

    def note_other_welcome(self, welcome: Welcome, now_ms: int) -> None:
        """Note what the house said to another desk: where it differs, the line asks what counts now.

        Nothing is reset by it: that desk's connection may be older than the line's.
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
        """Note that the feed is up, the first time or again: broadcasts may have been lost."""
        self._feed.distrust()
        if self._feed.state is not FeedState.CLOSED:
            self._feed.begin_probe(now_ms)

    def broadcast_received(self, frame: bytes, now_ms: int) -> bool:
        """Take one frame from the feed; return whether a `tick` is to follow. Raises ProtocolError.

        Changes of lots are nearly all that comes, and by themselves leave nothing else to do; deadlines are the
        shell's to keep. Passing over the tick makes a broadcast a third cheaper.
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
                pass  # of a house that lost the sale; where it holds another sale, the silence will tell
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
        if was_silent and self._feed.state is FeedState.LIVE:
            self._feed.begin_probe(now_ms)
        if beat.frozen != (self._frozen_at_ms is not None):
            self._frozen_at_ms = beat.server_time_ms if beat.frozen else None
        self._feed.read_heartbeat(beat)

    def _hear(self, now_ms: int, server_time_ms: int) -> None:
        self._heard_ms = now_ms
        self.is_silent = False
        self.clock.learn_one_way(now_ms, server_time_ms)
