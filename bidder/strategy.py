"""How simple bots bid: pure decisions over what everybody sees and what the bot alone knows.

`decide` says what a bidder does about one lot now, or that it does nothing. Time, the private value and chance are
arguments, so that the same arguments give the same decision. Who calls it looks again when the lot changes, and at
`acts_from_ms`, since time alone can change the decision only then. All bots uphold:

- Nothing is ever bid above the private value.
- Who leads does not bid.
- Whoever would pay the buy-now price takes the lot at once, since the offer goes with the bids of others.
"""

from enum import Enum
from typing import Final

from msgspec import Struct

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


SNIPE_MS: Final = 1200
"""How long before the end a sniper bids, unless its plan says otherwise."""
JUMP_STEPS_MAX: Final = 6
"""The most steps over the minimum that a jump goes, unless the plan says otherwise."""


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


class BuyNow(Struct, frozen=True):
    """Buy the lot at its buy-now price."""

    lot: str
    price_minor: int


Intent = PlaceBid | BuyNow


def acts_from_ms(view: LotView, plan: Plan) -> int:
    """Return the server time from which the bidder acts on the lot as it stands; an extension can put it off again."""
    if plan.strategy is not Strategy.SNIPER or view.ends_at_ms is None or would_buy(view, plan):
        return plan.begins_at_ms
    return max(plan.begins_at_ms, view.ends_at_ms - plan.snipe_ms)


def can_gain(view: LotView, plan: Plan) -> bool:
    """Return whether there is anything left for the bidder in the lot; False is for ever, since prices only rise."""
    return not view.status.is_final and (view.minimum_minor <= plan.value_minor or would_buy(view, plan))


def would_buy(view: LotView, plan: Plan) -> bool:
    """Return whether the lot is to be had at a buy-now price that the bidder would pay."""
    return view.buy_now_minor is not None and view.buy_now_minor <= plan.value_minor


def decide(view: LotView, now_ms: int, me: int, plan: Plan, chance: float) -> Intent | None:
    """Return what the bidder with paddle `me` does about a lot at a server time; None: nothing, as it stands.

    `chance` is a random number in [0, 1); only a jump depends on it.
    """
    is_running = view.status is LotStatus.OPEN and (view.ends_at_ms is None or now_ms < view.ends_at_ms)
    if not is_running or view.leader == me or not can_gain(view, plan) or now_ms < acts_from_ms(view, plan):
        return None
    if view.buy_now_minor is not None and would_buy(view, plan):
        return BuyNow(view.lot, view.buy_now_minor)
    match plan.strategy:
        case Strategy.TRUTHFUL | Strategy.SNIPER:
            return PlaceBid(view.lot, maximum_minor=plan.value_minor)
        case Strategy.INCREMENTAL:
            return PlaceBid(view.lot, amount_minor=view.minimum_minor)
        case Strategy.JUMP:
            return PlaceBid(view.lot, amount_minor=_jump(view, plan, chance))


def _jump(view: LotView, plan: Plan, chance: float) -> int:
    """Return an amount one to `jump_steps_max` steps over the minimum, or the private value if that is less."""
    steps = 1 + int(chance * plan.jump_steps_max)
    return min(plan.value_minor, view.minimum_minor + steps * view.terms.step_at(view.minimum_minor))
