"""The only list of formats for the bots: it maps the type of a lot's terms to the format's module."""

from collections.abc import Callable
from typing import Any, Final

from common.formats import AnyBoard, AnyTerms
from common.formats.dutch import DutchBoard, DutchTerms
from common.formats.english import EnglishBoard, EnglishTerms
from common.formats.sealed import SealedBoard, SealedTerms
from rehearsal.bots.formats import dutch, english, sealed
from rehearsal.bots.formats.dutch import DutchPlayer, DutchTeller
from rehearsal.bots.formats.english import EnglishPlayer, EnglishTeller
from rehearsal.bots.formats.lot import Bidding, Start, Teller
from rehearsal.bots.formats.player import Player
from rehearsal.bots.formats.sealed import SealedPlayer, SealedTeller

_STARTS: Final[dict[type[AnyTerms], Callable[[AnyTerms], Start]]] = {
    EnglishTerms: english.start_of,
    SealedTerms: sealed.start_of,
    DutchTerms: dutch.start_of,
}
_BIDDINGS: Final[dict[type[AnyBoard], Callable[[AnyBoard], Bidding]]] = {
    EnglishBoard: english.bidding_of,
    SealedBoard: sealed.bidding_of,
    DutchBoard: dutch.bidding_of,
}
TELLERS: Final[dict[type[AnyTerms], type[Teller]]] = {
    EnglishTerms: EnglishTeller,
    SealedTerms: SealedTeller,
    DutchTerms: DutchTeller,
}
"""The teller of a lot's bidding, by the type of the lot's terms."""
PLAYERS: Final[dict[type[AnyTerms], Player[Any]]] = {
    EnglishTerms: EnglishPlayer(),
    SealedTerms: SealedPlayer(),
    DutchTerms: DutchPlayer(),
}
"""The player that bids on a lot, by the type of the lot's terms."""


def start_of(terms: AnyTerms) -> Start:
    """Return the figures from which a bot plans for a lot with these terms."""
    return _STARTS[type(terms)](terms)


def bidding_of(board: AnyBoard) -> Bidding:
    """Return the bidding that a board shows."""
    return _BIDDINGS[type(board)](board)


def player_of(terms: AnyTerms) -> Player[Any]:
    """Return the player for lots with these terms."""
    return PLAYERS[type(terms)]
