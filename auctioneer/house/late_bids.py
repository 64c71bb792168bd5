"""The last bids that came too late, kept in memory for everybody who gives commands.

No snapshot has them. After a restart the house has those that are among the record's last facts, which it reads anyway
(`auctioneer.process.startup.RECENT_EVENTS`). All of them are in the record (`auctioneer.house.bid_history`).
"""

from collections import deque
from collections.abc import Collection, Iterable
from typing import Final

from auctioneer.rules.facts import AnyFact, OfferLate

LATE_BIDS_MAX: Final = 200
"""The most late bids at hand, on all lots together."""


class LateBids:
    """The last late bids of the sale, in their order."""

    def __init__(self) -> None:
        self._last: deque[OfferLate] = deque(maxlen=LATE_BIDS_MAX)

    def note(self, facts: Iterable[AnyFact]) -> None:
        """Keep those of the facts that are late bids; they must be newer than those kept."""
        self._last.extend(fact for fact in facts if isinstance(fact, OfferLate))

    def on(self, lots: Collection[str]) -> list[OfferLate]:
        """Return those on lots with these numbers, the oldest first."""
        return [late for late in self._last if late.lot in lots]
