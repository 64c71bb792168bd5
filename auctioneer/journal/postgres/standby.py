"""The way of a stand-by to a record that another house owns: it looks, reads what is new, and takes over.

Each statement has a deadline, and a connection that failed is made again at the next look, with whichever of the hosts
can be written to then. Nothing that is read here is relied on: a server that restarted shows commits that no standby
has. The write by which the record is taken over is what counts, and then what the record has is compared with what was
followed (`auctioneer.process.followed`).
"""

import time
from typing import Final

from auctioneer.journal.lease import Advice, Beside
from auctioneer.journal.postgres import ownership, statements
from auctioneer.journal.postgres.address import Address
from auctioneer.journal.postgres.journal import PostgresJournal
from auctioneer.journal.postgres.ownership import Found
from auctioneer.journal.postgres.record import PostgresRecord
from auctioneer.journal.postgres.schema import require_prepared
from auctioneer.journal.postgres.session import Row, Session
from common.errors import StorageError

OPEN_S_MAX: Final = 5.0
"""How long one try to connect may take: of all hosts at once, and then to learn which of them is the newest primary."""
LOOK_S_MAX: Final = 1.0
FOLLOW_S_MAX: Final = 2.0
"""How long one statement may take that reads what is new."""
KNOWN_S_MAX: Final = 3
"""For how long a house counts as standing by after it told so, by the database's clock."""
STANDBYS_MAX: Final = 16
"""The most houses of which people are told that they stand by."""
TAKE_S_MAX: Final = 10.0
"""How long the write may take by which the record is taken over; it waits for a standby of the database."""
COMMIT_S_MAX: Final = 2.0
"""How long a new owner waits for a batch while nobody else is heard."""
_LOCK_LIMIT: Final = "SET lock_timeout = '1500ms'"
"""While a commit of the old owner waits for a standby, its row is locked. A try to take over that waits for the lock
ends by this, at the server too; else one would be left there by each try, until there are no connections left."""
_NO_LOCK_LIMIT: Final = "SET lock_timeout = 0"


class StandbyWay:
    """The way of the stand-by `holder`, of the house with the public key `house`. Use it in one thread."""

    def __init__(self, address: Address, holder: str, house: str) -> None:
        self.place = str(address)
        self._address = address
        self._holder = holder
        self._house = house
        self._session: Session | None = None

    def close(self) -> None:
        """Let go of the connection; safe to repeat."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def look(self) -> Found | None:
        """Return what the record's row shows; None where there is no such record yet.

        Raises StorageError where the store is away, and UsageError where this house could never hold the record.
        """
        session = self._connected()
        found = ownership.look(session, time.monotonic() + LOOK_S_MAX)
        if found is not None:
            ownership.require_usable(self.place, found, self._house)
        return found

    def record(self) -> PostgresRecord:
        """Return the record, for reading by this way's connection. Raises StorageError."""
        return PostgresRecord(self._connected(), FOLLOW_S_MAX)

    def note(self, place: str, position: int) -> None:
        """Tell the owner and people that a house stands by here, and how far it has followed. Raises StorageError."""
        values = (self._address.sale, place, position)
        self._connected().execute(statements.NOTE_STANDBY, values, time.monotonic() + LOOK_S_MAX)

    def beside(self) -> list[Beside]:
        """Return the houses that stand by, as far as they told within the last seconds. Raises StorageError."""
        values = (self._address.sale, KNOWN_S_MAX, STANDBYS_MAX)
        rows = self._connected().execute(statements.SELECT_STANDBYS, values, time.monotonic() + LOOK_S_MAX).rows
        return [_beside(row) for row in rows]

    def take_over(self, found: Found, advice: Advice) -> PostgresJournal | None:
        """Become the owner of what was found; None where another house was faster, or the owner lives after all.

        A standby of the database has confirmed it on return, and the journal has this way's connection. Raises
        StorageError where nobody knows whether it was done; the next look tells.
        """
        session = self._connected()
        beat = found.seen.beat if advice is Advice.TAKE_SILENT else None
        until_s = time.monotonic() + TAKE_S_MAX
        try:
            owner = ownership.raise_term(session, found, self._holder, self._house, beat, until_s)
        except StorageError:
            self.close()  # this may be a primary of before, where nobody writes any more and no standby confirms
            raise
        if owner is None:
            return None
        self._session = None
        try:
            session.run(_NO_LOCK_LIMIT, until_s)
            return PostgresJournal(session, owner, COMMIT_S_MAX)
        except BaseException:
            session.close()
            raise

    def _connected(self) -> Session:
        if self._session is None or not self._session.is_open:
            until_s = time.monotonic() + OPEN_S_MAX
            self._session = session = Session.open(self._address, until_s)
            require_prepared(session, until_s)
            session.run(_LOCK_LIMIT, until_s)
        return self._session


def _beside(row: Row) -> Beside:
    place, position = row
    assert isinstance(place, bytes)
    assert isinstance(position, int)
    return Beside(place.decode(), position)
