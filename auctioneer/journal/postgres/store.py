"""Where the record of one sale is: a database, which `PostgresStore` reaches, reads and copies."""

import threading
import time
from collections.abc import Callable, Collection
from contextlib import closing
from pathlib import Path
from typing import Final

from auctioneer.journal.chain import FORMAT_VERSION, Content
from auctioneer.journal.lease import Beside
from auctioneer.journal.postgres import ownership, statements
from auctioneer.journal.postgres.address import parse_address
from auctioneer.journal.postgres.journal import PostgresJournal
from auctioneer.journal.postgres.record import READ_S_MAX, PostgresRecord
from auctioneer.journal.postgres.schema import require_prepared
from auctioneer.journal.postgres.session import Session, Value
from auctioneer.journal.postgres.standby import StandbyWay
from auctioneer.journal.protocol import FencedError, Owner
from auctioneer.journal.sqlite import fill
from common.errors import AuctionError, StorageError, UsageError

CONNECT_S_MAX: Final = 10.0
TAKE_OVER_S_MAX: Final = 20.0
"""How long a start waits for a database to answer: a connection, the lease of another owner, a standby's word."""
START_COMMIT_S_MAX: Final = 60.0
"""How long a start waits for one batch: the largest catalogue takes some seconds."""
RESUME_S_MAX: Final = 30.0
"""How long one try to take a record up again lasts. A commit that waits for a standby can't be hurried, and each try
that is given up may leave another one waiting at the server; so few of them, beside the loop."""
RESUME_COMMIT_S_MAX: Final = 2.0
"""How long the loop waits for the batch by which a frozen sale begins again."""
ELSEWHERE_S: Final = 1.0
"""After how long a try that waits for a standby is no reason any more not to try the other servers."""
GLANCE_S: Final = 0.1
"""How long the loop waits for a try, each time that it looks."""


class PostgresStore:
    """A `Store` of one sale in a database. `house` returns the public key of the house that is to hold it."""

    def __init__(self, url: str, house: Callable[[], str] = str) -> None:
        self.address = parse_address(url)
        self.place = str(self.address)
        self._house = house
        self._was_seen = False
        self._tries: list[_Resumption] = []

    @property
    def exists(self) -> bool:
        """Whether there is a record. Raises StorageError where nobody can tell."""
        if not self._was_seen:
            until_s = time.monotonic() + CONNECT_S_MAX
            session = Session.open(self.address, until_s)
            try:
                require_prepared(session, until_s)
                self._was_seen = ownership.look(session, until_s) is not None
            finally:
                session.close()
        return self._was_seen

    def take_over(self, holder: str, gone: Collection[str] = ()) -> PostgresJournal:
        """Become the owner in a new term, and begin a record where there is none.

        Takes some seconds where the last owner neither let go nor is among `gone`, since it might live. Raises
        FencedError if it does, UsageError where the record is of another house, StorageError, and DamagedJournalError
        where the end of the record is not what was last stored.
        """
        until_s = time.monotonic() + TAKE_OVER_S_MAX
        session = Session.open(self.address, min(until_s, time.monotonic() + CONNECT_S_MAX))
        return _journal(
            session,
            lambda: ownership.take_over(session, holder, self._house(), gone, until_s),
            START_COMMIT_S_MAX,
        )

    def resume(self, holder: str) -> PostgresJournal:
        """Take the record up again, where `holder` is still its owner.

        Other threads do it, since it may take long: as long as none has, StorageError says so, at once. A server that
        was the primary before waits for its standbys forever, so when one has not confirmed a write after a moment,
        the others are tried too: one try for each server. Raises FencedError where another owner came between, else as
        `take_over`.
        """
        tries = self._tries
        if all(one.is_stuck for one in tries):
            tries.append(_Resumption(self, holder, {one.server for one in tries}))
        tries[-1].join(GLANCE_S)
        ended = [one for one in tries if not one.is_alive()]
        self._tries = [one for one in tries if one.is_alive()]
        failure: AuctionError | None = None
        for one in ended:
            if isinstance(one.outcome, PostgresJournal):
                self._drop_tries()
                return one.outcome
            if isinstance(one.outcome, FencedError) or not self._tries:
                failure = one.outcome
        raise failure or StorageError(f"The store {self.place} is being reached; it has not confirmed a write yet.")

    def _drop_tries(self) -> None:
        """Let the tries that go on close what they reach: the record was taken up elsewhere."""
        for one in self._tries:
            one.drop()
        self._tries = []

    def stand_by(self, holder: str) -> StandbyWay:
        """Return the way of a house that stands by for the record's owner. It connects at its first look."""
        return StandbyWay(self.address, holder, self._house())

    def beside(self) -> list[Beside]:
        """Return the houses that stand by, as far as they told within the last seconds. Raises StorageError."""
        with closing(StandbyWay(self.address, "", "")) as way:
            return way.beside()

    def read(self) -> PostgresRecord:
        """Open the record for reading, also while a house writes to it. Raises StorageError."""
        if not self.exists:
            raise StorageError(f"There is no record {self.place}.")
        return PostgresRecord(Session.open(self.address, time.monotonic() + CONNECT_S_MAX), READ_S_MAX)

    def copy(self, target: Path) -> None:
        """Copy the record to the new file `target`, an SQLite journal, as it is at one moment while a house writes.

        Raises StorageError where either can't be read or written.
        """
        record = self.read()
        try:
            with record.content() as content:
                fill(target, content)
        finally:
            record.close()

    def fill(self, content: Content) -> None:
        """Make this record, which must not be there, a copy of another one, whatever stores that.

        All of it is there on return, and confirmed by a standby; or nothing. Raises UsageError where there is a record
        of the name, and StorageError.
        """
        until_s = time.monotonic() + START_COMMIT_S_MAX
        session = Session.open(self.address, until_s)
        try:
            require_prepared(session, until_s)
            if ownership.look(session, until_s) is not None:
                raise _taken(self.place)
            _copy_to(session, content, self._house())
        finally:
            session.close()

    def retire(self, to: str) -> None:
        """Fence whoever owns the record, and have it say that the sale goes on at `to`. Raises StorageError."""
        until_s = time.monotonic() + TAKE_OVER_S_MAX
        session = Session.open(self.address, until_s)
        try:
            if not session.execute(statements.RETIRE, (self.address.sale, to), until_s).changed:
                raise _not_retired(self.place)
        finally:
            session.close()


def _taken(place: str) -> UsageError:
    return UsageError(
        f"There is a record {place} already, and none is replaced. Choose another name with ?sale=NAME in the URL."
    )


def _not_retired(place: str) -> StorageError:
    return StorageError(f"The record {place} is not there, was moved before, or no standby confirms what is written.")


def _copy_to(session: Session, content: Content, house: str) -> None:
    """Store all of a record in one transaction. Raises StorageError, and then nothing is stored."""
    head, sale = content.head, session.place.sale

    def run(statement: str, *values: Value) -> int:
        return session.execute(statement, (sale, *values), time.monotonic() + START_COMMIT_S_MAX).changed

    def control(script: str) -> None:
        session.run(script, time.monotonic() + START_COMMIT_S_MAX)

    control("BEGIN")
    end = (head.position, head.hash, head.rejections, head.alive_ms)
    if not run(statements.BEGIN_COPY, FORMAT_VERSION, house, head.term, head.holder.decode(), *end):
        raise ownership.unsafe(session.place)
    for row in content.rows:
        run(statements.COPY_ROW, row.first, row.last, head.term, row.rejections, row.body.decode(), row.hash)
    for one in content.rejections:
        run(statements.COPY_REJECTION, *one)
    for paddle, contact in content.contacts.items():
        run(statements.COPY_CONTACT, paddle, contact.company, contact.contact)
    control("COMMIT")
    confirmed = session.execute(statements.CONFIRMED, (), time.monotonic() + START_COMMIT_S_MAX)
    if not confirmed.rows[0][0]:
        raise ownership.unsafe(session.place)


class _Resumption(threading.Thread):
    """One try to take a record up again, at a server that no other try has reached."""

    def __init__(self, store: PostgresStore, holder: str, avoiding: Collection[str]) -> None:
        super().__init__(name="store", daemon=True)
        self.server = ""
        """Which server was reached; empty before."""
        self.outcome: PostgresJournal | AuctionError | None = None
        """What came of it, once the thread has ended: the journal, of which the thread knows no more, or why not."""
        self._store = store
        self._holder = holder
        self._avoiding = avoiding
        self._stuck_s = time.monotonic() + ELSEWHERE_S
        self._dropping = threading.Lock()
        self._is_dropped = False
        self.start()

    @property
    def is_stuck(self) -> bool:
        """Whether it goes on, and a server that it reached has not confirmed anything for a while."""
        return self.is_alive() and bool(self.server) and time.monotonic() > self._stuck_s

    def run(self) -> None:
        until_s = time.monotonic() + RESUME_S_MAX
        try:
            session = Session.open(self._store.address, until_s, self._avoiding)
            self.server = session.server
            journal = _journal(session, lambda: ownership.resume(session, self._holder, until_s), RESUME_COMMIT_S_MAX)
        except AuctionError as error:
            self.outcome = error
            return
        with self._dropping:
            if self._is_dropped:
                journal.abandon()
            else:
                self.outcome = journal

    def drop(self) -> None:
        """Have the try close what it reaches, or has just reached."""
        with self._dropping:
            self._is_dropped = True
            if isinstance(self.outcome, PostgresJournal):
                self.outcome.abandon()


def _journal(session: Session, take: Callable[[], Owner], patience_s: float) -> PostgresJournal:
    """Return the journal of the owner that `take` makes on a session, which is closed if it does not come to that."""
    try:
        return PostgresJournal(session, take(), patience_s)
    except BaseException:
        session.close()
        raise
