"""Houses beside each other for tests: one holds a sale whose record is in a database, others stand by."""

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.load.postgres_servers import free_port
from tests.house_process import CATALOGUE, HouseProcess


def copy_keys(source: Path, target: Path) -> None:
    """Give a data directory the keys of another one."""
    for key in (source / "keys").rglob("*.json"):
        copy = target / key.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(key.read_bytes())
        copy.chmod(0o600)


class Houses:
    """Houses of one sale; the first was started by `run`, the others stand by."""

    def __init__(self, folder: Path, url: str, count: int, catalogue: str = CATALOGUE) -> None:
        self._folder = folder
        self._url = url
        self._catalogue = catalogue
        self.ports = [free_port() for _ in range(count)]
        self.houses: list[HouseProcess] = []

    def start(self, number: int, *more: str) -> HouseProcess:
        """Start a house: the first by `run`, if it never ran, and any other to stand by."""
        folder = self._folder / f"house-{number}"
        also = [word for port in self.ports if port != self.ports[number] for word in ("--also", f"127.0.0.1:{port}")]
        options = ["--store", self._url, "--port", str(self.ports[number]), "--publish-port", "0", *also, *more]
        if not number and not folder.exists():
            house = HouseProcess(folder, self._catalogue, *options)
            house.wait_for("listening")
        else:
            if number:
                copy_keys(self._folder / "house-0" / "data", folder / "data")
            house = HouseProcess(folder, None, *options, verb="stand-by")
            house.wait_for("standing_by")
        self.houses.append(house)
        return house

    def stop(self) -> None:
        """Stop all, those that hold the sale last."""
        for house in reversed(self.houses):
            house.stop()


@contextmanager
def houses(
    folder: Path, url: str, count: int = 2, catalogue: str = CATALOGUE, standby_options: tuple[str, ...] = ()
) -> Iterator[list[HouseProcess]]:
    """Run houses until the end of the block: the first holds a sale, and the others stand by."""
    running = Houses(folder, url, count, catalogue)
    with ExitStack() as resources:
        resources.callback(running.stop)
        yield [running.start(number, *(standby_options if number else ())) for number in range(count)]


def kill(house: HouseProcess) -> None:
    """Kill a house at once, with its watchdog, as the loss of its machine would."""
    os.kill(house.process.pid, signal.SIGKILL)
    os.kill(house.server_pid, signal.SIGKILL)
    house.process.wait()
