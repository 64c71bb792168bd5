"""The columns in which reports show the bidding on a lot, and an offer."""

from typing import NamedTuple


class Bidding(NamedTuple):
    """The bidding on a lot as the auctioneer may see it. What a format does not have, or keeps sealed, is None."""

    bids: int | None = None
    leader: int | None = None
    reserve_met: bool | None = None
    price_minor: int | None = None
    minimum_minor: int | None = None
    starting_minor: int | None = None
    maximum_minor: int | None = None
    buy_now_minor: int | None = None


class Said(NamedTuple):
    """What a clerk says for another person. What offer that is depends on the lot's format."""

    id: int
    lot: str
    amount_minor: int | None
    """None: the person takes an offer back."""
    is_maximum: bool = False
    is_purchase: bool = False
    units: int | None = None
    if_seq: int | None = None


class OfferMade(NamedTuple):
    """What an offer asked for."""

    kind: str
    amount_minor: int | None = None
    maximum_minor: int | None = None
    accepted_as: str = "accepted"
    """What became of it if it was accepted, in one word."""
    is_sealed: bool = False
    """Nobody is shown what it asked for before the lot is over, and the auctioneer's screen does not tell of it."""
