"""Python's garbage collector in a program on which people wait: it looks rarely, and never at what stays for good.

A full look at all objects of a gateway with 500 guests takes 75 ms, and everybody's bids wait for it.
"""

import gc
from typing import Final

NEW_OBJECTS: Final = 50_000
"""New containers between two looks at the youngest; Python's 700 would have it look every few bids."""
_YOUNG_LOOKS: Final = 20
"""Looks at the youngest for one at the next generation."""
_FULL_LOOKS: Final = 50
"""Looks at that one for one at everything."""


def calm_collector() -> None:
    """Exempt all present objects from garbage collection, and collect the rest rarely. The caller has built its state.

    Messages, facts, lots and phones' lines hold no cycles, so what ends is freed at once all the same.
    """
    gc.freeze()
    collect_rarely()
    gc.enable()


def collect_rarely() -> None:
    """Have the collector look rarely."""
    gc.set_threshold(NEW_OBJECTS, _YOUNG_LOOKS, _FULL_LOOKS)
