"""Sealed lots on the wire: each bidder makes one secret offer, which it may replace or take back until the close.

The highest offer wins, the earliest of equal ones. The winner pays its own offer, or what the second offer was
(Vickrey). `docs/rules-sealed.md` has the rules. `auctioneer.rules.formats.sealed` decides by them.
"""

from enum import Enum
from typing import Annotated, ClassVar, final

from msgspec import Meta, Struct

from common.wire import Amount, OfferRequest


class Pays(Enum):
    """What the winner of a sealed lot pays."""

    OWN_OFFER = "own_offer"
    """First price: the winner pays what it offered."""
    SECOND_OFFER = "second_offer"
    """Vickrey: the winner pays the second highest offer, at least the reserve and the least offer."""


class SealedTerms(Struct, frozen=True, tag_field="format", tag="sealed"):
    """The terms of a sealed lot."""

    starting_minor: Annotated[int, Meta(description="the least offer")]
    pays: Annotated[Pays, Meta(description="what the winner pays")]
    has_reserve: Annotated[bool, Meta(description="there is a reserve; how much is secret")] = False

    def shared(self) -> "SealedTerms":
        """Return the same terms; nothing in them is large."""
        return self

    @property
    def bytes_max(self) -> int:
        """The most bytes that these terms take in a message."""
        return 96


@final
class SealedBoard(Struct, frozen=True, gc=False, tag_field="format", tag="sealed"):
    """What everybody sees of the offers for a sealed lot: nothing until it is over, not even how many there are."""

    BYTES_MAX: ClassVar[int] = 64
    """The most bytes that a board takes in a message."""

    minimum_minor: Annotated[int, Meta(description="the least that may be offered")]
    offers: Annotated[int | None, Meta(description="how many offers stood at the close; nil until then")] = None

    @property
    def leader(self) -> None:
        """Nobody is named before the close."""

    @property
    def reserve_met(self) -> None:
        """Nobody is told before the close."""


@final
class SealedOwn(Struct, frozen=True, gc=False, tag_field="format", tag="sealed"):
    """What one bidder may know of its own position on a sealed lot: the offer that stands."""

    amount_minor: Annotated[int, Meta(description="the bidder's own offer; secret from all others")]


# --- offers --------------------------------------------------------------------------------------------------------


class SealRequest(OfferRequest, frozen=True, kw_only=True, tag="seal"):
    """Make a sealed offer for a lot, in place of an earlier one of this bidder."""

    amount_minor: Annotated[Amount, Meta(description="the offer")]


class UnsealRequest(OfferRequest, frozen=True, kw_only=True, tag="unseal"):
    """Take the bidder's own sealed offer back. The bidder may make another one until the close."""
