"""The README, typed: its commands in their order, at terminals, by somebody who has nothing yet.

Only the installation is left out, which `test_packaging.py` tries: this environment's programs stand in for it. Ports
are free ones, since others may use the house's own on this machine.
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

import pytest

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
WAIT_S = 120.0
PROMPT = "READY>"
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Typed(NamedTuple):
    """A command of the README, who types it, and what the README shows after it."""

    who: str
    command: str
    shown: str


def commands(section: str) -> list[Typed]:
    """Return the commands of a section in their order."""
    part = README.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    found: list[Typed] = []
    for block in re.findall(r"```console\n(.*?)```", part, re.DOTALL):
        for line in block.splitlines():
            typed = re.match(r"(house|guest|)\$ +(.*?)(?:\s{2,}#.*)?$", line)
            if typed:
                found.append(Typed(typed[1], typed[2], ""))
            elif found:
                found[-1] = found[-1]._replace(shown=f"{found[-1].shown}{line}\n")
    return found


def looks_like(shown: str) -> str:
    """Return a pattern for what the README shows: times, ports, keys and `...` stand for any, and so do spaces."""
    pattern = re.escape(" ".join(shown.split())).replace(r"\ ", r"\s+").replace(r"\.\.\.", ".*")
    pattern = re.sub(r"\d\d:\d\d:\d\d(\\\.\d\d\d)?", r"\\d\\d:\\d\\d:\\d\\d(\\.\\d\\d\\d)?", pattern)
    return re.sub(r":7766/\S+?publish=7767", r":\\d+/\\S+publish=\\d+", pattern)


class Terminal:
    """A shell at a terminal of its own, at which is typed."""

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
        """Wait until the pattern was shown after what was waited for before; return what was shown up to its end."""
        deadline_s = time.monotonic() + WAIT_S
        while not (found := re.search(pattern, self._shown, re.DOTALL)):
            assert select.select([self._ours], [], [], max(0, deadline_s - time.monotonic()))[0], (
                f"{pattern!r} was not shown:\n{self._shown}"
            )
            self._shown += _ESCAPES.sub("", os.read(self._ours, 65_536).decode(errors="replace"))
        shown, self._shown = self._shown[: found.end()], self._shown[found.end() :]
        return shown

    def run(self, typed: Typed) -> str:
        """Type a command, answer what the README answers, and return what was shown up to the next prompt."""
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
def machine(folder: Path) -> Iterator[tuple[Terminal, Terminal]]:
    """Yield two terminals of somebody who has a checkout and an installation beside each other, and nothing else."""
    home = folder / "home"
    home.mkdir(parents=True)
    (folder / "auction-house").symlink_to(ROOT)
    (folder / "auction" / "bin").mkdir(parents=True)
    programs = shlex.quote(str(Path(sys.executable).parent))
    (folder / "auction" / "bin" / "activate").write_text(f"export PATH={programs}:$PATH\n")
    with ExitStack() as terminals:
        first, second = Terminal(folder, home), Terminal(folder, home)
        terminals.callback(first.close)
        terminals.callback(second.close)
        yield first, second


def begin(terminal: Terminal, typed: Typed) -> None:
    """Type a command that stays, on free ports, and wait until it shows what the README shows."""
    terminal.type(f"{typed.command} --port 0")
    terminal.until(looks_like(typed.shown) if typed.shown else "To stop")


def test_the_first_sale_goes_as_the_readme_shows_and_the_second_after_it(tmp_path: Path) -> None:
    with machine(tmp_path / "house") as (first, second):
        activate, run, activate_again, *rest = commands("What it looks like")
        assert (activate.command, run.command) == (". auction/bin/activate", "auctioneer run --example")
        assert activate_again == activate
        first.run(activate)
        begin(first, run)
        second.run(activate)
        assert len(rest) >= 6
        for typed in rest:
            shown = second.run(typed)
            assert re.search(looks_like(typed.shown), shown, re.DOTALL), f"{typed.command} shows\n{shown}"
        first.interrupt()
        first.until(PROMPT)
        _try_second_sale(first, second, tmp_path)


def _try_second_sale(first: Terminal, second: Terminal, folder: Path) -> None:
    activate, run, activate_again, link, install, join = commands("A sale across two machines")
    assert [one.who for one in (activate, run, link, install, join)] == ["house"] * 3 + ["guest"] * 2
    assert "activate" in install.command
    first.run(activate)
    begin(first, run)
    second.run(activate_again)
    found = re.search(r"auction://\S+", second.run(link))
    assert found is not None
    with machine(folder / "guest") as (guest, program):
        guest.run(activate)
        guest.type(join.command.replace("auction://...", found[0]))
        guest.until("Spring charity evening")
        (snippet,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
        (typed,) = commands("In a program")
        (folder / "guest" / typed.command.split()[1]).write_text(snippet)
        program.run(activate)
        for verdict in ("Accepted", "Rejected"):  # the second time Cleo leads already, by that very maximum
            program.type(typed.command.replace("auction://...", found[0]))
            program.until(rf"{verdict}\(.*StateReady")
            program.interrupt()
            program.until(PROMPT)
        guest.until("Cleo|paddle 2")
        guest.type("quit")
        guest.until(PROMPT)
    first.interrupt()
    first.until(PROMPT)


@pytest.mark.parametrize("section", ["Try it", "What it looks like", "A sale across two machines"])
def test_no_program_is_typed_before_it_is_there(section: str) -> None:
    seen: set[str] = set()
    for typed in commands(section):
        if typed.command.split()[0] in ("auctioneer", "bidder"):
            assert typed.who in seen or "" in seen, f"{typed.command} is typed before anything is activated"
        if "activate" in typed.command:
            seen.add(typed.who)
