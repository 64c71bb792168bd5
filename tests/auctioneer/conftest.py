"""The shared fixture of the server's tests: a sale on simulated sockets, clock and disk, closed at the end."""

from collections.abc import Iterator
from pathlib import Path
from typing import Unpack

import pytest

from auctioneer.rules.terms import LotSpec
from tests.auctioneer.process.served_sale import Opens, SaleOptions, ServedSale


@pytest.fixture
def hold(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Opens]:
    sales: list[ServedSale] = []

    def begin(specs: tuple[LotSpec, ...] = (), **options: Unpack[SaleOptions]) -> ServedSale:
        sales.append(ServedSale(monkeypatch, tmp_path, specs, **options))
        return sales[-1]

    yield begin
    for sale in sales:
        sale.close()
