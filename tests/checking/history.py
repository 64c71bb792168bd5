"""What a checker needs to have seen of a sale: who asked what and when, what was answered, told and recorded.

Moments (`invoked`, `returned`, `durable`, `at`) are ticks of one clock that only rises, the same for all of a history:
a counter in a simulation, `time.monotonic_ns()` where real processes run on one machine. A moment that nobody knows
is None, and the checks that need it are left out; all others are made.

Facts are the journal's events as plain data, as `docs/journal.md` describes them, so that nothing of the house has to
be right for the checker to read them.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from bidder.core.notices import Notice
from common.formats import AnyOffer
from common.lot import LotView, SaleView
from common.messages import Accepted, AnyAnswer, AnyBroadcast, AnyRequest, Rejected

STANDSTILL_MS = 3000
WIRE = ""
"""The `who` of what the house sent to all, seen where it left the house."""


@dataclass(slots=True)
class Call:
    """One time that a bidder asked for something, up to the answer; a repeat is a call of its own.

    `outcome` is None where no verdict came. `cannot_count` is what a client says then: nothing was ever sent.
    """

    key: str
    request: AnyOffer
    invoked: int
    returned: int | None = None
    outcome: Accepted | Rejected | None = None
    cannot_count: bool = False


@dataclass(slots=True)
class Fact:
    """One event of the journal, and when it was durable."""

    position: int
    body: dict[str, Any]
    durable: int | None = None


@dataclass(slots=True)
class Heard:
    """A message of the house: as it left (`who` is WIRE, or the key that it went to), or as somebody got it.

    `asked` is the request that it answers, where that was kept.
    """

    at: int
    who: str
    message: AnyBroadcast | AnyAnswer
    asked: AnyRequest | None = None


@dataclass(slots=True)
class Replica:
    """A client's copy of the sale: what it told its application, in order, and what it had in the end.

    `is_current` says that the client had every chance to be up to date, so that its copy must be the house's.
    """

    who: str
    told: list[Notice] = field(default_factory=list)
    sale: SaleView | None = None
    lots: dict[str, LotView] = field(default_factory=dict)
    is_current: bool = False
    last_word: int | None = None
    """The number of the last word to this bidder alone that it had heard in the end; None where nobody looked."""


@dataclass(slots=True)
class History:
    """All that was seen of one sale."""

    calls: list[Call] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    rejections: list[dict[str, Any]] | None = None
    """The refused bids that the journal keeps, as plain data; None where nobody looked."""
    heard: list[Heard] = field(default_factory=list)
    replicas: list[Replica] = field(default_factory=list)
    standstills: list[tuple[int, int]] = field(default_factory=list)
    """When the house stood still for more than `STANDSTILL_MS` without ending: from and to, by its own clock."""
    outages_ms: list[tuple[int, int]] | None = None
    """For how long nobody held the sale before each `house_started`: at the least and at the most."""


def plain(fact: object) -> dict[str, Any]:
    """Return a fact or a rejection of the journal, or a request, as plain data with names, the request whole."""
    data: Any = msgspec.to_builtins(fact)
    if isinstance(data, list):
        kind, *values = data
        assert isinstance(fact, msgspec.Struct)
        data = {"fact": kind, **dict(zip(fact.__struct_fields__, values, strict=True))}
        if hasattr(fact, "request"):
            data["request"] = msgspec.to_builtins(fact.request)
    assert isinstance(data, dict)
    return data


def facts_of(record: Iterable[tuple[int, object]]) -> list[Fact]:
    """Return the facts of a journal, as its `read` yields them."""
    return [Fact(position, plain(fact)) for position, fact in record]
