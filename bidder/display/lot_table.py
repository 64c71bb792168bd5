"""What a table of lots says of each: number, title, price, next bid, buy-now price, standing, time left."""

from bidder.display.wording import leader_words, outcome_words, reserve_words, time_left
from common.lot import LotStatus, LotView
from common.money import Currency


def lot_cells(view: LotView, remaining_ms: int | None, paddle: int, currency: Currency) -> list[str]:
    """Return a lot's cells, amounts without the currency; `paddle` is the reader's own."""
    price_minor = view.price_minor if view.hammer_minor is None else view.hammer_minor
    return [
        view.lot,
        view.terms.title,
        "" if price_minor is None else _bare(price_minor, currency),
        "" if view.status.is_final else _bare(view.minimum_minor, currency),
        "" if view.buy_now_minor is None else _bare(view.buy_now_minor, currency),
        _standing(view, paddle, currency),
        "" if remaining_ms is None else time_left(remaining_ms),
    ]


def _standing(view: LotView, paddle: int, currency: Currency) -> str:
    if view.status.is_final:
        return outcome_words(view, paddle, currency)
    parts = [
        "" if view.status is LotStatus.OPEN else view.status.value,
        "" if view.status is LotStatus.SCHEDULED else leader_words(view, paddle),
        reserve_words(view),
    ]
    return ", ".join(part for part in parts if part)


def _bare(amount_minor: int, currency: Currency) -> str:
    return currency.show(amount_minor).removeprefix(f"{currency.code} ")
