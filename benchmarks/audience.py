"""Many screens at a publisher, in processes of their own (`benchmarks.audience_process`)."""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

import msgspec

from benchmarks.audience_process import End, Order
from benchmarks.delivery import Delivery
from benchmarks.latencies import Latencies
from common.errors import UnreachableError
from common.keys import KeyPair


class Publisher(msgspec.Struct, frozen=True):
    """Where screens connect to; `keys` are those of an admitted bidder, None without CURVE."""

    address: str
    server_key: str
    keys: KeyPair | None


class Audience:
    """Screens that listen. Make one with `audience`."""

    def __init__(self, processes: "list[subprocess.Popen[bytes]]") -> None:
        self._processes = processes

    def end(self, seqs: Mapping[str, int], counted_from_us: int) -> Delivery:
        """Wait until all screens have their lots at these seqs, and return what they received."""
        for process in self._processes:
            _write(process, End(dict(seqs), counted_from_us))
        return together([msgspec.json.decode(_line(process), type=Delivery) for process in self._processes])


@contextmanager
def audience(
    publisher: Publisher, screens: int, processes: int, seqs: Mapping[str, int], *, follows_all: bool
) -> Iterator[Audience]:
    """Have so many screens follow the lots of `seqs`, spread over some processes. Raises UnreachableError."""
    with ExitStack() as resources:
        running = []
        for number in range(min(processes, screens)):
            process = resources.enter_context(
                subprocess.Popen(
                    [sys.executable, "-m", "benchmarks.audience_process"],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                )
            )
            resources.callback(process.kill)
            running.append(process)
            share = len(range(number, screens, processes))
            order = Order(
                address=publisher.address,
                server_key=publisher.server_key,
                keys=publisher.keys,
                screens=share,
                seqs=dict(seqs),
                follows_all=follows_all,
            )
            _write(process, order)
        for process in running:
            _line(process)
        yield Audience(running)


def together(deliveries: list[Delivery]) -> Delivery:
    """Return what several processes received as one. The last screen of all is not known, only the last of each."""
    latencies, last_screen = Latencies(), Latencies()
    for one in deliveries:
        latencies.add(Latencies.decode(one.latencies))
        last_screen.add(Latencies.decode(one.last_screen))
    return Delivery(
        screens=sum(one.screens for one in deliveries),
        frames=max(one.frames for one in deliveries),
        events=max(one.events for one in deliveries),
        deliveries=sum(one.deliveries for one in deliveries),
        gaps=sum(one.gaps for one in deliveries),
        missing=sum(one.missing for one in deliveries),
        repeated=sum(one.repeated for one in deliveries),
        latencies=latencies.encode(),
        last_screen=last_screen.encode(),
        cpu_share=sum(one.cpu_share for one in deliveries),
    )


def _write(process: "subprocess.Popen[bytes]", message: msgspec.Struct) -> None:
    assert process.stdin is not None, "the process has a pipe for its input"
    process.stdin.write(msgspec.json.encode(message) + b"\n")
    process.stdin.flush()


def _line(process: "subprocess.Popen[bytes]") -> bytes:
    assert process.stdout is not None, "the process has a pipe for its output"
    line = process.stdout.readline()
    if not line:
        raise UnreachableError("A process with screens ended before it was done; its error is above.")
    return line
