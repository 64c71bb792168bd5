"""The engine rebuilt from a record by `apply` alone, fact by fact: all faster ways of reading must give the same."""

from collections.abc import Iterable

from auctioneer.audit.invariants import InvariantError, check_same_state
from auctioneer.rules.engine import Engine
from auctioneer.rules.facts import AnyFact, DeskFact, SaleCreated


def check_replay(engine: Engine, facts: Iterable[AnyFact]) -> None:
    """Raise InvariantError unless `facts`, from the sale's creation on, give the engine's state."""
    check_same_state(rebuilt(facts).state, engine.state)


def rebuilt(facts: Iterable[AnyFact]) -> Engine:
    """Return the engine rebuilt from a record; enrolments are left out, since the engine does not keep them."""
    following = iter(facts)
    created = next(following, None)
    if not isinstance(created, SaleCreated):
        raise InvariantError("the record does not begin with the creation of a sale")
    engine = Engine.create(created)
    for fact in following:
        if not isinstance(fact, DeskFact):
            engine.apply(fact)
    return engine
