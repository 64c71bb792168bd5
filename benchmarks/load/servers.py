"""The measured house, and the bare servers that are its ceilings, as processes."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Final, TypeVar

from benchmarks.load.child import running_child
from benchmarks.load.connections import Bidders, Publisher
from benchmarks.load.rising_sale import UNBOUNDED_REQUESTS, lead_all, write_catalogue
from common.errors import UnreachableError
from common.keys import load_or_make_keys
from common.links import JoinLink, parse_link
from common.messages import Role
from rehearsal.house import HouseError, HouseProcess

T = TypeVar("T")
DATA: Final = "data"
"""The name of the house's data directory in the folder of a measurement."""


def in_house(
    folder: Path,
    lots: int,
    work: Callable[[JoinLink], T],
    *,
    is_encrypted: bool,
    options: Sequence[str] = UNBOUNDED_REQUESTS,
) -> T:
    """Run a house with a rising sale during `work`, which Ctrl-C ends; another thread reads the house's log."""
    all_options = [*options, *([] if is_encrypted else ["--no-encryption"])]
    house = HouseProcess(write_catalogue(folder, lots), folder / DATA, *all_options)
    with _running_beside(house):
        try:
            return work(parse_link(house.link))
        except UnreachableError as error:
            raise HouseError(f"{error} The house said last:\n{house.last_words}") from error


@contextmanager
def _running_beside(house: HouseProcess) -> Iterator[None]:
    """Run a house; an event loop in another thread reads its log."""
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever, name="house")
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(house.start(), loop).result()
        yield
    finally:
        asyncio.run_coroutine_threadsafe(house.stop(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def observed(link: JoinLink) -> Publisher:
    """Have an observer join, and return what screens need to listen with its keys."""
    with Bidders(link.request_address, link.server_key, 1) as observer:
        observer.enrol("Screens", Role.OBSERVER)
        return Publisher(link.publish_address, link.server_key, observer.keys[0])


def leading(link: JoinLink, lots: int) -> dict[str, int]:
    """Have a bidder join who takes the lead of all lots; return each lot's seq afterwards."""
    with Bidders(link.request_address, link.server_key, 1) as leader:
        leader.enrol("Leader")
        return lead_all(leader.sockets[0], lots)


@contextmanager
def running_echo(folder: Path, *, is_encrypted: bool) -> Iterator[tuple[str, str]]:
    """Run the bare echo, and yield its address and key."""
    with running_bare("echo", folder, is_encrypted=is_encrypted) as ((address,), server_key):
        yield address, server_key


@contextmanager
def running_bare(what: str, folder: Path, *, is_encrypted: bool) -> Iterator[tuple[list[str], str]]:
    """Run a bare server of `benchmarks.load.bare`, and yield its addresses and its key."""
    key_file = folder / "bare-key.json"
    server_key = load_or_make_keys(key_file).public if is_encrypted else ""
    with running_child("benchmarks.load.bare", what, *([str(key_file)] if is_encrypted else [])) as server:
        yield [f"tcp://127.0.0.1:{port}" for port in server.hear(list[int])], server_key
