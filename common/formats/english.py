"""English lots on the wire: bids rise, the highest leads, and everybody sees the price.

`docs/rules.md` has the rules. `auctioneer.rules.formats.english` decides by them.
"""

from bisect import bisect_right
from collections.abc import Iterable
from functools import lru_cache
from typing import Annotated, Any, ClassVar, final

from msgspec import Meta, Struct
from msgspec.structs import force_setattr

from common.limits import INCREMENT_STEPS_MAX
from common.wire import Amount, Count, OfferRequest


class Step(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One row of an increment table: from this price on, bids rise by this step. On the wire `[from, step]`."""

    from_minor: Annotated[int, Meta(description="from this price on")]
    step_minor: Annotated[int, Meta(description="bids rise by this")]


class Increments(tuple[Step, ...]):
    """An increment table with its columns: to look at one row after the other would be a quarter of a bid's time."""

    bounds_minor: tuple[int, ...]
    """From which prices on each row but the first is in force."""
    steps_minor: tuple[int, ...]

    def __init__(self, _rows: Iterable[Step]) -> None:
        """Take the columns from the rows, which are ascending; tuples get their items before."""
        self.bounds_minor = tuple(step.from_minor for step in self[1:])
        self.steps_minor = tuple(step.step_minor for step in self)


class EnglishTerms(Struct, frozen=True, tag_field="format", tag="english"):
    """The terms of an English lot."""

    starting_minor: Annotated[int, Meta(description="the least first bid")]
    increments: Annotated[
        tuple[Step, ...],
        Meta(
            max_length=INCREMENT_STEPS_MAX,
            description=("ascending; the row in force is the last whose `from` is at most the price, else the first"),
        ),
    ]
    has_reserve: Annotated[bool, Meta(description="there is a reserve; how much is secret")] = False
    buy_now_minor: Annotated[
        int | None, Meta(description="the buy-now price at the start; the board tells whether it still holds")
    ] = None
    house_bids: Annotated[
        bool, Meta(description="the house may bid for the seller, openly and below the reserve; it then leads as 0")
    ] = False

    def __post_init__(self) -> None:
        """Share the increment table with all terms that have an equal one; a copy would be half of a lot."""
        force_setattr(self, "increments", _shared(self.increments))

    def step_at(self, price_minor: int) -> int:
        """Return the increment at a price: that of the last row at or below it, or of the first if none is."""
        table: Any = self.increments  # an Increments, of which the wire knows nothing
        steps_minor: tuple[int, ...] = table.steps_minor
        return steps_minor[bisect_right(table.bounds_minor, price_minor)]

    def shared(self) -> "EnglishTerms":
        """Return the same terms; they share their increment table already."""
        return self

    @property
    def bytes_max(self) -> int:
        """The most bytes that these terms take in a message."""
        return 108 + 19 * len(self.increments)


@lru_cache(maxsize=1024)
def _shared(table: tuple[Step, ...]) -> Increments:
    """Return the same object for all equal increment tables."""
    return Increments(table)


@final
class EnglishBoard(Struct, frozen=True, gc=False, tag_field="format", tag="english"):
    """What everybody sees of the bidding on an English lot.

    `price_minor` is None until the first bid. `reserve_met` is None if the lot has no reserve.
    """

    BYTES_MAX: ClassVar[int] = 132
    """The most bytes that a board takes in a message."""

    minimum_minor: Annotated[int, Meta(description="the least that the next bidder must bid")]
    price_minor: Annotated[
        int | None,
        Meta(description="the price that the bids have reached; nil without a bid, also if the lot was bought at once"),
    ] = None
    leader: Annotated[
        int | None,
        Meta(
            description=(
                "the paddle that leads by its bids, 0: the house; nil without a bid, also if the lot was bought at once"
            )
        ),
    ] = None
    bids: Annotated[int, Meta(description="how many public bids there were")] = 0
    reserve_met: Annotated[bool | None, Meta(description="the reserve is met; nil without a reserve")] = None
    buy_now_minor: Annotated[int | None, Meta(description="the buy-now price as long as it is offered")] = None


@final
class EnglishOwn(Struct, frozen=True, gc=False, tag_field="format", tag="english"):
    """What the leader of an English lot may know of its own position. All others have none.

    Before the lot opens it is what a bidder may know of the bid that it left.
    """

    maximum_minor: Annotated[int, Meta(description="the bidder's own maximum; secret from all others")]


# --- offers --------------------------------------------------------------------------------------------------------


class BidRequest(OfferRequest, frozen=True, kw_only=True, tag="bid"):
    """Bid on a lot: openly at `amount_minor`, by a secret `maximum_minor`, or both. At least one must be given.

    An open amount becomes the price. A maximum bids for the bidder, and only as much as it takes to lead. With `if_seq`
    or `if_price_minor` (0: no bid yet) the bid counts only if the lot is still as the bidder saw it. With
    `while_connected` the maximum falls to the price when the bidder is silent for too long; the lead stays.
    """

    amount_minor: Annotated[Amount | None, Meta(description="an open bid: the amount becomes the price")] = None
    maximum_minor: Annotated[
        Amount | None, Meta(description="a secret maximum that bids for the bidder, only as much as it takes to lead")
    ] = None
    if_price_minor: Annotated[
        Count | None, Meta(description="the bid counts only if the lot's price is this; 0: there is no bid yet")
    ] = None
    while_connected: Annotated[
        bool, Meta(description="drop the rest of the maximum when the bidder is silent for too long")
    ] = False


class BuyRequest(OfferRequest, frozen=True, kw_only=True, tag="buy"):
    """Buy a lot at once, at its buy-now price, which the request repeats."""

    price_minor: Annotated[Amount, Meta(description="the buy-now price as the client saw it")]
