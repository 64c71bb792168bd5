"""The offers that a sale with corrections keeps for each lot, and the book that follows without some of them.

A correction makes a lot's book again from the offers that still count. Each is decided again at its place and its lot
time, with its conditions (`if_seq`, `if_price_minor`) counted as met: they were met when it was accepted. An offer that
can't stand any more is void too. `docs/rules.md` says this to bidders.
"""

from collections.abc import Set as AbstractSet
from copy import deepcopy
from typing import NamedTuple

from auctioneer.rules.facts import OfferTaken, PositionReleased, Taken
from auctioneer.rules.formats.entries import AnyBook
from auctioneer.rules.formats.format import Outcome, Placed
from auctioneer.rules.formats.table import format_of
from auctioneer.rules.lots import OFFERS_KEPT_MAX, KeptOffer, KeptOffers, LotState
from auctioneer.rules.sources import Source
from common.errors import RejectCode


class Refold(NamedTuple):
    """The book that the remaining offers make, and the numbers of all offers that no longer count, in their order."""

    book: AnyBook | None
    void: tuple[int, ...]


def keep(lot: LotState, kept: KeptOffers, fact: Taken) -> None:
    """Keep an offer that was accepted, before its time in lot time changes. One that closes the lot is not kept."""
    if isinstance(fact, OfferTaken) and fact.cause is not None:
        return
    kept.last_number += 1
    at_ms = fact.at_ms - lot.opened_at_ms
    source, by = (fact.source, fact.by) if isinstance(fact, OfferTaken) else (Source.BIDDER, "")
    number, seq, is_public, paddle = kept.last_number, fact.seq, fact.public, fact.paddle
    _append(lot, kept, KeptOffer(number, seq, is_public, paddle, at_ms, fact.request, fact.at_ms, source, by))


def keep_release(lot: LotState, kept: KeptOffers, fact: PositionReleased) -> None:
    """Keep that a bidder's position was released, at its place among the offers."""
    at_ms = fact.at_ms - lot.opened_at_ms
    _append(lot, kept, KeptOffer(number=0, seq=fact.seq, is_public=False, paddle=fact.paddle, at_ms=at_ms, offer=None))


def refold(lot: LotState, kept: KeptOffers, without: AbstractSet[int]) -> Refold:
    """Return the book of a lot without the offers of these numbers. The lot stays as it is."""
    book, void = deepcopy(kept.base), []
    for offer in kept.offers:
        if offer.number in without:
            void.append(offer.number)
            continue
        after = _with(lot, book, offer)
        if isinstance(after, RejectCode):
            void.append(offer.number)
        else:
            book = after
    return Refold(book, tuple(void))


def drop(kept: KeptOffers, void: AbstractSet[int]) -> None:
    """Forget offers that no longer count."""
    kept.offers = [offer for offer in kept.offers if offer.number not in void]


def _append(lot: LotState, kept: KeptOffers, offer: KeptOffer) -> None:
    kept.offers.append(offer)
    if len(kept.offers) > OFFERS_KEPT_MAX:
        after = _with(lot, kept.base, kept.offers.pop(0))
        assert not isinstance(after, RejectCode), "the first of the offers that count stands by itself"
        kept.base = after


def _with(lot: LotState, book: AnyBook | None, kept: KeptOffer) -> AnyBook | RejectCode | None:
    """Return the book with one more offer in it; the book may be changed in place."""
    spec, form = lot.spec, format_of(lot.spec)
    if kept.offer is None:
        is_held = form.watched(book) == kept.paddle
        return form.apply(spec, book, form.release(spec, book)) if is_held else book
    entry = form.again(spec, book, Placed(kept.paddle, kept.at_ms, kept.offer))
    assert not isinstance(entry, Outcome), "an offer that closes the lot is not kept"
    if isinstance(entry, RejectCode):
        return entry
    return book if entry is None else form.apply(spec, book, entry)
