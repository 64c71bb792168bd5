"""From the changes of a committed batch to the frames that tell everybody."""

from collections.abc import Iterable
from typing import Final, cast

from common.codec import SALE_TOPIC, encode_broadcast, lot_topic, topic
from common.limits import SNAPSHOT_LOTS_MAX
from common.lot import SALE_STREAM, AnyLotEvent, AnySaleEvent, Change
from common.messages import LotEvents, SaleEvents

SALE_EVENTS_MAX: Final = SNAPSHOT_LOTS_MAX
"""Events of the sale in one message. Each may hold a whole lot, and the message must fit into a reply's bound."""

_SALE: Final = topic(SALE_TOPIC)


def frames(epoch: int, changes: Iterable[Change]) -> list[bytes]:
    """Return what a committed batch tells everybody: a frame for each lot touched, and for the sale, in order.

    Events of one lot are put together as long as the sale itself does not speak in between. Lots that were added in
    great number come in several frames.
    """
    done: list[bytes] = []
    by_stream: dict[str, list[AnyLotEvent | AnySaleEvent]] = {}
    for stream, change in changes:
        events = by_stream.get(stream)
        if events is not None:
            events.append(change)
            continue
        if stream == SALE_STREAM or SALE_STREAM in by_stream:
            done += _frames(epoch, by_stream)
            by_stream = {}
        by_stream[stream] = [change]
    return done + _frames(epoch, by_stream)


def _frames(epoch: int, by_stream: dict[str, list[AnyLotEvent | AnySaleEvent]]) -> list[bytes]:
    of_sale = cast("list[AnySaleEvent]", by_stream.pop(SALE_STREAM, []))
    of_lots = cast("dict[str, list[AnyLotEvent]]", by_stream)
    return [
        encode_broadcast(_SALE, SaleEvents(epoch=epoch, events=tuple(of_sale[start : start + SALE_EVENTS_MAX])))
        for start in range(0, len(of_sale), SALE_EVENTS_MAX)
    ] + [
        encode_broadcast(lot_topic(lot), LotEvents(lot, tuple(events), epoch=epoch)) for lot, events in of_lots.items()
    ]
