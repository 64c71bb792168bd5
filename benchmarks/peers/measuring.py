"""The measurement of one case: the peer is started, loaded, its bids are counted, and it is stopped."""

import asyncio
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from msgspec import Struct

from benchmarks.peers.load import Load, drive
from benchmarks.peers.subscriber import listening
from benchmarks.peers.wire import BrokenPeerError, Peer, Running

FEW: Final = 16
"""The number of connections that carry sixteen bidders each."""


class Plan(NamedTuple):
    """The lengths of the loads, and the shapes to measure."""

    seconds: float
    warm_up_s: float
    trivial_s: float
    connections: Sequence[int]
    """The numbers of connections over which bidders are spread, at peers that bidders connect to."""
    pools: Sequence[int]
    """The sizes to try for a peer's pool."""


class Case(Struct, frozen=True):
    """A case to measure: a peer over a number of connections."""

    peer: Peer
    connections: int
    is_pool: bool = False


class Measured(NamedTuple):
    """The result of a case. `trivial` is None for the echo; `missed` counts bids that the subscriber did not get."""

    bids: Load
    trivial: Load | None
    missed: int


@contextmanager
def data_folder() -> Iterator[Path]:
    """Yield a temporary directory for a peer's data, on the same disk as the house's; it is removed at the end."""
    with tempfile.TemporaryDirectory(prefix="auction-peers-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # PostgreSQL runs as another user, who must be able to enter
        yield folder


def measure(case: Case, plan: Plan) -> Measured:
    """Measure a case on new data. Raises BrokenPeerError if a bid was refused or is not on record."""
    with data_folder() as folder:
        return asyncio.run(_measure(case, plan, folder))


def best_pool(peer: Peer, plan: Plan) -> int:
    """Return the size of the pool with which the peer is fastest, among the sizes to try."""
    if len(plan.pools) == 1:
        return plan.pools[0]
    brief = plan._replace(seconds=plan.trivial_s, trivial_s=0)
    found = {size: measure(Case(peer, size, is_pool=True), brief) for size in plan.pools}
    return max(found, key=lambda size: found[size].bids.per_s)


async def _measure(case: Case, plan: Plan, folder: Path) -> Measured:
    async with case.peer.running(folder) as running:
        # In threads, since the loop must continue to read the house's log.
        trivial = await asyncio.to_thread(_load_trivially, case, plan, running)
        bids, missed = await asyncio.to_thread(_load_with_bids, case, plan, running)
        if running.records is not None:
            on_record = await running.records()
            if on_record != bids.total:
                raise BrokenPeerError(f"{case.peer.name} accepted {bids.total} bids and has {on_record} on record.")
        return Measured(bids, trivial, missed)


def _load_trivially(case: Case, plan: Plan, running: Running) -> Load | None:
    if running.trivial is None or not plan.trivial_s:
        return None
    return drive(
        running.trivial, case.connections, plan.warm_up_s, plan.trivial_s, running.server_s, is_pool=case.is_pool
    )


def _load_with_bids(case: Case, plan: Plan, running: Running) -> tuple[Load, int]:
    """Return the load, and the number of bids that the subscriber missed."""
    with ExitStack() as stack:
        subscriber = None if running.watcher is None else stack.enter_context(listening(running.watcher))
        load = drive(
            running.bids, case.connections, plan.warm_up_s, plan.seconds, running.server_s, is_pool=case.is_pool
        )
        return load, load.total - subscriber.heard(load.total) if subscriber else 0
