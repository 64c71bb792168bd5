"""The rules of Dutch lots: the price falls by the clock, and whoever takes a unit has bought it.

Source: the rules of the Dutch flower auctions, as in R. Cassady, "Auctions and Auctioneering" (1967), chapter 5, and
W. Vickrey (1961) for its equivalence to sealed first price; `docs/rules-dutch.md` restates them:

- the clock begins at the starting price; each price holds for `step_ms`, and then falls by `step_minor`, last to the
  floor;
- a bidder stops the clock by taking units at the price that it shows; that is a purchase, and can't be undone;
- of several like units the rest stays for sale, and the clock continues from the same price;
- the lot closes when the last unit is taken, or when the floor has held for `step_ms`; what nobody took is not sold;
- pauses and outages stop the clock: it counts the time that the lot has been open.
"""

from collections.abc import Collection, Iterator
from typing import Final, final

import msgspec

from auctioneer.rules.formats.format import Outcome, Placed
from auctioneer.rules.terms import LotSpec
from common.absentee import LeaveBidRequest
from common.errors import RejectCode
from common.formats import AnyBoard, AnyOffer
from common.formats.dutch import DutchBoard, DutchOwn, DutchTerms, StopRequest
from common.lot import CloseCause, LotStatus, LotView, Result


@final
class DutchEntry(msgspec.Struct, frozen=True, gc=False, tag_field="format", tag="dutch"):
    """What a stop, or the clock, writes into the book. Without a paddle the price falls by one step."""

    paddle: int | None = None
    units: int = 0
    amount_minor: int = 0
    """What the units cost in all."""


_FALL: Final = DutchEntry()


@final
class DutchBook(msgspec.Struct, gc=False, tag_field="format", tag="dutch"):
    """How often the price has fallen, what is left, and who took what. It is changed in place."""

    price_minor: int
    units_left: int
    steps: int = 0
    taken: dict[int, DutchOwn] = msgspec.field(default_factory=dict)
    """By paddle, in the order of the first stops. A bidder's verdict has the same object: a sale keeps thousands."""


class Dutch:
    """Dutch rules for the frame."""

    offers: frozenset[type[AnyOffer]] = frozenset({StopRequest})
    sells_at_once = True
    retracts = False
    takes_house_bids = False
    refolds = False
    is_sealed = False

    def open(self, spec: LotSpec) -> DutchBook:
        """Return the book of a clock at the starting price."""
        terms = terms_of(spec)
        return DutchBook(terms.starting_minor, terms.units)

    def offer_left(self, left: LeaveBidRequest) -> None:
        """Return that no bid can be left: the first to stop the clock wins, so a bidder has to be there."""

    def decide(
        self,
        spec: LotSpec,
        book: DutchBook,
        placed: Placed,
    ) -> DutchEntry | Outcome | RejectCode:
        """Decide a stop: the bidder takes up to so many units at the price on the clock."""
        offer = placed.offer
        assert isinstance(offer, StopRequest), "the frame refuses other offers"
        entry = decide_stop(book, placed.paddle, offer)
        if isinstance(entry, RejectCode) or entry.units < book.units_left:
            return entry
        taken = book.taken | {placed.paddle: _own_after(book, placed.paddle, entry)}
        return Outcome(CloseCause.SOLD_OUT, _results(taken), entry)

    def apply(self, spec: LotSpec, book: DutchBook, entry: DutchEntry) -> DutchBook:
        """Let the price fall, or hand units over. The book is changed in place."""
        paddle = entry.paddle
        if paddle is None:
            steps = book.steps + 1
            book.steps = steps
            book.price_minor = price_after(terms_of(spec), steps)
            return book
        take(book, paddle, entry)
        return book

    def show(self, spec: LotSpec, book: DutchBook, *, is_over: bool) -> DutchBoard:
        """Return the price on the clock, and the units that are left."""
        return DutchBoard(book.price_minor, book.units_left)

    def due_ms(self, spec: LotSpec, book: DutchBook) -> int | None:
        """Return when the price falls next; None at the floor, from which only the close follows."""
        terms = terms_of(spec)
        return (book.steps + 1) * terms.step_ms if book.price_minor > terms.floor_minor else None

    def step(self, spec: LotSpec, book: DutchBook) -> DutchEntry:
        """Return the entry by which the price falls."""
        return _FALL

    def close(self, spec: LotSpec, book: DutchBook) -> tuple[Result, ...]:
        """Return what was taken."""
        return _results(book.taken)

    def own(self, spec: LotSpec, book: DutchBook, paddle: int) -> DutchOwn | None:
        """Return what the bidder has taken; None if that is nothing."""
        return book.taken.get(paddle)

    def exposure(self, spec: LotSpec, book: DutchBook, paddle: int) -> int:
        """Return what the units cost that the bidder has taken."""
        own = book.taken.get(paddle)
        return 0 if own is None else own.amount_minor

    def exposed(self, book: DutchBook) -> Collection[int]:
        """Return all who have taken units."""
        return book.taken

    def commitment(self, spec: LotSpec, book: DutchBook, placed: Placed) -> int:
        """Return what the bidder's units cost with those that it takes now, at the price on the clock."""
        offer = placed.offer
        assert isinstance(offer, StopRequest), "the frame refuses other offers"
        units = min(offer.units, book.units_left)
        return self.exposure(spec, book, placed.paddle) + units * book.price_minor

    def watched(self, book: DutchBook) -> None:
        """Watch nobody: what was taken is bought."""

    def release(self, spec: LotSpec, book: DutchBook) -> DutchEntry:
        """Release nothing. Raises AssertionError, since nobody is watched."""
        raise AssertionError(f"nobody is watched on lot {spec.terms.lot}: {book}")

    def again(self, spec: LotSpec, book: DutchBook, placed: Placed) -> DutchEntry:
        """Raise AssertionError: the price at which a unit was taken can't come again."""
        raise AssertionError(f"lot {spec.terms.lot} has a clock: {placed}")

    def take_back(self, spec: LotSpec, book: DutchBook, paddle: int) -> DutchBook:
        """Return the book with the units of a bidder for sale again."""
        taken = {other: row for other, row in book.taken.items() if other != paddle}
        left = terms_of(spec).units - sum(row.units for row in taken.values())
        return DutchBook(book.price_minor, left, book.steps, taken)

    def reopen(self, spec: LotSpec, book: DutchBook, price_minor: int | None) -> DutchBook | RejectCode:
        """Let the clock continue from one of its prices; None: from the price where it stood."""
        terms = terms_of(spec)
        steps = book.steps if price_minor is None else steps_to(terms, price_minor)
        if not book.units_left or steps is None:
            return RejectCode.INVALID_AMOUNT
        return DutchBook(price_after(terms, steps), book.units_left, steps, dict(book.taken))

    def stands_at_ms(self, spec: LotSpec, book: DutchBook) -> int:
        """Return when the clock came to its price."""
        return book.steps * terms_of(spec).step_ms

    def may_revise(self, before: LotSpec, after: LotSpec, book: DutchBook) -> bool:
        """Allow nothing: the clock has begun."""
        return False

    def faults(self, spec: LotSpec, book: DutchBook, view: LotView) -> Iterator[str]:
        """Yield what can't be true of a lot's book, board and results."""
        terms = terms_of(spec)
        if view.board != self.show(spec, book, is_over=view.status.is_final):
            yield "the board is not what the book shows"
        if not 0 <= book.steps < terms.prices or book.price_minor != price_after(terms, book.steps):
            yield "the price is not one of the clock's"
        rows = _results(book.taken)
        if book.units_left < 0 or any(row.units < 1 for row in rows):
            yield "more units were taken than there are, or none"
        if sum(row.units for row in rows) + book.units_left != terms.units:
            yield "units were lost, or came from nowhere"
        if any(row.amount_minor < row.units * terms.floor_minor for row in rows):
            yield "a unit was sold below the floor"
        if view.status in (LotStatus.SOLD, LotStatus.PASSED) and view.results != rows:
            yield "the results are not what was taken"

    def moves(self, before: AnyBoard, after: AnyBoard) -> Iterator[str]:
        """Yield what can't be true of two boards of which one follows the other."""
        assert isinstance(before, DutchBoard), "a Dutch lot has Dutch boards"
        assert isinstance(after, DutchBoard), "a Dutch lot has Dutch boards"
        fell, was_taken = after.price_minor < before.price_minor, after.units_left < before.units_left
        if after.price_minor > before.price_minor or after.units_left > before.units_left or fell == was_taken:
            yield "neither did the price fall nor was a unit taken, or both at once"


DUTCH: Final = Dutch()


def terms_of(spec: LotSpec) -> DutchTerms:
    """Return the terms of a Dutch lot."""
    terms = spec.terms.format
    assert isinstance(terms, DutchTerms), "the table of formats goes by the terms"
    return terms


def decide_stop(book: DutchBook, paddle: int, stop: StopRequest) -> DutchEntry | RejectCode:
    """Return what a stop takes at the price on the clock: so many units, or those that are left; or why it does not."""
    price_minor, units = book.price_minor, stop.units
    if stop.price_minor < price_minor:
        return RejectCode.BELOW_MINIMUM
    if units > book.units_left:
        units = book.units_left
    # The price itself where that is the amount: thousands of stops then share one number.
    return DutchEntry(paddle, units, price_minor if units == 1 else units * price_minor)


def take(book: DutchBook, paddle: int, entry: DutchEntry) -> DutchOwn:
    """Hand the units of an entry over to a bidder, in place. Return what the bidder has taken then."""
    own = book.taken[paddle] = _own_after(book, paddle, entry)
    book.units_left -= entry.units
    return own


def price_after(terms: DutchTerms, steps: int) -> int:
    """Return the price on the clock after it has fallen so often."""
    price_minor, floor_minor = terms.starting_minor - steps * terms.step_minor, terms.floor_minor
    return price_minor if price_minor > floor_minor else floor_minor  # `max` would take several times as long


def steps_to(terms: DutchTerms, price_minor: int) -> int | None:
    """Return how often the clock falls to reach a price; None if it never shows it."""
    steps = -(-(terms.starting_minor - price_minor) // terms.step_minor)
    return steps if 0 <= steps < terms.prices and price_after(terms, steps) == price_minor else None


def _own_after(book: DutchBook, paddle: int, entry: DutchEntry) -> DutchOwn:
    """Return what a bidder has taken with the units of an entry in it."""
    own = book.taken.get(paddle)
    if own is None:
        return DutchOwn(entry.units, entry.amount_minor)
    return DutchOwn(own.units + entry.units, own.amount_minor + entry.amount_minor)


def _results(taken: dict[int, DutchOwn]) -> tuple[Result, ...]:
    """Return a row for each bidder."""
    return tuple(Result(paddle, own.amount_minor, own.units) for paddle, own in taken.items())
