"""Sealed lots: bots make offers and change them, and the story tells only the opening and the close."""

from collections.abc import Callable
from typing import Final

from bidder import AsyncClient
from bidder.core.strategies.english import Strategy
from bidder.core.strategies.sealed import Mind, SealedIntent, SealedPlan, Unseal, acts_from_ms, decide
from common.formats import AnyBoard, AnyOwn, AnyTerms
from common.formats.sealed import SealedBoard, SealedOwn, SealedTerms
from common.lot import LotView
from common.lot_events import LotMoved
from common.messages import Accepted, Rejected
from common.money import Currency
from rehearsal.bots.formats.lot import STARTS_TO_VALUE, Bidding, Line, Start
from rehearsal.bots.formats.player import Situation, Taste

STEPS_TO_START: Final = 20
"""Steps in a sealed lot's least offer: people name values in whole steps."""
SHADES: Final = (0.05, 0.25)
"""How far a bidder who pays its own offer bids below its value, as a part of the value."""
MINDS: Final = (Mind.STEADY, Mind.STEADY, Mind.STEADY, Mind.RAISES, Mind.RAISES, Mind.RETHINKS, Mind.LEAVES)
"""How bidders change their offers; each entry is equally likely."""
CHANGES: Final = (0.3, 0.6)
"""The time at which a bidder changes its offer, as a part of the time that is left when it begins."""
RETURNS: Final = (0.1, 0.3)
"""How long after the change a bidder makes its offer again, as a part of the same time."""
UNTIMED_MS: Final = 20_000
"""The time that stands for the time left if a lot has no clock."""


def start_of(terms: AnyTerms) -> Start:
    """Return the figures from which a bot plans."""
    starting_minor = _terms(terms).starting_minor
    step_minor = max(1, starting_minor // STEPS_TO_START)
    return Start(starting_minor, starting_minor * STARTS_TO_VALUE, lambda _: step_minor)


def bidding_of(board: AnyBoard) -> Bidding:
    """Return the bidding that a board shows: the number of offers, after the close."""
    return Bidding(bids=_board(board).offers)


class SealedPlayer:
    """Makes offers for sealed lots, and changes them."""

    def plan(self, view: LotView, taste: Taste) -> SealedPlan | None:
        """Return the lot's value, how far the bot bids below it, and how and when the bot changes its offer."""
        if taste.strategy is Strategy.BUDGET:  # it can't keep to one purse, since a sealed lot shows no leader
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
        """Return the time from which the bot wants to change its standing offer."""
        return acts_from_ms(view, plan, _own(own), now_ms)

    def decide(self, view: LotView, plan: SealedPlan, situation: Situation) -> SealedIntent | None:
        """Return the offer or its withdrawal. An unanswered offer is made again, which is harmless."""
        return decide(view, situation.now_ms, _own(situation.own), plan)

    async def send(
        self, client: AsyncClient, intent: SealedIntent, request_id: int, timeout_ms: int
    ) -> Accepted | Rejected:
        """Make the offer or withdraw it."""
        if isinstance(intent, Unseal):
            return await client.unseal(intent.lot, request_id=request_id, timeout_ms=timeout_ms)
        return await client.seal(intent.lot, intent.amount_minor, request_id=request_id, timeout_ms=timeout_ms)


class SealedTeller:
    """Tells the bidding on sealed lots, which stays secret until the close."""

    def __init__(self, currency: Currency, name_of: Callable[[int], str]) -> None:  # noqa: ARG002 -- as every format
        self._show = currency.show

    def opening(self, terms: AnyTerms) -> str:
        """Return the words for a lot's opening."""
        return f"opens for sealed offers from {self._show(_terms(terms).starting_minor)}"

    def move(self, before: LotView, view: LotView, event: LotMoved) -> Line | None:  # noqa: ARG002 -- as above
        """Return None: the bidding on a sealed lot never moves."""
        return None

    def count(self, board: AnyBoard) -> str:
        """Return the number of offers behind the result, in words."""
        offers = _board(board).offers
        return "of 1 offer" if offers == 1 else f"of {offers} offers"

    def pass_reason(self, board: AnyBoard) -> str:
        """Return the reason why nobody got the lot."""
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
