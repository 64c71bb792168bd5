"""When the key that bids counts: never just after the lot or the price under it changed, nor because it is held down.

The classic slip is the button that changed under the finger. So the key bids what is shown, and only if that has stood
there for a while. The house decides the rest: the bid says on which price it depends.
"""

from typing import Final

LOCK_MS: Final = 400
"""How long a lot and its price must have stood under the finger; also the shortest time between two presses."""


class BidKey:
    """The key that makes the next bid. Times are of any clock that never goes back, in milliseconds."""

    def __init__(self) -> None:
        self._lot: str | None = None
        self._amount_minor: int | None = None
        self._moved_ms: float | None = None
        self._pressed_ms: float | None = None

    def show(self, lot: str | None, amount_minor: int | None, now_ms: float, *, falls_by_itself: bool = False) -> None:
        """Note what the key would bid now; anything else than before locks it.

        A clock that falls by itself locks nothing: whoever presses late pays less.
        """
        is_fall = falls_by_itself and _is_less(amount_minor, self._amount_minor)
        if lot != self._lot or (amount_minor != self._amount_minor and not is_fall):
            self._moved_ms = now_ms
        self._lot, self._amount_minor = lot, amount_minor

    def is_locked(self, now_ms: float) -> bool:
        """Return whether what is bid changed too short a time ago."""
        return self._moved_ms is not None and now_ms - self._moved_ms < LOCK_MS

    def press(self, now_ms: float) -> bool:
        """Return whether this press counts. A key that is held down repeats itself, and only its first press counts."""
        is_repeat = self._pressed_ms is not None and now_ms - self._pressed_ms < LOCK_MS
        self._pressed_ms = now_ms
        return not is_repeat and not self.is_locked(now_ms)


def _is_less(amount_minor: int | None, before_minor: int | None) -> bool:
    return amount_minor is not None and before_minor is not None and amount_minor < before_minor
