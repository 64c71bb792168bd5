"""English lots: bots bid on them, and the story tells how bidders outbid each other."""

from collections.abc import Callable
from typing import Final

from bidder import AsyncClient
from bidder.core.strategies.english import BuyNow, Intent, Plan, Purse, Strategy, acts_from_ms, can_gain, choose, decide
from common.formats import AnyBoard, AnyOwn, AnyTerms
from common.formats.english import EnglishBoard, EnglishTerms
from common.lot import LotView
from common.lot_events import LotMoved
from common.messages import Accepted, Rejected
from common.money import Currency
from rehearsal.bots.formats.lot import STARTS_TO_VALUE, Bidding, Kind, Line, Start
from rehearsal.bots.formats.player import Situation, Taste

OUTBIDS_PAUSE_MS: Final = 2500
"""The shortest time between two told changes of the leader on one lot."""
JUMP_STEPS: Final = 6
"""A rise by at least this many steps at once is always told."""
EXTENSION_MS_MIN: Final = 300
"""The least time that a soft close adds for the extension to be told; with less, the bid is told like any other."""


def start_of(terms: AnyTerms) -> Start:
    """Return the figures from which a bot plans."""
    ours = _terms(terms)
    return Start(ours.starting_minor, ours.starting_minor * STARTS_TO_VALUE, ours.step_at, ours.buy_now_minor)


def bidding_of(board: AnyBoard) -> Bidding:
    """Return the bidding that a board shows."""
    ours = _board(board)
    return Bidding(ours.price_minor, ours.bids, ours.reserve_met)


class EnglishPlayer:
    """Bids on English lots by the bot's strategy."""

    def plan(self, view: LotView, taste: Taste) -> Plan:  # noqa: ARG002 -- as every format
        """Return the strategy with the lot's value and the moment at which the bot begins."""
        return Plan(
            strategy=taste.strategy,
            value_minor=taste.value_minor,
            begins_at_ms=taste.begins_at_ms,
            snipe_ms=taste.snipe_ms,
        )

    def looks_from_ms(self, view: LotView, plan: Plan, own: AnyOwn | None, now_ms: int) -> int | None:  # noqa: ARG002 -- as above
        """Return the time at which the strategy acts; None if the bot has nothing left to gain."""
        return acts_from_ms(view, plan) if can_gain(view, plan) else None

    def decide(self, view: LotView, plan: Plan, situation: Situation) -> Intent | None:
        """Return the strategy's offer. A bot with one purse for several lots bids where it gains most."""
        now_ms, me, chance = situation.now_ms, situation.me, situation.chance
        if plan.strategy is not Strategy.BUDGET:
            return decide(view, now_ms, me, plan, chance)
        shopping = situation.shopping()
        purse = Purse(shopping.budget_minor, shopping.offers_minor, shopping.pending)
        plans = {lot: known for lot, known in shopping.plans.items() if isinstance(known, Plan)}
        return choose(shopping.views, now_ms, me, plans, purse, chance)

    async def send(self, client: AsyncClient, intent: Intent, request_id: int, timeout_ms: int) -> Accepted | Rejected:
        """Bid, or buy at once."""
        if isinstance(intent, BuyNow):
            return await client.buy(intent.lot, intent.price_minor, request_id=request_id, timeout_ms=timeout_ms)
        return await client.bid(
            intent.lot, intent.amount_minor, intent.maximum_minor, request_id=request_id, timeout_ms=timeout_ms
        )


class EnglishTeller:
    """Tells the bidding on English lots: some changes of the leader, and every jump, extension and met reserve."""

    def __init__(self, currency: Currency, name_of: Callable[[int], str]) -> None:
        self._show = currency.show
        self._name_of = name_of
        self._outbid_told_ms: dict[str, int] = {}

    def opening(self, terms: AnyTerms) -> str:
        """Return the words for a lot's opening."""
        return f"opens at {self._show(_terms(terms).starting_minor)}"

    def move(self, before: LotView, view: LotView, event: LotMoved) -> Line | None:
        """Return the line for a bid; None if the bid is not notable."""
        was, now, lot = _board(before.board), _board(view.board), f"Lot {view.lot}"
        if now.price_minor is None or now.leader is None or event.bidder is None:
            return None
        price, leader = self._show(now.price_minor), self._name_of(now.leader)
        if _extension_ms(before, view) >= EXTENSION_MS_MIN and before.ends_at_ms is not None:
            left_s = (before.ends_at_ms - event.at_ms) / 1000
            more_s = _extension_ms(before, view) / 1000
            bidder = self._name_of(event.bidder)
            leads = "leads" if event.bidder == now.leader else f"{leader} still leads"
            text = f"{lot}: {bidder} bids with {left_s:.1f} s left, {leads} at {price}; {more_s:.1f} s more"
            return Line(Kind.EXTENDED, text)
        if now.reserve_met and not was.reserve_met:
            return Line(Kind.RESERVE, f"{lot}: the reserve is met, {leader} leads at {price}")
        if was.leader is None or was.leader == now.leader:
            return None
        risen_minor = now.price_minor - (was.price_minor or 0)
        is_jump = risen_minor >= JUMP_STEPS * _terms(view.terms.format).step_at(was.price_minor or 0)
        if not is_jump and event.at_ms < self._outbid_told_ms.get(view.lot, -OUTBIDS_PAUSE_MS) + OUTBIDS_PAUSE_MS:
            return None
        self._outbid_told_ms[view.lot] = event.at_ms
        how = "jumps past" if is_jump else "outbids"
        return Line(Kind.OUTBID, f"{lot}: {leader} {how} {self._name_of(was.leader)} at {price}")

    def count(self, board: AnyBoard) -> str:
        """Return the number of bids at the close, in words."""
        bids = _board(board).bids
        return "after 1 bid" if bids == 1 else f"after {bids} bids"

    def pass_reason(self, board: AnyBoard) -> str:
        """Return the reason why nobody got the lot."""
        price_minor = _board(board).price_minor
        if price_minor is None:
            return " without a bid"
        return f": {self._show(price_minor)} is below the reserve, {self.count(board)}"


def _terms(terms: AnyTerms) -> EnglishTerms:
    assert isinstance(terms, EnglishTerms), "the table of formats goes by the terms"
    return terms


def _board(board: AnyBoard) -> EnglishBoard:
    assert isinstance(board, EnglishBoard), "an English lot has English boards"
    return board


def _extension_ms(before: LotView, view: LotView) -> int:
    return 0 if before.ends_at_ms is None or view.ends_at_ms is None else view.ends_at_ms - before.ends_at_ms
