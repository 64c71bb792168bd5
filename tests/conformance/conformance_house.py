"""A real house as a process, or any running one by its link. What it says of itself is read from files and its log."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import msgpack
import zmq

START_S = 120
"""How long a house may take; that it is back within a second of a kill is measured by the benchmarks."""


class RunningHouse:
    """A house that somebody else runs; all that is known of it is the link."""

    def __init__(self, link: str) -> None:
        self.link = link


class OwnHouse(RunningHouse):
    """A house of the test's own, which it may kill."""

    def __init__(
        self,
        folder: Path,
        catalogue: str,
        *,
        admit: str = "open",
        requests_per_s: int = 100_000,
        is_encrypted: bool = True,
        files: dict[str, str] | None = None,
    ) -> None:
        self.data = folder / "sale"
        self.data.mkdir(mode=0o700)
        for name, text in (files or {}).items():
            (self.data / name).write_text(text)
        path = folder / "catalogue.toml"
        path.write_text(catalogue)
        asked = {
            "data": str(self.data),
            "catalogue": str(path),
            "admit": admit,
            "requests_per_s": requests_per_s,
            "is_encrypted": is_encrypted,
        }
        self._log: queue.Queue[str] = queue.Queue()
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("hold_house.py")), json.dumps(asked)],
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"XDG_STATE_HOME": str(folder / "state")},
        )
        self._reader = threading.Thread(target=self._read_log)
        self._reader.start()
        try:
            super().__init__(self.await_listening())
        except BaseException:
            self.stop()
            raise

    def _read_log(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self._log.put(line)
        self._log.put("")

    def await_listening(self) -> str:
        """Wait until a server says that it listens; return its link."""
        deadline_s = time.monotonic() + START_S
        said = []
        try:
            while line := self._log.get(timeout=max(0.01, deadline_s - time.monotonic())):
                said.append(line)
                if line.startswith("{") and (told := json.loads(line))["event"] == "listening":
                    return str(told["link"])
        except queue.Empty:
            raise AssertionError(f"it does not listen after {START_S} s:\n" + "".join(said)) from None
        raise AssertionError("the house ended:\n" + "".join(said))

    @property
    def record(self) -> dict[str, Any]:
        """What `house.json` tells."""
        return dict(json.loads((self.data / "house.json").read_text()))

    @property
    def control_keys(self) -> dict[str, str]:
        """The auctioneer's key pair."""
        return dict(json.loads((self.data / "keys" / "control" / "auctioneer.json").read_text()))

    def order(self, **command: Any) -> dict[str, Any]:
        """Give a command of the auctioneer's to the house, and return its answer."""
        keys = self.control_keys
        server_key = json.loads((self.data / "keys" / "house.json").read_text())["public"]
        with zmq.Context() as context, context.socket(zmq.DEALER) as dealer:
            dealer.setsockopt(zmq.LINGER, 0)
            dealer.setsockopt(zmq.CURVE_SERVERKEY, server_key.encode())
            dealer.setsockopt(zmq.CURVE_PUBLICKEY, keys["public"].encode())
            dealer.setsockopt(zmq.CURVE_SECRETKEY, keys["secret"].encode())
            dealer.connect(self.record["control"])
            dealer.send(msgpack.packb(command | {"id": 1}))
            assert dealer.poll(START_S * 1000), "no answer to a command"
            return dict(msgpack.unpackb(dealer.recv()))

    def kill(self) -> None:
        """Kill the server as hard as can be."""
        os.kill(self.record["pid"], signal.SIGKILL)

    def kill_and_await(self) -> None:
        """Kill the server and wait until another one listens at the same addresses."""
        self.kill()
        assert self.await_listening() == self.link

    def stop(self) -> None:
        """End the house with its watchdog."""
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(START_S)
        self._reader.join(START_S)
        assert self._process.stderr is not None
        self._process.stderr.close()
