"""Processes that a measurement starts for its own work: a module run by `python -m`, with lines of JSON both ways.

They are separate processes so that they take no time from the measuring process. They are not forked, since a zmq
context does not survive a fork.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import msgspec

from benchmarks.load.latencies import Latencies
from common.errors import UnreachableError

T = TypeVar("T")


class Child:
    """Such a process, seen from its parent. `running_child` makes it."""

    def __init__(self, module: str, process: "subprocess.Popen[bytes]") -> None:
        self._module = module
        self._process = process

    @property
    def pid(self) -> int:
        """The id of the process."""
        return self._process.pid

    def tell(self, message: object) -> None:
        """Send the process a message."""
        assert self._process.stdin is not None, "its input is a pipe"
        self._process.stdin.write(encode_line(message))
        self._process.stdin.flush()

    def hear(self, kind: type[T]) -> T:
        """Return the next message, which must be of this kind. Raises UnreachableError if the process ended instead."""
        assert self._process.stdout is not None, "its output is a pipe"
        line = self._process.stdout.readline()
        if not line:
            raise UnreachableError(f"`{self._module}` ended before it was done; its error is above.")
        heard: T = decode_line(line, kind)
        return heard


@contextmanager
def running_child(module: str, *arguments: str) -> Iterator[Child]:
    """Run a module as a process, and kill it at the end."""
    command = [sys.executable, "-m", module, *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            yield Child(module, process)
        finally:
            process.kill()


def say(message: object) -> None:
    """In the process: send a message to the parent."""
    sys.stdout.buffer.write(encode_line(message))
    sys.stdout.buffer.flush()


def encode_line(message: object) -> bytes:
    """Return a message as a line."""
    return msgspec.json.encode(message, enc_hook=_from_latencies) + b"\n"


def decode_line(line: bytes | str, kind: Any) -> Any:
    """Return the message in a line; `kind` may be a union, which mypy takes for no type."""
    return msgspec.json.decode(line, type=kind, dec_hook=_to_latencies)


def _from_latencies(value: object) -> object:
    if isinstance(value, Latencies):
        return value.encode()
    raise TypeError(f"a {type(value).__name__} is not told")


def _to_latencies(kind: type[Any], value: object) -> object:
    assert kind is Latencies, "nothing else is told as text"
    return Latencies.decode(str(value))
