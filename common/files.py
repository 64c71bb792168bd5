"""Small private files and folders, written so that neither a crash nor a loss of power leaves a part of one.

A file is synced before it has its name, and its name before anything is built on it: a key that is gone with the power
would be another house's.
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
    """Make a folder, with its parents, that only this user may enter. Raises UsageError where that can't be."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"The folder {path} can't be made: {error.strerror}. Choose another.") from error


def write_whole(path: Path, content: bytes) -> None:
    """Write a private file so that a reader sees the old content or the new, never a part.

    Raises StorageError where the disk doesn't take it.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with _told_of_disk(path):
        _write_new(temporary, content)
        temporary.replace(path)
        sync_directory(path.parent)


def create_whole(path: Path, content: bytes) -> None:
    """Write a private file that must not exist; where another process was faster, its file stays.

    Raises StorageError where the disk doesn't take it.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with _told_of_disk(path):
        _write_new(temporary, content)
        try:
            os.link(temporary, path)
        except FileExistsError:
            return
        finally:
            temporary.unlink()
        sync_directory(path.parent)


def sync_directory(directory: Path) -> None:
    """Make the names in `directory` durable; a synced file without a name is lost with the power."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def is_locked(path: Path) -> bool:
    """Return whether a process holds the lock file at `path`; the kernel lets go of it when the process ends.

    Nothing is written, so it can be asked where nothing can be. Raises OSError where there is no such file, or where it
    may not be read.
    """
    handle = os.open(path, os.O_RDONLY)
    try:
        return not can_lock(handle, fcntl.LOCK_SH)  # shared, so that two who look don't see each other
    finally:
        os.close(handle)


def can_lock(handle: int, kind: int) -> bool:
    """Take a lock of a kind (`fcntl.LOCK_EX` or `LOCK_SH`) on an open file; return whether it could be had at once."""
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _told_of_disk(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(
            f"The file {path} can't be written: {error.strerror}. Check the disk's space and health."
        ) from error


def _write_new(path: Path, content: bytes) -> None:
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE_MODE)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
