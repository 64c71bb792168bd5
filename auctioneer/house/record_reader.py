"""From the events of a journal to the state, fast: of many bids on a lot in a row only the last counts for the state.

Taking each bid in by itself, as it was when it was made, would build and drop a view of the lot for each of them. The
outcome is the same, which tests show by comparing the two.
"""

from collections import deque
from collections.abc import Callable, Iterable
from itertools import chain
from operator import attrgetter

from auctioneer.rules.engine import Engine
from auctioneer.rules.facts import AnyEvent, BidTaken, Outage
from common.limits import REMEMBERED_REQUESTS_MAX

_request_id = attrgetter("request_id")


class _Run:
    """Bids on one lot that wait to be taken in together."""

    __slots__ = ("last", "public_bids", "shown")

    def __init__(self, first: BidTaken) -> None:
        self.last = first
        self.shown: BidTaken | None = None
        """The last of them that is public."""
        self.public_bids = 0


class RecordReader:
    """Reads a record into an engine. `take_one` takes any event into the house whose engine it is."""

    def __init__(self, engine: Engine, take_one: Callable[[AnyEvent], None]) -> None:
        self._engine = engine
        self._take_one = take_one
        self._runs: dict[str, _Run] = {}
        self._bids: dict[int, deque[BidTaken]] = {}
        """Of each paddle the bids with the highest ids, in their order."""

    def take(self, events: Iterable[AnyEvent]) -> None:
        """Take all events in, in their order."""
        runs, bids, lots = self._runs, self._bids, self._engine.lots
        for event in events:
            if type(event) is not BidTaken:
                if isinstance(event, Outage):
                    self._settle_all()  # it extends all lots that are open
                self._take_singly(event)
                continue
            run = runs.get(event.lot)
            if event.while_connected or (run is None and lots[event.lot].drops_when_silent):
                self._take_singly(event)
                continue
            if run is None:
                run = runs[event.lot] = _Run(event)
            run.last = event
            if event.public:
                run.shown = event
                run.public_bids += 1
            mine = bids.get(event.paddle)
            if mine is None:
                bids[event.paddle] = deque((event,), REMEMBERED_REQUESTS_MAX)
            elif event.request_id > mine[-1].request_id:
                mine.append(event)
            else:
                _insert(mine, event)
        self._settle_all()

    def bids(self) -> Iterable[BidTaken]:
        """Return the bids that sessions are to remember, of each paddle those with the highest ids."""
        return chain.from_iterable(self._bids.values())

    def _take_singly(self, event: AnyEvent) -> None:
        self._settle(event.lot)  # what has no lot changes none, or only such as have no bids waiting
        self._take_one(event)
        self._engine.take_changes()  # they were told when they were made

    def _settle_all(self) -> None:
        for lot in list(self._runs):
            self._settle(lot)

    def _settle(self, lot: str) -> None:
        run = self._runs.pop(lot, None)
        if run is not None:
            self._engine.apply_run(run.last, run.shown, run.public_bids)


def _insert(bids: deque[BidTaken], late: BidTaken) -> None:
    """Put a bid in whose id is not the highest, as few are; where there are too many, the lowest id goes."""
    in_order = sorted((*bids, late), key=_request_id)
    bids.clear()
    bids.extend(in_order)
