"""The interface of a format to a simulated sale."""

from collections.abc import Callable
from random import Random
from typing import NamedTuple, Protocol

from common.absentee import LeaveBidRequest
from common.formats import AnyOffer, AnyTerms
from common.lot import LotView, SoftClose

ON_THE_WAY_MS = 100
"""The travel time of a message when time is coarse: an offer sent this long before an instant arrives exactly at it."""


class Moment(NamedTuple):
    """One look of a bidder at a lot."""

    view: LotView
    now_ms: int
    """The server time that the bidder knows."""
    paddle: int
    chance: Random
    new_id: Callable[[], int]
    seals_more_minor: int = 0


class Mind(Protocol):
    """One bidder's plan for one lot, over all runs of its program."""

    def offer(self, moment: Moment) -> AnyOffer | None:
        """Return the bidder's offer on the lot now; None if it makes none."""

    def again_ms(self, moment: Moment) -> int | None:
        """Return the time until the bidder looks again at an unchanged lot; None if it waits for a change."""


def left_bid(moment: Moment, chance: Random) -> LeaveBidRequest:
    """Return a bid that is left on a lot, or the taking back of one."""
    amount_minor = None if chance.random() < 0.2 else chance.choice((1, 500, 2500, 4000, 4050, 9000))
    return LeaveBidRequest(id=moment.new_id(), lot=moment.view.lot, amount_minor=amount_minor)


Deed = Callable[[Moment], AnyOffer]
"""Returns an offer that a sensible bidder would make rarely or never."""


class Drawn(NamedTuple):
    """The random terms of a lot's bidding."""

    terms: AnyTerms
    duration_ms: int | None
    reserve_minor: int | None = None
    soft_close: SoftClose | None = None


class SimulatedFormat(Protocol):
    """One format in a simulated sale."""

    deeds: tuple[Deed, ...]

    def draw(self, chance: Random) -> Drawn:
        """Return any terms that a catalogue allows."""

    def mind(self, view: LotView, chance: Random) -> Mind:
        """Return a bidder's plan for a lot."""


def duration_of(chance: Random) -> int | None:
    """Return how long a lot is open; None if the auctioneer closes it by hand."""
    return 100 * chance.randrange(40, 300) if chance.random() < 0.9 else None


def reserve_of(chance: Random, starting_minor: int) -> int | None:
    """Return a reserve for every third lot; None for the others."""
    return starting_minor + chance.randrange(4000) if chance.random() < 0.35 else None
