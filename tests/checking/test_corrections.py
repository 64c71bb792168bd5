"""Each fault that a house could make in a correction is found in the records of simulated sales."""

import copy
from collections.abc import Callable, Iterable, Iterator
from random import Random

import pytest
from msgspec.structs import replace

from common.lot import LotView
from tests.checking.checker import check
from tests.checking.heard import Body
from tests.checking.history import Fact, History
from tests.checking.test_checker import copied, good, pick, renumber
from tests.simulation.plan import plan_of

SEEDS = [seed for seed in range(150) if "corrections" in plan_of(seed).faults]
HISTORIES_SPOILT = 2

Spoil = Callable[[Body], bool | None]
"""Puts a fault into the body of a fact. Returns False if the fact has no place for it."""
Places = Callable[[History], Iterator[Fact]]


def corrections(*causes: str, has_event: bool = True) -> Places:
    def places(history: History) -> Iterator[Fact]:
        made = (fact for fact in history.facts if fact.body["fact"] == "correction_made")
        yield from (
            fact for fact in made if fact.body["cause"] in causes and (fact.body["event"] is not None) is has_event
        )

    return places


def facts(kind: str, about_a_lot: bool = True) -> Places:
    return lambda history: (
        fact for fact in history.facts if fact.body["fact"] == kind and bool(fact.body.get("lot")) is about_a_lot
    )


UNDONE = corrections("undo", "turned_out")
UNDONE_IN_SECRET = corrections("undo", "turned_out", has_event=False)
ANY = corrections("undo", "turned_out", "reopen", "void", "award")
RETRACTED = corrections("retracted")


def moves(history: History) -> Iterator[Fact]:
    yield from (
        fact
        for fact in facts("sale_decided", about_a_lot=False)(history)
        if fact.body["event"]["event"] == "lots_reordered"
    )


WORDS = facts("bidder_told")
REWRITTEN = facts("lot_rewritten")


def event_with(**fields: object) -> Spoil:
    return lambda body: body["event"].update(fields)


def earlier_end(body: Body) -> bool:
    ends_at_ms = body["event"]["ends_at_ms"]
    body["event"]["ends_at_ms"] = (ends_at_ms or 0) - 1
    return ends_at_ms is not None


def other_minimum(body: Body) -> bool:
    body["event"]["board"]["minimum_minor"] = body["event"]["board"].get("minimum_minor", 0) + 1
    return bool(body["event"]["board"]["format"] != "dutch")


def old_leader(body: Body) -> bool:
    before = body["event"]["board"].get("leader")
    body["event"]["board"]["leader"] = (before or 0) + 1
    return "leader" in body["event"]["board"] and before is not None


def other_event(name: str) -> Spoil:
    return lambda body: body.update(event={**body["event"], "cause": name}, cause=name)


def announced(body: Body) -> None:
    body["event"] = {"event": "lot_corrected", "seq": body["seq"] + 1, "at_ms": body["at_ms"], "cause": body["cause"]}
    body["seq"] += 1


def other_buyer(body: Body) -> None:
    body["paddle"] += 1


def kept_results(body: Body) -> None:
    body["event"]["results"] = ({"paddle": 1, "amount_minor": 1000, "units": 1},)


def more_asked(body: Body) -> None:
    body["asked"] = (*body["asked"], max(body["asked"]) + 1)


def longer(body: Body) -> bool:
    body["for_ms"] = (body["for_ms"] or 0) + 1
    return True


def other_book(body: Body) -> bool:
    body["book"] = None if body["book"] else {"format": "english", "leader": 1}
    return True


def other_kind(body: Body) -> None:
    body["kind"] = "message" if body["kind"] == "awarded" else "awarded"


def by_itself(body: Body) -> bool:
    body["by"] = "house"
    return bool(body["event"]["event"] == "sale_ended")


def other_asked(body: Body) -> None:
    body["asked"] = (body["asked"][0] + 1,)


def told_another_end(body: Body) -> None:
    body["verdict"]["ends_at_ms"] = 1


SPOILS: list[tuple[str, Places, Spoil]] = [
    ("a wrong price after bids were taken back", UNDONE, other_minimum),
    ("a bid that was taken back leads", UNDONE, old_leader),
    ("a bid that was taken back counts", UNDONE, lambda body: body.update(void=())),
    ("the bid of another is void", UNDONE, lambda body: body.update(void=(*body["void"], body["void"][-1] + 1))),
    ("a bid is asked for that there is not", UNDONE, more_asked),
    ("the house keeps another book", UNDONE, other_book),
    ("a time was taken away", UNDONE, earlier_end),
    ("a lot was closed by an undo", UNDONE, event_with(status="passed")),
    ("the public hears from another seq on", UNDONE, event_with(void_from_seq=1_000)),
    ("a change that everybody sees is no event", UNDONE, lambda body: body.update(event=None, seq=body["seq"] - 1)),
    ("everybody hears of a secret bid", UNDONE_IN_SECRET, announced),
    ("bids of one who was not turned out", corrections("undo"), other_event("turned_out")),
    ("an open lot that was opened again", corrections("reopen"), other_event("undo")),
    ("a lot that is open again has results", corrections("reopen"), kept_results),
    ("a lot is open again for another time", corrections("reopen"), longer),
    ("a sale is void, and the lot is still sold", corrections("void"), event_with(status="sold")),
    ("a sale is void, and the results stay", corrections("void"), kept_results),
    ("a sale to nobody is void", corrections("void"), other_buyer),
    ("a lot is awarded to two", corrections("award"), other_buyer),
    ("an awarded lot has passed", corrections("award"), event_with(status="passed")),
    ("another bid than the last was retracted", RETRACTED, other_asked),
    ("the bid of another was retracted", RETRACTED, other_buyer),
    ("a clerk retracted", RETRACTED, lambda body: body.update(by="auctioneer")),
    ("a bid was retracted that nobody asked to retract", RETRACTED, lambda body: body.pop("request")),
    ("a bid was retracted in the last moment", RETRACTED, lambda body: body.update(at_ms=body["at_ms"] + 10**9)),
    ("a bidder who retracted was told another end", RETRACTED, told_another_end),
    ("a lot moved to where it stands", moves, lambda body: body["event"].update(before=body["event"]["lot"])),
    ("a word of another kind", WORDS, other_kind),
    ("a word for somebody else", WORDS, lambda body: body.update(paddle=body["paddle"] % 2 + 1)),
    ("a word with another reason", WORDS, lambda body: body.update(text=body["text"] + "!")),
    ("a word about another lot", WORDS, lambda body: body.update(lot="other")),
    ("other terms than the catalogue's", REWRITTEN, lambda body: body["event"]["terms"].update(title="Another")),
    ("another opening", REWRITTEN, lambda body: body["event"].update(opens_at_ms=1)),
    ("a change to another format", REWRITTEN, lambda body: body["spec"]["terms"]["format"].update(format="raffle")),
    ("a sale that ended by itself", facts("sale_decided", False), by_itself),
]


@pytest.mark.parametrize(("places", "spoil"), [pytest.param(*rest, id=name) for name, *rest in SPOILS])
def test_a_correction_against_the_rules_is_found(places: Places, spoil: Spoil) -> None:
    spoilt_fact_is_found(SEEDS, places, spoil)


def spoilt_fact_is_found(seeds: Iterable[int], places: Places, spoil: Spoil) -> None:
    """Put a fault into one fact of some histories, and see that the checker finds it in each."""

    def spoil_one(history: History, chance: Random) -> bool:
        fact = pick(chance, places(history))
        return fact is not None and spoil(fact.body) is not False

    each_spoilt(spoil_one, seeds)


def each_spoilt(spoil: Callable[[History, Random], bool], seeds: Iterable[int] = SEEDS) -> None:
    spoilt = 0
    for seed in seeds:
        history = copied(good(seed))
        if spoil(history, Random(seed)):
            renumber(history)
            assert "record" in {fault.kind for fault in check(history)}, f"seed {seed}"
            spoilt += 1
        if spoilt == HISTORIES_SPOILT:
            return
    assert spoilt, "no history had what this needs"


def test_a_missing_word_is_found() -> None:
    def spoil(history: History, chance: Random) -> bool:
        word = pick(chance, WORDS(history))
        if word is not None:
            history.facts.remove(word)
            for fact in history.facts[word.position - 1 :]:
                if fact.body.get("paddle") == word.body["paddle"] and "news_seq" in fact.body:
                    fact.body["news_seq"] -= 1
        return word is not None

    each_spoilt(spoil)


def test_a_superfluous_word_is_found() -> None:
    def spoil(history: History, chance: Random) -> bool:
        word = pick(chance, WORDS(history))
        if word is not None:
            again = {**copy.deepcopy(word.body), "news_seq": word.body["news_seq"] + 1}
            for fact in history.facts[word.position :]:
                if fact.body.get("paddle") == word.body["paddle"] and "news_seq" in fact.body:
                    fact.body["news_seq"] += 1
            history.facts.insert(word.position, Fact(0, again, word.durable))
        return word is not None

    each_spoilt(spoil)


def test_a_correction_in_a_sale_without_them_is_found() -> None:
    def spoil(history: History, chance: Random) -> bool:
        history.facts[0].body["corrections"] = False
        return pick(chance, ANY(history)) is not None

    each_spoilt(spoil)


def test_a_correction_that_came_after_the_end_of_the_sale_is_found() -> None:
    def spoil(history: History, chance: Random) -> bool:
        rewritten = pick(chance, REWRITTEN(history))
        has_ended = any((fact.body.get("event") or {}).get("event") == "sale_ended" for fact in history.facts)
        if rewritten is not None:
            history.facts.remove(rewritten)
            history.facts.append(rewritten)
        return rewritten is not None and has_ended

    each_spoilt(spoil)


def test_a_copy_with_the_old_title_is_found() -> None:
    for seed in SEEDS:
        history = copied(good(seed))
        for replica in history.replicas:
            number = next((lot for lot, view in replica.lots.items() if ", " in view.terms.title), None)
            if number is None:
                continue
            view: LotView = replica.lots[number]
            old = replace(view, terms=replace(view.terms, title=f"Lot {number}"))
            replica.lots = {**replica.lots, number: old}
            assert "replica" in {fault.kind for fault in check(history)}
            return
    pytest.fail("no client saw another title")
