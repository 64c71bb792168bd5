"""What a bidder with a spending limit has spent of it; the house tells that bidder alone, and those who give commands.

Only the house knows all of it: a client sees neither the limit nor what a correction changed before it came.
"""

from typing import Annotated

from msgspec import Meta, Struct


class Spending(Struct, frozen=True):
    """A bidder's limit, and what counts against it: all lots of the sale together, in minor units."""

    limit_minor: Annotated[int, Meta(description="the most that the bidder may have to pay in the whole sale")]
    won_minor: Annotated[int, Meta(description="what it has to pay for lots that are over")]
    exposed_minor: Annotated[int, Meta(description="the most that it may have to pay on lots that are not over")]

    @property
    def left_minor(self) -> int:
        """What is left of the limit, 0 or more: a limit may be lowered below what counts against it."""
        return max(0, self.limit_minor - self.won_minor - self.exposed_minor)
