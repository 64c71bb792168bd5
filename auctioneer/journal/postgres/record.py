"""A record on PostgreSQL, for reading: in short statements, which hold no writer up."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final

from auctioneer.journal.chain import READ_FACTS, ChainedRecord
from auctioneer.journal.postgres import statements
from auctioneer.journal.postgres.session import Session
from common.errors import StorageError

READ_S_MAX: Final = 30.0
"""How long a statement that only reads may take."""


class PostgresRecord(ChainedRecord):
    """A `Record` on PostgreSQL. Use it in one thread."""

    def __init__(self, session: Session, patience_s: float) -> None:
        super().__init__(str(session.place))
        self._patience_s = patience_s
        self._session = session
        self._sale = session.place.sale

    def close(self) -> None:
        """Let go of the connection; safe to repeat."""
        self._session.close()

    def _stored_head(self) -> Sequence[Any] | None:
        rows = self._fetch(statements.SELECT_HEAD)
        return rows[0] if rows else None

    def _stored_rows(self, after: int, end: int) -> list[Sequence[Any]]:
        return self._fetch(statements.SELECT_BATCHES, after, min(end, after + READ_FACTS))

    def _stored_row_of(self, position: int) -> Sequence[Any] | None:
        rows = self._fetch(statements.SELECT_BATCH_OF, position)
        return rows[0] if rows else None

    def _stored_rejections(self, after: int) -> list[Sequence[Any]]:
        return self._fetch(statements.SELECT_REJECTIONS, after, READ_FACTS)

    def _stored_contacts(self) -> list[Sequence[Any]]:
        return self._fetch(statements.SELECT_CONTACTS)

    @contextmanager
    def _moment(self) -> Iterator[None]:
        """Read in one transaction, which sees what was stored when it began."""
        self._session.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", self._until_s())
        try:
            yield
        finally:
            if self._session.is_open:
                with suppress(StorageError):  # it ends reading only; what is wrong with the store, reading has told
                    self._session.run("ROLLBACK", self._until_s())

    def _fetch(self, statement: str, *values: int) -> list[Sequence[Any]]:
        return list(self._session.execute(statement, (self._sale, *values), self._until_s()).rows)

    def _until_s(self) -> float:
        return time.monotonic() + self._patience_s
