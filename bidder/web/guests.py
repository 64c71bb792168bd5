"""The guests' identities on the disk: a private file for each, so that neither a crash nor a restart loses one.

HOME/gateway/KEY/guests/ID.json     of the house with this key (in hex), one guest: its key pair, name and cookie
HOME/gateway/KEY/gateway.json       the gateway's own key at this house

- A cookie and a token are in no file, only their SHA-256: who reads the files can't take a browser's place. (Who reads
  them can bid with the keys in them; so they are readable by their owner alone.)
- A file is on the disk before the browser gets the cookie, so no browser has a cookie that is forgotten.
- A browser names each attempt to join by a random token. If the answer to it was lost, the same token finds the guest
  that it made, and no second one is made.
"""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec
from zmq.utils import z85

from common.errors import UsageError
from common.files import make_private_folder, sync_directory, write_whole
from common.keys import KeyPair
from common.links import JoinLink

TOKEN_CHARS_MIN: Final = 20
TOKEN_CHARS_MAX: Final = 64
_ENDING: Final = ".json"


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
    """All guests of one gateway at one house: in memory, and each in its file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._guests: dict[str, Guest] = {}
        self._by_cookie: dict[str, str] = {}
        self._by_attempt: dict[str, str] = {}

    @classmethod
    def open(cls, folder: Path) -> "GuestStore":
        """Read all guests. Raises UsageError if a file is no guest's, which then needs a person's eye."""
        make_private_folder(folder)
        store = cls(folder)
        for path in sorted(folder.glob(f"*{_ENDING}")):
            try:
                guest = msgspec.json.decode(path.read_bytes(), type=Guest)
            except (OSError, msgspec.MsgspecError) as error:
                raise UsageError(
                    f"The guest's file {path} can't be read: {error}. Move it away: that guest then has to join again "
                    "with a new name, or by a code from the desk."
                ) from error
            store.know(guest)
        return store

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

    def write(self, guest: Guest) -> None:
        """Write a guest's file, so that it is durable. Any thread may call it, one at a time. Raises StorageError."""
        write_whole(self._path(guest.id), msgspec.json.encode(guest))

    def unlink(self, guest: Guest) -> None:
        """Remove a guest's file. Any thread may call it, one at a time. Raises OSError."""
        self._path(guest.id).unlink(missing_ok=True)
        sync_directory(self._folder)

    def know(self, guest: Guest) -> None:
        """Know a guest as it is now. The caller must have written it before."""
        self.forget(guest)
        self._guests[guest.id] = guest
        self._by_cookie[guest.cookie_digest] = guest.id
        if guest.attempt_digest:
            self._by_attempt[guest.attempt_digest] = guest.id

    def forget(self, guest: Guest) -> None:
        """Forget a guest that the house did not let in; the caller then removes its file."""
        known = self._guests.pop(guest.id, None)
        if known is not None:
            self._by_cookie.pop(known.cookie_digest, None)
            self._by_attempt.pop(known.attempt_digest, None)

    def _path(self, guest_id: str) -> Path:
        return self._folder / f"{guest_id}{_ENDING}"


def gateway_folder(home: Path, link: JoinLink) -> Path:
    """Return the folder of what a gateway keeps about one house."""
    return home / "gateway" / (z85.decode(link.server_key).hex() if link.server_key else "plain")


def digest_of(secret: str) -> str:
    """Return what is kept of a cookie or a token, which are random and long."""
    return sha256(secret.encode()).hexdigest()


def is_valid_token(token: str) -> bool:
    """Return whether a browser's token is long enough that nobody guesses it, and no longer than it need be."""
    return TOKEN_CHARS_MIN <= len(token) <= TOKEN_CHARS_MAX and token.isascii() and token.isalnum()
