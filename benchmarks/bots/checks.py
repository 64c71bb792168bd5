"""Checks after a sale: all copies of it are equal, and the record has every acknowledged bid."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

import msgspec

from common.lot import LotView, SaleView
from common.terminal.output import say
from rehearsal.bots.formats.table import bidding_of
from rehearsal.bots.tally import Acknowledged
from rehearsal.house import ask_house

_SHOWN_MAX: Final = 5
_REQUESTS: Final = """
    SELECT json_extract(body, '$[4]'), json_extract(body, '$[5]') FROM fact WHERE kind = 'bid_taken'
    UNION ALL
    SELECT json_extract(body, '$[4]'), json_extract(body, '$[5].id') FROM fact WHERE kind = 'offer_taken'
"""


class Check(msgspec.Struct, frozen=True):
    """What must hold, and the problems found."""

    what: str
    problems: list[str]


def report_check(check: Check) -> bool:
    """Print whether a check held, with the first problems of a failed one; return whether it held."""
    problems = check.problems
    say(f"{'FAIL' if problems else 'OK  '}  {check.what}", style={"fg": "red" if problems else "green"})
    for problem in problems[:_SHOWN_MAX]:
        say(f"      {problem}")
    if len(problems) > _SHOWN_MAX:
        say(f"      and {len(problems) - _SHOWN_MAX} more")
    return not problems


async def house_check(data: Path, lots: Mapping[str, LotView]) -> Check:
    """Compare a copy of the sale with the auctioneer's own reports. Raises HouseError."""
    what = "It is the sale that the auctioneer has: status, price, hammer, winner, bids and seq of each lot"
    return Check(what, differences_from_reports(lots, await ask_house(data, "lots"), await ask_house(data, "results")))


def record_check(data: Path, acknowledged: Sequence[Acknowledged]) -> Check:
    """Check that the record of the sale in `data` has all acknowledged offers."""
    what = f"All {len(acknowledged)} offers that the house acknowledged are in its record"
    twice = len(acknowledged) - len({(one.paddle, one.request_id) for one in acknowledged})
    return Check(what, missing_from_record(data, acknowledged) + ([f"{twice} are there twice"] if twice else []))


def differences(ours: Mapping[str, LotView], theirs: Mapping[str, LotView]) -> list[str]:
    """Return a sentence for each lot in which two copies of a sale differ."""
    if ours == theirs:
        return []
    return [
        f"lot {lot} is {_brief(ours.get(lot))} here and {_brief(theirs.get(lot))} there"
        for lot in sorted(ours.keys() | theirs.keys())
        if ours.get(lot) != theirs.get(lot)
    ]


def digest(sale: SaleView, lots: Mapping[str, LotView]) -> str:
    """Return a text that is the same for equal copies of a sale, in any process."""
    return blake2b(msgspec.msgpack.encode((sale, list(lots.values()))), digest_size=16).hexdigest()


def differences_from_reports(
    lots: Mapping[str, LotView], lots_report: list[dict[str, Any]], results_report: list[dict[str, Any]]
) -> list[str]:
    """Return the differences between a copy of the sale and the auctioneer's own reports on the lots."""
    reported = {row["lot"]: _public(row) for row in lots_report}
    for row in results_report:
        ended = _public({name: value for name, value in row.items() if name != _PAID})
        reported.setdefault(row["lot"], {}).update(ended | {"winner": row["paddle"]})
    return [
        f"lot {lot}: {field} is {ours.get(field)} at the bidders and {theirs.get(field)} at the house"
        for lot in sorted(reported.keys() | lots.keys())
        if (ours := _facts(lots.get(lot))) != (theirs := _comparable(reported.get(lot, {}), ours))
        for field in sorted(ours.keys() | theirs.keys())
        if ours.get(field) != theirs.get(field)
    ]


def missing_from_record(data: Path, acknowledged: Iterable[Acknowledged]) -> list[str]:
    """Return the acknowledged offers that the record of the sale in `data` lacks."""
    with closing(sqlite3.connect(f"file:{data / 'journal.sqlite3'}?mode=ro", uri=True)) as journal:
        recorded = set(journal.execute(_REQUESTS))
    return [
        f"request {one.request_id} of paddle {one.paddle} on lot {one.lot} was acknowledged and is not in the record"
        for one in acknowledged
        if (one.paddle, one.request_id) not in recorded
    ]


def _brief(view: LotView | None) -> str:
    if view is None:
        return "unknown"
    bidding = bidding_of(view.board)
    return f"{view.status.value} at {bidding.price_minor} after {bidding.bids} bids (seq {view.seq})"


_SHARED: Final = {"status": "status", "price": "price_minor", "hammer": "hammer_minor", "bids": "bids", "seq": "seq"}
"""The fields that a lot's view and the reports share, with their names in the reports."""
_PAID: Final = "price_minor"
"""In the results: the price paid, also for a lot bought at once. In `lots`: the current price of the bidding."""


def _public(row: Mapping[str, Any]) -> dict[str, Any]:
    return {field: row[name] for field, name in _SHARED.items() if name in row}


def _comparable(theirs: dict[str, Any], ours: dict[str, Any]) -> dict[str, Any]:
    """Return the house's fields, without the number of bids if other people are not shown it."""
    return theirs | {"bids": None} if ours and ours["bids"] is None else theirs


def _facts(view: LotView | None) -> dict[str, Any]:
    if view is None:
        return {}
    bidding = bidding_of(view.board)
    return {
        "status": view.status.value,
        "price": bidding.price_minor,
        "hammer": view.paid_minor,
        "bids": bidding.bids,
        "seq": view.seq,
        "winner": view.buyers[0].paddle if len(view.buyers) == 1 else None,
    }
