"""The rare paths that a run of many seeds must take; a simulation that never takes them proves little.

Some paths are counted where they happen; this module counts the rest in the history.
"""

from collections import Counter
from typing import Any

from bidder.core.notices import LotCaughtUp
from common.errors import RejectCode
from common.lot import CorrectionCause
from common.messages import Accepted, Mine, News, Rejected, WordKind
from tests.checking.accounts import LIMIT, Accounts
from tests.checking.calls import VERDICTS, is_verdict
from tests.checking.history import WIRE, History
from tests.checking.record import Record

REQUIRED = (
    # the rules
    "a bid at the very end was late",
    "a lot closed while a bid was on its way",
    "a lot was bought",
    "a maximum was dropped",
    "a tie went to the earlier maximum",
    "a lot went on at the reserve",
    "a lot passed below its reserve",
    "an own maximum was raised in silence",
    "soft close",
    "soft close at the cap",
    "the sale ended by itself",
    "the sale was paused and went on",
    # the rules of other formats
    "a sealed offer was made again",
    "a sealed offer was replaced",
    "a sealed offer was taken back",
    "a sealed lot was sold",
    "a sealed lot passed",
    "equal sealed offers were the highest",
    "a Vickrey winner paid the second offer",
    "a Vickrey winner paid the least that would have won",
    "a Dutch price fell",
    "a Dutch price fell after a pause",
    "a Dutch price fell after an outage",
    "a Dutch lot was sold out",
    "a Dutch lot was sold in part",
    "a Dutch lot passed",
    "a stop took the units that were left",
    "a stop came once the price had fallen",
    "several bidders bought units",
    # corrections
    *(f"corrected: {cause.value}" for cause in CorrectionCause),
    "corrected in secret",
    "a bidder took its bid back for all to see",
    "a lot moved in the catalogue",
    "a lot that opens after another moved in the catalogue",
    "corrected while the lot was paused",
    "a lot said something else",
    "a lot that was opened again had another offer",
    "a lot that was opened again closed",
    "a sale with corrections was finished",
    "a bid was confirmed by a clerk",
    "a bid was confirmed by its bidder",
    "a bidder said itself that its bid does not stand",
    "an outage gave back time for an answer",
    "the time for an answer stood still with the sale",
    "a crash in a sale with corrections",
    "the auctioneer was told: state_changed",
    *(f"word: {kind.value}" for kind in WordKind if kind is not WordKind.LEAD_LOST),
    # accounts
    "a limit was set",
    "a limit was set lower than what counted",
    "a limit ended",
    "a deposit was noted",
    "bidders were linked",
    "bidders were linked no longer",
    "a bidder was linked with a seller",
    "a bid that was left was over the limit at the opening",
    "a correction took a bidder over its limit",
    # identity and verdicts
    "a bid was left",
    "a bid was left by a clerk",
    "a bid that was left was taken back",
    "a bid that was left was made at the opening",
    "a bid that was left was void at the opening",
    "a clerk bid from the floor",
    "a clerk bid by telephone",
    "a bid of a clerk led",
    "the house bid for the seller",
    "the house led for the seller, and the lot passed",
    "a bid of the house was late",
    "a bid of the house was taken back",
    "the auctioneer was told: no_house_bids",
    "the auctioneer was told: house_bid_too_high",
    "a bid of a clerk was late",
    "a bidder was turned out",
    "a word was told to one bidder",
    "words waited for a bidder",
    "a question for news was answered without words",
    "a bidder asked for its positions",
    "a bidder asked for what it has won",
    "a conflict of ids",
    "a stale id",
    "a repeated command got its answer again",
    *(f"verdict: {code.value}" for code in sorted(VERDICTS, key=lambda code: code.value)),
    "verdict: accepted",
    # clients
    "asked again for an unknown outcome",
    "broadcast lost",
    "client ended while it waited",
    "hole repaired",
    "lost with its connection",
    "message delayed",
    "the history of a hole was gone",
    "outcome unknown",
    # the house
    "crash",
    *(f"crash at {call}" for call in ("recv", "send", "publish", "recv subscription")),
    *(f"crash at {what}, {when} it is durable" for what in ("append", "mark") for when in ("before", "after")),
    *(f"append failed {when} it was durable" for when in ("before", "after")),
    *(f"a commit {how}" for how in ("finished late", "finished twice", "never finished")),
    *(f"a commit that nobody waited for was {what}" for what in ("durable", "lost")),
    "a lot was extended by an outage",
    "a restart from a snapshot and what followed",
    "a restart from the snapshot before",
    "a restart from no sound snapshot",
    *(f"a snapshot {what}" for what in ("was made", "failed", "killed", "spoilt", "was given up")),
    "a snapshot came due while one was made",
    "a snapshot was made while the sale went on",
    "a snapshot was made after the end of its house",
    "a restart with a hole open at a client",
    "a restart with another wall clock while a lot was open",
    "a verdict after the house was unavailable",
    "a verdict again, from another process",
    "log: snapshot_failed",
    "log: snapshot_passed_over",
    "log: still_frozen",
    "log: thawed",
    "many lots in a frame",
    "start failed",
)


def count(history: History, reached: Counter[str]) -> None:
    """Count the rare paths in a history."""
    _count_facts(history, reached)
    _count_for_others(history, reached)
    _count_house_bids(history, reached)
    _count_sealed(history, reached)
    _count_dutch(history, reached)
    _count_corrections(history, reached)
    _count_words(history, reached)
    _count_by_the_rules(history, reached)
    _count_moves(history, reached)
    for call in history.calls:
        if isinstance(call.outcome, Rejected):
            reached["a conflict of ids"] += call.outcome.code is RejectCode.ID_CONFLICT
            reached["a stale id"] += call.outcome.code is RejectCode.ID_STALE
    for replica in history.replicas:
        for event in replica.told:
            reached["the history of a hole was gone"] += isinstance(event, LotCaughtUp) and event.before is not None
    _count_answers(history, reached)


def _count_answers(history: History, reached: Counter[str]) -> None:
    put_off: set[tuple[str, int]] = set()
    for one in history.heard:
        answer = one.message
        if isinstance(answer, Mine):
            reached["a bidder asked for its positions"] += bool(answer.positions)
            reached["a bidder asked for what it has won"] += bool(answer.won)
        if isinstance(answer, News):
            reached["a word was told to one bidder"] += bool(answer.words)
            reached["words waited for a bidder"] += len(answer.words) > 1
            reached["a question for news was answered without words"] += not answer.words
        if one.who == WIRE or not isinstance(answer, Accepted | Rejected):
            continue
        if isinstance(answer, Rejected) and answer.code is RejectCode.UNAVAILABLE:
            put_off.add((one.who, answer.id))
        elif is_verdict(answer):
            reached["a verdict after the house was unavailable"] += (one.who, answer.id) in put_off


def _count_facts(history: History, reached: Counter[str]) -> None:
    specs: dict[str, dict[str, Any]] = {}
    extended: dict[str, int] = {}
    leads: dict[str, int] = {}
    for fact in history.facts:
        body, change = fact.body, (fact.body.get("event") or {})
        lot, event = body.get("lot", ""), change.get("event", body["fact"])
        match event:
            case "lot_listed":
                specs[body["spec"]["terms"]["lot"]] = body["spec"]
            case "offer_late":
                reached["a bid at the very end was late"] += body["late_ms"] == 0
                reached["a lot closed while a bid was on its way"] += body["late_ms"] < 30
            case "bid_taken":
                spec = specs[lot]
                soft = spec["terms"]["soft_close"] or {}
                grew = body["extended_ms"] > extended.get(lot, 0)
                extended[lot] = body["extended_ms"]
                reached["soft close"] += grew
                reached["soft close at the cap"] += grew and body["extended_ms"] == soft.get("cap_ms")
                reached["an own maximum was raised in silence"] += not body["public"]
                tie = body["leader_maximum_minor"] == body["rival_maximum_minor"] and leads.get(lot) == body["leader"]
                reached["a tie went to the earlier maximum"] += tie
                at_reserve = (
                    body["price_minor"] == spec["reserve_minor"] < body["leader_maximum_minor"]
                    if spec["reserve_minor"]
                    else False
                )
                reached["a lot went on at the reserve"] += at_reserve
                leads[lot] = body["leader"]
            case "offer_taken":
                reached["a lot was bought"] += body["cause"] == "buy_now"
            case "position_released":
                reached["a maximum was dropped"] += 1
            case "lot_closed":
                reached["a lot passed below its reserve"] += not change["results"] and lot in leads
            case "sale_ended":
                reached["the sale ended by itself"] += body["by"] == "house"
            case "sale_resumed":
                reached["the sale was paused and went on"] += 1
            case "bidder_admitted":
                reached["a bidder was turned out"] += not body["admitted"]
    reached["a lot was extended by an outage"] += _extended_by_outages(history)


def _count_corrections(history: History, reached: Counter[str]) -> None:
    opened_again: set[str] = set()
    runs = has_corrections = 0
    for fact in history.facts:
        body, change, lot = fact.body, fact.body.get("event") or {}, fact.body.get("lot", "")
        match body["fact"]:
            case "sale_created":
                has_corrections = body["corrections"]
            case "house_started":
                runs += 1
            case "correction_made":
                reached[f"corrected: {body['cause']}"] += 1
                reached["corrected in secret"] += not change
                reached["a bidder took its bid back for all to see"] += body["cause"] == "retracted" and bool(change)
                reached["corrected while the lot was paused"] += change.get("status") == "paused"
                if body["cause"] == "reopen":
                    opened_again.add(lot)
                is_its_own = body["cause"] == "declined" and "request" in body
                reached["a bidder said itself that its bid does not stand"] += is_its_own
            case "bid_confirmed":
                reached[f"a bid was confirmed by {'a clerk' if body['by'] else 'its bidder'}"] += 1
            case "lot_rewritten":
                reached["a lot said something else"] += 1
            case "bid_taken" | "offer_taken":
                reached["a lot that was opened again had another offer"] += lot in opened_again
            case "sale_decided":
                is_finished = has_corrections and change["event"] == "sale_ended"
                reached["a sale with corrections was finished"] += is_finished
        if change.get("event") == "lot_closed" and lot in opened_again:
            reached["a lot that was opened again closed"] += 1
    reached["a crash in a sale with corrections"] += bool(has_corrections and runs > 1)


def _count_words(history: History, reached: Counter[str]) -> None:
    for body in (fact.body for fact in history.facts):
        match body["fact"]:
            case "bidder_told":
                reached[f"word: {body['kind']}"] += 1
            case "bidder_admitted":
                reached[f"word: {'admitted' if body['admitted'] else 'turned_out'}"] += 1


def _count_by_the_rules(history: History, reached: Counter[str]) -> None:
    record = Record(history.facts)
    put_off = [public.fact.body["fact"] for public in record.public.values() if public.event["event"] == "lot_asked"]
    reached["the time for an answer stood still with the sale"] += put_off.count("lot_decided")
    reached["an outage gave back time for an answer"] += len(put_off) - put_off.count("lot_decided")
    counts = {moment.position: moment.accounts for moment in record.moments}
    for fact in history.facts:
        body, accounts = fact.body, counts.get(fact.position)
        match body["fact"]:
            case "limit_set":
                reached["a limit was set" if body["limit_minor"] is not None else "a limit ended"] += 1
                reached["a limit was set lower than what counted"] += _is_over(accounts, body["paddle"])
            case "deposit_noted":
                reached["a deposit was noted"] += 1
            case "paddles_linked":
                reached["bidders were linked" if body["linked"] else "bidders were linked no longer"] += 1
                reached["a bidder was linked with a seller"] += bool(body["seller"])
            case "left_bid_void":
                reached["a bid that was left was over the limit at the opening"] += body["code"] == LIMIT
            case "correction_made":
                before = counts.get(fact.position - 1)
                over = (paddle for paddle in (accounts.limits if accounts else ()) if _is_over(accounts, paddle))
                reached["a correction took a bidder over its limit"] += any(not _is_over(before, one) for one in over)


def _is_over(accounts: Accounts | None, paddle: int) -> bool:
    """Return whether more counts against a paddle's limit than fits."""
    if accounts is None or paddle not in accounts.limits:
        return False
    return sum(one.minor for one in accounts.held[paddle].values()) > accounts.limits[paddle]


def _count_moves(history: History, reached: Counter[str]) -> None:
    in_turn: set[str] = set()
    for fact in history.facts:
        body = fact.body
        if body["fact"] == "lot_listed" and body["spec"]["opening"]["rule"] == "after previous":
            in_turn.add(body["spec"]["terms"]["lot"])
        if body["fact"] == "sale_decided" and body["event"]["event"] == "lots_reordered":
            reached["a lot moved in the catalogue"] += 1
            reached["a lot that opens after another moved in the catalogue"] += body["event"]["lot"] in in_turn


def _count_for_others(history: History, reached: Counter[str]) -> None:
    for fact in history.facts:
        body = fact.body
        match body["fact"]:
            case "bid_left":
                is_back = body["request"].get("amount_minor") is None
                reached["a bid that was left was taken back" if is_back else "a bid was left"] += 1
                reached["a bid was left by a clerk"] += bool(body["by"]) and not is_back
            case "left_bid_void":
                reached["a bid that was left was void at the opening"] += 1
            case "offer_late":
                reached["a bid of a clerk was late"] += bool(body["by"])
                reached["a bid of the house was late"] += body["source"] == "house"
            case "offer_taken":
                reached["the house bid for the seller"] += body["source"] == "house"
                is_left = body["source"] == "absentee" and not body["by"]
                reached["a bid that was left was made at the opening"] += is_left
                reached["a clerk bid from the floor"] += body["source"] == "floor"
                reached["a clerk bid by telephone"] += body["source"] == "telephone"
                reached["a bid of a clerk led"] += bool(body["by"]) and body["board"].get("leader") == body["paddle"]


def _count_house_bids(history: History, reached: Counter[str]) -> None:
    numbers: Counter[str] = Counter()
    """By lot: the number of its last accepted offer."""
    of_the_house: set[tuple[str, int]] = set()
    for fact in history.facts:
        body, lot = fact.body, fact.body.get("lot", "")
        change = body.get("event") or {}
        match body["fact"]:
            case "bid_taken":
                numbers[lot] += 1
            case "offer_taken" if body["cause"] is None:
                numbers[lot] += 1
                if body["source"] == "house":
                    of_the_house.add((lot, numbers[lot]))
            case "correction_made":
                taken_back = {(lot, number) for number in body["void"]}
                reached["a bid of the house was taken back"] += bool(taken_back & of_the_house)
        if change.get("event") == "lot_closed" and change["board"].get("leader") == 0:
            reached["the house led for the seller, and the lot passed"] += not change["results"]


def _count_sealed(history: History, reached: Counter[str]) -> None:
    specs: dict[str, dict[str, Any]] = {}
    offers: dict[str, dict[int, int]] = {}
    for fact in history.facts:
        body = fact.body
        change = body.get("event") or {}
        lot = body.get("lot", "")
        if body["fact"] == "lot_listed":
            specs[body["spec"]["terms"]["lot"]] = body["spec"]
        elif body["fact"] == "offer_taken" and body["request"]["type"] in ("seal", "unseal"):
            standing, amount_minor = offers.setdefault(lot, {}), body["request"].get("amount_minor")
            before_minor = standing.pop(body["paddle"], None)
            reached["a sealed offer was taken back"] += amount_minor is None
            reached["a sealed offer was made again"] += amount_minor == before_minor
            reached["a sealed offer was replaced"] += None not in (amount_minor, before_minor) and amount_minor != (
                before_minor
            )
            if amount_minor is not None:
                standing[body["paddle"]] = amount_minor
        elif change.get("event") == "lot_closed" and change["board"]["format"] == "sealed":
            ranked = sorted(offers.get(lot, {}).values(), reverse=True)
            reached["a sealed lot passed"] += not change["results"]
            reached["a sealed lot was sold"] += bool(change["results"])
            reached["equal sealed offers were the highest"] += len(ranked) > 1 and ranked[0] == ranked[1]
            if change["results"] and specs[lot]["terms"]["format"]["pays"] == "second_offer":
                pays_minor = change["results"][0]["amount_minor"]
                is_second = ranked[1:2] == [pays_minor]
                reached["a Vickrey winner paid the second offer"] += is_second
                reached["a Vickrey winner paid the least that would have won"] += not is_second


def _count_dutch(history: History, reached: Counter[str]) -> None:
    paused: set[str] = set()
    had_outage = False
    for fact in history.facts:
        body = fact.body
        change, lot = body.get("event") or {}, body.get("lot", "")
        had_outage = had_outage or bool(body.get("outage_ms"))
        if change.get("event") == "lot_paused":
            paused.add(lot)
        elif body["fact"] == "clock_stepped":
            reached["a Dutch price fell"] += 1
            reached["a Dutch price fell after a pause"] += lot in paused
            reached["a Dutch price fell after an outage"] += had_outage
        elif body["fact"] == "offer_taken" and body["request"]["type"] == "stop":
            reached["a Dutch lot was sold out"] += body["cause"] == "sold_out"
            reached["several bidders bought units"] += len(body["results"]) > 1
            reached["a stop took the units that were left"] += body["own"]["units"] < body["request"].get("units", 1)
            reached["a stop came once the price had fallen"] += (
                body["board"]["price_minor"] < body["request"]["price_minor"]
            )
        elif change.get("event") == "lot_closed" and change["board"]["format"] == "dutch":
            reached[f"a Dutch lot {'was sold in part' if change['results'] else 'passed'}"] += 1


def _extended_by_outages(history: History) -> int:
    """Return the number of extensions that outages caused: each outage is one fact, and extends each open lot once."""
    open_lots: set[str] = set()
    extensions = 0
    for fact in history.facts:
        match (fact.body.get("event") or {}).get("event", fact.body["fact"]):
            case "lot_opened":
                open_lots.add(fact.body["lot"])
            case "offer_taken" if fact.body["cause"] is None:
                pass
            case "offer_taken" | "lot_closed" | "lot_withdrawn":
                open_lots.discard(fact.body["lot"])
            case "house_started" | "house_stood_still":
                extensions += len(open_lots) if fact.body["outage_ms"] else 0
    return extensions
