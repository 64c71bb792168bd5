"""Tallies with the times of all verdicts; those of several processes can be added."""

from msgspec import field

from benchmarks.load.latencies import Latencies
from rehearsal.bots.tally import Tally


class MeasuredTally(Tally):
    """A tally that keeps how long each verdict took."""

    latencies: Latencies = field(default_factory=Latencies)
    """The times from a bot's decision to the verdict."""

    def note_verdict(self, seconds: float) -> None:
        """Note how long a verdict took."""
        Tally.note_verdict(self, seconds)
        self.latencies.note_s(seconds)

    def add(self, other: "MeasuredTally") -> None:
        """Add all counts of another tally."""
        self.acknowledged += other.acknowledged
        for code, times in other.rejected.items():
            self.refuse(code, times)
        self.unanswered += other.unanswered
        self.latencies.add(other.latencies)
        self.slowest_s = max(self.slowest_s, other.slowest_s)
        self.repairs += other.repairs
        self.events_repaired += other.events_repaired
        self.jumps += other.jumps
        self.histories_lost += other.histories_lost
        self.events_dropped += other.events_dropped
