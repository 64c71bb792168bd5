"""A house started by the checks, or any running house by its link. Commands have the form of docs/protocol.md."""

import json
import time
from pathlib import Path
from typing import Any

import msgpack
import zmq

from tests.house_process import WAIT_S, HouseProcess


class RunningHouse:
    """A house that somebody else runs; only its link is known."""

    def __init__(self, link: str) -> None:
        self.link = link


class OwnHouse(RunningHouse):
    """A house that belongs to the test, which may kill it. `data` is its directory."""

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
        self.data = folder / "data"
        self.data.mkdir(mode=0o700)
        for name, text in (files or {}).items():
            (self.data / name).write_text(text)
        options = ["--admit", admit, "--requests-per-second", str(requests_per_s)]
        self._process = HouseProcess(folder, catalogue, *options, *([] if is_encrypted else ["--no-encryption"]))
        try:
            super().__init__(self._await_listening())
        except BaseException:
            self.stop()
            raise

    def _await_listening(self) -> str:
        """Wait until a server logs that it listens; return its link."""
        return str(self._process.wait_for("listening")["link"])

    @property
    def record(self) -> dict[str, Any]:
        """The content of `house.json`."""
        return self._process.record

    @property
    def control_keys(self) -> dict[str, str]:
        """The auctioneer's key pair."""
        return dict(json.loads((self.data / "keys" / "control" / "auctioneer.json").read_text()))

    def order(self, **command: Any) -> dict[str, Any]:
        """Give the house a new command of the auctioneer, and return its answer."""
        keys = self.control_keys
        server_key = json.loads((self.data / "keys" / "house.json").read_text())["public"]
        with zmq.Context() as context, context.socket(zmq.DEALER) as dealer:
            dealer.setsockopt(zmq.LINGER, 0)
            dealer.setsockopt(zmq.CURVE_SERVERKEY, server_key.encode())
            dealer.setsockopt(zmq.CURVE_PUBLICKEY, keys["public"].encode())
            dealer.setsockopt(zmq.CURVE_SECRETKEY, keys["secret"].encode())
            dealer.connect(self.record["control"])
            dealer.send(msgpack.packb(command | {"id": time.time_ns() // 1000}))
            assert dealer.poll(int(WAIT_S * 1000)), "no answer to a command"
            return dict(msgpack.unpackb(dealer.recv()))

    def kill_and_await(self) -> None:
        """Kill the server by SIGKILL, and wait until another one listens at the same addresses."""
        assert self._process.kill_server()["link"] == self.link

    def stop(self) -> None:
        """End the house with its watchdog."""
        self._process.stop()
