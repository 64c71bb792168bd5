"""Deliveries to many screens: whether each event arrived, in order and once, and how long it took.

All screens of one process receive the same frames, so each frame is decoded once and then recognised by its bytes.
"""

from array import array
from collections.abc import Mapping
from itertools import chain

import msgspec

from benchmarks.load.latencies import Latencies
from benchmarks.load.rising_sale import due_us
from common.codec import decode_broadcast
from common.lot_events import LotMoved
from common.messages import LotEvents, ManyLots


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the screens of a process received. A latency begins when its bid was due.

    `latencies` has a value for each frame at each screen, from the oldest bid in the frame. `last_screen` has a value
    for each frame, at its arrival at the last screen.
    """

    screens: int
    frames: int
    events: int
    deliveries: int
    """The received events, summed over the screens."""
    gaps: int
    """How often a screen found events missing before a received one."""
    missing: int
    """The events that did not arrive, or arrived after later ones, summed over the screens."""
    repeated: int
    latencies: Latencies
    last_screen: Latencies
    cpu_share: float = 0.0
    """The processor time of these screens' process, as a share of one core."""

    @property
    def is_whole(self) -> bool:
        """Whether every screen had every event, once and in order."""
        return not (self.gaps or self.missing or self.repeated)


class _Frame:
    """The part of a received frame that concerns one lot."""

    __slots__ = ("first", "last", "lot", "oldest_us", "received_us")

    def __init__(self, message: LotEvents) -> None:
        self.lot = message.lot
        self.first = message.events[0].seq
        self.last = message.events[-1].seq
        moves = [event for event in message.events if isinstance(event, LotMoved)]
        self.oldest_us = due_us(moves[0].board) if moves else 0
        self.received_us = array("q")


class Ledger:
    """Keeps the receipts of all screens of a process."""

    def __init__(self, screens: int, seqs: Mapping[str, int]) -> None:
        """`seqs` has the lots that the screens follow, with the seq of each before the first frame."""
        self._heard = [dict(seqs) for _ in range(screens)]
        self._frames: dict[bytes, list[_Frame]] = {}
        """The parts of each received frame, one for each lot in it."""
        self.deliveries = 0
        """The received events, summed over the screens."""
        self._gaps = self._repeated = 0

    def read(self, screen: int, body: bytes, now_us: int) -> None:
        """Note a frame of a lot's topic, or of the topic of many lots."""
        parts = self._frames.get(body)
        if parts is None:
            message = decode_broadcast(body)
            assert isinstance(message, LotEvents | ManyLots), f"{message} came on a lot's topic"
            parts = self._frames[body] = list(map(_Frame, message.each))
        for part in parts:
            self._read(screen, part, now_us)

    def _read(self, screen: int, frame: _Frame, now_us: int) -> None:
        heard = self._heard[screen]
        before = heard[frame.lot]
        if frame.first != before + 1:
            if frame.first <= before:
                self._repeated += 1
                return
            self._gaps += 1
        heard[frame.lot] = frame.last
        self.deliveries += frame.last - frame.first + 1
        frame.received_us.append(now_us)

    def has_all(self, seqs: Mapping[str, int]) -> bool:
        """Return whether every screen has reached the seq of every lot."""
        return all(heard[lot] >= seq for heard in self._heard for lot, seq in seqs.items())

    def result(self, before: Mapping[str, int], after: Mapping[str, int], counted_from_us: int) -> Delivery:
        """Return the delivery of a load in which lots went from the seqs `before` to `after`.

        Only bids due from `counted_from_us` on count in the latencies.
        """
        expected = sum(after[lot] - seq for lot, seq in before.items())
        latencies, last_screen = Latencies(), Latencies()
        for frame in chain.from_iterable(self._frames.values()):
            if frame.oldest_us < counted_from_us or not frame.received_us:
                continue
            for at_us in frame.received_us:
                latencies.note_s((at_us - frame.oldest_us) / 1e6)
            if len(frame.received_us) == len(self._heard):
                last_screen.note_s((max(frame.received_us) - frame.oldest_us) / 1e6)
        return Delivery(
            screens=len(self._heard),
            frames=len(self._frames),
            events=expected,
            deliveries=self.deliveries,
            gaps=self._gaps,
            missing=expected * len(self._heard) - self.deliveries,
            repeated=self._repeated,
            latencies=latencies,
            last_screen=last_screen,
        )
