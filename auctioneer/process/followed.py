"""The house of a sale that another process holds, kept up with its record, so that a take-over has little to read.

Rows that were read on a database's primary may be gone when one of its standbys is promoted. So what was followed
counts only where the record, once it was taken over, has the same hash at the same position; else it is read again.
"""

from collections import deque
from itertools import chain
from typing import Final

from auctioneer.house.house import House
from auctioneer.house.settings import HouseSettings
from auctioneer.journal import ChainEnd, Journal
from auctioneer.journal.chain import GENESIS_HASH, ChainedRecord
from auctioneer.journal.snapshots import PassedOver, SnapshotFiles
from auctioneer.process.held_sale import facts_between_snapshots
from auctioneer.process.startup import RECENT_EVENTS, read_house
from auctioneer.rules.facts import AnyFact

NEAR_FACTS: Final = 20_000
"""Whoever is so near the end of the record may take it over: the rest is read in a fraction of a second."""
_NOTHING: Final = ChainEnd(0, GENESIS_HASH)


class Followed:
    """A house that decides nothing, and how far it has read. `settings` are those with which it would hold the sale."""

    def __init__(self, snapshots: SnapshotFiles, settings: HouseSettings) -> None:
        self._snapshots = snapshots
        self._settings = settings
        self.forget()

    def forget(self) -> None:
        """Begin anew: what was followed is not what the record has."""
        self.house: House | None = None
        self.end = _NOTHING
        self.snapshot_position = 0
        self.passed_over: tuple[PassedOver, ...] = ()
        self._is_begun = False
        self._recent: deque[AnyFact] = deque(maxlen=RECENT_EVENTS)

    def fits(self, end: ChainEnd) -> bool:
        """Return whether the record may end like this, after what was followed."""
        return self.end == end if self.end.position == end.position else self.end.position < end.position

    def is_near(self, end: ChainEnd) -> bool:
        """Return whether little is left to read."""
        return self._is_begun and end.position - self.end.position <= NEAR_FACTS

    @property
    def is_snapshot_due(self) -> bool:
        """Whether so much was read since the last snapshot that another one is worth it."""
        house = self.house
        return house is not None and self.end.position - self.snapshot_position >= facts_between_snapshots(house)

    def follow(self, record: ChainedRecord, upto: int, now_ms: int) -> bool:
        """Read some of what is new, up to position `upto`; return whether there may be more.

        Raises DamagedJournalError where the record does not go on from what was followed, and StorageError.
        """
        if not self._is_begun:
            self._begin(record, now_ms)
            return True
        batches = record.follow(self.end, upto)
        if not batches:
            return False
        facts = list(chain.from_iterable(batch.facts for batch in batches))
        if self.house is None:
            self.house = House.rebuild(self._settings, None, facts, (), now_ms)
        else:
            self.house.read_on(facts, now_ms)
        self._recent.extend(facts)
        self.end = ChainEnd(batches[-1].last, batches[-1].hash)
        return self.end.position < upto

    def _begin(self, record: ChainedRecord, now_ms: int) -> None:
        """Take the newest snapshot that is of this record, if there is one."""
        saved, self.passed_over = self._snapshots.load(record)
        self._is_begun = True
        if saved is not None:
            self.snapshot_position = saved.position
            self.house = House.rebuild(self._settings, saved.state, (), (), now_ms)
            self.end = ChainEnd(saved.position, record.hash_at(saved.position))
            before = max(0, saved.position - RECENT_EVENTS)
            self._recent.extend(fact for _, fact in record.read(before, saved.position))

    def catch_up(self, journal: Journal, settings: HouseSettings, now_ms: int) -> House:
        """Return the house as the journal tells it, which this process owns now; it holds the sale from `now_ms` on.

        Raises DamagedJournalError, and StorageError.
        """
        if self.house is None or journal.hash_at(self.end.position) != self.end.hash:
            self.forget()
            loaded = self._snapshots.load(journal)
            self.snapshot_position = 0 if loaded.saved is None else loaded.saved.position
            self.passed_over = loaded.passed_over
            return read_house(journal, loaded, settings, now_ms)
        rest = [fact for position, fact in journal.read(self.end.position) if position > self.end.position]
        self.house.read_on(rest, now_ms)
        self.house.recall_beside(journal.rejections(), journal.contacts())
        self._recent.extend(rest)
        self.house.recall_history(self._recent)
        self.house.begin_term(settings, now_ms)
        return self.house
