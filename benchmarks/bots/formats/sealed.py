"""Sealed lots: bots make offers and change their minds, and the story tells only the opening and the close."""

from collections.abc import Callable
from typing import Final

from benchmarks.bots.formats.lot import STARTS_TO_VALUE, Bidding, Line, Start
from benchmarks.bots.formats.player import Situation, Taste
from bidder import AsyncClient
from bidder.core.strategies.english import Strategy
from bidder.core.strategies.sealed import Mind, SealedIntent, SealedPlan, Unseal, acts_from_ms, decide
from common.formats import AnyBoard, AnyOwn, AnyTerms
from common.formats.sealed import SealedBoard, SealedOwn, SealedTerms
from common.lot import LotMoved, LotView
from common.messages import Accepted, Rejected
from common.money import Currency

STEPS_TO_START: Final = 20
"""People name values of a sealed lot in steps of this part of its least offer."""
SHADES: Final = (0.05, 0.25)
"""By which part of its value a bidder shades where it pays its own offer."""
MINDS: Final = (Mind.STEADY, Mind.STEADY, Mind.STEADY, Mind.RAISES, Mind.RAISES, Mind.RETHINKS, Mind.LEAVES)
"""Whether bidders change their minds; each is as likely."""
CHANGES: Final = (0.3, 0.6)
"""When a bidder that does changes its mind, as a part of the time that is left when it begins."""
RETURNS: Final = (0.1, 0.3)
"""How long after that it makes its offer again, as such a part."""
UNTIMED_MS: Final = 20_000
"""Of lots without a clock, parts are taken of this."""


def start_of(terms: AnyTerms) -> Start:
    """Return what a bot goes by."""
    starting_minor = _terms(terms).starting_minor
    step_minor = max(1, starting_minor // STEPS_TO_START)
    return Start(starting_minor, starting_minor * STARTS_TO_VALUE, lambda _: step_minor)


def bidding_of(board: AnyBoard) -> Bidding:
    """Return the bidding that a board shows: the number of offers, after the close."""
    return Bidding(bids=_board(board).offers)


class SealedPlayer:
    """Makes offers for sealed lots, and changes them."""

    def plan(self, view: LotView, taste: Taste) -> SealedPlan | None:
        """Return what it is worth, by how much the bot shades, and whether and when it changes its mind."""
        if taste.strategy is Strategy.BUDGET:  # nobody tells it whether it leads, so it can't keep to one purse
            return None
        draw, begins_at_ms = taste.draw, taste.begins_at_ms
        ends_at_ms = begins_at_ms + UNTIMED_MS if view.ends_at_ms is None else view.ends_at_ms
        left_ms = max(0, ends_at_ms - begins_at_ms)
        changes_at_ms = begins_at_ms + round(left_ms * draw.uniform(*CHANGES))
        return SealedPlan(
            value_minor=taste.value_minor,
            shade=draw.uniform(*SHADES),
            mind=draw.choice(MINDS),
            begins_at_ms=begins_at_ms,
            changes_at_ms=changes_at_ms,
            returns_at_ms=changes_at_ms + round(left_ms * draw.uniform(*RETURNS)),
        )

    def looks_from_ms(self, view: LotView, plan: SealedPlan, own: AnyOwn | None, now_ms: int) -> int | None:
        """Return when the bot next wants another offer to stand."""
        return acts_from_ms(view, plan, _own(own), now_ms)

    def decide(self, view: LotView, plan: SealedPlan, situation: Situation) -> SealedIntent | None:
        """Return the offer, or that it is taken back. If an offer had no answer, it is made again: that is harmless."""
        return decide(view, situation.now_ms, _own(situation.own), plan)

    async def send(
        self, client: AsyncClient, intent: SealedIntent, request_id: int, timeout_ms: int
    ) -> Accepted | Rejected:
        """Make the offer, or take it back."""
        if isinstance(intent, Unseal):
            return await client.unseal(intent.lot, request_id=request_id, timeout_ms=timeout_ms)
        return await client.seal(intent.lot, intent.amount_minor, request_id=request_id, timeout_ms=timeout_ms)


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


def _own(own: AnyOwn | None) -> SealedOwn | None:
    assert own is None or isinstance(own, SealedOwn), "a sealed lot has sealed positions"
    return own
