"""`evolve`, the one reducer that all sides share: how an event changes the public state of a lot, or of the sale.

The house, every client and every screen use these functions, so a bidder sees what the house has. Which event may lead
from which status to which stands in `MOVES`, and nowhere else.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from msgspec.structs import replace

from common.lot import CloseCause, CorrectionCause, LotStatus, LotView, Result, SaleStatus, SaleView
from common.lot_events import (
    Announced,
    AnyLotEvent,
    AnySaleEvent,
    Called,
    LotAdded,
    LotAsked,
    LotClosed,
    LotConfirmed,
    LotCorrected,
    LotEvent,
    LotExtended,
    LotMoved,
    LotOpened,
    LotPaused,
    LotRescheduled,
    LotResumed,
    LotRevised,
    LotsReordered,
    LotWithdrawn,
    SaleEnded,
    SalePaused,
    SaleResumed,
)


class Move(NamedTuple):
    """From which statuses an event may lead, and to which; to none: the status stays as it is.

    Where that depends on the status before, `by_status` says it.
    """

    before: tuple[LotStatus, ...]
    after: tuple[LotStatus, ...] = ()
    by_status: Mapping[LotStatus, tuple[LotStatus, ...]] = {}

    def ends(self, before: LotStatus) -> tuple[LotStatus, ...]:
        """Return to which statuses the event may lead from this one."""
        return self.by_status.get(before) or self.after or (before,)


MOVES: Final[dict[type[LotEvent], Move]] = {
    LotRescheduled: Move((LotStatus.SCHEDULED,)),
    LotOpened: Move((LotStatus.SCHEDULED,), (LotStatus.OPEN,)),
    LotMoved: Move((LotStatus.OPEN,)),
    LotPaused: Move((LotStatus.OPEN,), (LotStatus.PAUSED,)),
    LotResumed: Move((LotStatus.PAUSED,), (LotStatus.OPEN,)),
    LotExtended: Move((LotStatus.OPEN, LotStatus.PAUSED)),
    LotClosed: Move((LotStatus.OPEN, LotStatus.PAUSED), (LotStatus.PASSED, LotStatus.SOLD)),
    LotWithdrawn: Move((LotStatus.SCHEDULED, LotStatus.OPEN, LotStatus.PAUSED), (LotStatus.WITHDRAWN,)),
    LotCorrected: Move(
        (LotStatus.OPEN, LotStatus.PAUSED, LotStatus.SOLD, LotStatus.PASSED, LotStatus.WITHDRAWN),
        by_status={
            LotStatus.OPEN: (LotStatus.OPEN, LotStatus.PAUSED),
            LotStatus.PAUSED: (LotStatus.OPEN, LotStatus.PAUSED),
            LotStatus.SOLD: (LotStatus.OPEN, LotStatus.PAUSED, LotStatus.PASSED, LotStatus.SOLD),
            LotStatus.PASSED: (LotStatus.OPEN, LotStatus.PAUSED, LotStatus.SOLD),
            LotStatus.WITHDRAWN: (LotStatus.OPEN, LotStatus.PAUSED),
        },
    ),
    LotAsked: Move((LotStatus.PAUSED,)),
    LotConfirmed: Move((LotStatus.PAUSED,), (LotStatus.OPEN, LotStatus.PAUSED)),
    LotRevised: Move(tuple(LotStatus)),
}
"""The only table of a lot's statuses. Decisions ask it what they may do, and `evolve` goes by it. The audit checks each
lot against it, and the diagram in `docs/architecture.md` is made from it."""


def status_after(status: LotStatus, event: AnyLotEvent) -> LotStatus:
    """Return a lot's status after an event. A close has two ends: sold if it has results, else passed.

    A correction names the status, and so does an answer.
    """
    if isinstance(event, LotCorrected | LotConfirmed):
        return event.status
    after = MOVES[type(event)].after
    if isinstance(event, LotClosed):
        return after[bool(event.results)]
    return after[0] if after else status


# --- the reducers --------------------------------------------------------------------------------------------------


def first_view(added: LotAdded) -> LotView:
    """Return the view of a lot that has just joined the sale."""
    return LotView(added.terms, added.board, opens_at_ms=added.opens_at_ms)


def evolve(view: LotView, event: AnyLotEvent) -> LotView:
    """Return the view after `event`; the caller guarantees that `event.seq == view.seq + 1`."""
    match event:
        case LotMoved():
            return moved(view, event)
        case LotOpened():
            return _changed(view, event, opens_at_ms=event.at_ms, ends_at_ms=event.ends_at_ms)
        case LotRescheduled():
            return _changed(view, event, opens_at_ms=event.opens_at_ms)
        case LotPaused():
            return _changed(view, event, ends_at_ms=None, remaining_ms=event.remaining_ms)
        case LotResumed():
            return _changed(view, event, ends_at_ms=event.ends_at_ms, remaining_ms=None)
        case LotExtended():
            return _changed(view, event, ends_at_ms=event.ends_at_ms, remaining_ms=event.remaining_ms)
        case LotClosed():
            return _final(view, event, event.results, event.cause)
        case LotWithdrawn():
            return _final(view, event, reason=event.reason)
        case LotCorrected() | LotAsked() | LotConfirmed() | LotRevised():
            return _after_correction(view, event)


def _after_correction(view: LotView, event: LotCorrected | LotAsked | LotConfirmed | LotRevised) -> LotView:
    match event:
        case LotCorrected():
            return _corrected(view, event)
        case LotAsked():
            return _changed(view, event, asked=event.asked)
        case LotConfirmed():
            times = {"ends_at_ms": event.ends_at_ms, "remaining_ms": event.remaining_ms}
            return _changed(view, event, asked=None, **times)
        case LotRevised():
            times = {"opens_at_ms": event.opens_at_ms, "ends_at_ms": event.ends_at_ms}
            return _changed(view, event, terms=event.terms, board=event.board, **times)


def moved(view: LotView, event: LotMoved) -> LotView:
    """Return the view after the bidding moved.

    The fields are given by position: `replace` would cost ten times as much for each bid.
    """
    return LotView(view.terms, event.board, event.seq, view.status, view.opens_at_ms, event.ends_at_ms)


def _changed(view: LotView, event: AnyLotEvent, **fields: object) -> LotView:
    return replace(view, seq=event.seq, status=status_after(view.status, event), **fields)


def _final(
    view: LotView,
    event: LotClosed | LotWithdrawn,
    results: tuple[Result, ...] = (),
    cause: CloseCause | None = None,
    reason: str = "",
) -> LotView:
    """Return the view of a lot that is over; its fields by position as in `moved`, since many lots close at once."""
    status = status_after(view.status, event)
    return LotView(
        view.terms,
        event.board,
        event.seq,
        status,
        view.opens_at_ms,
        None,
        None,
        results,
        event.at_ms,
        cause,
        reason,
    )


_CLOSED_BY: Final = {CorrectionCause.VOID: CloseCause.VOIDED, CorrectionCause.AWARD: CloseCause.AWARDED}
"""Why a lot counts as closed after a correction that leaves it over."""


def _corrected(view: LotView, event: LotCorrected) -> LotView:
    """Return the view after a correction. A lot that is over keeps the time of its close; one that opens has none."""
    is_over = event.status.is_final
    return _changed(
        view,
        event,
        board=event.board,
        opens_at_ms=view.opens_at_ms if is_over or view.opens_at_ms is not None else event.at_ms,
        ends_at_ms=event.ends_at_ms,
        remaining_ms=event.remaining_ms,
        results=event.results,
        closed_at_ms=view.closed_at_ms if is_over else None,
        close_cause=_CLOSED_BY[event.cause] if is_over else None,
        reason="",
        asked=event.asked,
    )


def evolve_sale(view: SaleView, event: AnySaleEvent) -> SaleView:
    """Return the sale's view after `event`; the caller guarantees that `event.seq == view.seq + 1`."""
    match event:
        case LotAdded():
            return replace(view, seq=event.seq, lots=view.lots + 1)
        case LotsReordered():
            return replace(view, seq=event.seq)
        case SalePaused():
            return replace(view, seq=event.seq, status=SaleStatus.PAUSED)
        case SaleResumed():
            return replace(view, seq=event.seq, status=SaleStatus.RUNNING)
        case Announced():
            return replace(view, seq=event.seq, announcement=event.text)
        case Called():
            return replace(view, seq=event.seq)
        case SaleEnded():
            return replace(view, seq=event.seq, status=SaleStatus.ENDED)
