"""Who the bots are, what lots are worth to them, and when they come: drawn from a seed, without IO, always the same.

Each draw has a stream of its own, named by the seed, the bot and the lot, so that it does not depend on the order in
which lots open or bots join, nor on how many processes share the bots. A bidder does not care for each lot, and has a
purse: the most that it spends on one lot. Purses go by the middle lot of the catalogue, so that a lot far above all
others finds nobody who can pay for it. Who bids by `Strategy.BUDGET` has a smaller one, for all lots together,
and stays with lots that show who leads.

When bidders come, if late: of long timed auctions 47 % have a bid in the last 5 minutes, 32 % in the last 60 s and 11 %
in the last 10 s (Roth and Ockenfels, American Economic Review 92, 2002). Here a lot's time stands for the last ten
minutes of such an auction, so that the same holds for its last half, its last tenth and its last sixtieth. The moment
of the last arrival is drawn for each lot; each bidder's own is drawn from the same distribution, but not later, and
rather near to it than far.
"""

from collections.abc import Callable, Iterable
from enum import Enum
from itertools import pairwise
from random import Random
from statistics import median
from typing import Any, Final

from msgspec import Struct

from benchmarks.bots.formats.player import Taste
from benchmarks.bots.formats.table import player_of, start_of
from bidder.core.strategies.english import Strategy
from common.limits import AMOUNT_MINOR_MAX
from common.lot import LotTerms, LotView

MIX: Final = "mix"
"""The name of a crowd of all strategies."""


class Values(Enum):
    """How what a lot is worth to a bidder is distributed. The room's value of a lot lies around its estimate."""

    LOGNORMAL = "lognormal"
    """Private values: the room's value times a factor that is lognormal, with a median of 1."""
    UNIFORM = "uniform"
    """Private values: the room's value times a factor from a half to one and a half, each as likely."""
    COMMON = "common"
    """A common value: the room's is the true one, and each bidder has its own estimate with a normal error; whoever
    wins has most likely overestimated it."""


class Arrivals(Enum):
    """When bidders take an interest in a lot."""

    EVEN = "even"
    """In the first two thirds of its time, each moment as likely."""
    LATE = "late"
    """As in real timed auctions, many near the end. A sniper bids just when it comes."""


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
"""How many of the bidders care for a lot."""
APPETITE: Final = (0.75, 1.1)
"""What the room as a whole makes of a lot, as a multiple of the middle of its estimate."""
SPREAD: Final = 0.22
"""Lognormal: how far bidders differ, the standard deviation of the factor's logarithm."""
UNIFORM: Final = (0.5, 1.5)
ERROR: Final = 0.15
"""Common: the standard deviation of a bidder's error, as a part of the true value."""
PURSES: Final = (6.0, 13.0)
"""The most that a bidder spends on one lot, as a multiple of the catalogue's middle value."""
BUDGETS: Final = (1.0, 4.0)
"""The most that `Strategy.BUDGET` spends on all lots, as such a multiple."""
HURRY: Final = (0.03, 0.07)
"""When a bidder who would buy at once begins, as a part of the time that the lot is open."""
INTEREST_BEGINS: Final = (0.12, 0.65)
"""When the others begin, if they come evenly."""
LATE: Final = ((0.0, 0.0), (1 / 60, 0.11), (1 / 10, 0.32), (1 / 2, 0.47), (1.0, 1.0))
"""Late arrivals: the part of a lot's time that is left, and how many come when no more than that is."""
NEARNESS: Final = 3
"""Late: how near bidders come to a lot's last arrival; with 1, the last of a few bidders would be too early."""
UNTIMED_MS: Final = 20_000
"""Of lots without a clock, and of long ones where bidders come evenly, parts are taken of this."""
SNIPE_MS: Final = (300, 1500)


class Crowd(Struct, frozen=True):
    """What a whole crowd is drawn from. `strategy` is `mix`, of which ten bots have all, or the value of one."""

    seed: int
    strategy: str = MIX
    values: Values = Values.LOGNORMAL
    arrivals: Arrivals = Arrivals.EVEN

    def characters(self, bidders: int, first: int = 0) -> "list[Character]":
        """Return so many bots of it, from the `first` on."""
        return [
            Character(number, _name(number), self._strategy_of(number), f"{self.seed}/{number}")
            for number in range(first, first + bidders)
        ]

    def _strategy_of(self, number: int) -> Strategy:
        return _MIXED[number % len(_MIXED)] if self.strategy == MIX else Strategy(self.strategy)


class Character(Struct, frozen=True):
    """One bot: what it is called, how it bids, and the seed of all that it draws."""

    number: int
    name: str
    strategy: Strategy
    seed: str

    @property
    def reactions(self) -> Random:
        """A fresh source of chance for when and how boldly the bot acts."""
        return Random(f"{self.seed}/reactions")


def _name(number: int) -> str:
    rounds, place = divmod(number, len(_NAMES))
    return _NAMES[place] if rounds == 0 else f"{_NAMES[place]} {rounds + 1}"


class Tastes:
    """What the lots are worth to one bot. `catalogue` is what it saw when it joined, which its purse goes by."""

    def __init__(self, crowd: Crowd, character: Character, catalogue: Iterable[LotTerms]) -> None:
        self._crowd = crowd
        self._character = character
        middle_minor = median(_middle_minor(terms) for terms in catalogue)
        draw = Random(f"{character.seed}/purse")
        self._lot_max_minor = int(middle_minor * draw.uniform(*PURSES))
        self.budget_minor = int(middle_minor * draw.uniform(*BUDGETS))

    def plan(self, view: LotView, now_ms: int) -> Any | None:
        """Return what the bot has in mind for a lot that it can bid on since `now_ms`; None: it does not care.

        It is a plan of the lot's format, which only the format's player reads.
        """
        terms, start = view.terms, start_of(view.terms.format)
        draw = Random(f"{self._character.seed}/lot {terms.lot}")
        room = Random(f"{self._crowd.seed}/lot {terms.lot}")
        cares = draw.random() < INTERESTED
        room_minor = _middle_minor(terms) * room.uniform(*APPETITE)
        value_minor = _round(start.step_at, min(room_minor * _factor(self._crowd.values, draw), self._lot_max_minor))
        buys = start.buy_now_minor is not None and start.buy_now_minor <= value_minor
        if self._crowd.arrivals is Arrivals.LATE and not buys:
            snipe_ms = round(_left_late(room, draw) * (terms.duration_ms or UNTIMED_MS))
            begins_at_ms = (now_ms + UNTIMED_MS if view.ends_at_ms is None else view.ends_at_ms) - snipe_ms
        else:
            duration_ms = min(terms.duration_ms or UNTIMED_MS, UNTIMED_MS)
            begins_at_ms = now_ms + round(draw.uniform(*(HURRY if buys else INTEREST_BEGINS)) * duration_ms)
            snipe_ms = round(draw.uniform(*SNIPE_MS))
        if not cares or value_minor < start.least_minor:
            return None
        taste = Taste(self._character.strategy, value_minor, begins_at_ms, snipe_ms, draw)
        return player_of(terms.format).plan(view, taste)


def _left_late(room: Random, draw: Random) -> float:
    """Return the part of a lot's time that is left when a late bidder comes: at least what the lot's last one has."""
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
    """Return how much of its time a lot has left when this share of the arrivals is still to come, by `LATE`."""
    for (left, shares), (next_left, next_shares) in pairwise(LATE):
        if share <= next_shares:
            return left + (next_left - left) * (share - shares) / (next_shares - shares)
    return 1.0


def _round(step_at: Callable[[int], int], value_minor: float) -> int:
    """Return a value as people name them: in whole steps of the lot."""
    whole_minor = min(int(value_minor), AMOUNT_MINOR_MAX)
    return whole_minor - whole_minor % step_at(whole_minor)


def _middle_minor(terms: LotTerms) -> int:
    if terms.estimate_low_minor is None or terms.estimate_high_minor is None:
        return start_of(terms.format).usual_minor
    return (terms.estimate_low_minor + terms.estimate_high_minor) // 2
