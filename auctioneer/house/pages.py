"""How many lots or events go into one answer: their number and their size are bounded.

Answers to a client that does not read them wait in memory. So the bound of an answer is far below the size that a
client accepts; the rest comes with the next page. Sizes are estimated from above: each name and number counts at its
longest, and each text as it is. This costs a tenth of encoding a lot.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from auctioneer.rules.lots import LotState
from common.limits import SNAPSHOT_LOTS_MAX
from common.lot import LotTerms, LotView
from common.lot_events import (
    Announced,
    AnyLotEvent,
    AnySaleEvent,
    LotAdded,
    LotClosed,
    LotCorrected,
    LotMoved,
    LotRevised,
    LotWithdrawn,
)

PAGE_BYTES_MAX: Final = 128 * 1024
"""The most bytes of lots or events in one answer. The first always fits, so every page makes progress."""

_TERMS_BYTES: Final = 320
"""The size of a lot's terms without their texts and the format's, and of the event around them."""
_VIEW_BYTES: Final = 224
"""The size of a lot's view without its terms, its board, its results and the reason of a withdrawal."""
_EVENT_BYTES: Final = 120
"""The size of any event without its texts, its board and its results."""
_RESULT_BYTES: Final = 56
"""The size of one row of a lot's outcome."""


def page_of_lots(catalogue: Sequence[LotState], start: int) -> tuple[LotView, ...]:
    """Return the lots on the page of a snapshot that begins at the index `start`; none if that is beyond the end."""
    views = [lot.view for lot in catalogue[start : start + SNAPSHOT_LOTS_MAX]]
    return tuple(views[: _how_many_fit(map(view_bytes, views))])


def page_of_events(events: list[AnyLotEvent | AnySaleEvent]) -> list[AnyLotEvent | AnySaleEvent]:
    """Return the first of these events, as many as fit into one answer."""
    return events[: _how_many_fit(map(event_bytes, events))]


def view_bytes(view: LotView) -> int:
    """Return the most bytes that a lot's view can take."""
    frame = _VIEW_BYTES + _terms_bytes(view.terms) + len(view.reason.encode())
    return frame + view.board.BYTES_MAX + _RESULT_BYTES * len(view.results)


def event_bytes(event: AnyLotEvent | AnySaleEvent) -> int:
    """Return the most bytes that an event can take."""
    match event:
        case LotAdded():
            return _terms_bytes(event.terms) + event.board.BYTES_MAX
        case Announced():
            return _EVENT_BYTES + len(event.text.encode())
        case LotWithdrawn():
            return _EVENT_BYTES + event.board.BYTES_MAX + len(event.reason.encode())
        case LotMoved():
            return _EVENT_BYTES + event.board.BYTES_MAX
        case LotRevised():
            return _terms_bytes(event.terms) + event.board.BYTES_MAX
        case LotClosed() | LotCorrected():
            return _EVENT_BYTES + event.board.BYTES_MAX + _RESULT_BYTES * len(event.results)
        case _:
            return _EVENT_BYTES


def _terms_bytes(terms: LotTerms) -> int:
    texts = terms.title + terms.description + terms.image + terms.seller
    return _TERMS_BYTES + terms.format.bytes_max + len(texts.encode())


def _how_many_fit(sizes: Iterable[int]) -> int:
    total = count = 0
    for size in sizes:
        total += size
        if total > PAGE_BYTES_MAX and count:
            break
        count += 1
    return count
