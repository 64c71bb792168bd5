"""Houses of one sale on one machine, as processes that an operator would start: one holds it, and others stand by.

The tests use them too, and check with them that no bid is lost, whatever becomes of the houses.
"""

import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import msgspec

from benchmarks.load.postgres_servers import free_port
from rehearsal.house import HouseError

WAIT_S: Final = 120.0
"""The longest wait for an event of a house; a busy machine takes many times as long as a quiet one."""
LINES_KEPT: Final = 400
STAGES: Final = ("standing_by", "listening", "stepped_down", "handed_over")
"""The events by which a house tells what it is now."""
_PORTS_TRIED_MAX: Final = 100


class HouseBeside:
    """A house with a data directory and ports of its own. `adopt` gives it the keys of another."""

    def __init__(
        self, folder: Path, store: str, port: int, *, advertise: str = "", program: str = "auctioneer"
    ) -> None:
        """`advertise` is the place in the join link, where that is not the house's own: HOST:PORT:PUBLISH_PORT.

        `program` is the module that `python -m` runs.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self.name = folder.name
        self.data = folder / "data"
        self.port = port
        self.store = store
        self.link = ""
        """The join link, once this house has listened."""
        self.term = 0
        """The last term in which this house held the sale."""
        self.stage = ""
        """The last of `STAGES` that this process reached; empty before the first."""
        self.lines: deque[str] = deque(maxlen=LINES_KEPT)
        self._advertise = advertise
        self._program = program
        self._also: list[str] = []
        self._events: queue.Queue[dict[str, Any]] = queue.Queue()
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None

    @property
    def place(self) -> str:
        """Where bidders find the house."""
        host, port, *_ = (self._advertise or f"127.0.0.1:{self.port}").split(":")
        return f"{host}:{port}"

    @property
    def is_running(self) -> bool:
        """Whether its watchdog runs."""
        return self._process is not None and self._process.poll() is None

    def stand_beside(self, others: Sequence["HouseBeside"]) -> None:
        """Name the others as places where the house may be, from the next start on."""
        self._also = [part for other in others for part in ("--also", other.place)]

    def adopt(self, first: "HouseBeside") -> None:
        """Have the keys of another house, as an operator brings them. Raises HouseError."""
        carried = self.data.parent / "house.keys"
        first.order("key", "export", str(carried))
        self.order("key", "import", str(carried))

    # --- running ------------------------------------------------------------------------------------------------------

    def start(self, verb: str, *arguments: str, log_level: str = "info") -> None:
        """Start `auctioneer run` or `stand-by`; `arguments` come first."""
        assert not self.is_running, f"{self.name} runs already"
        self.forget_events()
        self.stage = ""
        places = ["--port", str(self.port), "--publish-port", str(self.port + 1), *self._also]
        places += ["--advertise", self._advertise] if self._advertise else []
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", self._program, verb, *arguments, "--data", str(self.data)),
                *("--store", self.store, "--unlisted", "--log-format", "json", "--log-level", log_level, *places),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, args=(self._process,), name=f"log of {self.name}")
        self._reader.start()

    def _read(self, process: "subprocess.Popen[str]") -> None:
        assert process.stderr is not None, "its log is a pipe"
        for line in process.stderr:
            self.lines.append(line)
            if line.startswith("{"):
                event: dict[str, Any] = msgspec.json.decode(line)
                if event.get("event") == "listening":
                    self.link = str(event["link"])
                if event.get("event") == "took_over":
                    self.term = int(event["term"])
                if event.get("event") in STAGES:
                    self.stage = str(event["event"])
                self._events.put(event)
        self._events.put({"event": "log_ended"})

    def wait_for(self, *events: str) -> dict[str, Any]:
        """Return the next event of the log with one of these names; skip others. Raises HouseError."""
        deadline_s = time.monotonic() + WAIT_S
        while True:
            try:
                found = self._events.get(timeout=max(0.01, deadline_s - time.monotonic()))
            except queue.Empty:
                raise self._error(f"did not say {' or '.join(events)} within {WAIT_S:.0f} s") from None
            if found["event"] in events:
                return found
            if found["event"] == "log_ended":
                raise self._error(f"ended and did not say {' or '.join(events)}")

    def forget_events(self) -> None:
        """Skip what the log has said so far."""
        with suppress(queue.Empty):
            while True:
                self._events.get_nowait()

    def _error(self, what: str) -> HouseError:
        return HouseError(f"House {self.name} {what}. It said last:\n{''.join(list(self.lines)[-20:])}")

    # --- what becomes of it -------------------------------------------------------------------------------------------

    def signal(self, number: int) -> None:
        """Send a signal to the watchdog and all processes that it started, as where a machine fails or sleeps."""
        assert self._process is not None, f"{self.name} was never started"
        with suppress(ProcessLookupError):  # all have just ended
            os.killpg(self._process.pid, number)

    def kill(self) -> None:
        """Kill all its processes at once, as the loss of the machine does, and wait until they are gone."""
        self.signal(signal.SIGKILL)
        self._join()

    def stop(self) -> int | None:
        """Stop it as an operator would, or by force; return the exit status, or None if it was never started."""
        if self._process is None:
            return None
        self.signal(signal.SIGCONT)
        if self.is_running:
            self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=WAIT_S)
        self.signal(signal.SIGKILL)
        return self._join()

    def _join(self) -> int:
        assert self._process is not None, "the caller has looked"
        assert self._reader is not None, "it is started with the process"
        status = self._process.wait(timeout=WAIT_S)
        self._reader.join(timeout=WAIT_S)
        assert self._process.stderr is not None, "its log is a pipe"
        self._process.stderr.close()
        return status

    def order(self, *words: str) -> str:
        """Give an auctioneer's command to this house, and return what it printed. Raises HouseError."""
        done = self.try_order(*words)
        if done.returncode:
            raise HouseError(f"`auctioneer {' '.join(words)}` failed: {done.stderr.strip()}")
        return done.stdout

    def try_order(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Give an auctioneer's command to this house."""
        return subprocess.run(
            [sys.executable, "-m", "auctioneer", *words, "--data", str(self.data)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=WAIT_S,
            check=False,
        )


def free_pairs(count: int) -> list[int]:
    """Return ports that are free together with the port after each. Raises HouseError if there are too few."""
    found: list[int] = []
    for _ in range(_PORTS_TRIED_MAX):
        port = free_port()
        if _is_free(port + 1) and not {port - 1, port, port + 1} & set(found):
            found.append(port)
        if len(found) == count:
            return found
    raise HouseError("There are too few free ports beside each other on this machine.")


def _is_free(port: int) -> bool:
    with socket.socket() as one, suppress(OSError):
        one.bind(("127.0.0.1", port))
        return True
    return False
