"""What a phone asks: read, checked, and carried to the house under the phone's own request id.

The phone chooses the id, and repeats a request with the same id until it has the verdict: after a reload, and after the
end of the gateway or of the house. The house answers each id once, so nothing here remembers a verdict.
"""

from typing import Final

import msgspec

from bidder.core.errors import UnansweredError
from bidder.display.amounts import Record
from bidder.display.formats import USUAL, AnyDisplay, display_of
from bidder.display.records import no_verdict_record, verdict_record
from bidder.display.wording import answer_line, retraction_line, verdict_line
from bidder.shells.hall import Desk
from bidder.web.frames import without_texts
from bidder.web.limits import OFFER_WAIT_MS
from common.errors import AuctionError, RejectCode, RejectedError, UsageError
from common.limits import INTEGER_MAX
from common.lot import LotView
from common.messages import Accepted, Rejected
from common.money import Currency


class Message(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a phone sends: `do` names what it asks, and each asks with some of the other fields.

    Types are checked here, and values where the request is made. The house checks all of it again.
    """

    do: str
    lot: str
    id: int | None = None
    amount_minor: int | None = None
    maximum_minor: int | None = None
    price_minor: int | None = None
    units: int | None = None
    if_price_minor: int | None = None
    if_seq: int | None = None
    stands: bool | None = None
    on: bool | None = None


FINGER: Final = "finger"
"""Somebody's finger is on the bid button, or no longer: no request to the house, so it has no id."""
OFFERS: Final = ("bid", "buy", "stop", "seal", "unseal", "leave_bid", "retract", "confirm")


def read_message(text: str | bytes) -> Message:
    """Return what a phone sent. Raises UsageError, which says what is wrong."""
    try:
        message = msgspec.json.decode(text, type=Message)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise UsageError(f"That is no message of this page: {error}.") from error
    if message.do == FINGER:
        return message
    if message.do not in OFFERS:
        raise UsageError("That is nothing that a phone can ask.")
    if message.id is None or not 1 <= message.id <= INTEGER_MAX:
        raise UsageError(f"A request needs an id from 1 to {INTEGER_MAX}.")
    return message


async def carry_out(desk: Desk, message: Message) -> Accepted | Rejected:
    """Ask the house, and return its verdict. Raises UsageError, UnansweredError and what ended the desk."""
    asked = message
    assert asked.id is not None, "an offer without an id was read"
    lot, request_id, if_seq, timeout_ms = asked.lot, asked.id, asked.if_seq, OFFER_WAIT_MS
    match asked.do:
        case "bid":
            return await desk.bid(
                lot,
                asked.amount_minor,
                asked.maximum_minor,
                if_seq=if_seq,
                if_price_minor=asked.if_price_minor,
                request_id=request_id,
                timeout_ms=timeout_ms,
            )
        case "buy":
            price_minor = _needed(asked.price_minor, "price_minor")
            return await desk.buy(lot, price_minor, if_seq=if_seq, request_id=request_id, timeout_ms=timeout_ms)
        case "stop":
            price_minor, units = _needed(asked.price_minor, "price_minor"), asked.units or 1
            return await desk.stop(lot, price_minor, units, if_seq=if_seq, request_id=request_id, timeout_ms=timeout_ms)
        case "seal":
            amount_minor = _needed(asked.amount_minor, "amount_minor")
            return await desk.seal(lot, amount_minor, if_seq=if_seq, request_id=request_id, timeout_ms=timeout_ms)
        case "unseal":
            return await desk.unseal(lot, if_seq=if_seq, request_id=request_id, timeout_ms=timeout_ms)
        case "leave_bid":
            return await desk.leave_bid(
                lot, asked.amount_minor, if_seq=if_seq, request_id=request_id, timeout_ms=timeout_ms
            )
        case "confirm":
            if asked.stands is None:
                raise UsageError("This request needs `stands`.")
            return await desk.confirm(
                lot, stands=asked.stands, if_seq=if_seq, request_id=request_id, timeout_ms=timeout_ms
            )
        case _:
            return await desk.retract(lot, if_seq=if_seq, request_id=request_id, timeout_ms=timeout_ms)


def _needed(amount_minor: int | None, name: str) -> int:
    if amount_minor is None:
        raise UsageError(f"This request needs `{name}`.")
    return amount_minor


# --- answers ---------------------------------------------------------------------------------------------------------


def verdict(message: Message, outcome: Accepted | Rejected, view: LotView | None, currency: Currency) -> Record:
    """Return the house's verdict for the phone that asked."""
    shown = _shown(outcome, view)
    line_of = {"retract": retraction_line, "confirm": answer_line}.get(message.do, verdict_line)
    line = line_of(outcome, message.lot, currency)
    return _answer(message, verdict_record(outcome, currency, message.lot, line.text, shown))


def refusal(message: Message, code: RejectCode, detail: str, view: LotView | None) -> Record:
    """Return the gateway's own answer to a request that never reached the house, and never will."""
    error = RejectedError(code, detail)
    return _answer(
        message, no_verdict_record(error, message.lot, message.id, USUAL if view is None else display_of(view))
    )


def no_verdict(message: Message, error: AuctionError, view: LotView | None) -> Record:
    """Return the answer while the verdict is not known: the phone asks again with the same id."""
    return _answer(
        message, no_verdict_record(error, message.lot, message.id, USUAL if view is None else display_of(view))
    )


def is_unknown(error: AuctionError) -> bool:
    """Return whether the house may have decided, or may still."""
    return isinstance(error, UnansweredError)


def _answer(message: Message, record: Record) -> Record:
    del record["request_id"]
    return {"event": "verdict", "id": message.id, "do": message.do, **without_texts(record)}


def _shown(outcome: Accepted | Rejected, view: LotView | None) -> AnyDisplay:
    if outcome.board is not None:
        return display_of(outcome.board)
    return USUAL if view is None else display_of(view)
