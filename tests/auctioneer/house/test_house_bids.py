"""A clerk bids for the seller: the command, the record, the reports, and what bidders and onlookers may know of it."""

import pytest
from msgspec.structs import replace

from auctioneer.audit.invariants import check_same_state
from auctioneer.audit.verify import verify
from auctioneer.house import reports
from auctioneer.house.bid_history import page_of_bids
from auctioneer.house.commands import BidFor, CloseLot, Done, Undo
from auctioneer.rules.facts import OfferTaken
from auctioneer.rules.sources import Source
from common.errors import RejectCode
from common.messages import Accepted, Mine, MineRequest, Rejected, Role
from common.the_house import HOUSE_NAME, HOUSE_PADDLE
from tests.auctioneer.house.house_examples import ANN, BOB, SmallSale, bid, lot
from tests.auctioneer.house.test_bids_for_others import BEA
from tests.english import english
from tests.must_be import must_be


def house_bid(amount_minor: int, name: str = "1") -> BidFor:
    return BidFor(lot=name, paddle=HOUSE_PADDLE, source=Source.HOUSE, amount_minor=amount_minor)


@pytest.fixture
def sale() -> SmallSale:
    """Return a sale with Ann, a bidder, and Bob, who looks on; the house may bid on lot 1, but not on lot 2."""
    sale = SmallSale(lot("1", reserve_minor=5000, house_bids=True), lot("2", reserve_minor=5000), corrections=True)
    sale.join(ANN, "Ann")
    sale.join(BOB, role=Role.OBSERVER)
    return sale


def test_the_record_and_the_reports_say_who_bid(sale: SmallSale) -> None:
    sale.ask(ANN, bid(1, 1000))
    done = must_be(Done, sale.order(house_bid(2000), BEA))
    assert (done.paddle, must_be(Accepted, done.accepted).own) == (HOUSE_PADDLE, None)
    fact = next(fact for fact in sale.record if isinstance(fact, OfferTaken))
    assert (fact.paddle, fact.source, fact.by, fact.own) == (HOUSE_PADDLE, Source.HOUSE, BEA.name, None)
    (row,) = reports.lots(sale.house, sale.now_ms, [sale.house.engine.lots["1"]])
    assert (row["leader"], row["paddle"], row["price"]) == (HOUSE_NAME, HOUSE_PADDLE, "20.00")
    first, second = page_of_bids("1", sale.record, sale.rejections, 10).bids
    assert (first["name"], first["source"], second["name"], second["source"]) == ("Ann", "bidder", HOUSE_NAME, "house")
    assert (second["paddle"], second["by"], second["leader"]) == (HOUSE_PADDLE, BEA.name, HOUSE_NAME)
    assert verify(enumerate(sale.record, start=1)).mismatch is None


def test_nobody_has_a_position_by_a_bid_of_the_house(sale: SmallSale) -> None:
    """Who looks on has the paddle of the house, and must not have its lead."""
    sale.order(house_bid(2000), BEA)
    for key in (ANN, BOB):
        assert must_be(Mine, sale.ask(key, MineRequest(id=2))).positions == ()


def test_it_is_taken_back_and_the_lot_is_not_sold_to_it(sale: SmallSale) -> None:
    sale.ask(ANN, bid(1, 1000))
    sale.order(house_bid(2000), BEA)
    assert isinstance(sale.order(Undo(lot="1")), Done)
    assert english(sale.house.engine.lots["1"].view).leader == 1
    sale.order(house_bid(4999), BEA)
    closed = must_be(Done, sale.order(CloseLot(lot="1")))
    assert [(row["status"], row["results"]) for row in closed.results] == [("passed", [])]
    assert reports.bills(sale.house, sale.now_ms, sale.house.engine.catalogue)[0]["lots"] == []
    assert verify(enumerate(sale.record, start=1)).mismatch is None
    check_same_state(sale.rebuilt().engine.state, sale.house.engine.state)


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (house_bid(5000), RejectCode.HOUSE_BID_TOO_HIGH),
        (house_bid(999), RejectCode.BELOW_MINIMUM),
        (house_bid(2000, "2"), RejectCode.NO_HOUSE_BIDS),
        (house_bid(2000, "7"), RejectCode.UNKNOWN_LOT),
        (replace(house_bid(2000), is_maximum=True), RejectCode.NO_HOUSE_BIDS),
        (replace(house_bid(5001), is_purchase=True), RejectCode.NO_HOUSE_BIDS),
        (replace(house_bid(2000), paddle=1), RejectCode.MALFORMED),
        (replace(house_bid(2000), source=Source.FLOOR), RejectCode.UNKNOWN_BIDDER),
    ],
)
def test_what_the_house_may_not_bid(sale: SmallSale, command: BidFor, code: RejectCode) -> None:
    before = list(sale.record)
    assert must_be(Rejected, sale.order(command, BEA)).code is code
    assert sale.record == before


@pytest.mark.parametrize("forged", [{"by": ""}, {"paddle": 1}, {"source": Source.FLOOR}])
def test_the_audit_notices_a_house_bid_that_is_none(sale: SmallSale, forged: dict[str, object]) -> None:
    sale.order(house_bid(2000), BEA)
    record = [replace(fact, **forged) if isinstance(fact, OfferTaken) else fact for fact in sale.record]
    assert verify(enumerate(record, start=1)).mismatch is not None
