"""The late and the void bids at hand: the last ones of the sale, of bidders and clerks, also after a restart."""

from auctioneer.house.bid_history import late_bids
from auctioneer.house.commands import AddPaddle, Ask, BidFor, CloseLot, OpenLot, Reopen, Report, SetLimit
from auctioneer.house.last_bids import LAST_BIDS_MAX
from auctioneer.house.reports import Row
from auctioneer.rules.sources import Source
from auctioneer.rules.terms import LotSpec, Opening, OpeningRule
from common.absentee import LeaveBidRequest
from common.errors import RejectCode
from common.formats.sealed import Pays, SealedTerms, SealRequest
from common.lot import LotTerms
from common.messages import Accepted
from tests.auctioneer.house.house_examples import ANN, BOB, CLERK, SmallSale, bid, code_of, lot


def report(sale: SmallSale, *lots: str, name: str = "late") -> list[Row]:
    answer = sale.order(Ask(report=name, lots=lots), CLERK)
    assert isinstance(answer, Report), answer
    rows: list[Row] = answer.report
    return rows


def sale_with_late_bids() -> SmallSale:
    """Return a sale in which Ann was 420 ms late on lot 1 and a clerk's bidder a second on lot 2."""
    sale = SmallSale(lot("1"), lot("2"))
    sale.join(ANN, "Ann")
    sale.order(AddPaddle(name="Ben Ray"))
    sale.order(CloseLot(lot="1"))
    sale.order(CloseLot(lot="2"))
    sale.now_ms += 420
    sale.ask(ANN, bid(10, 2600))
    sale.now_ms += 580
    sale.order(BidFor(lot="2", paddle=2, source=Source.TELEPHONE, amount_minor=9000, is_maximum=True))
    return sale


def test_a_left_bid_that_a_limit_makes_void_is_told_with_the_reason_also_after_a_restart() -> None:
    sealed = LotSpec(LotTerms("2", "Vase", SealedTerms(1000, Pays.OWN_OFFER)), opening=Opening(OpeningRule.BY_HAND))
    sale = SmallSale(lot("1", by_hand=True), sealed)
    for key, name in ((ANN, "Ann"), (BOB, "Bob")):
        sale.join(key, name)
        for number in ("1", "2"):
            assert isinstance(sale.ask(key, LeaveBidRequest(id=int(number), lot=number, amount_minor=9000)), Accepted)
    sale.order(SetLimit(bidder="1", limit_minor=5000))
    for number in ("1", "2"):
        sale.order(OpenLot(lot=number))
    rows = report(sale, "1", "2", name="void")
    told = [(row["lot"], row["name"], row["amount"], row["code"], row["why"]) for row in rows]
    why = "it would take the bidder over its spending limit"
    assert told == [
        ("1", "Ann", "90.00", "over_spending_limit", why),
        ("2", "Ann", None, "over_spending_limit", why),
    ]
    snapshot, facts = sale.house.snapshot(), sale.record
    sale.house = sale.rebuilt(snapshot, len(facts))
    assert report(sale, name="void") == []
    sale.house.recall_history(facts)
    assert report(sale, name="void") == rows
    sale.order(CloseLot(lot="2"))
    assert report(sale, "2", name="void")[0]["amount"] == "90.00", "a lot that is over has no sealed offers any more"


def test_it_has_what_the_record_has_of_late_bids() -> None:
    sale = sale_with_late_bids()
    rows = report(sale)
    assert (rows, len(rows)) == late_bids(sale.record, 100)
    said = [(row["lot"], row["paddle"], row["name"], row["late_ms"], row["amount"], row["maximum"]) for row in rows]
    assert said == [("1", 1, "Ann", 420, "26.00", None), ("2", 2, "Ben Ray", 1000, None, "90.00")]
    assert [(row["source"], row["by"]) for row in rows] == [("bidder", None), ("telephone", "auctioneer")]
    assert [row["lot"] for row in report(sale, "002")] == ["2"]
    assert code_of(sale.order(Ask(report="late", lots=("9",)))) is RejectCode.UNKNOWN_LOT


def test_after_a_restart_it_has_those_that_the_read_part_of_the_record_has() -> None:
    sale = sale_with_late_bids()
    before = report(sale)
    snapshot, facts = sale.house.snapshot(), sale.record
    sale.house = sale.rebuilt(snapshot, len(facts))
    assert report(sale) == []
    sale.house.recall_history(facts)
    assert report(sale) == before


def test_only_the_last_of_very_many_are_at_hand() -> None:
    sale = sale_with_late_bids()
    assert LAST_BIDS_MAX == 200
    for number in range(LAST_BIDS_MAX - 1):
        sale.ask(ANN, bid(100 + number, 2600 + number))
    rows = report(sale)
    assert (len(rows), rows[0]["lot"], rows[-1]["amount"]) == (LAST_BIDS_MAX, "2", "27.98")


def test_a_sealed_offer_is_told_only_while_its_lot_is_over() -> None:
    terms = SealedTerms(1000, Pays.OWN_OFFER)
    sale = SmallSale(LotSpec(LotTerms("1", "Vase", terms, duration_ms=60_000)), corrections=True)
    sale.join(ANN, "Ann")
    sale.order(CloseLot(lot="1"))
    sale.ask(ANN, SealRequest(id=10, lot="1", amount_minor=2000))
    assert [row["amount"] for row in report(sale)] == ["20.00"]
    sale.order(Reopen(lot="1", for_ms=60_000))
    assert [(row["amount"], row["amount_minor"]) for row in report(sale)] == [(None, None)]
