"""The writer of a record on PostgreSQL: one statement and one round trip a batch, while the house goes on.

- A batch is durable when its statement changed the head, its transaction ended without a word of warning, and the
  server said afterwards that a standby had to confirm it (`auctioneer.journal.postgres.statements`).
- In every other case the journal is closed: nobody knows what the store has. Taking the record over again, by a write
  of its own that a standby confirms, is what tells, since what was written before it is then confirmed too.
"""

import time
from collections.abc import Sequence
from contextlib import suppress
from math import inf
from typing import Final, NamedTuple

from auctioneer.journal.chain import Head, KeptRejections, Row, Sorted, rows_of
from auctioneer.journal.postgres import statements
from auctioneer.journal.postgres.ownership import look, unsafe
from auctioneer.journal.postgres.record import READ_S_MAX, PostgresRecord
from auctioneer.journal.postgres.session import Answer, Session, Values
from auctioneer.journal.protocol import ChainEnd, FencedError, Owner
from auctioneer.rules.contacts import ContactChange
from auctioneer.rules.facts import AnyFact, Rejection
from common.errors import StorageError

WHY_S_MAX: Final = 0.5
"""How long a refused batch may wait to be told why."""
RELEASE_S_MAX: Final = 1.0

_BEAT, _FACTS, _ALL, _CONFIRMED = b"beat", b"facts", b"all", b"confirmed"
_PREPARED: Final = {
    _BEAT: statements.BEAT,
    _FACTS: statements.FACTS,
    _ALL: statements.ALL,
    _CONFIRMED: statements.CONFIRMED,
}


class _UnderWay(NamedTuple):
    """What will be true once the batch is durable."""

    number: int
    end: ChainEnd
    alive_ms: int


class PostgresJournal(PostgresRecord):
    """A `Journal` on PostgreSQL, of an owner who has just taken the record over on `session`."""

    def __init__(self, session: Session, owner: Owner, patience_s: float) -> None:
        super().__init__(session, min(patience_s, READ_S_MAX))
        self._owner = owner
        self._patience_s = patience_s
        """How long `wait` waits for one batch."""
        self._number = 0
        self._under_way: _UnderWay | None = None
        self.handle: int | None = session.handle
        for name, statement in _PREPARED.items():
            session.prepare(name, statement, self._until_s())
        head: Head = self.check_end()
        self._kept = KeptRejections()
        self._kept.restore(self.kept_rejections(), head.rejections)
        self._end, self._alive_ms = ChainEnd(head.position, head.hash), head.alive_ms

    @property
    def is_sending(self) -> bool:
        """Whether the handle is to be watched for writing too."""
        return self._session.is_sending

    @property
    def position(self) -> int:
        """The position of the last durable fact; 0 where there is none."""
        return self._end.position

    @property
    def alive_ms(self) -> int:
        """When the house last wrote (server time); 0 where it never did."""
        return self._alive_ms

    @property
    def end(self) -> ChainEnd:
        """Where the durable chain ends."""
        return self._end

    @property
    def owner(self) -> Owner:
        """The writer itself, who may have lost the record since."""
        return self._owner

    # --- writing ---------------------------------------------------------------------------------------------------

    def begin(
        self,
        facts: Sequence[AnyFact],
        rejections: Sequence[Rejection],
        now_ms: int,
        contacts: Sequence[ContactChange] = (),
    ) -> int:
        """Send a batch and return its number."""
        self.require_in_place()
        assert self._under_way is None, "a commit is under way already"
        before = self._end
        changed = self._kept.sort(rejections)
        rows = rows_of(facts, before, changed.sum)
        end = ChainEnd(rows[-1].last, rows[-1].hash) if rows else before
        head = (self._sale, *end, changed.sum, now_ms, self._owner.term, *before)
        name, values = _batch(rows, changed, contacts)
        self._number += 1
        self._under_way = _UnderWay(self._number, end, now_ms)
        self._session.send((name, (*head, *values)), (_CONFIRMED, ()))
        return self._number

    def finished(self) -> int:
        """Return the number of the last batch that is durable. Never waits, but to learn why one was refused."""
        answers = self._session.finished()
        under_way = self._under_way
        if answers is not None and under_way is not None:
            self._require_stored(answers)
            self._end, self._alive_ms, self._under_way = under_way.end, under_way.alive_ms, None
        return self._number if self._under_way is None else self._number - 1

    def wait(self, wait_s: float = inf) -> None:
        """Wait until what was begun is durable."""
        until_s = time.monotonic() + min(wait_s, self._patience_s)
        while self._under_way is not None:
            self._session.wait(until_s)
            self.finished()

    def require_in_place(self) -> None:
        """See that the connection lives. A record that is gone is found by the next batch, a second later at most."""
        self._session.handle  # noqa: B018 -- raises StorageError where it was closed

    def close(self) -> None:
        """Let go of the record; where all is well, tell a successor so. Safe to repeat."""
        session = self._session
        if session.is_open and self._under_way is None:
            release = statements.RELEASE.format(sale=f"'{self._sale}'", term=self._owner.term)
            with suppress(StorageError):  # a successor then waits for a moment
                session.run(release, time.monotonic() + RELEASE_S_MAX)
        session.close()

    def abandon(self) -> None:
        """Let go of the record without a word: this journal never stores anything."""
        self._session.close()

    # --- what became of it -----------------------------------------------------------------------------------------

    def _require_stored(self, answers: Sequence[Answer]) -> None:
        """Raise StorageError, and be closed, unless the batch is stored, ours, and on more than one machine."""
        stored, confirmed = answers
        if not stored.changed:
            error = self._why_refused()
        elif not confirmed.rows[0][0]:
            error = unsafe(self._place)
        else:
            return
        self._session.close()
        raise error

    def _why_refused(self) -> StorageError:
        """Return why the head did not move, as far as the store tells at once."""
        try:
            found = look(self._session, time.monotonic() + WHY_S_MAX)
        except StorageError as error:
            return error
        if found is None:
            return StorageError(f"The record {self._place} is gone from the store.")
        if found.seen.term != self._owner.term:
            return FencedError(self._place)
        if not found.is_safe:
            return unsafe(self._place)
        return StorageError(f"The record {self._place} does not end where this house left it.")


def _batch(rows: Sequence[Row], changed: Sorted, contacts: Sequence[ContactChange]) -> tuple[bytes, Values]:
    """Return the statement that stores a batch, and its values after those of the head."""
    is_plain = not changed.added and not contacts
    if is_plain and not rows:
        return _BEAT, ()
    if is_plain and len(rows) == 1:
        return _FACTS, (rows[0].body.decode(),)
    numbers, texts = statements.number_array, statements.text_array
    added, surplus, _ = _without_passing(changed)
    latest = dict(contacts)
    kept = {paddle: contact for paddle, contact in latest.items() if contact is not None}
    return _ALL, (
        numbers([row.first for row in rows]),
        numbers([row.last for row in rows]),
        texts([row.body.decode() for row in rows]),
        statements.bytes_array([row.hash for row in rows]),
        numbers(surplus),
        numbers([one.number for one in added]),
        numbers([one.at_ms for one in added]),
        numbers([one.paddle for one in added]),
        numbers([one.request for one in added]),
        texts([one.lot for one in added]),
        texts([one.code for one in added]),
        texts([one.body for one in added]),
        numbers([paddle for paddle, contact in latest.items() if contact is None]),
        numbers(list(kept)),
        texts([contact.company for contact in kept.values()]),
        texts([contact.contact for contact in kept.values()]),
    )


def _without_passing(changed: Sorted) -> Sorted:
    """Leave out rejections that come and go within one batch: a statement does not see what it adds itself."""
    passing = set(changed.surplus).intersection(row.number for row in changed.added)
    if not passing:
        return changed
    return changed._replace(
        added=[row for row in changed.added if row.number not in passing],
        surplus=[number for number in changed.surplus if number not in passing],
    )
