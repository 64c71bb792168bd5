"""The names of those who give commands."""

import re
from typing import Final

AUCTIONEER: Final = "auctioneer"
"""The name under which the auctioneer's key is recorded."""
HOUSE: Final = "house"
"""The `by` of all that the house does by itself, on time; nobody who gives commands has that name."""
_CLERK_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,30}", re.ASCII)


def is_clerk_name(name: str) -> bool:
    """Return whether a clerk can have this name: a plain word, but not the auctioneer's name or the house's."""
    return _CLERK_NAME.fullmatch(name) is not None and name not in (AUCTIONEER, HOUSE)
