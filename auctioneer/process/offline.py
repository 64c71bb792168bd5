"""A sale whose house is not running, read from its journal; nothing is written and nothing is decided.

While no house runs the clocks stand, because the next start adds the outage to every open lot. So reports are made
for the moment when the house last wrote, and the time left in them is what bidders will find again.
"""

from typing import Any, NamedTuple

from auctioneer.house.house import House
from auctioneer.house.reports import REPORTS, choose
from auctioneer.house.settings import HouseSettings
from auctioneer.journal import SqliteJournal
from auctioneer.process.folder import DataFolder


class OfflineSale(NamedTuple):
    """A house as its journal tells it, and when (server time) it last wrote."""

    house: House
    alive_ms: int

    def ask(self, report: str, lots: tuple[str, ...] = ()) -> Any:
        """Return the same report that a running house would give. Raises RejectedError for a lot that there is not."""
        return REPORTS[report](self.house, self.alive_ms, choose(self.house, lots))


def open_journal(folder: DataFolder) -> SqliteJournal:
    """Open the journal of a sale for reading. Raises UsageError where there is none, and StorageError."""
    folder.require_sale()
    return SqliteJournal.open(folder.journal, read_only=True)


def read_sale(folder: DataFolder) -> OfflineSale:
    """Return the sale in `folder`. Raises UsageError where there is none, and StorageError for a damaged journal."""
    journal = open_journal(folder)
    try:
        alive_ms = journal.alive_ms
        saved = folder.snapshots.load(journal).saved
        position, state = (saved.position, saved.state) if saved is not None else (0, None)
        facts = (fact for _, fact in journal.read(position))
        # Rejections are verdicts kept for repeated requests; no report shows them.
        house = House.rebuild(HouseSettings(instance="", publish_port=0), state, facts, (), alive_ms)
    finally:
        journal.close()
    return OfflineSale(house, alive_ms)
