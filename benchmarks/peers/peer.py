"""What a peer is to the measurement: something to start in a folder, with the wires that its bidders speak."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import NamedTuple, Protocol

from benchmarks.peers.wire import Watcher, Wire


class Running(NamedTuple):
    """A peer that runs. The echo has neither publications nor records."""

    bids: Wire
    trivial: Wire | None
    """Requests that cost it next to nothing: how much faster the generator is with them shows that it waits for the
    peer with bids."""
    watcher: Watcher | None
    server_s: Callable[[], float]
    """The processor time that all its processes took."""
    records: Callable[[], Awaitable[int]] | None
    """How many bids are on record, asked of what was made durable."""


class Peer(Protocol):
    """A peer that can be started."""

    name: str

    def running(self, folder: Path) -> AbstractAsyncContextManager[Running]:
        """Run the peer on data in `folder`, with lots for everybody; leaving stops it. Raises BrokenPeerError."""
