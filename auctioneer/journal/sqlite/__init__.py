"""The store of one sale in an SQLite file, on the disk of the house's machine."""

from auctioneer.journal.sqlite.file import FILE_NAME
from auctioneer.journal.sqlite.journal import fill, recount_rejections
from auctioneer.journal.sqlite.store import SqliteStore

__all__ = ["FILE_NAME", "SqliteStore", "fill", "recount_rejections"]
