"""JSON for programs: verdicts, lots and events as plain objects. docs/cli.md describes their fields.

Each amount appears twice: as a decimal string in the sale's currency, and as an integer in a field that ends in
`_minor`. Times are the house's, in milliseconds since 1970. Only states and changes have a `seq`. So `seq` rises by one
from line to line, for each lot and for the sale (whose `lot` is null).
"""

from typing import Any, Final, NamedTuple

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
from bidder.display.amounts import Record, money
from bidder.display.formats import USUAL, AnyDisplay, display_of
from bidder.display.shown import ShownLot
from bidder.display.wording import won_minor
from common.errors import AuctionError, RejectedError
from common.lot import LotStatus, LotTerms, LotView, SaleView
from common.lot_events import (
    Announced,
    AnyLotEvent,
    AnySaleEvent,
    Called,
    LotAdded,
    LotClosed,
    LotCorrected,
    LotExtended,
    LotMoved,
    LotRevised,
    LotsReordered,
)
from common.messages import Accepted, Mine, Rejected
from common.money import Currency
from common.spending import Spending


def verdict_record(
    verdict: Accepted | Rejected, currency: Currency, lot: str, message: str, shown: AnyDisplay
) -> Record:
    """Return the house's verdict on an offer, with the fields of the lot's format, which `shown` displays."""
    accepted = verdict if isinstance(verdict, Accepted) else None
    refused = verdict if isinstance(verdict, Rejected) else None
    return {
        "status": "accepted" if accepted else "rejected",
        "code": refused and refused.code.value,
        "lot": verdict.lot or lot,
        "seq": verdict.seq,
        "currency": currency.code,
        **shown.verdict_fields(verdict, currency),
        "at_ms": accepted and accepted.at_ms,
        "ends_at_ms": accepted and accepted.ends_at_ms,
        "late_ms": refused and refused.late_ms,
        "request_id": verdict.id,
        "message": message,
    }


def no_verdict_record(error: AuctionError, lot: str, request_id: int | None, shown: AnyDisplay) -> Record:
    """Return the record in place of a verdict, after the house refused the bidder or did not answer.

    `request_id` is None if the client sent nothing.
    """
    is_refused = isinstance(error, RejectedError)
    return {
        "status": "rejected" if is_refused else "unknown",
        "code": error.code,
        "lot": lot,
        "seq": None,
        "currency": None,
        **shown.unknown_fields(is_refused=is_refused),
        **dict.fromkeys(("at_ms", "ends_at_ms", "late_ms")),
        "request_id": request_id,
        "message": str(error),
    }


def lot_record(lot: ShownLot, currency: Currency, paddle: int) -> Record:
    """Return a lot as it stands. `paddle` is the bidder's own; 0 for an observer."""
    view, terms = lot.view, lot.view.terms
    is_over = view.status.is_final
    fields = display_of(view).lot_fields(terms.format, view.board, lot.own, paddle, currency, is_over=is_over)
    outcome = _outcome(view)
    return {
        "lot": view.lot,
        "title": terms.title,
        "format": _format_tag(terms),
        "status": view.status.value,
        "seq": view.seq,
        "currency": currency.code,
        **fields.amounts,
        **money(currency, estimate_low=terms.estimate_low_minor, estimate_high=terms.estimate_high_minor),
        **money(currency, hammer=outcome.hammer_minor),
        **fields.bidding,
        "winner": outcome.winner,
        "won": paddle != 0 and view.is_won_by(paddle),
        "results": _results(view, currency),
        **fields.reserve,
        "opens_at_ms": view.opens_at_ms,
        "ends_at_ms": view.ends_at_ms,
        "remaining_ms": lot.remaining_ms,
        "closed_at_ms": view.closed_at_ms,
        "description": terms.description,
        "seller": terms.seller,
        "image": terms.image,
        "reason": view.reason,
        "asked": None if view.asked is None else view.asked.paddle,
        "answer_until_ms": None if view.asked is None else view.asked.until_ms,
    }


_LEFT_KEY: Final = "left_bids"
"""The key of the bids that wait for their lot to open, if there are some."""


def mine_record(mine: Mine, name: str, lots: dict[str, LotView], currency: Currency) -> Record:
    """Return a bidder's positions and wins. A format's positions are under its key, if the sale has such lots."""
    positions: dict[str, list[Record]] = {USUAL.mine_key: []}
    for view in lots.values():
        positions.setdefault(display_of(view).mine_key, [])
    for one in mine.positions:
        if one.lot in lots:
            view, shown = lots[one.lot], display_of(lots[one.lot])
            fields = shown.position_fields(view.board, one.own, currency)
            key = _LEFT_KEY if view.status is LotStatus.SCHEDULED and view.board.leader is None else shown.mine_key
            positions.setdefault(key, []).append({"lot": one.lot, "title": view.terms.title, **fields})
    return {
        "name": name,
        "paddle": mine.paddle,
        "currency": currency.code,
        **positions,
        "won": [
            {
                "lot": lot,
                "title": lots[lot].terms.title,
                **money(currency, hammer=won_minor(lots[lot], mine.paddle)),
            }
            for lot in mine.won
            if lot in lots
        ],
        **money(currency, total=mine.total_minor),
        **_spending_fields(mine.spending, currency),
    }


def _spending_fields(spending: Spending | None, currency: Currency) -> Record:
    """Return a bidder's limit, what its offers may still cost, and what is left; null without a limit."""
    if spending is None:
        return money(currency, limit=None, exposed=None, left=None)
    return money(currency, limit=spending.limit_minor, exposed=spending.exposed_minor, left=spending.left_minor)


def state_records(epoch: int, sale: SaleView, lots: dict[str, LotView]) -> list[Record]:
    """Return the state to which later changes apply: a line for the sale, then a line for each lot."""
    return [
        _tagged("sale_state", epoch, None, sale.seq, **_sale_fields(sale)),
        *(
            _tagged("lot_state", epoch, view.lot, view.seq, title=view.terms.title, **_view_fields(view, sale.currency))
            for view in lots.values()
        ),
    ]


def notice_record(notice: Notice, epoch: int, currency: Currency) -> Record:
    """Return a notice as one object. Its `lot` is null if it is about the sale or the connection."""
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
            price_minor = display_of(notice.board).price_minor(notice.board)
            return _tagged("outbid", epoch, notice.lot, notice.seq, by=notice.by, **money(currency, price=price_minor))
        case Won():
            return _notice("won", epoch, notice, **money(currency, hammer=notice.amount_minor))
        case Lost():
            amounts = money(currency, hammer=notice.amount_minor)
            if notice.pays_minor:
                amounts |= money(currency, pays=notice.pays_minor)
            return _notice("lost", epoch, notice, winner=notice.winner, **amounts)
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
            return _tagged("told", notice.epoch, word.lot or None, None, **told, missing=notice.missing)
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
    """Return a notice derived from changes. Its `after_seq` is the seq of the last one, and its `seq` is null."""
    return _tagged(event, epoch, of.lot or None, None, after_seq=of.seq, **fields)


def _tag(event: AnyLotEvent | AnySaleEvent) -> str:
    return str(type(event).__struct_config__.tag)


def _format_tag(terms: LotTerms) -> str:
    return str(type(terms.format).__struct_config__.tag)


class _Outcome(NamedTuple):
    winner: int | None
    hammer_minor: int | None


def _outcome(view: LotView) -> _Outcome:
    """Return the buyer of a lot and the hammer price; None for both if nobody bought it, or if several share it."""
    buyers = view.buyers
    if len(buyers) != 1:
        return _Outcome(None, None)
    return _Outcome(buyers[0].paddle, buyers[0].amount_minor)


def _results(view: LotView, currency: Currency) -> list[Record]:
    """Return the units and the amount to pay of each paddle. Several may share a lot of several units."""
    return [
        {"paddle": result.paddle, "units": result.units, **money(currency, amount=result.amount_minor)}
        for result in view.results
    ]


def _view_fields(view: LotView, currency: Currency) -> Record:
    fields = display_of(view).change_fields(view.board, currency, is_over=view.status.is_final)
    outcome = _outcome(view)
    return {
        "status": view.status.value,
        **fields.amounts,
        **money(currency, hammer=outcome.hammer_minor),
        **fields.bidding,
        "winner": outcome.winner,
        "results": _results(view, currency),
        **fields.reserve,
        "ends_at_ms": view.ends_at_ms,
        "remaining_ms": view.remaining_ms,
        "reason": view.reason,
    }


def _lot_event_fields(event: AnyLotEvent) -> Record:
    match event:
        case LotMoved():
            return {"bidder": event.bidder}
        case LotClosed() | LotExtended():
            return {"cause": event.cause.value}
        case LotCorrected():
            asked = None if event.asked is None else event.asked.paddle
            return {"cause": event.cause.value, "void_from_seq": event.void_from_seq, "asked": asked}
        case LotRevised():
            return {"title": event.terms.title, "description": event.terms.description, "image": event.terms.image}
        case _:
            return {}


def _sale_event_fields(event: AnySaleEvent) -> Record:
    match event:
        case LotAdded():
            return {"added": event.terms.lot, "title": event.terms.title}
        case LotsReordered():
            return {"moved": event.lot, "before": event.before or None}
        case Announced():
            return {"text": event.text}
        case Called():
            return {"called": event.lot, "call": event.call.value}
        case _:
            return {}


def _sale_fields(sale: SaleView) -> Record:
    return {
        "sale": sale.sale,
        "title_of_sale": sale.title,
        "sale_status": sale.status.value,
        "retractions": sale.retractions,
    }
