"""Reads a sale whose house is not running from its journal; nothing is written and nothing is decided.

While no house runs the clocks stand still, because the next start adds the outage to every open lot. So a report is for
the moment at which the house last wrote, and its lots have the time left that bidders will find again.
"""

from typing import Any, NamedTuple

from auctioneer.house.house import House
from auctioneer.house.reports import REPORTS, choose
from auctioneer.house.settings import HouseSettings
from auctioneer.house.standbys import Standby
from auctioneer.journal import Record
from auctioneer.process.folder import DataFolder


class OfflineSale(NamedTuple):
    """A house as its journal describes it, and the server time at which it last wrote."""

    house: House
    alive_ms: int

    def ask(self, report: str, lots: tuple[str, ...] = ()) -> Any:
        """Return the report that a running house would give. Raises RejectedError for an unknown lot."""
        return REPORTS[report](self.house, self.alive_ms, choose(self.house, lots))


def open_journal(folder: DataFolder) -> Record:
    """Open the journal of a sale for reading. Raises UsageError if there is none, StorageError if it can't be read."""
    folder.require_sale()
    return folder.store.read()


def read_sale(folder: DataFolder) -> OfflineSale:
    """Return the sale in `folder`. Raises UsageError if there is none, and StorageError if its journal is damaged."""
    journal = open_journal(folder)
    try:
        alive_ms = journal.alive_ms
        house = house_upto(folder, journal)
        position = journal.position
    finally:
        journal.close()
    if folder.store_url:
        beside = folder.shared_store.beside()
        house.standbys = [Standby(one.place, max(0, position - one.position)) for one in beside]
    return OfflineSale(house, alive_ms)


def house_upto(folder: DataFolder, journal: Record, upto: int | None = None) -> House:
    """Return the house as a start would read it: from the newest snapshot up to `upto`, and the facts after it.

    Rejections are left out, since they are only needed for repeated requests.
    """
    saved = folder.snapshots.load(journal).saved
    if saved is None or (upto is not None and saved.position > upto):
        position, state = 0, None
    else:
        position, state = saved.position, saved.state
    facts = (fact for _, fact in journal.read(position, upto))
    owner = journal.owner
    settings = HouseSettings(instance=owner.holder, publish_port=0, term=owner.term)
    return House.rebuild(settings, state, facts, (), journal.alive_ms, journal.contacts())
