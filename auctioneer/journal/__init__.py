"""The durable record of a sale: what each store promises (`protocol`), what they have in common (`chain`), and they."""

from auctioneer.journal.protocol import (
    ChainEnd,
    DamagedJournalError,
    FencedError,
    Journal,
    JournalGoneError,
    Owner,
    Record,
    Store,
    append,
)

__all__ = [
    "ChainEnd",
    "DamagedJournalError",
    "FencedError",
    "Journal",
    "JournalGoneError",
    "Owner",
    "Record",
    "Store",
    "append",
]
