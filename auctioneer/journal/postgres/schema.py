"""The tables of a database that holds records, how they come to be and change, and who may do what with them.

Two roles: the owner of the tables, who runs `auctioneer store prepare`, and the house, which may only do what holding a
sale needs. It adds batches, and can neither change nor delete one. A third one may be given that only reads.

`docs/postgres.md` explains the tables to people. A change of them adds a migration and never edits one; it raises no
format, which is that of the text (`auctioneer.journal.chain`).
"""

from collections.abc import Sequence
from typing import Final

from auctioneer.journal.postgres.session import Session, StatementError
from common.errors import StorageError

SCHEMA: Final = "auction"
_NO_SUCH: Final = frozenset({"3F000", "42P01", "42703"})
"""No such schema, table, column."""

_TABLES: Final = """
CREATE TABLE auction.sale (
  id text PRIMARY KEY,
  format integer NOT NULL,
  house text NOT NULL,
  term bigint NOT NULL,
  holder text NOT NULL,
  is_released boolean NOT NULL,
  moved_to text NOT NULL,
  beat bigint NOT NULL,
  position bigint NOT NULL,
  hash bytea NOT NULL,
  rejections bytea NOT NULL,
  alive_ms bigint NOT NULL
) WITH (fillfactor = 50);
COMMENT ON TABLE auction.sale IS 'Where each record ends, and who owns it: one row a sale, moved by every commit.';
CREATE TABLE auction.batch (
  sale text NOT NULL REFERENCES auction.sale,
  first bigint NOT NULL,
  last bigint NOT NULL,
  term bigint NOT NULL,
  rejections bytea NOT NULL,
  body text NOT NULL,
  hash bytea NOT NULL,
  PRIMARY KEY (sale, first)
);
ALTER TABLE auction.batch ALTER body SET STORAGE EXTERNAL;
COMMENT ON TABLE auction.batch IS 'What happened, in order; rows are only ever added.';
CREATE TABLE auction.rejection (
  sale text NOT NULL REFERENCES auction.sale,
  id bigint NOT NULL,
  at_ms bigint NOT NULL,
  paddle bigint NOT NULL,
  request bigint NOT NULL,
  lot text NOT NULL,
  code text NOT NULL,
  body text NOT NULL,
  PRIMARY KEY (sale, id)
);
COMMENT ON TABLE auction.rejection IS 'Refused bids: of each paddle those with the highest request ids.';
CREATE TABLE auction.contact (
  sale text NOT NULL REFERENCES auction.sale,
  paddle bigint NOT NULL,
  company text NOT NULL,
  contact text NOT NULL,
  PRIMARY KEY (sale, paddle)
);
COMMENT ON TABLE auction.contact IS 'What is known of people besides their names; in no hash, since it can be erased.';
CREATE VIEW auction.fact (sale, position, at_ms, kind, lot, seq, body) AS
SELECT
  batch.sale,
  batch.first + one.place - 1,
  (one.value ->> 1)::bigint,
  coalesce(CASE json_typeof(one.value -> 4) WHEN 'object' THEN one.value -> 4 ->> 'event' END, one.value ->> 0),
  one.value ->> 2,
  (one.value ->> 3)::bigint,
  one.value
FROM auction.batch, json_array_elements(batch.body::json) WITH ORDINALITY AS one (value, place);
"""

_STANDBYS: Final = """
CREATE TABLE auction.standby (
  sale text NOT NULL,
  place text NOT NULL,
  position bigint NOT NULL,
  seen_at timestamptz NOT NULL,
  PRIMARY KEY (sale, place)
);
COMMENT ON TABLE auction.standby IS 'Houses that stand by, and how far each has followed; nothing relies on it.';
"""

MIGRATIONS: Final[Sequence[str]] = (_TABLES, _STANDBYS)
"""What brings a database from each version to the next; the first one begins with an empty schema."""

_PRIVILEGES: Final = """
GRANT USAGE ON SCHEMA auction TO {role};
GRANT SELECT ON ALL TABLES IN SCHEMA auction TO {role};
"""
_HOUSE_PRIVILEGES: Final = """
GRANT INSERT, UPDATE ON auction.sale TO {role};
GRANT INSERT ON auction.batch TO {role};
GRANT INSERT, DELETE ON auction.rejection TO {role};
GRANT INSERT, UPDATE, DELETE ON auction.contact TO {role};
GRANT INSERT, UPDATE ON auction.standby TO {role};
"""


def version_of(session: Session, until_s: float) -> int:
    """Return the version of a database's tables; 0 where there are none. Raises StorageError."""
    try:
        answer = session.execute("SELECT max(version) FROM auction.migration", (), until_s)
    except StatementError as error:
        if error.sqlstate in _NO_SUCH:
            return 0
        raise
    version = answer.rows[0][0]
    return version if isinstance(version, int) else 0


def prepare(session: Session, until_s: float, house: str = "", reader: str = "") -> int:
    """Bring a database's tables to this program's version, and say which roles may do what. Return the version.

    `house` is the role that holds sales, `reader` one that may only read; empty leaves privileges as they are. The
    session's role must own the schema, or be allowed to make it. Raises StorageError.
    """
    (encoding,) = session.execute("SELECT current_setting('server_encoding')", (), until_s).rows[0]
    if encoding != b"UTF8":
        raise StorageError(f"The database of {session.place} has another encoding than UTF8. Make one with it.")
    version = version_of(session, until_s)
    if version > len(MIGRATIONS):
        raise _newer(session, version)
    script = "" if version else "CREATE SCHEMA auction; CREATE TABLE auction.migration (version integer PRIMARY KEY);"
    for number in range(version, len(MIGRATIONS)):
        script += f"{MIGRATIONS[number]}\nINSERT INTO auction.migration VALUES ({number + 1});"
    for role, privileges in ((house, _PRIVILEGES + _HOUSE_PRIVILEGES), (reader, _PRIVILEGES)):
        if role:
            script += privileges.format(role=_quoted(role))
    session.run(script or "SELECT 1", until_s)
    return len(MIGRATIONS)


def require_prepared(session: Session, until_s: float) -> None:
    """See that the database has the tables of this version. Raises StorageError."""
    version = version_of(session, until_s)
    if version > len(MIGRATIONS):
        raise _newer(session, version)
    if version < len(MIGRATIONS):
        what = "no tables for sales yet" if not version else f"the tables of an older version ({version})"
        raise StorageError(
            f"The database of {session.place} has {what}. Its owner makes them: `auctioneer store prepare URL`."
        )


def _newer(session: Session, version: int) -> StorageError:
    return StorageError(
        f"The database of {session.place} has the tables of a newer version ({version}; this one knows "
        f"{len(MIGRATIONS)}). Use the version of auction-house that prepared it."
    )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
