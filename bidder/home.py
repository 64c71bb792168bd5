"""The bidder's home: a folder with a key for each name, so that a name is an identity.

HOME/keys/NAME.json   the key of a name; whoever has the file bids as that person
HOME/observer.json    the key of one who only looks on

Names that houses can't tell apart (`ada`, `Ada`, `A da`) share a key: a house then says as whom the key is enrolled
there, where another key would only be told that the name is taken.
"""

from hashlib import sha256
from pathlib import Path
from typing import Final

import platformdirs

from common.keys import KeyPair, load_or_make_keys
from common.names import skeleton

_FILE_BYTES_MAX: Final = 200
"""Longer file names are not allowed everywhere."""


def default_home() -> Path:
    """Return the home of this user."""
    return platformdirs.user_data_path("auction-house")


def bidder_keys(home: Path, name: str) -> KeyPair:
    """Return the key of a valid name, made at first use. Raises UsageError for a file that is no key."""
    return load_or_make_keys(home / "keys" / f"{_file_stem(name)}.json")


def observer_keys(home: Path) -> KeyPair:
    """Return the key for looking on without a name, made at first use. Raises UsageError."""
    return load_or_make_keys(home / "observer.json")


def _file_stem(name: str) -> str:
    """Return what names the file: letters and digits only, so that no name leads out of the folder."""
    bare = "".join(char for char in skeleton(name) if char.isalnum())
    encoded = bare.encode()
    return bare if 0 < len(encoded) <= _FILE_BYTES_MAX else sha256(skeleton(name).encode()).hexdigest()
