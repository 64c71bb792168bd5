"""From the changes of a committed batch to the messages that tell everybody."""

from collections.abc import Iterable
from typing import Final, cast

from common.limits import SNAPSHOT_LOTS_MAX
from common.lot import SALE_STREAM, AnyLotEvent, AnySaleEvent, Change
from common.messages import LotEvents, SaleEvents

SALE_EVENTS_MAX: Final = SNAPSHOT_LOTS_MAX
"""Events of the sale in one message. Each may hold a whole lot, and the message must fit into a reply's bound."""


def broadcasts(epoch: int, changes: Iterable[Change]) -> list[LotEvents | SaleEvents]:
    """Return what a committed batch tells everybody: a message for each lot touched, and for the sale, in order.

    Events of one lot are put together as long as the sale itself does not speak in between. Lots that were added in
    great number come in several messages.
    """
    messages: list[LotEvents | SaleEvents] = []
    by_stream: dict[str, list[AnyLotEvent | AnySaleEvent]] = {}
    for stream, change in changes:
        events = by_stream.get(stream)
        if events is not None:
            events.append(change)
            continue
        if by_stream and (stream == SALE_STREAM or SALE_STREAM in by_stream):
            messages.extend(_messages(epoch, by_stream))
            by_stream = {}
        by_stream[stream] = [change]
    return messages + _messages(epoch, by_stream)


def _messages(epoch: int, by_stream: dict[str, list[AnyLotEvent | AnySaleEvent]]) -> list[LotEvents | SaleEvents]:
    sale_events = cast("list[AnySaleEvent]", by_stream.pop(SALE_STREAM, []))
    return [
        SaleEvents(epoch=epoch, events=tuple(sale_events[start : start + SALE_EVENTS_MAX]))
        for start in range(0, len(sale_events), SALE_EVENTS_MAX)
    ] + [
        LotEvents(epoch=epoch, lot=stream, events=cast("tuple[AnyLotEvent, ...]", tuple(events)))
        for stream, events in by_stream.items()
    ]
