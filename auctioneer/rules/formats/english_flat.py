"""The fast path of an English bid: from the request to its flat fact without a board, an entry or an offer in between.

Tests hold it equal to what the frame decides with `auctioneer.rules.formats.english`.
"""

from typing import Any

from auctioneer.rules.facts import BidTaken
from auctioneer.rules.formats.english import Book, decide_bid
from auctioneer.rules.formats.entries import AnyBook
from auctioneer.rules.lots import LotState, soft_close_ms
from common.errors import RejectCode
from common.formats.english import BidRequest, EnglishBoard
from common.limits import AMOUNT_MINOR_MAX


def decide(
    lot: LotState, now_ms: int, paddle: int, offer: BidRequest
) -> tuple[BidTaken, Book, EnglishBoard] | RejectCode | None:
    """Decide a bid on an open lot. Return its fact, and the book and the board after it, or why it does not count."""
    view, reserve_minor = lot.view, lot.spec.reserve_minor
    board = view.board
    if type(board) is not EnglishBoard:
        return None
    terms: Any = view.terms.format  # its type follows from that of the board, and so does the book's
    before: Any = lot.book
    book = decide_bid(terms, reserve_minor, before, board.minimum_minor, paddle, offer)
    if type(book) is not Book:
        return book
    price_minor, leader = book.price_minor, book.leader
    minimum_minor = price_minor + terms.step_at(price_minor)
    if minimum_minor > AMOUNT_MINOR_MAX:
        return RejectCode.OVER_LIMIT
    public = book.bids != board.bids
    reserve_met, buy_now_minor = None, None
    if reserve_minor is not None:
        reserve_met = price_minor >= reserve_minor
        buy_now_minor = None if reserve_met else terms.buy_now_minor
    extra_ms = soft_close_ms(lot, now_ms) if public and view.terms.soft_close is not None else 0
    fact = BidTaken(
        now_ms,
        view.terms.lot,
        view.seq + public,
        paddle,
        offer.id,
        offer.amount_minor,
        offer.maximum_minor,
        public,
        price_minor,
        minimum_minor,
        leader,
        book.leader_maximum_minor,
        book.rival_maximum_minor,
        book.bids,
        None if view.ends_at_ms is None else view.ends_at_ms + extra_ms,
        lot.extended_ms + extra_ms,
        reserve_met,
        buy_now_minor,
        offer.if_seq,
        offer.if_price_minor,
        offer.while_connected,
    )
    return fact, book, EnglishBoard(minimum_minor, price_minor, leader, book.bids, reserve_met, buy_now_minor)


def book_of(fact: BidTaken, before: AnyBook | None) -> Book:
    """Return the book after a bid. `before` is the book before it."""
    if fact.leader == fact.paddle:
        while_connected = fact.while_connected
    else:
        while_connected = isinstance(before, Book) and before.while_connected
    return Book(
        fact.price_minor,
        fact.leader,
        fact.leader_maximum_minor,
        fact.rival_maximum_minor,
        fact.bids,
        while_connected,
    )
