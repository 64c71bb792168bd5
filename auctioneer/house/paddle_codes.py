"""Paddle codes: how a person who got a paddle at the desk shows which paddle is meant, once, with a key of its own.

The program at the desk draws the code (`common.paddle_codes.draw_code`) and sends it to the house, so that the house
decides without chance.

The record holds a digest of the code only. That keeps a code from those who read the record in passing, in a report, a
log or a query. It does not keep it from anybody who has the record and a computer: 31^8 codes are tried out within
minutes. But a code is void once it was used, replaced or has expired, and the record is its owner's alone anyway.

Guessing at the house is limited for all keys together (`Guesses`), since keys cost nothing. At the most guesses that
are decided, 43,200 a day, one of 1,000 open codes is found in about fifty years.
"""

from collections import deque
from hashlib import sha256
from typing import Final

WRONG_CODES_MAX: Final = 30
"""The most wrong codes, of all keys together, within `WRONG_CODES_MS`. After them no code is looked at for a while."""
WRONG_CODES_MS: Final = 60_000


def digest_of(sale: str, code: str) -> str:
    """Return what the record holds of a code. The name of the sale is in it, so that no table serves for all sales."""
    return sha256(f"auction-house paddle code\0{sale}\0{code}".encode()).hexdigest()


class Guesses:
    """The last wrong codes, of all keys together."""

    def __init__(self) -> None:
        self._times_ms: deque[int] = deque(maxlen=WRONG_CODES_MAX)

    def note(self, now_ms: int) -> None:
        """Note a wrong code."""
        self._times_ms.append(now_ms)

    def wait_ms(self, now_ms: int) -> int:
        """Return for how long no code is looked at; 0 if codes are."""
        if len(self._times_ms) < WRONG_CODES_MAX:
            return 0
        return max(0, self._times_ms[0] + WRONG_CODES_MS - now_ms)
