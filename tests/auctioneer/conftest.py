"""What the tests of the server share: a sale on simulated sockets, clock and disk, closed at the end."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.auctioneer.process.served_sale import Opens, ServedSale


@pytest.fixture
def hold(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Opens]:
    sales: list[ServedSale] = []

    def begin(*args: object, **options: object) -> ServedSale:
        sales.append(ServedSale(monkeypatch, tmp_path, *args, **options))
        return sales[-1]

    yield begin
    for sale in sales:
        sale.close()
