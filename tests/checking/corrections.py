"""A second, plain implementation of corrections, from docs/rules.md, rules 31 to 40 (59 to 63: `asking`).

Each time the bidding begins again from nothing, with all accepted offers but those that no longer count. `correct`
and `rewrite` change the lot as the fact says it was asked for, and compare everything else in the fact with the rules.
"""

from collections.abc import Callable
from typing import Any

from tests.checking.asking import ANSWERS, bound_leader, follow, must_be_asked, require_answer
from tests.checking.rules import FINAL, Lot, Said
from tests.checking.wrong import WrongFactError, require, require_equal

Body = dict[str, Any]
Words = list[tuple[int, str]]
"""The bidders whom a correction touches, and the kind of word for each."""
_BIDDING = ("open", "paused")


def correct(lot: Lot, body: Body, sale_status: str) -> Words:
    """Correct a lot as a fact says, and return who must hear of it. Raises WrongFactError."""
    require(sale_status != "ended", "nothing is corrected in a sale that is over")
    before, bound = lot.shown(), bound_leader(lot)
    words = _CAUSES[body["cause"]](lot, body, sale_status)
    require_equal("the book", body["book"], lot.bidding.book())
    is_public = body["cause"] in ("reopen", "void", "award") or lot.board() != before.board
    words = _ask(lot, body, words, bound, is_sale_paused=sale_status == "paused") if is_public else words
    after = lot.shown()
    lot.seq += is_public
    event = {
        "event": "lot_corrected",
        "seq": lot.seq,
        "at_ms": body["at_ms"],
        "cause": body["cause"],
        "status": after.status,
        "board": after.board,
        "ends_at_ms": after.ends_at_ms,
        "remaining_ms": after.remaining_ms,
        "results": after.results,
        "void_from_seq": lot.first_void_seq,
        "asked": after.asked,
    }
    require_equal("what everybody hears", body["event"], event if is_public else None)
    require_equal("whether the leader's bid is revived", body["is_revived"], lot.is_revived)
    return words


def _ask(lot: Lot, body: Body, words: Words, bound: int | None, *, is_sale_paused: bool) -> Words:
    """Rule 59: see whether whoever leads now is asked, and add the word to it."""
    match body["cause"]:
        case "void":
            lot.is_revived = must_be_asked(lot, bound) is not None
            return words
        case "award":
            lot.is_revived = lot.is_revived and lot.board().get("leader") != body["paddle"]
            return words
        case _:
            leader = follow(lot, bound, body["at_ms"], is_sale_paused=is_sale_paused)
    if leader is None:
        return words
    return list({**dict(words), leader: "asked"}.items()) if body["cause"] != "reopen" else [*words, (leader, "asked")]


def _undo(lot: Lot, body: Body, _: str) -> Words:
    """Rules 32, 33 and 36."""
    require(lot.status in _BIDDING, f"the lot is {lot.status}, so no bid is taken back")
    require(lot.bidding.refolds, "what was bought at once is not taken back bid by bid")
    if body["cause"] in ANSWERS:
        require_answer(lot, body)
    asked, counting = body["asked"], {said.number: said for said in lot.said if said.number}
    require(bool(asked), "a correction takes back at least one bid")
    require(set(asked) <= set(counting), f"of the bids {asked} only {sorted(counting)} count")
    if body["cause"] == "turned_out":
        of_the_bidder = tuple(number for number, said in counting.items() if said.paddle == body["paddle"])
        require_equal("the bids of the bidder", tuple(asked), of_the_bidder)
    led = lot.board().get("leader")
    gone = _leave_out(lot, body, tuple(asked))
    leads = lot.board().get("leader")
    words = {said.paddle: "offer_void" for said in gone}
    if leads != led:
        if led is not None:
            words.setdefault(led, "lead_lost")
        if leads is not None:
            words.setdefault(leads, "lead_back")
    return [(paddle, word) for paddle, word in words.items() if paddle != 0]  # the house needs no word


def _leave_out(lot: Lot, body: Body, asked: tuple[int, ...]) -> list[Said]:
    """Take offers back, and return all that no longer count."""
    lot.bidding, gone = lot.without(frozenset(asked))
    require_equal("the bids that no longer count", tuple(body["void"]), tuple(said.number for said in gone))
    lot.said = [said for said in lot.said if said not in gone]
    lot.first_void_seq = min((said.seq for said in gone if said.is_public), default=None)
    return gone


def _reopen(lot: Lot, body: Body, sale_status: str) -> Words:
    """Rule 34."""
    require(lot.status in FINAL, f"the lot is {lot.status}, so it can't be open again")
    require_equal("the sale", sale_status, "running")
    require(not body["void"], "the bids of a lot that is open again count")
    buyers = [row["paddle"] for row in lot.results()]
    at_ms, duration_ms = body["at_ms"], lot.terms["duration_ms"]
    continues_ms = lot.bidding.reopen(body["price_minor"])
    if continues_ms is not None:
        require(body["for_ms"] is None, "the end of a price clock follows from its price")
        lot.ran_ms = continues_ms
        ends_at_ms = None if duration_ms is None else at_ms - continues_ms + duration_ms
    else:
        require((duration_ms is None) == (body["for_ms"] is None), "a lot with an end has a new one, and no other")
        ends_at_ms = None if duration_ms is None else at_ms + body["for_ms"]
    lot.reopen(at_ms, ends_at_ms)
    return [(paddle, "sale_void") for paddle in buyers]


def _void(lot: Lot, body: Body, _: str) -> Words:
    """Rule 35."""
    require_equal("the status", lot.status, "sold")
    buyer, rows = body["paddle"], lot.results()
    require(buyer in [row["paddle"] for row in rows], f"paddle {buyer} bought nothing")
    if lot.bidding.refolds:
        asked = tuple(said.number for said in lot.said if said.number and said.paddle == buyer)
        require_equal("the buyer's bids", tuple(body["asked"]), asked)
        _leave_out(lot, body, asked)
        rows = tuple(row for row in rows if row["paddle"] != buyer)
    else:
        lot.bidding.take_back(buyer)
        rows = lot.bidding.results()
    lot.settle("sold" if any(row["units"] for row in rows) else "passed", "voided", rows)
    return [(buyer, "sale_void")]


def _award(lot: Lot, body: Body, _: str) -> Words:
    """Rule 35: somebody agreed to buy. Nobody else can say the price, so the fact's event does."""
    require_equal("the status", lot.status, "passed")
    require(lot.bidding.refolds, "a lot that is sold by units is open again instead")
    require(body["event"] is not None, "everybody hears of a sale")
    rows = tuple(body["event"]["results"])
    require_equal("who buys", [row["paddle"] for row in rows], [body["paddle"]])
    require(rows[0]["amount_minor"] > 0 and rows[0]["units"] == 1, "one unit is sold, for a price")
    lot.settle("sold", "awarded", rows)
    return [(body["paddle"], "awarded")]


_CAUSES: dict[str, Callable[[Lot, Body, str], Words]] = {
    "undo": _undo,
    "turned_out": _undo,
    "retracted": _undo,
    "declined": _undo,
    "unanswered": _undo,
    "reopen": _reopen,
    "void": _void,
    "award": _award,
}


def rewrite(lot: Lot, body: Body, sale_status: str, opens_at_ms: int | None) -> None:
    """Rule 37. A lot that was not opened opens at `opens_at_ms`. Raises WrongFactError."""
    require(sale_status != "ended", "nothing is corrected in a sale that is over")
    was, spec, status = lot.spec, body["spec"], lot.status
    require(was != spec, "nothing changes")
    for what in ("lot", "format"):
        require_equal(f"the {what}", _kept(spec, what), _kept(was, what))
    if status == "scheduled":
        lot.begin_anew(spec, opens_at_ms)
    else:
        for name, before, after in (
            ("the opening", was["opening"], spec["opening"]),
            ("the time", was["terms"]["duration_ms"], spec["terms"]["duration_ms"]),
            ("the soft close", was["terms"]["soft_close"], spec["terms"]["soft_close"]),
        ):
            require_equal(name, after, before)
        is_other = _bidding_terms(spec) != _bidding_terms(was)
        require(not is_other or status in _BIDDING, f"the bidding is over: the lot is {status}")
        require(not is_other or lot.bidding.may_revise(spec), "bids were made under these terms")
        require(not is_other or lot.asked is None, "the bidding does not change while a bidder is asked")
        lot.revise(spec)
    lot.seq += 1
    event = {
        "event": "lot_revised",
        "seq": lot.seq,
        "at_ms": body["at_ms"],
        "terms": spec["terms"],
        "board": lot.board(),
        "opens_at_ms": lot.opens_at_ms,
        "ends_at_ms": lot.ends_at_ms,
    }
    require_equal("what everybody hears", body["event"], event)


def _kept(spec: Body, what: str) -> object:
    return spec["terms"]["lot"] if what == "lot" else spec["terms"]["format"]["format"]


def _bidding_terms(spec: Body) -> tuple[object, object]:
    return spec["terms"]["format"], spec["reserve_minor"]


class WordsDue:
    """The words that must follow a correction at once, and no others about a lot."""

    def __init__(self) -> None:
        self._due: list[Body] = []

    def expect(self, correction: Body, words: Words) -> None:
        """Expect a correction's words next."""
        common = {"at_ms": correction["at_ms"], "lot": correction["lot"], "seq": correction["seq"]}
        common |= {"text": correction["reason"], "by": correction["by"]}
        self._due = [common | {"paddle": paddle, "kind": kind} for paddle, kind in words]

    def check(self, body: Body) -> None:
        """Check the next fact, whatever it is. Raises WrongFactError."""
        if self._due:
            due = self._due.pop(0)
            said = {field: body.get(field) for field in due} if body["fact"] == "bidder_told" else body
            require_equal("the word about the correction", said, due)
        elif body["fact"] == "bidder_told":
            require_equal("the word without a correction", (body["kind"], body["lot"]), ("message", ""))

    def settle(self) -> None:
        """Check that nobody waits for a word at the record's end. Raises WrongFactError."""
        if self._due:
            raise WrongFactError(f"nobody said {self._due[0]}")
