"""The rules of sealed lots: one secret offer of each bidder, opened at the close.

Source: W. Vickrey, "Counterspeculation, Auctions, and Competitive Sealed Tenders", Journal of Finance 16 (1961), for
both ways to pay; `docs/rules-sealed.md` restates them:

- a bidder has one offer; a new one takes its place, and it may be taken back, both until the close;
- the highest offer wins, the earliest of equal ones; an offer that replaces another counts from then on, except one of
  the same amount, which changes nothing;
- the winner pays its own offer (first price), or the highest offer of the others (Vickrey), but at least the reserve
  and the least offer;
- if the highest offer is below the reserve, the lot passes;
- until the close nobody learns of any offer but its own, not even that there is one.
"""

from collections.abc import Collection, Iterator
from typing import Final, final

import msgspec

from auctioneer.rules.formats.format import Placed, WithoutClock
from auctioneer.rules.terms import LotSpec
from common.absentee import LeaveBidRequest
from common.errors import RejectCode
from common.formats import AnyBoard, AnyOffer
from common.formats.sealed import Pays, SealedBoard, SealedOwn, SealedTerms, SealRequest, UnsealRequest
from common.lot import CORRECTED_CAUSES, LotStatus, LotView, Result


@final
class SealedOffer(msgspec.Struct, frozen=True, gc=False, tag_field="format", tag="sealed"):
    """What a bidder's offer writes into the book; without an amount it takes the offer out."""

    paddle: int
    amount_minor: int | None


@final
class SealedBook(msgspec.Struct, tag_field="format", tag="sealed"):
    """The offers that stand, by paddle, the earliest first. It is changed in place, since a lot may have thousands."""

    offers_minor: dict[int, int] = msgspec.field(default_factory=dict)


class Sealed(WithoutClock[SealedBook, SealedOffer]):
    """Sealed rules for the frame."""

    offers: frozenset[type[AnyOffer]] = frozenset({SealRequest, UnsealRequest})
    sells_at_once = False
    is_sealed = True

    def open(self, spec: LotSpec) -> SealedBook:
        """Return a book without an offer."""
        return SealedBook()

    def offer_left(self, left: LeaveBidRequest) -> SealRequest:
        """Return a sealed offer."""
        assert left.amount_minor is not None, "it was left, and not taken back"
        return SealRequest(id=left.id, lot=left.lot, amount_minor=left.amount_minor)

    def decide(self, spec: LotSpec, book: SealedBook, placed: Placed) -> SealedOffer | RejectCode | None:
        """Decide an offer, or the taking back of one. None: it is accepted and changes nothing."""
        standing_minor = book.offers_minor.get(placed.paddle)
        if not isinstance(placed.offer, SealRequest):
            return RejectCode.NO_OFFER if standing_minor is None else SealedOffer(placed.paddle, None)
        amount_minor = placed.offer.amount_minor
        if amount_minor < terms_of(spec).starting_minor:
            return RejectCode.BELOW_MINIMUM
        return None if amount_minor == standing_minor else SealedOffer(placed.paddle, amount_minor)

    def apply(self, spec: LotSpec, book: SealedBook, entry: SealedOffer) -> SealedBook:
        """Put an offer behind all others, or take it out. The book is changed in place."""
        book.offers_minor.pop(entry.paddle, None)
        if entry.amount_minor is not None:
            book.offers_minor[entry.paddle] = entry.amount_minor
        return book

    def show(self, spec: LotSpec, book: SealedBook, *, is_over: bool) -> SealedBoard:
        """Return the board: until the lot is over it depends on no offer."""
        return SealedBoard(terms_of(spec).starting_minor, len(book.offers_minor) if is_over else None)

    def close(self, spec: LotSpec, book: SealedBook) -> tuple[Result, ...]:
        """Return the highest offer and what it pays; nothing if there is none, or none reaches the reserve."""
        offers, terms = book.offers_minor, terms_of(spec)
        if not offers:
            return ()
        winner = max(offers, key=offers.__getitem__)  # of equal offers the first, which is the earliest
        least_minor = max(terms.starting_minor, spec.reserve_minor or 0)
        if offers[winner] < least_minor:
            return ()
        if terms.pays is Pays.OWN_OFFER:
            return (Result(winner, offers[winner]),)
        others = (amount_minor for paddle, amount_minor in offers.items() if paddle != winner)
        return (Result(winner, max(least_minor, max(others, default=0))),)

    def own(self, spec: LotSpec, book: SealedBook, paddle: int) -> SealedOwn | None:
        """Return the bidder's own offer; None if it has none."""
        amount_minor = book.offers_minor.get(paddle)
        return None if amount_minor is None else SealedOwn(amount_minor)

    def exposure(self, spec: LotSpec, book: SealedBook, paddle: int) -> int:
        """Return the bidder's own offer, whichever the offers of the others are."""
        return book.offers_minor.get(paddle, 0)

    def exposed(self, book: SealedBook) -> Collection[int]:
        """Return all who have an offer."""
        return book.offers_minor

    def commitment(self, spec: LotSpec, book: SealedBook, placed: Placed) -> int:
        """Return the amount of an offer; 0 if one is taken back."""
        return placed.offer.amount_minor if isinstance(placed.offer, SealRequest) else 0

    def watched(self, book: SealedBook) -> None:
        """Watch nobody: a sealed offer stands however silent its bidder is."""

    def release(self, spec: LotSpec, book: SealedBook) -> SealedOffer:
        """Release nothing. Raises AssertionError, since nobody is watched."""
        raise AssertionError(f"nobody is watched on lot {spec.terms.lot}: {book}")

    def may_revise(self, before: LotSpec, after: LotSpec, book: SealedBook) -> bool:
        """Allow everything before the first offer, and nothing afterwards."""
        return not book.offers_minor

    def faults(self, spec: LotSpec, book: SealedBook, view: LotView) -> Iterator[str]:
        """Yield what can't be true of a lot's book, board and results."""
        if view.board != self.show(spec, book, is_over=view.status.is_final):
            yield "the board is not what the book shows"
        if any(amount_minor < terms_of(spec).starting_minor for amount_minor in book.offers_minor.values()):
            yield "an offer below the least stands"
        if view.close_cause in CORRECTED_CAUSES:
            return
        if view.status in (LotStatus.SOLD, LotStatus.PASSED) and view.results != self.close(spec, book):
            yield "the results are not those of the offers"

    def moves(self, before: AnyBoard, after: AnyBoard) -> Iterator[str]:
        """Yield a fault whatever the boards: until the close nothing is shown of a sealed lot."""
        yield f"a sealed lot moved before its close: {before} became {after}"


SEALED: Final = Sealed()


def terms_of(spec: LotSpec) -> SealedTerms:
    """Return the terms of a sealed lot."""
    terms = spec.terms.format
    assert isinstance(terms, SealedTerms), "the table of formats goes by the terms"
    return terms
