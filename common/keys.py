"""CURVE keys in files: JSON with `public` and `secret` in Z85, mode 0600, written whole or not at all."""

from pathlib import Path

import msgspec
import zmq

from common.errors import UsageError
from common.files import create_whole, make_private_folder
from common.limits import KEY_CHARS


class KeyPair(msgspec.Struct, frozen=True):
    """A CURVE key pair in Z85, 40 characters each."""

    public: str
    secret: str

    def __repr__(self) -> str:
        return f"KeyPair({self.public})"


def new_keys() -> KeyPair:
    """Return a new pair of keys."""
    public, secret = zmq.curve_keypair()
    return KeyPair(public.decode(), secret.decode())


def load_or_make_keys(path: Path) -> KeyPair:
    """Return the pair in `path`; make the file (mode 0600) if there is none.

    Raises UsageError if the file can't be read or is no key file, and StorageError if the disk refuses a new one.
    """
    while True:
        try:
            raw = path.read_bytes()
        except FileNotFoundError as error:
            if path.is_symlink():
                raise UsageError(f"The key file {path} is a link to nothing. Remove it.") from error
            make_private_folder(path.parent)
            create_whole(path, msgspec.json.encode(new_keys()))
            continue
        except OSError as error:
            raise UsageError(f"The key file {path} can't be read: {error.strerror}.") from error
        return _checked(path, raw)


def are_a_pair(keys: KeyPair) -> bool:
    """Return whether these are keys, and the public one is that of the secret one."""
    try:
        is_long_enough = len(keys.secret) == KEY_CHARS
        return is_long_enough and zmq.curve_public(keys.secret.encode()).decode() == keys.public
    except (zmq.ZMQError, ValueError):
        return False


def _checked(path: Path, raw: bytes) -> KeyPair:
    fault = f"{path} is not a key file. Move it away to have a new key made; it will be a new identity."
    try:
        keys = msgspec.json.decode(raw, type=KeyPair)
    except (msgspec.MsgspecError, ValueError) as error:
        raise UsageError(fault) from error
    if not are_a_pair(keys):
        raise UsageError(fault)
    return keys
