"""Dutch lots: bots do not stop their clocks, and the story tells who does."""

from collections.abc import Callable

from benchmarks.bots.formats.lot import Bidding, Kind, Line, Start
from common.formats import AnyBoard, AnyTerms
from common.formats.dutch import DutchBoard, DutchTerms
from common.lot import LotMoved, LotView
from common.money import Currency


def start_of(terms: AnyTerms) -> Start:
    """Return what a bot goes by."""
    return Start(_terms(terms).starting_minor)


def bidding_of(board: AnyBoard) -> Bidding:
    """Return the bidding that a board shows: the price on the clock."""
    return Bidding(_board(board).price_minor)


class DutchTeller:
    """Tells the bidding on Dutch lots: who takes units, but not each fall of the price."""

    def __init__(self, currency: Currency, name_of: Callable[[int], str]) -> None:
        self._show = currency.show
        self._name_of = name_of

    def opening(self, terms: AnyTerms) -> str:
        """Return how a lot opens."""
        ours = _terms(terms)
        return f"opens at {self._show(ours.starting_minor)}, which falls to {self._show(ours.floor_minor)}"

    def move(self, before: LotView, view: LotView, event: LotMoved) -> Line | None:
        """Return the line where a bidder took units; None where the price fell."""
        if event.bidder is None:
            return None
        now = _board(view.board)
        units = _board(before.board).units_left - now.units_left
        text = f"Lot {view.lot}: {self._name_of(event.bidder)} takes {units} at {self._show(now.price_minor)}"
        return Line(Kind.SOLD, f"{text}, {now.units_left} left")

    def count(self, board: AnyBoard) -> str:
        """Return at which price the clock stood last."""
        return f"the clock at {self._show(_board(board).price_minor)}"

    def pass_reason(self, board: AnyBoard) -> str:
        """Return why nobody got the lot."""
        return f": nobody stopped the clock, {self.count(board)}"


def _terms(terms: AnyTerms) -> DutchTerms:
    assert isinstance(terms, DutchTerms), "the table of formats goes by the terms"
    return terms


def _board(board: AnyBoard) -> DutchBoard:
    assert isinstance(board, DutchBoard), "a Dutch lot has Dutch boards"
    return board
