"""Dutch lots: bots stop the clocks, and the story names the bidders who do."""

from collections.abc import Callable
from typing import Final

from bidder import AsyncClient
from bidder.core.strategies.dutch import DutchPlan, Stop, decide, would_stop
from bidder.core.strategies.english import Strategy
from common.formats import AnyBoard, AnyOwn, AnyTerms
from common.formats.dutch import DutchBoard, DutchOwn, DutchTerms
from common.lot import LotView
from common.lot_events import LotMoved
from common.messages import Accepted, Rejected
from common.money import Currency
from rehearsal.bots.formats.lot import Bidding, Kind, Line, Start
from rehearsal.bots.formats.player import Situation, Taste

MARGINS: Final = (0.02, 0.2)
"""How far the price must be below a bidder's value before it stops the clock, as a part of the value."""
UNITS: Final = (1, 1, 1, 2, 3)
"""The numbers of units that bidders want; each entry is equally likely."""


def start_of(terms: AnyTerms) -> Start:
    """Return the figures from which a bot plans."""
    ours = _terms(terms)
    return Start(ours.floor_minor, (ours.starting_minor + ours.floor_minor) // 2, lambda _: ours.step_minor)


def bidding_of(board: AnyBoard) -> Bidding:
    """Return the bidding that a board shows: the price on the clock."""
    return Bidding(_board(board).price_minor)


class DutchPlayer:
    """Stops the clocks of Dutch lots."""

    def plan(self, view: LotView, taste: Taste) -> DutchPlan | None:  # noqa: ARG002 -- as every format
        """Return a unit's value, the margin below it at which the bot stops the clock, and the units it wants."""
        if taste.strategy is Strategy.BUDGET:  # it spends its purse only on lots that are decided at their end
            return None
        margin_minor = int(taste.value_minor * taste.draw.uniform(*MARGINS))
        return DutchPlan(value_minor=taste.value_minor, margin_minor=margin_minor, units=taste.draw.choice(UNITS))

    def looks_from_ms(self, view: LotView, plan: DutchPlan, own: AnyOwn | None, now_ms: int) -> int | None:
        """Return `now_ms` if the price is low enough. Otherwise return None: the bot waits until the price falls."""
        return now_ms if would_stop(view, _own(own), plan) else None

    def decide(self, view: LotView, plan: DutchPlan, situation: Situation) -> Stop | None:
        """Return the stop, or None after an unanswered stop, which may already have taken the units."""
        return None if situation.is_unsettled else decide(view, situation.now_ms, _own(situation.own), plan)

    async def send(self, client: AsyncClient, intent: Stop, request_id: int, timeout_ms: int) -> Accepted | Rejected:
        """Stop the clock."""
        return await client.stop(
            intent.lot, intent.price_minor, intent.units, request_id=request_id, timeout_ms=timeout_ms
        )


class DutchTeller:
    """Tells the bidding on Dutch lots: each bidder who takes units, but not each fall of the price."""

    def __init__(self, currency: Currency, name_of: Callable[[int], str]) -> None:
        self._show = currency.show
        self._name_of = name_of

    def opening(self, terms: AnyTerms) -> str:
        """Return the words for a lot's opening."""
        ours = _terms(terms)
        return f"opens at {self._show(ours.starting_minor)}, which falls to {self._show(ours.floor_minor)}"

    def move(self, before: LotView, view: LotView, event: LotMoved) -> Line | None:
        """Return the line if a bidder took units; None if the price fell."""
        if event.bidder is None:
            return None
        now = _board(view.board)
        units = _board(before.board).units_left - now.units_left
        text = f"Lot {view.lot}: {self._name_of(event.bidder)} takes {units} at {self._show(now.price_minor)}"
        return Line(Kind.SOLD, f"{text}, {now.units_left} left")

    def count(self, board: AnyBoard) -> str:
        """Return the last price on the clock, in words."""
        return f"the clock at {self._show(_board(board).price_minor)}"

    def pass_reason(self, board: AnyBoard) -> str:
        """Return the reason why nobody got the lot."""
        return f": nobody stopped the clock, {self.count(board)}"


def _terms(terms: AnyTerms) -> DutchTerms:
    assert isinstance(terms, DutchTerms), "the table of formats goes by the terms"
    return terms


def _board(board: AnyBoard) -> DutchBoard:
    assert isinstance(board, DutchBoard), "a Dutch lot has Dutch boards"
    return board


def _own(own: AnyOwn | None) -> DutchOwn | None:
    assert own is None or isinstance(own, DutchOwn), "a Dutch lot has Dutch positions"
    return own
