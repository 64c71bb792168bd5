"""The English rules: open bids and maximum (proxy) bids on a rising price.

Source: the published rules of proxy bidding (eBay's, and the reserve rule of live houses), restated in
`docs/rules.md`. The price is the least at which the leader still leads:

- a sole bidder pays the starting price;
- against a rival, the price is the rival's maximum plus the increment at that maximum, but no more than the leader's
  maximum;
- an open bid names a price, so the price is at least that;
- a leader's maximum below the reserve is bid in full; once it reaches the reserve, the price is at least the reserve;
- of two equal maxima the earlier leads, and the price is that maximum;
- the price never falls, and no bidder bids against itself: a leader can only raise its own maximum.
"""

from collections.abc import Collection, Iterator
from functools import lru_cache
from typing import Final, final

import msgspec

from auctioneer.rules.formats import house_bids
from auctioneer.rules.formats.format import Outcome, Placed, WithoutClock
from auctioneer.rules.terms import LotSpec
from common.absentee import LeaveBidRequest
from common.errors import RejectCode
from common.formats import AnyBoard, AnyOffer
from common.formats.english import BidRequest, BuyRequest, EnglishBoard, EnglishOwn, EnglishTerms, Step
from common.limits import AMOUNT_MINOR_MAX
from common.lot import CORRECTED_CAUSES, CloseCause, LotStatus, LotView, Result
from common.money import Currency
from common.the_house import HOUSE_PADDLE


@final
class Book(msgspec.Struct, frozen=True, gc=False, tag_field="format", tag="english"):
    """The price of a lot, its leader, and the two secret maxima that make the price.

    `rival_maximum_minor` is the highest maximum of all bidders but the leader; None while there is no rival.
    """

    price_minor: int
    leader: int
    leader_maximum_minor: int
    rival_maximum_minor: int | None = None
    bids: int = 1
    """How many bids changed the price or the leader."""
    while_connected: bool = False
    """The leader asked to drop the rest of the maximum when it falls silent."""


class English(WithoutClock[Book | None, Book]):
    """English rules for the frame. A lot without a bid has no book."""

    offers: frozenset[type[AnyOffer]] = frozenset({BidRequest, BuyRequest})
    retracts = True
    sells_at_once = False
    takes_house_bids = True

    def open(self, spec: LotSpec) -> Book | None:
        """Return no book: nobody has bid."""
        return None

    def offer_left(self, left: LeaveBidRequest) -> BidRequest:
        """Return a maximum."""
        return BidRequest(id=left.id, lot=left.lot, maximum_minor=left.amount_minor)

    def decide(self, spec: LotSpec, book: Book | None, placed: Placed) -> Book | Outcome | RejectCode:
        """Decide a bid, or a purchase at the buy-now price."""
        offer = placed.offer
        if placed.paddle == HOUSE_PADDLE:
            code = house_bids.why_not(terms_of(spec), spec.reserve_minor, offer)
            if code is not None:
                return code
        if isinstance(offer, BidRequest):
            terms = terms_of(spec)
            minimum_minor = minimum_bid(terms, None if book is None else book.price_minor)
            after = decide_bid(terms, spec.reserve_minor, book, minimum_minor, placed.paddle, offer)
            is_over = isinstance(after, Book) and minimum_bid(terms, after.price_minor) > AMOUNT_MINOR_MAX
            return RejectCode.OVER_LIMIT if is_over else after
        assert isinstance(offer, BuyRequest), "the frame refuses other offers"
        offered_minor = buy_now(spec, book)
        if offered_minor is None or offered_minor != offer.price_minor:
            return RejectCode.NO_BUY_NOW
        return Outcome(CloseCause.BUY_NOW, (Result(placed.paddle, offered_minor),))

    def apply(self, spec: LotSpec, book: Book | None, entry: Book) -> Book:
        """Return the entry, which is the whole book."""
        return entry

    def show(self, spec: LotSpec, book: Book | None, *, is_over: bool) -> EnglishBoard:
        """Return the board; once the lot is over, no buy-now price is offered."""
        terms = terms_of(spec)
        offered_minor = None if is_over else buy_now(spec, book)
        if book is None:
            met = False if terms.has_reserve else None
            return EnglishBoard(terms.starting_minor, reserve_met=met, buy_now_minor=offered_minor)
        return board_of(terms, spec.reserve_minor, book, offered_minor)

    def close(self, spec: LotSpec, book: Book | None) -> tuple[Result, ...]:
        """Return the leader at the price; nothing if there is none, or the reserve is not met, or the house leads."""
        if book is None or is_reserve_met(spec.reserve_minor, book.price_minor) is False or book.leader == HOUSE_PADDLE:
            return ()
        return (Result(book.leader, book.price_minor),)

    def own(self, spec: LotSpec, book: Book | None, paddle: int) -> EnglishOwn | None:
        """Return the leader's own maximum; None for all others, and for the house."""
        if book is None or book.leader != paddle or paddle == HOUSE_PADDLE:
            return None
        return EnglishOwn(book.leader_maximum_minor)

    def exposure(self, spec: LotSpec, book: Book | None, paddle: int) -> int:
        """Return the leader's maximum; 0 for all others."""
        return book.leader_maximum_minor if book is not None and book.leader == paddle else 0

    def exposed(self, book: Book | None) -> Collection[int]:
        """Return the leader, if there is one."""
        return () if book is None else (book.leader,)

    def commitment(self, spec: LotSpec, book: Book | None, placed: Placed) -> int:
        """Return the highest amount in a bid, or the price of a purchase; whether the bid will lead is secret."""
        offer = placed.offer
        if isinstance(offer, BuyRequest):
            return offer.price_minor
        assert isinstance(offer, BidRequest), "the frame refuses other offers"
        return (offer.amount_minor if offer.maximum_minor is None else offer.maximum_minor) or 0

    def watched(self, book: Book | None) -> int | None:
        """Return the leader, if its maximum is to end with its silence."""
        return book.leader if book is not None and book.while_connected else None

    def release(self, spec: LotSpec, book: Book | None) -> Book:
        """Return the book with the leader's maximum dropped to the price. The lead stays."""
        assert book is not None, "only a leader is watched"
        return msgspec.structs.replace(book, leader_maximum_minor=book.price_minor, while_connected=False)

    def again(self, spec: LotSpec, book: Book | None, placed: Placed) -> Book | RejectCode | None:
        """Decide a bid again. One that can't stand becomes its bidder's maximum where that bidder leads.

        The house has no maximum, so a bid of its own that would be against itself is void.
        """
        offer = placed.offer
        assert isinstance(offer, BidRequest), "a purchase closes the lot, so it is not decided again"
        bid = msgspec.structs.replace(offer, if_price_minor=None)
        decided = self.decide(spec, book, Placed(placed.paddle, placed.at_ms, bid))
        assert not isinstance(decided, Outcome), "a bid closes no lot"
        if isinstance(decided, Book) or book is None or book.leader != placed.paddle or book.leader == HOUSE_PADDLE:
            return decided
        highest_minor = bid.amount_minor if bid.maximum_minor is None else bid.maximum_minor
        if highest_minor is None or highest_minor <= book.leader_maximum_minor:
            return None
        raised = msgspec.structs.replace(bid, amount_minor=None, maximum_minor=highest_minor)
        return _raise_own_maximum(terms_of(spec), spec.reserve_minor, book, raised, highest_minor)

    def may_revise(self, before: LotSpec, after: LotSpec, book: Book | None) -> bool:
        """Allow everything before the first bid; afterwards other increments, and a start up to the price."""
        if book is None:
            return True
        was, terms = terms_of(before), terms_of(after)
        kept = msgspec.structs.replace(terms, increments=was.increments, starting_minor=was.starting_minor)
        return kept == was and before.reserve_minor == after.reserve_minor and terms.starting_minor <= book.price_minor

    def faults(self, spec: LotSpec, book: Book | None, view: LotView) -> Iterator[str]:
        """Yield what can't be true of a lot's book, board and results."""
        terms, board = terms_of(spec), view.board
        if board != self.show(spec, book, is_over=view.status.is_final):
            yield "the board is not what the book shows"
        if book is not None:
            yield from _book_faults(terms, spec.reserve_minor, book)
        if view.status is LotStatus.SOLD and view.close_cause is CloseCause.BUY_NOW:
            if [result.amount_minor for result in view.results] != [terms.buy_now_minor]:
                yield "it was bought at another price"
        elif view.close_cause in CORRECTED_CAUSES:
            return
        elif view.status is LotStatus.SOLD and view.results != self.close(spec, book):
            yield "it was sold to another than the leader, or below the reserve"
        elif view.status is LotStatus.PASSED and self.close(spec, book):
            yield "it passed though it had a good bid"

    def moves(self, before: AnyBoard, after: AnyBoard) -> Iterator[str]:
        """Yield what can't be true of two boards of which one follows the other: only bids raise the price."""
        assert isinstance(before, EnglishBoard), "an English lot has English boards"
        assert isinstance(after, EnglishBoard), "an English lot has English boards"
        if (after.price_minor or 0) < (before.price_minor or 0):
            yield "the price fell"
        is_same = (after.price_minor, after.leader) == (before.price_minor, before.leader)
        if after.bids - before.bids != (0 if is_same else 1):
            yield "the price or the leader changed without a bid, or a bid changed neither"


ENGLISH: Final = English()

_DEFAULT_TABLE: Final = (
    (0, 5),
    (100, 25),
    (500, 50),
    (2_500, 100),
    (10_000, 250),
    (25_000, 500),
    (50_000, 1_000),
    (100_000, 2_500),
    (250_000, 5_000),
    (500_000, 10_000),
)
"""eBay's published table, in cents: a price, and the step from that price on."""


@lru_cache(maxsize=64)
def default_increments(currency: Currency) -> tuple[Step, ...]:
    """Return the default increment table in a currency's minor units: eBay's numbers, whatever the currency's value.

    All lots of a sale share the object; a copy for each lot would be half of the lot's memory.
    """
    if currency.decimals >= 2:
        factor = 10 ** (currency.decimals - 2)
        return tuple(Step(from_minor * factor, step_minor * factor) for from_minor, step_minor in _DEFAULT_TABLE)
    divisor = 10 ** (2 - currency.decimals)
    steps: dict[int, int] = {}
    for from_minor, step_minor in _DEFAULT_TABLE:
        steps[from_minor // divisor] = max(1, step_minor // divisor)
    return tuple(Step(from_minor, step_minor) for from_minor, step_minor in steps.items())


def terms_of(spec: LotSpec) -> EnglishTerms:
    """Return the terms of an English lot."""
    terms = spec.terms.format
    assert isinstance(terms, EnglishTerms), "the table of formats goes by the terms"
    return terms


def board_of(terms: EnglishTerms, reserve_minor: int | None, book: Book, buy_now_minor: int | None) -> EnglishBoard:
    """Return the board of a lot with a bid."""
    price_minor = book.price_minor
    return EnglishBoard(
        minimum_bid(terms, price_minor),
        price_minor,
        book.leader,
        book.bids,
        is_reserve_met(reserve_minor, price_minor),
        buy_now_minor,
    )


def minimum_bid(terms: EnglishTerms, price_minor: int | None) -> int:
    """Return the least that the next bidder must bid: the starting price, or one increment above the price."""
    if price_minor is None:
        return terms.starting_minor
    return price_minor + terms.step_at(price_minor)


def decide_bid(
    terms: EnglishTerms,
    reserve_minor: int | None,
    book: Book | None,
    minimum_minor: int,
    paddle: int,
    bid: BidRequest,
) -> Book | RejectCode:
    """Return the lot's book after a bid, or the reason why the bid does not count.

    `amount_minor` of a bid is open, and `maximum_minor` is secret. With both, the bidder opens with the first and keeps
    the second secret. Amounts are in minor units, 1 or more. `minimum_minor` is the lot's `minimum_bid` now. The caller
    refuses a book whose next minimum is over the largest amount.
    """
    if bid.if_price_minor is not None and bid.if_price_minor != (0 if book is None else book.price_minor):
        return RejectCode.STATE_CHANGED
    amount_minor, maximum_minor = bid.amount_minor, bid.maximum_minor
    highest_minor = amount_minor if maximum_minor is None else maximum_minor
    if highest_minor is None or (amount_minor is not None and highest_minor < amount_minor):
        return RejectCode.INVALID_AMOUNT
    if book is not None and book.leader == paddle:
        return _raise_own_maximum(terms, reserve_minor, book, bid, highest_minor)
    if (highest_minor if amount_minor is None else amount_minor) < minimum_minor:
        return RejectCode.BELOW_MINIMUM
    if book is None:
        price_minor = _price(terms, reserve_minor, amount_minor or terms.starting_minor, highest_minor, None)
        return Book(price_minor, paddle, highest_minor, None, 1, bid.while_connected)
    held_minor = book.leader_maximum_minor
    if highest_minor <= held_minor:
        price_minor = _price(terms, reserve_minor, book.price_minor, held_minor, highest_minor)
        bids = book.bids + (price_minor != book.price_minor)
        return Book(price_minor, book.leader, held_minor, highest_minor, bids, book.while_connected)
    floor_minor = book.price_minor if amount_minor is None else amount_minor
    price_minor = _price(terms, reserve_minor, floor_minor, highest_minor, held_minor)
    return Book(price_minor, paddle, highest_minor, held_minor, book.bids + 1, bid.while_connected)


def is_reserve_met(reserve_minor: int | None, price_minor: int | None) -> bool | None:
    """Return whether a price reaches the reserve; None if the lot has no reserve."""
    if reserve_minor is None:
        return None
    return price_minor is not None and price_minor >= reserve_minor


def buy_now(spec: LotSpec, book: Book | None) -> int | None:
    """Return the buy-now price that is offered, if any: the first bid ends the offer, or the one that meets a reserve.

    The lot must not be over.
    """
    terms = terms_of(spec)
    if book is None or is_reserve_met(spec.reserve_minor, book.price_minor) is False:
        return terms.buy_now_minor
    return None


def _raise_own_maximum(
    terms: EnglishTerms, reserve_minor: int | None, book: Book, bid: BidRequest, maximum_minor: int
) -> Book | RejectCode:
    if bid.amount_minor is not None:
        return RejectCode.ALREADY_LEADING
    if maximum_minor <= book.leader_maximum_minor:
        return RejectCode.MAXIMUM_NOT_RAISED
    rival_minor = book.rival_maximum_minor
    price_minor = _price(terms, reserve_minor, book.price_minor, maximum_minor, rival_minor)
    bids = book.bids + (price_minor != book.price_minor)
    return Book(price_minor, book.leader, maximum_minor, rival_minor, bids, bid.while_connected)


def _price(
    terms: EnglishTerms, reserve_minor: int | None, floor_minor: int, leader_minor: int, rival_minor: int | None
) -> int:
    # Comparisons, since min and max would cost several times as much for every bid.
    price_minor = floor_minor
    if rival_minor is not None and price_minor < leader_minor:
        over_rival_minor = rival_minor + terms.step_at(rival_minor)
        if over_rival_minor > leader_minor:
            over_rival_minor = leader_minor
        if over_rival_minor > price_minor:
            price_minor = over_rival_minor
    if reserve_minor is None:
        return price_minor
    if leader_minor < reserve_minor:
        return leader_minor
    return price_minor if price_minor > reserve_minor else reserve_minor


def _book_faults(terms: EnglishTerms, reserve_minor: int | None, book: Book) -> Iterator[str]:
    if book.price_minor < terms.starting_minor:
        yield "the price is below the starting price"
    if book.price_minor > book.leader_maximum_minor:
        yield "the price is above the leader's maximum"
    if book.rival_maximum_minor is not None and book.rival_maximum_minor > book.price_minor:
        yield "a rival bid more than the price"
    if book.bids < 1:
        yield "there is a price without a bid"
    yield from house_bids.faults(terms, reserve_minor, book.leader, book.price_minor, book.leader_maximum_minor)
    is_met = is_reserve_met(reserve_minor, book.price_minor)
    if is_met is False and book.price_minor != book.leader_maximum_minor:
        yield "a maximum below the reserve was not bid in full"
