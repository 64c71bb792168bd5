"""The moves on a sealed lot."""

from bidder.display.orders import SealOrder, UnsealOrder
from bidder.tui.formats import moves_of, typed_order
from bidder.tui.formats.moves import Key
from common.formats.sealed import Pays, SealedBoard, SealedOwn, SealedTerms
from common.lot import LotStatus, LotTerms, LotView, SaleView
from common.money import Currency

USD = Currency("USD", 2)
SALE = SaleView("a", "Evening", USD)
LOT = LotView(LotTerms("7", "Letter", SealedTerms(8_000, Pays.OWN_OFFER)), SealedBoard(8_000), 1, LotStatus.OPEN)


def test_an_offer_is_sealed_then_replaced_or_taken_back() -> None:
    first = moves_of(LOT, None, 1, SALE)
    assert {key: move.words for key, move in first.items()} == {Key.BID: "Seal an offer..."}
    later = moves_of(LOT, SealedOwn(9_000), 1, SALE)
    assert later[Key.BID].words == "Replace USD 90.00..."
    assert later[Key.TAKE_BACK].order == UnsealOrder("7")
    assert later[Key.TAKE_BACK].asks == "Take back your offer of USD 90.00 for lot 7?"
    assert typed_order(Key.BID, LOT, "95", USD) == SealOrder("7", "95")
