"""Which module tells a lot's bidding: the only list of formats in the house's reports."""

from typing import Any, Final

from auctioneer.house.formats import dutch, english, sealed
from auctioneer.house.formats.bidding import Bidding, OfferMade, Said
from auctioneer.rules.lots import LotState
from auctioneer.rules.terms import LotSpec
from common.absentee import LeaveBidRequest
from common.confirming import ConfirmRequest
from common.formats import AnyBoard, AnyOffer
from common.formats.dutch import DutchBoard, DutchTerms, StopRequest
from common.formats.english import BidRequest, BuyRequest, EnglishBoard, EnglishTerms
from common.formats.sealed import SealedBoard, SealedTerms, SealRequest, UnsealRequest
from common.retraction import RetractRequest

_TABLE: Final[dict[type, Any]] = {
    **dict.fromkeys((EnglishTerms, EnglishBoard, BidRequest, BuyRequest), english),
    **dict.fromkeys((SealedTerms, SealedBoard, SealRequest, UnsealRequest), sealed),
    **dict.fromkeys((DutchTerms, DutchBoard, StopRequest), dutch),
}
"""By the type of the terms, of the board, and of each offer."""


def terms_bidding(spec: LotSpec) -> Bidding:
    """Return what the catalogue says of the bidding on a lot."""
    told: Bidding = _TABLE[type(spec.terms.format)].terms_bidding(spec)
    return told


def board_bidding(board: AnyBoard) -> Bidding:
    """Return what a board says of the bidding."""
    told: Bidding = _TABLE[type(board)].board_bidding(board)
    return told


def bidding(lot: LotState) -> Bidding:
    """Return the bidding on a lot as the auctioneer may see it, with secrets such as a leader's maximum."""
    told: Bidding = _TABLE[type(lot.view.board)].bidding(lot)
    return told


def offer_made(request: AnyOffer) -> OfferMade:
    """Return what an offer asked for."""
    if isinstance(request, RetractRequest):
        return OfferMade("retract", accepted_as="taken_back")
    if isinstance(request, ConfirmRequest):
        return (
            OfferMade("confirm", accepted_as="confirmed")
            if request.stands
            else OfferMade("decline", accepted_as="taken_back")
        )
    told: OfferMade = _TABLE[type(request)].offer_made(request)
    return told


def offer_said(spec: LotSpec, said: Said) -> AnyOffer | None:
    """Return the offer that a clerk means on a lot; None if the words mean nothing there."""
    offer: AnyOffer | None = _TABLE[type(spec.terms.format)].offer_said(said)
    return offer


def offers_meant(spec: LotSpec) -> str:
    """Return what a clerk may say on a lot, for a clerk whose words mean nothing there."""
    told: str = _TABLE[type(spec.terms.format)].offers_meant(spec.terms.lot)
    return told


def is_told(request: AnyOffer) -> bool:
    """Return whether the auctioneer's screen may tell of a request: of no sealed one, and of no bid that is left."""
    return not isinstance(request, LeaveBidRequest) and not offer_made(request).is_sealed
