"""Bids that are left before a lot opens: by bidders and by clerks, secret until the opening, and kept in the record."""

import pytest

from auctioneer.audit.invariants import check_same_state
from auctioneer.audit.verify import verify
from auctioneer.house.bid_history import page_of_bids
from auctioneer.house.commands import AddPaddle, Admit, Ask, BidFor, Done, OpenLot, Report
from auctioneer.rules.facts import AnyFact, BidderTold, BidLeft, CommandDone, LeftBidVoid, OfferTaken
from auctioneer.rules.sale_settings import Controller, Right
from auctioneer.rules.sources import Source
from auctioneer.rules.terms import LotSpec, Opening, OpeningRule
from common.absentee import LeaveBidRequest
from common.errors import RejectCode
from common.formats.english import EnglishOwn
from common.formats.sealed import Pays, SealedTerms
from common.lot import LotTerms
from common.messages import Accepted, Mine, MineRequest, Rejected, WordKind
from tests.auctioneer.house.house_examples import ANN, BOB, CLERK, SmallSale, bid, code_of, lot
from tests.english import english
from tests.must_be import must_be

BEA = Controller(CLERK.name, CLERK.role, CLERK.key, tuple(Right))


def sealed(number: str) -> LotSpec:
    return LotSpec(LotTerms(number, "Sealed", SealedTerms(100, Pays.OWN_OFFER)), opening=Opening(OpeningRule.BY_HAND))


@pytest.fixture
def sale() -> SmallSale:
    """Return a sale with Ann (1) and Bob (2), who have keys, and Cleo (3), who has a paddle; no lot is open."""
    sale = SmallSale(lot("1", by_hand=True), sealed("2"))
    sale.join(ANN, "Ann")
    sale.join(BOB, "Bob")
    sale.order(AddPaddle(name="Cleo"), BEA)
    return sale


def left(request_id: int, amount_minor: int | None, number: str = "1") -> LeaveBidRequest:
    return LeaveBidRequest(id=request_id, lot=number, amount_minor=amount_minor)


def left_by_clerk(paddle: int, amount_minor: int | None, number: str = "1") -> BidFor:
    return BidFor(lot=number, paddle=paddle, source=Source.ABSENTEE, amount_minor=amount_minor, is_maximum=True)


def facts_since(sale: SmallSale, count: int) -> list[AnyFact]:
    return [fact for fact in sale.record[count:] if not isinstance(fact, CommandDone)]


def assert_sound(sale: SmallSale) -> None:
    report = verify(enumerate(sale.record, start=1))
    assert report.mismatch is None, report.mismatch
    check_same_state(sale.rebuilt().engine.state, sale.house.engine.state)
    again = sale.rebuilt(sale.house.snapshot(), len(sale.record))
    check_same_state(again.engine.state, sale.house.engine.state)


def test_bids_are_left_and_become_bids_in_their_order_with_the_opening(sale: SmallSale) -> None:
    verdict = must_be(Accepted, sale.ask(ANN, left(5, 3000)))
    assert (verdict.seq, verdict.own, verdict.board) == (0, EnglishOwn(3000), sale.house.engine.lots["1"].view.board)
    assert isinstance(sale.order(left_by_clerk(3, 5000), BEA), Done)
    sale.ask(BOB, left(5, 5000))
    assert_sound(sale)
    count = len(sale.record)
    assert isinstance(sale.order(OpenLot(lot="1")), Done)
    _opened, *made = facts_since(sale, count)
    placed = [must_be(OfferTaken, fact) for fact in made]
    assert [(fact.paddle, fact.source, fact.by) for fact in placed] == [
        (1, Source.ABSENTEE, ""),
        (3, Source.ABSENTEE, BEA.name),
        (2, Source.ABSENTEE, ""),
    ]
    board = english(sale.house.engine.lots["1"].view)
    assert (board.leader, board.price_minor, board.bids) == (3, 5000, 3)
    assert_sound(sale)


def test_a_bidder_whose_bid_is_void_at_the_opening_is_told_the_reason(sale: SmallSale) -> None:
    for key, amount_minor in ((ANN, 4000), (BOB, 3000)):
        sale.ask(key, left(5, amount_minor))
    sale.order(left_by_clerk(3, 2000), BEA)
    count = len(sale.record)
    sale.order(OpenLot(lot="1"))
    void, told = facts_since(sale, count)[-2:]
    assert (must_be(LeftBidVoid, void).code, void.at_ms) == (RejectCode.BELOW_MINIMUM, sale.now_ms)
    word = must_be(BidderTold, told)
    assert (word.paddle, word.kind, word.lot, word.text) == (3, WordKind.LEFT_BID_VOID, "1", "below_minimum")
    assert_sound(sale)
    without = [fact for fact in sale.record if fact is not told]
    assert verify(enumerate(without, start=1)).mismatch is not None, "an audit misses the word"


def test_the_verdict_on_a_bid_that_was_left_stays_what_it_was(sale: SmallSale) -> None:
    verdict = sale.ask(ANN, left(5, 3000))
    sale.order(OpenLot(lot="1"))
    assert sale.ask(ANN, left(5, 3000)) == verdict
    assert code_of(sale.ask(ANN, bid(5, 3000))) is RejectCode.ID_CONFLICT
    assert [fact.request_id for fact in sale.rebuilt()._sessions.of_paddle(1).remembered] == [5]


def test_a_bidder_sees_its_own_and_nobody_else_s(sale: SmallSale) -> None:
    sale.ask(ANN, left(5, 3000))
    mine = must_be(Mine, sale.ask(ANN, MineRequest(id=9)))
    assert [(one.lot, one.own) for one in mine.positions] == [("1", EnglishOwn(3000))]
    assert must_be(Mine, sale.ask(BOB, MineRequest(id=9))).positions == ()
    assert must_be(Rejected, sale.ask(ANN, bid(6, 2000))).own == EnglishOwn(3000)
    assert must_be(Rejected, sale.ask(BOB, bid(6, 2000))).own is None


@pytest.mark.parametrize("source", [Source.ABSENTEE, Source.FLOOR, Source.TELEPHONE])
def test_a_clerk_takes_back_what_a_bidder_left(sale: SmallSale, source: Source) -> None:
    sale.ask(ANN, left(5, 3000))
    taken_back = BidFor(lot="1", paddle=1, source=source, amount_minor=None)
    assert isinstance(sale.order(taken_back, BEA), Done)
    assert must_be(BidLeft, facts_since(sale, 0)[-1]).source is Source.ABSENTEE
    assert must_be(Rejected, sale.order(taken_back, BEA)).code is RejectCode.NO_OFFER
    sale.order(OpenLot(lot="1"))
    assert english(sale.house.engine.lots["1"].view).leader is None
    assert must_be(Rejected, sale.order(left_by_clerk(1, None), BEA)).code is RejectCode.OTHER_FORMAT
    assert_sound(sale)


def test_who_is_turned_out_leaves_no_bid_behind(sale: SmallSale) -> None:
    sale.ask(ANN, left(5, 3000))
    sale.ask(ANN, left(6, 500, "2"))
    sale.ask(BOB, left(5, 2000))
    sale.order(Admit(bidder="Ann", admitted=False))
    sale.order(OpenLot(lot="1"))
    assert english(sale.house.engine.lots["1"].view).leader == 2
    assert sale.house.engine.lots["2"].left is None
    assert_sound(sale)


def test_an_absentee_bid_on_an_open_lot_counts_at_once(sale: SmallSale) -> None:
    sale.order(OpenLot(lot="1"))
    done = must_be(Done, sale.order(left_by_clerk(3, 4000), BEA))
    assert must_be(Accepted, done.accepted).own == EnglishOwn(4000)
    assert must_be(OfferTaken, facts_since(sale, 0)[-1]).source is Source.ABSENTEE
    assert_sound(sale)


def test_the_absentee_book_hides_sealed_amounts(sale: SmallSale) -> None:
    sale.ask(ANN, left(5, 3000))
    sale.order(left_by_clerk(3, 5000), BEA)
    sale.ask(ANN, left(6, 700, "2"))
    rows = must_be(Report, sale.order(Ask(report="absentee"), BEA)).report
    fields = ("lot", "name", "paddle", "by", "amount", "sealed")
    assert [tuple(row[field] for field in fields) for row in rows] == [
        ("1", "Ann", 1, None, "30.00", False),
        ("1", "Cleo", 3, "bea", "50.00", False),
        ("2", "Ann", 1, None, None, True),
    ]
    assert must_be(Report, sale.order(Ask(report="absentee", lots=("2",)))).report == rows[2:]


def test_the_history_of_bids_has_what_was_left_and_what_became_of_it(sale: SmallSale) -> None:
    sale.ask(ANN, left(5, 5000))
    sale.ask(BOB, left(5, 9000))
    sale.order(left_by_clerk(3, 5050), BEA)
    sale.ask(ANN, left(6, 700, "2"))
    sale.order(OpenLot(lot="1"))
    fields = ("name", "kind", "source", "outcome", "code", "maximum", "leader")
    rows = page_of_bids("1", sale.record, sale.rejections, 100).bids
    assert [tuple(row[field] for field in fields) for row in rows] == [
        ("Ann", "left", "bidder", "left", None, "50.00", None),
        ("Bob", "left", "bidder", "left", None, "90.00", None),
        ("Cleo", "left", "absentee", "left", None, "50.50", None),
        ("Ann", "maximum", "absentee", "accepted", None, "50.00", "Ann"),
        ("Bob", "maximum", "absentee", "accepted", None, "90.00", "Bob"),
        ("Cleo", "left", "absentee", "refused", "below_minimum", "50.50", None),
    ]
    (row,) = page_of_bids("2", sale.record, sale.rejections, 100).bids
    assert (row["kind"], row["sealed"], row["amount"], row["maximum"]) == ("left", True, None, None)


def test_facts_that_say_something_else_are_noticed(sale: SmallSale) -> None:
    sale.ask(ANN, left(5, 3000))
    sale.order(OpenLot(lot="1"))
    record = [fact for fact in sale.record if not isinstance(fact, BidLeft)]
    assert verify(enumerate(record, start=1)).mismatch is not None, "a bid was made that nobody left"
    sale.now_ms += 1
    sale.ask(BOB, left(7, 500, "2"))
    without = [fact for fact in sale.record if not isinstance(fact, OfferTaken)]
    assert verify(enumerate(without, start=1)).mismatch is not None, "a bid that was left was not made"
