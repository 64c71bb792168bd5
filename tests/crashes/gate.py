"""A gate at which a new server waits until the test has a tracer on it.

A trace of the watchdog and its children would also strike the watchdog itself, since it writes its log by the same
calls. Nobody restarts a killed watchdog.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

FOLDER = "AUCTION_TEST_GATE"
"""The variable that names the folder of the gate's two pipes."""


def wait_there(watchdog_pid: int) -> None:
    """In a process forked by the watchdog: if the gate is closed, report the process and wait."""
    folder = os.environ.get(FOLDER)
    if folder is None or os.getppid() != watchdog_pid or not (Path(folder) / "born").exists():
        return
    (Path(folder) / "born").write_text(str(os.getpid()))
    (Path(folder) / "go").read_text()


@contextmanager
def closed(folder: Path) -> Iterator[Callable[[], int]]:
    """Close the gate for the next server, which waits there until the end of the block.

    Yields a function that returns the waiting process. Call it after the kill of the previous server.
    """
    born, go = folder / "born", folder / "go"
    os.mkfifo(go)
    os.mkfifo(born)

    def wait_for_birth() -> int:
        pid = int(born.read_text())
        born.unlink()
        return pid

    try:
        yield wait_for_birth
    finally:
        if not born.exists():
            go.write_text("")
        go.unlink()
