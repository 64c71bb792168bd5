"""Every check can fail: good histories of simulated sales pass, and the checker names each fault put into them."""

import copy
from collections.abc import Callable, Iterator
from functools import cache
from random import Random
from typing import Any, TypeVar

import pytest
from msgspec.structs import replace

from auctioneer.rules.facts import AnyFact
from bidder.core.notices import LotCaughtUp, LotChanged
from common.errors import RejectCode
from common.formats import AnyBoard
from common.formats.dutch import DutchBoard
from common.formats.sealed import SealedBoard, SealedOwn, SealRequest
from common.lot import ExtendCause
from common.lot_events import AnyLotEvent, LotExtended
from common.messages import Accepted, AnyAnswer, AnyBroadcast, Heartbeat, LotEvents, Mine, News, Rejected, Snapshot
from tests.auctioneer.house.house_examples import START_MS, sale_created
from tests.auctioneer.rules.random_sales import (
    code_issued,
    conditions_accepted,
    conditions_set,
    contact_erased,
    given,
    key_bound,
)
from tests.checking.checker import check
from tests.checking.heard import Body
from tests.checking.history import Call, Fact, Heard, History, facts_of
from tests.checking.record import Record
from tests.must_be import must_be
from tests.simulation.plan import plan_of
from tests.simulation.run import simulate

COMMON_SEEDS = 90
RARE_SEEDS = (167, 200, 286)
"""In these sales a maximum falls, as it does in one of a hundred. If that changes, the search goes on, only longer."""
SEEDS = tuple(dict.fromkeys((*range(COMMON_SEEDS), *RARE_SEEDS, *range(300))))
HISTORIES_SPOILT = 3

T = TypeVar("T")
M = TypeVar("M", bound=AnyBroadcast | AnyAnswer)

Spoil = Callable[[History, Random], bool]
"""Puts a fault into a history; returns whether the history had a place for it."""

spoils: list[tuple[str, Spoil]] = []


def expect(kind: str) -> Callable[[Spoil], Spoil]:
    def note(spoil: Spoil) -> Spoil:
        spoils.append((kind, spoil))
        return spoil

    return note


@cache
def good(seed: int) -> History:
    result = simulate(plan_of(seed))
    assert not result.faults, result.faults
    return result.history


def copied(history: History) -> History:
    """Return a copy whose facts, calls and lists can be changed; messages and views never change."""
    return History(
        calls=[copy.copy(call) for call in history.calls],
        facts=[Fact(fact.position, copy.deepcopy(fact.body), fact.durable) for fact in history.facts],
        rejections=copy.deepcopy(history.rejections),
        heard=list(history.heard),
        replicas=[copy.copy(replica) for replica in history.replicas],
        standstills=list(history.standstills),
        outages_ms=list(history.outages_ms or ()),
    )


# --- helpers ----------------------------------------------------------------------------------------------------------


def pick(chance: Random, those: Iterator[T]) -> T | None:
    """Return a random one of them, or None if there are none."""
    found = list(those)
    return chance.choice(found) if found else None


def facts(history: History, event: str) -> Iterator[Fact]:
    for fact in history.facts:
        if event in (fact.body["fact"], (fact.body.get("event") or {}).get("event")):
            yield fact


def accepted(history: History) -> Iterator[Call]:
    return (call for call in history.calls if isinstance(call.outcome, Accepted))


def accepted_as(call: Call) -> Accepted:
    return must_be(Accepted, call.outcome)


def refused(history: History, *codes: RejectCode) -> Iterator[Call]:
    for call in history.calls:
        if isinstance(call.outcome, Rejected) and call.outcome.code in codes:
            yield call


def tell_instead(history: History, call: Call, verdict: Rejected) -> None:
    """Answer a request with another verdict, in each of its calls."""
    was = call.outcome
    for one in history.calls:
        if (one.key, one.request, one.outcome) == (call.key, call.request, was):
            one.outcome = verdict


def dearer(board: AnyBoard | None) -> AnyBoard:
    """Return a board on which the next offer must be higher."""
    assert board is not None
    if isinstance(board, DutchBoard):
        return replace(board, price_minor=board.price_minor + 1)
    return replace(board, minimum_minor=board.minimum_minor + 1)


def fact_of(history: History, call: Call) -> Fact:
    return next(
        fact
        for fact in history.facts
        if "request" in fact.body and not fact.body.get("by") and fact.body["request"]["id"] == call.request.id
    )


def renumber(history: History) -> None:
    for position, fact in enumerate(history.facts, start=1):
        fact.position = position


# --- the journal ------------------------------------------------------------------------------------------------------


@expect("acknowledged")
def an_accepted_bid_is_not_in_the_journal(history: History, chance: Random) -> bool:
    call = pick(chance, accepted(history))
    if call is not None:
        history.facts.remove(fact_of(history, call))
        renumber(history)
    return call is not None


@expect("acknowledged")
def a_bid_is_in_the_journal_twice(history: History, chance: Random) -> bool:
    fact = pick(chance, facts(history, "bid_taken"))
    if fact is not None:
        history.facts.append(Fact(0, fact.body, fact.durable))
        renumber(history)
    return fact is not None


@expect("acknowledged")
def a_late_bid_is_not_recorded(history: History, chance: Random) -> bool:
    call = pick(chance, refused(history, RejectCode.LOT_CLOSED))
    if call is not None:
        history.facts.remove(fact_of(history, call))
        renumber(history)
    return call is not None


@expect("record")
def two_bids_have_changed_places(history: History, chance: Random) -> bool:
    places = [
        index
        for index, (one, other) in enumerate(zip(history.facts, history.facts[1:], strict=False))
        if one.body["fact"] == other.body["fact"] == "bid_taken" and one.body["lot"] == other.body["lot"]
        if one.body["public"]
    ]
    index = pick(chance, iter(places))
    if index is not None:
        history.facts[index : index + 2] = reversed(history.facts[index : index + 2])
        renumber(history)
    return index is not None


@expect("record")
def a_position_is_missing(history: History, chance: Random) -> bool:
    history.facts[-1].position += 1
    return True


def outages_that_show(history: History) -> Iterator[Fact]:
    """Yield the outages after which a lot that got the time back changed; others can't be seen to be wrong."""
    public = Record(history.facts).public
    for (lot, seq), one in public.items():
        if "outage_ms" in one.fact.body and (lot, seq + 1) in public:
            yield one.fact


def change_of(event: str, field: str, difference: int) -> Spoil:
    """Return a function that changes a number in a fact, or in its decision."""
    *path, last = field.split(".")

    def within(fact: Fact) -> Body | None:
        part: Any = fact.body.get("event", fact.body)
        for name in path:
            part = dict(enumerate(part)).get(int(name)) if name.isdecimal() else (part or {}).get(name, ())
        return part if part and part.get(last) is not None else None

    def spoil(history: History, chance: Random) -> bool:
        found = pick(chance, (part for part in map(within, facts(history, event)) if part is not None))
        if found is not None:
            found[last] += difference
        return found is not None

    spoil.__name__ = f"{field}_of_{event}_is_changed"
    return spoil


for _event, _field, _difference in (
    ("bid_taken", "price_minor", 1),
    ("bid_taken", "price_minor", -1),
    ("bid_taken", "minimum_minor", -1),
    ("bid_taken", "leader", 1),
    ("bid_taken", "ends_at_ms", 1),
    ("bid_taken", "extended_ms", 1),
    ("bid_taken", "leader_maximum_minor", 1),
    ("bid_taken", "seq", 1),
    ("bid_taken", "bids", 1),
    ("offer_late", "late_ms", 1),
    ("offer_late", "board.price_minor", 1),
    ("offer_late", "own.maximum_minor", 1),
    ("lot_listed", "board.minimum_minor", 1),
    ("lot_opened", "ends_at_ms", 1),
    ("lot_closed", "results.0.amount_minor", 1),
    ("lot_closed", "results.0.paddle", 1),
    ("lot_closed", "board.bids", 1),
    ("lot_withdrawn", "board.minimum_minor", 1),
    ("lot_extended", "ends_at_ms", -1_000_000),
    ("lot_paused", "remaining_ms", 1),
    ("lot_resumed", "ends_at_ms", -1),
    ("position_released", "entry.leader_maximum_minor", 1),
    ("offer_taken", "results.0.amount_minor", 1),
    ("offer_taken", "results.0.paddle", 1),
    ("offer_taken", "board.minimum_minor", 1),
    ("offer_taken", "seq", 1),
    ("offer_taken", "own.amount_minor", 1),
    ("offer_taken", "own.units", -1),
    ("offer_taken", "entry.amount_minor", 1),
    ("offer_taken", "entry.units", 1),
    ("offer_taken", "entry.paddle", 1),
    ("offer_taken", "board.units_left", 1),
    ("offer_taken", "board.price_minor", -1),
    ("offer_taken", "results.0.units", 1),
    ("clock_stepped", "seq", 1),
    ("clock_stepped", "at_ms", 1),
    ("clock_stepped", "at_ms", -1),
    ("clock_stepped", "ends_at_ms", 1),
    ("clock_stepped", "entry.units", 1),
    ("clock_stepped", "board.price_minor", 1),
    ("clock_stepped", "board.units_left", 1),
    ("lot_closed", "board.offers", 1),
    ("lot_closed", "board.units_left", 1),
    ("lot_closed", "results.0.units", 1),
    ("house_started", "outage_ms", -1),
    ("house_started", "outage_ms", 1_000_000),
    ("house_stood_still", "outage_ms", 1_000_000),
    ("sale_paused", "seq", 1),
):
    spoils.append(("record", change_of(_event, _field, _difference)))


@expect("told")
def a_standstill_that_everybody_heard_of_lasted_a_millisecond_less(history: History, chance: Random) -> bool:
    """Spoil a standstill. The record alone shows the fault only if the clock closes a lot afterwards."""
    extended_ms = {
        event.at_ms for _, _, message in heard(history, LotEvents) for event in message.events if is_outage(event)
    }
    standstills = (fact for fact in facts(history, "house_stood_still") if fact.body["at_ms"] in extended_ms)
    fact = pick(chance, standstills)
    if fact is not None:
        fact.body["outage_ms"] -= 1
    return fact is not None


def is_outage(event: AnyLotEvent) -> bool:
    return isinstance(event, LotExtended) and event.cause is ExtendCause.OUTAGE


@expect("record")
def two_things_due_at_once_have_changed_places(history: History, chance: Random) -> bool:
    places = [
        index
        for index, (one, other) in enumerate(zip(history.facts, history.facts[1:], strict=False))
        if one.body.get("by") == other.body.get("by") == "house" and one.body["at_ms"] == other.body["at_ms"]
        if one.body["fact"] == other.body["fact"] == "lot_decided" and one.body["lot"] != other.body["lot"]
    ]
    index = pick(chance, iter(places))
    if index is not None:
        history.facts[index : index + 2] = reversed(history.facts[index : index + 2])
        renumber(history)
    return index is not None


@expect("record")
def the_house_does_what_is_not_due(history: History, chance: Random) -> bool:
    decided = (fact for kind in ("lot_paused", "lot_withdrawn", "lot_closed") for fact in facts(history, kind))
    fact = pick(chance, (fact for fact in decided if fact.body.get("by") != "house"))
    if fact is not None:
        fact.body["by"] = "house"
    return fact is not None


@expect("record")
def the_hammer_falls_for_an_end_that_does_not_follow(history: History, chance: Random) -> bool:
    """With corrections the lots may well be over, and the sale not."""
    has_corrections = history.facts[0].body["corrections"]
    ends = [fact for fact in facts(history, "sale_ended") if history.facts[fact.position - 2].body.get("with_sale")]
    fact = None if has_corrections else pick(chance, iter(ends))
    if fact is not None:
        history.facts.remove(fact)
        renumber(history)
    return fact is not None


@expect("record")
def somebody_is_let_in_or_kept_waiting_against_the_settings(history: History, chance: Random) -> bool:
    fact = pick(chance, facts(history, "bidder_enrolled"))
    if fact is not None:
        fact.body["admitted"] = not fact.body["admitted"]
    return fact is not None


@expect("record")
def an_unsold_lot_has_a_winner(history: History, chance: Random) -> bool:
    unsold = (fact for fact in facts(history, "lot_closed") if not fact.body["event"]["results"])
    fact = pick(chance, unsold)
    if fact is not None:
        fact.body["event"].update(results=({"paddle": 1, "amount_minor": 100, "units": 1},))
    return fact is not None


@expect("record")
def a_lot_closes_before_its_time(history: History, chance: Random) -> bool:
    by_time = (fact for fact in facts(history, "lot_closed") if fact.body["event"]["cause"] == "time")
    fact = pick(chance, by_time)
    if fact is not None:
        fact.body["at_ms"] -= 1
        fact.body["event"]["at_ms"] -= 1
    return fact is not None


@expect("record")
def a_bid_counts_that_came_at_the_very_end(history: History, chance: Random) -> bool:
    fact = pick(chance, (fact for fact in facts(history, "bid_taken") if fact.body["ends_at_ms"] is not None))
    if fact is None:
        return False
    before = history.facts[: fact.position - 1]
    ends = [
        other.body.get("event", other.body).get("ends_at_ms")
        for other in before
        if other.body.get("lot") == fact.body["lot"]
    ]
    fact.body["at_ms"] = [end for end in ends if end is not None][-1]
    return True


@expect("record")
def a_price_does_not_fall(history: History, chance: Random) -> bool:
    steps = (
        fact
        for fact in facts(history, "clock_stepped")
        if any(other.body.get("lot") == fact.body["lot"] for other in history.facts[fact.position :])
    )
    fact = pick(chance, steps)
    if fact is not None:
        history.facts.remove(fact)
        renumber(history)
    return fact is not None


@expect("record")
def everybody_hears_of_a_sealed_offer(history: History, chance: Random) -> bool:
    sealed = (fact for fact in facts(history, "offer_taken") if fact.body["board"]["format"] == "sealed")
    fact = pick(chance, sealed)
    if fact is not None:
        fact.body["public"] = True
    return fact is not None


@expect("record")
def a_board_shows_how_many_sealed_offers_there_are(history: History, chance: Random) -> bool:
    sealed = (fact for fact in facts(history, "offer_taken") if fact.body["board"]["format"] == "sealed")
    fact = pick(chance, sealed)
    if fact is not None:
        fact.body["board"] = fact.body["board"] | {"offers": 1}
    return fact is not None


@expect("record")
def a_lot_is_withdrawn_that_is_bought_in_part(history: History, chance: Random) -> bool:
    stops = (fact for fact in facts(history, "offer_taken") if fact.body["request"]["type"] == "stop")
    fact = pick(chance, (fact for fact in stops if fact.body["cause"] is None))
    if fact is not None:
        lot, at_ms, seq = fact.body["lot"], fact.body["at_ms"], fact.body["seq"] + 1
        change = {"event": "lot_withdrawn", "seq": seq, "at_ms": at_ms, "board": fact.body["board"], "reason": ""}
        body = {"fact": "lot_decided", "at_ms": at_ms, "lot": lot, "seq": seq, "event": change}
        history.facts[fact.position :] = [Fact(0, body | {"by": "chair", "with_sale": False}, fact.durable)]
        renumber(history)
    return fact is not None


@expect("record")
def an_offer_by_other_rules_counts(history: History, chance: Random) -> bool:
    fact = pick(chance, facts(history, "offer_taken"))
    if fact is not None:
        fact.body["request"] |= {"type": "buy" if fact.body["request"]["type"] != "buy" else "seal"}
    return fact is not None


@expect("record")
def lots_are_not_given_an_outage_back(history: History, chance: Random) -> bool:
    fact = pick(chance, outages_that_show(history))
    if fact is not None:
        history.facts.remove(fact)
        renumber(history)
    return fact is not None


@expect("record")
def a_lot_is_not_given_a_standstill_back(history: History, chance: Random) -> bool:
    fact = pick(chance, (fact for fact in facts(history, "bid_taken") if fact.body["ends_at_ms"] is not None))
    later = (
        [other for other in history.facts[fact.position :] if other.body.get("lot") == fact.body["lot"]] if fact else []
    )
    if fact is None or not later:
        return False
    if any("outage_ms" in other.body for other in history.facts[fact.position : later[0].position]):
        return False
    history.standstills.append((fact.body["at_ms"], fact.body["at_ms"] + 4000))
    return True


@expect("record")
def something_happened_while_the_house_stood_still(history: History, chance: Random) -> bool:
    fact = pick(chance, facts(history, "lot_opened"))
    if fact is not None:
        history.standstills.append((fact.body["at_ms"] - 3000, fact.body["at_ms"] + 1000))
    return fact is not None


@expect("record")
def a_close_is_missing(history: History, chance: Random) -> bool:
    closed = [fact for fact in facts(history, "lot_closed") if fact.body["event"]["cause"] == "time"]
    fact = pick(chance, iter(closed))
    if fact is None or not any(other.body["fact"] == "offer_late" for other in history.facts[fact.position :]):
        return False
    history.facts.remove(fact)
    renumber(history)
    return True


# --- verdicts ---------------------------------------------------------------------------------------------------------


@expect("verdict")
def a_repeat_has_another_verdict(history: History, chance: Random) -> bool:
    call = pick(chance, accepted(history))
    if call is not None:
        verdict = accepted_as(call)
        other = replace(verdict, board=dearer(verdict.board))
        history.calls.append(Call(call.key, call.request, 10**9, 10**9 + 1, other))
    return call is not None


@expect("verdict")
def a_repeat_of_a_refused_bid_is_accepted(history: History, chance: Random) -> bool:
    call = pick(chance, refused(history, RejectCode.BELOW_MINIMUM))
    like = next(accepted(history), None)
    if call is None or like is None:
        return False
    history.calls.append(Call(call.key, call.request, 10**9, 10**9 + 1, replace(accepted_as(like), id=call.request.id)))
    return True


@expect("verdict")
def an_accepted_bid_is_told_to_be_refused(history: History, chance: Random) -> bool:
    call = pick(chance, accepted(history))
    if call is not None:
        told = accepted_as(call)
        call.outcome = Rejected(
            id=told.id,
            code=RejectCode.BELOW_MINIMUM,
            lot=told.lot,
            seq=told.seq,
            board=told.board,
        )
    return call is not None


@expect("verdict")
def an_acceptance_names_another_price(history: History, chance: Random) -> bool:
    call = pick(chance, accepted(history))
    if call is not None:
        told = accepted_as(call)
        call.outcome = replace(told, board=dearer(told.board))
    return call is not None


@expect("verdict")
def an_acceptance_tells_of_another_s_offer(history: History, chance: Random) -> bool:
    sealed = (call for call in accepted(history) if isinstance(call.request, SealRequest))
    call = pick(chance, sealed)
    if call is not None:
        call.outcome = replace(accepted_as(call), own=SealedOwn(12_345))
    return call is not None


@expect("verdict")
def two_contents_under_one_id_are_decided(history: History, chance: Random) -> bool:
    call = pick(chance, accepted(history))
    if call is not None:
        other = Call(call.key, replace(call.request, lot="other"), call.invoked, call.returned, call.outcome)
        history.calls.append(other)
    return call is not None


@expect("justified")
def a_rejection_has_no_reason(history: History, chance: Random) -> bool:
    call = pick(chance, refused(history, RejectCode.BELOW_MINIMUM, RejectCode.STATE_CHANGED, RejectCode.OWN_LOT))
    if call is None:
        return False
    verdict = must_be(Rejected, call.outcome)
    tell_instead(history, call, replace(verdict, code=RejectCode.LOT_PAUSED))
    return True


@expect("justified")
def a_rejection_names_another_minimum(history: History, chance: Random) -> bool:
    call = pick(chance, refused(history, RejectCode.BELOW_MINIMUM, RejectCode.ALREADY_LEADING))
    if call is None:
        return False
    verdict = must_be(Rejected, call.outcome)
    tell_instead(history, call, replace(verdict, board=dearer(verdict.board)))
    return True


@expect("justified")
def a_rejection_tells_of_another_s_offer(history: History, chance: Random) -> bool:
    call = pick(chance, (call for call in refused(history, RejectCode.BELOW_MINIMUM, RejectCode.NO_OFFER)))
    if call is None:
        return False
    verdict = must_be(Rejected, call.outcome)
    tell_instead(history, call, replace(verdict, own=SealedOwn(12_345)))
    return True


@expect("justified")
def a_rejection_goes_by_what_was_long_over(history: History, chance: Random) -> bool:
    call = pick(chance, refused(history, RejectCode.LOT_NOT_OPEN))
    if call is None or not any(fact.body["lot"] == call.request.lot for fact in facts(history, "lot_opened")):
        return False
    for one in history.calls:
        if one.request == call.request and one.key == call.key:
            one.invoked, one.returned = 10**9, 10**9 + 1
    return True


@expect("justified")
def a_conflict_has_no_other(history: History, chance: Random) -> bool:
    call = pick(chance, refused(history, RejectCode.ID_CONFLICT))
    if call is not None:
        others = [one for one in history.calls if one.request.id == call.request.id and one.request != call.request]
        for other in others:
            history.calls.remove(other)
    return call is not None


@expect("justified")
def an_id_is_stale_among_few(history: History, chance: Random) -> bool:
    call = pick(chance, refused(history, RejectCode.BELOW_MINIMUM))
    if call is None or sum(one.key == call.key for one in history.calls) > 32:
        return False
    call.outcome = Rejected(id=call.request.id, code=RejectCode.ID_STALE)
    return True


@expect("order")
def an_acknowledgement_comes_out_of_order(history: History, chance: Random) -> bool:
    public = [call for call in accepted(history) if fact_of(history, call).body.get("public", True)]
    pairs = [
        (one, other)
        for one in public
        for other in public
        if one.request.lot == other.request.lot and accepted_as(one).seq < accepted_as(other).seq
        if sum(call.request.id in (one.request.id, other.request.id) for call in history.calls) == 2
    ]
    pair = pick(chance, iter(pairs))
    if pair is not None:
        earlier, later = pair
        returned = must_be(int, later.returned)
        earlier.invoked, earlier.returned = returned + 1, returned + 2
    return pair is not None


@expect("early")
def a_verdict_comes_before_it_is_durable(history: History, chance: Random) -> bool:
    call = pick(chance, accepted(history))
    if call is not None:
        fact_of(history, call).durable = 10**9
    return call is not None


@expect("invented")
def a_bid_is_recorded_that_nobody_made(history: History, chance: Random) -> bool:
    fact = pick(chance, facts(history, "bid_taken"))
    if fact is not None:
        history.calls = [call for call in history.calls if call.request.id != fact.body["request"]["id"]]
    return fact is not None


@expect("invented")
def a_bid_is_recorded_with_another_amount(history: History, chance: Random) -> bool:
    fact = pick(chance, facts(history, "bid_taken"))
    if fact is not None:
        fact.body["request"]["amount_minor"] = 77
    return fact is not None


@expect("invented")
def a_bid_counts_that_was_said_not_to(history: History, chance: Random) -> bool:
    call = pick(chance, accepted(history))
    if call is not None:
        for one in history.calls:
            if one.request.id == call.request.id:
                one.outcome, one.cannot_count = None, True
    return call is not None


@expect("kept")
def a_rejection_is_not_kept(history: History, chance: Random) -> bool:
    call = pick(chance, refused(history, RejectCode.BELOW_MINIMUM))
    assert history.rejections is not None
    if call is None or sum(one.key == call.key for one in history.calls) > 32:
        return False
    history.rejections = [one for one in history.rejections if one["request"]["id"] != call.request.id]
    return True


# --- what was told ----------------------------------------------------------------------------------------------------


def heard(history: History, kind: type[M]) -> Iterator[tuple[int, Heard, M]]:
    """Yield each message of a kind, with its place and its `Heard`."""
    for index, one in enumerate(history.heard):
        if isinstance(one.message, kind):
            yield index, one, one.message


@expect("told")
def a_broadcast_names_another_time(history: History, chance: Random) -> bool:
    found = pick(chance, heard(history, LotEvents))
    if found is not None:
        index, one, message = found
        first, *others = message.events
        events = (replace(first, at_ms=first.at_ms + 1), *others)
        history.heard[index] = Heard(one.at, one.who, replace(message, events=events))
    return found is not None


@expect("early")
def a_broadcast_leaves_before_it_is_durable(history: History, chance: Random) -> bool:
    found = pick(chance, heard(history, LotEvents))
    if found is not None:
        index, one, message = found
        history.heard[index] = Heard(0, one.who, message)
    return found is not None


@expect("told")
def a_fact_is_not_broadcast(history: History, chance: Random) -> bool:
    frames = list(heard(history, LotEvents))
    lots = [message.lot for _, _, message in frames]
    followed = (index for place, (index, _, _) in enumerate(frames) if lots[place] in lots[place + 1 :])
    index = pick(chance, followed)
    if index is None or len(list(facts(history, "house_started"))) > 1:
        return False
    del history.heard[index]
    return True


@expect("told")
def the_last_word_on_a_lot_is_not_broadcast(history: History, chance: Random) -> bool:
    """Only a later heartbeat shows this fault."""
    last = {message.lot: index for index, _, message in heard(history, LotEvents)}
    beats = [index for index, _, message in heard(history, Heartbeat) if not message.frozen]
    index = pick(chance, (index for index in last.values() if beats and index < beats[-1]))
    if index is None or len(list(facts(history, "house_started"))) > 1:
        return False
    del history.heard[index]
    return True


@expect("told")
def a_heartbeat_names_what_never_was(history: History, chance: Random) -> bool:
    found = pick(chance, heard(history, Heartbeat))
    if found is not None:
        index, one, message = found
        history.heard[index] = Heard(one.at, one.who, replace(message, sale_seq=999))
    return found is not None


@expect("told")
def the_clock_runs_back(history: History, chance: Random) -> bool:
    *earlier, (index, one, message) = heard(history, Heartbeat)
    history.heard[index] = Heard(one.at, one.who, replace(message, server_time_ms=5))
    return any(other.instance == message.instance for _, _, other in earlier)


@expect("told")
def a_snapshot_shows_another_price(history: History, chance: Random) -> bool:
    found = pick(chance, (one for one in heard(history, Snapshot) if one[2].lots))
    if found is not None:
        index, one, message = found
        first, *others = message.lots
        lots = (replace(first, board=dearer(first.board)), *others)
        history.heard[index] = Heard(one.at, one.who, replace(message, lots=lots))
    return found is not None


@expect("told")
def a_snapshot_shows_how_many_offers_there_are(history: History, chance: Random) -> bool:
    sealed = (
        (one, lot)
        for one in heard(history, Snapshot)
        for lot in one[2].lots
        if isinstance(lot.board, SealedBoard) and lot.board.offers is None
    )
    found = pick(chance, sealed)
    if found is None:
        return False
    (index, one, message), lot = found
    shown = replace(lot, board=replace(must_be(SealedBoard, lot.board), offers=1))
    lots = tuple(shown if other is lot else other for other in message.lots)
    history.heard[index] = Heard(one.at, one.who, replace(message, lots=lots))
    return True


@expect("told")
def a_bidder_is_told_what_another_has(history: History, chance: Random) -> bool:
    found = pick(chance, (one for one in heard(history, Mine) if one[2].positions))
    if found is not None:
        index, one, message = found
        first, *others = message.positions
        positions = (replace(first, own=SealedOwn(12_345)), *others)
        history.heard[index] = Heard(one.at, one.who, replace(message, positions=positions))
    return found is not None


@expect("told")
def a_bidder_is_told_that_it_has_won_what_another_has(history: History, chance: Random) -> bool:
    closed = (fact.body for fact in facts(history, "lot_closed") if fact.body["event"]["results"])
    lots = {body["lot"]: body["event"]["results"] for body in closed}
    paddles = Record(history.facts).paddles
    found = pick(
        chance,
        (
            (one, lot)
            for one in heard(history, Mine)
            for lot, rows in lots.items()
            if all(row["paddle"] != paddles.get(one[1].who, 0) for row in rows)
        ),
    )
    if found is not None:
        (index, one, message), lot = found
        history.heard[index] = Heard(one.at, one.who, replace(message, won=(*message.won, lot)))
    return found is not None


@expect("told")
def a_bidder_is_told_to_pay_more_than_it_must(history: History, chance: Random) -> bool:
    found = pick(chance, heard(history, Mine))
    if found is not None:
        index, one, message = found
        history.heard[index] = Heard(one.at, one.who, replace(message, total_minor=message.total_minor + 1))
    return found is not None


def news(history: History, least_words: int = 1) -> Iterator[tuple[int, Heard, News]]:
    return (found for found in heard(history, News) if len(found[2].words) >= least_words)


@expect("news")
def a_word_is_told_that_was_never_said(history: History, chance: Random) -> bool:
    found = pick(chance, news(history))
    if found is not None:
        index, one, message = found
        first, *others = message.words
        told = replace(message, words=(replace(first, text=first.text + "!"), *others))
        history.heard[index] = Heard(one.at, one.who, told, one.asked)
    return found is not None


@expect("news")
def a_word_is_told_to_somebody_else(history: History, chance: Random) -> bool:
    found = pick(chance, news(history))
    if found is not None:
        index, one, message = found
        history.heard[index] = Heard(one.at, "somebody else", message)
    return found is not None


@expect("news")
def a_word_is_left_out(history: History, chance: Random) -> bool:
    found = pick(chance, news(history, 2))
    if found is not None:
        index, one, message = found
        told = replace(message, words=message.words[1:])
        history.heard[index] = Heard(one.at, one.who, told, one.asked)
    return found is not None


@expect("news")
def the_last_word_is_not_heard(history: History, chance: Random) -> bool:
    heard_some = (number for number, one in enumerate(history.replicas) if one.is_current and one.last_word)
    number = pick(chance, heard_some)
    if number is not None:
        history.replicas[number].last_word = must_be(int, history.replicas[number].last_word) - 1
    return number is not None


@expect("early")
def a_word_is_told_before_it_is_durable(history: History, chance: Random) -> bool:
    found = pick(chance, news(history))
    if found is not None:
        index, one, message = found
        history.heard[index] = Heard(0, one.who, message, one.asked)
    return found is not None


def changes(history: History) -> Iterator[tuple[int, int]]:
    """Yield each change of a lot between two other changes of that lot, as the places of its replica and of itself."""
    for number, replica in enumerate(history.replicas):
        told: dict[str, list[int]] = {}
        for index, event in enumerate(replica.told):
            if isinstance(event, LotChanged | LotCaughtUp):
                told.setdefault(event.lot, []).append(index)
        for indexes in told.values():
            for _, index, after in zip(indexes, indexes[1:], indexes[2:], strict=False):
                if isinstance(replica.told[index], LotChanged) and isinstance(replica.told[after], LotChanged):
                    yield number, index


@expect("replica")
def a_replica_skips_a_change(history: History, chance: Random) -> bool:
    number, index = pick(chance, changes(history)) or (0, None)
    if index is not None:
        replica = history.replicas[number]
        replica.told = [*replica.told[:index], *replica.told[index + 1 :]]
    return index is not None


@expect("replica")
def a_replica_takes_a_change_twice(history: History, chance: Random) -> bool:
    number, index = pick(chance, changes(history)) or (0, None)
    if index is not None:
        replica = history.replicas[number]
        replica.told = [*replica.told[: index + 1], *replica.told[index:]]
    return index is not None


@expect("replica")
def a_replica_has_another_price(history: History, chance: Random) -> bool:
    number, index = pick(chance, changes(history)) or (0, None)
    if index is not None:
        replica = history.replicas[number]
        event = must_be(LotChanged, replica.told[index])
        view = replace(event.view, board=dearer(event.view.board))
        replica.told = [*replica.told[:index], replace(event, view=view), *replica.told[index + 1 :]]
    return index is not None


@expect("replica")
def a_replica_lags_behind(history: History, chance: Random) -> bool:
    current = [replica for replica in history.replicas if replica.is_current]
    replica = pick(chance, iter(current))
    if replica is not None:
        lots = dict(list(replica.lots.items())[1:])
        replica.lots = lots
    return replica is not None


@pytest.mark.parametrize(("kind", "spoil"), [pytest.param(*one, id=one[1].__name__) for one in spoils])
def test_a_spoilt_history_is_found_out(kind: str, spoil: Spoil) -> None:
    spoilt = 0
    for seed in SEEDS:
        history = copied(good(seed))
        if not spoil(history, Random(seed)):
            continue
        kinds = {fault.kind for fault in check(history)}
        assert kind in kinds, f"seed {seed}: {kinds}"
        spoilt += 1
        if spoilt == HISTORIES_SPOILT:
            return
    assert spoilt, "no history had what this needs"


DESK = (given(7), code_issued(7), key_bound(7))


@pytest.mark.parametrize(
    ("facts_of_the_desk", "faults"),
    [
        (DESK, []),
        ((DESK[0], DESK[2]), ["a key is bound without a code"]),
        ((*DESK[:2], key_bound(7, at_ms=START_MS + 60_000)), ["a key is bound without a code"]),
        ((*DESK, key_bound(7)), ["a key is bound without a code"]),
        ((*DESK, replace(code_issued(7), replaces_key=True)), []),
        ((DESK[0], replace(code_issued(7), replaces_key=True)), ["a code for a paddle that has a key"]),
        ((*DESK, contact_erased(7)), []),
        ((*DESK, conditions_set(), conditions_accepted(7)), []),
        (
            (*DESK, conditions_set("Others."), conditions_accepted(7)),
            [
                f"the digest of the conditions is {conditions_accepted(7).digest}, and by the rules it is "
                + conditions_accepted(7, "Others.").digest
            ],
        ),
        ((*DESK, contact_erased(7), contact_erased(7)), ["a contact is erased twice"]),
        ((*DESK, code_issued(7)), ["a code for a paddle that has a key"]),
    ],
)
def test_a_paddle_of_the_desk_gets_its_key_by_a_code(facts_of_the_desk: tuple[AnyFact, ...], faults: list[str]) -> None:
    record = Record(facts_of(enumerate((sale_created(), *facts_of_the_desk), 1)))
    assert [fault.partition(";")[0] for fault in record.faults] == faults
    assert faults or (record.bidders[7].key, record.paddles) == ("key7", {"key7": 7})
