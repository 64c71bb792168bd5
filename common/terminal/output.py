"""How text reaches a terminal or a pipe: all that both command lines print goes through the functions here.

Much of it comes from the other side: a house that bidders don't know, or bidders whom the house doesn't know. So each
function takes out what could steer a terminal, turn the direction of text or begin another line. And none of them
loses text in silence: what stdout does not take raises OutputError.
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
"""Streams that refused something once: what follows would have a hole before it."""


class OutputError(StorageError):
    """Stdout does not take what a command has to say; the command was carried out all the same."""

    code = "output"

    def __init__(self, cause: OSError, lost: str = "") -> None:
        self.cause = cause
        reason = "stdout is closed" if cause.errno == errno.EBADF else cause.strerror
        super().__init__(f"The output can't be written: {reason}." + (f" It was: {lost}" if lost else ""))


def prepare_output() -> None:
    """Make both streams ready: whatever they are, each character can be written or told as lost.

    What the encoding has no character for is escaped. A descriptor that is closed is taken by something that can't be
    written to, so that no file or socket gets its number and with it what was meant for a person.
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
    """Print a traceback. It is a bug of ours, but what set it off may have come from the other side."""
    for part in traceback.format_exception(kind, error, trace):
        for line in part.splitlines():
            say(line, err=True)


def finish_output() -> None:
    """Write out what may still wait. Raises OutputError; the end of the process then does not complain again."""
    for stream in (sys.stderr, sys.stdout):
        try:
            stream.flush()
        except OSError as error:
            drop(stream)
            if stream is sys.stdout:
                raise OutputError(error) from error


def is_stdout_broken() -> bool:
    """Return whether stdout refuses what was written to it."""
    try:
        sys.stdout.flush()
    except OSError:
        return True
    return False


def drop(stream: TextIO) -> None:
    """Send what is still to be written to a stream nowhere, since nobody takes it."""
    with suppress(OSError, ValueError):  # a stream without a file has nothing to drop
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def say(text: str = "", *, err: bool = False, if_lost: str = "", style: Mapping[str, Any] | None = None) -> None:
    """Print one line; line breaks in it become spaces.

    `if_lost` is what an OutputError says, where this is the only word on what was decided. What stderr does not take
    is lost: there is nowhere else to say it, and the exit status says it, too.
    """
    line = printable(text)
    _write(click.style(line, **style) if style and _has_colours() else line, err=err, if_lost=if_lost)


def tell_person(sentence: str) -> None:
    """Print a sentence that is for the person at the keyboard only, whatever reads the output."""
    say(sentence, err=True)


def say_error(error: AuctionError) -> None:
    """Print an error on stderr: in one line, or where it tells of several things, a line for each."""
    head = f"Error [{error.code}]:"
    if len(error.lines) == 1:
        say(f"{head} {error}", err=True)
        return
    for line in (head, *error.lines):
        say(line, err=True)


def say_drawn(lines: Iterable[str], *, err: bool = False) -> None:
    """Print what was laid out from printable text, with colours and line breaks of our own: a table, a CSV, a help."""
    _write("\n".join(lines), err=err)


def say_bytes(content: bytes) -> None:
    """Print what was laid out from printable text and has an encoding of its own, whatever that of the terminal is."""
    _write(content)


def print_json(value: object, *, if_lost: str = "") -> None:
    """Print one JSON document, indented, for programs and people. Raises OutputError with `if_lost`."""
    _write(_json(msgspec.json.format(msgspec.json.encode(value), indent=2)), if_lost=if_lost)


def say_record(record: Mapping[str, Any], *, if_lost: str = "") -> None:
    """Print one object on a line of its own, at once. Raises OutputError with `if_lost`."""
    _write(_json(msgspec.json.encode(record)), if_lost=if_lost)


def say_done(done: str, document: object, *, as_json: bool) -> None:
    """Tell what was carried out, in a sentence or as JSON. Where stdout does not take it, the OutputError says it."""
    if as_json:
        print_json(document, if_lost=done)
    else:
        say(done, if_lost=done)


def confirm(question: str) -> None:
    """Ask on stderr for a yes. Raises click's Abort at a no."""
    try:
        click.confirm(printable(question), abort=True, err=True)
    except OSError as error:
        raise OutputError(error) from error


def _json(encoded: bytes) -> str:
    """Return a JSON document with escapes for what JSON itself leaves as it is, but a terminal would not."""
    text = encoded.decode()
    chars: list[str] | None = None
    for place in misleading_places(text):
        chars = chars or list(text)
        utf_16 = text[place].encode("utf-16-be", "surrogatepass").hex()
        chars[place] = "".join(f"\\u{utf_16[start : start + 4]}" for start in range(0, len(utf_16), 4))
    return text if chars is None else "".join(chars)


def _has_colours() -> bool:
    """Return whether colours are wanted; in a pipe click takes them out besides."""
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
            raise  # who reads has enough, as `head` does
        raise OutputError(error, printable(if_lost)) from error
