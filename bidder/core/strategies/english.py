"""How simple bots bid on English lots: pure decisions over what everybody sees and what the bot alone knows.

`decide` says what a bidder does about one lot now, or that it does nothing; `choose` says it for a bidder with one
purse for several lots. Time, the private value and chance are arguments, so that the same arguments give the same
decision. Who calls them looks again when a lot changes, and at `acts_from_ms`, since time alone can change the decision
only then. All bots uphold:

- Nothing is ever bid above the private value.
- Who leads does not bid.
- A lot of another format is left alone.
- Whoever would pay the buy-now price takes the lot at once, since the offer goes with the bids of others.
- Who has a purse is never bound to pay more than is in it, whatever the others do.
"""

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Final

from msgspec import Struct

from common.formats.english import EnglishBoard, EnglishTerms
from common.lot import LotStatus, LotView


class Strategy(Enum):
    """How a bot goes about a lot."""

    TRUTHFUL = "truthful"
    """Leaves the private value as a secret maximum and lets the house bid."""
    INCREMENTAL = "incremental"
    """Bids the minimum, again and again."""
    JUMP = "jump"
    """Bids several steps more than it must, to shake others off."""
    SNIPER = "sniper"
    """Waits for the last moment, and leaves the private value as a maximum then."""
    NOISE = "noise"
    """Bids a little or leaves a small maximum as the mood takes it, and at times what the house must refuse."""
    BUDGET = "budget"
    """Bids the minimum where it gains most, out of one purse for all lots."""


SNIPE_MS: Final = 1200
"""How long before the end a sniper bids, unless its plan says otherwise."""
JUMP_STEPS_MAX: Final = 6
"""The most steps over the minimum that a jump goes, unless the plan says otherwise."""
NOISE_STEPS_MAX: Final = 3
"""The most steps over the minimum that noise goes."""
_MOODS: Final = 10
"""Noise is in one of so many moods; the first three make bids that are refused, and half of the others open bids."""


class Plan(Struct, frozen=True, kw_only=True):
    """What a bidder has in mind for one lot; nobody else knows it.

    `value_minor` is what the lot is worth to the bidder. `begins_at_ms` is the server time from which it takes an
    interest in the lot.
    """

    strategy: Strategy
    value_minor: int
    begins_at_ms: int = 0
    snipe_ms: int = SNIPE_MS
    jump_steps_max: int = JUMP_STEPS_MAX


class PlaceBid(Struct, frozen=True):
    """Bid openly, or leave a secret maximum; just one of the two is given."""

    lot: str
    amount_minor: int | None = None
    maximum_minor: int | None = None

    @property
    def most_minor(self) -> int:
        """The most that the bidder can come to pay by it."""
        return max(self.amount_minor or 0, self.maximum_minor or 0)


class BuyNow(Struct, frozen=True):
    """Buy the lot at its buy-now price."""

    lot: str
    price_minor: int

    @property
    def most_minor(self) -> int:
        """The most that the bidder can come to pay by it."""
        return self.price_minor


Intent = PlaceBid | BuyNow


class Purse(Struct, frozen=True):
    """What a bidder has for all lots together, and what it has asked for so far.

    `bids_minor` has the most that the bidder ever offered for each lot. `pending` are the lots where an offer has no
    verdict yet, or one that the view does not show yet: there the bidder is bound, whoever seems to lead.
    """

    total_minor: int
    bids_minor: Mapping[str, int]
    pending: frozenset[str] = frozenset()

    def bound_minor(self, views: Iterable[LotView], me: int) -> int:
        """Return the most that the bidder with paddle `me` can come to pay if all others stop now."""
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
    """Return the server time from which the bidder acts on the lot as it stands; an extension can put it off again."""
    if plan.strategy is not Strategy.SNIPER or view.ends_at_ms is None or would_buy(view, plan):
        return plan.begins_at_ms
    return max(plan.begins_at_ms, view.ends_at_ms - plan.snipe_ms)


def can_gain(view: LotView, plan: Plan) -> bool:
    """Return whether there is anything left for the bidder in the lot; False is for ever, since prices only rise."""
    if view.status.is_final or not isinstance(view.board, EnglishBoard):
        return False
    return view.board.minimum_minor <= plan.value_minor or would_buy(view, plan)


def would_buy(view: LotView, plan: Plan) -> bool:
    """Return whether the lot is to be had at a buy-now price that the bidder would pay."""
    board = view.board
    if not isinstance(board, EnglishBoard) or board.buy_now_minor is None:
        return False
    return board.buy_now_minor <= plan.value_minor


def decide(view: LotView, now_ms: int, me: int, plan: Plan, chance: float) -> Intent | None:
    """Return what the bidder with paddle `me` does about a lot at a server time; None: nothing, as it stands.

    `chance` is a random number in [0, 1); only jumps and noise depend on it.
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
    """Return what a bidder with one purse does next: the intent that gains most among those that it can pay for.

    `views` are all lots of the sale, since any may bind the purse; `plans` has those that the bidder cares for. What a
    lot gains is its value less the offer; of equal ones the first counts. After an intent is carried out, `purse` must
    have it as pending before the next is chosen.
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
    """Return what one of the moods says; the rest of `chance` says how far it goes."""
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
    """Return an amount so many steps over the minimum, or the private value if that is less."""
    return min(plan.value_minor, board.minimum_minor + steps * terms.step_at(board.minimum_minor))
