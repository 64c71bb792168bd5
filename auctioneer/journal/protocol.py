"""What the house needs of a journal, whatever stores it.

The rules that every journal upholds:

- What `append` returned from is durable: it survives a crash of the process, the machine and its power.
- A batch is stored whole or not at all. Positions are contiguous from 1 and are never given twice.
- Each batch carries a hash over its text and the hash before it, so that an edit, a hole or a lost tail is found.
- The rejections beside the chain, of which old ones leave, are covered by one sum, which is in the text of each batch.
- After any failed write the journal is closed for good. Nobody knows then whether the last batch was stored; opening
  the journal again is what tells. An fsync is never repeated, since the second one may succeed without storing.
- Damage is reported with its place and is never worked around: the house does not guess what happened in a sale.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from auctioneer.rules.facts import AnyFact, Rejection
from common.errors import StorageError

Progress = Callable[[int, int], None]
"""Called with how many facts were checked, of how many."""


class DamagedJournalError(StorageError):
    """The journal does not hold what was written to it.

    Facts up to `last_good`, the end of a batch, are as they were written. `first_bad` is the first of the batch that
    is not: which of its facts are sound can't be told. Both are None where the damage lies outside the chain.
    """

    code = "damaged_journal"

    def __init__(self, path: Path, what: str, *, first_bad: int | None = None) -> None:
        self.path = path
        self.first_bad = first_bad
        self.last_good = None if first_bad is None else first_bad - 1
        place = "" if first_bad is None else f" First bad fact: {first_bad}; last good fact: {self.last_good}."
        super().__init__(
            f"The journal {path} is damaged: {what}.{place} No fact was dropped. Copy the file and its -wal "
            f"file to a safe place before anything else, then follow 'Damage' in docs/journal.md."
        )


class JournalGoneError(StorageError):
    """The record of a sale that was begun is not where it was: removed, moved away, or replaced by another."""

    code = "journal_gone"


class ChainEnd(NamedTuple):
    """Where the chain of facts ends: the number of facts, and a hash that stands for all of them."""

    position: int
    hash: bytes


class Owner(NamedTuple):
    """Who may write to a journal: the process that began the highest term. Its number tells two houses apart."""

    term: int
    """From 1 on, one more with each take-over; 0 where nobody ever had the journal."""
    holder: str
    """What the owner called itself: a house's instance, or nothing."""


class Journal(Protocol):
    """The record of one sale, with one writer. Every method raises StorageError where the storage fails."""

    @property
    def position(self) -> int:
        """The position of the last fact; 0 where there is none."""

    @property
    def alive_ms(self) -> int:
        """When the house last wrote (server time); 0 where it never did. An outage is measured from here."""

    @property
    def owner(self) -> Owner:
        """Who took the journal over last. Whoever had it before can't store anything any more."""

    @property
    def end(self) -> ChainEnd:
        """Where the chain ends now, by what was last written; `verify_chain` also checks what is before it."""

    def append(self, facts: Sequence[AnyFact], rejections: Sequence[Rejection], now_ms: int) -> int:
        """Store a batch in one transaction and return the position of the last fact; durable on return.

        After a StorageError the journal is closed and the batch may or may not be stored. Open the journal again and
        rebuild the state from it before deciding anything else.
        """

    def mark_alive(self, now_ms: int) -> None:
        """Store that the house was alive at `now_ms`; durable on return. Fails as `append` does.

        Raises JournalGoneError where the journal is no longer at its place.
        """

    def require_in_place(self) -> None:
        """See that the journal is still where the next start looks for it. Raises JournalGoneError, and is closed then.

        Whoever writes asks for it now and then: a file that was removed takes writes as before, and they go with the
        process.
        """

    def read(self, after_position: int = 0, upto: int | None = None) -> Iterator[tuple[int, AnyFact]]:
        """Yield the facts after `after_position`, up to and with `upto`, each with its position.

        Checks the chain on the way, and against the recorded end where `upto` does not stop before it. Ends at what
        was the last fact when it began. Raises DamagedJournalError, at the latest after the last fact.
        """

    def recent(self, count: int) -> list[tuple[int, AnyFact]]:
        """Return the last `count` facts, or all where there are fewer, checked as by `read`."""

    def rejections(self) -> Iterator[Rejection]:
        """Yield the refused bids that are kept, in the order in which they were refused.

        Of each paddle those are kept that have the `REMEMBERED_REQUESTS_MAX` highest request ids. Raises
        DamagedJournalError, at the latest after the last, where they are not those that were stored. Nothing else may
        be done with the journal until all are read.
        """

    def hash_at(self, position: int) -> bytes:
        """Return the hash that stands for all facts up to `position`; empty where no batch ends there.

        It is read, and not computed anew. Raises DamagedJournalError where it can't be read.
        """

    def verify_chain(self, progress: Progress | None = None) -> ChainEnd:
        """Check every fact from the first on and return the end of the chain. Raises DamagedJournalError."""

    def close(self) -> None:
        """Let go of the journal; safe to repeat."""
