"""The bidder's program as a process or at a terminal, and a sale to try it on."""

import fcntl
import json
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import threading
import time
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from bidder.cli import main
from tests.house_process import WAIT_S, HouseProcess

_WHERE = b"\x1b[6n"
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")

CATALOGUE = """
[sale]
title = "Evening sale"
currency = "USD"

[defaults]
starting_price = "100"
increment = "10"
duration = "until closed"
"""
LOT = """
[[lot]]
title = "Lot of its own"
"""


def catalogue(lots: int, **fields_of_first: str) -> str:
    """Return a catalogue of like lots; the first has more fields."""
    first = "".join(f'{key} = "{value}"\n' for key, value in fields_of_first.items())
    return CATALOGUE + LOT + first + LOT * (lots - 1)


def bidder(house: HouseProcess, home: Path, *words: str) -> Result:
    """Give a command of `bidder` as Ada, in this process."""
    words = (*words, "--name", "Ada", "--to", house.link, "--home", str(home))
    return CliRunner().invoke(main, words, catch_exceptions=False)


class Program:
    """`bidder ...` as a process with pipes."""

    def __init__(self, home: Path, *words: str) -> None:
        self.lines: list[dict[str, Any]] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bidder", *words, "--home", str(home)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self._killer = threading.Timer(WAIT_S, self.process.kill)
        self._killer.start()

    def __enter__(self) -> "Program":
        return self

    def __exit__(self, *_: object) -> None:
        self._killer.cancel()
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()

    def write(self, line: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n")
        self.process.stdin.flush()

    def close_input(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()

    def until(self, event: str, **fields: Any) -> dict[str, Any]:
        """Read up to the next object of this kind with these fields."""
        assert self.process.stdout is not None
        for raw in iter(self.process.stdout.readline, b""):
            line = json.loads(raw)
            self.lines.append(line)
            if line["event"] == event and fields.items() <= line.items():
                return dict(line)
        assert self.process.stderr is not None
        raise AssertionError(f"no {event} came; {self.lines[-5:]}, {self.process.stderr.read().decode()}")

    def end(self) -> int:
        """Read the rest and return the exit status."""
        assert self.process.stdout is not None
        self.lines += [json.loads(line) for line in self.process.stdout]
        return self.process.wait(WAIT_S)


TAKE_TERMINAL = """
import fcntl, runpy, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # so that Ctrl-C is a signal wherever the program does not read keys itself
runpy.run_module("bidder", run_name="__main__")
"""


class AtTerminal:
    """`bidder ...` at a separate terminal."""

    def __init__(self, home: Path, *words: str, tells_cursor: bool = False, term: str = "xterm") -> None:
        """With `tells_cursor` the terminal reports its cursor, as real ones do: only then is there a line below."""
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 200, 0, 0))
        self._tells_cursor = tells_cursor
        no_cursor = {} if tells_cursor else {"PROMPT_TOOLKIT_NO_CPR": "1"}
        self.process = subprocess.Popen(
            [sys.executable, "-c", TAKE_TERMINAL, *words, "--home", str(home)],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=os.environ | {"TERM": term, "COLUMNS": "200"} | no_cursor,
            start_new_session=True,
        )
        os.close(theirs)
        self._raw = b""
        self._read_to = 0

    def __enter__(self) -> "AtTerminal":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._ours)

    @property
    def raw(self) -> bytes:
        """The raw output."""
        return self._raw

    @property
    def shown(self) -> str:
        """The output without the terminal's control sequences."""
        return _ESCAPES.sub("", self._raw.decode(errors="replace"))

    def type(self, text: str) -> None:
        os.write(self._ours, text.encode())

    def until(self, text: str) -> None:
        """Wait until `text` is shown, after the texts of earlier waits."""
        deadline_s = time.monotonic() + WAIT_S
        while (found := self.shown.find(text, self._read_to)) < 0:
            assert time.monotonic() < deadline_s, f"{text!r} was not shown after:\n{self.shown[self._read_to :]}"
            assert self._read_more(), f"the program ended; {text!r} was not shown:\n{self.shown}"
        self._read_to = found + len(text)

    def end(self) -> int:
        """Read the rest and return the exit status."""
        while self._read_more():
            pass
        return self.process.wait(WAIT_S)

    def _read_more(self) -> bool:
        readable, _, _ = select.select([self._ours], [], [], WAIT_S)
        assert readable, f"nothing more is shown after:\n{self.shown}"
        try:
            chunk = os.read(self._ours, 65536)
        except OSError:  # Linux reports this when the program has closed its end
            return False
        self._raw += chunk
        if self._tells_cursor and _WHERE in chunk:
            os.write(self._ours, b"\x1b[1;1R")
        return bool(chunk)
