"""Paddle codes: how a person who got a paddle at the desk shows which paddle is meant, once, with a key of its own.

The program at the desk draws the code (`common.paddle_codes.draw_code`) and sends it to the house, so that the house
decides without chance.

The record holds a digest of the code only. That keeps a code from those who read the record in passing, in a report, a
log or a query. It does not keep it from anybody who has the record and a computer: 31^8 codes are tried out within
minutes. But a code is void once it was used, replaced or has expired, and the record is its owner's alone anyway.

Guessing at the house is limited for each key first (`Guesses`), so that one guest who guesses keeps nobody else from
the desk; and for all keys together, since keys cost nothing. Closing the desk for all takes six keys. At the
most guesses that are decided, 43,200 a day, one of 1,000 open codes is found in about fifty years (31^8 / 1,000 /
43,200 days); one key alone, with 7,200 a day, needs six times as long.
"""

from collections import deque
from hashlib import sha256
from typing import Final

WRONG_CODES_MAX: Final = 30
"""The most wrong codes, of all keys together, within `WRONG_CODES_MS`. After them no code is looked at for a while."""
WRONG_CODES_MS: Final = 60_000
WRONG_CODES_OF_A_KEY_MAX: Final = 5
"""The most wrong codes of one key within `WRONG_CODES_MS`. After them its codes are not looked at for a while."""


def digest_of(sale: str, code: str) -> str:
    """Return what the record holds of a code. The name of the sale is in it, so that no table serves for all sales."""
    return sha256(f"auction-house paddle code\0{sale}\0{code}".encode()).hexdigest()


class Guesses:
    """The last wrong codes, and the keys that showed them."""

    def __init__(self) -> None:
        self._last: deque[tuple[int, str]] = deque(maxlen=WRONG_CODES_MAX)

    def note(self, now_ms: int, key: str) -> None:
        """Note a wrong code of a key."""
        self._last.append((now_ms, key))

    def wait_ms(self, now_ms: int, key: str) -> int:
        """Return for how long no code of this key is looked at; 0 if codes are."""
        own_ms = [at_ms for at_ms, whose in self._last if whose == key]
        full_since_ms = []
        if len(own_ms) >= WRONG_CODES_OF_A_KEY_MAX:
            full_since_ms.append(own_ms[-WRONG_CODES_OF_A_KEY_MAX])
        if len(self._last) == WRONG_CODES_MAX:
            full_since_ms.append(self._last[0][0])
        return max([0, *(at_ms + WRONG_CODES_MS - now_ms for at_ms in full_since_ms)])
