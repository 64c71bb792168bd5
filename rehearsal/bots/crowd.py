"""The bots' characters, their values of the lots, and their arrivals: drawn from a seed, without IO, always the same.

Each draw has its own stream of chance, named by the seed, the bot and the lot. So a draw does not depend on the order
in which lots open or bots join, nor on the number of processes that share the bots. A bidder wants only some of the
lots. It has a purse: the most that it spends on one lot. Purses are multiples of the catalogue's middle value, so
nobody can pay for a lot far above all others. A bidder with `Strategy.BUDGET` has a smaller purse for all lots
together, and bids only on lots that show their leader.

Late arrivals follow real auctions: 47 % of long timed auctions have a bid in the last 5 minutes, 32 % in the last 60 s
and 11 % in the last 10 s (Roth and Ockenfels, American Economic Review 92, 2002). Here a lot's time stands for the last
ten minutes of such an auction, so the same shares hold for its last half, its last tenth and its last sixtieth. The
moment of the last arrival is drawn for each lot. Each bidder's arrival is drawn from the same distribution, is never
later than that moment, and is more often near it than far from it.
"""

from collections.abc import Callable, Iterable
from enum import Enum
from itertools import pairwise
from random import Random
from statistics import median
from typing import Any, Final

from msgspec import Struct

from bidder.core.strategies.english import Strategy
from common.limits import AMOUNT_MINOR_MAX
from common.lot import LotTerms, LotView
from rehearsal.bots.formats.player import Taste
from rehearsal.bots.formats.table import player_of, start_of

MIX: Final = "mix"
"""The name of a crowd of all strategies."""


class Values(Enum):
    """The distribution of the bidders' values of a lot. The room's value of a lot lies around its estimate."""

    LOGNORMAL = "lognormal"
    """Private values: the room's value times a factor that is lognormal, with a median of 1."""
    UNIFORM = "uniform"
    """Private values: the room's value times a uniform factor from a half to one and a half."""
    COMMON = "common"
    """A common value: the room's value is the true one, and each bidder estimates it with a normal error. The winner
    has most likely overestimated it."""


class Arrivals(Enum):
    """The time at which bidders become interested in a lot."""

    EVEN = "even"
    """Uniform over the first two thirds of the lot's time."""
    LATE = "late"
    """Many near the end, as in real timed auctions. A sniper bids at the moment of its arrival."""


_MIXED: Final = (
    Strategy.INCREMENTAL,
    Strategy.JUMP,
    Strategy.SNIPER,
    Strategy.INCREMENTAL,
    Strategy.TRUTHFUL,
    Strategy.BUDGET,
    Strategy.INCREMENTAL,
    Strategy.SNIPER,
    Strategy.NOISE,
    Strategy.INCREMENTAL,
)
_NAMES: Final = (
    *("Ada", "Bruno", "Chidi", "Dora", "Emil", "Farah", "Goro", "Hanna", "Idris", "Jana", "Kofi", "Lena", "Milan"),
    *("Nadia", "Oskar", "Priya", "Quinn", "Rosa", "Samir", "Tilda", "Umar", "Vera", "Wim", "Ximena", "Yusuf", "Zoe"),
)

INTERESTED: Final = 0.6
"""The share of the bidders who want a lot."""
APPETITE: Final = (0.75, 1.1)
"""The range of the room's value of a lot, as a multiple of the middle of its estimate."""
SPREAD: Final = 0.22
"""Lognormal values: the standard deviation of the factor's logarithm."""
UNIFORM: Final = (0.5, 1.5)
ERROR: Final = 0.15
"""Common values: the standard deviation of a bidder's error, as a part of the true value."""
PURSES: Final = (6.0, 13.0)
"""The range of a purse: the most that a bidder spends on one lot, as a multiple of the catalogue's middle value."""
BUDGETS: Final = (1.0, 4.0)
"""The range of a `Strategy.BUDGET` purse for all lots, as a multiple of the catalogue's middle value."""
HURRY: Final = (0.03, 0.07)
"""The time at which a bidder who would buy at once begins, as a part of the lot's time."""
INTEREST_BEGINS: Final = (0.12, 0.65)
"""The time at which the other bidders begin if arrivals are even, as a part of the lot's time."""
LATE: Final = ((0.0, 0.0), (1 / 60, 0.11), (1 / 10, 0.32), (1 / 2, 0.47), (1.0, 1.0))
"""Late arrivals: a remaining part of a lot's time, and the share of bidders who come within that part."""
NEARNESS: Final = 3
"""Late arrivals: how near bidders come to a lot's last one. With 1, the last of a few bidders would be too early."""
UNTIMED_MS: Final = 20_000
SNIPE_MS: Final = (300, 1500)


class Crowd(Struct, frozen=True):
    """The source of all draws of a crowd. `strategy` is a strategy's value, or `mix`: ten bots then have them all."""

    seed: int
    strategy: str = MIX
    values: Values = Values.LOGNORMAL
    arrivals: Arrivals = Arrivals.EVEN
    untimed_ms: int = UNTIMED_MS
    """The time that stands for a lot's time where it has no clock, or where it is long and bidders come evenly."""
    is_rich: bool = False
    """Whether every purse holds enough for every lot, so that somebody bids on each."""

    def characters(self, bidders: int, first: int = 0) -> "list[Character]":
        """Return this number of the crowd's bots, beginning with the number `first`."""
        return [
            Character(number, _name(number), self._strategy_of(number), f"{self.seed}/{number}")
            for number in range(first, first + bidders)
        ]

    def _strategy_of(self, number: int) -> Strategy:
        return _MIXED[number % len(_MIXED)] if self.strategy == MIX else Strategy(self.strategy)


class Character(Struct, frozen=True):
    """One bot: its name, its strategy, and the seed of all its draws."""

    number: int
    name: str
    strategy: Strategy
    seed: str

    @property
    def reactions(self) -> Random:
        """A new source of chance for the bot's reaction times and its boldness."""
        return Random(f"{self.seed}/reactions")


def _name(number: int) -> str:
    rounds, place = divmod(number, len(_NAMES))
    return _NAMES[place] if rounds == 0 else f"{_NAMES[place]} {rounds + 1}"


class Tastes:
    """The value of each lot to one bot. `catalogue` has the lots at its joining; its purse depends on them."""

    def __init__(self, crowd: Crowd, character: Character, catalogue: Iterable[LotTerms]) -> None:
        self._crowd = crowd
        self._character = character
        middle_minor = median(_middle_minor(terms) for terms in catalogue)
        draw = Random(f"{character.seed}/purse")
        self._lot_max_minor = int(middle_minor * draw.uniform(*PURSES))
        self.budget_minor = int(middle_minor * draw.uniform(*BUDGETS))

    def plan(self, view: LotView, now_ms: int) -> Any | None:
        """Return the bot's plan for a lot that takes bids from `now_ms` on, or None if the bot does not want the lot.

        The plan belongs to the lot's format; only the format's player reads it.
        """
        terms, start = view.terms, start_of(view.terms.format)
        draw = Random(f"{self._character.seed}/lot {terms.lot}")
        room = Random(f"{self._crowd.seed}/lot {terms.lot}")
        cares = draw.random() < INTERESTED
        room_minor = _middle_minor(terms) * room.uniform(*APPETITE)
        value_minor = _round(start.step_at, self._affordable(room_minor * _factor(self._crowd.values, draw)))
        buys = start.buy_now_minor is not None and start.buy_now_minor <= value_minor
        if self._crowd.arrivals is Arrivals.LATE and not buys:
            snipe_ms = round(_left_late(room, draw) * (terms.duration_ms or self._crowd.untimed_ms))
            begins_at_ms = (now_ms + self._crowd.untimed_ms if view.ends_at_ms is None else view.ends_at_ms) - snipe_ms
        else:
            duration_ms = min(terms.duration_ms or self._crowd.untimed_ms, self._crowd.untimed_ms)
            begins_at_ms = now_ms + round(draw.uniform(*(HURRY if buys else INTEREST_BEGINS)) * duration_ms)
            snipe_ms = round(draw.uniform(*SNIPE_MS))
        if not cares or value_minor < start.least_minor:
            return None
        taste = Taste(self._character.strategy, value_minor, begins_at_ms, snipe_ms, draw)
        return player_of(terms.format).plan(view, taste)

    def _affordable(self, value_minor: float) -> float:
        return value_minor if self._crowd.is_rich else min(value_minor, self._lot_max_minor)


def _left_late(room: Random, draw: Random) -> float:
    """Return the part of a lot's time that is left when a late bidder comes: never less than at the last arrival."""
    last = room.random()
    return _left(last + (1 - last) * draw.random() ** NEARNESS)


def _factor(values: Values, draw: Random) -> float:
    match values:
        case Values.LOGNORMAL:
            return draw.lognormvariate(0, SPREAD)
        case Values.UNIFORM:
            return draw.uniform(*UNIFORM)
        case Values.COMMON:
            return max(0.0, draw.gauss(1, ERROR))


def _left(share: float) -> float:
    """Return the part of a lot's time that is left when this share of the arrivals is yet to come, by `LATE`."""
    for (left, shares), (next_left, next_shares) in pairwise(LATE):
        if share <= next_shares:
            return left + (next_left - left) * (share - shares) / (next_shares - shares)
    return 1.0


def _round(step_at: Callable[[int], int], value_minor: float) -> int:
    """Return a value rounded to whole steps of the lot, as people name values."""
    whole_minor = min(int(value_minor), AMOUNT_MINOR_MAX)
    return whole_minor - whole_minor % step_at(whole_minor)


def _middle_minor(terms: LotTerms) -> int:
    if terms.estimate_low_minor is None or terms.estimate_high_minor is None:
        return start_of(terms.format).usual_minor
    return (terms.estimate_low_minor + terms.estimate_high_minor) // 2
