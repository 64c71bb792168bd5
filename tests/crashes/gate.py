"""A gate at which a new server waits until the test has a tracer on it.

To trace the watchdog and all that it forks would strike the watchdog itself too, whose own words go out by the same
calls; and a watchdog that is killed is started by nobody.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

FOLDER = "AUCTION_TEST_GATE"
"""The variable that names the folder of the gate's two pipes."""


def wait_there(watchdog_pid: int) -> None:
    """Tell who one is and wait, in a process that the watchdog forked, if the gate is closed."""
    folder = os.environ.get(FOLDER)
    if folder is None or os.getppid() != watchdog_pid or not (Path(folder) / "born").exists():
        return
    (Path(folder) / "born").write_text(str(os.getpid()))
    (Path(folder) / "go").read_text()


@contextmanager
def closed(folder: Path) -> Iterator[Callable[[], int]]:
    """Close the gate for the next server, which waits there until the end of the block.

    Yields what to call, after the server before it was killed, for the process that waits.
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
