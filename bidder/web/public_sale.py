"""The sale as everybody may see it, encoded once for all phones. No IO.

It hears the hall's notices in their order. Each change comes out as one frame that all phones get. It keeps the sale
too, so that a phone that missed changes, or has just come, is given the newest state instead.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple, Protocol

from bidder.core.notices import (
    ConnectionChanged,
    ConnectionState,
    LotCaughtUp,
    LotChanged,
    Notice,
    SaleCaughtUp,
    SaleChanged,
    StateReady,
)
from bidder.web import frames
from bidder.web.frames import encode, text_frame
from bidder.web.limits import CONFLATED_LOTS_MAX, LOTS_FRAME_BYTES
from bidder.web.pictures import OWN_PICTURES, Pictures
from common.lot import LotStatus, LotView, SaleView
from common.lot_events import Call, Called, LotAdded, LotMoved
from common.money import Currency

_NO_CURRENCY = Currency(code="", decimals=0)


class Source(Protocol):
    """What the hall holds of the sale."""

    @property
    def sale(self) -> SaleView:
        """The sale as it stands."""

    def lots(self) -> dict[str, LotView]:
        """Return all lots by number, in catalogue order."""


class LotUpdate(NamedTuple):
    """A frame with a change of one lot. `is_move` says that only the bidding changed."""

    lot: str
    frame: bytes
    is_move: bool


class SaleUpdate(NamedTuple):
    """A frame about the sale, the house or the time."""

    frame: bytes


class Afresh(NamedTuple):
    """The whole state is another one: everybody needs all of it again."""


Update = LotUpdate | SaleUpdate | Afresh


class PublicSale:
    """The sale, its lots, the calls that count, and the state of the gateway's own connection to the house."""

    def __init__(self, pictures: Pictures = OWN_PICTURES) -> None:
        self.pictures = pictures
        self.is_known = False
        """Whether the state was complete once."""
        self.epoch = 0
        self.sale: SaleView | None = None
        self.lots: dict[str, LotView] = {}
        self.house = ConnectionState.CONNECTING
        self.reason = "The house has yet to answer."
        self._calls: dict[str, Call] = {}
        self._whole: dict[str, bytes] = {}

    def hosts_left_out(self) -> list[str]:
        """Return the hosts whose pictures the catalogue names and no page shows."""
        return self.pictures.left_out([view.terms.image for view in self.lots.values()])

    @property
    def currency(self) -> Currency:
        """The currency of all amounts."""
        return _NO_CURRENCY if self.sale is None else self.sale.currency

    # --- hearing ----------------------------------------------------------------------------------------------------

    def hear(self, notice: Notice, source: Source) -> list[Update]:
        """Return what a notice of the hall means to those who listen. `source` holds the state that it led to."""
        match notice:
            case LotChanged():
                return self._lot_changed(notice)
            case LotCaughtUp():
                return self._lot_caught_up(notice)
            case SaleChanged():
                return self._sale_changed(notice, source)
            case StateReady() | SaleCaughtUp():
                return self.load(notice.epoch, source)
            case ConnectionChanged():
                self.house, self.reason = notice.state, notice.reason
                return [SaleUpdate(self.house_frame)]
            case _:
                return []

    def load(self, epoch: int, source: Source) -> list[Update]:
        """Take over the whole state."""
        if epoch != self.epoch:
            self._calls.clear()
        self.is_known = True
        self.epoch, self.sale, self.lots = epoch, source.sale, source.lots()
        self._whole.clear()
        return [Afresh()]

    def _lot_changed(self, notice: LotChanged) -> list[Update]:
        if not self._is_new(notice.lot, notice.seq):
            return []
        self._keep(notice.view)
        is_move = isinstance(notice.event, LotMoved)
        record = self.pictures.within(frames.lot_change(notice, self.currency, self._calls.get(notice.lot)))
        return [LotUpdate(notice.lot, text_frame(encode(record)), is_move)]

    def _lot_caught_up(self, notice: LotCaughtUp) -> list[Update]:
        if not self._is_new(notice.lot, notice.seq):
            return []
        self._keep(notice.view)
        record = self.pictures.within(frames.lot_caught_up(notice, self.currency, self._calls.get(notice.lot)))
        return [LotUpdate(notice.lot, text_frame(encode(record)), is_move=False)]

    def _is_new(self, lot: str, seq: int) -> bool:
        known = self.lots.get(lot)
        return known is None or seq > known.seq

    def _keep(self, view: LotView) -> None:
        """Keep a lot. What was called about it no longer counts once the bidding moves or its status changes."""
        before = self.lots.get(view.lot)
        if before is None or before.board != view.board or before.status is not view.status:
            self._calls.pop(view.lot, None)
        self.lots[view.lot] = view
        self._whole.pop(view.lot, None)

    def _sale_changed(self, notice: SaleChanged, source: Source) -> list[Update]:
        if self.sale is None or notice.seq <= self.sale.seq:
            return []
        self.sale = notice.view
        updates: list[Update] = [SaleUpdate(text_frame(encode(frames.sale_change(notice, self.currency))))]
        event = notice.event
        if isinstance(event, Called) and event.lot in self.lots:
            self._calls[event.lot] = event.call
            self._whole.pop(event.lot, None)
        if frames.reshapes_sale(notice):
            held = source.lots()
            added = {event.terms.lot: held[event.terms.lot]} if isinstance(event, LotAdded) else {}
            known = added | self.lots
            self.lots = {number: known[number] for number in held if number in known}
            updates.append(SaleUpdate(self.sale_frame))
            updates += [LotUpdate(number, self._lots_frame([self.whole(number)]), is_move=False) for number in added]
        return updates

    # --- frames -----------------------------------------------------------------------------------------------------

    @property
    def house_frame(self) -> bytes:
        """The state of the gateway's connection to the house."""
        return text_frame(encode(frames.house_state(self.house, self.reason)))

    @property
    def sale_frame(self) -> bytes:
        """The sale as it stands. The caller must ensure that the state was complete once."""
        assert self.sale is not None, "a sale that is not known was asked for"
        return text_frame(encode(frames.sale_state(self.epoch, self.sale, self.lots)))

    def whole(self, number: str) -> bytes:
        """Return all that everybody may know of a lot, encoded."""
        encoded = self._whole.get(number)
        if encoded is None:
            record = self.pictures.within(frames.whole_lot(self.lots[number], self.currency, self._calls.get(number)))
            encoded = self._whole[number] = encode(record)
        return encoded

    def moved(self, number: str) -> bytes:
        """Return what bidding changes of a lot, encoded."""
        return encode(frames.lot_moved_on(self.lots[number], self.epoch, self.currency, self._calls.get(number)))

    def newest(self, missed: Mapping[str, bool]) -> tuple[bytes, list[str]]:
        """Return a frame with the newest state of lots, and which they are: as many as one frame holds.

        `missed` says of each whether all of it was missed, or only moves.
        """
        told: list[str] = []
        parts: list[bytes] = []
        size = 0
        for number, is_whole in missed.items():
            told.append(number)
            if number in self.lots:
                part = self.whole(number) if is_whole else self.moved(number)
                parts.append(part)
                size += len(part)
            if size >= LOTS_FRAME_BYTES or len(told) >= CONFLATED_LOTS_MAX:
                break
        return self._lots_frame(parts), told

    def _lots_frame(self, parts: Iterable[bytes]) -> bytes:
        return text_frame(frames.lots_payload(self.epoch, parts))

    def in_order_of_interest(self) -> Iterator[str]:
        """Yield the numbers of all lots: those that are open first, so that a page can show them at once."""
        is_open = (LotStatus.OPEN, LotStatus.PAUSED)
        yield from (number for number, view in self.lots.items() if view.status in is_open)
        yield from (number for number, view in self.lots.items() if view.status not in is_open)
