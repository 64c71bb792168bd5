"""Amounts that look like a typing error. A program that a person uses asks about them before it sends an offer."""

from typing import Final

FAR_ABOVE_TIMES: Final = 10
"""An amount of this many times what is expected gets a question: it may have an extra zero, or lack a decimal mark."""


def is_far_above(amount_minor: int, minimum_minor: int, estimate_high_minor: int | None) -> bool:
    """Return whether an amount is far above both the lot's minimum and its high estimate."""
    return amount_minor >= FAR_ABOVE_TIMES * max(minimum_minor, estimate_high_minor or 0)
