"""Corrections by the house: who hears of them, what is only shown, and what a restart brings back."""

import pytest

from auctioneer.audit.invariants import check_same_state
from auctioneer.audit.verify import verify
from auctioneer.house.commands import (
    Admit,
    AnyCorrection,
    Award,
    CloseLot,
    Done,
    EndSale,
    Finish,
    Reopen,
    Report,
    Rewrite,
    Undo,
    VoidSale,
)
from auctioneer.rules.facts import CorrectionMade
from common.errors import RejectCode
from common.formats.english import EnglishBoard
from common.limits import TEXT_CHARS_MAX
from common.lot import LotStatus, LotView, SaleStatus
from common.messages import Accepted, Mine, MineRequest, News, NewsRequest, Rejected, WordKind
from tests.auctioneer.house.house_examples import ANN, BOB, SmallSale, bid, code_of, lot, maximum

WHY = "It was on the wrong paddle."


@pytest.fixture
def sale() -> SmallSale:
    """Return a sale with corrections: Ann (1) bid 15.00 on lot 1, then Bob (2) 20.00."""
    sale = SmallSale(lot("1"), lot("2"), corrections=True)
    sale.join(ANN, "Ann")
    sale.join(BOB, "Bob")
    assert isinstance(sale.ask(ANN, bid(10, 1500)), Accepted)
    assert isinstance(sale.ask(BOB, bid(10, 2000)), Accepted)
    return sale


def view(sale: SmallSale, number: str = "1") -> LotView:
    return sale.house.engine.lots[number].view


def board(sale: SmallSale, number: str = "1") -> EnglishBoard:
    board = view(sale, number).board
    assert isinstance(board, EnglishBoard)
    return board


def words(sale: SmallSale, key: str) -> list[tuple[WordKind, str, str]]:
    news = sale.ask(key, NewsRequest(id=900, after_seq=0))
    assert isinstance(news, News)
    return [(word.kind, word.lot, word.text) for word in news.words]


def done(sale: SmallSale, command: AnyCorrection | Admit) -> Done:
    answer = sale.order(command)
    assert isinstance(answer, Done), answer
    report = verify(enumerate(sale.record, start=1))
    assert report.mismatch is None, str(report.mismatch)
    check_same_state(sale.rebuilt().engine.state, sale.house.engine.state)
    return answer


def test_those_whom_a_correction_touches_hear_of_it(sale: SmallSale) -> None:
    assert done(sale, Undo(lot="1", reason=WHY)).lots == ("1",)
    assert (board(sale).leader, board(sale).price_minor) == (1, 1500)
    assert words(sale, ANN) == [(WordKind.LEAD_BACK, "1", WHY)]
    assert words(sale, BOB) == [(WordKind.OFFER_VOID, "1", WHY)]


def test_an_accepted_verdict_that_is_repeated_says_what_was_decided_then(sale: SmallSale) -> None:
    before = sale.ask(BOB, bid(10, 2000))
    done(sale, Undo(lot="1"))
    assert sale.ask(BOB, bid(10, 2000)) == before
    assert isinstance(sale.ask(BOB, bid(11, 1600)), Accepted)
    mine = sale.ask(ANN, MineRequest(id=901))
    assert isinstance(mine, Mine)
    assert not mine.positions


def test_a_preview_changes_nothing(sale: SmallSale) -> None:
    before = (view(sale), len(sale.record), sale.house.snapshot())
    answer = sale.order(Undo(lot="1", reason=WHY, preview=True))
    assert isinstance(answer, Report)
    assert (view(sale), len(sale.record), sale.house.snapshot()) == before
    report = answer.report
    assert (report["lot"], report["status"], report["seq"], report["price"]) == ("1", "open", 3, "15.00")
    assert (report["leader"], report["paddle"]) == ("Ann", 1)
    assert [(row["number"], row["name"], row["amount"], row["maximum"]) for row in report["void"]] == [
        (2, "Bob", "20.00", None)
    ]
    assert [(row["name"], row["kind"]) for row in report["told"]] == [("Bob", "offer_void"), ("Ann", "lead_back")]


@pytest.mark.parametrize("preview", [True, False])
def test_a_bid_that_comes_in_between_is_not_overlooked(sale: SmallSale, *, preview: bool) -> None:
    assert isinstance(sale.ask(ANN, bid(11, 2500)), Accepted)
    assert code_of(sale.order(Undo(lot="1", if_seq=3, preview=preview))) is RejectCode.STATE_CHANGED
    assert board(sale).leader == 1


def test_bids_are_taken_back_by_their_numbers_and_back_to_one(sale: SmallSale) -> None:
    assert isinstance(sale.ask(ANN, bid(11, 2500)), Accepted)
    assert code_of(sale.order(Undo(lot="1", numbers=(1,), back_to=2))) is RejectCode.UNKNOWN_BID
    assert code_of(sale.order(Undo(lot="1", back_to=9))) is RejectCode.UNKNOWN_BID
    done(sale, Undo(lot="1", numbers=(2,)))
    assert (board(sale).leader, board(sale).price_minor) == (1, 1500)
    done(sale, Undo(lot="1", back_to=1))
    assert board(sale).leader is None


def test_a_sale_is_void_and_goes_to_another(sale: SmallSale) -> None:
    sale.order(CloseLot(lot="1"))
    assert code_of(sale.order(VoidSale(lot="1", bidder="Zoe"))) is RejectCode.UNKNOWN_BIDDER
    answer = done(sale, VoidSale(lot="1", bidder="bob", reason="He never came."))
    assert answer.results[0]["status"] == "passed"
    assert code_of(sale.order(Award(lot="1", bidder="Zoe", amount_minor=1500))) is RejectCode.UNKNOWN_BIDDER
    answer = done(sale, Award(lot="1", bidder="1", amount_minor=1500))
    assert [(row["name"], row["amount"]) for row in answer.results[0]["results"]] == [("Ann", "15.00")]
    assert words(sale, BOB) == [(WordKind.SALE_VOID, "1", "He never came.")]
    assert words(sale, ANN) == [(WordKind.AWARDED, "1", "")]


def test_a_wrong_hammer_is_taken_back(sale: SmallSale) -> None:
    sale.order(CloseLot(lot="1"))
    done(sale, Reopen(lot="1", for_ms=60_000, reason="Too early"))
    assert (view(sale).status, view(sale).ends_at_ms) == (LotStatus.OPEN, sale.now_ms + 60_000)
    assert isinstance(sale.ask(ANN, bid(11, 2500)), Accepted)


def test_a_bidder_is_turned_out_with_its_bids(sale: SmallSale) -> None:
    assert isinstance(sale.ask(BOB, maximum(11, "2", while_connected=False)), Accepted)
    assert code_of(sale.order(Admit(bidder="Bob", void_bids=True))) is RejectCode.MALFORMED
    assert done(sale, Admit(bidder="Bob", admitted=False, void_bids=True, reason="No account")).lots == ("1", "2")
    assert (board(sale).leader, board(sale, "2").leader) == (1, None)
    assert code_of(sale.ask(BOB, bid(12, 3000))) is RejectCode.NOT_ADMITTED
    kinds = [word.kind for word in sale.house._news.kept(2)]
    assert kinds == [WordKind.TURNED_OUT, WordKind.OFFER_VOID, WordKind.OFFER_VOID]


def test_what_the_catalogue_says_is_corrected_by_its_rules(sale: SmallSale) -> None:
    done(sale, Rewrite(lot="2", spec=lot("2", title="A lamp"), reason="A typing error"))
    assert view(sale, "2").terms.title == "A lamp"
    faulty = sale.order(Rewrite(lot="2", spec=lot("2", starting_minor=0)))
    assert code_of(faulty) is RejectCode.INVALID_LOT
    assert code_of(sale.order(Rewrite(lot="2", spec=lot("3")))) is RejectCode.UNKNOWN_LOT
    sold_by_bob = lot("2", title="A lamp", seller="Bob")
    done(sale, Rewrite(lot="2", spec=sold_by_bob))
    assert code_of(sale.ask(BOB, bid(12, 3000, "2"))) is RejectCode.OWN_LOT


def test_a_reason_is_a_text_for_people(sale: SmallSale) -> None:
    for command in (Undo(lot="1", reason="a\x07b"), Undo(lot="1", reason="x" * (TEXT_CHARS_MAX + 1))):
        assert code_of(sale.order(command)) is RejectCode.MALFORMED
    assert code_of(sale.order(Admit(bidder="Bob", admitted=False, reason="a\x07b"))) is RejectCode.MALFORMED


def test_only_finish_ends_a_sale_with_corrections(sale: SmallSale) -> None:
    answer = sale.order(EndSale())
    assert isinstance(answer, Done)
    assert answer.goes_on
    assert [row["status"] for row in answer.results] == ["sold", "passed"]
    assert sale.house.engine.sale.status is SaleStatus.RUNNING
    answer = sale.order(Finish())
    assert isinstance(answer, Done)
    assert not answer.goes_on
    assert sale.house.has_ended


def test_without_corrections_nothing_is_taken_back() -> None:
    plain = SmallSale(lot("1"))
    plain.join(ANN, "Ann")
    assert isinstance(plain.ask(ANN, bid(10, 1500)), Accepted)
    turned_out = Admit(bidder="Ann", admitted=False, void_bids=True)
    for command in (Undo(lot="1"), VoidSale(lot="1"), Reopen(lot="1", for_ms=1), turned_out):
        answer = plain.order(command)
        assert isinstance(answer, Rejected)
        assert (answer.code, "corrections" in answer.detail) == (RejectCode.WRONG_STATE, True)
    assert isinstance(plain.order(Rewrite(lot="1", spec=lot("1", title="A lamp"))), Done), "texts can be corrected"


def test_a_snapshot_keeps_what_can_be_taken_back(sale: SmallSale) -> None:
    done(sale, Undo(lot="1"))
    sale.house = sale.rebuilt(sale.house.snapshot(), after=len(sale.record))
    assert isinstance(sale.ask(BOB, bid(12, 1600)), Accepted)
    done(sale, Undo(lot="1", numbers=(1,)))
    assert (board(sale).leader, board(sale).price_minor) == (2, 1600)
    assert [fact.void for fact in sale.record if isinstance(fact, CorrectionMade)] == [(2,), (1,)]
