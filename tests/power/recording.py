"""A program's changes to the files of one folder, in order, as recorded by strace, together with its marks.

A program sets a mark by writing a line to its standard output, such as `acknowledged 7`.
"""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

CALLS = (
    "openat,close,write,pwrite64,writev,pwritev,fsync,fdatasync,sync_file_range,ftruncate,truncate,fallocate,"
    "rename,renameat,renameat2,link,linkat,unlink,unlinkat,dup,dup2,dup3"
)
ROOT = Path(__file__).parent.parent.parent
BYTES_MAX = 64 * 1024 * 1024
_LINE = re.compile(r"(\d+) +(\w+)\((.*)\) += (-?\d+)")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')


class Opened(NamedTuple):
    """A file was opened under a handle; it was created if missing."""

    handle: int
    name: str
    cut: bool


class Written(NamedTuple):
    """Bytes were written at an offset."""

    handle: int
    offset: int
    data: bytes


class Cut(NamedTuple):
    """The length of the file was set."""

    handle: int
    length: int


class Synced(NamedTuple):
    """The file was synced to the disk; if `handle` is 0, the folder itself with all its names."""

    handle: int


class Renamed(NamedTuple):
    """A name was given to another file's content."""

    before: str
    after: str


class Removed(NamedTuple):
    """A name was removed."""

    name: str


class Mark(NamedTuple):
    """A line that the program wrote."""

    words: list[str]


Deed = Opened | Written | Cut | Synced | Renamed | Removed | Mark


class UnknownCallError(Exception):
    """The program changed a file of the folder in a way unknown to this reader."""


def record(module: str, folder: Path, *arguments: str) -> list[Deed]:
    """Run a module of the tests with the folder as its first argument, and return its deeds there."""
    with tempfile.TemporaryDirectory() as elsewhere:
        log = Path(elsewhere) / "calls"
        command = ["strace", "-f", "-xx", "-s", str(BYTES_MAX), "-o", str(log), "-e", f"trace={CALLS}"]
        subprocess.run(
            [*command, sys.executable, "-m", module, str(folder), *arguments],
            cwd=ROOT,
            env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
            stdout=subprocess.PIPE,
            check=True,
        )
        with log.open() as lines:
            return list(_Reader(folder).read(lines))


class _Reader:
    """Follows the handles of all processes; a reused handle gets another number."""

    def __init__(self, folder: Path) -> None:
        self._folder = str(folder)
        self._handles: dict[tuple[str, int], int] = {}
        self._places: dict[int, int] = {}
        self._last = 0

    def read(self, lines: Iterator[str]) -> Iterator[Deed]:
        for line in lines:
            if "<unfinished" in line or "resumed>" in line:
                raise UnknownCallError(f"processes ran at the same time: {line[:200]}")
            match = _LINE.match(line)
            if match is not None and int(match[4]) >= 0:
                yield from self._deed(match[1], match[2], match[3], int(match[4]))

    def _deed(self, process: str, call: str, arguments: str, result: int) -> Iterator[Deed]:
        names = [bytes.fromhex(text.replace("\\x", "")) for text in _TEXT.findall(arguments)]
        first = arguments.split(",")[0]
        number = int(first) if first.lstrip("-").isdigit() else -1
        handle = self._handles.get((process, number))
        match call:
            case "openat":
                yield from self._opened(process, names[0].decode(), arguments, result)
            case "close":
                self._handles.pop((process, number), None)
            case "write" if number == 1 and handle is None:
                yield from (Mark(line.decode().split()) for line in names[0].splitlines())
            case "rename":
                before, after = (self._name(name.decode()) for name in names)
                if before is not None and after is not None:
                    yield Renamed(before, after)
            case "unlink":
                name = self._name(names[0].decode())
                if name is not None:
                    yield Removed(name)
            case _ if handle is not None:
                yield from self._changed(call, handle, names, arguments, result)
            case _ if any(self._name(name.decode(errors="replace")) for name in names):
                raise UnknownCallError(f"{call}({arguments[:200]})")

    def _opened(self, process: str, path: str, arguments: str, result: int) -> Iterator[Deed]:
        self._handles.pop((process, result), None)
        name = self._name(path)
        if path != self._folder and name is None:
            return
        self._last += 1
        self._handles[process, result] = 0 if name is None else self._last
        self._places[self._last] = 0
        if name is not None:
            yield Opened(self._last, name, "O_TRUNC" in arguments)

    def _changed(self, call: str, handle: int, data: list[bytes], arguments: str, result: int) -> Iterator[Deed]:
        match call:
            case "write":
                yield Written(handle, self._places[handle], data[0][:result])
                self._places[handle] += result
            case "pwrite64":
                yield Written(handle, int(arguments.rsplit(",", 1)[1]), data[0][:result])
            case "ftruncate":
                yield Cut(handle, int(arguments.rsplit(",", 1)[1]))
            case "fsync" | "fdatasync":
                yield Synced(handle)
            case _:
                raise UnknownCallError(f"{call}({arguments[:200]})")

    def _name(self, path: str) -> str | None:
        head, _, name = path.rpartition("/")
        return name if head == self._folder else None
