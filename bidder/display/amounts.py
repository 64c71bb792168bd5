"""Amounts in objects for programs and in cells of tables."""

from typing import Any

from common.money import Currency

Record = dict[str, Any]


def money(currency: Currency, **amounts_minor: int | None) -> Record:
    """Return each amount twice: as the decimal string `NAME`, and as the integer `NAME_minor`; None stays None."""
    record: Record = {}
    for name, amount_minor in amounts_minor.items():
        record[name] = None if amount_minor is None else currency.plain(amount_minor)
        record[f"{name}_minor"] = amount_minor
    return record


def bare(amount_minor: int | None, currency: Currency) -> str:
    """Return an amount without its currency; an empty text for None."""
    return "" if amount_minor is None else currency.show(amount_minor).removeprefix(f"{currency.code} ")
