"""The programs of the benchmarks as a person starts them."""

import os
import signal
import subprocess
import sys
from pathlib import Path

PATIENCE_S = 300


def start(*words: str) -> "subprocess.Popen[str]":
    """Start `python -m benchmarks WORDS` in a new process group."""
    return subprocess.Popen(
        [sys.executable, "-m", "benchmarks", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def run(*words: str) -> tuple[int, str]:
    """Run a program to its end; return its exit status and its output."""
    with start(*words) as program:
        try:
            said, _ = program.communicate(timeout=PATIENCE_S)
        finally:
            end_group(program)
    return program.returncode, said


def end_group(program: "subprocess.Popen[str]") -> bool:
    """Kill all remaining processes of a program and its children; return whether there were any."""
    try:
        os.killpg(program.pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def children(pid: int) -> list[int]:
    """Return the running child processes of a process."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
