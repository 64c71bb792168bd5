"""The bids on a lot, from the record: all of them in their order, whatever became of them, and a page at a time."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from auctioneer.cli import main
from auctioneer.house.bid_history import BidPage, page_of_bids
from auctioneer.house.commands import AddPaddle, BidFor, CloseLot
from auctioneer.process.folder import DataFolder
from auctioneer.rules.sale_settings import Controller, Right
from auctioneer.rules.sources import Source
from auctioneer.rules.terms import LotSpec
from common.errors import RejectCode, RejectedError
from common.formats.english import BidRequest, BuyRequest
from common.formats.sealed import Pays, SealedTerms, SealRequest
from common.lot import LotTerms
from common.messages import AnyRequest
from tests.auctioneer.cli.cli_sales import begin_sale, desk
from tests.auctioneer.house.house_examples import ANN, BOB, CLERK, SmallSale, bid, lot

BEA = Controller(CLERK.name, CLERK.role, CLERK.key, tuple(Right))


@pytest.fixture
def sale() -> SmallSale:
    """Return a sale in which of everything that can become of a bid something happened, each a millisecond later."""
    sale = SmallSale(lot("1"), lot("2", buy_now_minor=5000), lot("3"))
    sale.join(ANN, "Ann")
    sale.join(BOB, "Bob")
    asked: list[tuple[str, AnyRequest]] = [
        (ANN, bid(10, 1500)),
        (BOB, BidRequest(id=10, lot="1", maximum_minor=9000)),
        (BOB, bid(11, 1000, "3")),
        (ANN, bid(11, 1600)),  # below the minimum
        (ANN, BidRequest(id=12, lot="1", amount_minor=3000, maximum_minor=4000)),
        (ANN, BuyRequest(id=13, lot="2", price_minor=5000)),
    ]
    for key, request in asked:
        sale.now_ms += 1
        sale.ask(key, request)
    sale.order(CloseLot(lot="1"))
    sale.now_ms += 7
    sale.ask(ANN, bid(14, 20_000))
    return sale


def page(sale: SmallSale, number: str, count: int = 100, first: int | None = None) -> BidPage:
    return page_of_bids(number, sale.record, sale.rejections, count, first)


def test_every_bid_on_a_lot_is_there_with_what_became_of_it(sale: SmallSale) -> None:
    history = page(sale, "1")
    assert page(sale, "001") == history
    assert history.lot == "1"
    assert (history.title, history.currency.code, history.total) == (
        sale.house.engine.lots["1"].spec.terms.title,
        "USD",
        5,
    )
    fields = ("number", "name", "paddle", "kind", "amount", "maximum", "outcome", "price", "leader", "leader_paddle")
    assert [tuple(row[field] for field in fields) for row in history.bids] == [
        (1, "Ann", 1, "bid", "15.00", None, "accepted", "15.00", "Ann", 1),
        (2, "Bob", 2, "maximum", None, "90.00", "accepted", "16.00", "Bob", 2),
        (3, "Ann", 1, "bid", "16.00", None, "refused", "16.00", None, None),
        (4, "Ann", 1, "bid_up_to", "30.00", "40.00", "accepted", "41.00", "Bob", 2),
        (5, "Ann", 1, "bid", "200.00", None, "late", "41.00", None, None),
    ]
    assert [row["code"] for row in history.bids] == [None, None, "below_minimum", None, None]
    assert [row["late_ms"] for row in history.bids] == [None, None, None, None, 7]
    assert [row["request_id"] for row in history.bids] == [10, 10, 11, 12, 14]
    times = [row["at_ms"] for row in history.bids]
    assert times == sorted(times)


def test_a_purchase_is_a_bid_too(sale: SmallSale) -> None:
    (bought,) = page(sale, "2").bids
    assert (bought["kind"], bought["outcome"], bought["amount_minor"]) == ("buy", "bought", 5000)
    assert (bought["price_minor"], bought["leader"], bought["leader_paddle"]) == (5000, "Ann", 1)


@pytest.mark.parametrize(
    ("count", "first", "numbers"),
    [
        (2, None, [4, 5]),
        (2, 1, [1, 2]),
        (2, 3, [3, 4]),
        (2, 5, [5]),
        (2, 6, []),
        (100, None, [1, 2, 3, 4, 5]),
    ],
)
def test_a_long_history_comes_page_by_page(sale: SmallSale, count: int, first: int | None, numbers: list[int]) -> None:
    history = page(sale, "1", count, first)
    assert ([row["number"] for row in history.bids], history.total) == (numbers, 5)


def test_a_lot_without_bids_and_one_that_there_is_not() -> None:
    sale = SmallSale(lot("1"))
    assert (page(sale, "1").bids, page(sale, "1").total) == ([], 0)
    with pytest.raises(RejectedError) as refused:
        page(sale, "9")
    assert refused.value.reject is RejectCode.UNKNOWN_LOT


def test_a_clerk_s_bid_has_its_source_and_a_paddle_from_the_desk_its_name() -> None:
    sale = SmallSale(lot("1"))
    sale.join(ANN, "Ann")
    sale.order(AddPaddle(name="Ben Ray"), BEA)
    sale.ask(ANN, bid(10, 1500))
    sale.order(BidFor(lot="1", paddle=2, source=Source.TELEPHONE, amount_minor=9000, is_maximum=True), BEA)
    sale.order(BidFor(lot="1", paddle=1, source=Source.FLOOR, amount_minor=2000), BEA)
    fields = ("name", "kind", "source", "by", "outcome", "price", "leader", "leader_paddle")
    assert [tuple(row[field] for field in fields) for row in page(sale, "1").bids] == [
        ("Ann", "bid", "bidder", None, "accepted", "15.00", "Ann", 1),
        ("Ben Ray", "maximum", "telephone", "bea", "accepted", "16.00", "Ben Ray", 2),
        ("Ann", "bid", "floor", "bea", "accepted", "21.00", "Ben Ray", 2),
    ]


# --- on the command line ----------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return begin_sale(tmp_path / "sale")


def auctioneer(folder: DataFolder, *words: str) -> Result:
    return CliRunner().invoke(main, [*words, "--data", str(folder.path)], catch_exceptions=False)


def test_the_bids_are_the_same_with_and_without_a_house(folder: DataFolder) -> None:
    with desk(folder):
        live = auctioneer(folder, "bids", "1", "--json")
    assert (live.exit_code, live.stderr) == (0, "")
    assert auctioneer(folder, "bids", "1", "--json").stdout == live.stdout
    told = json.loads(live.stdout)
    assert (told["lot"], told["currency"], told["total"]) == ("1", "USD", 1)
    assert (told["bids"][0]["name"], told["bids"][0]["maximum"], told["bids"][0]["price"]) == (
        "Ann",
        "1300.00",
        "1300.00",
    )


def test_the_bids_as_a_table(folder: DataFolder) -> None:
    header, row = auctioneer(folder, "bids", "1").stdout.splitlines()
    assert header.split() == ["No", "Offer", "Time", "Bidder", "Bid", "USD", "Up", "to", "Price", "Leader", "Outcome"]
    assert row.split()[:2] == ["1", "1"]
    assert row.split()[3:] == ["Ann", "(1)", "1,300.00", "1,300.00", "Ann", "(1)", "accepted"]
    none = auctioneer(folder, "bids", "1", "--from", "2")
    assert (none.stdout.splitlines()[1:], "The lot has 1 bid; shown: none." in none.stderr) == ([], True)


@pytest.mark.parametrize(
    ("words", "status"),
    [(["9"], 3), (["1", "--count", "0"], 2), (["1", "--count", "100001"], 2), (["1", "--from", "0"], 2)],
)
def test_what_can_not_be_shown(folder: DataFolder, words: list[str], status: int) -> None:
    assert auctioneer(folder, "bids", *words).exit_code == status


def test_a_sealed_offer_is_not_shown_before_the_lot_is_over() -> None:
    """Nobody at the auctioneer's screen learns it; that an offer was made is no secret there."""
    spec = LotSpec(LotTerms("1", "Lot", SealedTerms(100, Pays.OWN_OFFER)))
    sale = SmallSale(spec)
    sale.join(ANN, "Ann")
    for number, offer in enumerate((700, 50, 900), start=10):
        sale.now_ms += 1
        sale.ask(ANN, SealRequest(id=number, lot="1", amount_minor=offer))
    open_lot = page(sale, "1")
    assert [(row["kind"], row["sealed"], row["amount"], row["outcome"]) for row in open_lot.bids] == [
        ("seal", True, None, "accepted"),
        ("seal", True, None, "refused"),
        ("seal", True, None, "accepted"),
    ]
    sale.order(CloseLot(lot="1"))
    assert [row["amount_minor"] for row in page(sale, "1").bids] == [700, 50, 900]
    assert [row["amount_minor"] for row in page(sale, "1", first=2).bids] == [50, 900]
