"""A second, plain implementation: the question to a bidder whom a correction made lead: docs/rules.md, rules 59 to 63.

Everything here is for lots of a sale that asks; of others `answer_ms` is None, and then nobody is asked.
"""

from typing import Any

from tests.checking.rules import Lot, Said
from tests.checking.wrong import require, require_equal

Body = dict[str, Any]
ANSWERS = ("declined", "unanswered")
"""The causes of a correction that is the answer no, or no answer."""


def bound_leader(lot: Lot) -> int | None:
    """Return who leads by a bid that no correction revived. Where somebody else bought the lot, that bid lapsed."""
    leader: int | None = lot.board().get("leader")
    has_lapsed = lot.status == "sold" and leader not in [row["paddle"] for row in lot.results()]
    return None if lot.is_revived or has_lapsed else leader


def must_be_asked(lot: Lot, bound: int | None) -> int | None:
    """Rule 59: return the leader of a lot, without the offers that no longer count, if it is to be asked."""
    leader: int | None = lot.bidding.board(is_over=False).get("leader")
    own = [said for said in lot.said if said.paddle == leader and said.request is not None]
    if lot.answer_ms is None or leader in (None, 0, bound) or not own:
        return None
    highest = max(own, key=lambda said: (_names(said), -said.number))
    without, _ = lot.without(frozenset(said.number for said in own))
    leads_anyway = without.board(is_over=False).get("leader") == leader
    return None if highest.is_left or leads_anyway else leader


def _names(said: Said) -> int:
    """Return the highest amount that a bid names."""
    request = said.request or {}
    amount_minor = request.get("maximum_minor")
    return int((request.get("amount_minor") if amount_minor is None else amount_minor) or 0)


def ask(lot: Lot, leader: int, at_ms: int, *, is_sale_paused: bool) -> None:
    """Rule 59: stop a lot, and ask its leader."""
    if lot.asked is None:
        lot.opens_after = lot.status == "open" or lot.is_stopped_by_sale
    lot.is_stopped_by_sale = False
    if lot.status == "open":
        lot.remaining_ms = None if lot.ends_at_ms is None else lot.ends_at_ms - at_ms
        lot.ran_ms += at_ms - lot.runs_from_ms
        lot.status, lot.ends_at_ms = "paused", None
    answer_ms = lot.answer_ms or 0
    until_ms, remaining_ms = (None, answer_ms) if is_sale_paused else (at_ms + answer_ms, None)
    lot.asked = {"paddle": leader, "until_ms": until_ms, "remaining_ms": remaining_ms}


def go_on(lot: Lot, at_ms: int, *, is_sale_paused: bool) -> None:
    """Rules 60 and 61: let a lot on which nobody is asked any more go on, if it was open before."""
    lot.asked, opens, lot.opens_after = None, lot.opens_after, False
    if opens and not is_sale_paused:
        lot.status, lot.runs_from_ms = "open", at_ms
        lot.ends_at_ms = None if lot.remaining_ms is None else at_ms + lot.remaining_ms
        lot.remaining_ms = None
    lot.is_stopped_by_sale = opens and is_sale_paused


def follow(lot: Lot, bound: int | None, at_ms: int, *, is_sale_paused: bool) -> int | None:
    """Ask the leader that a correction of the bidding made, if need be, and return it; else let the lot go on."""
    leader = must_be_asked(lot, bound)
    lot.is_revived = leader is not None
    if leader is not None:
        ask(lot, leader, at_ms, is_sale_paused=is_sale_paused)
    elif lot.asked is not None:
        go_on(lot, at_ms, is_sale_paused=is_sale_paused)
    return leader


def require_answer(lot: Lot, body: Body) -> None:
    """Rules 61 and 63: a no takes back all bids of the bidder who is asked."""
    require(lot.asked is not None, "nobody is asked")
    assert lot.asked is not None
    require_equal("who is asked", lot.asked["paddle"], body["paddle"])
    own = tuple(said.number for said in lot.said if said.number and said.paddle == body["paddle"])
    require_equal("the bids of the bidder", tuple(body["asked"]), own)
    if body["cause"] == "unanswered":
        require_equal("who gave no answer in time", body["by"], "house")
        require(body["at_ms"] >= (lot.asked["until_ms"] or body["at_ms"] + 1), "there was time for an answer")


def confirm(lot: Lot, body: Body, *, is_sale_paused: bool) -> None:
    """Rule 60: the bidder who is asked stands by its bid. Raises WrongFactError."""
    require(lot.asked is not None, "nobody is asked")
    assert lot.asked is not None
    require_equal("who is asked", lot.asked["paddle"], body["paddle"])
    lot.seq, lot.is_revived = lot.seq + 1, False
    go_on(lot, body["at_ms"], is_sale_paused=is_sale_paused)
    told = {"event": "lot_confirmed", "seq": lot.seq, "at_ms": body["at_ms"], "status": lot.status}
    told |= {"ends_at_ms": lot.ends_at_ms, "remaining_ms": lot.remaining_ms}
    require_equal("what everybody hears", body["event"], told)


def put_off(lot: Lot, at_ms: int, *, is_sale_paused: bool) -> None:
    """Rule 62: stop the time for the answer with the sale, or let it go on. Raises WrongFactError."""
    require(lot.asked is not None, "nobody is asked")
    asked = lot.asked or {}
    was_paused = asked["until_ms"] is None
    require_equal("whether the time stands still", was_paused, not is_sale_paused)
    until_ms = None if is_sale_paused else at_ms + asked["remaining_ms"]
    remaining_ms = asked["until_ms"] - at_ms if is_sale_paused else None
    lot.asked = {"paddle": asked["paddle"], "until_ms": until_ms, "remaining_ms": remaining_ms}
    lot.seq += 1
