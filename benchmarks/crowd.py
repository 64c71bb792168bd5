"""Who the bots are and what the lots are worth to them: drawn from a seed, without IO, always the same.

Values lie around the estimates. Each draw has a stream of its own, named by the seed, the bot and the lot, so that it
does not depend on the order in which lots open or bots join. A bidder does not care for each lot, and has a purse: the
most that it spends on one lot. Purses go by the middle lot of the catalogue, so that a lot far above all others finds
nobody who can pay for it.
"""

from collections.abc import Iterable
from random import Random
from statistics import median
from typing import Final

from msgspec import Struct

from bidder.strategy import Plan, Strategy
from common.limits import AMOUNT_MINOR_MAX
from common.lot import LotTerms

MIX: Final = "mix"
"""The name of a crowd of all strategies."""

_MIXED: Final = (
    Strategy.INCREMENTAL,
    Strategy.JUMP,
    Strategy.SNIPER,
    Strategy.INCREMENTAL,
    Strategy.TRUTHFUL,
    Strategy.INCREMENTAL,
    Strategy.INCREMENTAL,
    Strategy.SNIPER,
    Strategy.JUMP,
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
"""How far bidders differ: the standard deviation of the logarithm of what a lot is worth to them."""
STARTS_TO_VALUE: Final = 12
"""A lot without an estimate is worth about so many times its starting price."""
PURSES: Final = (6.0, 13.0)
"""The most that a bidder spends on one lot, as a multiple of the catalogue's middle value."""
HURRY: Final = (0.03, 0.07)
"""When a bidder who would buy at once begins, as a part of the time that the lot is open."""
INTEREST_BEGINS: Final = (0.12, 0.65)
"""When the others begin."""
UNTIMED_MS: Final = 20_000
"""Of lots that are open for longer or without a clock, that part is taken of this."""
SNIPE_MS: Final = (300, 1500)


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


def characters(seed: int, bidders: int, strategy: str) -> list[Character]:
    """Return a crowd; `strategy` is `mix`, of which ten bots have all strategies, or the value of one `Strategy`."""
    return [
        Character(
            number,
            _name(number),
            _MIXED[number % len(_MIXED)] if strategy == MIX else Strategy(strategy),
            f"{seed}/{number}",
        )
        for number in range(bidders)
    ]


def _name(number: int) -> str:
    rounds, place = divmod(number, len(_NAMES))
    return _NAMES[place] if rounds == 0 else f"{_NAMES[place]} {rounds + 1}"


class Tastes:
    """What the lots are worth to one bot. `catalogue` is what it saw when it joined, which its purse goes by."""

    def __init__(self, seed: int, character: Character, catalogue: Iterable[LotTerms]) -> None:
        self._seed = seed
        self._character = character
        middle_minor = median(_middle_minor(terms) for terms in catalogue)
        self._purse_minor = int(middle_minor * Random(f"{character.seed}/purse").uniform(*PURSES))

    def plan(self, terms: LotTerms, opened_at_ms: int) -> Plan | None:
        """Return what the bot has in mind for a lot that it can bid on since a server time; None: it does not care."""
        draw = Random(f"{self._character.seed}/lot {terms.lot}")
        cares = draw.random() < INTERESTED
        room_minor = _middle_minor(terms) * Random(f"{self._seed}/lot {terms.lot}").uniform(*APPETITE)
        value_minor = _round(terms, min(room_minor * draw.lognormvariate(0, SPREAD), self._purse_minor))
        buys = terms.buy_now_minor is not None and terms.buy_now_minor <= value_minor
        begins_ms = draw.uniform(*(HURRY if buys else INTEREST_BEGINS)) * min(
            terms.duration_ms or UNTIMED_MS, UNTIMED_MS
        )
        snipe_ms = round(draw.uniform(*SNIPE_MS))
        if not cares or value_minor < terms.starting_minor:
            return None
        return Plan(
            strategy=self._character.strategy,
            value_minor=value_minor,
            begins_at_ms=opened_at_ms + round(begins_ms),
            snipe_ms=snipe_ms,
        )


def _round(terms: LotTerms, value_minor: float) -> int:
    """Return a value as people name them: in whole steps of the lot."""
    whole_minor = min(int(value_minor), AMOUNT_MINOR_MAX)
    return whole_minor - whole_minor % terms.step_at(whole_minor)


def _middle_minor(terms: LotTerms) -> int:
    if terms.estimate_low_minor is None or terms.estimate_high_minor is None:
        return terms.starting_minor * STARTS_TO_VALUE
    return (terms.estimate_low_minor + terms.estimate_high_minor) // 2
