"""The plan of a seed: the size of a simulated sale, its faults, and its catalogue.

`plan_of` returns the plan of a seed. `shrunk` (see `tests.simulation.shrinking`) makes a plan smaller while it fails.
"""

from random import Random

import msgspec

from auctioneer.rules.terms import LotSpec, Opening, OpeningRule, SaleSpec
from common.lot import LotTerms
from common.money import Currency
from tests.simulation.formats.table import DRAWN_FROM

FAULTS = (
    "crash",  # the process ends at any call that it makes
    "disk",  # a commit fails, before or after it is durable, and the journal can't be opened for a while
    "late",  # the store finishes a commit late, wakes the house twice for it, or never finishes it
    "stall",  # the process pauses at any call
    "standstill",  # the process pauses for so long that the lots get the time back
    "wall",  # somebody sets the machine's clock
    "cut",  # connections break, and the messages under way are lost
    "drop",  # broadcasts are lost to one reader
    "delay",  # messages take long
    "twice",  # requests arrive twice
    "leave",  # clients stop and come back, with or without their memory
    "orders",  # the auctioneer opens, pauses, extends, closes, withdraws, adds, admits and turns out
    "mischief",  # clients repeat, contradict themselves and ask for what they can't have
    "accounts",  # the desk sets limits and links bidders
    "corrections",  # a clerk takes bids and sales back, opens lots again, and changes what the catalogue says
)


NO_FAULTS = "none"
_CORRECTIONS = "corrections"
_ACCOUNTS = "accounts"


class Plan(msgspec.Struct, frozen=True):
    """A simulated sale, from its seed and all later reductions."""

    seed: int
    bidders: int
    lots: int
    duration_ms: int
    faults: frozenset[str]
    uses_sqlite: bool = False

    @property
    def grain_ms(self) -> int:
        """The step of time. If it is coarse, bids often arrive at the exact instant of an end."""
        return 100 if self.seed % 5 == 3 else 1

    @property
    def has_retractions(self) -> bool:
        """Whether bidders may take their last bids back."""
        return _CORRECTIONS in self.faults and self.seed % 3 > 0

    @property
    def answer_ms(self) -> int | None:
        """How long a bidder is waited for whom a correction made lead; None: it is bound by its bid."""
        return (4_000, 15_000, 40_000)[self.seed % 3] if _CORRECTIONS in self.faults and self.seed % 4 > 1 else None

    def command(self) -> str:
        """Return the command that repeats this plan."""
        sizes = f"--bidders {self.bidders} --lots {self.lots} --duration-ms {self.duration_ms}"
        faults = ",".join(fault for fault in FAULTS if fault in self.faults) or NO_FAULTS
        journal = "--sqlite" if self.uses_sqlite else "--memory"
        return f"python -m tests.simulation --seed {self.seed} {sizes} {journal} --faults {faults}"


def plan_of(seed: int) -> Plan:
    """Return the plan of a seed."""
    chance = Random(f"{seed}/plan")
    others = [fault for fault in FAULTS if fault not in (_CORRECTIONS, _ACCOUNTS)]
    faults = frozenset(fault for fault in others if chance.random() < 0.6)
    faults |= {fault for fault in (_CORRECTIONS, _ACCOUNTS) if Random(f"{seed}/{fault}").random() < 0.4}
    return Plan(
        seed=seed,
        bidders=chance.choice((2, 2, 3, 3, 4)),
        lots=chance.choice((1, 2, 2, 3, 4)),
        duration_ms=chance.choice((15_000, 30_000, 60_000)),
        faults=faults,
        uses_sqlite=seed % 50 == 7,
    )


def catalogue_of(plan: Plan, names: list[str]) -> SaleSpec:
    """Return the catalogue of a simulated sale."""
    chance = Random(f"{plan.seed}/catalogue")
    lots = tuple(lot_of(chance, str(number), names) for number in range(1, plan.lots + 1))
    ends_after_last_lot = chance.random() < 0.3
    return SaleSpec(
        "A simulated sale",
        Currency("USD", 2),
        lots,
        ends_after_last_lot,
        _CORRECTIONS in plan.faults,
        retractions=plan.has_retractions,
        revived_answer_ms=plan.answer_ms,
    )


def lot_of(chance: Random, number: str, names: list[str]) -> LotSpec:
    """Return a lot of any format with any terms that a catalogue allows."""
    drawn = chance.choice(DRAWN_FROM).draw(chance)
    terms = LotTerms(
        lot=number,
        title=f"Lot {number}",
        format=drawn.terms,
        seller=chance.choice(names) if chance.random() < 0.15 else "",
        duration_ms=drawn.duration_ms,
        soft_close=drawn.soft_close,
    )
    return LotSpec(terms, drawn.reserve_minor, _opening_of(chance))


def _opening_of(chance: Random) -> Opening:
    rule = chance.choice((*[OpeningRule.AT_START] * 4, OpeningRule.AFTER_PREVIOUS, OpeningRule.AT_TIME))
    return Opening(rule, delay_ms=chance.randrange(8000)) if rule is OpeningRule.AT_TIME else Opening(rule)
