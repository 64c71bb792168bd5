"""Dutch lots on the wire: the price falls by the clock until somebody takes it.

`docs/rules-dutch.md` has the rules. `auctioneer.rules.formats.dutch` decides by them.
"""

from functools import lru_cache
from typing import Annotated, ClassVar, final

from msgspec import Meta, Struct

from common.limits import UNITS_MAX
from common.wire import Amount, OfferRequest

Units = Annotated[int, Meta(ge=1, le=UNITS_MAX)]


class DutchTerms(Struct, frozen=True, tag_field="format", tag="dutch"):
    """The terms of a Dutch lot."""

    starting_minor: Annotated[int, Meta(description="the price of a unit at the opening")]
    floor_minor: Annotated[int, Meta(description="the price below which the clock does not fall")]
    step_minor: Annotated[int, Meta(description="the price falls by this at a time; the last step ends at the floor")]
    step_ms: Annotated[int, Meta(description="how long each price holds, in lot time: without pauses and outages")]
    units: Annotated[int, Meta(description="how many like units there are")] = 1

    has_reserve: ClassVar[bool] = False
    """The floor is public, so there is no secret reserve."""

    @property
    def prices(self) -> int:
        """How many prices the clock shows, the first and the floor included."""
        return -(-(self.starting_minor - self.floor_minor) // self.step_minor) + 1

    @property
    def duration_ms(self) -> int:
        """How long the clock runs in lot time: each price holds for `step_ms`."""
        return self.prices * self.step_ms

    def shared(self) -> "DutchTerms":
        """Return the first of all equal terms, so that a clock that many lots have is looked up in one place."""
        return _shared(self)

    @property
    def bytes_max(self) -> int:
        """The most bytes that these terms take in a message."""
        return 128


@lru_cache(maxsize=1024)
def _shared(terms: DutchTerms) -> DutchTerms:
    """Return the first of all equal terms."""
    return terms


@final
class DutchBoard(Struct, frozen=True, gc=False, tag_field="format", tag="dutch"):
    """What everybody sees of a Dutch lot: the price on the clock, and how many units are left."""

    BYTES_MAX: ClassVar[int] = 64
    """The most bytes that a board takes in a message."""

    price_minor: Annotated[int, Meta(description="the price of a unit now")]
    units_left: Annotated[int, Meta(description="how many units nobody has taken yet")]

    @property
    def leader(self) -> None:
        """Nobody leads: who takes a unit has bought it."""

    @property
    def reserve_met(self) -> None:
        """There is no reserve."""


@final
class DutchOwn(Struct, frozen=True, gc=False, tag_field="format", tag="dutch"):
    """What one bidder has taken of a Dutch lot so far."""

    units: Annotated[int, Meta(description="how many units the bidder has taken")]
    amount_minor: Annotated[int, Meta(description="what they cost in all")]


# --- offers --------------------------------------------------------------------------------------------------------


class StopRequest(OfferRequest, frozen=True, kw_only=True, tag="stop"):
    """Stop the clock of a Dutch lot: take one or more units at the price that it shows, or what is left of them.

    The price is that of the house's clock when the request is received. It is never more than `price_minor`, the price
    that the bidder saw: a clock that still shows more refuses the request.
    """

    price_minor: Annotated[Amount, Meta(description="the price that the bidder saw: the most that a unit may cost")]
    units: Annotated[Units, Meta(description="how many units at most")] = 1
