"""Sealed lots in reports. Until the close they show no offer, so that nobody at the auctioneer's screen learns one."""

from auctioneer.house.formats.bidding import Bidding, OfferMade
from auctioneer.rules.formats.sealed import terms_of
from auctioneer.rules.lots import LotState
from auctioneer.rules.terms import LotSpec
from common.formats import AnyBoard, AnyOffer
from common.formats.sealed import SealedBoard, SealRequest


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
