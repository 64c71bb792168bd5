"""The latest public events, kept in memory so that a client can close a gap without a read of the journal.

Their number is bounded over all streams together. The oldest events are forgotten first; a client that needs one of
them asks for a snapshot. Gaps are rare and bids are not, so events are sorted by stream only when a client asks.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

from auctioneer.rules.fact_events import answer_put_off, given_back, public_part
from auctioneer.rules.facts import AnyFact, Outage
from common.lot import Asked
from common.lot_events import AnyLotEvent, AnySaleEvent, LotAsked, LotCorrected, LotExtended, LotRevised, StreamEvent

RECENT_EVENTS_MAX: Final = 50_000
RECENT_OUTAGES_MAX: Final = 10
"""The most outages in the part of the record that is read, since each may extend every lot in it."""


def public_events(record: Sequence[AnyFact]) -> Iterator[StreamEvent]:
    """Yield the public events of consecutive facts, each event with its stream.

    An outage extended each lot that was open. Whether a lot was open is known only if an earlier fact here shows it;
    the events of any other lot begin after the outage. The facts before the last RECENT_OUTAGES_MAX outages are left
    out.
    """
    outages = [place for place, fact in enumerate(record) if isinstance(fact, Outage)]
    begin = outages[-RECENT_OUTAGES_MAX - 1] + 1 if len(outages) > RECENT_OUTAGES_MAX else 0
    open_lots: dict[str, tuple[int, int]] = {}  # the seq and the end of each lot that is known to be open
    asking: dict[str, tuple[int, Asked, int]] = {}  # the seq, who is asked and until when, of each lot that asks
    for fact in islice(record, begin, None):
        if isinstance(fact, Outage):
            for lot, (seq, ends_at_ms) in open_lots.items() if fact.outage_ms else ():
                extended = given_back(fact, seq, ends_at_ms)
                open_lots[lot] = extended.seq, ends_at_ms + fact.outage_ms
                yield lot, extended
            for lot, (seq, asked, until_ms) in asking.items() if fact.outage_ms else ():
                put_off = answer_put_off(fact, seq, asked, until_ms)
                asking[lot] = put_off.seq, asked, until_ms + fact.outage_ms
                yield lot, put_off
            continue
        event = public_part(fact)
        if event is None:
            continue
        yield fact.lot, event
        end = getattr(event, "ends_at_ms", None)  # an event that leaves a lot open with a clock has its end
        if end is None:
            open_lots.pop(fact.lot, None)
        else:
            open_lots[fact.lot] = event.seq, end
        _note_asked(asking, fact.lot, event)


def _note_asked(asking: dict[str, tuple[int, Asked, int]], lot: str, event: AnyLotEvent | AnySaleEvent) -> None:
    """Note whether the leader of a lot is asked after an event of it."""
    if isinstance(event, LotCorrected | LotAsked) and event.asked is not None and event.asked.until_ms is not None:
        asking[lot] = event.seq, event.asked, event.asked.until_ms
    elif isinstance(event, LotExtended | LotRevised) and lot in asking:
        _, asked, until_ms = asking[lot]
        asking[lot] = event.seq, asked, until_ms
    else:
        asking.pop(lot, None)


class History:
    """Recent events of each stream, contiguous up to the stream's present seq."""

    def __init__(self, events_max: int = RECENT_EVENTS_MAX) -> None:
        self._events_max = events_max
        self._unsorted: deque[StreamEvent] = deque(maxlen=events_max)
        self._order: deque[str] = deque()  # the streams of the sorted events, oldest first
        self._streams: dict[str, deque[AnyLotEvent | AnySaleEvent]] = {}

    def extend(self, events: Iterable[StreamEvent]) -> None:
        """Keep events. Those of a stream must follow the last kept event of that stream."""
        self._unsorted.extend(events)

    def after(self, stream: str, seq: int, most: int) -> list[AnyLotEvent | AnySaleEvent] | None:
        """Return up to `most` events that follow `seq`, without a gap; None if they are no longer kept."""
        self._sort()
        events = self._streams.get(stream)
        if not events or events[0].seq > seq + 1:
            return None
        return list(islice(events, seq + 1 - events[0].seq, seq + 1 - events[0].seq + most))

    def _sort(self) -> None:
        # A full queue may have lost events, which would leave a gap; then all events sorted earlier are dropped below.
        for stream, event in self._unsorted:
            self._streams.setdefault(stream, deque()).append(event)
            self._order.append(stream)
        self._unsorted.clear()
        while len(self._order) > self._events_max:
            oldest = self._order.popleft()
            self._streams[oldest].popleft()
            if not self._streams[oldest]:
                del self._streams[oldest]
