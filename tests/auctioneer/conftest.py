"""What the tests of the server share: a sale on simulated sockets, clock and disk, closed at the end."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.auctioneer.process.held_sale import HeldSale, Opens


@pytest.fixture
def hold(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Opens]:
    sales: list[HeldSale] = []

    def begin(*args: object, **options: object) -> HeldSale:
        sales.append(HeldSale(monkeypatch, tmp_path, *args, **options))
        return sales[-1]

    yield begin
    for sale in sales:
        sale.close()
