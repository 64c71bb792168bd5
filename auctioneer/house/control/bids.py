"""Bids for others: a clerk makes an offer for a paddle in the room, on the telephone, or absent, or for the seller."""

from msgspec.structs import replace

from auctioneer.house import reports
from auctioneer.house.commands import AnyControlAnswer, BidFor, Done
from auctioneer.house.control.conditions import why_not_signed
from auctioneer.house.formats.bidding import Said
from auctioneer.house.formats.table import board_bidding, offer_said, offers_meant
from auctioneer.house.house import House
from auctioneer.rules.decisions import Refused
from auctioneer.rules.fact_events import verdict_of
from auctioneer.rules.facts import AnyFact, OfferTaken
from auctioneer.rules.formats.table import format_of
from auctioneer.rules.lots import LotState
from auctioneer.rules.sources import FOR_OTHERS, Placer, Source
from common.absentee import LeaveBidRequest
from common.errors import RejectCode
from common.formats import AnyOffer
from common.lot import LotStatus
from common.messages import Accepted, Rejected, Role
from common.the_house import HOUSE_PADDLE


def bid_for(house: House, command: BidFor, by: str, now_ms: int) -> AnyControlAnswer:
    """Make the offer of a clerk by the rules for a bidder's own, and return the answer with its verdict."""
    refused = _why_not(house, command)
    if refused is not None:
        return Rejected(id=command.id, code=refused.code, detail=refused.detail)
    lot = house.engine.find(command.lot)
    if lot is None:
        return Rejected(id=command.id, code=RejectCode.UNKNOWN_LOT, detail=f"lot {command.lot}")
    name = lot.view.lot
    said = Said(
        command.id,
        name,
        command.amount_minor,
        is_maximum=command.is_maximum,
        is_purchase=command.is_purchase,
        units=command.units,
        if_seq=command.if_seq,
    )
    source = Source.ABSENTEE if _takes_left_bid_back(lot, said) else command.source
    offer = _left(lot, said) if source is Source.ABSENTEE else offer_said(lot.spec, said)
    if offer is None:
        return Rejected(id=command.id, code=RejectCode.OTHER_FORMAT, detail=offers_meant(lot.spec))
    outcome = house.offer_for(now_ms, Placer(source, by), command.paddle, offer)
    number = _number_of(lot, outcome)
    house.advance(now_ms)
    verdict = outcome if isinstance(outcome, Rejected) else verdict_of(outcome)
    if not isinstance(verdict, Accepted):
        return _explained(house, lot, command.source, verdict)
    ended = tuple(reports.results(house, now_ms, [lot])) if lot.view.status.is_final else ()
    (standing,) = reports.lots(house, now_ms, [lot])
    return Done(
        id=command.id,
        paddle=command.paddle,
        name=reports.name_of(house, command.paddle) or "",
        title=lot.view.terms.title,
        number=number,
        lots=(name,),
        results=ended,
        accepted=verdict,
        standing=standing,
    )


def _number_of(lot: LotState, outcome: AnyFact | Rejected) -> int | None:
    """Return the number by which a correction names an offer that has just been made; None if none can."""
    is_kept = isinstance(outcome, OfferTaken) and outcome.cause is None and format_of(lot.spec).refolds
    return lot.kept.last_number if lot.kept is not None and is_kept else None


def _takes_left_bid_back(lot: LotState, said: Said) -> bool:
    """Return whether a clerk takes a bid back that waits: before the opening there is no other that could be meant."""
    return said.amount_minor is None and lot.view.status is LotStatus.SCHEDULED


def _left(lot: LotState, said: Said) -> AnyOffer | None:
    """Return the offer of a bidder who does not take part: it waits for the opening, or counts at once."""
    if said.is_purchase or said.units is not None:
        return None
    left = LeaveBidRequest(id=said.id, lot=said.lot, amount_minor=said.amount_minor, if_seq=said.if_seq)
    if lot.view.status is LotStatus.SCHEDULED:
        return left
    if said.amount_minor is None:
        return offer_said(lot.spec, said)
    offer = format_of(lot.spec).offer_left(left)
    return None if offer is None else replace(offer, if_seq=said.if_seq)


def _why_not(house: House, command: BidFor) -> Refused | None:
    """Return why a clerk may not bid for the one whom the command names, on any lot; None if one may."""
    if command.source is Source.HOUSE:
        is_house = command.paddle == HOUSE_PADDLE
        return None if is_house else Refused(RejectCode.MALFORMED, "a bid of the house is for no paddle")
    if command.source not in FOR_OTHERS:
        return Refused(RejectCode.MALFORMED, "a clerk can't be that source of a bid")
    why_not = _why_no_bidder(house, command.paddle)
    is_taking_back = command.amount_minor is None
    return why_not if why_not is not None or is_taking_back else why_not_signed(house, command.paddle)


def _why_no_bidder(house: House, paddle: int) -> Refused | None:
    """Return why a clerk may not bid for a paddle; None if one may."""
    entry = house.register.by_paddle(paddle)
    if entry is None or entry.role is not Role.BIDDER:
        return Refused(RejectCode.UNKNOWN_BIDDER, f"paddle {paddle}")
    if not entry.admitted:
        state = "waits to be admitted" if entry.waiting else "is turned out"
        return Refused(
            RejectCode.WRONG_STATE, f"{entry.name} ({paddle}) {state}; `auctioneer admit {paddle}` lets it in"
        )
    return None


def _explained(house: House, lot: LotState, source: Source, rejected: Rejected) -> Rejected:
    """Return a rejection that also says how the lot stands, since a clerk decides by it what to do."""
    if rejected.code is RejectCode.OTHER_FORMAT:
        house_can_t = f"the house can't bid on lot {rejected.lot}, as it is sold"
        return replace(rejected, detail=house_can_t if source is Source.HOUSE else offers_meant(lot.spec))
    if rejected.board is None:
        return rejected
    currency, told = house.engine.sale.currency, board_bidding(rejected.board)
    parts = [rejected.detail] if rejected.code is RejectCode.LOT_PAUSED and rejected.detail else []
    if rejected.code is RejectCode.OVER_SPENDING_LIMIT:
        parts.append("`auctioneer bidders` shows limits, and what is left of them but for sealed offers")
    if rejected.late_ms is not None:
        parts.append(f"it came {rejected.late_ms:,} ms too late")
    if told.price_minor is not None:
        parts.append(f"lot {rejected.lot} is at {currency.show(told.price_minor)}")
    if rejected.code is RejectCode.BELOW_MINIMUM and told.minimum_minor is not None:
        parts.append(f"the minimum is {currency.show(told.minimum_minor)}")
    if rejected.code is RejectCode.LOT_NOT_OPEN:
        parts.append("`--source absentee` leaves a bid that waits for the opening, except on a Dutch lot")
    return replace(rejected, detail=", ".join(parts))
