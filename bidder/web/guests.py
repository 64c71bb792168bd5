"""The guests' identities on the disk, in a private SQLite file, so that neither a crash nor a restart loses one.

HOME/gateway/KEY/guests.sqlite      at the house with this key (in hex): each guest's key pair, name and cookie
HOME/gateway/KEY/gateway.json       the gateway's own key at this house

- A cookie and a token are not in the file, only their SHA-256: reading it does not give a browser's place. (Its reader
  can bid with the keys in it; so only its owner can read it.)
- A guest is on the disk before the browser gets the cookie, so no browser has a cookie that is forgotten.
- Guests who come at the same time are written together, by one wait for the disk: a room joins within seconds.
- A browser names each attempt to join by a random token. If the answer to it was lost, the same token finds the guest
  that it made, and no second one is made.
"""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec
from zmq.utils import z85

from common.errors import StorageError, UsageError
from common.files import make_private_folder
from common.keys import KeyPair
from common.links import JoinLink

TOKEN_CHARS_MIN: Final = 20
TOKEN_CHARS_MAX: Final = 64
_PREPARED: Final = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
CREATE TABLE IF NOT EXISTS guest (id TEXT PRIMARY KEY, body BLOB NOT NULL);
"""
_WRITE: Final = "INSERT INTO guest VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body"


class Guest(msgspec.Struct, frozen=True):
    """One web bidder. `invite`, `code` and `accepts` go into its hello; a code only until the house has used it."""

    id: str
    name: str
    keys: KeyPair
    cookie_digest: str
    attempt_digest: str
    made_at_s: int
    invite: str = ""
    code: str = ""
    accepts: str = ""
    is_enrolled: bool = False
    """Whether the house has known this guest's key once."""


class GuestStore:
    """All guests of one gateway at one house: in memory, and in the file. Close it at the end."""

    def __init__(self, database: sqlite3.Connection, path: Path) -> None:
        self._database = database
        self._path = path
        self._guests: dict[str, Guest] = {}
        self._by_cookie: dict[str, str] = {}
        self._by_attempt: dict[str, str] = {}

    @classmethod
    def open(cls, path: Path) -> "GuestStore":
        """Read all guests, or make the file. Raises UsageError if it can't be read, which then needs a person's eye."""
        make_private_folder(path.parent)
        try:
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            with ExitStack() as undo:
                database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
                undo.callback(database.close)
                database.executescript(_PREPARED)
                store = cls(database, path)
                for (body,) in database.execute("SELECT body FROM guest ORDER BY rowid"):
                    store.know(msgspec.json.decode(body, type=Guest))
                undo.pop_all()
        except (OSError, sqlite3.Error, msgspec.MsgspecError) as error:
            raise UsageError(
                f"The guests' file {path} can't be read: {error}. Move it away: its guests then have to join again "
                "with new names, or by codes from the desk."
            ) from error
        return store

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def __len__(self) -> int:
        return len(self._guests)

    def __iter__(self) -> Iterator[Guest]:
        return iter(list(self._guests.values()))

    def by_id(self, guest_id: str) -> Guest | None:
        """Return a guest by its id."""
        return self._guests.get(guest_id)

    def by_cookie(self, cookie: str) -> Guest | None:
        """Return the guest whose browser has this cookie."""
        return self._guests.get(self._by_cookie.get(digest_of(cookie), "")) if cookie else None

    def by_attempt(self, attempt: str) -> Guest | None:
        """Return the guest that an attempt to join has made."""
        return self._guests.get(self._by_attempt.get(digest_of(attempt), "")) if attempt else None

    def write(self, guests: Sequence[Guest]) -> None:
        """Write guests, so that they are durable. Any thread may call it, one at a time. Raises StorageError."""
        rows = [(guest.id, msgspec.json.encode(guest)) for guest in guests]
        with self._writing():
            self._database.executemany(_WRITE, rows)

    def delete(self, guest: Guest) -> None:
        """Remove a guest from the file. Any thread may call it, one at a time. Raises StorageError."""
        with self._writing():
            self._database.execute("DELETE FROM guest WHERE id = ?", (guest.id,))

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            self._database.execute("BEGIN IMMEDIATE")
            with self._database:
                yield
        except sqlite3.Error as error:
            raise StorageError(
                f"The guests' file {self._path} can't be written: {error}. Check the disk's space and health."
            ) from error

    def know(self, guest: Guest) -> None:
        """Know a guest as it is now. The caller must have written it before."""
        self.forget(guest)
        self._guests[guest.id] = guest
        self._by_cookie[guest.cookie_digest] = guest.id
        if guest.attempt_digest:
            self._by_attempt[guest.attempt_digest] = guest.id

    def forget(self, guest: Guest) -> None:
        """Forget a guest that the house did not let in; the caller then deletes it from the file."""
        known = self._guests.pop(guest.id, None)
        if known is not None:
            self._by_cookie.pop(known.cookie_digest, None)
            self._by_attempt.pop(known.attempt_digest, None)


def gateway_folder(home: Path, link: JoinLink) -> Path:
    """Return the folder of what a gateway keeps about one house."""
    return home / "gateway" / (z85.decode(link.server_key).hex() if link.server_key else "plain")


def digest_of(secret: str) -> str:
    """Return what is kept of a cookie or a token, which are random and long."""
    return sha256(secret.encode()).hexdigest()


def is_valid_token(token: str) -> bool:
    """Return whether a browser's token is long enough that nobody guesses it, and no longer than it need be."""
    return TOKEN_CHARS_MIN <= len(token) <= TOKEN_CHARS_MAX and token.isascii() and token.isalnum()
