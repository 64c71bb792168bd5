"""The results of the bots' requests and of their copies of the sale; tallies of several processes can be added."""

from msgspec import Struct, field

from benchmarks.load.latencies import Latencies
from common.errors import RejectCode


class Acknowledged(Struct, frozen=True):
    """A request that the house acknowledged: its bidder, its id and its lot."""

    paddle: int
    request_id: int
    lot: str


class Tally(Struct):
    """The results of all bots' requests, and the repairs of their copies of the sale."""

    acknowledged: list[Acknowledged] = field(default_factory=list)
    rejected: dict[RejectCode, int] = field(default_factory=dict)
    unanswered: int = 0
    latencies: Latencies = field(default_factory=Latencies)
    """The times from a bot's decision to the verdict."""
    repairs: int = 0
    events_repaired: int = 0
    jumps: int = 0
    """Lots whose state jumped, because the house no longer had the missed events."""
    histories_lost: int = 0
    events_dropped: int = 0

    @property
    def refused(self) -> int:
        """The number of refused requests."""
        return sum(self.rejected.values())

    def refuse(self, code: RejectCode, times: int = 1) -> None:
        """Count rejections."""
        self.rejected[code] = self.rejected.get(code, 0) + times

    def add(self, other: "Tally") -> None:
        """Add all counts of another tally."""
        self.acknowledged += other.acknowledged
        for code, times in other.rejected.items():
            self.refuse(code, times)
        self.unanswered += other.unanswered
        self.latencies.add(other.latencies)
        self.repairs += other.repairs
        self.events_repaired += other.events_repaired
        self.jumps += other.jumps
        self.histories_lost += other.histories_lost
        self.events_dropped += other.events_dropped
