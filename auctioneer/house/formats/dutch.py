"""Dutch lots in reports."""

from auctioneer.house.formats.bidding import Bidding, OfferMade, Said
from auctioneer.rules.formats.dutch import DutchBook, terms_of
from auctioneer.rules.lots import LotState
from auctioneer.rules.terms import LotSpec
from common.formats import AnyBoard, AnyOffer
from common.formats.dutch import DutchBoard, StopRequest


def terms_bidding(spec: LotSpec) -> Bidding:
    """Return what the catalogue says of the bidding."""
    return Bidding(starting_minor=terms_of(spec).starting_minor)


def board_bidding(board: AnyBoard) -> Bidding:
    """Return what a board says of the bidding: the price on the clock is what the next unit costs."""
    assert isinstance(board, DutchBoard), "the table of formats goes by the board"
    return Bidding(price_minor=board.price_minor, minimum_minor=board.price_minor)


def bidding(lot: LotState) -> Bidding:
    """Return the bidding on a lot; the bids are the bidders who took something."""
    taken = lot.book.taken if isinstance(lot.book, DutchBook) else {}
    return board_bidding(lot.view.board)._replace(bids=len(taken), starting_minor=terms_of(lot.spec).starting_minor)


def offer_made(request: AnyOffer) -> OfferMade:
    """Return what an offer asked for."""
    assert isinstance(request, StopRequest), "the table of formats goes by the request"
    return OfferMade("stop", request.price_minor, accepted_as="bought")


def offers_meant(lot: str) -> str:
    """Return what a clerk may say on a lot of this format, for a clerk who said something else."""
    return (
        f"lot {lot} has a falling price: while it is open, give the price that you see, and `--units` for several; "
        "nothing can be left for it before, and nothing taken back"
    )


def offer_said(said: Said) -> AnyOffer | None:
    """Return the stop that a clerk means, at the amount that the clerk saw; None if the words mean nothing."""
    if said.amount_minor is None or said.is_maximum:
        return None
    units = 1 if said.units is None else said.units
    return StopRequest(id=said.id, lot=said.lot, price_minor=said.amount_minor, units=units, if_seq=said.if_seq)
