"""Types the commands of documents in their order, at terminals, as a new user would.

Only the installation is left out, which `test_packaging.py` tests: this environment's programs replace it. The ports
are free ones, since other programs may use the house's own ports on this machine.
"""

import os
import pty
import re
import select
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
WAIT_S = 60.0
PROMPT = "READY>"
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Typed(NamedTuple):
    """A command of a document, the terminal that types it, and the output that the document shows."""

    who: str
    command: str
    shown: str


def commands(text: str) -> list[Typed]:
    """Return the commands of a text in their order."""
    found: list[Typed] = []
    for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL):
        for line in block.splitlines():
            typed = re.match(r"([a-z]*)\$ +(.*?)(?:\s{2,}#.*)?$", line)
            if typed:
                found.append(Typed(typed[1], typed[2], ""))
            elif found:
                found[-1] = found[-1]._replace(shown=f"{found[-1].shown}{line}\n")
    return found


def looks_like(shown: str) -> str:
    """Return a pattern for a document's output: times, ports, keys, `...` and spaces match any others."""
    pattern = re.escape(" ".join(shown.split())).replace(r"\ ", r"\s+").replace(r"\.\.\.", ".*")
    pattern = re.sub(r"\d\d:\d\d:\d\d(\\\.\d\d\d)?", r"\\d\\d:\\d\\d:\\d\\d(\\.\\d\\d\\d)?", pattern)
    return re.sub(r":7766/\S+?publish=7767", r":\\d+/\\S+publish=\\d+", pattern)


class Terminal:
    """A shell at a separate terminal, for typing commands."""

    def __init__(self, folder: Path, home: Path) -> None:
        self._ours, theirs = pty.openpty()
        environment = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
        self._process = subprocess.Popen(
            ["bash", "--noprofile", "--norc", "-i"],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            cwd=folder,
            env=environment
            | {"HOME": str(home), "PS1": PROMPT, "TERM": "dumb", "COLUMNS": "200", "PROMPT_COMMAND": ""},
            start_new_session=True,
        )
        os.close(theirs)
        self._shown = ""
        self.until(PROMPT)

    def type(self, line: str) -> None:
        os.write(self._ours, f"{line}\n".encode())

    def until(self, pattern: str) -> str:
        """Wait until the pattern is shown, after the earlier matches; return the output up to its end."""
        deadline_s = time.monotonic() + WAIT_S
        while not (found := re.search(pattern, self._shown, re.DOTALL)):
            assert select.select([self._ours], [], [], max(0, deadline_s - time.monotonic()))[0], (
                f"{pattern!r} was not shown:\n{self._shown}"
            )
            self._shown += _ESCAPES.sub("", os.read(self._ours, 65_536).decode(errors="replace"))
        shown, self._shown = self._shown[: found.end()], self._shown[found.end() :]
        return shown

    def run(self, typed: Typed) -> str:
        """Type a command, give the document's answers, and return the output up to the next prompt."""
        self.type(typed.command)
        shown = ""
        for answer in re.findall(r"\[y/N\]: (.*)", typed.shown):
            shown += self.until(r"\[y/N\]: ")
            self.type(answer)
        return (shown + self.until(PROMPT)).replace("─", "")

    def interrupt(self) -> None:
        os.write(self._ours, b"\x03")

    def close(self) -> None:
        """Close the terminal, which ends the shell and what runs in it."""
        os.close(self._ours)
        self._process.wait(WAIT_S)


@contextmanager
def terminals(folder: Path, count: int) -> Iterator[list[Terminal]]:
    """Yield terminals of a user who has only a checkout and an installation beside each other."""
    home = folder / "home"
    home.mkdir(parents=True)
    (folder / "auction-house").symlink_to(ROOT)
    (folder / "auction" / "bin").mkdir(parents=True)
    programs = shlex.quote(str(Path(sys.executable).parent))
    (folder / "auction" / "bin" / "activate").write_text(f"export PATH={programs}:$PATH\n")
    with ExitStack() as open_terminals:
        opened = [Terminal(folder, home) for _ in range(count)]
        for one in opened:
            open_terminals.callback(one.close)
        yield opened


def begin(terminal: Terminal, typed: Typed) -> None:
    """Type a command that keeps running, on free ports, and wait until it shows the document's output."""
    terminal.type(f"{typed.command} --port 0")
    terminal.until(looks_like(typed.shown) if typed.shown else "To stop")
