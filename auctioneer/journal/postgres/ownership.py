"""How a record on PostgreSQL gets its owner: a lease without clocks, and a write that proves that all is safe.

- Whoever takes the record over raises its term, by a guarded write that a standby confirms. WAL is ordered, so all that
  is read afterwards is confirmed too. Take over first, then read the rest: nothing is believed before, since a server
  that restarted shows commits that no standby has.
- An owner that lives moves `beat` at least every second. Another process takes the record from it only when the beat
  stood still for the lease (`auctioneer.journal.lease`), and only what it saw stand still, so that two can't both win.
  An owner that let go, or is known to be gone, needs no waiting.
- A house that lost its connection takes the record up again only while it is still the owner. If another process came
  between, it is fenced, and ends.
"""

import time
from collections.abc import Collection
from typing import Final, NamedTuple

from auctioneer.journal.chain import FORMAT_VERSION, GENESIS_HASH, SUM_BYTES
from auctioneer.journal.lease import LOOK_EVERY_MS, Seen, Watch
from auctioneer.journal.postgres import statements
from auctioneer.journal.postgres.schema import require_prepared
from auctioneer.journal.postgres.session import Session
from auctioneer.journal.protocol import ChainEnd, FencedError, Owner
from common.errors import StorageError, UsageError
from common.steady_time import steady_ms

_TRIES_MAX: Final = 5
"""Each failed try means that somebody else changed the row in a moment; so many in a row are no accident."""


class Found(NamedTuple):
    """What a record's row and its server showed at a moment."""

    seen: Seen
    end: ChainEnd
    """Where the record ends, as far as this server shows it: nothing to be relied on."""
    house: str
    moved_to: str
    format: int
    is_safe: bool
    """Whether a commit has to wait for a standby."""


def look(session: Session, until_s: float) -> Found | None:
    """Return what the row shows; None where there is no such record. Raises StorageError."""
    rows = session.execute(statements.LOOK, (session.place.sale,), until_s).rows
    if not rows:
        return None
    term, beat, holder, is_released, alive_ms, position, digest, house, moved_to, version, standbys, commit = rows[0]
    is_safe = bool(standbys) and commit in (b"on", b"remote_apply")
    seen = Seen(_number(term), _number(beat), _text(holder), bool(is_released), _number(alive_ms))
    end = ChainEnd(_number(position), digest if isinstance(digest, bytes) else b"")
    return Found(seen, end, _text(house), _text(moved_to), _number(version), is_safe)


def take_over(session: Session, holder: str, house: str, gone: Collection[str], until_s: float) -> Owner:
    """Make `holder` the owner of the session's record, which is begun where there is none.

    `gone` are owners who can't live any more. Raises FencedError while another owner lives, UsageError where the record
    is of a house with another key, and StorageError.
    """
    require_prepared(session, until_s)
    for _ in range(_TRIES_MAX):
        found = look(session, until_s)
        if found is None:
            values = (session.place.sale, FORMAT_VERSION, house, GENESIS_HASH, bytes(SUM_BYTES))
            begun = session.execute(statements.BEGIN, values, until_s).changed
            found = look(session, until_s)
            if found is None:
                raise unsafe(session.place) if not begun else StorageError(f"The record {session.place} is gone.")
        require_usable(session.place, found, house)
        beat = None
        if not found.seen.is_released and found.seen.holder not in gone:
            found = _wait_for_the_lease(session, found, until_s)
            beat = found.seen.beat
        owner = raise_term(session, found, holder, house or found.house, beat, until_s)
        if owner is not None:
            return owner
    raise StorageError(f"Others take the record {session.place} over at the same time. Stop all but one.")


def resume(session: Session, holder: str, until_s: float) -> Owner:
    """Begin another term of an owner who lost the connection. Raises FencedError where another owner came between."""
    for _ in range(_TRIES_MAX):
        found = look(session, until_s)
        if found is None:
            raise StorageError(f"The record {session.place} is gone from the store.")
        if found.seen.holder != holder:
            raise FencedError(session.place)
        owner = raise_term(session, found, holder, found.house, None, until_s)
        if owner is not None:
            return owner
    raise StorageError(f"The record {session.place} changes while it is taken up again.")


def raise_term(
    session: Session, found: Found, holder: str, house: str, beat: int | None, until_s: float
) -> Owner | None:
    """Return the new owner, after a standby has confirmed it; None where the row is not what was found any more.

    With a `beat`, only if the owner has done nothing since. Raises StorageError.
    """
    if not found.is_safe:
        raise unsafe(session.place)
    values = (session.place.sale, holder, house, found.seen.term, beat)
    taken = session.execute(statements.TAKE_OVER, values, until_s)
    if not taken.changed:
        return None
    if not session.execute(statements.CONFIRMED, (), until_s).rows[0][0]:
        raise unsafe(session.place)
    return Owner(found.seen.term + 1, holder)


def _wait_for_the_lease(session: Session, found: Found, until_s: float) -> Found:
    """Return what stood still for the whole lease. Raises FencedError when the owner shows that it lives."""
    watch = Watch()
    asked_ms = told_ms = steady_ms()
    while not watch.saw(found.seen, asked_ms, told_ms).takes_over:
        time.sleep(LOOK_EVERY_MS / 1000)
        asked_ms = steady_ms()
        now = look(session, until_s)
        told_ms = steady_ms()
        if now is None or (now.seen.term, now.seen.beat) != (found.seen.term, found.seen.beat):
            raise FencedError(
                session.place,
                f"Another house holds the record {session.place}: it wrote a moment ago. Stop it first. "
                "To have this house take over when that one fails: auctioneer stand-by.",
            )
        found = now
    return found


def require_usable(place: object, found: Found, house: str) -> None:
    """Raise StorageError or UsageError where the record is none that this house could hold."""
    if found.format != FORMAT_VERSION:
        raise StorageError(
            f"The record {place} has format {found.format}; this version reads only format {FORMAT_VERSION}. "
            "Use the version of auction-house that wrote it."
        )
    if found.moved_to:
        raise UsageError(f"The record {place} was moved to {found.moved_to}. Continue the sale there.")
    if house and found.house not in ("", house):
        raise UsageError(
            f"The record {place} is of a house with another key, which the join links name. Copy the keys "
            "folder of its data directory here, or choose another sale with ?sale=NAME in the URL."
        )


def unsafe(place: object) -> StorageError:
    """Return the error for a server that confirms commits which are on one machine only."""
    return StorageError(
        f"The database of {place} waits for no standby (synchronous_standby_names is empty, or synchronous_commit is "
        "neither on nor remote_apply), so that a bid would be on one machine only. docs/postgres.md says how to set "
        "standbys up."
    )


def _number(value: object) -> int:
    assert isinstance(value, int), "the table has whole numbers there"
    return value


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else ""
