"""Sealed lots: bots make no offers on them, and the story tells their opening and their close."""

from collections.abc import Callable

from benchmarks.bots.formats.lot import Bidding, Line, Start
from common.formats import AnyBoard, AnyTerms
from common.formats.sealed import SealedBoard, SealedTerms
from common.lot import LotMoved, LotView
from common.money import Currency


def start_of(terms: AnyTerms) -> Start:
    """Return what a bot goes by."""
    return Start(_terms(terms).starting_minor)


def bidding_of(board: AnyBoard) -> Bidding:
    """Return the bidding that a board shows: the number of offers, after the close."""
    return Bidding(bids=_board(board).offers)


class SealedTeller:
    """Tells the bidding on sealed lots, of which there is nothing to tell before the close."""

    def __init__(self, currency: Currency, name_of: Callable[[int], str]) -> None:  # noqa: ARG002 -- as every format
        self._show = currency.show

    def opening(self, terms: AnyTerms) -> str:
        """Return how a lot opens."""
        return f"opens for sealed offers from {self._show(_terms(terms).starting_minor)}"

    def move(self, before: LotView, view: LotView, event: LotMoved) -> Line | None:  # noqa: ARG002 -- as above
        """Return None: the bidding on a sealed lot never moves."""
        return None

    def count(self, board: AnyBoard) -> str:
        """Return out of how many offers the result came."""
        offers = _board(board).offers
        return "of 1 offer" if offers == 1 else f"of {offers} offers"

    def pass_reason(self, board: AnyBoard) -> str:
        """Return why nobody got the lot."""
        return f": none is as high as the reserve, {self.count(board)}" if _board(board).offers else " without an offer"


def _terms(terms: AnyTerms) -> SealedTerms:
    assert isinstance(terms, SealedTerms), "the table of formats goes by the terms"
    return terms


def _board(board: AnyBoard) -> SealedBoard:
    assert isinstance(board, SealedBoard), "a sealed lot has sealed boards"
    return board
