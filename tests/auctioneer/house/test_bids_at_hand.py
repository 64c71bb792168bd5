"""The bids that a clerk on another machine can see: those that count, with the numbers that a correction takes."""

import pytest

from auctioneer.house.bid_history import page_of_bids
from auctioneer.house.bids_at_hand import BIDS_SHOWN_MAX
from auctioneer.house.commands import BIDS, AddPaddle, Ask, BidFor, Report, Undo
from auctioneer.house.house import House
from auctioneer.house.reports import Row
from auctioneer.rules.sources import Source
from auctioneer.rules.terms import LotSpec
from common.errors import RejectCode
from common.formats.sealed import Pays, SealedTerms, SealRequest
from common.lot import LotTerms
from common.messages import Accepted
from tests.auctioneer.house.house_examples import ANN, SmallSale, bid, code_of, lot, maximum


def sale_with_bids() -> SmallSale:
    sale = SmallSale(lot("1"), corrections=True)
    sale.join(ANN, "Ann")
    sale.order(AddPaddle(name="Ben Ray"))
    sale.ask(ANN, bid(10, 1500))
    sale.ask(ANN, bid(11, 100))  # below the minimum
    sale.now_ms += 1000
    sale.order(BidFor(lot="1", paddle=2, source=Source.TELEPHONE, amount_minor=9000, is_maximum=True))
    sale.ask(ANN, maximum(12, while_connected=False))
    return sale


def report(sale: SmallSale, *lots: str) -> Row:
    answer = sale.order(Ask(report=BIDS, lots=lots))
    assert isinstance(answer, Report), answer
    row: Row = answer.report
    return row


def test_it_has_what_the_record_has_of_bids_that_count() -> None:
    sale = sale_with_bids()
    sale.order(Undo(lot="1", numbers=(1,)))
    at_hand = report(sale, "001")
    fields = ("number", "name", "paddle", "kind", "source", "by", "amount", "maximum", "at_ms")
    recorded = [
        row for row in page_of_bids("1", sale.record, sale.rejections, 100).bids if row["outcome"] == "accepted"
    ]
    assert [tuple(row[field] for field in fields) for row in at_hand["bids"]] == [
        tuple(row[field] for field in fields) for row in recorded
    ]
    assert [row["number"] for row in at_hand["bids"]] == [2, 3]
    assert (at_hand["lot"], at_hand["title"], at_hand["currency"], at_hand["total"]) == ("1", "Lot 1", "USD", 3)


def test_it_is_the_same_after_a_restart() -> None:
    sale = sale_with_bids()
    before = report(sale, "1")
    sale.house = House.rebuild(sale.settings, None, sale.record, sale.rejections, sale.now_ms)
    assert report(sale, "1") == before


def test_a_sealed_offer_stays_sealed() -> None:
    terms = SealedTerms(1000, Pays.OWN_OFFER)
    sale = SmallSale(LotSpec(LotTerms("1", "Vase", terms, duration_ms=60_000)), corrections=True)
    sale.join(ANN, "Ann")
    assert isinstance(sale.ask(ANN, SealRequest(id=10, lot="1", amount_minor=2000)), Accepted)
    (row,) = report(sale, "1")["bids"]
    assert (row["number"], row["kind"], row["amount"], row["amount_minor"]) == (1, "seal", None, None)


def test_only_the_last_of_very_many_are_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    assert BIDS_SHOWN_MAX == 1000
    monkeypatch.setattr("auctioneer.house.bids_at_hand.BIDS_SHOWN_MAX", 2)
    shown = report(sale_with_bids(), "1")
    assert ([row["number"] for row in shown["bids"]], shown["total"]) == ([2, 3], 3)


def test_it_is_on_one_lot_of_a_sale_with_corrections() -> None:
    assert code_of(sale_with_bids().order(Ask(report=BIDS, lots=("9",)))) is RejectCode.UNKNOWN_LOT
    assert code_of(SmallSale(lot("1"), lot("2"), corrections=True).order(Ask(report=BIDS))) is RejectCode.MALFORMED
    assert code_of(SmallSale(lot("1")).order(Ask(report=BIDS, lots=("1",)))) is RejectCode.WRONG_STATE
