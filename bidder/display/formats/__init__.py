"""The words and fields about the bidding on a lot, a module for each format. Only this file lists the formats."""

from typing import Any, Final

from bidder.display.formats.dutch import DUTCH
from bidder.display.formats.english import ENGLISH
from bidder.display.formats.format import FormatDisplay
from bidder.display.formats.sealed import SEALED
from common.formats import AnyBoard
from common.formats.dutch import DutchBoard
from common.formats.english import EnglishBoard
from common.formats.sealed import SealedBoard
from common.lot import LotView

AnyDisplay = FormatDisplay[Any, Any, Any]

USUAL: Final[AnyDisplay] = ENGLISH
"""The display of an unknown lot."""

_BY_BOARD: Final[dict[type, AnyDisplay]] = {
    EnglishBoard: ENGLISH,
    SealedBoard: SEALED,
    DutchBoard: DUTCH,
}


def display_of(shown: LotView | AnyBoard) -> AnyDisplay:
    """Return the display of a lot's format, found by its view or its board."""
    return _BY_BOARD[type(shown.board if isinstance(shown, LotView) else shown)]
