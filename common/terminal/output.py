"""How text reaches a terminal or a pipe: both command lines print everything through the functions here.

Much of the text comes from strangers: from a house that bidders don't know, or from bidders whom the house doesn't
know. So each function removes anything that could steer a terminal, change the direction of text or begin another line.
None of them loses text in silence: if stdout refuses it, they raise OutputError.
"""

import errno
import io
import os
import sys
import traceback
from collections.abc import Iterable, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, TextIO
from weakref import WeakKeyDictionary

import click
import msgspec

from common.errors import AuctionError, StorageError
from common.names import misleading_places, printable

_STANDARD_DESCRIPTORS: Final = (0, 1, 2)


_broken: Final[WeakKeyDictionary[TextIO, OSError]] = WeakKeyDictionary()
"""Streams that once refused something. Nothing more is written to them, since the text would have a gap."""


class OutputError(StorageError):
    """Stdout refuses the output of a command; the command itself was carried out."""

    code = "output"

    def __init__(self, cause: OSError, lost: str = "") -> None:
        self.cause = cause
        reason = "stdout is closed" if cause.errno == errno.EBADF else cause.strerror
        super().__init__(f"The output can't be written: {reason}." + (f" It was: {lost}" if lost else ""))


def prepare_output() -> None:
    """Prepare stdout and stderr so that each character is either written or reported as lost.

    A character that the encoding lacks is escaped. A closed descriptor is opened on something that can't be written to;
    otherwise a file or socket could get its number, and receive text that was meant for a person.
    """
    for descriptor in _STANDARD_DESCRIPTORS:
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_WRONLY if descriptor == 0 else os.O_RDONLY)  # takes the lowest free number
    if sys.stdout is None:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 -- open until the process ends
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 -- open until the process ends
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    sys.excepthook = _say_bug


def _say_bug(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print a traceback. The bug is ours, but the text in it may come from the other side."""
    for part in traceback.format_exception(kind, error, trace):
        for line in part.splitlines():
            say(line, err=True)


def finish_output() -> None:
    """Write out all text that still waits. Raises OutputError if that fails; Python then does not complain again."""
    for stream in (sys.stderr, sys.stdout):
        try:
            stream.flush()
        except OSError as error:
            drop(stream)
            if stream is sys.stdout:
                raise OutputError(error) from error


def is_stdout_broken() -> bool:
    """Return whether stdout refuses text."""
    try:
        sys.stdout.flush()
    except OSError:
        return True
    return False


def drop(stream: TextIO) -> None:
    """Discard all text that still waits in a stream, since nobody can receive it."""
    with suppress(OSError, ValueError):  # a stream without a file has nothing to drop
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def say(text: str = "", *, err: bool = False, if_lost: str = "", style: Mapping[str, Any] | None = None) -> None:
    """Print one line; line breaks in it become spaces. Raises OutputError if stdout refuses it.

    Set `if_lost` if nothing else tells the person what was decided: the OutputError then repeats it. Text that stderr
    refuses is lost: there is nowhere else to print it, and the exit status tells of the failure too.
    """
    line = printable(text)
    _write(click.style(line, **style) if style and _has_colours() else line, err=err, if_lost=if_lost)


def tell_person(sentence: str) -> None:
    """Print a sentence for the person at the keyboard on stderr, so that no program reads it as output."""
    say(sentence, err=True)


def say_error(error: AuctionError) -> None:
    """Print an error on stderr: on one line, or with a line for each thing if it has several to tell."""
    head = f"Error [{error.code}]:"
    if len(error.lines) == 1:
        say(f"{head} {error}", err=True)
        return
    for line in (head, *error.lines):
        say(line, err=True)


def say_drawn(lines: Iterable[str], *, err: bool = False) -> None:
    """Print lines that the caller made of printable text, and that may have colours: a table, a CSV, a help text."""
    _write("\n".join(lines), err=err)


def say_bytes(content: bytes) -> None:
    """Print text that the caller made of printable text and has encoded itself, whatever the terminal's encoding is."""
    _write(content)


def print_json(value: object, *, if_lost: str = "") -> None:
    """Print one JSON document, indented, for programs and people. Raises OutputError with `if_lost`."""
    _write(_json(msgspec.json.format(msgspec.json.encode(value), indent=2)), if_lost=if_lost)


def say_record(record: Mapping[str, Any], *, if_lost: str = "") -> None:
    """Print one object on a line of its own, at once. Raises OutputError with `if_lost`."""
    _write(_json(msgspec.json.encode(record)), if_lost=if_lost)


def say_done(done: str, document: object, *, as_json: bool) -> None:
    """Print what was done, as a sentence or as JSON. Raises OutputError, which repeats `done`, if stdout refuses it."""
    if as_json:
        print_json(document, if_lost=done)
    else:
        say(done, if_lost=done)


def confirm(question: str) -> None:
    """Ask a yes-or-no question on stderr. Raises click's Abort at a no, and OutputError if stderr refuses it."""
    try:
        click.confirm(printable(question), abort=True, err=True)
    except OSError as error:
        raise OutputError(error) from error


def _json(encoded: bytes) -> str:
    """Return a JSON document in which all characters that could mislead on a terminal are escaped."""
    text = encoded.decode()
    chars: list[str] | None = None
    for place in misleading_places(text):
        chars = chars or list(text)
        utf_16 = text[place].encode("utf-16-be", "surrogatepass").hex()
        chars[place] = "".join(f"\\u{utf_16[start : start + 4]}" for start in range(0, len(utf_16), 4))
    return text if chars is None else "".join(chars)


def _has_colours() -> bool:
    """Return whether colours are wanted; in a pipe click removes them anyway."""
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _write(text: str | bytes, *, err: bool = False, if_lost: str = "") -> None:
    stream = sys.stderr if err else sys.stdout
    try:
        if stream in _broken:
            raise _broken[stream]
        click.echo(text, file=stream, nl=isinstance(text, str))
    except OSError as error:
        drop(stream)
        _broken[stream] = error
        if err:
            return
        if isinstance(error, BrokenPipeError) and not if_lost:
            raise  # the reader has enough, as `head` does
        raise OutputError(error, printable(if_lost)) from error
