"""What the house needs of a journal, whatever stores it.

The rules that every journal upholds:

- What `finished` names is durable: it survives a crash of the process, and of the machine where the store outlasts one.
- A batch is stored whole or not at all, and only in its writer's term: whoever takes the journal over fences the writer
  before. Positions are contiguous from 1 and are never given twice.
- One commit is under way at a time. A store behind a network finishes it later; the house drains and decides meanwhile.
- Each batch carries a hash over its text and the hash before it, so that an edit, a hole or a lost tail is found.
- The rejections beside the chain, of which old ones leave, are covered by one sum, which is in the text of each batch.
- Contacts stand beside the chain too, and no hash covers them, so that they can be erased: of what was erased or
  replaced no byte stays in the store's files. A copy that was made before has it still. Of a database only its tables
  can be said to have it no more: what it keeps of them elsewhere is its own (docs/postgres.md).
- After any failed write the journal is closed for good. Nobody knows then whether the last batch was stored; taking
  the journal over again is what tells. Nothing is sent again inside a journal, and an fsync is never repeated, since
  the second one may succeed without storing.
- Damage is reported with its place and is never worked around: the house does not guess what happened in a sale.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from math import inf
from pathlib import Path
from typing import NamedTuple, Protocol

from auctioneer.rules.contacts import Contact, ContactChange
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

    def __init__(self, place: Path | str, what: str, *, first_bad: int | None = None) -> None:
        self.place = place
        self.first_bad = first_bad
        self.last_good = None if first_bad is None else first_bad - 1
        which = "" if first_bad is None else f" First bad fact: {first_bad}; last good fact: {self.last_good}."
        advice = (
            "Copy the file and its -wal file to a safe place before anything else, then follow 'Damage' in "
            "docs/journal.md."
            if isinstance(place, Path)
            else "Copy the database before anything else, then follow 'Damage' in docs/postgres.md."
        )
        super().__init__(f"The journal {place} is damaged: {what}.{which} No fact was dropped. {advice}")


class JournalGoneError(StorageError):
    """The record of a sale that was begun is not where it was: removed, moved away, or replaced by another."""

    code = "journal_gone"


class FencedError(StorageError):
    """Another process owns the record now, so that this one can store nothing any more, and must not try to."""

    code = "fenced"

    def __init__(self, place: object, told: str = "") -> None:
        super().__init__(
            told
            or f"Another process has taken the record {place} over, so this house stops. All that it acknowledged is "
            "there, and the sale goes on where that process is."
        )


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


class Record(Protocol):
    """What a store has of one sale, for reading, in any number of processes.

    Every method raises StorageError where the storage fails.
    """

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
        """Where the chain ends now, by what was last stored; `verify_chain` also checks what is before it."""

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
        be done with the record until all are read.
        """

    def contacts(self) -> dict[int, Contact]:
        """Return what is known of people besides their names, by paddle. Raises DamagedJournalError."""

    def hash_at(self, position: int) -> bytes:
        """Return the hash that stands for all facts up to `position`; empty where no batch ends there.

        It is read, and not computed again. Raises DamagedJournalError where it can't be read.
        """

    def verify_chain(self, progress: Progress | None = None) -> ChainEnd:
        """Check every fact from the first on and return the end of the chain. Raises DamagedJournalError."""

    def close(self) -> None:
        """Let go of the record; safe to repeat."""


class Journal(Record, Protocol):
    """The record of one sale in the hands of its writer. `owner` is that writer, as long as none took it over.

    What the properties tell is durable: a batch that is under way is not in it.
    """

    handle: int | None
    """Can be read when `finished` may tell something new; None where `begin` returns only when all is durable."""

    @property
    def is_sending(self) -> bool:
        """Whether `finished` is to be asked too when the handle can be written to: a batch is not all sent."""

    def begin(
        self,
        facts: Sequence[AnyFact],
        rejections: Sequence[Rejection],
        now_ms: int,
        contacts: Sequence[ContactChange] = (),
    ) -> int:
        """Begin to store a batch, of which nothing may leave the house yet. Return its number, one more than the last.

        An empty batch stores that the house was alive at `now_ms`. No other batch may be under way. After a
        StorageError, from here, `finished` or `wait`, the journal is closed and the batch may or may not be stored:
        take the journal over again and rebuild the state from it before deciding anything else.

        A contact that is erased or replaced is gone once the batch is durable; if a reader holds the files that had it,
        soon after it lets go.
        """

    def finished(self) -> int:
        """Return the number of the last batch that is durable; 0 before the first. Never waits. Fails as `begin` does.

        It may return the same number any number of times: a store may wake the house more than once for a batch.
        """

    def wait(self, wait_s: float = inf) -> None:
        """Wait until what was begun is durable. Fails as `begin` does, also where that takes longer than `wait_s`."""

    def require_in_place(self) -> None:
        """See that the journal is still where the next start looks for it. Raises JournalGoneError, and is closed then.

        Whoever writes asks for it now and then: a file that was removed takes writes as before, and they go with the
        process.
        """


class Store(Protocol):
    """Where the record of a sale is kept."""

    @property
    def place(self) -> Path | str:
        """What people know it by."""

    @property
    def exists(self) -> bool:
        """Whether there is a record."""

    def take_over(self, holder: str, gone: Collection[str] = ()) -> Journal:
        """Become the writer, in a new term that `holder` owns, and begin an empty record where there is none.

        Whoever was the writer before can store nothing from then on. `gone` are writers who can't live any more: a
        store that other machines reach takes time to see that of others. Raises FencedError while another writer
        lives, StorageError, and DamagedJournalError where the end of the record is not what was last stored.
        """

    def resume(self, holder: str) -> Journal:
        """Take the record up again after a failure, in a new term of the same `holder`, which no other process has.

        Does not wait for a store that is away: it raises StorageError, and is called again. Raises FencedError where
        another process took the record over in the meantime, and else as `take_over`.
        """

    def read(self) -> Record:
        """Open the record for reading, also while somebody writes. Raises StorageError."""

    def copy(self, target: Path) -> None:
        """Copy the record to the new file `target`, exact also while somebody writes. Raises StorageError."""


def append(
    journal: Journal,
    facts: Sequence[AnyFact],
    rejections: Sequence[Rejection],
    now_ms: int,
    contacts: Sequence[ContactChange] = (),
) -> int:
    """Store a batch, wait until it is durable, and return the position of the last fact. Fails as `begin` does."""
    journal.begin(facts, rejections, now_ms, contacts)
    journal.wait()
    return journal.position
