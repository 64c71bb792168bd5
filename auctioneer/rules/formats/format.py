"""The seam between the frame and the formats: all that the house knows of the bidding on a lot goes through it.

The frame (the engine) owns the lot's status, its clock, its seq, its soft close and its record. A format owns the
bidding. It never sees a pause, an outage or a server time: its times are lot time, the milliseconds that the lot has
been open.

`show` is the only way from a book to what others see. The frame compares boards: if an offer leaves the board as it
was, there is no event, no seq and no extension. So a secret stays secret without the care of the format's author.
"""

from collections.abc import Collection, Iterator
from typing import Any, NamedTuple, Protocol, TypeVar

from msgspec import Struct

from auctioneer.rules.terms import LotSpec
from common.absentee import LeaveBidRequest
from common.errors import RejectCode
from common.formats import AnyBoard, AnyOffer, AnyOwn
from common.lot import CloseCause, LotView, Result

Book = TypeVar("Book")
"""What only the house knows of a lot's bidding."""
Entry = TypeVar("Entry")
"""What one offer writes into the book. The record has it, so that a book is built again without deciding again."""


class Placed(Struct, frozen=True, gc=False):
    """An offer: who made it, and when in lot time."""

    paddle: int
    at_ms: int
    offer: AnyOffer


class Outcome(NamedTuple):
    """The lot is over by an offer or by its own clock."""

    cause: CloseCause
    results: tuple[Result, ...]
    entry: Any = None
    """What the offer writes into the book; None if that is nothing."""


class Format(Protocol[Book, Entry]):
    """The rules of one format. A method changes nothing but the book that `apply` is given."""

    offers: frozenset[type[AnyOffer]]
    """The offers that it has; the frame refuses any other with `other_format`."""

    sells_at_once: bool
    """An accepted offer is a purchase, so a lot of which something was taken can't be withdrawn any more."""

    retracts: bool
    """Whether a bidder may take its last offer back, in a sale that has retractions."""

    takes_house_bids: bool
    """Whether the house may bid for the seller, where the lot's terms say so."""
    refolds: bool
    """A book can be made again from the offers that count, so that a correction may leave some of them out."""
    is_sealed: bool
    """Nobody but its bidder is told of an offer before the close, those who hold the sale included."""

    def open(self, spec: LotSpec) -> Book:
        """Return the book of a lot on which nobody has made an offer."""

    def offer_left(self, left: LeaveBidRequest) -> AnyOffer | None:
        """Return the offer that a bid becomes which was left before the lot opened; None if none can be left.

        `left` has an amount. The offer has its id, and no condition.
        """

    def decide(self, spec: LotSpec, book: Book, placed: Placed) -> Entry | Outcome | RejectCode | None:
        """Decide an offer on an open lot. None: it is accepted, and changes nothing."""

    def apply(self, spec: LotSpec, book: Book, entry: Entry) -> Book:
        """Return the book with an entry in it. It may be the same object, changed."""

    def show(self, spec: LotSpec, book: Book, *, is_over: bool) -> AnyBoard:
        """Return what everybody may see of the book while the lot is not over, or once it is."""

    def due_ms(self, spec: LotSpec, book: Book) -> int | None:
        """Return the lot time at which the format's own clock acts next; None if it has none, or is done.

        The frame asks when the lot is listed, and after each step of the clock: an offer does not move it.
        """

    def step(self, spec: LotSpec, book: Book) -> Entry:
        """Return the entry by which the format's own clock acts, when that is due."""

    def close(self, spec: LotSpec, book: Book) -> tuple[Result, ...]:
        """Return the results if the lot closes now; none if it passes."""

    def own(self, spec: LotSpec, book: Book, paddle: int) -> AnyOwn | None:
        """Return what a bidder may know of its own position; None if it has none."""

    def exposure(self, spec: LotSpec, book: Book, paddle: int) -> int:
        """Return the most minor units that a bidder may have to pay as the lot stands; 0 just where no offer stands.

        What the bidder pays when the lot closes is never more.
        """

    def exposed(self, book: Book) -> Collection[int]:
        """Return the paddles that have an exposure on the lot, each once."""

    def commitment(self, spec: LotSpec, book: Book, placed: Placed) -> int:
        """Return the most minor units that the bidder may have to pay on the lot once `decide` accepts this offer.

        It is at least the exposure after the offer, and depends on nothing that the bidder can't know: where it
        depended on a rival's maximum, to be refused for a limit would tell that.
        """

    def watched(self, book: Book) -> int | None:
        """Return the paddle that wants something released when it falls silent; None if nobody does."""

    def release(self, spec: LotSpec, book: Book) -> Entry:
        """Return the entry by which what the watched bidder wanted released is released. The board stays as it is."""

    def again(self, spec: LotSpec, book: Book, placed: Placed) -> Entry | RejectCode | None:
        """Decide an accepted offer again, because a correction left out others before it.

        Its conditions count as met. A code means that it can't count any more, and None that it changes nothing. The
        frame asks only where `refolds` is set.
        """

    def take_back(self, spec: LotSpec, book: Book, paddle: int) -> Book:
        """Return a new book without what a bidder bought. The frame asks only where `refolds` is not set."""

    def reopen(self, spec: LotSpec, book: Book, price_minor: int | None) -> Book | RejectCode:
        """Return the book with which bidding continues after the close; `price_minor` is where a clock continues."""

    def stands_at_ms(self, spec: LotSpec, book: Book) -> int | None:
        """Return the lot time at which the format's own clock shows what the book says; None if it has no clock."""

    def may_revise(self, before: LotSpec, after: LotSpec, book: Book) -> bool:
        """Return whether the terms of the bidding may change on a lot that is open, or was."""

    def faults(self, spec: LotSpec, book: Book, view: LotView) -> Iterator[str]:
        """Yield what can't be true of a lot's book, board and results."""

    def moves(self, before: AnyBoard, after: AnyBoard) -> Iterator[str]:
        """Yield what can't be true of two boards of which one follows the other."""


class WithoutClock(Format[Book, Entry], Protocol):
    """What formats share that have no clock but the frame's, and whose books follow from the offers that count."""

    refolds: bool = True
    is_sealed: bool = False
    retracts: bool = False
    takes_house_bids: bool = False

    def due_ms(self, spec: LotSpec, book: Book) -> int | None:
        """Return that there is no clock but the frame's."""
        return None

    def step(self, spec: LotSpec, book: Book) -> Entry:
        """Raise AssertionError, since there is no clock."""
        raise AssertionError(f"lot {spec.terms.lot} has no clock of its own: {book}")

    def stands_at_ms(self, spec: LotSpec, book: Book) -> int | None:
        """Return that there is no clock but the frame's."""
        return None

    def again(self, spec: LotSpec, book: Book, placed: Placed) -> Entry | RejectCode | None:
        """Decide an offer as at first."""
        decided = self.decide(spec, book, placed)
        assert not isinstance(decided, Outcome), "an offer that closes the lot is not decided again"
        return decided

    def take_back(self, spec: LotSpec, book: Book, paddle: int) -> Book:
        """Raise AssertionError, since the book is made again from the offers."""
        raise AssertionError(f"lot {spec.terms.lot} is made again from its offers: {book}")

    def reopen(self, spec: LotSpec, book: Book, price_minor: int | None) -> Book | RejectCode:
        """Return the book as it was; there is no clock with a price."""
        return book if price_minor is None else RejectCode.OTHER_FORMAT
