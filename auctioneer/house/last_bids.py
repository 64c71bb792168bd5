"""The last bids that came too late, and the last left bids that were void, in memory for everybody who gives commands.

No snapshot has them. After a restart the house has those that are among the record's last facts, which it reads anyway
(`auctioneer.process.startup.RECENT_EVENTS`). All of them are in the record (`auctioneer.house.bid_history`).
"""

from collections import deque
from collections.abc import Collection, Iterable
from typing import Final, Generic, TypeVar

from auctioneer.rules.facts import AnyFact, LeftBidVoid, OfferLate

LAST_BIDS_MAX: Final = 200
"""The most bids of each kind at hand, on all lots together."""
Kind = TypeVar("Kind", OfferLate, LeftBidVoid)


class LastBids(Generic[Kind]):
    """The last bids of one kind in the sale, in their order."""

    def __init__(self, kind: type[Kind]) -> None:
        self._kind: type[Kind] = kind
        self._last: deque[Kind] = deque(maxlen=LAST_BIDS_MAX)

    def note(self, facts: Iterable[AnyFact]) -> None:
        """Keep those of the facts that are of this kind; they must be newer than those kept."""
        self._last.extend(fact for fact in facts if isinstance(fact, self._kind))

    def on(self, lots: Collection[str]) -> list[Kind]:
        """Return those on lots with these numbers, the oldest first."""
        return [bid for bid in self._last if bid.lot in lots]
