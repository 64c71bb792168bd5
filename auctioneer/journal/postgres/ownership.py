"""How a record on PostgreSQL gets its owner: a lease without clocks, and a write that proves that all is safe.

- Whoever takes the record over raises its term, by a guarded write that a standby confirms. WAL is ordered, so all that
  is read afterwards is confirmed too. Take over first, then read the rest: nothing is believed before, since a server
  that restarted shows commits that no standby has.
- An owner that lives moves `beat` at least every second. Another process takes the record from it only when the beat
  stood still for `LEASE_S` of its own steady clock, and only what it saw stand still, so that two can't both win. An
  owner that let go, or is known to be gone, needs no waiting.
- A house that lost its connection takes the record up again only while it is still the owner. If another process came
  between, it is fenced, and ends.
"""

import time
from collections.abc import Collection
from typing import Final, NamedTuple

from auctioneer.journal.chain import FORMAT_VERSION, GENESIS_HASH, SUM_BYTES
from auctioneer.journal.postgres import statements
from auctioneer.journal.postgres.schema import require_prepared
from auctioneer.journal.postgres.session import Session
from auctioneer.journal.protocol import FencedError, Owner
from common.errors import StorageError, UsageError

LEASE_S: Final = 3.0
"""For how long a stranger's beat must stand still: three times what an owner waits for a commit before it freezes."""
LOOK_EVERY_S: Final = 0.2
_TRIES_MAX: Final = 5
"""Each failed try means that somebody else changed the row in a moment; so many in a row are no accident."""


class Seen(NamedTuple):
    """What a record's row and its server showed at a moment."""

    term: int
    beat: int
    holder: str
    is_released: bool
    house: str
    moved_to: str
    format: int
    is_safe: bool
    """Whether a commit has to wait for a standby."""


def look(session: Session, until_s: float) -> Seen | None:
    """Return what the row shows; None where there is no such record. Raises StorageError."""
    rows = session.execute(statements.LOOK, (session.place.sale,), until_s).rows
    if not rows:
        return None
    term, beat, holder, is_released, house, moved_to, version, standbys, commit = rows[0]
    texts = [_text(value) for value in (holder, house, moved_to)]
    is_safe = bool(standbys) and commit in (b"on", b"remote_apply")
    assert isinstance(term, int)
    assert isinstance(beat, int)
    assert isinstance(version, int)
    return Seen(term, beat, texts[0], bool(is_released), texts[1], texts[2], version, is_safe)


def take_over(session: Session, holder: str, house: str, gone: Collection[str], until_s: float) -> Owner:
    """Make `holder` the owner of the session's record, which is begun where there is none.

    `gone` are owners who can't live any more. Raises FencedError while another owner lives, UsageError where the record
    is of a house with another key, and StorageError.
    """
    require_prepared(session, until_s)
    for _ in range(_TRIES_MAX):
        seen = look(session, until_s)
        if seen is None:
            values = (session.place.sale, FORMAT_VERSION, house, GENESIS_HASH, bytes(SUM_BYTES))
            begun = session.execute(statements.BEGIN, values, until_s).changed
            seen = look(session, until_s)
            if seen is None:
                raise unsafe(session.place) if not begun else StorageError(f"The record {session.place} is gone.")
        _require_usable(session, seen, house)
        beat = None
        if not seen.is_released and seen.holder not in gone:
            seen = _wait_for_the_lease(session, seen, until_s)
            beat = seen.beat
        owner = _raise_term(session, seen, holder, house or seen.house, beat, until_s)
        if owner is not None:
            return owner
    raise StorageError(f"Others take the record {session.place} over at the same time. Stop all but one.")


def resume(session: Session, holder: str, until_s: float) -> Owner:
    """Begin another term of an owner who lost the connection. Raises FencedError where another owner came between."""
    for _ in range(_TRIES_MAX):
        seen = look(session, until_s)
        if seen is None:
            raise StorageError(f"The record {session.place} is gone from the store.")
        if seen.holder != holder:
            raise FencedError(session.place)
        owner = _raise_term(session, seen, holder, seen.house, None, until_s)
        if owner is not None:
            return owner
    raise StorageError(f"The record {session.place} changes while it is taken up again.")


def _raise_term(
    session: Session, seen: Seen, holder: str, house: str, beat: int | None, until_s: float
) -> Owner | None:
    """Return the new owner, after a standby has confirmed it; None where the row is not what was seen any more."""
    if not seen.is_safe:
        raise unsafe(session.place)
    values = (session.place.sale, holder, house, seen.term, beat)
    taken = session.execute(statements.TAKE_OVER, values, until_s)
    if not taken.changed:
        return None
    if not session.execute(statements.CONFIRMED, (), until_s).rows[0][0]:
        raise unsafe(session.place)
    return Owner(seen.term + 1, holder)


def _wait_for_the_lease(session: Session, seen: Seen, until_s: float) -> Seen:
    """Return what stood still for the whole lease. Raises FencedError when the owner shows that it lives."""
    still_until_s = time.monotonic() + LEASE_S
    while (left_s := still_until_s - time.monotonic()) > 0:
        time.sleep(min(left_s, LOOK_EVERY_S))
        now = look(session, until_s)
        if now is None or (now.term, now.beat) != (seen.term, seen.beat):
            raise FencedError(
                session.place,
                f"Another house holds the record {session.place}: it wrote a moment ago. Stop it first.",
            )
    return seen


def _require_usable(session: Session, seen: Seen, house: str) -> None:
    if seen.format != FORMAT_VERSION:
        raise StorageError(
            f"The record {session.place} has format {seen.format}; this version reads only format {FORMAT_VERSION}. "
            "Use the version of auction-house that wrote it."
        )
    if seen.moved_to:
        raise UsageError(f"The record {session.place} was moved to {seen.moved_to}. Continue the sale there.")
    if house and seen.house not in ("", house):
        raise UsageError(
            f"The record {session.place} is of a house with another key, which the join links name. Copy the keys "
            "folder of its data directory here, or choose another sale with ?sale=NAME in the URL."
        )


def unsafe(place: object) -> StorageError:
    """Return the error for a server that confirms commits which are on one machine only."""
    return StorageError(
        f"The database of {place} waits for no standby (synchronous_standby_names is empty, or synchronous_commit is "
        "neither on nor remote_apply), so that a bid would be on one machine only. docs/postgres.md says how to set "
        "standbys up."
    )


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else ""
