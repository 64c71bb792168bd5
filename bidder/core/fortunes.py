"""A bidder's fortunes: a change of a lot may mean that the bidder is outbid, has won or has lost.

The house sends no such messages. The client derives them from the public state and the bidder's paddle, so they come in
the order of the changes and none can be lost. `Won` and `Lost` follow only from the close. Observers have paddle 0 and
can't lose. Nobody loses a withdrawn lot.

A correction may open a lot again: then nothing that was told of its close holds, and its next close tells all again. A
correction may also give a lot that stays over another outcome. Then whoever buys now is told `Won`, also if only the
amount is another, and whoever no longer buys is told `Lost`. So the last of these notices about a lot that is over is
always right.
"""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import Final

from msgspec.structs import replace

from bidder.core.notices import Lost, LotCaughtUp, LotChanged, Notice, Outbid, Won
from common.lot import LotStatus, LotView, Result
from common.lot_events import LotMoved
from common.messages import Accepted

OBSERVER: Final = 0
"""The paddle of all observers."""


class Fortunes:
    """Derives the fortunes of bidders, by their paddles in this sale. Its cost does not grow with their number."""

    def __init__(self) -> None:
        self._paddles: set[int] = set()
        self._bid_on: dict[str, dict[int, None]] = {}
        """For each lot, the paddles that bid on it or led it, in the order in which they did."""
        self._told_by: dict[str, dict[int, Accepted]] = {}
        """For each lot, the last verdict of each paddle: only the verdict shows a secret position."""

    def add(self, paddle: int) -> None:
        """Derive the fortunes of this bidder too. OBSERVER has none."""
        if paddle != OBSERVER:
            self._paddles.add(paddle)

    def forget(self) -> None:
        """Drop what is known about the bidders' lots, because it is no longer the house's history."""
        self._bid_on.clear()
        self._told_by.clear()

    def note_accepted(self, paddle: int, verdict: Accepted) -> None:
        """Note a verdict, which may give a bidder a position on the lot or end it."""
        known = self._told_by.setdefault(verdict.lot, {})
        if paddle not in known or known[paddle].id <= verdict.id:
            known[paddle] = verdict

    def forget_bidders(self) -> None:
        """Drop the bidders too, because their paddles belong to another sale."""
        self._paddles.clear()
        self.forget()

    def of(self, change: LotChanged | LotCaughtUp) -> list[tuple[int, Notice]]:
        """Return what the change means to each paddle, in at most two notices."""
        before, view, lot, ours = change.before, change.view, change.lot, self._paddles
        led, leader = None if before is None else before.board.leader, view.board.leader
        bidder = change.event.bidder if isinstance(change, LotChanged) and isinstance(change.event, LotMoved) else None
        is_ours = led in ours or leader in ours or bidder in ours
        is_known = lot in self._bid_on or lot in self._told_by
        if not is_ours and not is_known and not any(result.paddle in ours for result in view.results):
            return []
        for paddle in (led, leader, bidder):
            if paddle in ours:
                self._bid_on.setdefault(lot, {})[paddle] = None
        told: list[tuple[int, Notice]] = []
        if led in ours and leader is not None and leader != led:
            told.append((led, Outbid(lot, view.seq, leader, view.board)))
        if view.status.is_final and (before is None or not before.status.is_final):
            told += self._ends(view)
        elif before is not None and view.status.is_final:
            told += self._ends_otherwise(before, view)
        return told

    def _wins(self, view: LotView, had: AbstractSet[Result]) -> Iterator[tuple[int, Notice]]:
        """Yield the winners of a lot that is over, but for those who had won just that already."""
        for result in view.buyers:
            if result.paddle in self._paddles and result not in had:
                yield result.paddle, Won(view.lot, view.seq, result.amount_minor, result.units)

    def _ends_otherwise(self, before: LotView, view: LotView) -> Iterator[tuple[int, Notice]]:
        """Yield the winners of a lot that was over before too, and those who no longer win it."""
        yield from self._wins(view, frozenset(before.buyers))
        for result in before.buyers:
            if result.paddle in self._paddles and not view.is_won_by(result.paddle):
                own = view.result_of(result.paddle)
                yield result.paddle, replace(_lost(view), pays_minor=0 if own is None else own.amount_minor)

    def _ends(self, view: LotView) -> Iterator[tuple[int, Notice]]:
        """Yield the winners of a lot that is over, then the bidders that did not win it."""
        winners = {result.paddle for result in view.buyers}
        yield from self._wins(view, frozenset())
        if view.status is LotStatus.WITHDRAWN:
            return
        lost = _lost(view)
        told_by = self._told_by.get(view.lot, {})
        secret = {paddle: None for paddle, verdict in told_by.items() if verdict.own is not None}
        pays = {result.paddle: result.amount_minor for result in view.results if result.paddle in self._paddles}
        losers = self._bid_on.get(view.lot, {}) | secret | dict.fromkeys(pays)
        for paddle in losers:
            if paddle not in winners:
                yield paddle, replace(lost, pays_minor=pays.get(paddle, 0))


def _lost(view: LotView) -> Lost:
    """Return what those are told who do not get a lot that is over."""
    buyers = view.buyers
    if len(buyers) == 1:
        return Lost(view.lot, view.seq, buyers[0].paddle, buyers[0].amount_minor)
    return Lost(view.lot, view.seq, None, None, is_shared=bool(buyers))
