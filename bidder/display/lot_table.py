"""The cells of a table of lots: number, title, price, next bid, buy-now price, standing, time left."""

from bidder.display.amounts import bare
from bidder.display.formats import display_of
from bidder.display.lines import time_left
from bidder.display.shown import ShownLot
from bidder.display.wording import outcome_words
from common.lot import LotStatus, LotView
from common.money import Currency


def lot_cells(lot: ShownLot, paddle: int, currency: Currency) -> list[str]:
    """Return a lot's cells, with amounts without their currency. `paddle` is the reader's own."""
    view, shown, board = lot.view, display_of(lot.view), lot.view.board
    return [
        view.lot,
        view.terms.title,
        bare(shown.price_minor(board) if view.paid_minor is None else view.paid_minor, currency),
        "" if view.status.is_final else bare(shown.least_minor(board), currency),
        bare(shown.buy_now_minor(board), currency),
        _standing(lot, paddle, currency),
        "" if lot.remaining_ms is None else time_left(lot.remaining_ms),
    ]


def _standing(lot: ShownLot, paddle: int, currency: Currency) -> str:
    view, shown = lot.view, display_of(lot.view)
    if view.status.is_final:
        return outcome_words(view, paddle, currency)
    is_scheduled = view.status is LotStatus.SCHEDULED
    parts = [
        _asked(view, paddle) or ("" if view.status is LotStatus.OPEN else view.status.value),
        "" if is_scheduled else shown.bidding_words(view.board, lot.own, paddle, currency),
        shown.reserve_words(view.terms.format, view.board),
    ]
    return ", ".join(part for part in parts if part)


def _asked(view: LotView, paddle: int) -> str:
    if view.asked is None:
        return ""
    return "you are asked" if view.asked.paddle == paddle else f"{view.asked.paddle} is asked"
