"""The client's copy of the sale. The replica turns input in any order, and with losses, into an exact state.

It upholds these rules for each stream (a lot, or the sale under the empty name):

- An event applies only to the view just before it. The replica drops older events and keeps a limited number of later
  ones.
- Notices to the application are contiguous, or say that they are not (`LotCaughtUp`, `SaleCaughtUp`).
- `behind` names the streams with a hole, and the highest seq heard of each. The caller must fetch the missing events by
  a replay, or else a snapshot, and give the answer to `read_replay`, `apply_page` or `apply_lot`.

A lot comes from its `lot_added` in the sale's stream or from a snapshot, never from its own events. The replica ignores
broadcasts of another epoch. The follower finds out which epoch counts, and the feed then calls `reset`.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from bidder.core.notices import (
    LotCaughtUp,
    LotChanged,
    Notice,
    Repaired,
    SaleCaughtUp,
    SaleChanged,
    StateReady,
)
from common.errors import ProtocolError
from common.evolve import evolve, evolve_sale, first_view
from common.limits import LOT_TEXTS_BYTES_MAX, LOTS_MAX
from common.lot import LotTerms, LotView, SaleView
from common.lot_events import AnyLotEvent, AnySaleEvent, LotAdded, LotRevised, LotsReordered, SaleEvent
from common.messages import Heartbeat, LotEvents, Replay, SaleEvents, Snapshot

EARLY_EVENTS_MAX: Final = 10_000
"""The most early events kept over all streams. Beyond it the replica forgets a stream's, and a replay brings them."""

SALE: Final = ""
"""The name of the sale's own stream."""


def texts_bytes(terms: LotTerms) -> int:
    """Return the most bytes that a lot's texts take in memory: a text beyond ASCII may take four bytes a character."""
    texts = (terms.lot, terms.title, terms.description, terms.image, terms.seller)
    return sum(len(text) if text.isascii() else 4 * len(text) for text in texts)


def _within_bounds(lots: int, lots_bytes: int) -> int:
    """Return `lots_bytes`. Raises ProtocolError for more lots, or more bytes of texts, than a sale may have."""
    if lots > LOTS_MAX:
        raise ProtocolError(f"The house has more than {LOTS_MAX} lots, which no sale may have.")
    if lots_bytes > LOT_TEXTS_BYTES_MAX:
        raise ProtocolError(f"The texts of the house's {lots} lots take more than {LOT_TEXTS_BYTES_MAX} bytes.")
    return lots_bytes


class Replica:
    """The state of the sale as far as it is certain. Methods that take input return notices for the application."""

    def __init__(self, early_events_max: int = EARLY_EVENTS_MAX) -> None:
        self.epoch: int | None = None
        self.sale: SaleView | None = None
        self.lots: dict[str, LotView] = {}
        self._early_events_max = early_events_max
        self._early: dict[str, dict[int, AnyLotEvent | AnySaleEvent]] = {}
        self._early_count = 0
        self._behind: dict[str, int] = {}
        self._replayed: dict[str, int] = {}
        self._doubted: set[str] = set()
        self._pages: dict[str, LotView] | None = None
        self._pages_bytes = 0
        self._texts_bytes = 0

    # --- what is known ----------------------------------------------------------------------------------------------

    @property
    def is_complete(self) -> bool:
        """Whether there is a state to show. Before that, the replica only keeps events."""
        return self.sale is not None

    @property
    def behind(self) -> Mapping[str, int]:
        """The streams with a hole, and the highest seq heard of each."""
        return MappingProxyType(self._behind)

    def seq(self, stream: str) -> int | None:
        """Return the seq of a stream's view; None for an unknown stream."""
        view = self.lots.get(stream) if stream else self.sale
        return None if view is None else view.seq

    def highest(self, stream: str) -> int:
        """Return the highest seq that the house has shown for a stream. A later answer can't be below it."""
        return max(self._behind.get(stream, 0), self.seq(stream) or 0)

    # --- snapshots --------------------------------------------------------------------------------------------------

    def reset(self, epoch: int) -> None:
        """Drop everything, because it belongs to another history. The caller must then begin a snapshot."""
        self.epoch = epoch
        self.sale = None
        self.lots = {}
        self._early.clear()
        self._early_count = 0
        self._behind.clear()
        self._replayed.clear()
        self._doubted.clear()
        self._pages = None
        self._pages_bytes = self._texts_bytes = 0

    def lacks_lots(self, last: Snapshot) -> bool:
        """Return whether pages that will be taken over lack a lot, with the last of them."""
        if self._pages is None:
            return False
        return len(self._pages.keys() | {view.lot for view in last.lots}) < last.sale.lots

    def begin_snapshot(self, *, adopt: bool) -> None:
        """Expect the pages of a snapshot, from the first on.

        With `adopt` the replica takes over the snapshot's views; without a state it always does. Otherwise the pages
        only show which streams have holes, so that replays can fill them without a jump.
        """
        self._pages = {} if adopt or not self.is_complete else None
        self._pages_bytes = 0

    def apply_page(self, page: Snapshot) -> list[Notice]:
        """Take one page of a snapshot of all lots. The caller must ask for `page.next` until it is None."""
        if page.epoch != self.epoch:
            return []
        if self._pages is None:
            self.hear(SALE, page.sale.seq)
            for view in page.lots:
                self.hear(view.lot, view.seq)
            return []
        for view in page.lots:
            self._pages_bytes += 0 if view.lot in self._pages else texts_bytes(view.terms)
            self._pages[view.lot] = view
        _within_bounds(len(self._pages), self._pages_bytes)
        return self._adopt(page.sale, self._pages) if page.next is None else []

    def apply_lot(self, view: LotView) -> list[Notice]:
        """Take over the view of one lot, if no replay can fill its hole."""
        told: list[Notice] = []
        self._install_view(view, told)
        self._use_kept(view.lot, told)
        return told

    def _adopt(self, sale: SaleView, views: dict[str, LotView]) -> list[Notice]:
        """Take over a whole snapshot. Broadcasts may have brought a newer state of a lot since its page."""
        self._pages = None
        told: list[Notice] = []
        assert self.epoch is not None, "pages of an unknown epoch were let in"
        if self.sale is None:
            self.sale, self.lots, self._texts_bytes = sale, views, self._pages_bytes
            told.append(StateReady(self.epoch, sale, len(views)))
        else:
            if sale.seq > self.sale.seq:
                self._count_missing(SALE, sale.seq - self.sale.seq)
                self.sale = sale
                told.append(SaleCaughtUp(self.epoch, sale.seq, sale))
            for view in views.values():
                self._install_view(view, told)
        for stream in [SALE, *views]:
            self._use_kept(stream, told)
        return told

    def _install_view(self, view: LotView, told: list[Notice]) -> None:
        before = self.lots.get(view.lot)
        if before is not None and view.seq <= before.seq:
            return
        if before is not None:
            self._count_missing(view.lot, view.seq - before.seq)
        else:
            self._texts_bytes = _within_bounds(len(self.lots) + 1, self._texts_bytes + texts_bytes(view.terms))
        if before is not None and before.terms != view.terms:
            self._count_texts(before.terms, view.terms)
        assert self.epoch is not None, "a view of an unknown epoch was let in"
        self.lots[view.lot] = view
        told.append(LotCaughtUp(self.epoch, view.lot, view.seq, before, view))

    # --- events -----------------------------------------------------------------------------------------------------

    def apply_lot_events(self, message: LotEvents) -> list[Notice]:
        """Take a broadcast of one lot's changes."""
        if message.epoch != self.epoch:
            return []
        told: list[Notice] = []
        for event in message.events:
            self._apply_or_keep(message.lot, event, told)
        return told

    def apply_sale_events(self, message: SaleEvents) -> list[Notice]:
        """Take a broadcast of the sale's changes."""
        if message.epoch != self.epoch:
            return []
        told: list[Notice] = []
        for event in message.events:
            self._apply_or_keep(SALE, event, told)
        return told

    def read_replay(self, answer: Replay) -> list[Notice]:
        """Take the answer to a replay request. It fills a hole, or a part of one."""
        if answer.epoch != self.epoch:
            return []
        told: list[Notice] = []
        for event in answer.lot_events if answer.lot else answer.sale_events:
            if event.seq == (self.seq(answer.lot) or 0) + 1:
                self._count_missing(answer.lot, 1)
            self._apply_or_keep(answer.lot, event, told)
        self._close_hole(answer.lot, told)
        return told

    def read_heartbeat(self, beat: Heartbeat) -> list[str]:
        """Note the seqs that the house has, and return the streams of which it has less than the replica.

        A snapshot can overtake a heartbeat, so a stream is returned only after a second heartbeat confirms the first.
        Even then only a fresh answer can prove that history was lost.
        """
        if beat.epoch != self.epoch:
            return []
        lower = self._compare(SALE, beat.sale_seq)
        for told in beat.lots:
            lot, seq = told.lot, told.seq
            view = self.lots.get(lot)
            if view is None or view.seq != seq:
                lower += self._compare(lot, seq)
            elif self._doubted:
                self._doubted.discard(lot)
        return lower

    def _compare(self, stream: str, house_seq: int) -> list[str]:
        self.hear(stream, house_seq)
        own_seq = self.seq(stream)
        if own_seq is None or house_seq >= own_seq:
            self._doubted.discard(stream)
            return []
        if stream in self._doubted:
            self._doubted.discard(stream)
            return [stream]
        self._doubted.add(stream)
        return []

    def hear(self, stream: str, house_seq: int) -> None:
        """Note that the house has this seq. Ignores unknown lots: their `lot_added` is missing first."""
        own_seq = self.seq(stream)
        if own_seq is not None and house_seq > max(own_seq, self._behind.get(stream, 0)):
            self._behind[stream] = house_seq

    def _apply_or_keep(self, stream: str, event: AnyLotEvent | AnySaleEvent, told: list[Notice]) -> None:
        own_seq = self.seq(stream)
        if own_seq is None or event.seq > own_seq + 1:
            self._keep(stream, event)
            self.hear(stream, event.seq)
        elif event.seq == own_seq + 1:
            self._apply(stream, event, told)
            self._apply_kept(stream, told)

    def _apply(self, stream: str, event: AnyLotEvent | AnySaleEvent, told: list[Notice]) -> None:
        """Apply an event to the state. No other method does."""
        assert self.epoch is not None, "an event of an unknown epoch was let in"
        if not isinstance(event, SaleEvent):
            before = self.lots[stream]
            if isinstance(event, LotRevised):
                self._count_texts(before.terms, event.terms)
            view = self.lots[stream] = evolve(before, event)
            told.append(LotChanged(self.epoch, stream, event.seq, before, view, event))
            return
        assert self.sale is not None, "an event of the sale was applied before there was one"
        self.sale = evolve_sale(self.sale, event)
        told.append(SaleChanged(self.epoch, event.seq, self.sale, event))
        if isinstance(event, LotsReordered):
            self._reorder(event)
        if isinstance(event, LotAdded) and event.terms.lot not in self.lots:
            self._texts_bytes = _within_bounds(len(self.lots) + 1, self._texts_bytes + texts_bytes(event.terms))
            self.lots[event.terms.lot] = first_view(event)
            self._use_kept(event.terms.lot, told)

    def _reorder(self, event: LotsReordered) -> None:
        """Put a lot that is held before another that is held, or last."""
        moved = self.lots.pop(event.lot, None)
        if moved is None:
            return
        if event.before not in self.lots:
            self.lots[event.lot] = moved
            return
        views, self.lots = self.lots, {}
        for lot, view in views.items():
            if lot == event.before:
                self.lots[event.lot] = moved
            self.lots[lot] = view

    def _count_texts(self, before: LotTerms, after: LotTerms) -> None:
        """Note that a lot has other texts. Raises ProtocolError if they are more than a sale may have."""
        difference = texts_bytes(after) - texts_bytes(before)
        self._texts_bytes = _within_bounds(len(self.lots), self._texts_bytes + difference)

    # --- holes ------------------------------------------------------------------------------------------------------

    def _keep(self, stream: str, event: AnyLotEvent | AnySaleEvent) -> None:
        """Keep an early event. If there is no room, forget the stream's early events and rely on a replay."""
        if self._early_count >= self._early_events_max:
            self._forget_early(stream)
            return
        kept = self._early.setdefault(stream, {})
        if event.seq not in kept:
            kept[event.seq] = event
            self._early_count += 1

    def _forget_early(self, stream: str) -> None:
        self._early_count -= len(self._early.pop(stream, ()))

    def _use_kept(self, stream: str, told: list[Notice]) -> None:
        """Use the kept events of a stream whose view is new or has jumped."""
        own_seq = self.seq(stream)
        kept = self._early.get(stream)
        if kept and own_seq is not None:
            for seq in [seq for seq in kept if seq <= own_seq]:
                del kept[seq]
                self._early_count -= 1
            if kept:
                self.hear(stream, max(kept))
            else:
                del self._early[stream]
        self._apply_kept(stream, told)

    def _apply_kept(self, stream: str, told: list[Notice]) -> None:
        """Apply the kept events of a stream as far as they are contiguous."""
        kept = self._early.get(stream)
        own_seq = self.seq(stream)
        if kept and own_seq is not None:
            while own_seq + 1 in kept:
                own_seq += 1
                self._early_count -= 1
                self._apply(stream, kept.pop(own_seq), told)
            if not kept:
                del self._early[stream]
        self._close_hole(stream, told)

    def _count_missing(self, stream: str, events: int) -> None:
        self._replayed[stream] = self._replayed.get(stream, 0) + events

    def _close_hole(self, stream: str, told: list[Notice]) -> None:
        own_seq = self.seq(stream)
        if own_seq is None or own_seq < self._behind.get(stream, 0):
            return
        self._behind.pop(stream, None)
        missing = self._replayed.pop(stream, 0)
        if missing:
            assert self.epoch is not None, "a hole was closed in an unknown epoch"
            told.append(Repaired(self.epoch, stream, own_seq, missing))

    def check(self) -> None:
        """Assert the invariants that hold after every step. Tests call it."""
        assert self._early_count == sum(len(kept) for kept in self._early.values()) <= self._early_events_max
        assert all(self._early.values()), "an empty buffer stayed"
        for stream, heard_seq in self._behind.items():
            own_seq = self.seq(stream)
            assert own_seq is not None, "a hole in an unknown stream"
            assert own_seq < heard_seq, "a closed hole stayed"
        for stream, kept in self._early.items():
            own_seq = self.seq(stream)
            assert own_seq is None or min(kept) > own_seq + 1, "an event waits though its time has come"
