"""Requests compared with the record: each has one verdict, the record has all accepted ones, rejections have a reason.

All calls with the same key, id and content are one request. It was decided after the first of these calls was made and
before the first verdict came. All checks of time follow from that interval.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from common.confirming import ConfirmRequest
from common.errors import RejectCode
from common.formats import AnyOffer
from common.limits import REMEMBERED_REQUESTS_MAX
from common.messages import Accepted, Rejected
from common.retraction import RetractRequest
from tests.checking.heard import board_of
from tests.checking.history import Call, Fact, History, plain
from tests.checking.record import Record, Version

Found = Iterator[tuple[str, str]]

VERDICTS = frozenset(
    {
        RejectCode.UNKNOWN_LOT,
        RejectCode.LOT_NOT_OPEN,
        RejectCode.LOT_PAUSED,
        RejectCode.ALREADY_OPEN,
        RejectCode.LOT_CLOSED,
        RejectCode.LOT_WITHDRAWN,
        RejectCode.BELOW_MINIMUM,
        RejectCode.INVALID_AMOUNT,
        RejectCode.OVER_LIMIT,
        RejectCode.OVER_SPENDING_LIMIT,
        RejectCode.ALREADY_LEADING,
        RejectCode.MAXIMUM_NOT_RAISED,
        RejectCode.NO_BUY_NOW,
        RejectCode.NO_OFFER,
        RejectCode.NO_RETRACTION,
        RejectCode.NOT_ASKED,
        RejectCode.STATE_CHANGED,
        RejectCode.OTHER_FORMAT,
        RejectCode.OWN_LOT,
        RejectCode.LINKED_BIDDER,
    }
)
"""The rejections that are verdicts, by docs/protocol.md: they are final. All other rejections decide nothing."""

_VERDICTS_IF_READ = frozenset({RejectCode.INVALID_AMOUNT, RejectCode.OVER_LIMIT})
_NEVER = 1 << 62


@dataclass(slots=True)
class Request:
    """All calls of one request, and their outcomes."""

    key: str
    request: AnyOffer
    calls: list[Call] = field(default_factory=list)

    @property
    def name(self) -> str:
        return f"request {self.request.id} of {self.key[:8]} on lot {self.request.lot}"

    @property
    def invoked(self) -> int:
        return min(call.invoked for call in self.calls)

    @property
    def verdicts(self) -> list[Accepted | Rejected]:
        return [call.outcome for call in self.calls if call.outcome is not None and is_verdict(call.outcome)]

    @property
    def returned(self) -> int | None:
        ends = [call.returned for call in self.calls if call.outcome is not None and is_verdict(call.outcome)]
        return min((end for end in ends if end is not None), default=None)


def is_verdict(outcome: Accepted | Rejected) -> bool:
    """Return whether an answer to a bid or purchase decided it."""
    if isinstance(outcome, Accepted) or outcome.code not in _VERDICTS_IF_READ:
        return isinstance(outcome, Accepted) or outcome.code in VERDICTS
    return bool(outcome.lot)  # otherwise the field can't be an amount, and the house could not read the request


def requests_of(history: History) -> dict[tuple[str, int], list[Request]]:
    """Return the requests by key and id; two requests under one id are a conflict that a client made."""
    found: dict[tuple[str, int], list[Request]] = {}
    for call in history.calls:
        same_id = found.setdefault((call.key, call.request.id), [])
        known = next((one for one in same_id if one.request == call.request), None)
        if known is None:
            known = Request(call.key, call.request)
            same_id.append(known)
        known.calls.append(call)
    return found


def check_requests(history: History, record: Record) -> Found:
    """Yield the faults of the verdicts."""
    requests = requests_of(history)
    yield from _check_invented(requests, record)
    for (key, request_id), same_id in requests.items():
        facts = record.decided.get((key, request_id), [])
        yield from _check_once(same_id, facts)
        for one in same_id:
            yield from _check_undecided(one, same_id, requests)
            for verdict in one.verdicts[:1]:
                yield from _check_verdict(one, verdict, facts, record)
    yield from _check_order([one for same_id in requests.values() for one in same_id], record)
    yield from _check_kept(requests, history, record)


def _check_invented(requests: dict[tuple[str, int], list[Request]], record: Record) -> Found:
    for (key, request_id), facts in record.decided.items():
        made = requests.get((key, request_id), [])
        for fact in facts:
            ours = [one for one in made if plain(one.request) == fact.body["request"]]
            if not ours:
                yield "invented", f"nobody asked for fact {fact.position}: {fact.body}"
            elif not any(_may_have_caused(call, fact) for one in ours for call in one.calls):
                yield "invented", f"{ours[0].name} was told that it can't count, and is fact {fact.position}"
            elif fact.durable is not None and fact.durable < ours[0].invoked:
                yield "invented", f"fact {fact.position} is older than {ours[0].name}"


def _may_have_caused(call: Call, fact: Fact) -> bool:
    return not call.cannot_count and (fact.durable is None or call.invoked <= fact.durable)


def _check_once(same_id: list[Request], facts: list[Fact]) -> Found:
    name = same_id[0].name
    if len(facts) > 1:
        yield "acknowledged", f"{name} is in the record {len(facts)} times, at {[fact.position for fact in facts]}"
    decided = [one for one in same_id if one.verdicts]
    if len(decided) > 1:
        yield "verdict", f"{name} was decided with {len(decided)} different contents"
    for one in decided:
        others = [verdict for verdict in one.verdicts if verdict != one.verdicts[0]]
        if others:
            yield "verdict", f"{name} has two verdicts: {one.verdicts[0]} and {others[0]}"


def _check_undecided(one: Request, same_id: list[Request], requests: dict[tuple[str, int], list[Request]]) -> Found:
    """Yield conflicts without a second content, and stale ids without 32 higher ones."""
    for call in one.calls:
        if not isinstance(call.outcome, Rejected):
            continue
        if call.outcome.code is RejectCode.ID_CONFLICT:
            others = [other for other in same_id if other is not one and other.invoked <= (call.returned or _NEVER)]
            if not others:
                yield "justified", f"{one.name} was refused as a conflict, and no other has its id"
        if call.outcome.code is RejectCode.ID_STALE:
            higher = sum(key == one.key and other > one.request.id for key, other in requests)
            if higher < REMEMBERED_REQUESTS_MAX:
                yield "justified", f"{one.name} was refused as stale, and only {higher} ids are higher"


def _check_verdict(one: Request, verdict: Accepted | Rejected, facts: list[Fact], record: Record) -> Found:
    is_late = _is_late(one, verdict)
    mine = [fact for fact in facts if plain(one.request) == fact.body["request"]]
    if isinstance(verdict, Accepted) or is_late:
        if not mine:
            yield "acknowledged", f"{one.name} has the verdict {verdict} and is not in the record"
            return
        told, recorded = plain(verdict), verdict_of(mine[0].body)
        if told != recorded:
            yield "verdict", f"{one.name} was told {told}, and the record says {recorded}"
        if one.returned is not None and (mine[0].durable or 0) > one.returned:
            yield "early", f"{one.name} had its verdict before fact {mine[0].position} was durable"
        return
    if mine:
        yield "verdict", f"{one.name} was refused with {verdict.code.value}, and is fact {mine[0].position}"
    elif record.is_sound:
        yield from _check_rejection(one, verdict, record)


def _is_late(one: Request, verdict: Accepted | Rejected) -> bool:
    """Return whether an offer came too late, which the record tells; of others it tells only that they counted."""
    is_offer = not isinstance(one.request, RetractRequest | ConfirmRequest)
    return is_offer and isinstance(verdict, Rejected) and verdict.code is RejectCode.LOT_CLOSED


def verdict_of(body: dict[str, Any]) -> dict[str, Any]:
    """Return the verdict that belongs to a fact, as plain data."""
    common = {"id": body["request"]["id"], "lot": body["lot"], "seq": body.get("seq", 0)}
    if body["fact"] not in ("correction_made", "bid_confirmed"):
        common |= {"board": board_of(body)}
    match body["fact"]:
        case "bid_taken":
            leads = body["leader"] == body["paddle"]
            own = {"format": "english", "maximum_minor": body["leader_maximum_minor"]} if leads else None
            told = {"at_ms": body["at_ms"], "ends_at_ms": body["ends_at_ms"], "own": own, "results": ()}
            return {"type": "accepted"} | common | told
        case "bid_left":
            return {
                "type": "accepted",
                "at_ms": body["at_ms"],
                "ends_at_ms": None,
                "own": body["own"],
                "results": (),
            } | (common)
        case "correction_made" | "bid_confirmed":
            told = {what: body["verdict"].get(what) for what in ("board", "at_ms", "ends_at_ms", "own")}
            return {"type": "accepted"} | common | told | {"results": ()}
        case "offer_taken":
            told = {what: body[what] for what in ("at_ms", "ends_at_ms", "own", "results")}
            return {"type": "accepted"} | common | told
        case _:
            told = {what: body[what] for what in ("own", "late_ms")}
            return {"type": "rejected", "code": "lot_closed", "retry_ms": None, "detail": ""} | common | told


# --- rejections -----------------------------------------------------------------------------------------------------


def _check_rejection(one: Request, verdict: Rejected, record: Record) -> Found:
    paddle = record.paddles.get(one.key)
    if paddle is None:
        yield "justified", f"{one.name} has a verdict, and nobody enrolled with that key"
        return
    if verdict.code is RejectCode.UNKNOWN_LOT:
        versions = record.versions.get(one.request.lot, [])
        if versions and (versions[0].fact.durable or _NEVER) < one.invoked:
            yield "justified", f"{one.name} was refused as unknown, and it was listed before"
        return
    name, request, refused = record.bidders[paddle].name, plain(one.request), plain(verdict)
    for version, until_ms in _versions_within(one, record):
        lot = version.lot
        told = (refused["seq"], refused["board"], refused["own"])
        stood = (lot.seq, version.shown.board, lot.own(paddle))
        codes = {lot.rejection(paddle, name, request, at_ms) for at_ms in (version.fact.body["at_ms"], until_ms)}
        is_barred = None in codes and verdict.code.value in _barred(version, paddle, request, record)
        if told == stood and (is_barred or verdict.code.value in codes):
            return
    yield "justified", f"no state of the lot while {one.name} ({request}) was on its way explains {refused}"


def _barred(version: Version, paddle: int, request: dict[str, Any], record: Record) -> Iterator[str]:
    """Yield the codes by which an offer was refused for an account while a version of its lot stood."""
    versions, moments = record.versions[version.lot.terms["lot"]], record.moments
    begins = version.fact.position
    ends = next((other.fact.position for other in versions if other.fact.position > begins), _NEVER)
    for index, moment in enumerate(moments):
        until = moments[index + 1].position if index + 1 < len(moments) else _NEVER
        if moment.position < ends and until > begins:
            code = moment.accounts.bars(version.lot, paddle, request)
            if code is not None:
                yield code


def _versions_within(one: Request, record: Record) -> Iterator[tuple[Version, int]]:
    """Yield the states of the lot in which the request may have been decided, each with the time of its end."""
    versions = record.versions.get(one.request.lot, [])
    for index, version in enumerate(versions):
        begins = version.fact.durable
        following = versions[index + 1].fact if index + 1 < len(versions) else None
        ends = None if following is None else following.durable
        if begins is not None and one.returned is not None and begins > one.returned:
            return
        if ends is None or ends >= one.invoked:
            yield version, _NEVER if following is None else following.body["at_ms"]


# --- order ------------------------------------------------------------------------------------------------------------


def _check_order(requests: list[Request], record: Record) -> Found:
    """Yield requests made after another was acknowledged, but decided before it."""
    moments: list[tuple[int, int, int, Request]] = []
    for index, one in enumerate(requests):
        if one.verdicts and one.returned is not None:
            moments.append((one.invoked, 0, index, one))
            moments.append((one.returned, 1, index, one))
    last_seqs: dict[str, tuple[int, Request]] = {}
    last: tuple[int, Request] | None = None
    before: dict[int, tuple[tuple[int, Request] | None, tuple[int, Request] | None]] = {}
    for _, has_returned, index, one in sorted(moments, key=lambda moment: moment[:3]):
        lot, verdict = one.request.lot, one.verdicts[0]
        if not has_returned:
            before[index] = (last_seqs.get(lot), last)
            continue
        seq, position = verdict.seq or 0, _position(one, record)
        if lot not in last_seqs or seq > last_seqs[lot][0]:
            last_seqs[lot] = (seq, one)
        if position is not None and (last is None or position > last[0]):
            last = (position, one)
        yield from _compare(one, *before[index], record)


def _compare(
    one: Request, earlier_seq: tuple[int, Request] | None, earlier: tuple[int, Request] | None, record: Record
) -> Found:
    verdict, position = one.verdicts[0], _position(one, record)
    if earlier_seq is not None and verdict.seq is not None:
        least = earlier_seq[0] + (isinstance(verdict, Accepted) and _is_public(one, record))
        if verdict.seq < least:
            yield "order", f"{one.name} has seq {verdict.seq}, and {earlier_seq[1].name} had {earlier_seq[0]} before it"
    if earlier is not None and position is not None and position < earlier[0]:
        yield "order", f"{one.name} is fact {position}, and {earlier[1].name} was fact {earlier[0]} before it was made"


def _fact(one: Request, record: Record) -> Fact | None:
    return next(iter(record.decided.get((one.key, one.request.id), [])), None)


def _position(one: Request, record: Record) -> int | None:
    fact = _fact(one, record)
    return None if fact is None else fact.position


def _is_public(one: Request, record: Record) -> bool:
    fact = _fact(one, record)
    if fact is None or fact.body["fact"] == "bid_left":
        return False
    return bool(fact.body.get("public", fact.body.get("event", True)))


# --- what must be kept ------------------------------------------------------------------------------------------------


def _check_kept(requests: dict[tuple[str, int], list[Request]], history: History, record: Record) -> Found:
    """Yield rejections that the journal lacks, though that bidder never got more than 32."""
    if history.rejections is None:
        return
    kept = {(rejection["paddle"], rejection["request"]["id"]): rejection["verdict"] for rejection in history.rejections}
    ids: dict[str, int] = {}
    for key, _ in requests:
        ids[key] = ids.get(key, 0) + 1
    for (key, request_id), same_id in requests.items():
        for one in same_id:
            verdict = next(iter(one.verdicts), None)
            if not isinstance(verdict, Rejected) or _is_late(one, verdict):
                continue
            stored = kept.get((record.paddles.get(key, 0), request_id))
            if stored is None and ids[key] <= REMEMBERED_REQUESTS_MAX:
                yield "kept", f"{one.name} was refused, and the journal does not have it"
            elif stored is not None and stored != msgspec.to_builtins(verdict):
                yield "kept", f"{one.name} was told {verdict}, and the journal has {stored}"
