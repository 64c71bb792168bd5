"""JSON for programs: verdicts, lots and events as plain objects; docs/cli.md has their fields.

Each amount is there twice: as a decimal string in the sale's currency, and as an integer in a field that ends in
`_minor`. Times are the house's, in milliseconds since 1970. In events `seq` is set in states and changes only, so that
for each lot (and for the sale, where `lot` is null) it goes up by one from line to line.
"""

from typing import Any

from bidder.core.notices import (
    ConnectionChanged,
    HistoryLost,
    Joined,
    Lost,
    LotCaughtUp,
    LotChanged,
    Notice,
    NoticesDropped,
    Outbid,
    Repaired,
    SaleCaughtUp,
    SaleChanged,
    StateReady,
    Told,
    Won,
)
from common.errors import AuctionError, RejectedError
from common.lot import (
    Announced,
    AnyLotEvent,
    AnySaleEvent,
    BidPlaced,
    LotAdded,
    LotClosed,
    LotExtended,
    LotView,
    SaleView,
)
from common.messages import Accepted, Mine, Rejected
from common.money import Currency

Record = dict[str, Any]


def money(currency: Currency, **amounts_minor: int | None) -> Record:
    """Return each amount twice: as `NAME`, a decimal string, and as `NAME_minor`."""
    record: Record = {}
    for name, amount_minor in amounts_minor.items():
        record[name] = None if amount_minor is None else currency.plain(amount_minor)
        record[f"{name}_minor"] = amount_minor
    return record


def verdict_record(verdict: Accepted | Rejected, currency: Currency, lot: str, message: str) -> Record:
    """Return the house's verdict on a bid or a purchase."""
    accepted = verdict if isinstance(verdict, Accepted) else None
    refused = verdict if isinstance(verdict, Rejected) else None
    return {
        "status": "accepted" if accepted else "rejected",
        "code": refused and refused.code.value,
        "lot": verdict.lot or lot,
        "seq": verdict.seq,
        "currency": currency.code,
        **money(
            currency,
            price=verdict.price_minor,
            minimum=verdict.minimum_minor,
            maximum=accepted.maximum_minor if accepted else None,
        ),
        "leading": verdict.leading,
        "bought": accepted is not None and accepted.bought,
        "reserve_met": accepted and accepted.reserve_met,
        "at_ms": accepted and accepted.at_ms,
        "ends_at_ms": accepted and accepted.ends_at_ms,
        "late_ms": refused and refused.late_ms,
        "request_id": verdict.id,
        "message": message,
    }


def no_verdict_record(error: AuctionError, lot: str, request_id: int | None) -> Record:
    """Return the record in place of a verdict: the house did not let the bidder in, or did not answer.

    `request_id` is None where nothing was sent.
    """
    is_refused = isinstance(error, RejectedError)
    unknown = ("seq", "currency", "price", "price_minor", "minimum", "minimum_minor", "maximum", "maximum_minor")
    return {
        "status": "rejected" if is_refused else "unknown",
        "code": error.code,
        "lot": lot,
        **dict.fromkeys(unknown),
        "leading": False if is_refused else None,
        "bought": False if is_refused else None,
        **dict.fromkeys(("reserve_met", "at_ms", "ends_at_ms", "late_ms")),
        "request_id": request_id,
        "message": str(error),
    }


def lot_record(view: LotView, currency: Currency, paddle: int, remaining_ms: int | None) -> Record:
    """Return how a lot stands. `paddle` is the bidder's own, 0 for an observer."""
    return {
        "lot": view.lot,
        "title": view.terms.title,
        "status": view.status.value,
        "seq": view.seq,
        "currency": currency.code,
        **money(
            currency,
            price=view.price_minor,
            minimum=None if view.status.is_final else view.minimum_minor,
            buy_now=view.buy_now_minor,
            starting=view.terms.starting_minor,
            estimate_low=view.terms.estimate_low_minor,
            estimate_high=view.terms.estimate_high_minor,
            hammer=view.hammer_minor,
        ),
        "bids": view.bids,
        "leader": view.leader,
        "leading": paddle != 0 and view.leader == paddle and not view.status.is_final,
        "winner": view.winner,
        "won": paddle != 0 and view.winner == paddle,
        "has_reserve": view.terms.has_reserve,
        "reserve_met": view.reserve_met,
        "opens_at_ms": view.opens_at_ms,
        "ends_at_ms": view.ends_at_ms,
        "remaining_ms": remaining_ms,
        "closed_at_ms": view.closed_at_ms,
        "description": view.terms.description,
        "seller": view.terms.seller,
        "image": view.terms.image,
        "reason": view.reason,
    }


def mine_record(mine: Mine, name: str, lots: dict[str, LotView], currency: Currency) -> Record:
    """Return a bidder's maxima and wins."""
    return {
        "name": name,
        "paddle": mine.paddle,
        "currency": currency.code,
        "leading": [
            {
                "lot": one.lot,
                "title": lots[one.lot].terms.title,
                **money(currency, price=lots[one.lot].price_minor, maximum=one.maximum_minor),
                "reserve_met": lots[one.lot].reserve_met,
            }
            for one in mine.maxima
            if one.lot in lots
        ],
        "won": [
            {"lot": lot, "title": lots[lot].terms.title, **money(currency, hammer=lots[lot].hammer_minor)}
            for lot in mine.won
            if lot in lots
        ],
        **money(currency, total=mine.total_minor),
    }


def state_records(epoch: int, sale: SaleView, lots: dict[str, LotView]) -> list[Record]:
    """Return the state to which the changes then apply: the sale, then a line for each lot."""
    return [
        _tagged("sale_state", epoch, None, sale.seq, **_sale_fields(sale)),
        *(
            _tagged("lot_state", epoch, view.lot, view.seq, title=view.terms.title, **_view_fields(view, sale.currency))
            for view in lots.values()
        ),
    ]


def notice_record(notice: Notice, epoch: int, currency: Currency) -> Record:
    """Return a notice as one object; `lot` is null where it is about the sale or the connection."""
    match notice:
        case LotChanged():
            return _tagged(
                _tag(notice.event),
                notice.epoch,
                notice.lot,
                notice.seq,
                at_ms=notice.event.at_ms,
                **_lot_event_fields(notice.event),
                **_view_fields(notice.view, currency),
            )
        case LotCaughtUp():
            return _tagged("lot_caught_up", notice.epoch, notice.lot, notice.seq, **_view_fields(notice.view, currency))
        case SaleChanged():
            return _tagged(
                _tag(notice.event),
                notice.epoch,
                None,
                notice.seq,
                at_ms=notice.event.at_ms,
                **_sale_event_fields(notice.event),
                **_sale_fields(notice.view),
            )
        case SaleCaughtUp():
            return _tagged("sale_caught_up", notice.epoch, None, notice.seq, **_sale_fields(notice.view))
        case Outbid():
            return _tagged(
                "outbid", epoch, notice.lot, notice.seq, by=notice.by, **money(currency, price=notice.price_minor)
            )
        case Won():
            return _notice("won", epoch, notice, **money(currency, hammer=notice.hammer_minor))
        case Lost():
            hammer = money(currency, hammer=notice.hammer_minor)
            return _notice("lost", epoch, notice, winner=notice.winner, **hammer)
        case _:
            return connection_record(notice, epoch)


def connection_record(notice: Notice, epoch: int | None) -> Record:
    """Return a notice about the connection."""
    match notice:
        case Joined(welcome):
            return _tagged("joined", welcome.epoch, None, None, paddle=welcome.paddle, name=welcome.name)
        case StateReady():
            return _tagged("state_ready", notice.epoch, None, None, lots=notice.lots)
        case Repaired():
            return _notice("repaired", notice.epoch, notice, missing=notice.missing)
        case Told(word=word):
            told = {"news_seq": word.seq, "at_ms": word.at_ms, "kind": word.kind.value, "text": word.text}
            return _tagged("told", notice.epoch, None, None, **told, missing=notice.missing)
        case HistoryLost():
            return _tagged("history_lost", notice.epoch, None, None, is_other_sale=notice.is_other_sale)
        case ConnectionChanged():
            return _tagged("connection", epoch, None, None, state=notice.state.value, reason=notice.reason)
        case NoticesDropped():
            return _tagged("events_dropped", epoch, None, None, dropped=notice.dropped)
        case _:
            raise AssertionError(f"a notice without a record: {notice}")


def _tagged(event: str, epoch: int | None, lot: str | None, seq: int | None, **fields: Any) -> Record:
    return {"event": event, "epoch": epoch, "lot": lot, "seq": seq, **fields}


def _notice(event: str, epoch: int | None, of: Outbid | Won | Lost | Repaired, **fields: Any) -> Record:
    """Return a notice that follows from changes: `after_seq` names the last of them, and `seq` is null."""
    return _tagged(event, epoch, of.lot or None, None, after_seq=of.seq, **fields)


def _tag(event: AnyLotEvent | AnySaleEvent) -> str:
    return str(type(event).__struct_config__.tag)


def _view_fields(view: LotView, currency: Currency) -> Record:
    return {
        "status": view.status.value,
        **money(
            currency,
            price=view.price_minor,
            minimum=None if view.status.is_final else view.minimum_minor,
            buy_now=view.buy_now_minor,
            hammer=view.hammer_minor,
        ),
        "bids": view.bids,
        "leader": view.leader,
        "winner": view.winner,
        "reserve_met": view.reserve_met,
        "ends_at_ms": view.ends_at_ms,
        "remaining_ms": view.remaining_ms,
        "reason": view.reason,
    }


def _lot_event_fields(event: AnyLotEvent) -> Record:
    match event:
        case BidPlaced():
            return {"bidder": event.bidder}
        case LotClosed() | LotExtended():
            return {"cause": event.cause.value}
        case _:
            return {}


def _sale_event_fields(event: AnySaleEvent) -> Record:
    match event:
        case LotAdded():
            return {"added": event.terms.lot, "title": event.terms.title}
        case Announced():
            return {"text": event.text}
        case _:
            return {}


def _sale_fields(sale: SaleView) -> Record:
    return {"sale": sale.sale, "title_of_sale": sale.title, "sale_status": sale.status.value}
