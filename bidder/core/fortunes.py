"""What a change of a lot means to this bidder: outbid, won, lost.

These are not messages of the house. They follow from the public state and the own paddle, so they come in the order
of the changes and none can be lost on the way. `Won` and `Lost` follow from the close and nothing else. Who only looks
on, under the paddle 0, can't lose; and nobody loses a lot that was withdrawn.
"""

from typing import Final

from bidder.core.notices import Lost, LotCaughtUp, LotChanged, Notice, Outbid, Won
from common.lot import BidPlaced, LotStatus

OBSERVER: Final = 0
"""The paddle of all who only look on."""


class Fortunes:
    """Derives a bidder's fortunes. `paddle` is the bidder's number in this sale, OBSERVER for who only looks on."""

    def __init__(self) -> None:
        self.paddle = OBSERVER
        self._bid_on: set[str] = set()

    def forget(self) -> None:
        """Drop what was seen of the bidder's lots, since it is no longer the house's history."""
        self._bid_on.clear()

    def of(self, change: LotChanged | LotCaughtUp) -> list[Notice]:
        """Return what the change means to the bidder; at most two notices, and none to who only looks on."""
        if self.paddle == OBSERVER:
            return []
        before, view, lot = change.before, change.view, change.lot
        led = before is not None and before.leader == self.paddle
        if led or view.leader == self.paddle or self._has_bid(change):
            self._bid_on.add(lot)
        notices: list[Notice] = []
        if led and view.leader is not None and view.leader != self.paddle:
            notices.append(Outbid(lot, view.seq, view.leader, view.price_minor))
        if not view.status.is_final or (before is not None and before.status.is_final):
            return notices
        if view.winner == self.paddle and view.hammer_minor is not None:
            notices.append(Won(lot, view.seq, view.hammer_minor))
        elif lot in self._bid_on and view.status is not LotStatus.WITHDRAWN:
            notices.append(Lost(lot, view.seq, view.winner, view.hammer_minor))
        return notices

    def _has_bid(self, change: LotChanged | LotCaughtUp) -> bool:
        return (
            isinstance(change, LotChanged)
            and isinstance(change.event, BidPlaced)
            and change.event.bidder == self.paddle
        )
