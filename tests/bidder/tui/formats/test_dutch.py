"""The moves on a Dutch lot."""

import pytest
from msgspec.structs import replace

from bidder.display.orders import StopOrder
from bidder.tui.formats import moves_of, typed_order
from bidder.tui.formats.moves import Key
from common.errors import UsageError
from common.formats.dutch import DutchBoard, DutchTerms
from common.lot import LotStatus, LotTerms, LotView, SaleView
from common.money import Currency

USD = Currency("USD", 2)
SALE = SaleView("a", "Evening", USD)
TERMS = DutchTerms(90_000, 10_000, 5_000, 10_000, 3)
LOT = LotView(LotTerms("7", "Tulips", TERMS), DutchBoard(85_000, 3), 1, LotStatus.OPEN)


def test_the_clock_is_stopped_for_one_unit_at_most_at_what_it_shows() -> None:
    stop = moves_of(LOT, None, 1, SALE)[Key.BID]
    assert (stop.words, stop.order) == ("Stop at USD 850.00", StopOrder("7", "850.00"))
    assert stop.falls_by_itself
    assert not stop.asks, "a question would let the clock run on"


def test_several_units_are_typed() -> None:
    assert "3 units" in moves_of(LOT, None, 1, SALE)[Key.AMOUNT].asks
    assert typed_order(Key.AMOUNT, LOT, "2", USD) == StopOrder("7", "850.00", 2)
    for text in ("0", "4", "two", "2.0", "²"):
        with pytest.raises(UsageError, match="1 to 3 are left"):
            typed_order(Key.AMOUNT, LOT, text, USD)


def test_the_last_unit_needs_no_number() -> None:
    assert Key.AMOUNT not in moves_of(replace(LOT, board=DutchBoard(85_000, 1)), None, 1, SALE)
