"""What the gateway says to phones: JSON records, and the WebSocket frames that carry them. No IO.

A public frame is the same for everybody who listens, so it is encoded once. Rules:

- A record has an amount only as an integer, in a field that ends in `_minor`; the page writes it in its own language.
- A record about a lot has the lot's `seq` and some or all of its fields. Whoever has an older `seq` takes the fields
  over; whoever has a newer one ignores the record. So records may be left out and repeated, and a later one is enough.
- Nothing here knows a bidder but in the private records, which go to that bidder's phones alone.
"""

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from bidder.core.notices import ConnectionState, LotCaughtUp, LotChanged, Notice, SaleChanged
from bidder.display.amounts import Record
from bidder.display.records import lot_record, mine_record, notice_record
from bidder.display.shown import ShownLot
from common.lot import LotView, SaleView
from common.lot_events import Call, LotAdded, LotMoved, LotsReordered, SaleEnded, SalePaused, SaleResumed
from common.messages import Mine
from common.money import Currency

_TEXT_FRAME: Final = 0x81
"""The first byte of a whole, unfragmented text frame (RFC 6455, section 5.2)."""
_SHORT_MAX: Final = 125
_MEDIUM_MAX: Final = 0xFFFF
_MEDIUM, _LONG = 126, 127
_MINOR: Final = "_minor"
_ONLY_IN_STATES: Final = ("leading", "won", "currency")
"""Fields of a lot's record that belong to one reader, or that the sale has already."""

_RESHAPES: Final = (LotAdded, LotsReordered, SalePaused, SaleResumed, SaleEnded)
"""Events of the sale after which its whole state is told again."""


def encode(record: Record) -> bytes:
    """Return a record as JSON."""
    return msgspec.json.encode(record)


def text_frame(payload: bytes) -> bytes:
    """Return the WebSocket text frame of a server that carries `payload`: unmasked, whole, not compressed."""
    size = len(payload)
    if size <= _SHORT_MAX:
        head = bytes((_TEXT_FRAME, size))
    elif size <= _MEDIUM_MAX:
        head = bytes((_TEXT_FRAME, _MEDIUM)) + size.to_bytes(2, "big")
    else:
        head = bytes((_TEXT_FRAME, _LONG)) + size.to_bytes(8, "big")
    return head + payload


def lots_payload(epoch: int, lots: Iterable[bytes]) -> bytes:
    """Return the record that carries these lots, each encoded already."""
    return b'{"event":"lots","epoch":%d,"lots":[%s]}' % (epoch, b",".join(lots))


# --- public records --------------------------------------------------------------------------------------------------


def sale_state(epoch: int, sale: SaleView, order: Iterable[str]) -> Record:
    """Return the sale as it stands, with the numbers of its lots in catalogue order."""
    return {
        "event": "sale_state",
        "epoch": epoch,
        "seq": sale.seq,
        "sale": sale.sale,
        "title": sale.title,
        "status": sale.status.value,
        "currency": {"code": sale.currency.code, "digits": sale.currency.decimals},
        "started_at_ms": sale.started_at_ms,
        "announcement": sale.announcement,
        "retractions": sale.retractions,
        "order": list(order),
    }


def whole_lot(view: LotView, currency: Currency, call: Call | None) -> Record:
    """Return all that everybody may know of a lot. `call` is the auctioneer's last one about it, while it counts."""
    record = without_texts(lot_record(ShownLot(view, view.remaining_ms), currency, paddle=0))
    for name in _ONLY_IN_STATES:
        record.pop(name, None)
    return {**record, "call": call and call.value}


def lot_change(notice: LotChanged, currency: Currency, call: Call | None) -> Record:
    """Return a change of a lot. A move has what bidding changes; all else has the whole lot, as it is rare."""
    record = without_texts(notice_record(notice, notice.epoch, currency))
    if isinstance(notice.event, LotMoved):
        return {**record, "call": call and call.value}
    return {**record, **whole_lot(notice.view, currency, call)}


def lot_moved_on(view: LotView, epoch: int, currency: Currency, call: Call | None) -> Record:
    """Return what bidding changes of a lot, without the events that led to it."""
    notice = LotCaughtUp(epoch, view.lot, view.seq, None, view)
    record = without_texts(notice_record(notice, epoch, currency))
    del record["event"], record["epoch"]
    return {**record, "call": call and call.value}


def lot_caught_up(notice: LotCaughtUp, currency: Currency, call: Call | None) -> Record:
    """Return a lot after a gap."""
    head = {"event": "lot_caught_up", "epoch": notice.epoch}
    return {**head, **whole_lot(notice.view, currency, call)}


def sale_change(notice: SaleChanged, currency: Currency) -> Record:
    """Return a change of the sale itself."""
    return notice_record(notice, notice.epoch, currency)


def reshapes_sale(notice: SaleChanged) -> bool:
    """Return whether the sale's whole state must be told after this change."""
    return isinstance(notice.event, _RESHAPES)


def house_state(state: ConnectionState, reason: str) -> Record:
    """Return how the gateway's own connection to the house is."""
    return {"event": "house", "state": state.value, "reason": reason}


def clock(now_ms: int) -> Record:
    """Return the house's time. A page has no other clock."""
    return {"event": "clock", "now_ms": now_ms}


# --- private records -------------------------------------------------------------------------------------------------


def fortune(notice: Notice, epoch: int, currency: Currency) -> Record:
    """Return what happened to one bidder: outbid, won, lost, or words of the house."""
    return without_texts(notice_record(notice, epoch, currency))


def you(mine: Mine, name: str, lots: dict[str, LotView], currency: Currency, last_id: int) -> Record:
    """Return what one bidder leads, has won and owes. `last_id` is the highest request id that counted."""
    return {"event": "you", **without_texts(mine_record(mine, name, lots, currency)), "last_id": last_id}


def without_texts(record: Record) -> Record:
    """Return a record without the amounts that it has as an integer too."""
    return {name: _without_texts(value) for name, value in record.items() if f"{name}{_MINOR}" not in record}


def _without_texts(value: Any) -> Any:
    match value:
        case dict():
            return without_texts(value)
        case list():
            return [_without_texts(one) for one in value]
        case _:
            return value
