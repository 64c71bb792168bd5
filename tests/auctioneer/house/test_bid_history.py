"""The bids on a lot, from the record: all of them in their order, whatever became of them, and a page at a time."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from auctioneer.cli import main
from auctioneer.house.bid_history import BidPage, late_bids, page_of_bids
from auctioneer.house.commands import AddPaddle, BidFor, CloseLot, Rewrite
from auctioneer.journal import append
from auctioneer.process.folder import DataFolder
from auctioneer.rules import decisions
from auctioneer.rules.decisions import Refused
from auctioneer.rules.sale_settings import Controller, Right
from auctioneer.rules.sources import Source
from auctioneer.rules.terms import LotSpec
from common.codec import encode
from common.errors import RejectCode, RejectedError
from common.formats.english import BidRequest, BuyRequest
from common.formats.sealed import Pays, SealedTerms, SealRequest
from common.lot import LotTerms
from common.messages import AnyRequest
from tests.auctioneer.cli.cli_sales import begin_sale, desk, sale_of
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
        (None, "Ann", 1, "bid", "16.00", None, "refused", "16.00", None, None),
        (3, "Ann", 1, "bid_up_to", "30.00", "40.00", "accepted", "41.00", "Bob", 2),
        (None, "Ann", 1, "bid", "200.00", None, "late", "41.00", None, None),
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
        (2, None, [3, None]),
        (2, 1, [1, 2]),
        (2, 3, [None, 3]),
        (3, 3, [None, 3, None]),
        (2, 4, [None]),
        (2, 5, []),
        (100, None, [1, 2, None, 3, None]),
    ],
)
def test_a_long_history_comes_page_by_page(
    sale: SmallSale, count: int, first: int | None, numbers: list[int | None]
) -> None:
    """A bid that was refused has no number; it comes with those around it."""
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


def test_late_bids_are_told_over_all_lots_and_by_how_much(sale: SmallSale) -> None:
    sale.now_ms += 100
    sale.ask(BOB, BuyRequest(id=15, lot="2", price_minor=5000))
    rows, total = late_bids(sale.record, 10)
    fields = ("lot", "title", "name", "kind", "amount", "late_ms")
    assert [tuple(row[field] for field in fields) for row in rows] == [
        ("1", "Lot 1", "Ann", "bid", "200.00", 7),
        ("2", "Lot 2", "Bob", "buy", "50.00", 107),
    ]
    assert total == 2
    assert late_bids(sale.record, 1) == (rows[1:], 2)
    assert late_bids(sale.record, 10, "001") == (rows[:1], 1)
    assert late_bids(sale.record, 10, "3") == ([], 0)
    with pytest.raises(RejectedError) as refused:
        late_bids(sale.record, 10, "9")
    assert refused.value.reject is RejectCode.UNKNOWN_LOT


def test_a_corrected_title_is_the_one_that_is_told() -> None:
    sale = SmallSale(lot("1"))
    sale.order(Rewrite(lot="1", spec=lot("1", title="A lamp")))
    assert page(sale, "1").title == "A lamp"


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
    assert header.split() == ["No", "Time", "Bidder", "Bid", "USD", "Up", "to", "Price", "Leader", "Outcome"]
    assert row.split()[0] == "1"
    assert row.split()[2:] == ["Ann", "(1)", "1,300.00", "1,300.00", "Ann", "(1)", "accepted"]
    none = auctioneer(folder, "bids", "1", "--from", "3")
    assert (none.stdout.splitlines()[1:], "0 of 1 bid are shown" in none.stderr) == ([], True)


def test_a_clerk_sees_the_bids_that_count_with_the_right_for_it(tmp_path: Path) -> None:
    folder = begin_sale(tmp_path / "sale", corrections=True)
    with desk(folder):
        places = {}
        for name, right in (("ada", "corrections"), ("bea", "desk")):
            link = auctioneer(folder, "clerk", "add", name, "--rights", right).stdout.strip()
            places[name] = DataFolder(tmp_path / name)
            assert auctioneer(places[name], "clerk", "join", link).exit_code == 0
        ada, bea = places.values()
        auctioneer(folder, "paddle", "add", "Ben")
        for amount in ("1310", "1320", "1330"):
            assert auctioneer(folder, "bid", "1", amount, "--paddle", "Ben", "--max").exit_code == 0
        auctioneer(folder, "undo", "1", "--bid", "3")
        shown = auctioneer(ada, "bids", "1")
        assert [line.split()[0] for line in shown.stdout.splitlines()] == ["No", "1", "2", "4"]
        assert "floor, auctioneer" in shown.stdout
        assert "on the house's machine only" in shown.stderr
        paged = json.loads(auctioneer(ada, "bids", "1", "--from", "2", "--count", "1", "--json").stdout)
        assert [row["number"] for row in paged["bids"]] == [2]
        last = json.loads(auctioneer(ada, "bids", "1", "--count", "1", "--json").stdout)
        assert [row["number"] for row in last["bids"]] == [4]
        refused = auctioneer(bea, "bids", "1")
        assert (refused.exit_code, "auctioneer clerk rights bea desk,bids" in refused.stderr) == (3, True)


def test_late_bids_as_a_table(folder: DataFolder) -> None:
    with sale_of(folder) as sale:
        now_ms = sale.clock.now_ms()
        closed = decisions.close(sale.house.engine, now_ms, "auctioneer", "1")
        assert not isinstance(closed, Refused)
        sale.house.record(closed)
        sale.house.handle("a" * 40, encode(BidRequest(id=3, lot="1", amount_minor=250_000)), now_ms + 12)
        append(sale.journal, sale.house.flush().facts, (), now_ms + 12)
    header, row = auctioneer(folder, "bids", "--late").stdout.splitlines()
    assert header.split()[-4:] == ["Up", "to", "Late", "by"]
    assert row.split()[-4:] == ["(1)", "2,500.00", "12", "ms"]
    (late,) = json.loads(auctioneer(folder, "bids", "1", "--late", "--json").stdout)
    assert (late["lot"], late["name"], late["late_ms"]) == ("1", "Ann", 12)
    assert auctioneer(folder, "bids", "2", "--late").stdout.splitlines()[1:] == []
    assert "the last 0 of 1 late bid" not in auctioneer(folder, "bids", "--late", "--count", "1").stderr


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ([], 2),
        (["9", "--late"], 3),
        (["--late", "--from", "1"], 2),
        (["9"], 3),
        (["1", "--count", "0"], 2),
        (["1", "--count", "100001"], 2),
        (["1", "--from", "0"], 2),
    ],
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
