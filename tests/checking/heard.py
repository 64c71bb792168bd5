"""The message about a fact of the journal, to everybody or to one bidder alone, as plain data."""

from typing import Any

Body = dict[str, Any]
"""A fact as plain data with names."""


_FLAT = ("minimum_minor", "price_minor", "leader", "bids", "reserve_met", "buy_now_minor")
"""The fields of the board that a bid on an English lot contains directly."""


def board_of(body: Body) -> Body:
    """Return the board that an accepted offer left behind."""
    if body["fact"] == "bid_taken":
        return {"format": "english"} | {field: body[field] for field in _FLAT}
    board: Body = body["board"]
    return board


def word_of(body: Body) -> Body | None:
    """Return the word about a fact to one bidder alone; None if there is no such word."""
    match body["fact"]:
        case "bidder_told":
            kind, text = body["kind"], body["text"]
        case "bidder_admitted":
            kind, text = "admitted" if body["admitted"] else "turned_out", ""
        case _:
            return None
    return {"seq": body["news_seq"], "at_ms": body["at_ms"], "kind": kind, "text": text, "lot": body["lot"]}


def public_event(body: Body) -> Body | None:
    """Return the public event of a fact, as in a broadcast; None if the fact is not public."""
    seq, at_ms = body.get("seq", 0), body["at_ms"]
    match body["fact"]:
        case "lot_decided" | "sale_decided" | "correction_made" | "bid_confirmed" | "lot_rewritten":
            change: Body | None = body["event"]
            return change
        case "offer_taken" if body["cause"] is not None:
            closed = {field: body[field] for field in ("cause", "board", "results")}
            return {"event": "lot_closed", "seq": seq, "at_ms": at_ms, **closed}
        case "bid_taken" | "offer_taken" if body["public"]:
            told = {"board": board_of(body), "ends_at_ms": body["ends_at_ms"], "bidder": body["paddle"]}
            return {"event": "lot_moved", "seq": seq, "at_ms": at_ms, **told}
        case "clock_stepped":
            told = {"board": body["board"], "ends_at_ms": body["ends_at_ms"], "bidder": None}
            return {"event": "lot_moved", "seq": seq, "at_ms": at_ms, **told}
        case "lot_listed":
            listed = {"terms": body["spec"]["terms"], "board": body["board"], "opens_at_ms": body["opens_at_ms"]}
            return {"event": "lot_added", "seq": seq, "at_ms": at_ms, **listed}
        case _:
            return None
