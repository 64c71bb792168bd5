"""The frames that broadcast the events of a committed batch."""

from collections.abc import Callable, Iterable
from typing import Final, cast

from common.codec import MANY_LOTS_TOPIC, SALE_TOPIC, encode_broadcast, lot_topic, topic
from common.lot import SALE_STREAM
from common.lot_events import AnyLotEvent, AnySaleEvent, StreamEvent
from common.messages import LotEvents, ManyLots, OneLot, SaleEvents

SALE_EVENTS_MAX: Final = 64
"""The most events of the sale in one message. Each may hold a whole lot, and the message must not be too large."""

LOTS_TOGETHER_MAX: Final = 256
"""The most lots in one frame. It stays far below the largest message; larger frames would save next to nothing."""

_SALE: Final = topic(SALE_TOPIC)
_MANY_LOTS: Final = topic(MANY_LOTS_TOPIC)


def frames(epoch: int, events: Iterable[StreamEvent], is_followed: Callable[[str], bool]) -> list[bytes]:
    """Return the frames that broadcast these events of a committed batch.

    A lot that `is_followed` by its own topic has a frame of its own, and so has the sale. All other lots share a frame,
    or several if there are too many. Events of one lot are put together unless an event of the sale lies between them.
    """
    done: list[bytes] = []
    by_stream: dict[str, list[AnyLotEvent | AnySaleEvent]] = {}
    for stream, event in events:
        of_stream = by_stream.get(stream)
        if of_stream is not None:
            of_stream.append(event)
            continue
        if stream == SALE_STREAM or SALE_STREAM in by_stream:
            done += _frames(epoch, by_stream, is_followed)
            by_stream = {}
        by_stream[stream] = [event]
    return done + _frames(epoch, by_stream, is_followed)


def _frames(
    epoch: int, by_stream: dict[str, list[AnyLotEvent | AnySaleEvent]], is_followed: Callable[[str], bool]
) -> list[bytes]:
    of_sale = cast("list[AnySaleEvent]", by_stream.pop(SALE_STREAM, []))
    of_lots = cast("dict[str, list[AnyLotEvent]]", by_stream)
    told = [
        encode_broadcast(_SALE, SaleEvents(epoch=epoch, events=tuple(of_sale[start : start + SALE_EVENTS_MAX])))
        for start in range(0, len(of_sale), SALE_EVENTS_MAX)
    ]
    together: list[OneLot] = []
    alone = len(of_lots) == 1
    for lot, events in of_lots.items():
        if alone or is_followed(lot):
            told.append(encode_broadcast(lot_topic(lot), LotEvents(lot, tuple(events), epoch=epoch)))
        else:
            together.append(OneLot(lot, tuple(events)))
    for start in range(0, len(together), LOTS_TOGETHER_MAX):
        lots = tuple(together[start : start + LOTS_TOGETHER_MAX])
        told.append(encode_broadcast(_MANY_LOTS, ManyLots(lots, epoch=epoch)))
    return told
