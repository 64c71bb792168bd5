"""The process that makes snapshots beside the house's process: it is late, fails, is killed, or outlives its house.

It has the state at its own start; the house continues in the meantime.
"""

from collections.abc import Callable
from typing import Protocol

from auctioneer.journal import ChainEnd
from auctioneer.journal.snapshots import Made
from tests.simulation.disk import Snapshots
from tests.simulation.world import World

TAKES_MS = (1, 20, 500, 4000)


class Machine(Protocol):
    """The machine of the process."""

    @property
    def is_faulty(self) -> bool:
        """Whether its disk may fail now."""

    @property
    def stored_events(self) -> int:
        """The number of durable facts."""


class SimulatedSnapshots:
    """A `SnapshotMaker` for one process of the house; it ends with that process."""

    def __init__(self, world: World, files: Snapshots, machine: Machine, name: str) -> None:
        self._world = world
        self._files = files
        self._machine = machine
        self._chance = world.chance(f"snapshots of {name}")
        self._begun: ChainEnd | None = None
        self._made: Made | None = None
        self._house_is_gone = False

    def start(self, end: ChainEnd, encode: Callable[[], bytes]) -> None:
        if self._begun is not None:
            self._reached("came due while one was made")
            return
        self._begun, state = end, encode()
        self._world.after(self._chance.choice(TAKES_MS), lambda: self._finish(end, state))

    def finished(self) -> Made | None:
        made, self._made = self._made, None
        return made

    def save(self, end: ChainEnd, encode: Callable[[], bytes]) -> Made:
        self.close()
        self._files.put(end, encode())
        self._files.prune()
        return Made(end.position)

    def close(self) -> None:
        """Kill the process, if it is at work."""
        if self._begun is not None:
            self._reached("was given up")
        self._begun = None

    def end_house(self) -> None:
        """Note that the house's process has ended."""
        self._house_is_gone = True

    def _finish(self, end: ChainEnd, state: bytes) -> None:
        if self._begun is not end:
            return
        self._begun = None
        if self._machine.stored_events > end.position:
            self._reached("was made while the sale went on")
        if self._house_is_gone:
            self._reached("was made after the end of its house")
        fate = self._chance.choice(("failed", "killed", "spoilt", "", "", "") if self._machine.is_faulty else ("",))
        if fate != "failed":
            self._files.put(end, state)
        if fate not in ("failed", "killed"):  # a killed process dies after naming the new file, before removing others
            self._files.prune()
        if fate == "spoilt" and end.position in self._files.positions():  # it may be older than all kept ones
            self._files.spoil(end.position)
        self._reached(fate or "was made")
        self._made = Made(end.position, fate if fate in ("failed", "killed") else "")

    def _reached(self, what: str) -> None:
        self._world.reached[f"a snapshot {what}"] += 1
