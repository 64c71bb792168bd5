"""Small private files and folders, written so that neither a crash nor a power failure leaves half of one.

A file is synced before it gets its name, and the name before anything relies on it. If a power failure lost a key that
was already in use, the house would come back as another house.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from common.errors import StorageError, UsageError

_FILE_MODE: Final = 0o600


def make_private_folder(path: Path) -> None:
    """Make a folder and its parents; only this user may enter it. Raises UsageError if it can't be made."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"The folder {path} can't be made: {error.strerror}. Choose another.") from error


def write_whole(path: Path, content: bytes) -> None:
    """Write a private file so that a reader sees the old content or the new, never a part.

    Raises StorageError if the disk refuses it.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with _naming_the_disk(path):
        _write_new(temporary, content)
        temporary.replace(path)
        sync_directory(path.parent)


def create_whole(path: Path, content: bytes) -> None:
    """Write a private file that does not exist yet. If another process was faster, its file stays.

    Raises StorageError if the disk refuses it.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with _naming_the_disk(path):
        _write_new(temporary, content)
        try:
            os.link(temporary, path)
        except FileExistsError:
            return
        finally:
            temporary.unlink()
        sync_directory(path.parent)


def write_once(path: Path, content: bytes) -> None:
    """Write a private file that must not exist yet, also on a disk without links, such as a stick.

    Raises FileExistsError, and StorageError if the disk refuses it.
    """
    is_there = False
    with _naming_the_disk(path):
        try:
            _write_exclusively(path, content)
        except FileExistsError:
            is_there = True
    if is_there:
        raise FileExistsError(path)


def sync_directory(directory: Path) -> None:
    """Make the names in `directory` durable. Without this a power failure loses even a synced file, with its name."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def is_locked(path: Path) -> bool:
    """Return whether a process holds a lock on the file at `path`; the kernel releases it when the process ends.

    This writes nothing, so it works in a read-only folder too. Raises OSError if the file is missing or can't be read.
    """
    handle = os.open(path, os.O_RDONLY)
    try:
        return not can_lock(handle, fcntl.LOCK_SH)  # shared, so that two callers at once don't block each other
    finally:
        os.close(handle)


def can_lock(handle: int, kind: int) -> bool:
    """Try to lock an open file, without waiting, and return whether that worked; `kind` is `LOCK_EX` or `LOCK_SH`."""
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _naming_the_disk(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(
            f"The file {path} can't be written: {error.strerror}. Check the disk's space and health."
        ) from error


def _write_new(path: Path, content: bytes) -> None:
    path.unlink(missing_ok=True)
    _write_exclusively(path, content)


def _write_exclusively(path: Path, content: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE_MODE)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
