"""What is to be heard of a fact of the journal, by everybody or by one bidder alone, as plain data."""

from typing import Any

Body = dict[str, Any]
"""A fact as plain data with names."""


def word_of(body: Body) -> Body | None:
    """Return what one bidder alone hears of a fact; None where that is nothing."""
    match body["fact"]:
        case "bidder_told":
            kind, text = "message", body["text"]
        case "bidder_admitted":
            kind, text = "admitted" if body["admitted"] else "turned_out", ""
        case _:
            return None
    return {"seq": body["news_seq"], "at_ms": body["at_ms"], "kind": kind, "text": text}


def public_event(body: Body) -> Body | None:
    """Return what everybody may know of a fact, as it stands in a broadcast; None where that is nothing."""
    seq, at_ms = body.get("seq", 0), body["at_ms"]
    match body["fact"]:
        case "lot_decided" | "sale_decided":
            change: Body = body["event"]
            return change
        case "bid_taken" if body["public"]:
            copied = ("leader", "price_minor", "minimum_minor", "ends_at_ms", "reserve_met", "buy_now_minor")
            told = {field: body[field] for field in copied}
            return {"event": "bid_placed", "seq": seq, "at_ms": at_ms, "bidder": body["paddle"], **told}
        case "lot_bought":
            sold = {"cause": "buy_now", "winner": body["paddle"], "hammer_minor": body["price_minor"]}
            return {"event": "lot_closed", "seq": seq, "at_ms": at_ms, **sold}
        case "lot_listed":
            listed = {"terms": body["spec"]["terms"], "opens_at_ms": body["opens_at_ms"]}
            return {"event": "lot_added", "seq": seq, "at_ms": at_ms, **listed}
        case _:
            return None
