"""The desk's decisions about accounts: a spending limit, a deposit, and who is linked with whom.

Each function receives the engine, the server time `now_ms`, the name of the person who decides (`by`) and the subject.
It returns the fact, which it has already applied, or `Refused` if nothing changed. The caller must ensure that the
paddles are bidders'. `auctioneer.rules.accounts` says what the accounts mean for offers.
"""

from auctioneer.rules.account_facts import AccountFact, DepositNoted, LimitSet, PaddlesLinked
from auctioneer.rules.accounts import LINKS_MAX
from auctioneer.rules.decisions import Refused
from auctioneer.rules.engine import Bidder, Engine
from auctioneer.rules.facts import AnyFact
from common.errors import RejectCode
from common.limits import AMOUNT_MINOR_MAX

AccountDecision = list[AnyFact] | Refused


def set_limit(engine: Engine, now_ms: int, by: str, paddle: int, limit_minor: int | None) -> AccountDecision:
    """Set the spending limit of a paddle, 0 or more; None: it has none any more.

    Nothing that stands is taken back where the new limit is lower than what counts against it.
    """
    if limit_minor is not None and not 0 <= limit_minor <= AMOUNT_MINOR_MAX:
        return Refused(RejectCode.INVALID_AMOUNT, "that is no limit")
    if engine.accounts.of(paddle).limit_minor == limit_minor:
        has = "has no limit" if limit_minor is None else "has this limit already"
        return Refused(RejectCode.WRONG_STATE, f"paddle {paddle} {has}")
    return _apply(engine, LimitSet(at_ms=now_ms, paddle=paddle, limit_minor=limit_minor, by=by))


def note_deposit(engine: Engine, now_ms: int, by: str, paddle: int, amount_minor: int) -> AccountDecision:
    """Note what the house holds for a paddle from now on, in place of what it held; 0: nothing. It sets no limit."""
    if not 0 <= amount_minor <= AMOUNT_MINOR_MAX:
        return Refused(RejectCode.INVALID_AMOUNT, "that is no deposit")
    if engine.accounts.of(paddle).deposit_minor == amount_minor:
        return Refused(RejectCode.WRONG_STATE, f"that is the deposit of paddle {paddle} already")
    return _apply(engine, DepositNoted(at_ms=now_ms, paddle=paddle, amount_minor=amount_minor, by=by))


def link(
    engine: Engine,
    now_ms: int,
    by: str,
    bidders: tuple[Bidder, ...],
    seller: str = "",
    seller_skeletons: tuple[str, ...] = (),
    *,
    linked: bool = True,
) -> AccountDecision:
    """Link each of these bidders with each other one, and with a seller if one is named; or link them no longer.

    Links are not passed on: whoever is linked with two others does not link these with each other.
    """
    paddles = tuple(bidder.paddle for bidder in bidders)
    if len(set(paddles)) < len(paddles):
        return Refused(RejectCode.MALFORMED, "a paddle is named twice")
    if len(paddles) < 2 and not seller:
        return Refused(RejectCode.MALFORMED, "it takes two paddles, or a paddle and a seller")
    fact = PaddlesLinked(
        at_ms=now_ms,
        paddles=paddles,
        skeletons=tuple(bidder.skeletons for bidder in bidders),
        by=by,
        seller=seller,
        seller_skeletons=seller_skeletons,
        linked=linked,
    )
    if not any(_is_new(engine, fact, paddle) for paddle in paddles):
        return Refused(RejectCode.WRONG_STATE, f"they are {'linked already' if linked else 'not linked'}")
    for paddle in paddles if linked else ():
        account = engine.accounts.of(paddle)
        others = {other for other in paddles if other != paddle}
        sellers = {seller} if seller else set()
        if max(len(account.linked.keys() | others), len(account.sellers.keys() | sellers)) > LINKS_MAX:
            return Refused(RejectCode.HOUSE_FULL, f"paddle {paddle} can be linked with at most {LINKS_MAX} others")
    return _apply(engine, fact)


def _is_new(engine: Engine, fact: PaddlesLinked, paddle: int) -> bool:
    """Return whether the fact changes something for a paddle."""
    account = engine.accounts.of(paddle)
    others = [other for other in fact.paddles if other != paddle]
    is_new = any((other in account.linked) is not fact.linked for other in others)
    return is_new or (bool(fact.seller) and (fact.seller in account.sellers) is not fact.linked)


def _apply(engine: Engine, fact: AccountFact) -> AccountDecision:
    engine.apply(fact)
    return [fact]
