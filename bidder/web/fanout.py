"""Who hears what: each public frame goes to all phones, none is waited for, and none misses the newest state. No IO.

Rules:

- A change goes out with the next flushes, which the caller should do at once. Each tells `PHONES_AT_ONCE`, so that bids
  and verdicts between them need not wait for a whole round. A phone gets all that it has not been told in one write: a
  write costs the same whatever it carries, so changes can't queue up however many phones there are.
- There are up to `FRAMES_PER_S_MAX` frames a second. Above that, changes are told together, each lot once.
- A phone with too much unsent gets nothing public. It misses changes; when its line is free again, it gets the newest
  state of what it missed. A phone that has just come has missed everything, so there is one way for both.
- A phone with `BACKLOG_BYTES_MAX` is cut off.

The caller gives times in milliseconds of any steady clock, and calls `flush` at `flush_at_ms`.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple, Protocol

from bidder.web.frames import encode, text_frame
from bidder.web.limits import BACKLOG_BYTES_MAX, FRAMES_PER_S_MAX, PHONES_AT_ONCE
from bidder.web.public_sale import Afresh, LotUpdate, PublicSale, SaleUpdate, Update

_FLUSH_MS = 1000 // FRAMES_PER_S_MAX
READY_FRAME = text_frame(encode({"event": "ready"}))
"""Tells a phone that it has all lots."""


class Line(Protocol):
    """The way to one phone."""

    @property
    def is_clogged(self) -> bool:
        """Whether too much is unsent."""

    @property
    def unsent_bytes(self) -> int:
        """How much is unsent."""

    def write(self, frame: bytes) -> None:
        """Send a frame, or keep it until the line is free. Never waits."""

    def cut(self) -> None:
        """End the connection at once, whatever is unsent."""

    def end(self, code: int) -> None:
        """Close the connection with a close code, after what is unsent; cut it if that is too much."""


class Entry(NamedTuple):
    """A frame for everybody, and what a phone that is not told it will need instead."""

    frame: bytes
    lots: Mapping[str, bool]
    """The lots in it; whether all of a lot, or only what bidding changes."""
    is_of_sale: bool = False


class Listener:
    """One phone or board, and what it has missed."""

    def __init__(self, line: Line, *, is_board: bool = False) -> None:
        self.line = line
        self.is_board = is_board
        self.missed: dict[str, bool] = {}
        """The lots whose newest state it needs; whether all of it, or only what bidding changes."""
        self.missed_sale = True
        self.is_told_ready = False
        self.told = 0
        """How many entries of the log it was told, or missed."""

    def write(self, frame: bytes) -> None:
        """Send a private frame, even over a clogged line, as long as that is within bounds."""
        if self.line.unsent_bytes > BACKLOG_BYTES_MAX:
            self.line.cut()
        else:
            self.line.write(frame)

    def miss(self, entries: Iterable[Entry]) -> None:
        """Note that it was not told these."""
        for entry in entries:
            self.missed_sale |= entry.is_of_sale
            for lot, is_whole in entry.lots.items():
                self.missed[lot] = self.missed.get(lot, False) or is_whole


class Fanout:
    """All that listen, and what is under way to them.

    What everybody is told stands in a log. Phones are told in a ring, some at a time: each gets in one write what it
    was not told yet. So nobody waits longer than one round, even if more is said meanwhile.
    """

    def __init__(self, sale: PublicSale) -> None:
        self.sale = sale
        self.listeners: dict[Listener, None] = {}
        self.flush_at_ms: int | None = None
        """When to call `flush`; None if nothing waits."""
        self._tokens = float(FRAMES_PER_S_MAX)
        self._tokens_ms = 0
        self._waiting: dict[str, bool] = {}
        """The lots whose changes are told together; whether all of a lot, or only what bidding changes."""
        self._log: list[Entry] = []
        self._log_begin = 0
        """The number of the first entry of the log. What is before it was told to all."""
        self._ring: list[Listener] = []
        self._next = 0
        """The place in the ring of who is told next."""
        self._left = 0
        """How many in the ring have to be looked at until all are told."""
        self._told_by_round = 0
        """The number of the first entry that came after the last round began."""

    # --- who listens ------------------------------------------------------------------------------------------------

    def add(self, listener: Listener) -> None:
        """Add a phone that knows nothing yet."""
        self.listeners[listener] = None
        listener.told = self._log_end
        self._ring.append(listener)
        if self._left:
            self._left += 1
        if not self.sale.is_known:
            listener.line.write(self.sale.house_frame)
        self._begin(listener)

    def remove(self, listener: Listener) -> None:
        """Remove a phone that has gone. It leaves the ring with the next round."""
        self.listeners.pop(listener, None)

    def _begin(self, listener: Listener) -> None:
        listener.missed_sale, listener.is_told_ready = True, False
        listener.missed = dict.fromkeys(self.sale.in_order_of_interest(), True)
        self.catch_up(listener)

    def catch_up(self, listener: Listener) -> None:
        """Tell a phone the newest state of what it missed, as long as its line takes it."""
        line, sale = listener.line, self.sale
        if not sale.is_known:
            return
        if listener.missed_sale and not line.is_clogged:
            listener.missed_sale = False
            line.write(sale.house_frame)
            line.write(sale.sale_frame)
        while listener.missed and not line.is_clogged:
            frame, told = sale.newest(listener.missed)
            for number in told:
                del listener.missed[number]
            line.write(frame)
        if not listener.is_told_ready and not listener.missed and not line.is_clogged:
            listener.is_told_ready = True
            line.write(READY_FRAME)

    # --- what is told -----------------------------------------------------------------------------------------------

    def publish(self, updates: Iterable[Update], now_ms: int) -> None:
        """Have the next flushes tell everybody what has changed."""
        for update in updates:
            match update:
                case Afresh():
                    self._forget_log()
                    self._waiting.clear()
                    for listener in list(self.listeners):
                        listener.told = self._log_end
                        self._begin(listener)
                case LotUpdate(lot, _, is_move) if self._waiting or not self._spend(now_ms):
                    self._waiting[lot] = self._waiting.get(lot, False) or not is_move
                    if self.flush_at_ms is None:
                        self.flush_at_ms = now_ms + _FLUSH_MS
                case LotUpdate(lot, frame, is_move):
                    self._tell(Entry(frame, {lot: not is_move}), now_ms)
                case SaleUpdate(frame):
                    self._spend(now_ms)
                    self._tell(Entry(frame, {}, is_of_sale=True), now_ms)

    def tell_time(self, frame: bytes, now_ms: int) -> None:
        """Have everybody told the time; who can't be told will be told the next."""
        self._tell(Entry(frame, {}), now_ms)

    def tell_boards(self, frame: bytes) -> None:
        """Tell only boards something that may be left out."""
        for listener in self.listeners:
            if listener.is_board and not listener.line.is_clogged:
                listener.line.write(frame)

    def flush(self, now_ms: int) -> None:
        """Tell some phones what they have not been told yet. Changes that wait come first, each lot once."""
        while self._waiting and self._spend(now_ms):
            frame, told = self.sale.newest(self._waiting)
            self._tell(Entry(frame, {number: self._waiting.pop(number) for number in told}), now_ms)
        self._tell_some()
        if self._left:
            self.flush_at_ms = now_ms
        else:
            self.flush_at_ms = now_ms + _FLUSH_MS if self._waiting else None

    @property
    def _log_end(self) -> int:
        return self._log_begin + len(self._log)

    def _tell(self, entry: Entry, now_ms: int) -> None:
        self._log.append(entry)
        self._left = len(self._ring)
        self.flush_at_ms = now_ms

    def _tell_some(self) -> None:
        end = self._log_end
        writes: dict[int, bytes] = {}
        for _ in range(min(self._left, PHONES_AT_ONCE)):
            if self._next >= len(self._ring):
                self._begin_round()
                if not self._left:
                    break
            listener = self._ring[self._next]
            self._next += 1
            self._left -= 1
            begin, listener.told = listener.told, end
            if begin == end or listener not in self.listeners:
                continue
            if listener.line.is_clogged:
                listener.miss(self._log[begin - self._log_begin :])
                continue
            if begin not in writes:
                writes[begin] = b"".join(entry.frame for entry in self._log[begin - self._log_begin :])
            listener.line.write(writes[begin])
        if not self._left:
            self._forget_log()

    def _begin_round(self) -> None:
        """Go to the beginning of the ring. All in it have been told what came before the round that ends now."""
        self._ring = [one for one in self._ring if one in self.listeners]
        self._left = min(self._left, len(self._ring))
        self._next = 0
        begin = max(self._log_begin, self._told_by_round)
        del self._log[: begin - self._log_begin]
        self._log_begin = begin
        self._told_by_round = self._log_end

    def _forget_log(self) -> None:
        """Count all that is in the log as told."""
        self._log_begin = self._log_end
        self._log.clear()
        self._left = 0

    def _spend(self, now_ms: int) -> bool:
        earned = (now_ms - self._tokens_ms) * FRAMES_PER_S_MAX / 1000
        self._tokens, self._tokens_ms = min(float(FRAMES_PER_S_MAX), self._tokens + earned), now_ms
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
