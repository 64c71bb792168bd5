"""The desk's decisions about accounts, repeated from the facts that they became, so that the audit can compare."""

from auctioneer.house.register import Register
from auctioneer.rules import limits
from auctioneer.rules.account_facts import AccountFact, DepositNoted, LimitSet
from auctioneer.rules.decisions import Decision, Refused
from auctioneer.rules.engine import Bidder, Engine
from common.errors import RejectCode
from common.messages import Role


def account_again(engine: Engine, register: Register, fact: AccountFact) -> Decision:
    """Repeat the decision that a fact was; the names of the bidders are those that the register has."""
    at_ms, by = fact.at_ms, fact.by
    paddles = (fact.paddle,) if isinstance(fact, LimitSet | DepositNoted) else fact.paddles
    bidders = []
    for paddle in paddles:
        entry = register.by_paddle(paddle)
        if entry is None or entry.role is not Role.BIDDER:
            return Refused(RejectCode.UNKNOWN_BIDDER, f"paddle {paddle}")
        bidders.append(Bidder(paddle, entry.skeletons))
    if isinstance(fact, LimitSet):
        return limits.set_limit(engine, at_ms, by, fact.paddle, fact.limit_minor)
    if isinstance(fact, DepositNoted):
        return limits.note_deposit(engine, at_ms, by, fact.paddle, fact.amount_minor)
    return limits.link(engine, at_ms, by, tuple(bidders), fact.seller, fact.seller_skeletons, linked=fact.linked)
