"""One connection to PostgreSQL by libpq, in which nothing waits for longer than its deadline.

- A deadline closes the socket and never asks the server to cancel. A commit that is cancelled while it waits for a
  standby is reported as a success, although it is on one disk only.
- For the same reason a warning that comes with an answer makes the answer worthless. It is known by its SQLSTATE: its
  words depend on the server's language and version.
- An answer counts when the server is ready for the next statement, and not before: libpq hands a statement's result out
  before its transaction has ended.
- What is sent can be followed by a second statement of its own transaction (`ask`), in the same message: it tells how
  things stand after the commit, without another round trip.
"""

import select
import struct
import time
from collections.abc import Callable, Collection, Sequence
from ipaddress import ip_address
from typing import Final, NamedTuple

import psycopg
from psycopg import pq
from psycopg.conninfo import conninfo_attempts, conninfo_to_dict

from auctioneer.journal.postgres.address import Address
from auctioneer.journal.postgres.connecting import HOST_S_MAX, reach
from common.errors import StorageError

_NO_FAULT: Final = b"00000"
_DEFAULTS: Final = {
    "fallback_application_name": "auctioneer",
    "target_session_attrs": "read-write",  # the server that can be written to, whichever of the hosts it is now
    "client_encoding": "UTF8",
    # A machine that vanishes without a word is noticed within some seconds.
    "keepalives_idle": "2",
    "keepalives_interval": "1",
    "keepalives_count": "3",
    "tcp_user_timeout": "3000",
}
# What the statements of this program rely on, whatever a database or a role has as its own.
_SETTINGS: Final = """
SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') <> 'remote_apply';
SET default_transaction_isolation = 'read committed';
SET default_transaction_read_only = off;
SET statement_timeout = 0;
SET lock_timeout = 0;
SET plan_cache_mode = force_generic_plan;
SET jit = off;
SET bytea_output = hex;
"""
_TIMELINE: Final = "SELECT substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)"
"""Each promotion begins a new timeline, with a higher number: eight hexadecimal digits."""
_INTEGERS: Final = {20: "!q", 23: "!i", 21: "!h"}
_BOOLEAN: Final = 16

Value = int | str | bytes | bool | None
Values = Sequence[Value]
Row = tuple[Value, ...]


class StatementError(StorageError):
    """The server refused a statement; `sqlstate` says why."""

    def __init__(self, place: object, said: str, sqlstate: str) -> None:
        self.sqlstate = sqlstate
        super().__init__(f"The store {place} refused a statement ({sqlstate}): {said}.")


class Answer(NamedTuple):
    """What the server did for a statement, once its transaction has ended."""

    changed: int
    """How many rows the statement returned or changed."""
    rows: list[Row]


class Session:
    """A connection. After a StorageError other than StatementError it is closed."""

    def __init__(self, address: Address, connection: pq.abc.PGconn, server: str) -> None:
        self.place = address
        self.server = server
        """Which of the hosts it is."""
        self._connection: pq.abc.PGconn | None = connection
        self._warning = ""
        self._expected = 0
        """How many statements are under way."""
        self._answers: list[Answer] = []
        self.is_sending = False
        """Whether libpq has more to send than the system would take: the socket is to be watched for writing too."""
        connection.notice_handler = self._note

    # --- opening and closing ----------------------------------------------------------------------------------------

    @classmethod
    def open(cls, address: Address, until_s: float, avoiding: Collection[str] = ()) -> "Session":
        """Connect to the host that can be written to; where several can, to the one that was promoted last.

        `avoiding` are servers, as `server` names them, that are not to be tried. Raises StorageError after `until_s`
        (`time.monotonic`).
        """
        try:
            asked = conninfo_to_dict(address.conninfo)
            reached = reach(conninfo_attempts({**_DEFAULTS, **asked}), until_s, avoiding)
        except psycopg.Error as error:
            raise _unreachable(address, str(error)) from error
        sessions = [cls(address, connection, server) for connection, server in reached]
        session = sessions[0] if len(sessions) == 1 else _newest(sessions, until_s)
        session._require_private(is_asked_for="sslmode" in asked)
        session.run(_SETTINGS, until_s)
        return session

    @property
    def handle(self) -> int:
        """The socket's file descriptor. Raises StorageError when closed."""
        return self._usable().socket

    @property
    def is_open(self) -> bool:
        """Whether it can still be used."""
        return self._connection is not None

    def close(self) -> None:
        """Close the socket; safe to repeat. What is under way at the server goes on there."""
        connection, self._connection = self._connection, None
        self.is_sending = False
        if connection is not None:
            connection.finish()

    def _require_private(self, *, is_asked_for: bool) -> None:
        """Refuse a way that others can listen to, unless the URL says how private it is to be (`sslmode`)."""
        connection = self._usable()
        if is_asked_for or connection.ssl_in_use or _is_local(connection.hostaddr.decode()):
            return
        self.close()
        raise StorageError(
            f"The way to the store {self.place} is not encrypted, and it leaves this machine. Set TLS up at the server "
            "and add sslmode=verify-full to the URL (docs/postgres.md)."
        )

    # --- one statement, waiting ------------------------------------------------------------------------------------

    def run(self, script: str, until_s: float) -> None:
        """Run statements without values, as one transaction. Raises as `execute` does."""
        self._do(lambda connection: connection.send_query(script.encode()), until_s)

    def execute(self, statement: str, values: Values, until_s: float) -> Answer:
        """Run one statement and return what it did.

        Raises StatementError where the server refuses it; StorageError where it does not answer in time, and where it
        warns, since the answer may then not be what it seems.
        """
        texts, formats = _encoded(values)
        return self._do(
            lambda connection: connection.send_query_params(
                statement.encode(), texts, param_formats=formats, result_format=pq.Format.BINARY
            ),
            until_s,
        )

    def prepare(self, name: bytes, statement: str, until_s: float) -> None:
        """Have the server keep a statement under a name. Raises as `execute` does."""
        self._do(lambda connection: connection.send_prepare(name, statement.encode()), until_s)

    def _do(self, begin: Callable[[pq.abc.PGconn], None], until_s: float) -> Answer:
        """Begin one statement, and wait until its transaction has ended."""
        connection = self._usable()
        if self._expected:
            raise StorageError(f"The store {self.place} can't be asked while a commit is under way.")
        answer, refused = Answer(0, []), None
        try:
            if connection.pipeline_status:
                connection.exit_pipeline_mode()
            begin(connection)
            while True:
                self._wait_for_socket(until_s, is_writing=connection.flush() == 1)
                connection.consume_input()
                while not connection.is_busy():
                    result = connection.get_result()
                    if result is None:
                        self._refuse_warned()
                        if refused is not None:
                            raise refused
                        return answer
                    if result.status == pq.ExecStatus.FATAL_ERROR:
                        refused = self._refused(result)
                    answer = _answer_of(result)
        except psycopg.Error as error:
            raise self._lost(error) from error

    def _wait_for_socket(self, until_s: float, *, is_writing: bool) -> None:
        handle, left_s = self.handle, until_s - time.monotonic()
        if left_s > 0 and any(select.select([handle], [handle] if is_writing else [], [], left_s)):
            return
        self.close()
        raise StorageError(
            f"The store {self.place} did not answer in time. Where it waits for standbys that are down, it answers as "
            "soon as enough of them are back."
        )

    # --- statements that are waited for by somebody else -----------------------------------------------------------

    def send(self, *statements: tuple[bytes, Values]) -> None:
        """Begin prepared statements, each in a transaction of its own; `finished` tells of them all together."""
        connection = self._usable()
        try:
            if not connection.pipeline_status:
                connection.enter_pipeline_mode()
            for name, values in statements:
                texts, formats = _encoded(values)
                connection.send_query_prepared(name, texts, formats, pq.Format.BINARY)
                connection.pipeline_sync()
            self._expected, self._answers = len(statements), []
            self.is_sending = connection.flush() == 1
        except psycopg.Error as error:
            raise self._lost(error) from error

    def finished(self) -> list[Answer] | None:
        """Return what was done, when all of it is done; None while it is not, or nothing is under way. Never waits.

        Raises StorageError, after which nobody knows whether it was done.
        """
        connection = self._usable()
        try:
            if self.is_sending:
                self.is_sending = connection.flush() == 1
            connection.consume_input()
            while self._expected and not connection.is_busy():
                self._hear(connection.get_result())
        except psycopg.Error as error:
            raise self._lost(error) from error
        self._refuse_warned()
        if self._expected or not self._answers:
            return None
        answers, self._answers = self._answers, []
        return answers

    def wait(self, until_s: float) -> None:
        """Wait until `finished` may have more to tell. Raises StorageError, and is closed, when the time is over."""
        self._wait_for_socket(until_s, is_writing=self.is_sending)

    def _hear(self, result: "pq.abc.PGresult | None") -> None:
        if result is None:
            return  # the end of one statement; its transaction ends with the sync
        match result.status:
            case pq.ExecStatus.PIPELINE_SYNC:
                self._expected -= 1
            case pq.ExecStatus.COMMAND_OK | pq.ExecStatus.TUPLES_OK:
                self._answers.append(_answer_of(result))
            case _:
                error = self._refused(result)
                self.close()
                raise error

    # --- faults ----------------------------------------------------------------------------------------------------

    def _note(self, notice: pq.abc.PGresult) -> None:
        """Note a warning. A commit that was cancelled while it waited for a standby has nothing else to tell it by."""
        if notice.error_field(pq.DiagnosticField.SQLSTATE) != _NO_FAULT:
            self._warning = _said(notice)

    def _refuse_warned(self) -> None:
        if self._warning:
            warning, self._warning = self._warning, ""
            self.close()
            raise StorageError(
                f"The store {self.place} warned: {warning}. Nobody knows whether the last batch is on any other disk."
            )

    def _lost(self, error: psycopg.Error) -> StorageError:
        self.close()
        said = " ".join(str(error).split())
        return StorageError(f"The connection to the store {self.place} was lost ({said}).")

    def _refused(self, result: pq.abc.PGresult) -> StatementError:
        sqlstate = result.error_field(pq.DiagnosticField.SQLSTATE) or b""
        return StatementError(self.place, _said(result), sqlstate.decode())

    def _usable(self) -> pq.abc.PGconn:
        if self._connection is None:
            raise StorageError(f"The store {self.place} can't be used: its connection was closed.")
        return self._connection


def _newest(sessions: Sequence[Session], until_s: float) -> Session:
    """Return the session with the server that was promoted last, and close the others. Raises StorageError."""
    until_s = min(until_s, time.monotonic() + HOST_S_MAX)
    timelines: dict[bytes, Session] = {}
    failure: StorageError | None = None
    for session in sessions:
        try:
            ((timeline,),) = session.execute(_TIMELINE, (), until_s).rows
        except StorageError as error:
            session.close()
            failure = error
            continue
        assert isinstance(timeline, bytes), "the server tells a text"
        timelines.setdefault(timeline, session)
    if failure is not None and not timelines:
        raise failure
    newest = timelines[max(timelines)]
    for session in sessions:
        if session is not newest:
            session.close()
    return newest


def _unreachable(address: Address, said: str) -> StorageError:
    return StorageError(f"The store {address} can't be reached ({' '.join(said.split())}).")


def _is_local(where: str) -> bool:
    """Return whether an address of a server is on this machine: a Unix socket, or loopback."""
    return not where or where.startswith(("/", "@")) or ip_address(where.partition("%")[0]).is_loopback


def _encoded(values: Values) -> tuple[list[bytes | None], list[pq.Format]]:
    """Return values as libpq takes them: bytes as they are, all else as text."""
    texts: list[bytes | None] = []
    formats = []
    for value in values:
        if isinstance(value, bytes):
            texts.append(value)
            formats.append(pq.Format.BINARY)
        else:
            texts.append(None if value is None else str(value).encode())
            formats.append(pq.Format.TEXT)
    return texts, formats


def _answer_of(result: pq.abc.PGresult) -> Answer:
    decoders = [_decoder(result, column) for column in range(result.nfields)]
    rows = [
        tuple(
            None if (raw := result.get_value(row, column)) is None else decode(raw)
            for column, decode in enumerate(decoders)
        )
        for row in range(result.ntuples)
    ]
    return Answer(result.command_tuples or 0, rows)


def _decoder(result: pq.abc.PGresult, column: int) -> Callable[[bytes], Value]:
    """Return how a column is read: whole numbers and truth as such, all else as its bytes."""
    if result.fformat(column) == pq.Format.TEXT:
        return bytes
    kind = result.ftype(column)
    if kind == _BOOLEAN:
        return b"\x01".__eq__
    if kind in _INTEGERS:
        read = struct.Struct(_INTEGERS[kind]).unpack
        return lambda raw: int(read(raw)[0])
    return bytes


def _said(result: pq.abc.PGresult) -> str:
    return (result.error_field(pq.DiagnosticField.MESSAGE_PRIMARY) or b"").decode(errors="replace")
