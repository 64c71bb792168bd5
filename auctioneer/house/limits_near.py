"""The spending limits that are nearly reached, so that auctioneer and desk hear of it before a bid is refused.

A limit is near if something counts against it already, and either less than a fifth of it is left, or what is left is
too little for the next bid on an open lot. Sealed offers count nowhere here, nor do sealed lots: what is left would
tell of the offers (docs/adr/0031-limits-count-what-an-offer-names.md).
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from auctioneer.house.formats.table import bidding
from auctioneer.house.tallies import Tally
from auctioneer.rules.engine import Engine
from auctioneer.rules.formats.table import format_of
from auctioneer.rules.lots import LotState
from common.lot import LotStatus

NEAR_PARTS: Final = 5
"""A limit is near when less than one of so many parts of it is left."""

_SHARES: Final = 10_000
"""The parts of a limit by which those that are near are compared, in whole numbers."""


class NearLimit(NamedTuple):
    """A paddle whose limit is near, in minor units."""

    paddle: int
    limit_minor: int
    left_minor: int
    short_on: str | None
    """The open lot with the highest minimum that the paddle can't bid any more; None if there is none."""


def limits_near(engine: Engine, tallies: Mapping[int, Tally]) -> dict[int, NearLimit]:
    """Return by paddle the limits that are near; first those of which the smallest part is left."""
    if not engine.accounts.by_paddle:
        return {}
    asking = _asking(engine)
    near = []
    for paddle, account in engine.accounts.by_paddle.items():
        tally = tallies.get(paddle)
        if account.limit_minor is None or tally is None or not tally.counted_minor:
            continue
        left_minor = max(0, account.limit_minor - tally.counted_minor)
        short_on = _short_on(asking, paddle, account.limit_minor - tally.counted_minor)
        if short_on is not None or left_minor * NEAR_PARTS < account.limit_minor:
            near.append(NearLimit(paddle, account.limit_minor, left_minor, short_on))
    near.sort(key=lambda one: (one.left_minor * _SHARES // max(1, one.limit_minor), one.paddle))
    return {one.paddle: one for one in near}


def _asking(engine: Engine) -> list[tuple[int, LotState]]:
    """Return the lots that are open and have a minimum that is no secret's business, the highest minimum first."""
    asking = []
    for lot in engine.catalogue:
        if lot.view.status is not LotStatus.OPEN or format_of(lot.spec).is_sealed:
            continue
        minimum_minor = bidding(lot).minimum_minor
        if minimum_minor is not None:
            asking.append((minimum_minor, lot))
    return sorted(asking, key=lambda one: -one[0])


def _short_on(asking: list[tuple[int, LotState]], paddle: int, room_minor: int) -> str | None:
    """Return the first lot on which a paddle can't make the next bid. What it is exposed by there does not count twice.

    Each lot that is passed over has an offer of the paddle, so a look costs no more than its tally did.
    """
    for minimum_minor, lot in asking:
        if minimum_minor <= room_minor:
            return None
        if minimum_minor > room_minor + format_of(lot.spec).exposure(lot.spec, lot.book, paddle):
            return lot.view.lot
    return None
