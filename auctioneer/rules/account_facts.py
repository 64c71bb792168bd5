"""The facts about the accounts of paddles: limits, deposits and links, as the desk noted them."""

from auctioneer.rules.fact import Fact


class LimitSet(Fact, frozen=True, kw_only=True, tag="limit_set"):
    """From now on a paddle's new offers must fit into this spending limit; None: into none."""

    paddle: int
    limit_minor: int | None
    by: str


class DepositNoted(Fact, frozen=True, kw_only=True, tag="deposit_noted"):
    """The house holds a deposit of this amount for a paddle, in place of what was noted before; 0: none any more."""

    paddle: int
    amount_minor: int
    by: str


class PaddlesLinked(Fact, frozen=True, kw_only=True, tag="paddles_linked"):
    """Each of these paddles is linked with each other one, and with a seller if one is named; or no longer.

    `skeletons` are those of the paddles' names, in the same order: whoever is linked with the seller of a lot can't bid
    on it. They are recorded for the same reason as those of a bidder.
    """

    paddles: tuple[int, ...]
    skeletons: tuple[tuple[str, ...], ...]
    by: str
    seller: str = ""
    seller_skeletons: tuple[str, ...] = ()
    linked: bool = True


AccountFact = LimitSet | DepositNoted | PaddlesLinked
