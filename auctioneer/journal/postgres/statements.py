"""The statements by which a record on PostgreSQL is written: each is one transaction, and fences itself.

A batch is one statement. It moves the head from where this writer left it, in this writer's term and while a standby
has to confirm, and adds rows only if the head moved. So no row means: not mine any more, or not safe now. Data and
fence are one atomic thing, which no lock held by a session would be.

`CONFIRMED` follows each batch in the same message, in its own transaction. Where somebody empties
`synchronous_standby_names` while a commit waits for a standby, PostgreSQL lets the commit go and reports a plain
success; the statement's own guard was asked before that.
"""

from collections.abc import Sequence
from typing import Final

_GUARD: Final = (
    "current_setting('synchronous_standby_names') <> ''"
    " AND current_setting('synchronous_commit') IN ('on', 'remote_apply')"
)
_HEAD: Final = f"""
UPDATE auction.sale SET position = $2, hash = $3, rejections = $4, alive_ms = $5, beat = beat + 1
 WHERE id = $1 AND term = $6 AND position = $7 AND hash = $8 AND {_GUARD}
"""  # noqa: S608 -- built from constants, here and below

BEAT: Final = _HEAD
"""Nothing but a sign of life."""
FACTS: Final = f"""
WITH head AS ({_HEAD} RETURNING id)
INSERT INTO auction.batch (sale, first, last, term, rejections, body, hash)
SELECT id, $7 + 1, $2, $6, $4, $9, $3 FROM head
"""  # noqa: S608 -- built from constants
"""One row of facts, and nothing else: what nearly every commit is."""
ALL: Final = f"""
WITH head AS ({_HEAD} RETURNING id),
facts AS (
  INSERT INTO auction.batch (sale, first, last, term, rejections, body, hash)
  SELECT head.id, one.first, one.last, $6, $4, one.body, one.hash
    FROM head, unnest($9::bigint[], $10::bigint[], $11::text[], $12::bytea[]) AS one (first, last, body, hash)),
surplus AS (
  DELETE FROM auction.rejection AS gone USING head WHERE gone.sale = head.id AND gone.id = ANY ($13::bigint[])),
refused AS (
  INSERT INTO auction.rejection (sale, id, at_ms, paddle, request, lot, code, body)
  SELECT head.id, one.*
    FROM head, unnest($14::bigint[], $15::bigint[], $16::bigint[], $17::bigint[], $18::text[], $19::text[], $20::text[])
      AS one),
erased AS (
  DELETE FROM auction.contact AS gone USING head WHERE gone.sale = head.id AND gone.paddle = ANY ($21::bigint[])),
noted AS (
  INSERT INTO auction.contact AS kept (sale, paddle, company, contact)
  SELECT head.id, one.* FROM head, unnest($22::bigint[], $23::text[], $24::text[]) AS one
      ON CONFLICT (sale, paddle) DO UPDATE SET company = excluded.company, contact = excluded.contact)
SELECT id FROM head
"""  # noqa: S608 -- built from constants
"""Any batch: rows of facts, rejections that come and go, contacts that come and go."""
CONFIRMED: Final = f"SELECT {_GUARD}"
"""Whether a commit that has just ended had to wait for a standby until its end."""

LOOK: Final = """
SELECT term, beat, holder, is_released, alive_ms, position, hash, house, moved_to, format,
       current_setting('synchronous_standby_names'), current_setting('synchronous_commit')
  FROM auction.sale WHERE id = $1
"""
"""What a record's row says of its owner, and what the server says of itself; nothing that is to be relied on."""
BEGIN: Final = f"""
INSERT INTO auction.sale
  (id, format, house, term, holder, is_released, moved_to, beat, position, hash, rejections, alive_ms)
SELECT $1, $2, $3, 0, '', true, '', 0, 0, $4, $5, 0 WHERE {_GUARD}
    ON CONFLICT (id) DO NOTHING
"""
"""An empty record, which nobody owns."""
TAKE_OVER: Final = f"""
UPDATE auction.sale SET term = term + 1, holder = $2, house = $3, is_released = false, beat = beat + 1
 WHERE id = $1 AND term = $4 AND beat = coalesce($5, beat) AND moved_to = '' AND {_GUARD}
RETURNING term
"""  # noqa: S608 -- built from constants
"""Become the owner of what was seen. With a beat, only if the owner has done nothing since."""
RELEASE: Final = """
BEGIN; SET LOCAL synchronous_commit = local;
UPDATE auction.sale SET is_released = true WHERE id = {sale} AND term = {term};
COMMIT
"""
"""Tell a successor that it need not wait. Nothing relies on it, so no standby is waited for."""

NOTE_STANDBY: Final = """
WITH here AS (SELECT set_config('synchronous_commit', 'local', true))
INSERT INTO auction.standby (sale, place, position, seen_at) SELECT $1, $2, $3, now() FROM here
    ON CONFLICT (sale, place) DO UPDATE SET position = excluded.position, seen_at = excluded.seen_at
"""
"""Tell that a house stands by. Nothing relies on it, so no standby of the database is waited for."""
SELECT_STANDBYS: Final = """
SELECT place, position FROM auction.standby
 WHERE sale = $1 AND seen_at > now() - make_interval(secs => $2) ORDER BY place LIMIT $3
"""

BEGIN_COPY: Final = f"""
INSERT INTO auction.sale
  (id, format, house, term, holder, is_released, moved_to, beat, position, hash, rejections, alive_ms)
SELECT $1, $2, $3, $4, $5, true, '', 0, $6, $7, $8, $9 WHERE {_GUARD}
"""
COPY_ROW: Final = """
INSERT INTO auction.batch (sale, first, last, term, rejections, body, hash) VALUES ($1, $2, $3, $4, $5, $6, $7)
"""
COPY_REJECTION: Final = """
INSERT INTO auction.rejection (sale, id, at_ms, paddle, request, lot, code, body)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""
COPY_CONTACT: Final = "INSERT INTO auction.contact (sale, paddle, company, contact) VALUES ($1, $2, $3, $4)"
RETIRE: Final = f"""
UPDATE auction.sale SET moved_to = $2, term = term + 1, beat = beat + 1 WHERE id = $1 AND moved_to = '' AND {_GUARD}
"""  # noqa: S608 -- built from constants
"""Fence whoever owns the record, for good: the sale goes on elsewhere."""

SELECT_HEAD: Final = """
SELECT position, hash, rejections, alive_ms, term, holder,
       (SELECT first FROM auction.batch WHERE sale = $1 ORDER BY first LIMIT 1),
       (SELECT last FROM auction.batch WHERE sale = $1 ORDER BY first DESC LIMIT 1)
  FROM auction.sale WHERE id = $1
"""
SELECT_BATCHES: Final = """
SELECT first, last, rejections, body, hash FROM auction.batch
 WHERE sale = $1 AND first > $2 AND first <= $3 ORDER BY first
"""
SELECT_BATCH_OF: Final = """
SELECT first, last, hash FROM auction.batch WHERE sale = $1 AND first <= $2 ORDER BY first DESC LIMIT 1
"""
SELECT_REJECTIONS: Final = """
SELECT id, at_ms, paddle, request, lot, code, body FROM auction.rejection
 WHERE sale = $1 AND id > $2 ORDER BY id LIMIT $3
"""
SELECT_CONTACTS: Final = "SELECT paddle, company, contact FROM auction.contact WHERE sale = $1 ORDER BY paddle"


def number_array(values: Sequence[int]) -> str:
    """Return whole numbers as PostgreSQL writes an array."""
    return f"{{{','.join(map(str, values))}}}"


def text_array(values: Sequence[str]) -> str:
    """Return texts as PostgreSQL writes an array."""
    return "{" + ",".join('"' + one.replace("\\", "\\\\").replace('"', '\\"') + '"' for one in values) + "}"


def bytes_array(values: Sequence[bytes]) -> str:
    """Return bytes as PostgreSQL writes an array of them."""
    return "{" + ",".join(f'"\\\\x{one.hex()}"' for one in values) + "}"
