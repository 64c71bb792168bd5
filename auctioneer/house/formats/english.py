"""English lots in reports."""

from auctioneer.house.formats.bidding import Bidding, OfferMade, Said
from auctioneer.rules.formats.english import Book, terms_of
from auctioneer.rules.lots import LotState
from auctioneer.rules.terms import LotSpec
from common.formats import AnyBoard, AnyOffer
from common.formats.english import BidRequest, BuyRequest, EnglishBoard


def terms_bidding(spec: LotSpec) -> Bidding:
    """Return what the catalogue says of the bidding."""
    return Bidding(starting_minor=terms_of(spec).starting_minor)


def board_bidding(board: AnyBoard) -> Bidding:
    """Return what a board says of the bidding."""
    assert isinstance(board, EnglishBoard), "the table of formats goes by the board"
    return Bidding(
        bids=board.bids,
        leader=board.leader,
        reserve_met=board.reserve_met,
        price_minor=board.price_minor,
        minimum_minor=board.minimum_minor,
        buy_now_minor=board.buy_now_minor,
    )


def bidding(lot: LotState) -> Bidding:
    """Return the bidding on a lot with its secrets."""
    maximum_minor = lot.book.leader_maximum_minor if isinstance(lot.book, Book) else None
    return board_bidding(lot.view.board)._replace(
        starting_minor=terms_of(lot.spec).starting_minor, maximum_minor=maximum_minor
    )


def offer_made(request: AnyOffer) -> OfferMade:
    """Return what an offer asked for."""
    if isinstance(request, BuyRequest):
        return OfferMade("buy", request.price_minor)
    assert isinstance(request, BidRequest), "the table of formats goes by the request"
    if request.amount_minor is None:
        return OfferMade("maximum", None, request.maximum_minor)
    return OfferMade(
        "bid" if request.maximum_minor is None else "bid_up_to", request.amount_minor, request.maximum_minor
    )


def offers_meant(lot: str) -> str:
    """Return what a clerk may say on a lot of this format, for a clerk who said something else."""
    return (
        f"lot {lot} takes an open bid, a maximum (`--max`) or a purchase (`--buy`), one at a time; "
        f"`auctioneer undo {lot} --bid N` takes a bid back that counts"
    )


def offer_said(said: Said) -> AnyOffer | None:
    """Return the offer that a clerk means: an open bid, a maximum or a purchase; None if the words mean nothing."""
    amount_minor = said.amount_minor
    if amount_minor is None or said.units is not None or (said.is_maximum and said.is_purchase):
        return None
    if said.is_purchase:
        return BuyRequest(id=said.id, lot=said.lot, price_minor=amount_minor, if_seq=said.if_seq)
    return BidRequest(
        id=said.id,
        lot=said.lot,
        amount_minor=None if said.is_maximum else amount_minor,
        maximum_minor=amount_minor if said.is_maximum else None,
        if_seq=said.if_seq,
    )
