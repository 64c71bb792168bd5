"""The durable record of a sale: what a journal promises (`protocol`) and the embedded one (`sqlite`)."""

from auctioneer.journal.file import FILE_NAME
from auctioneer.journal.protocol import ChainEnd, DamagedJournalError, Journal, JournalGoneError
from auctioneer.journal.sqlite import SqliteJournal, recount_rejections

__all__ = [
    "FILE_NAME",
    "ChainEnd",
    "DamagedJournalError",
    "Journal",
    "JournalGoneError",
    "SqliteJournal",
    "recount_rejections",
]
