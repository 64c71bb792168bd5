"""The houses that stand by for this one, as far as it knows; a sale is handed over only to one that is near its end."""

from collections.abc import Sequence
from typing import Final, NamedTuple

NEAR_FACTS: Final = 5_000
"""How many facts a house may be behind that the sale is handed over to: it reads them in some 20 ms."""


class Standby(NamedTuple):
    """A house that stands by, and follows the record."""

    place: str
    """HOST:PORT, where bidders would find it."""
    behind: int
    """How many facts it has still to read."""


def why_not_hand_over(standbys: Sequence[Standby]) -> str:
    """Return why nobody could go on with the sale at once; empty if somebody could."""
    if not standbys:
        return "no house stands by. Start one on another machine: auctioneer stand-by"
    nearest = min(standbys, key=lambda one: one.behind)
    if nearest.behind > NEAR_FACTS:
        return f"the house at {nearest.place} has still to read {nearest.behind:,} facts. Wait until it follows"
    return ""
