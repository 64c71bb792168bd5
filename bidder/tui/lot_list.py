"""The lots in the table of a screen: which, and the cells of each."""

from collections.abc import Collection, Mapping
from enum import Enum
from typing import Final

from bidder.display.lot_table import lot_cells
from bidder.display.shown import ShownLot
from bidder.display.watch_list import away_words
from common.lot import LotView
from common.money import Currency

_BUY_NOW: Final = 4
"""The cell of the buy-now price, which the screen has on its key."""
_STANDING: Final = 4
"""The cell of the standing, once that one is gone."""


class Showing(Enum):
    """The lots that a table shows. The value tells it in words."""

    ALL = "all lots"
    NOT_OVER = "lots that are not over"
    OWN = "your lots and those that you watch"

    @property
    def after(self) -> "Showing":
        """The next choice, and after the last the first."""
        every = list(Showing)
        return every[(every.index(self) + 1) % len(every)]


def lots_shown(
    showing: Showing, lots: Mapping[str, LotView], own: Collection[str], watched: Collection[str]
) -> list[str]:
    """Return the numbers of the lots to show, in catalogue order."""
    match showing:
        case Showing.ALL:
            return list(lots)
        case Showing.NOT_OVER:
            return [lot for lot, view in lots.items() if not view.status.is_final]
        case Showing.OWN:
            return [lot for lot in lots if lot in own or lot in watched]


def row_cells(
    lot: ShownLot, lots: Mapping[str, LotView], paddle: int, currency: Currency, *, is_watched: bool
) -> tuple[str, ...]:
    """Return the cells of a lot: a star if it is watched, number, title, price, next bid, standing, time left."""
    cells = lot_cells(lot, paddle, currency)
    del cells[_BUY_NOW]
    if is_watched and (away := away_words(lot.view.lot, lots)):
        cells[_STANDING] = away
    return ("*" if is_watched else "", *cells)


def row_tone(lot: ShownLot, paddle: int, *, is_own: bool, is_watched: bool) -> str:
    """Return the tone of a lot's row: `good` for a lead or a win, `bad` for a lot of theirs that others lead."""
    view = lot.view
    is_led = paddle != 0 and view.board.leader == paddle and not view.status.is_final
    if is_led or view.is_won_by(paddle):
        return "good"
    if view.status.is_final:
        return "dim"
    if is_own and view.board.leader is not None:
        return "bad"
    return "note" if is_watched else "plain"
