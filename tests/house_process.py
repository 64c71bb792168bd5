"""A real house in separate processes for tests: started by the command line, observed through its log.

Nothing here sleeps. The house logs JSON, and a test waits for the event that it needs, such as `listening`.
"""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import zmq
from click.testing import CliRunner, Result

from auctioneer.cli import main
from common.codec import decode_answer, decode_broadcast, encode, topic
from common.keys import KeyPair, new_keys
from common.limits import REPLY_BYTES_MAX
from common.links import parse_link
from common.messages import AnyAnswer, AnyBroadcast, AnyRequest, Hello
from common.sockets import new_context, set_request_client, set_subscriber, use_curve_client

WAIT_S = 120.0
"""The longest wait for an expected event; a busy machine takes many times as long as a quiet one."""
PROGRAM = "auctioneer"
ROOT = Path(__file__).resolve().parent.parent

CATALOGUE = """
[sale]
title = "A sale under test"
currency = "USD"
[defaults]
duration = "1h"
increment = "1"
[[lot]]
title = "First"
starting_price = "10"
[[lot]]
title = "Second"
starting_price = "10"
reserve = "100"
[[lot]]
title = "By hand"
starting_price = "10"
opens = "by hand"
"""


class HouseProcess:
    """`auctioneer run` on a data directory, or `stand-by`; use `running_house`. `program` is the module to run."""

    def __init__(
        self,
        folder: Path,
        catalogue: str | None,
        *arguments: str,
        under: Sequence[str] = (),
        program: str = PROGRAM,
        verb: str = "run",
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.data = folder / "data"
        self.state = folder / "state"
        """The XDG_STATE_HOME in which the house registers itself for programs on this machine."""
        command = [*under, sys.executable, "-m", program, verb]
        if catalogue is not None:
            path = folder / "catalogue.toml"
            path.write_text(catalogue)
            command.append(str(path))
        command += ["--data", str(self.data), "--log-format", "json", *arguments]
        if not (self.data / "machine.json").exists() and "--port" not in arguments:
            command += ["--port", "0"]  # only once, since the house keeps its ports
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=os.environ | {"XDG_STATE_HOME": str(self.state)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.lines: list[str] = []
        self._events: queue.Queue[dict[str, Any]] = queue.Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.lines.append(line)
            if line.startswith("{"):
                self._events.put(json.loads(line))
            else:
                self._events.put({"event": "said", "line": line})
        self._events.put({"event": "log_ended"})

    def wait_for(self, event: str) -> dict[str, Any]:
        """Return the next log event of this name; skip all others."""
        found = self.wait_for_any(event, "log_ended")
        assert found["event"] == event, "the house ended:\n" + "".join(self.lines[-20:])
        return found

    def wait_for_any(self, *events: str) -> dict[str, Any]:
        """Return the next log event with one of these names; `log_ended` comes after the last event."""
        deadline_s = time.monotonic() + WAIT_S
        while True:
            try:
                found = self._events.get(timeout=max(0.01, deadline_s - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"none of {events} came:\n" + "".join(self.lines[-20:])) from None
            if found["event"] in events:
                return found

    @property
    def record(self) -> dict[str, Any]:
        """The present content of `house.json`."""
        record: dict[str, Any] = json.loads((self.data / "house.json").read_text())
        return record

    @property
    def link(self) -> str:
        """The join link."""
        return str(self.record["link"])

    @property
    def server_pid(self) -> int:
        """The id of the process that has the sockets."""
        return int(self.record["pid"])

    def kill_server(self, number: int = signal.SIGKILL) -> dict[str, Any]:
        """Kill the server and return its successor's `listening`."""
        os.kill(self.server_pid, number)
        return self.wait_for("listening")

    def auctioneer(self, *arguments: str) -> Result:
        """Give this house an auctioneer's command from this process, since starting a process takes far longer."""
        return CliRunner().invoke(main, [*arguments, "--data", str(self.data)], catch_exceptions=False)

    def clerk(self, name: str, rights: str = "hammer") -> Path:
        """Appoint a clerk who joins by the link; return the clerk's directory, for --data."""
        made = self.auctioneer("clerk", "add", name, "--rights", rights)
        assert made.exit_code == 0, made.stderr
        place = self.data.parent / f"clerk-{name}-{time.monotonic_ns()}"
        joined = as_clerk(place, "clerk", "join", made.stdout.strip())
        assert joined.exit_code == 0, joined.stderr
        return place

    def run_another(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Have another program try to hold the sale in this house's data directory, and wait until it gives up."""
        command = [sys.executable, "-m", "auctioneer", "run", *arguments, "--data", str(self.data)]
        return subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=WAIT_S, check=False
        )

    def stop(self) -> int:
        """Stop the house as an operator would; return the exit status."""
        if self.process.poll() is None:
            self.process.terminate()
        status = self.process.wait(timeout=WAIT_S)
        self._reader.join(timeout=WAIT_S)
        assert self.process.stderr is not None
        self.process.stderr.close()
        return status


def as_clerk(place: Path, *arguments: str) -> Result:
    """Give a command from a clerk's directory, in this process."""
    return CliRunner().invoke(main, [*arguments, "--data", str(place)], catch_exceptions=False)


@contextmanager
def running_house(
    folder: Path,
    *arguments: str,
    catalogue: str | None = CATALOGUE,
    under: Sequence[str] = (),
    program: str = PROGRAM,
) -> Iterator[HouseProcess]:
    """Run a house until the end of the block."""
    house = HouseProcess(folder, catalogue, *arguments, under=under, program=program)
    try:
        house.wait_for("listening")
        yield house
    finally:
        house.stop()


class RawBidder:
    """A bidder on bare sockets: one request, one answer, and the broadcasts as they come."""

    def __init__(self, link: str, name: str = "", keys: KeyPair | None = None) -> None:
        self.link = parse_link(link)
        self.keys = keys or new_keys()
        self.name = name
        self._context = new_context()
        self.requests = self._context.socket(zmq.DEALER)
        set_request_client(self.requests, REPLY_BYTES_MAX)
        # A heartbeat that is due when the house cuts the connection would abort a bidder who floods and does not read.
        self.requests.setsockopt(zmq.HEARTBEAT_IVL, 0)
        use_curve_client(self.requests, self.keys, self.link.server_key)
        self.requests.connect(self.link.request_address)
        self.broadcasts = self._context.socket(zmq.SUB)
        set_subscriber(self.broadcasts, REPLY_BYTES_MAX)
        use_curve_client(self.broadcasts, self.keys, self.link.server_key)
        self.broadcasts.connect(self.link.publish_address)

    def ask(self, request: AnyRequest, retry_ms: int = 300) -> AnyAnswer:
        """Return the house's answer; repeat the request until one comes."""
        body = encode(request)
        deadline_s = time.monotonic() + WAIT_S
        while time.monotonic() < deadline_s:
            if self.requests.poll(retry_ms, zmq.POLLOUT):
                self.requests.send(body)
            while self.requests.poll(retry_ms):
                answer = decode_answer(self.requests.recv())
                if answer.id == request.id:
                    return answer
        raise AssertionError(f"no answer to {request}")

    def hello(self) -> AnyAnswer:
        """Say hello as this bidder."""
        return self.ask(Hello(id=1, versions=(1,), name=self.name))

    def subscribe(self, *topics: bytes) -> None:
        """Subscribe, and wait until the house has proved that the subscriptions are in force."""
        probe = topic("~" + os.urandom(8).hex())
        for one in (*topics, probe):
            self.broadcasts.subscribe(one)
        while not self.next_frame().startswith(probe):
            continue

    def next_frame(self) -> bytes:
        """Return the next broadcast in its form on the wire."""
        assert self.broadcasts.poll(int(WAIT_S * 1000)), "no broadcast came"
        return self.broadcasts.recv()

    def next_broadcast(self) -> AnyBroadcast:
        """Return the next broadcast."""
        return decode_broadcast(self.next_frame())

    def close(self) -> None:
        """Close the sockets."""
        self._context.destroy(linger=0)
