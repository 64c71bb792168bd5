"""The light on the board: somewhere a finger is on the bid button of a lot. No IO.

It says nothing of whose finger or how many, and is told at a slow, even pace, so that it shows no timing. It is only
for lots with open bids: of a sealed offer, or of a price that is about to be stopped, it would tell what is secret.
"""

from collections.abc import Hashable, Mapping

from bidder.display.formats import USUAL, display_of
from bidder.web.limits import FINGER_MS_MAX
from common.lot import LotStatus, LotView


class Interest:
    """The fingers of all phones. Times are milliseconds of any steady clock."""

    def __init__(self) -> None:
        self._fingers: dict[Hashable, tuple[str, int]] = {}
        self._told: tuple[str, ...] = ()

    def touch(self, phone: Hashable, lot: str, now_ms: int, *, is_on: bool) -> None:
        """Note that a phone's finger is on the button of a lot, or no longer. A phone has one finger."""
        if is_on:
            self._fingers[phone] = (lot, now_ms)
        else:
            self._fingers.pop(phone, None)

    def forget(self, phone: Hashable) -> None:
        """Note that a phone has gone."""
        self._fingers.pop(phone, None)

    def news(self, lots: Mapping[str, LotView], now_ms: int) -> tuple[str, ...] | None:
        """Return the lots with a finger on them; None if they are those of the last call."""
        lately = {lot for lot, since_ms in self._fingers.values() if now_ms - since_ms <= FINGER_MS_MAX}
        touched = tuple(sorted(lot for lot in lately if lot in lots and _is_openly_bid(lots[lot])))
        if touched == self._told:
            return None
        self._told = touched
        return touched


def _is_openly_bid(view: LotView) -> bool:
    return view.status is LotStatus.OPEN and display_of(view) is USUAL
