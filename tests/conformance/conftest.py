"""Houses and strangers for the conformance checks.

With `AUCTION_LINK=auction://...` the checks run on that house; checks that need their own house are then left out.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import zmq

from tests.conformance.conformance_house import OwnHouse, RunningHouse
from tests.conformance.stranger import Stranger, strangers

LOTS = 300
"""The number of lots: more than one page of a snapshot."""
GENERAL_CATALOGUE = """
[sale]
title = "Conformance sale"
currency = "GBP"

[defaults]
starting_price = "100"
increment = "5"
duration = "until closed"
""" + "".join(f'[[lot]]\ntitle = "Lot {number}"\n' for number in range(1, LOTS + 1))


@pytest.fixture(scope="session")
def context() -> Iterator["zmq.Context[zmq.SyncSocket]"]:
    with zmq.Context() as made:
        yield made


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHouse]:
    """Hold the sale that most checks share, with many lots that nobody closes; or yield the named house."""
    if link := os.environ.get("AUCTION_LINK"):
        yield RunningHouse(link)
        return
    own = OwnHouse(tmp_path_factory.mktemp("house"), GENERAL_CATALOGUE)
    yield own
    own.stop()


@pytest.fixture
def own_house(tmp_path: Path) -> Iterator[Callable[..., OwnHouse]]:
    """Yield a maker of houses to which the test may do anything."""
    if os.environ.get("AUCTION_LINK"):
        pytest.skip("needs a house of its own")
    with ExitStack() as running:

        def make(catalogue: str, **options: Any) -> OwnHouse:
            made = OwnHouse(tmp_path, catalogue, **options)
            running.callback(made.stop)
            return made

        yield make


@pytest.fixture
def stranger(context: "zmq.Context[zmq.SyncSocket]", house: RunningHouse) -> Iterator[Callable[..., Stranger]]:
    """Yield a maker of strangers to the shared house."""
    with strangers(context, house.link) as make:
        yield make


@pytest.fixture
def strangers_of(context: "zmq.Context[zmq.SyncSocket]") -> Iterator[Callable[..., Stranger]]:
    """Yield a maker of strangers to any house; its first argument is the link."""
    with ExitStack() as made:

        def make(link: str, **options: Any) -> Stranger:
            return made.enter_context(strangers(context, link))(**options)

        yield make


@pytest.fixture(scope="session")
def lots_in_use() -> set[str]:
    return set()


@pytest.fixture
def lot(stranger: Callable[..., Stranger], lots_in_use: set[str]) -> str:
    """Find an open lot without bids and with enough time, which no other test has used."""
    looker = stranger()
    looker.enrol()
    start: int | None = 0
    while start is not None:
        page = looker.ask("snapshot", start=start)
        for view in page["lots"]:
            number = view["terms"]["lot"]
            left_ms = 60_000 if view["ends_at_ms"] is None else view["ends_at_ms"] - page["server_time_ms"]
            is_free = (
                view["status"] == "open"
                and view["board"]["format"] == "english"
                and not view["board"]["bids"]
                and number not in lots_in_use
            )
            if is_free and left_ms >= 60_000 and not view["terms"]["format"]["has_reserve"]:
                lots_in_use.add(number)
                return str(number)
        start = page["next"]
    pytest.skip("the house has no open lot without bids")
