"""The desk of a simulated sale: it sets limits that soon matter, links bidders, and ends both, at random moments."""

from random import Random

from auctioneer.house.commands import AnyCommand, LinkPaddles, NoteDeposit, SetLimit
from auctioneer.house.house import House


def accounts(house: House, names: list[str], chance: Random) -> AnyCommand:
    """Return what the desk sends now; now and then it is about somebody who has not joined, or changes nothing."""
    name, others = chance.choice(names), [one for one in names if chance.random() < 0.5]
    match chance.randrange(8):
        case 0:
            return NoteDeposit(bidder=name, amount_minor=chance.choice((0, 5_000)))
        case 1 | 2:
            sellers = sorted({lot.spec.terms.seller for lot in house.engine.catalogue})
            return LinkPaddles(bidders=tuple(others or names[:2]), seller=chance.choice(("", *sellers)))
        case 3:
            return LinkPaddles(bidders=tuple(names), linked=False)
        case 4:
            return SetLimit(bidder=name, limit_minor=None)
        case _:
            return SetLimit(bidder=name, limit_minor=_limit(house, name, chance))


def _limit(house: House, name: str, chance: Random) -> int:
    """Return a limit near what counts already, or one that some lots together come to."""
    entry = house.register.find(name)
    spending = None if entry is None else house.engine.accounts.spending(entry.paddle)
    if spending is not None and chance.random() < 0.5:
        return max(0, spending.won_minor + spending.exposed_minor + chance.choice((-100, 0, 100, 1_000)))
    return chance.choice((0, 2_000, 4_000, 8_000, 15_000))
