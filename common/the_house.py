"""The house as a bidder for the seller: the paddle and the name by which everybody is told of it."""

from typing import Final

HOUSE_PADDLE: Final = 0
"""The leader of a lot that the house leads by a bid for the seller. No bidder has this paddle. An observer's is the
same number, but an observer leads nothing."""
HOUSE_NAME: Final = "the house"


def paddle_words(paddle: int) -> str:
    """Return how a sentence calls a paddle: the house has none to speak of."""
    return HOUSE_NAME if paddle == HOUSE_PADDLE else f"paddle {paddle}"


def person_words(name: str | None, paddle: int) -> str:
    """Return a person's name and paddle; the name is None if nobody knows it."""
    return HOUSE_NAME if paddle == HOUSE_PADDLE else f"{name or 'nobody'} ({paddle})"
