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

from typing import final

import msgspec

from common.errors import RejectCode
from common.lot import LotTerms


@final
class Book(msgspec.Struct, frozen=True, gc=False):
    """The price of a lot, its leader, and the two secret maxima that make the price.

    `rival_maximum_minor` is the highest maximum of all bidders but the leader; None while there is no rival.
    """

    price_minor: int
    leader: int
    leader_maximum_minor: int
    rival_maximum_minor: int | None = None


def minimum_bid(terms: LotTerms, price_minor: int | None) -> int:
    """Return the least that the next bidder must bid: the starting price, or one increment above the price."""
    if price_minor is None:
        return terms.starting_minor
    return price_minor + terms.step_at(price_minor)


def decide_bid(
    terms: LotTerms,
    reserve_minor: int | None,
    book: Book | None,
    minimum_minor: int,
    paddle: int,
    amount_minor: int | None,
    maximum_minor: int | None,
) -> Book | RejectCode:
    """Return the lot's book after a bid, or the reason why the bid does not count.

    `amount_minor` is an open bid, and `maximum_minor` a secret one. With both, the bidder opens with the first and
    keeps the second secret. Amounts are in minor units, 1 or more. `minimum_minor` is the lot's `minimum_bid` now.
    """
    highest_minor = amount_minor if maximum_minor is None else maximum_minor
    if highest_minor is None or (amount_minor is not None and highest_minor < amount_minor):
        return RejectCode.INVALID_AMOUNT
    if book is not None and book.leader == paddle:
        return _raise_own_maximum(terms, reserve_minor, book, amount_minor, highest_minor)
    if (highest_minor if amount_minor is None else amount_minor) < minimum_minor:
        return RejectCode.BELOW_MINIMUM
    if book is None:
        price_minor = _price(terms, reserve_minor, amount_minor or terms.starting_minor, highest_minor, None)
        return Book(price_minor, paddle, highest_minor)
    held_minor = book.leader_maximum_minor
    if highest_minor <= held_minor:
        price_minor = _price(terms, reserve_minor, book.price_minor, held_minor, highest_minor)
        return Book(price_minor, book.leader, held_minor, highest_minor)
    floor_minor = book.price_minor if amount_minor is None else amount_minor
    price_minor = _price(terms, reserve_minor, floor_minor, highest_minor, held_minor)
    return Book(price_minor, paddle, highest_minor, held_minor)


def is_reserve_met(reserve_minor: int | None, price_minor: int | None) -> bool | None:
    """Return whether a price reaches the reserve; None if the lot has no reserve."""
    if reserve_minor is None:
        return None
    return price_minor is not None and price_minor >= reserve_minor


def buy_now_after(terms: LotTerms, reserve_met: bool | None) -> int | None:  # noqa: FBT001 -- a state, not a switch
    """Return the buy-now price after a bid, if any: the first bid ends the offer, or the one that meets a reserve."""
    return terms.buy_now_minor if reserve_met is False else None


def _raise_own_maximum(
    terms: LotTerms, reserve_minor: int | None, book: Book, amount_minor: int | None, maximum_minor: int
) -> Book | RejectCode:
    if amount_minor is not None:
        return RejectCode.ALREADY_LEADING
    if maximum_minor <= book.leader_maximum_minor:
        return RejectCode.MAXIMUM_NOT_RAISED
    rival_minor = book.rival_maximum_minor
    price_minor = _price(terms, reserve_minor, book.price_minor, maximum_minor, rival_minor)
    return Book(price_minor, book.leader, maximum_minor, rival_minor)


def _price(
    terms: LotTerms, reserve_minor: int | None, floor_minor: int, leader_minor: int, rival_minor: int | None
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
    return leader_minor if leader_minor < reserve_minor else max(price_minor, reserve_minor)
