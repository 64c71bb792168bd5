"""A real terminal for tests: tmux, with a server of its own for each."""

import os
import shlex
import shutil
import subprocess
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.house_process import ROOT, WAIT_S

_LOOK_AGAIN_S = 0.05
ENDED = "the program ended with"

needs_tmux = pytest.mark.skipif(
    shutil.which("tmux") is None, reason="tmux is not installed, so NO REAL TERMINAL WAS TRIED; `make system-packages`"
)


def _command(pid: int) -> bytes:
    """Return the command of a process, with zero bytes between the words; empty if it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


class Tmux:
    """One terminal in which a program runs; when it ends, its exit status is shown."""

    def __init__(self, command: Sequence[str], env: Mapping[str, str], *, columns: int = 80, lines: int = 24) -> None:
        self._never = threading.Event()
        self._socket = f"auction-{uuid.uuid4().hex[:12]}"
        told = f"{shlex.join(command)}; echo {ENDED} $?; read REPLY"
        # The server has the environment of whoever starts it, and a size in there would hide that of the terminal.
        around = {name: text for name, text in os.environ.items() if name not in ("COLUMNS", "LINES", "TMUX")}
        self._run(
            *("-f", os.devnull, "new-session", "-d", "-x", str(columns), "-y", str(lines), "-c", str(ROOT), told),
            env=around | dict(env) | {"TERM": "xterm-256color"},
        )

    def __enter__(self) -> "Tmux":
        return self

    def __exit__(self, *_: object) -> None:
        self._run("kill-server")

    def _run(self, *words: str, env: Mapping[str, str] | None = None) -> str:
        done = subprocess.run(
            ["tmux", "-L", self._socket, *words], capture_output=True, text=True, check=False, env=env, timeout=WAIT_S
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    @property
    def shown(self) -> str:
        """What the terminal shows, a line for each of its lines."""
        return self._run("capture-pane", "-p")

    @property
    def history(self) -> str:
        """All that was shown, also what has scrolled away."""
        return self._run("capture-pane", "-p", "-S", "-")

    def pid_of(self, word: bytes) -> int:
        """Return the process in this terminal whose command has a word between zero bytes."""
        terminal = self._run("display-message", "-p", "#{pane_tty}").strip()
        listed = subprocess.run(
            ["ps", "-o", "pid=", "-t", terminal], capture_output=True, text=True, check=True, timeout=WAIT_S
        )
        (found,) = [pid for pid in map(int, listed.stdout.split()) if word in _command(pid)]
        return found

    @property
    def is_whole(self) -> bool:
        """Whether the terminal is as a program should leave it: no other screen, a cursor, no mouse."""
        flags = self._run("display-message", "-p", "#{alternate_on}#{cursor_flag}#{mouse_any_flag}")
        return flags.strip() == "010"

    def pause(self, seconds: float) -> None:
        """Let a time pass, as a person does who looks first."""
        self._never.wait(seconds)

    def press(self, *keys: str) -> None:
        """Press keys, by the names that tmux has for them."""
        self._run("send-keys", *keys)

    def type(self, text: str) -> None:
        """Type a text and Enter."""
        self._run("send-keys", "-l", text)
        self.press("Enter")

    def resize(self, columns: int, lines: int) -> None:
        """Give the terminal another size."""
        self._run("resize-window", "-x", str(columns), "-y", str(lines))

    def until(self, *texts: str) -> str:
        """Wait until all these texts are shown, and return what is shown then."""
        deadline_s = time.monotonic() + WAIT_S
        while not all(text in (shown := self.shown) for text in texts):
            assert time.monotonic() < deadline_s, f"{texts} did not come:\n{shown}"
            self.pause(_LOOK_AGAIN_S)
        return shown

    def until_gone(self, text: str) -> None:
        """Wait until a text is no longer shown."""
        deadline_s = time.monotonic() + WAIT_S
        while text in (shown := self.shown):
            assert time.monotonic() < deadline_s, f"{text!r} did not go:\n{shown}"
            self.pause(_LOOK_AGAIN_S)
