"""The decisions of simple bots on English lots. They depend only on the public state and on what the bot alone knows.

`decide` returns a bidder's action on one lot now, or none. `choose` does the same for a bidder with one purse for
several lots. Time, the private value and chance are arguments, so equal arguments give equal decisions. The caller must
ask again when a lot changes, and at `acts_from_ms`: time alone changes the decision only then. All bots uphold:

- A bot never bids above its private value.
- A bot that leads does not bid.
- A bot ignores lots of other formats.
- A bot that would pay the buy-now price buys the lot at once, because a bid of another bidder can end that offer.
- A bot with a purse is never bound to pay more than the purse holds, whatever the others do.
"""

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Final

from msgspec import Struct

from common.formats.english import EnglishBoard, EnglishTerms
from common.lot import LotStatus, LotView


class Strategy(Enum):
    """The way in which a bot bids on a lot."""

    TRUTHFUL = "truthful"
    """Leaves the private value as a secret maximum and lets the house bid."""
    INCREMENTAL = "incremental"
    """Bids the minimum, again and again."""
    JUMP = "jump"
    """Bids several steps over the minimum, to discourage others."""
    SNIPER = "sniper"
    """Waits for the last moment, then leaves the private value as a maximum."""
    NOISE = "noise"
    """Bids a little or leaves a small maximum, at random, and sometimes makes a bid that the house must refuse."""
    BUDGET = "budget"
    """Bids the minimum on the lot that gains most, from one purse for all lots."""


SNIPE_MS: Final = 1200
"""The time before the end at which a sniper bids, unless its plan says otherwise."""
JUMP_STEPS_MAX: Final = 6
"""The most steps over the minimum in a jump, unless the plan says otherwise."""
NOISE_STEPS_MAX: Final = 3
"""The most steps over the minimum in a bid of noise."""
_MOODS: Final = 10
"""The number of moods of noise. The house refuses the bids of the first three; half of the others make open bids."""


class Plan(Struct, frozen=True, kw_only=True):
    """A bidder's plan for one lot. Nobody else knows it.

    `value_minor` is the value of the lot to the bidder. `begins_at_ms` is the server time from which the bidder may bid
    on the lot.
    """

    strategy: Strategy
    value_minor: int
    begins_at_ms: int = 0
    snipe_ms: int = SNIPE_MS
    jump_steps_max: int = JUMP_STEPS_MAX


class PlaceBid(Struct, frozen=True):
    """Bid openly, or leave a secret maximum. Exactly one of the two is set."""

    lot: str
    amount_minor: int | None = None
    maximum_minor: int | None = None

    @property
    def most_minor(self) -> int:
        """The most that the bidder may have to pay for it."""
        return max(self.amount_minor or 0, self.maximum_minor or 0)


class BuyNow(Struct, frozen=True):
    """Buy the lot at its buy-now price."""

    lot: str
    price_minor: int

    @property
    def most_minor(self) -> int:
        """The most that the bidder may have to pay for it."""
        return self.price_minor


Intent = PlaceBid | BuyNow


class Purse(Struct, frozen=True):
    """A bidder's money for all lots together, and its offers so far.

    `bids_minor` has the most that the bidder ever offered for each lot. `pending` are the lots with an offer that has
    no verdict yet, or a verdict that the view does not show yet. The bidder is bound there, whoever seems to lead.
    """

    total_minor: int
    bids_minor: Mapping[str, int]
    pending: frozenset[str] = frozenset()

    def bound_minor(self, views: Iterable[LotView], me: int) -> int:
        """Return the most that the bidder with paddle `me` may have to pay if all others stop now."""
        return sum(self._bound_for(view, me) for view in views)

    def _bound_for(self, view: LotView, me: int) -> int:
        offered_minor = self.bids_minor.get(view.lot, 0)
        if view.lot in self.pending:
            return offered_minor
        if view.status.is_final:
            result = view.result_of(me)
            return 0 if result is None else result.amount_minor
        board = view.board
        if not isinstance(board, EnglishBoard) or board.leader != me:
            return 0
        return max(offered_minor, board.price_minor or 0)


def acts_from_ms(view: LotView, plan: Plan) -> int:
    """Return the server time from which the bidder acts on the lot as it stands. An extension can delay it again."""
    if plan.strategy is not Strategy.SNIPER or view.ends_at_ms is None or would_buy(view, plan):
        return plan.begins_at_ms
    return max(plan.begins_at_ms, view.ends_at_ms - plan.snipe_ms)


def can_gain(view: LotView, plan: Plan) -> bool:
    """Return whether the bidder can still gain from the lot. False is final, because prices only rise."""
    if view.status.is_final or not isinstance(view.board, EnglishBoard):
        return False
    return view.board.minimum_minor <= plan.value_minor or would_buy(view, plan)


def would_buy(view: LotView, plan: Plan) -> bool:
    """Return whether the lot has a buy-now price that the bidder would pay."""
    board = view.board
    if not isinstance(board, EnglishBoard) or board.buy_now_minor is None:
        return False
    return board.buy_now_minor <= plan.value_minor


def decide(view: LotView, now_ms: int, me: int, plan: Plan, chance: float) -> Intent | None:
    """Return the action of the bidder with paddle `me` on a lot as it stands at a server time; None: no action.

    `chance` is a random number in [0, 1). Only jumps and noise depend on it.
    """
    board, terms = view.board, view.terms.format
    if not isinstance(board, EnglishBoard) or not isinstance(terms, EnglishTerms):
        return None
    is_running = view.status is LotStatus.OPEN and (view.ends_at_ms is None or now_ms < view.ends_at_ms)
    if not is_running or board.leader == me or not can_gain(view, plan) or now_ms < acts_from_ms(view, plan):
        return None
    if board.buy_now_minor is not None and would_buy(view, plan):
        return BuyNow(view.lot, board.buy_now_minor)
    match plan.strategy:
        case Strategy.TRUTHFUL | Strategy.SNIPER:
            return PlaceBid(view.lot, maximum_minor=plan.value_minor)
        case Strategy.INCREMENTAL | Strategy.BUDGET:
            return PlaceBid(view.lot, amount_minor=board.minimum_minor)
        case Strategy.JUMP:
            return PlaceBid(view.lot, amount_minor=_jump(terms, board, plan, chance))
        case Strategy.NOISE:
            return _noise(view.lot, terms, board, plan, chance)


def choose(
    views: Iterable[LotView], now_ms: int, me: int, plans: Mapping[str, Plan], purse: Purse, chance: float
) -> Intent | None:
    """Return the next action of a bidder with one purse: among those that it can pay for, the one that gains most.

    `views` are all lots of the sale, because any of them may bind the purse. `plans` has the lots that the bidder
    wants. The gain of a lot is its value less the offer; among equal gains the first lot counts. The caller must add
    the lot of a carried-out action to `purse` as pending before it calls `choose` again.
    """
    everything = list(views)
    left_minor = purse.total_minor - purse.bound_minor(everything, me)
    best, best_gain_minor = None, -1
    for view in everything:
        plan = plans.get(view.lot)
        if plan is None or view.lot in purse.pending:
            continue
        intent = decide(view, now_ms, me, plan, chance)
        if intent is None or intent.most_minor > left_minor:
            continue
        gain_minor = plan.value_minor - intent.most_minor
        if gain_minor > best_gain_minor:
            best, best_gain_minor = intent, gain_minor
    return best


def _jump(terms: EnglishTerms, board: EnglishBoard, plan: Plan, chance: float) -> int:
    """Return an amount one to `jump_steps_max` steps over the minimum, or the private value if that is less."""
    return _raised(terms, board, plan, 1 + int(chance * plan.jump_steps_max))


def _noise(lot: str, terms: EnglishTerms, board: EnglishBoard, plan: Plan, chance: float) -> Intent:
    """Return the bid of one mood. The remainder of `chance` decides how far it goes."""
    mood, rest = divmod(chance * _MOODS, 1)
    raised_minor = _raised(terms, board, plan, int(rest * (NOISE_STEPS_MAX + 1)))
    match int(mood):
        case 0:
            return PlaceBid(lot, amount_minor=1)
        case 1:
            return PlaceBid(lot, amount_minor=max(1, board.minimum_minor // 2))
        case 2 if board.buy_now_minor is None:
            return BuyNow(lot, raised_minor)
        case number if number % 2:
            return PlaceBid(lot, amount_minor=raised_minor)
        case _:
            return PlaceBid(lot, maximum_minor=raised_minor)


def _raised(terms: EnglishTerms, board: EnglishBoard, plan: Plan, steps: int) -> int:
    """Return the amount `steps` steps over the minimum, or the private value if that is less."""
    return min(plan.value_minor, board.minimum_minor + steps * terms.step_at(board.minimum_minor))
