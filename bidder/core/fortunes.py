"""What a change of a lot means to bidders: outbid, won, lost.

These are not messages of the house. They follow from the public state and the bidder's paddle, so they come in the
order of the changes and none can be lost on the way. `Won` and `Lost` follow from the close and nothing else. Those
that only look on, under the paddle 0, can't lose; and nobody loses a lot that was withdrawn.
"""

from typing import Final

from bidder.core.notices import Lost, LotCaughtUp, LotChanged, Notice, Outbid, Won
from common.lot import BidPlaced, LotStatus

OBSERVER: Final = 0
"""The paddle of all that only look on."""


class Fortunes:
    """Derives the fortunes of some bidders, by their paddles in this sale. What it costs grows with none of them."""

    def __init__(self) -> None:
        self._paddles: set[int] = set()
        self._bid_on: dict[str, dict[int, None]] = {}

    def add(self, paddle: int) -> None:
        """Take up the fortunes of a bidder; of OBSERVER there are none."""
        if paddle != OBSERVER:
            self._paddles.add(paddle)

    def forget(self) -> None:
        """Drop what was seen of the bidders' lots, since it is no longer the house's history."""
        self._bid_on.clear()

    def forget_bidders(self) -> None:
        """Drop the bidders too, since their paddles are those of another sale."""
        self._paddles.clear()
        self._bid_on.clear()

    def of(self, change: LotChanged | LotCaughtUp) -> list[tuple[int, Notice]]:
        """Return what the change means, and to which paddle; at most two notices to each."""
        before, view, lot, ours = change.before, change.view, change.lot, self._paddles
        led = None if before is None else before.leader
        bidder = change.event.bidder if isinstance(change, LotChanged) and isinstance(change.event, BidPlaced) else None
        is_ours = led in ours or view.leader in ours or bidder in ours
        if not is_ours and lot not in self._bid_on and view.winner not in ours:
            return []
        for paddle in (led, view.leader, bidder):
            if paddle in ours:
                self._bid_on.setdefault(lot, {})[paddle] = None
        told: list[tuple[int, Notice]] = []
        if led in ours and view.leader is not None and view.leader != led:
            told.append((led, Outbid(lot, view.seq, view.leader, view.price_minor)))
        if not view.status.is_final or (before is not None and before.status.is_final):
            return told
        if view.winner in ours and view.hammer_minor is not None:
            told.append((view.winner, Won(lot, view.seq, view.hammer_minor)))
        if view.status is not LotStatus.WITHDRAWN:
            losers = (paddle for paddle in self._bid_on.get(lot, ()) if paddle != view.winner)
            told += [(paddle, Lost(lot, view.seq, view.winner, view.hammer_minor)) for paddle in losers]
        return told
