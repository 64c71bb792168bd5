"""Each fault that a house could make with an account is found in the histories of simulated sales."""

from collections.abc import Callable
from random import Random

import pytest
from msgspec.structs import replace

from common.errors import RejectCode
from common.messages import Mine, Rejected
from tests.checking.checker import check
from tests.checking.history import Fact, History
from tests.checking.test_checker import copied, good, pick, renumber
from tests.simulation.plan import plan_of

SEEDS = [seed for seed in range(120) if "accounts" in plan_of(seed).faults]
HISTORIES_SPOILT = 2
Spoil = Callable[[History, Random], str]
"""Puts a fault into a history. Returns the kind of fault that is to be found; empty if there is no place for one."""


def _first_offers(history: History) -> list[Fact]:
    """Return the offers of each bidder that took the lead or made it pay, the first of each bidder."""
    first: dict[int, Fact] = {}
    for fact in history.facts:
        body = fact.body
        leads = body["fact"] == "bid_taken" and body["leader"] == body["paddle"]
        if leads or (body["fact"] == "offer_taken" and body["request"]["type"] in ("seal", "stop", "buy")):
            first.setdefault(body["paddle"], fact)
    return list(first.values())


def _insert_before(history: History, fact: Fact, body: dict[str, object]) -> None:
    before = {"fact": body.pop("fact"), "at_ms": fact.body["at_ms"], "lot": "", "seq": 0, "by": "auctioneer", **body}
    history.facts.insert(fact.position - 1, Fact(0, before, fact.durable))
    renumber(history)


def an_offer_over_the_limit(history: History, chance: Random) -> str:
    offer = pick(chance, iter(_first_offers(history)))
    if offer is None or any(fact.body["fact"] == "limit_set" for fact in history.facts):
        return ""
    _insert_before(history, offer, {"fact": "limit_set", "paddle": offer.body["paddle"], "limit_minor": 1})
    return "record"


def a_limit_that_was_set_already(history: History, chance: Random) -> str:
    fact = pick(chance, (one for one in history.facts if one.body["fact"] == "limit_set"))
    if fact is None:
        return ""
    _insert_before(history, fact, {name: fact.body[name] for name in ("fact", "paddle", "limit_minor")})
    return "record"


def a_limit_of_nobody(history: History, chance: Random) -> str:
    fact = pick(chance, (one for one in history.facts if one.body["fact"] == "limit_set"))
    if fact is not None:
        fact.body["paddle"] = 77
    return "" if fact is None else "record"


def a_link_with_another_name(history: History, chance: Random) -> str:
    fact = pick(chance, (one for one in history.facts if one.body["fact"] == "paddles_linked"))
    if fact is not None:
        fact.body["skeletons"] = [["somebody"] for _ in fact.body["paddles"]]
    return "" if fact is None else "record"


def a_refusal_for_a_limit_that_nobody_has(history: History, chance: Random) -> str:
    refused = [(call, call.outcome) for call in history.calls if isinstance(call.outcome, Rejected)]
    call = pick(chance, (call for call, verdict in refused if verdict.code is RejectCode.OVER_SPENDING_LIMIT))
    if call is None:
        return ""
    history.facts = [fact for fact in history.facts if fact.body["fact"] != "limit_set"]
    renumber(history)
    return "justified"


def a_bidder_is_told_of_more_than_it_spent(history: History, chance: Random) -> str:
    said = [one for one in history.heard if isinstance(one.message, Mine) and one.message.spending is not None]
    one = pick(chance, iter(said))
    if one is None or not isinstance(one.message, Mine) or one.message.spending is None:
        return ""
    spending = replace(one.message.spending, exposed_minor=one.message.spending.exposed_minor + 1)
    history.heard[history.heard.index(one)] = type(one)(one.at, one.who, replace(one.message, spending=spending))
    return "told"


@pytest.mark.parametrize(
    "spoil",
    [
        an_offer_over_the_limit,
        a_limit_that_was_set_already,
        a_limit_of_nobody,
        a_link_with_another_name,
        a_refusal_for_a_limit_that_nobody_has,
        a_bidder_is_told_of_more_than_it_spent,
    ],
    ids=lambda spoil: spoil.__name__,
)
def test_a_fault_of_an_account_is_found(spoil: Spoil) -> None:
    spoilt = 0
    for seed in SEEDS:
        history = copied(good(seed))
        kind = spoil(history, Random(seed))
        if not kind:
            continue
        assert kind in {fault.kind for fault in check(history)}, f"seed {seed}"
        spoilt += 1
        if spoilt == HISTORIES_SPOILT:
            return
    assert spoilt, "no history had what this needs"
