"""Who hears what: each public frame goes to all phones, none is waited for, and none misses the newest state. No IO.

Rules:

- A change goes out with the next flush, which the caller should do at once. What came until then goes to each phone in
  one write: a write costs the same whatever it carries, so many phones can't make changes queue up.
- There are up to `FRAMES_PER_S_MAX` frames a second. Above that, changes are told together, each lot once.
- A phone with too much unsent gets nothing public. It misses changes; when its line is free again, it gets the newest
  state of what it missed. A phone that has just come has missed everything, so there is one way for both.
- A phone with `BACKLOG_BYTES_MAX` is cut off.

The caller gives times in milliseconds of any steady clock, and calls `flush` at `flush_at_ms`.
"""

from collections.abc import Iterable
from typing import Protocol

from bidder.web.frames import encode, text_frame
from bidder.web.limits import BACKLOG_BYTES_MAX, FRAMES_PER_S_MAX
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


class Listener:
    """One phone or board, and what it has missed."""

    def __init__(self, line: Line, *, is_board: bool = False) -> None:
        self.line = line
        self.is_board = is_board
        self.missed: dict[str, bool] = {}
        """The lots whose newest state it needs; whether all of it, or only what bidding changes."""
        self.missed_sale = True
        self.is_told_ready = False

    def write(self, frame: bytes) -> None:
        """Send a private frame, even over a clogged line, as long as that is within bounds."""
        if self.line.unsent_bytes > BACKLOG_BYTES_MAX:
            self.line.cut()
        else:
            self.line.write(frame)

    def miss(self, update: LotUpdate | SaleUpdate) -> None:
        """Note that it was not told a change."""
        if isinstance(update, SaleUpdate):
            self.missed_sale = True
        else:
            self.miss_lot(update.lot, is_whole=not update.is_move)

    def miss_lot(self, lot: str, *, is_whole: bool) -> None:
        """Note that it needs the newest state of a lot."""
        self.missed[lot] = self.missed.get(lot, False) or is_whole


class Fanout:
    """All that listen, and what waits to be told to them together."""

    def __init__(self, sale: PublicSale) -> None:
        self.sale = sale
        self.listeners: dict[Listener, None] = {}
        self.flush_at_ms: int | None = None
        """When to call `flush`; None if nothing waits."""
        self._tokens = float(FRAMES_PER_S_MAX)
        self._tokens_ms = 0
        self._due: list[LotUpdate | SaleUpdate] = []
        """What the next flush tells as it is."""
        self._waiting: dict[str, bool] = {}
        """The lots whose changes are told together; whether all of a lot, or only what bidding changes."""

    # --- who listens ------------------------------------------------------------------------------------------------

    def add(self, listener: Listener) -> None:
        """Add a phone that knows nothing yet."""
        self.listeners[listener] = None
        if not self.sale.is_known:
            listener.line.write(self.sale.house_frame)
        self._begin(listener)

    def remove(self, listener: Listener) -> None:
        """Remove a phone that has gone."""
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
                    self._due.clear()
                    self._waiting.clear()
                    for listener in list(self.listeners):
                        self._begin(listener)
                case LotUpdate(lot, _, is_move) if self._waiting or not self._spend(now_ms):
                    self._waiting[lot] = self._waiting.get(lot, False) or not is_move
                    if self.flush_at_ms is None:
                        self.flush_at_ms = now_ms + _FLUSH_MS
                case SaleUpdate():
                    self._spend(now_ms)
                    self._plan(update, now_ms)
                case _:
                    self._plan(update, now_ms)

    def _plan(self, update: LotUpdate | SaleUpdate, now_ms: int) -> None:
        self._due.append(update)
        self.flush_at_ms = now_ms

    def flush(self, now_ms: int) -> None:
        """Tell the changes that are due, then those that wait, each lot once."""
        self.flush_at_ms = None
        self._tell_due()
        while self._waiting and self._spend(now_ms):
            frame, told = self.sale.newest(self._waiting)
            wholes = {number: self._waiting.pop(number) for number in told}
            for listener in self.listeners:
                if listener.line.is_clogged:
                    for number, is_whole in wholes.items():
                        listener.miss_lot(number, is_whole=is_whole)
                else:
                    listener.line.write(frame)
        if self._waiting:
            self.flush_at_ms = now_ms + _FLUSH_MS

    def tell_time(self, frame: bytes) -> None:
        """Tell everybody the time; who can't be told now will be told the next."""
        for listener in self.listeners:
            if not listener.line.is_clogged:
                listener.line.write(frame)

    def tell_boards(self, frame: bytes) -> None:
        """Tell only boards something that may be left out."""
        for listener in self.listeners:
            if listener.is_board and not listener.line.is_clogged:
                listener.line.write(frame)

    def _tell_due(self) -> None:
        if not self._due:
            return
        frames = b"".join(update.frame for update in self._due)
        for listener in self.listeners:
            if listener.line.is_clogged:
                for update in self._due:
                    listener.miss(update)
            else:
                listener.line.write(frames)
        self._due.clear()

    def _spend(self, now_ms: int) -> bool:
        earned = (now_ms - self._tokens_ms) * FRAMES_PER_S_MAX / 1000
        self._tokens, self._tokens_ms = min(float(FRAMES_PER_S_MAX), self._tokens + earned), now_ms
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
