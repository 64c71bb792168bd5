"""A fast way from the facts of a journal to the state: of consecutive bids on a lot, only the last makes the state.

Applying each bid by itself, as when it was made, would build and drop a view of the lot for each bid. The outcome is
the same; tests compare the two.
"""

from collections import deque
from collections.abc import Callable, Iterable
from itertools import chain
from operator import attrgetter

from auctioneer.rules.engine import Engine
from auctioneer.rules.facts import AnyFact, BidTaken, Outage
from auctioneer.rules.lots import LotState
from common.limits import REMEMBERED_REQUESTS_MAX

_request_id = attrgetter("request_id")


class _Run:
    """Consecutive bids on one lot that wait to be applied together."""

    __slots__ = ("last", "shown")

    def __init__(self, first: BidTaken) -> None:
        self.last = first
        self.shown: BidTaken | None = None
        """The last public one of the bids."""


class RecordReader:
    """Reads a record into an engine. `apply_one` applies one fact, of any kind, to the house of that engine."""

    def __init__(self, engine: Engine, apply_one: Callable[[AnyFact], None]) -> None:
        self._engine = engine
        self._apply_one = apply_one
        self._runs: dict[str, _Run] = {}
        self._bids: dict[int, deque[BidTaken]] = {}
        """By paddle: the bids with the highest ids, in the order of the ids."""

    def read(self, facts: Iterable[AnyFact]) -> None:
        """Apply all facts, in their order."""
        runs, bids, lots = self._runs, self._bids, self._engine.lots
        for fact in facts:
            if type(fact) is not BidTaken:
                if isinstance(fact, Outage):
                    self._settle_all()  # an outage extends all open lots
                self._apply_singly(fact)
                continue
            run = runs.get(fact.lot)
            if fact.while_connected or (run is None and _needs_each(lots[fact.lot])):
                self._apply_singly(fact)
                continue
            if run is None:
                run = runs[fact.lot] = _Run(fact)
            run.last = fact
            if fact.public:
                run.shown = fact
            mine = bids.get(fact.paddle)
            if mine is None:
                bids[fact.paddle] = deque((fact,), REMEMBERED_REQUESTS_MAX)
            elif fact.request_id > mine[-1].request_id:
                mine.append(fact)
            else:
                _insert(mine, fact)
        self._settle_all()

    def bids(self) -> Iterable[BidTaken]:
        """Return the bids that sessions must remember: those with the highest ids of each paddle."""
        return chain.from_iterable(self._bids.values())

    def _apply_singly(self, fact: AnyFact) -> None:
        self._settle(fact.lot)  # a fact without a lot changes no lot that has bids waiting
        self._apply_one(fact)
        self._engine.pop_events()  # they were broadcast when they were made

    def _settle_all(self) -> None:
        for lot in list(self._runs):
            self._settle(lot)

    def _settle(self, lot: str) -> None:
        run = self._runs.pop(lot, None)
        if run is not None:
            self._engine.apply_run(run.last, run.shown)


def _needs_each(lot: LotState) -> bool:
    """Return whether each bid on a lot matters: somebody is watched there, or the lot keeps its offers."""
    return lot.watched is not None or lot.kept is not None


def _insert(bids: deque[BidTaken], late: BidTaken) -> None:
    """Insert a bid whose id is not the highest, which is rare. If there are too many, the lowest id is dropped."""
    in_order = sorted((*bids, late), key=_request_id)
    bids.clear()
    bids.extend(in_order)
