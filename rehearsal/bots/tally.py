"""The results of the bots' requests, and of their copies of the sale."""

from msgspec import Struct, field

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
    repairs: int = 0
    events_repaired: int = 0
    jumps: int = 0
    """Lots whose state jumped, because the house no longer had the missed events."""
    histories_lost: int = 0
    events_dropped: int = 0
    slowest_s: float = 0.0
    """The longest time from a bot's decision to the verdict."""

    @property
    def refused(self) -> int:
        """The number of refused requests."""
        return sum(self.rejected.values())

    def refuse(self, code: RejectCode, times: int = 1) -> None:
        """Count rejections."""
        self.rejected[code] = self.rejected.get(code, 0) + times

    def note_verdict(self, seconds: float) -> None:
        """Note how long a verdict took."""
        self.slowest_s = max(self.slowest_s, seconds)
