"""The history of a sale that a checker needs: all requests, answers, broadcasts and recorded facts, with their times.

Moments (`invoked`, `returned`, `durable`, `at`) are ticks of one monotonic clock for the whole history: a counter in a
simulation, `time.monotonic_ns()` for real processes on one machine. An unknown moment is None. The checks that need it
are skipped; all others are made.

Facts are the journal's events as plain data, as `docs/journal.md` describes them, so the checker can read them even if
the house's code is wrong.
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
"""The `who` of a message to everybody, seen as it left the house."""


@dataclass(slots=True)
class Call:
    """One request of a bidder, up to its answer; a repeat is a separate call.

    `outcome` is None if no verdict came. In that case `cannot_count` tells that the client never sent anything.
    """

    key: str
    request: AnyOffer
    invoked: int
    returned: int | None = None
    outcome: Accepted | Rejected | None = None
    cannot_count: bool = False


@dataclass(slots=True)
class Fact:
    """One event of the journal, and the moment at which it was durable."""

    position: int
    body: dict[str, Any]
    durable: int | None = None


@dataclass(slots=True)
class Heard:
    """A message of the house: as it left (`who` is WIRE, or the receiver's key), or as somebody received it.

    `asked` is the request that it answers, if that was kept.
    """

    at: int
    who: str
    message: AnyBroadcast | AnyAnswer
    asked: AnyRequest | None = None


@dataclass(slots=True)
class Replica:
    """A client's copy of the sale: its notices to the application, in order, and its last state.

    `is_current` tells that the client had every chance to be up to date, so its copy must equal the house's.
    """

    who: str
    told: list[Notice] = field(default_factory=list)
    sale: SaleView | None = None
    lots: dict[str, LotView] = field(default_factory=dict)
    is_current: bool = False
    last_word: int | None = None
    """The number of the last word to this bidder alone that it received; None if nobody looked."""


@dataclass(slots=True)
class History:
    """Everything observed of one sale."""

    calls: list[Call] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    rejections: list[dict[str, Any]] | None = None
    """The refused bids that the journal keeps, as plain data; None if nobody looked."""
    heard: list[Heard] = field(default_factory=list)
    replicas: list[Replica] = field(default_factory=list)
    standstills: list[tuple[int, int]] = field(default_factory=list)
    """The standstills of the house longer than `STANDSTILL_MS`, without an end: from and to, by its own clock."""
    offers_for_others: list[dict[str, Any]] | None = None
    """The commands of clerks to bid for somebody, as plain data; None if nobody looked."""
    outages_ms: list[tuple[int, int]] | None = None
    """The least and the most time without a running house before each `house_started`."""


def plain(fact: object) -> dict[str, Any]:
    """Return a fact or a rejection of the journal, or a request, as plain data with names; the request is complete."""
    data: Any = msgspec.to_builtins(fact)
    if isinstance(data, list):
        kind, *values = data
        assert isinstance(fact, msgspec.Struct)
        data = {"fact": kind, **dict(zip(fact.__struct_fields__, values, strict=True))}
        request = getattr(fact, "request", None)
        if request is not None:
            data["request"] = msgspec.to_builtins(request)
        else:
            data.pop("request", None)  # a correction that no bidder asked for
    assert isinstance(data, dict)
    return data


def facts_of(record: Iterable[tuple[int, object]]) -> list[Fact]:
    """Return the facts of a journal, as its `read` yields them."""
    return [Fact(position, plain(fact)) for position, fact in record]
