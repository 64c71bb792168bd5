"""A person is a name or a paddle, in every command alike, and found in a report as the house finds it."""

import pytest

from auctioneer.cli.people import find_person, named
from auctioneer.house.commands import AddPaddle
from auctioneer.house.reports import paddles
from common.errors import RejectCode, RejectedError
from tests.auctioneer.house.house_examples import SmallSale, lot


@pytest.mark.parametrize("typed", ["1", "01", "12", "012", "Ann Lee", "ann lee", "Ännchen", "0", "7", "Dan", "¹", "-1"])
def test_a_report_has_whom_the_house_finds(typed: str) -> None:
    sale = SmallSale(lot("1"))
    for name, paddle in (("Ann Lee", 12), ("Ännchen", 1)):
        sale.order(AddPaddle(name=name, paddle=paddle))
    rows = paddles(sale.house, sale.now_ms, ())
    entry = sale.house.register.find(typed)
    if entry is None:
        with pytest.raises(RejectedError) as refused:
            find_person(rows, typed)
        assert refused.value.reject is RejectCode.UNKNOWN_BIDDER
    else:
        row = find_person(rows, typed)
        assert (row["paddle"], named(row)) == (entry.paddle, f"{entry.name} ({entry.paddle})")
