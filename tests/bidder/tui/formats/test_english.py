"""The moves on an English lot."""

from msgspec.structs import replace

from bidder.display.orders import BidOrder, BuyOrder, LeaveBidOrder, RetractOrder
from bidder.tui.formats import moves_of, typed_order
from bidder.tui.formats.moves import Key
from common.formats.english import EnglishBoard, EnglishOwn, EnglishTerms, Step
from common.lot import LotStatus, LotTerms, LotView, SaleView
from common.money import Currency

USD = Currency("USD", 2)
SALE = SaleView("a", "Evening", USD, retractions=True)
ME, RIVAL = 1, 2
LOT = LotView(LotTerms("7", "Vase", EnglishTerms(10_000, (Step(0, 1_000),))), EnglishBoard(10_000), 1, LotStatus.OPEN)


def test_the_next_bid_depends_on_the_price_that_is_shown() -> None:
    bid = moves_of(LOT, None, ME, SALE)[Key.BID]
    assert (bid.words, bid.amount_minor) == ("Bid USD 100.00", 10_000)
    assert bid.order == BidOrder("7", "100.00", if_price="0.00")
    led = replace(LOT, board=EnglishBoard(12_000, 11_000, RIVAL, 2))
    assert moves_of(led, None, ME, SALE)[Key.BID].order == BidOrder("7", "120.00", if_price="110.00")


def test_the_leader_bids_no_more_but_may_raise_its_maximum_or_take_the_bid_back() -> None:
    moves = moves_of(replace(LOT, board=EnglishBoard(12_000, 11_000, ME, 2)), EnglishOwn(20_000), ME, SALE)
    assert moves[Key.BID].why_not == "You lead."
    assert moves[Key.MAXIMUM].why_not == ""
    assert moves[Key.MAXIMUM].asks.endswith("Yours is USD 200.00.")
    assert moves[Key.TAKE_BACK].order == RetractOrder("7")
    assert moves[Key.TAKE_BACK].asks
    assert Key.TAKE_BACK not in moves_of(LOT, None, ME, SALE)


def test_no_bid_is_taken_back_in_a_sale_without_retractions() -> None:
    led = replace(LOT, board=EnglishBoard(12_000, 11_000, ME, 2))
    assert Key.TAKE_BACK not in moves_of(led, None, ME, replace(SALE, retractions=False))


def test_buying_is_always_asked_about() -> None:
    buy = moves_of(replace(LOT, board=EnglishBoard(10_000, buy_now_minor=50_000)), None, ME, SALE)[Key.BUY]
    assert buy.order == BuyOrder("7", "500.00")
    assert buy.asks == "Buy lot 7, Vase, now for USD 500.00? That closes it."
    assert Key.BUY not in moves_of(LOT, None, ME, SALE)


def test_what_is_typed_becomes_a_bid_or_a_maximum() -> None:
    assert typed_order(Key.AMOUNT, LOT, "120", USD) == BidOrder("7", "120")
    assert typed_order(Key.MAXIMUM, LOT, "120", USD) == BidOrder("7", None, "120")


def test_a_paused_lot_says_so_on_every_key_and_a_lot_that_is_over_has_none() -> None:
    paused = moves_of(replace(LOT, status=LotStatus.PAUSED), None, ME, SALE)
    assert {move.why_not for move in paused.values()} == {"The lot is paused."}
    assert moves_of(replace(LOT, status=LotStatus.SOLD), None, ME, SALE) == {}


def test_before_the_opening_a_bid_is_left_and_taken_back() -> None:
    scheduled = replace(LOT, status=LotStatus.SCHEDULED)
    moves = moves_of(scheduled, None, ME, SALE)
    assert set(moves) == {Key.BID, Key.TAKE_BACK}
    assert moves[Key.BID].order is None
    assert typed_order(Key.BID, scheduled, "300", USD) == LeaveBidOrder("7", "300")
    assert moves[Key.TAKE_BACK].order == LeaveBidOrder("7")
