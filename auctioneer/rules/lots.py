"""The state of one lot in the house, and the events that open, close or change it. Nothing here changes a lot."""

from functools import lru_cache
from typing import Final

import msgspec
from msgspec.structs import replace

from auctioneer.rules.facts import LotDecided
from auctioneer.rules.formats import english
from auctioneer.rules.terms import LotSpec
from common.lot import AnyLotEvent, CloseCause, LotClosed, LotOpened, LotView, Step


class LotState(msgspec.Struct):
    """The state of one lot: the public view, the secrets, and what only the house needs."""

    spec: LotSpec
    index: int
    view: LotView
    seller_skeletons: tuple[str, ...] = ()
    """A bidder with one of these is the seller."""
    book: english.Book | None = None
    extended_ms: int = 0
    """How much of the soft close was used so far."""
    paused_with_sale: bool = False
    drops_when_silent: bool = False
    """The leader asked to drop the rest of the maximum when the leader falls silent."""
    queued_ms: int | None = None
    """When the clock looks at this lot next; never later than the lot is due."""


_decode: Final = msgspec.msgpack.Decoder(LotState).decode


@lru_cache(maxsize=1024)
def _shared(table: tuple[Step, ...]) -> tuple[Step, ...]:
    """Return the first of all equal increment tables, so that lots share it."""
    return table


def with_shared_table(spec: LotSpec) -> LotSpec:
    """Return a lot's spec that shares its increment table with other lots; a copy would be half of the lot's memory."""
    terms, table = spec.terms, _shared(spec.terms.increments)
    if table is terms.increments:
        return spec
    return replace(spec, terms=replace(terms, increments=table))


def lot_of(raw: msgspec.Raw) -> LotState:
    """Return the lot in a snapshot; its spec and its view share the terms, as they did before the snapshot."""
    lot = _decode(raw)
    lot.spec = with_shared_table(lot.spec)
    lot.view = replace(lot.view, terms=lot.spec.terms)
    return lot


def soft_close_ms(lot: LotState, now_ms: int) -> int:
    """Return by how many milliseconds a public bid at `now_ms` moves the end.

    The lot then stays open for `extension_ms` after the bid, within the cap.
    """
    soft_close, ends_at_ms = lot.spec.terms.soft_close, lot.view.ends_at_ms
    if soft_close is None or ends_at_ms is None or now_ms < ends_at_ms - soft_close.window_ms:
        return 0
    wanted_ms = max(0, now_ms + soft_close.extension_ms - ends_at_ms)
    return wanted_ms if soft_close.cap_ms is None else min(wanted_ms, soft_close.cap_ms - lot.extended_ms)


def opening(lot: LotState, at_ms: int) -> LotOpened:
    """Return the event that opens a lot at `at_ms`."""
    duration_ms = lot.spec.terms.duration_ms
    return LotOpened(lot.view.seq + 1, at_ms, None if duration_ms is None else at_ms + duration_ms)


def closing(lot: LotState, at_ms: int, cause: CloseCause) -> LotClosed:
    """Return the event that closes a lot: sold to the leader, or passed if there is none or the reserve is not met."""
    view = lot.view
    if view.leader is None or view.reserve_met is False:
        return LotClosed(view.seq + 1, at_ms, cause)
    return LotClosed(view.seq + 1, at_ms, cause, view.leader, view.price_minor)


def lot_decision(lot: LotState, event: AnyLotEvent, by: str, *, with_sale: bool = False) -> LotDecided:
    """Return the fact for a change of a lot; `by` names the person who decided it, or the house."""
    return LotDecided(at_ms=event.at_ms, lot=lot.view.lot, seq=event.seq, event=event, by=by, with_sale=with_sale)
