"""The lots that a bidder watches, and how far away they are: "your lot is three away", once, before it opens."""

from collections.abc import Iterable, Mapping
from typing import Final

from bidder.display.lines import Line, Tone
from common.lot import LotStatus, LotView
from common.words import counted

AWAY_TOLD: Final = (3, 1)
"""At these distances a watched lot is announced; 1 is the next lot to open."""


def lots_away(lot: str, lots: Mapping[str, LotView]) -> int | None:
    """Return how many lots open up to and with this one; None if it is not scheduled or opens at a time of its own."""
    view = lots.get(lot)
    if view is None or view.status is not LotStatus.SCHEDULED or view.opens_at_ms is not None:
        return None
    away = 0
    for one in lots.values():
        away += one.status is LotStatus.SCHEDULED and one.opens_at_ms is None
        if one.lot == lot:
            break
    return away


def away_words(lot: str, lots: Mapping[str, LotView]) -> str:
    """Return how far away a lot is; an empty text if that is not known."""
    away = lots_away(lot, lots)
    if away is None:
        return ""
    return "next to open" if away == 1 else f"{away:,} lots away"


class WatchList:
    """The watched lots. It tells each approach once."""

    def __init__(self, lots: Iterable[str] = ()) -> None:
        self.lots = set(lots)
        self._told: dict[str, int] = {}

    def toggle(self, lot: str) -> bool:
        """Watch a lot, or no longer; return whether it is watched now."""
        self.lots ^= {lot}
        self._told.pop(lot, None)
        return lot in self.lots

    def approaching(self, lots: Mapping[str, LotView]) -> list[Line]:
        """Return a line for each watched lot that has come closer, past one of the distances of `AWAY_TOLD`."""
        lines = []
        for lot in sorted(self.lots, key=lambda number: (len(number), number)):
            away = lots_away(lot, lots)
            if away is None:
                continue
            passed = [distance for distance in AWAY_TOLD if away <= distance]
            if passed and min(passed) < self._told.get(lot, max(AWAY_TOLD) + 1):
                self._told[lot] = min(passed)
                how_far = "next" if away == 1 else f"{counted(away, 'lot')} away"
                lines.append(Line(f">>> Lot {lot}, which you watch, is {how_far}: {lots[lot].terms.title}", Tone.NOTE))
        return lines
