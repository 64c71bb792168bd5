"""Warnings before an offer goes out, because it binds: its amount may look like a typing error."""

from typing import Final

from bidder.display.formats import display_of
from common.lot import LotView
from common.money import Currency

FAR_ABOVE_TIMES: Final = 10
"""An amount of this many times the minimum gets a warning: it may have an extra zero, or lack a decimal mark."""


def is_far_above(view: LotView, amount_minor: int) -> bool:
    """Return whether an amount is far above both the lot's minimum and its high estimate."""
    expected_minor = max(display_of(view).least_minor(view.board), view.terms.estimate_high_minor or 0)
    return amount_minor >= FAR_ABOVE_TIMES * expected_minor


def caution(view: LotView | None, currency: Currency, *amounts_minor: int | None) -> str:
    """Return the warning before offers of these amounts for a lot; an empty text if there is none. Ignores None."""
    highest_minor = max((amount_minor for amount_minor in amounts_minor if amount_minor is not None), default=0)
    if view is None or view.status.is_final:
        return ""
    shown = display_of(view)
    sentences = []
    if is_far_above(view, highest_minor):
        least_minor = shown.least_minor(view.board)
        times = highest_minor // least_minor
        amount, minimum = currency.show(highest_minor), currency.show(least_minor)
        sentences.append(f"{amount} is {times:,} times the minimum of lot {view.lot}, {minimum}.")
    sentences.append(shown.caution_words(view.lot, view.board, highest_minor, currency))
    return " ".join(filter(None, sentences))
