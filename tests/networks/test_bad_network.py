"""Bad networks between real clients and a real house: whatever they do, clients are back by themselves.

Nobody helps the clients: no restart, no new connection by hand. In the end every bid has one verdict, no copy of the
sale has a hole or a duplicate, and the checker holds all of it to the journal.
"""

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from bidder import ConnectionChanged, ConnectionState
from common.links import parse_link
from tests.house_process import running_house
from tests.live_sale import Witness, at, bidding, conclude
from tests.networks.fault_proxy import HOST, FaultProxy, bad_network

NAMES = ("Ann", "Bob")
ROUNDS_TORTURE = 60
Trouble = Callable[[FaultProxy, threading.Event], None]


def wait(pause: threading.Event, duration_s: float) -> None:
    """Let the trouble last; the bidders bid meanwhile."""
    pause.wait(duration_s)


def delay(proxy: FaultProxy, pause: threading.Event) -> None:
    proxy.set(delay_s=0.1)
    wait(pause, 1.0)


def throttle(proxy: FaultProxy, pause: threading.Event) -> None:
    proxy.set(bytes_per_s=2_000)
    wait(pause, 1.5)


def cut(proxy: FaultProxy, pause: threading.Event) -> None:
    for _ in range(3):
        proxy.cut()
        wait(pause, 0.4)


def refuse(proxy: FaultProxy, pause: threading.Event) -> None:
    proxy.set(is_refusing=True)
    proxy.cut()
    wait(pause, 0.8)


def half_close_to_the_house(proxy: FaultProxy, pause: threading.Event) -> None:
    proxy.half_close(towards_house=True)
    wait(pause, 0.5)


def half_close_to_the_clients(proxy: FaultProxy, pause: threading.Event) -> None:
    proxy.half_close(towards_house=False)
    wait(pause, 0.5)


def corrupt(proxy: FaultProxy, pause: threading.Event) -> None:
    before = proxy.corrupted
    proxy.set(corrupt_one_in=20)
    wait(pause, 1.0)
    proxy.wait_until_corrupted(before)


def short_hole(proxy: FaultProxy, pause: threading.Event) -> None:
    proxy.set(is_hole=True)
    wait(pause, 1.0)


def long_hole(proxy: FaultProxy, pause: threading.Event) -> None:
    """Longer than both sides wait for each other's heartbeats, so that the connections end."""
    proxy.set(is_hole=True)
    wait(pause, 9.0)


TROUBLES: tuple[Trouble, ...] = (
    delay, throttle, cut, refuse, half_close_to_the_house, half_close_to_the_clients, corrupt, short_hole,
)  # fmt: skip


@contextmanager
def sale(folder: Path, seed: int) -> Iterator[tuple[FaultProxy, list[Witness]]]:
    """Hold a sale through a bad network, bidders bidding; check it in the end."""
    with ExitStack() as resources:
        house = resources.enter_context(running_house(folder))
        proxy = resources.enter_context(bad_network(parse_link(house.link), seed))
        witnesses = [resources.enter_context(Witness(at(HOST, house), name)) for name in NAMES]
        with bidding(witnesses):
            yield proxy, witnesses
        conclude(house, witnesses, f"seed {seed}")


def trouble(what: Trouble, proxy: FaultProxy, witnesses: list[Witness]) -> None:
    """Let a trouble pass, and see that each bidder bids again after it."""
    what(proxy, threading.Event())
    proxy.set()
    for witness in witnesses:
        witness.wait_for_verdicts(2)


def test_clients_outlive_every_trouble_of_the_network(tmp_path: Path) -> None:
    with sale(tmp_path, seed=random.randrange(2**32)) as (proxy, witnesses):
        for what in TROUBLES:
            trouble(what, proxy, witnesses)


@pytest.mark.torture
def test_clients_outlive_a_silence_that_ends_their_connections(tmp_path: Path) -> None:
    with sale(tmp_path, seed=random.randrange(2**32)) as (proxy, witnesses):
        trouble(long_hole, proxy, witnesses)
    for witness in witnesses:
        states = [event.state for event in witness.replica.told if isinstance(event, ConnectionChanged)]
        assert ConnectionState.SILENT in states, "the application was told"
        assert states[-1] is ConnectionState.LIVE


@pytest.mark.torture
@pytest.mark.timeout(3600)
def test_clients_outlive_troubles_at_random(tmp_path: Path) -> None:
    seed = random.randrange(2**32)
    chance = random.Random(seed)
    with sale(tmp_path, seed) as (proxy, witnesses):
        for _ in range(ROUNDS_TORTURE):
            trouble(chance.choice((*TROUBLES, long_hole)), proxy, witnesses)
