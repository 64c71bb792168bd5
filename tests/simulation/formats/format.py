"""What a simulated sale needs to know of a format."""

from collections.abc import Callable
from random import Random
from typing import NamedTuple, Protocol

from common.formats import AnyOffer, AnyTerms
from common.lot import LotView, SoftClose

ON_THE_WAY_MS = 100
"""What a message takes where time is coarse: an offer sent so long before an instant comes just then."""


class Moment(NamedTuple):
    """A bidder looks at a lot."""

    view: LotView
    now_ms: int
    """Server time, as the bidder knows it."""
    paddle: int
    chance: Random
    new_id: Callable[[], int]
    seals_more_minor: int = 0


class Mind(Protocol):
    """What one bidder has in mind for one lot, over all runs of its program."""

    def offer(self, moment: Moment) -> AnyOffer | None:
        """Return what the bidder does about the lot now."""

    def again_ms(self, moment: Moment) -> int | None:
        """Return in how long the bidder looks again though the lot has not changed; None: it does not."""


Deed = Callable[[Moment], AnyOffer]
"""Something that a sensible bidder would not do, or not often."""


class Drawn(NamedTuple):
    """What chance made of a lot's bidding."""

    terms: AnyTerms
    duration_ms: int | None
    reserve_minor: int | None = None
    soft_close: SoftClose | None = None


class SimulatedFormat(Protocol):
    """One format in a simulated sale."""

    deeds: tuple[Deed, ...]

    def draw(self, chance: Random) -> Drawn:
        """Return whatever a catalogue allows."""

    def mind(self, view: LotView, chance: Random) -> Mind:
        """Return what a bidder has in mind for a lot."""


def duration_of(chance: Random) -> int | None:
    """Return how long a lot is open; None: until it is closed by hand."""
    return 100 * chance.randrange(40, 300) if chance.random() < 0.9 else None


def reserve_of(chance: Random, starting_minor: int) -> int | None:
    """Return a reserve, for every third lot."""
    return starting_minor + chance.randrange(4000) if chance.random() < 0.35 else None
