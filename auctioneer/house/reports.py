"""The reports of the house for the auctioneer, in the shape that `--json` prints: the same live and from the journal.

Each amount comes twice: as a decimal string in the sale's currency, and as an integer in a field that ends in `_minor`.
The lots here show secrets of the house (reserve, maximum), so a report never leaves the control endpoint and the data
directory.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from auctioneer.house.formats.table import bidding, offer_made
from auctioneer.house.house import House
from auctioneer.house.limits_near import NearLimit, limits_near
from auctioneer.house.register import Enrolled, Register
from auctioneer.house.tallies import Tally, tallies_of
from auctioneer.rules.contacts import Contact
from auctioneer.rules.facts import CommandDone, OfferLate
from auctioneer.rules.formats.table import format_of
from auctioneer.rules.lots import LotState
from auctioneer.rules.sale_settings import Controller
from auctioneer.rules.terms import LotDefaults, LotSpec
from common.errors import RejectCode, RejectedError
from common.limits import NEWS_WAIT_MS
from common.lot import LotStatus, Result
from common.messages import Role
from common.money import Currency
from common.the_house import HOUSE_NAME, HOUSE_PADDLE

Row = dict[str, Any]
_UNKNOWN: Final = Contact()

RUNNING_SHOWN_MAX: Final = 50
"""The most open and paused lots in an overview; all others are only counted."""
WARNINGS_SHOWN: Final = 5
"""The most late bids, void left bids, and limits that are near, in an overview."""
_WHY_VOID: Final = {
    RejectCode.BELOW_MINIMUM: "earlier bids lead as high or higher",
    RejectCode.OVER_SPENDING_LIMIT: "it would take the bidder over its spending limit",
    RejectCode.LINKED_BIDDER: "the bidder is linked with somebody who has an offer on the lot, or with its seller",
}
"""Why a bid that was left does not count when its lot opens."""
NEIGHBOURS_SHOWN: Final = 3
"""Lots in an overview that were over last, and lots that come next."""
CONNECTED_MS: Final = NEWS_WAIT_MS + 10_000
"""A bidder who was heard within this time counts as connected: a client asks for news again at least this often."""


def choose(house: House, numbers: Sequence[str]) -> Sequence[LotState]:
    """Return the lots with these numbers, or all if none is given. Raises RejectedError for an unknown number."""
    chosen = []
    for number in numbers:
        lot = house.engine.find(number)
        if lot is None:
            raise RejectedError(RejectCode.UNKNOWN_LOT, f"lot {number}")
        chosen.append(lot)
    return chosen or house.engine.catalogue


def status(house: House, now_ms: int, chosen: Sequence[LotState]) -> Row:  # noqa: ARG001 -- one signature for all
    """Return the sale at a glance, whatever lots were chosen."""
    engine = house.engine
    counts = Counter(lot.view.status for lot in engine.catalogue)
    turnover_minor = sum(lot.view.paid_minor or 0 for lot in engine.catalogue)
    return {
        "title": engine.sale.title,
        "sale": engine.sale.sale,
        "status": engine.sale.status.value,
        "corrections": engine.state.created.corrections,
        "currency": engine.sale.currency.code,
        "decimals": engine.sale.currency.decimals,
        "epoch": engine.epoch,
        "started_at_ms": engine.sale.started_at_ms,
        "now_ms": now_ms,
        "lots": {state.value: counts[state] for state in LotStatus},
        "bidders": sum(entry.admitted for entry in house.register.entries),
        "waiting": sum(entry.waiting for entry in house.register.entries),
        "at_the_desk": sum(entry.admitted and not entry.key for entry in house.register.entries),
        "connected": sum(_is_connected(house, entry, now_ms) for entry in house.register.entries),
        "partners": [partner.name for partner in house.sale_settings.partners],
        "bids": sum(bidding(lot).bids or 0 for lot in engine.catalogue),
        "changes": engine.count_events(),
        "term": house.settings.term,
        "owner": house.settings.instance,
        "standbys": [{"place": one.place, "behind": one.behind} for one in house.standbys],
        **money_fields(engine.sale.currency, turnover=turnover_minor),
    }


def overview(house: House, now_ms: int, chosen: Sequence[LotState]) -> Row:
    """Return the sale at a glance, the lots that run now, the latest that are over, and the next ones.

    `late` and `void` have the last rows of the reports of these names. `limits_near` has the spending limits of
    which least is left, and `limits_near_more` counts the others (`auctioneer.house.limits_near`).
    """
    views = [(lot, lot.view) for lot in house.engine.catalogue]
    running = [lot for lot, view in views if view.status in (LotStatus.OPEN, LotStatus.PAUSED)]
    over = [lot for lot, view in views if view.status.is_final]
    latest = sorted(over, key=lambda lot: lot.view.closed_at_ms or 0)[-NEIGHBOURS_SHOWN:]
    coming = [lot for lot, view in views if view.status is LotStatus.SCHEDULED][:NEIGHBOURS_SHOWN]
    shown = sorted([*running[:RUNNING_SHOWN_MAX], *latest, *coming], key=lambda lot: lot.index)
    near = list(limits_near(house.engine, tallies_of(house.engine)).values())
    return status(house, now_ms, chosen) | {
        "shown": [_lot_row(house, lot, now_ms) for lot in shown],
        "running_more": max(0, len(running) - RUNNING_SHOWN_MAX),
        "late": late(house, now_ms, house.engine.catalogue)[-WARNINGS_SHOWN:],
        "void": void(house, now_ms, house.engine.catalogue)[-WARNINGS_SHOWN:],
        "limits_near": [_near_row(house, one) for one in near[:WARNINGS_SHOWN]],
        "limits_near_more": max(0, len(near) - WARNINGS_SHOWN),
    }


def _near_row(house: House, near: NearLimit) -> Row:
    return {
        "paddle": near.paddle,
        "name": name_of(house, near.paddle),
        "short_on": near.short_on,
        **money_fields(house.engine.sale.currency, limit=near.limit_minor, left=near.left_minor),
    }


def late(house: House, now_ms: int, chosen: Sequence[LotState]) -> list[Row]:  # noqa: ARG001 -- as above
    """Return the last bids that came too late on the chosen lots, the oldest first: up to 200 of the sale are at hand.

    `late_ms` says how long after its lot's end each came. After a restart only those of the record's last 20,000 facts
    are at hand. A sealed offer on a lot that was opened again stays sealed.
    """
    lots = {lot.view.lot: lot for lot in chosen}
    rows = []
    for one in house.late_bids.on(lots):
        lot = lots[one.lot]
        row = late_row(one, house.engine.sale.currency, lot.view.terms.title, name_of(house, one.paddle))
        is_sealed = offer_made(one.request).is_sealed and not lot.view.status.is_final
        rows.append(row | {"amount": None, "amount_minor": None} if is_sealed else row)
    return rows


def late_row(late: OfferLate, currency: Currency, title: str, name: str | None) -> Row:
    """Return a bid that came too late: on what, by whom, what it asked for, and by how much too late."""
    made = offer_made(late.request)
    return {
        "lot": late.lot,
        "title": title,
        "at_ms": late.at_ms,
        "late_ms": late.late_ms,
        "paddle": late.paddle,
        "name": name,
        "kind": made.kind,
        "source": late.source.value,
        "by": late.by or None,
        **money_fields(currency, amount=made.amount_minor, maximum=made.maximum_minor),
    }


def lots(house: House, now_ms: int, chosen: Sequence[LotState]) -> list[Row]:
    """Return each of the chosen lots with its secrets."""
    return [_lot_row(house, lot, now_ms) for lot in chosen]


def bidders(house: House, now_ms: int, chosen: Sequence[LotState]) -> list[Row]:  # noqa: ARG001 -- as above
    """Return all bidders in the register, whatever lots were chosen.

    `limit_near` says whether little is left of a spending limit, and `short_on` names an open lot whose next bid it no
    longer allows (`auctioneer.house.limits_near`).
    """
    tallies = tallies_of(house.engine)
    near = limits_near(house.engine, tallies)
    return [
        {
            "paddle": entry.paddle,
            "name": entry.name,
            "role": entry.role.value,
            "state": _state_of(entry),
            "leads": tallies[entry.paddle].leads,
            "won": tallies[entry.paddle].won,
            "key": entry.key or None,
            "heard_at_ms": house.heard_ms(entry.paddle),
            "connected": _is_connected(house, entry, now_ms),
            "accepted": _has_accepted(house, entry),
            **msgspec.structs.asdict(house.contacts.get(entry.paddle, _UNKNOWN)),
            **_amounts_of(house, tallies[entry.paddle], entry.paddle),
            "limit_near": entry.paddle in near,
            "short_on": near[entry.paddle].short_on if entry.paddle in near else None,
        }
        for entry in house.register.entries
    ]


def _amounts_of(house: House, tally: Tally, paddle: int) -> Row:
    """Return what a bidder has spent, may have to pay besides, and has left; nobody is told of sealed offers here."""
    limit_minor = house.engine.accounts.of(paddle).limit_minor
    left_minor = None if limit_minor is None else max(0, limit_minor - tally.spent_minor - tally.exposed_minor)
    return money_fields(
        house.engine.sale.currency,
        spent=tally.spent_minor,
        exposed=tally.exposed_minor,
        limit=limit_minor,
        left=left_minor,
    )


def paddles(house: House, now_ms: int, chosen: Sequence[LotState]) -> list[Row]:  # noqa: ARG001 -- as above
    """Return who has which paddle, whatever lots were chosen, and until when a code that nobody used yet counts.

    `company` and `contact` are empty where none is known. They must go into no log and no file of the house's.
    `linked` are the paddles, and `sellers` the sellers by name, with whom a paddle is linked.
    """
    register, accounts, tallies = house.register, house.engine.accounts, tallies_of(house.engine)
    return [
        {
            "paddle": entry.paddle,
            "name": entry.name,
            "state": _state_of(entry),
            "code_expires_at_ms": _open_code_ms(register, entry.paddle, now_ms),
            "accepted": _has_accepted(house, entry),
            "linked": sorted(accounts.of(entry.paddle).linked),
            "sellers": sorted(accounts.of(entry.paddle).sellers),
            **msgspec.structs.asdict(house.contacts.get(entry.paddle, _UNKNOWN)),
            **_amounts_of(house, tallies[entry.paddle], entry.paddle),
            **money_fields(house.engine.sale.currency, deposit=accounts.of(entry.paddle).deposit_minor or None),
        }
        for entry in register.entries
        if entry.role is Role.BIDDER
    ]


def clerks(house: House, now_ms: int, chosen: Sequence[LotState]) -> list[Row]:  # noqa: ARG001 -- as above
    """Return all clerks, whatever lots were chosen: their rights, and until when a link or a key counts."""
    return [
        {
            "name": one.name,
            "rights": [right.value for right in one.rights],
            "state": _state_of_clerk(one, now_ms),
            "link_expires_at_ms": one.until_ms,
            "ends_at_ms": one.ends_ms,
        }
        for one in house.sale_settings.controllers
        if one.role is Role.CLERK
    ]


def commands(house: House, now_ms: int, chosen: Sequence[LotState]) -> list[Row]:  # noqa: ARG001 -- as above
    """Return the commands that the house remembers, the last of each person, by time; whatever lots were chosen."""
    return [command_row(done) for done in sorted(house.commands_done.kept, key=lambda done: done.at_ms)]


def command_row(done: CommandDone) -> Row:
    """Return who did what: the kind of the command, the lots that it changed, and the paddle that it was about."""
    return {
        "at_ms": done.at_ms,
        "by": done.by,
        "kind": done.kind,
        "lots": done.answer.get("lots", []),
        "paddle": done.answer.get("paddle"),
        "name": done.answer.get("name") or None,
        "people": done.answer.get("people", []),
        "id": done.command_id,
    }


def asked(house: House, now_ms: int, chosen: Sequence[LotState]) -> list[Row]:
    """Return the chosen lots that wait for a bidder who is asked whether its bid stands, with the time that it has."""
    rows = []
    for lot in chosen:
        one = lot.view.asked
        if one is None:
            continue
        left_ms = one.remaining_ms if one.until_ms is None else max(0, one.until_ms - now_ms)
        price_minor = bidding(lot).price_minor
        rows.append(
            {
                "lot": lot.view.lot,
                "title": lot.view.terms.title,
                "seq": lot.view.seq,
                "paddle": one.paddle,
                "name": name_of(house, one.paddle),
                "until_ms": one.until_ms,
                "left_ms": left_ms,
                **money_fields(house.engine.sale.currency, price=price_minor),
            }
        )
    return rows


def absentee(house: House, now_ms: int, chosen: Sequence[LotState]) -> list[Row]:  # noqa: ARG001 -- as above
    """Return the bids that were left on the chosen lots and wait for the opening, in the order in which they count.

    A sealed offer stays sealed here too: it has no amount.
    """
    rows = []
    for lot in chosen:
        for paddle, left in (lot.left or {}).items():
            offer = format_of(lot.spec).offer_left(left.request)
            is_sealed = offer is None or offer_made(offer).is_sealed
            rows.append(
                {
                    "lot": lot.view.lot,
                    "title": lot.view.terms.title,
                    "paddle": paddle,
                    "name": name_of(house, paddle),
                    "by": left.by or None,
                    "sealed": is_sealed,
                    **money_fields(house.engine.sale.currency, amount=None if is_sealed else left.request.amount_minor),
                }
            )
    return rows


def void(house: House, now_ms: int, chosen: Sequence[LotState]) -> list[Row]:  # noqa: ARG001 -- as above
    """Return the last left bids on the chosen lots that did not count as their lot opened, the oldest first.

    `why` says it for people, `code` for programs. Up to 200 of the sale are at hand; after a restart, only those of the
    record's last 20,000 facts. A sealed offer stays sealed until its lot is over.
    """
    lots = {lot.view.lot: lot for lot in chosen}
    rows = []
    for one in house.void_bids.on(lots):
        lot = lots[one.lot]
        offer = format_of(lot.spec).offer_left(one.request)
        is_sealed = (offer is None or offer_made(offer).is_sealed) and not lot.view.status.is_final
        amount_minor = None if is_sealed else one.request.amount_minor
        rows.append(
            {
                "lot": one.lot,
                "title": lot.view.terms.title,
                "at_ms": one.at_ms,
                "paddle": one.paddle,
                "name": name_of(house, one.paddle),
                "code": one.code.value,
                "why": _WHY_VOID.get(one.code, one.code.value.replace("_", " ")),
                "sealed": is_sealed,
                **money_fields(house.engine.sale.currency, amount=amount_minor),
            }
        )
    return rows


def results(house: House, now_ms: int, chosen: Sequence[LotState]) -> list[Row]:  # noqa: ARG001 -- as above
    """Return the result of each chosen lot, or its present state. The `price` of a sold lot is the price paid.

    `results` has a row for each buyer, and for each who only has to pay (`units` 0). `winner` and `paddle` name
    the buyer if there is only one. `hammer` is what all pay together.
    """
    currency = house.engine.sale.currency
    rows = []
    for lot in chosen:
        view, told, winner = lot.view, bidding(lot), _winner(lot)
        rows.append(
            {
                "lot": view.lot,
                "title": view.terms.title,
                "status": view.status.value,
                "winner": name_of(house, winner),
                "paddle": winner,
                "bids": told.bids,
                "results": [result_row(house, result) for result in view.results],
                "closed_at_ms": view.closed_at_ms,
                "cause": view.close_cause.value if view.close_cause else None,
                **money_fields(
                    currency,
                    hammer=view.paid_minor,
                    price=told.price_minor if view.paid_minor is None else view.paid_minor,
                ),
            }
        )
    return rows


def bills(house: House, now_ms: int, chosen: Sequence[LotState]) -> list[Row]:  # noqa: ARG001 -- as above
    """Return for each bidder what of the chosen lots was bought and has to be paid, and which the bidder still leads.

    A bidder who has to pay without getting anything has a lot with `units` 0. Fees are in no bill, since the house
    knows none, nor what was paid. `company` and `contact` must go into no log and no file of the house's.
    """
    currency = house.engine.sale.currency
    bought: defaultdict[int, list[Row]] = defaultdict(list)
    owed: Counter[int] = Counter()
    leads: defaultdict[int, list[str]] = defaultdict(list)
    for lot in chosen:
        view = lot.view
        if view.board.leader is not None and not view.status.is_final:
            leads[view.board.leader].append(view.lot)
        for result in view.results:
            one = {"lot": view.lot, "title": view.terms.title, "units": result.units}
            bought[result.paddle].append(one | money_fields(currency, amount=result.amount_minor))
            owed[result.paddle] += result.amount_minor
    return [
        {
            "paddle": entry.paddle,
            "name": entry.name,
            **msgspec.structs.asdict(house.contacts.get(entry.paddle, _UNKNOWN)),
            "lots": bought[entry.paddle],
            "leads": leads[entry.paddle],
            "currency": currency.code,
            **money_fields(currency, total=owed[entry.paddle]),
        }
        for entry in house.register.entries
        if entry.role is Role.BIDDER
    ]


def conditions(house: House, now_ms: int, chosen: Sequence[LotState]) -> Row:  # noqa: ARG001 -- as above
    """Return the conditions of the sale, and how many bidders accepted them; the text is empty where there are none."""
    answers = [_has_accepted(house, entry) for entry in house.register.entries]
    return {
        "digest": house.conditions_digest,
        "text": house.conditions,
        "accepted": answers.count(True),
        "not_accepted": answers.count(False),
    }


def lot_defaults(house: House, now_ms: int, chosen: Sequence[LotState]) -> LotDefaults:  # noqa: ARG001 -- as above
    """Return the default values of lots that are added, for the program that writes such lots."""
    return house.engine.state.created.lot_defaults


def specs(house: House, now_ms: int, chosen: Sequence[LotState]) -> list[LotSpec]:  # noqa: ARG001 -- as above
    """Return what the catalogue says of each chosen lot, for the program that corrects it."""
    return [lot.spec for lot in chosen]


def _lot_row(house: House, lot: LotState, now_ms: int) -> Row:
    view, told, winner = lot.view, bidding(lot), _winner(lot)
    return {
        "lot": view.lot,
        "title": view.terms.title,
        "status": view.status.value,
        "seq": view.seq,
        "is_asked": view.asked is not None,
        "bids": told.bids,
        "leader": name_of(house, told.leader),
        "paddle": told.leader,
        "winner": name_of(house, winner),
        "winner_paddle": winner,
        "reserve_met": told.reserve_met,
        "opens_at_ms": view.opens_at_ms,
        "ends_at_ms": view.ends_at_ms,
        "remaining_ms": view.remaining_at(now_ms),
        **money_fields(
            house.engine.sale.currency,
            price=told.price_minor,
            minimum=told.minimum_minor,
            starting=told.starting_minor,
            reserve=lot.spec.reserve_minor,
            maximum=told.maximum_minor,
            buy_now=told.buy_now_minor,
            estimate_high=view.terms.estimate_high_minor,
            hammer=view.paid_minor,
        ),
    }


def _is_connected(house: House, entry: Enrolled, now_ms: int) -> bool:
    """Return whether a bidder was heard lately; never in a record at rest."""
    heard_ms = house.heard_ms(entry.paddle)
    return entry.admitted and heard_ms is not None and now_ms - heard_ms <= CONNECTED_MS


def _state_of(entry: Enrolled) -> str:
    if entry.admitted:
        return "admitted" if entry.key else "at the desk"
    return "waiting" if entry.waiting else "turned out"


def _state_of_clerk(clerk: Controller, now_ms: int) -> str:
    if clerk.until_ms is None:
        return "over" if clerk.is_over(now_ms) else "joined"
    return "link expired" if clerk.is_over(now_ms) else "invited"


def _has_accepted(house: House, entry: Enrolled) -> bool | None:
    """Return whether a bidder accepted the present conditions; None if there are none, and for observers."""
    return entry.accepted == house.conditions_digest if house.conditions and entry.role is Role.BIDDER else None


def _open_code_ms(register: Register, paddle: int, now_ms: int) -> int | None:
    code = register.code_of(paddle)
    return code.expires_at_ms if code is not None and register.may_bind(now_ms, paddle) else None


def _winner(lot: LotState) -> int | None:
    """Return the paddle that won the lot; None if nobody did, or several."""
    buyers = lot.view.buyers
    return buyers[0].paddle if len(buyers) == 1 else None


def result_row(house: House, result: Result) -> Row:
    """Return one row of a lot's outcome: who gets how much of it, and pays what."""
    return {
        "paddle": result.paddle,
        "name": name_of(house, result.paddle),
        "units": result.units,
        **money_fields(house.engine.sale.currency, amount=result.amount_minor),
    }


def name_of(house: House, paddle: int | None) -> str | None:
    """Return the name of a paddle, also of the house's; None if nobody has it."""
    if paddle == HOUSE_PADDLE:
        return HOUSE_NAME
    entry = None if paddle is None else house.register.by_paddle(paddle)
    return None if entry is None else entry.name


def money_fields(currency: Currency, **amounts: int | None) -> Row:
    """Return each amount twice: as a decimal string under its name, and in minor units under its name with `_minor`."""
    row: Row = {}
    for name, amount_minor in amounts.items():
        row[name] = None if amount_minor is None else currency.plain(amount_minor)
        row[f"{name}_minor"] = amount_minor
    return row


REPORTS: Final[dict[str, Callable[[House, int, Sequence[LotState]], Any]]] = {
    "status": status,
    "overview": overview,
    "lots": lots,
    "bidders": bidders,
    "paddles": paddles,
    "clerks": clerks,
    "commands": commands,
    "conditions": conditions,
    "absentee": absentee,
    "asked": asked,
    "late": late,
    "void": void,
    "results": results,
    "bills": bills,
    "lot_defaults": lot_defaults,
    "specs": specs,
}
