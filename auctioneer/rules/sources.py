"""How an offer reached the house: from the bidder itself, or by a clerk who speaks for a person in the room."""

from enum import Enum
from typing import Final, NamedTuple


class Source(Enum):
    """How an offer reached the house; the values are the words in commands and reports."""

    BIDDER = "bidder"
    """The bidder's own key sent it."""
    FLOOR = "floor"
    """A clerk saw a paddle raised in the room."""
    TELEPHONE = "telephone"
    """A clerk has the bidder on the telephone."""
    ABSENTEE = "absentee"
    """The bidder left the bid, before or while the lot was open, and does not take part in the bidding."""
    HOUSE = "house"
    """The house bid for the seller, below the reserve (`auctioneer.rules.formats.house_bids`)."""


FOR_OTHERS: Final = frozenset({Source.FLOOR, Source.TELEPHONE, Source.ABSENTEE})
"""The sources that a clerk may name for a bidder."""


class Placer(NamedTuple):
    """Who put an offer to the house: the source, and the clerk's name. The name is empty for the bidder itself."""

    source: Source
    by: str


THE_BIDDER: Final = Placer(Source.BIDDER, "")
