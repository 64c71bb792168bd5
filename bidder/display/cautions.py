"""Warnings before an offer goes out, because it binds: its amount may look like a typing error."""

from bidder.display.formats import display_of
from common.lot import LotView
from common.money import Currency
from common.slips import is_far_above


def caution(
    view: LotView | None, currency: Currency, *amounts_minor: int | None, ask_above_minor: int | None = None
) -> str:
    """Return the warning before offers of these amounts for a lot; an empty text if there is none. Ignores None.

    It also warns of an amount above `ask_above_minor`, which the bidder has chosen; None: of no amount as such.
    """
    highest_minor = max((amount_minor for amount_minor in amounts_minor if amount_minor is not None), default=0)
    if view is None or view.status.is_final:
        return ""
    shown = display_of(view)
    sentences = []
    least_minor = shown.least_minor(view.board)
    if is_far_above(highest_minor, least_minor, view.terms.estimate_high_minor):
        times = highest_minor // least_minor
        amount, minimum = currency.show(highest_minor), currency.show(least_minor)
        sentences.append(f"{amount} is {times:,} times the minimum of lot {view.lot}, {minimum}.")
    sentences.append(shown.caution_words(view.lot, view.board, highest_minor, currency))
    sentences.append(large_words(highest_minor, currency, ask_above_minor))
    return " ".join(filter(None, sentences))


def large_words(amount_minor: int, currency: Currency, ask_above_minor: int | None) -> str:
    """Return the warning of an amount above the one from which the bidder wants to be asked; else an empty text."""
    if ask_above_minor is None or amount_minor <= ask_above_minor:
        return ""
    return f"{currency.show(amount_minor)} is above {currency.show(ask_above_minor)}, from which you want to be asked."
