"""Which spending limits are near: by what is left, by what the next bid on an open lot costs, and never by a secret."""

import pytest

from auctioneer.house.commands import AddPaddle, BidFor, CloseLot, SetLimit
from auctioneer.house.limits_near import NEAR_PARTS, NearLimit, limits_near
from auctioneer.house.reports import WARNINGS_SHOWN, Row, bidders, overview
from auctioneer.house.tallies import tallies_of
from auctioneer.rules.sources import Source
from auctioneer.rules.terms import LotSpec
from common.formats.sealed import Pays, SealedTerms, SealRequest
from common.lot import LotTerms
from common.messages import Accepted
from tests.auctioneer.house.house_examples import ANN, BOB, SmallSale, bid, lot


def near(sale: SmallSale) -> dict[int, NearLimit]:
    return limits_near(sale.house.engine, tallies_of(sale.house.engine))


def limited(limit_minor: int, *specs: LotSpec) -> SmallSale:
    """Return a sale in which Ann (1) has a limit; lots start at 10.00."""
    sale = SmallSale(*(specs or (lot("1"),)))
    sale.join(ANN, "Ann")
    sale.join(BOB, "Bob")
    sale.order(SetLimit(bidder="Ann", limit_minor=limit_minor))
    return sale


def won(sale: SmallSale, amount_minor: int) -> None:
    assert isinstance(sale.ask(ANN, bid(10, amount_minor)), Accepted)
    sale.order(CloseLot(lot="1"))


@pytest.mark.parametrize(("limit_minor", "is_near"), [(12_500, False), (12_499, True)])
def test_a_limit_is_near_when_less_than_a_fifth_is_left(limit_minor: int, *, is_near: bool) -> None:
    assert NEAR_PARTS == 5
    sale = limited(limit_minor)
    won(sale, 10_000)
    assert near(sale) == ({1: NearLimit(1, limit_minor, limit_minor - 10_000, None)} if is_near else {})


def test_a_limit_is_near_when_the_next_bid_on_an_open_lot_costs_more() -> None:
    sale = limited(20_000, lot("1"), lot("2"), lot("3"))
    won(sale, 10_000)
    assert near(sale) == {}
    sale.ask(BOB, bid(20, 9000, "2"))
    assert near(sale) == {}
    sale.ask(BOB, bid(21, 10_000, "3"))
    assert near(sale)[1] == NearLimit(1, 20_000, 10_000, "3")
    sale.order(CloseLot(lot="3"))
    assert near(sale) == {}


def test_what_a_bidder_is_exposed_by_on_the_lot_itself_does_not_count_twice() -> None:
    sale = limited(20_000, lot("1"))
    sale.ask(ANN, bid(10, 12_000))
    assert near(sale) == {}, "8,000 are left, and with the 12,000 there the next bid on the lot fits"
    sale.order(SetLimit(bidder="Ann", limit_minor=12_000))
    assert near(sale)[1] == NearLimit(1, 12_000, 0, "1")


def test_a_limit_of_which_nothing_counts_yet_is_not_near() -> None:
    sale = limited(500)
    assert near(sale) == {}
    assert near(SmallSale(lot("1"))) == {}


def test_sealed_offers_and_sealed_lots_count_nowhere() -> None:
    terms = SealedTerms(1000, Pays.OWN_OFFER)
    sale = limited(20_000, lot("1"), LotSpec(LotTerms("2", "Vase", terms, duration_ms=60_000)))
    won(sale, 10_000)
    assert isinstance(sale.ask(ANN, SealRequest(id=11, lot="2", amount_minor=9900)), Accepted)
    assert near(sale) == {}


def test_reports_name_the_limits_of_which_least_is_left() -> None:
    sale = SmallSale(*(lot(str(number)) for number in range(1, WARNINGS_SHOWN + 3)))
    for number in range(1, WARNINGS_SHOWN + 3):
        sale.order(AddPaddle(name=f"Guest {number}"))
        sale.order(BidFor(lot=str(number), paddle=number, source=Source.FLOOR, amount_minor=10_000))
        sale.order(CloseLot(lot=str(number)))
        sale.order(SetLimit(bidder=str(number), limit_minor=10_000 + 100 * (10 - number)))
    report = overview(sale.house, sale.now_ms, sale.house.engine.catalogue)
    paddles = [row["paddle"] for row in report["limits_near"]]
    assert (paddles, report["limits_near_more"]) == ([7, 6, 5, 4, 3], 2)
    first: Row = report["limits_near"][0]
    assert (first["name"], first["left"], first["limit"], first["short_on"]) == ("Guest 7", "3.00", "103.00", None)
    rows = bidders(sale.house, sale.now_ms, ())
    assert [(row["limit_near"], row["short_on"]) for row in rows] == [(True, None)] * 7
