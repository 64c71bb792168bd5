"""Warnings before a bid is sent, since a bid binds: amounts that look like a typing error."""

from typing import Final

from common.lot import LotView
from common.money import Currency

FAR_ABOVE_TIMES: Final = 10
"""An amount this many times the minimum gets a warning: one zero too many, or a missing decimal mark."""


def is_far_above(view: LotView, amount_minor: int) -> bool:
    """Return whether an amount is far above a lot's minimum and its high estimate."""
    expected_minor = max(view.minimum_minor, view.terms.estimate_high_minor or 0)
    return amount_minor >= FAR_ABOVE_TIMES * expected_minor


def caution(view: LotView | None, currency: Currency, *amounts_minor: int | None) -> str:
    """Return the warning before bids of these amounts (None: not bid) on a lot; an empty text: none."""
    highest_minor = max((amount_minor for amount_minor in amounts_minor if amount_minor is not None), default=0)
    if view is None or view.status.is_final:
        return ""
    sentences = []
    if is_far_above(view, highest_minor):
        times = highest_minor // view.minimum_minor
        amount, minimum = currency.show(highest_minor), currency.show(view.minimum_minor)
        sentences.append(f"{amount} is {times:,} times the minimum of lot {view.lot}, {minimum}.")
    if view.buy_now_minor is not None and highest_minor >= view.buy_now_minor:
        price = currency.show(view.buy_now_minor)
        sentences.append(
            f"Lot {view.lot} can be bought at once for {price}: `buy {view.lot}` would end it, a bid does not."
        )
    return " ".join(sentences)
