"""What was seen of the bidding on each lot since the client joined: a line for each change, and the prices.

The house keeps the whole record. This is what one client heard, so it begins with the state that the client found.
"""

from collections import deque
from typing import Final, NamedTuple

from bidder.core.notices import LotCaughtUp, LotChanged
from bidder.display.formats import display_of
from common.lot import LotView
from common.lot_events import (
    LotAsked,
    LotClosed,
    LotConfirmed,
    LotCorrected,
    LotExtended,
    LotMoved,
    LotOpened,
    LotPaused,
    LotResumed,
)
from common.money import Currency

CHANGES_MAX: Final = 200
"""The most changes of a lot that are kept: the last ones."""


class Heard(NamedTuple):
    """A change of a lot: when, by the house's clock, what it was, and the public price after it."""

    at_ms: int
    words: str
    price_minor: int | None


class History:
    """The changes of all lots that were heard."""

    def __init__(self) -> None:
        self._heard: dict[str, deque[Heard]] = {}

    def note(self, notice: LotChanged | LotCaughtUp, paddle: int, currency: Currency) -> None:
        """Keep a change. `paddle` is the reader's."""
        heard = self._heard.setdefault(notice.lot, deque(maxlen=CHANGES_MAX))
        view = notice.view
        price_minor = display_of(view).price_minor(view.board)
        if isinstance(notice, LotCaughtUp):
            last_ms = heard[-1].at_ms if heard else 0
            heard.append(Heard(last_ms, "some changes were missed", price_minor))
            return
        words = _words(notice, paddle)
        amount = "" if price_minor is None or isinstance(notice.event, LotClosed) else currency.show(price_minor)
        heard.append(Heard(notice.event.at_ms, ", ".join(filter(None, [amount, words])), price_minor))

    def forget(self) -> None:
        """Drop everything, because the house has another history now."""
        self._heard.clear()

    def of(self, lot: str) -> list[Heard]:
        """Return the changes of a lot, the newest first."""
        return list(reversed(self._heard.get(lot, ())))

    def prices_minor(self, view: LotView) -> list[int]:
        """Return the prices of a lot in their order, one for each change, the present one last."""
        prices = [heard.price_minor for heard in self._heard.get(view.lot, ()) if heard.price_minor is not None]
        now_minor = display_of(view).price_minor(view.board)
        return prices if now_minor is None or prices[-1:] == [now_minor] else [*prices, now_minor]


def _words(notice: LotChanged, paddle: int) -> str:
    match notice.event:
        case LotMoved(bidder=None):
            return "the clock fell"
        case LotMoved(bidder=bidder):
            moved = display_of(notice.view).move_words(notice.before.board, notice.view.board, bidder, paddle)
            return moved or ("your bid" if bidder == paddle else f"paddle {bidder}")
        case LotOpened():
            return "open"
        case LotPaused():
            return "paused"
        case LotResumed():
            return "resumed"
        case LotExtended():
            return "extended"
        case LotCorrected():
            return "corrected by the house"
        case LotConfirmed():
            return "the leader stands by its bid"
        case LotAsked():
            return "paused"
        case LotClosed():
            return notice.view.status.value
        case _:
            return "changed by the house" if not notice.view.status.is_final else notice.view.status.value
