"""Sealed lots in reports. Until the close they show no offer, so that nobody at the auctioneer's screen learns one."""

from auctioneer.house.formats.bidding import Bidding, OfferMade, Said
from auctioneer.rules.formats.sealed import terms_of
from auctioneer.rules.lots import LotState
from auctioneer.rules.terms import LotSpec
from common.formats import AnyBoard, AnyOffer
from common.formats.sealed import SealedBoard, SealRequest, UnsealRequest


def terms_bidding(spec: LotSpec) -> Bidding:
    """Return what the catalogue says of the bidding."""
    return Bidding(starting_minor=terms_of(spec).starting_minor)


def board_bidding(board: AnyBoard) -> Bidding:
    """Return what a board says of the bidding."""
    assert isinstance(board, SealedBoard), "the table of formats goes by the board"
    return Bidding(bids=board.offers, minimum_minor=board.minimum_minor)


def bidding(lot: LotState) -> Bidding:
    """Return the bidding on a lot. The offers stay sealed, for the auctioneer too."""
    return board_bidding(lot.view.board)._replace(starting_minor=terms_of(lot.spec).starting_minor)


def offer_made(request: AnyOffer) -> OfferMade:
    """Return what an offer asked for."""
    if isinstance(request, SealRequest):
        return OfferMade("seal", request.amount_minor, is_sealed=True)
    return OfferMade("unseal", accepted_as="taken_back", is_sealed=True)


def offers_meant(lot: str) -> str:
    """Return what a clerk may say on a lot of this format, for a clerk who said something else."""
    return f"lot {lot} takes sealed offers: an amount alone, or `--take-back`"


def offer_said(said: Said) -> AnyOffer | None:
    """Return the offer that a clerk means, or the taking back of one; None if the words mean nothing."""
    if said.is_maximum or said.is_purchase or said.units is not None:
        return None
    if said.amount_minor is None:
        return UnsealRequest(id=said.id, lot=said.lot, if_seq=said.if_seq)
    return SealRequest(id=said.id, lot=said.lot, amount_minor=said.amount_minor, if_seq=said.if_seq)
