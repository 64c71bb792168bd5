"""Checks a recorded history against every promise of the service; `check` returns the faults.

The kinds of fault:

- `record`: a fact of the journal breaks the rules, or positions are missing. Prices, leaders, ends, winners, hammer
  prices, lateness, outages: every decision of the house is made again (`tests.checking.record`).
- `acknowledged`: an accepted bid is missing from the journal, is in it twice or changed, or a late bid is not recorded.
- `verdict`: a verdict contradicts the record, or one request has two verdicts, or two contents.
- `order`: an acknowledgement came before another request was made, but does not have the smaller number.
- `justified`: no state of the lot within the request's interval explains a rejection.
- `invented`: the record has a bid that nobody made, or a bid whose client was told that it can't count.
- `early`: the house told something before it was durable.
- `told`: a broadcast or an answer differs from the record, or is missing.
- `news`: a word to one bidder differs from the record, went to somebody else, or skipped an earlier word.
- `replica`: a client's notices to its application are not a prefix of the record's public events, or not all of them.
- `kept`: a rejection is missing that the journal must still have.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.checking.calls import check_requests
from tests.checking.history import WIRE, History
from tests.checking.record import Record
from tests.checking.telling import check_broadcast, check_heard, check_last_word, check_mine, check_news, check_replica

_AMOUNTS = ("amount_minor", "maximum_minor", "price_minor")


class Fault(NamedTuple):
    """One broken promise: its kind, and a sentence about it."""

    kind: str
    what: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.what}"


def check(history: History) -> list[Fault]:
    """Return every fault; the faults of the record come first."""
    record = Record(history.facts, history.outages_ms)
    return [Fault(kind, what) for kind, what in _faults(history, record)]


def _faults(history: History, record: Record) -> Iterator[tuple[str, str]]:
    yield from (("record", what) for what in record.faults)
    yield from check_requests(history, record)
    yield from check_heard(history.heard, record)
    yield from check_news(history.heard, record)
    yield from check_mine(history.heard, record)
    if any(one.who == WIRE for one in history.heard):
        yield from check_broadcast(history.heard, record)
    for replica in history.replicas:
        yield from check_replica(replica, record)
        yield from check_last_word(replica, record)
    yield from _check_paddles(record)
    if history.offers_for_others is not None:
        yield from _check_made_by_clerks(history.offers_for_others, record)
    if record.is_sound:
        for from_ms, to_ms in history.standstills:
            yield from _check_given_back(record, from_ms, to_ms)
            for fact in history.facts:
                if from_ms < fact.body["at_ms"] < to_ms:
                    yield "record", f"the house stood still from {from_ms} to {to_ms}, and did this: {fact}"


def _check_given_back(record: Record, from_ms: int, to_ms: int) -> Iterator[tuple[str, str]]:
    """Yield lots that were open during a standstill of the house, and did not first get that time back."""
    for name, versions in record.versions.items():
        index = bisect_right(versions, from_ms, key=lambda version: version.fact.body["at_ms"])
        if index in (0, len(versions)):
            continue
        ends_at_ms = versions[index - 1].lot.ends_at_ms
        if ends_at_ms is None or ends_at_ms <= from_ms:
            continue
        if versions[index].fact.body.get("outage_ms", 0) < to_ms - from_ms:
            what = f"fact {versions[index].fact.position} of lot {name} came first: {versions[index].fact.body}"
            yield "record", f"the house stood still from {from_ms} to {to_ms}, and {what}"


def _check_made_by_clerks(commands: list[dict[str, Any]], record: Record) -> Iterator[tuple[str, str]]:
    """Yield offers for bidders that no clerk made."""
    ordered = {
        (one.get("id", 1), one["lot"], one["paddle"], one["source"], one.get("amount_minor")) for one in commands
    }
    for fact in record.made_by_clerks:
        body, request = fact.body, fact.body["request"]
        if body["fact"] == "bid_left" and request.get("amount_minor") is None:
            continue  # whoever is turned out takes all back
        amounts = [request[field] for field in _AMOUNTS if request.get(field) is not None] or [None]
        made = {(request["id"], body["lot"], body["paddle"], body["source"], amount) for amount in amounts}
        if not made & ordered:
            yield "invented", f"no clerk ordered fact {fact.position}: {body}"


def _check_paddles(record: Record) -> Iterator[tuple[str, str]]:
    for what in ("key", "name"):
        counts = Counter(getattr(bidder, what) for bidder in record.bidders.values())
        yield from (("record", f"{many} paddles have the {what} {one}") for one, many in counts.items() if many > 1)
