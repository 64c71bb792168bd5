"""A record in memory, which ends with the process: a sale can be held on it where nothing need outlast that.

It has the text and the chain of any other, so that nothing is shared with the state of a house.
"""

from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager, nullcontext
from math import inf
from pathlib import Path
from typing import Any

from auctioneer.journal.chain import (
    GENESIS_HASH,
    READ_FACTS,
    SUM_BYTES,
    ChainedRecord,
    KeptRejections,
    Row,
    rows_of,
)
from auctioneer.journal.protocol import ChainEnd, FencedError, Owner
from auctioneer.rules.contacts import Contact, ContactChange
from auctioneer.rules.facts import AnyFact, Rejection
from common.errors import StorageError

_PLACE = "in memory"


class MemoryStore:
    """A `Store` of one record, which is there for as long as this is."""

    place = _PLACE

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.rejections: dict[int, Sequence[Any]] = {}
        self.contacts: dict[int, Contact] = {}
        self.end = ChainEnd(0, GENESIS_HASH)
        self.sum = bytes(SUM_BYTES)
        self.alive_ms = 0
        self.owner = Owner(0, "")

    @property
    def exists(self) -> bool:
        """Whether somebody ever had the journal."""
        return self.owner.term > 0

    def take_over(self, holder: str, gone: Collection[str] = ()) -> "MemoryJournal":  # noqa: ARG002 -- of the seam
        """Return the journal for writing, in a new term. Raises DamagedJournalError where its end is not sound."""
        return MemoryJournal(self, holder)

    def resume(self, holder: str) -> "MemoryJournal":
        """Return the journal for writing again. Raises FencedError where another had it in the meantime."""
        if self.owner.holder != holder:
            raise FencedError(self.place)
        return self.take_over(holder)

    def read(self) -> "MemoryRecord":
        """Return the record for reading. Raises StorageError where there is none."""
        if not self.exists:
            raise StorageError("There is no journal in memory.")
        return MemoryRecord(self)

    def copy(self, target: Path) -> None:
        """Raise StorageError: what is in memory has no copy in a file."""
        raise StorageError(f"A journal in memory can't be copied to {target}.")


class MemoryRecord(ChainedRecord):
    """A `Record` in memory."""

    def __init__(self, store: MemoryStore) -> None:
        super().__init__(_PLACE)
        self._store = store
        self._is_open = True

    def close(self) -> None:
        """Let go of the record; safe to repeat."""
        self._is_open = False

    def _usable(self) -> MemoryStore:
        if not self._is_open:
            raise StorageError("The journal in memory can't be used: it was closed.")
        return self._store

    def _stored_head(self) -> Sequence[Any] | None:
        store = self._usable()
        first, last = (store.rows[0].first, store.rows[-1].last) if store.rows else (None, None)
        owner = store.owner
        return (*store.end, store.sum, store.alive_ms, owner.term, owner.holder.encode(), first, last)

    def _stored_rows(self, after: int, end: int) -> list[Sequence[Any]]:
        begin, stop = self._index(after + 1), self._index(end + 1)
        return list(self._usable().rows[begin : min(stop, begin + READ_FACTS)])

    def _stored_row_of(self, position: int) -> Sequence[Any] | None:
        rows = self._usable().rows
        index = self._index(position + 1) - 1
        return (rows[index].first, rows[index].last, rows[index].hash) if index >= 0 else None

    def _index(self, first: int) -> int:
        """Return the place of the first row that begins at `first` or after it."""
        rows = self._usable().rows
        low, high = 0, len(rows)
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if rows[middle].first < first else (low, middle)
        return low

    def _stored_rejections(self, after: int) -> list[Sequence[Any]]:
        return [row for number, row in self._usable().rejections.items() if number > after][:READ_FACTS]

    def _stored_contacts(self) -> list[Sequence[Any]]:
        known = self._usable().contacts
        return [(paddle, one.company.encode(), one.contact.encode()) for paddle, one in known.items()]

    def _moment(self) -> AbstractContextManager[None]:
        return nullcontext()


class MemoryJournal(MemoryRecord):
    """A `Journal` in memory, which finishes each batch at once."""

    handle: int | None = None
    is_sending = False

    def __init__(self, store: MemoryStore, holder: str) -> None:
        super().__init__(store)
        head = self.check_end()
        self._kept = KeptRejections()
        self._kept.restore(self.kept_rejections(), head.rejections)
        self._owner = store.owner = Owner(store.owner.term + 1, holder)
        self._end, self._alive_ms = store.end, store.alive_ms
        self._number = 0

    @property
    def position(self) -> int:
        """The position of the last fact; 0 where there is none."""
        return self._end.position

    @property
    def alive_ms(self) -> int:
        """When the house last wrote (server time); 0 where it never did."""
        return self._alive_ms

    @property
    def end(self) -> ChainEnd:
        """Where the chain ends."""
        return self._end

    @property
    def owner(self) -> Owner:
        """The writer itself, who may have lost the record since."""
        return self._owner

    def begin(
        self,
        facts: Sequence[AnyFact],
        rejections: Sequence[Rejection],
        now_ms: int,
        contacts: Sequence[ContactChange] = (),
    ) -> int:
        """Store a batch and return its number."""
        store = self._usable()
        if store.owner != self._owner:
            self.close()
            raise FencedError(_PLACE)
        added, surplus, store.sum = self._kept.sort(rejections)
        rows = rows_of(facts, store.end, store.sum)
        store.rows.extend(rows)
        for row in added:
            store.rejections[row.number] = (*row[:4], row.lot.encode(), row.code.encode(), row.body.encode())
        for number in surplus:
            del store.rejections[number]
        for paddle, contact in contacts:
            if contact is None:
                store.contacts.pop(paddle, None)
            else:
                store.contacts[paddle] = contact
        if rows:
            store.end = ChainEnd(rows[-1].last, rows[-1].hash)
        store.alive_ms = now_ms
        self._end, self._alive_ms = store.end, now_ms
        self._number += 1
        return self._number

    def finished(self) -> int:
        """Return the number of the last batch."""
        return self._number

    def wait(self, wait_s: float = inf) -> None:
        """Return at once: what was begun is stored."""

    def require_in_place(self) -> None:
        """Return: nobody can take the memory away."""
