"""What is said of an English lot, in words and in fields."""

import pytest
from msgspec.structs import replace

from bidder.display.formats.english import ENGLISH
from bidder.display.lot_table import lot_cells
from bidder.display.records import lot_record, no_verdict_record, verdict_record
from bidder.display.shown import ShownLot
from bidder.display.wording import verdict_line
from common.errors import RejectCode, RejectedError, UnreachableError
from common.formats.english import EnglishBoard, EnglishOwn, EnglishTerms, Step
from common.lot import LotStatus, LotTerms, LotView, Result
from common.messages import Accepted, Rejected
from common.money import Currency
from tests.english import english_terms

USD = Currency("USD", 2)
ME, RIVAL = 7, 9
BOARD = EnglishBoard(11_000, 10_000, ME, 3, reserve_met=False)
VIEW = LotView(
    LotTerms("3", "Vase", EnglishTerms(5_000, (Step(0, 1_000),), has_reserve=True)), BOARD, 4, LotStatus.OPEN
)


def accepted(board: EnglishBoard, maximum_minor: int | None) -> Accepted:
    return Accepted("3", 4, 0, board, own=None if maximum_minor is None else EnglishOwn(maximum_minor), id=5)


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        (accepted(BOARD, 10_000), "Accepted: you lead lot 3 at USD 100.00. The reserve is not met yet."),
        (
            accepted(replace(BOARD, reserve_met=True), 20_000),
            "Accepted: you lead lot 3 at USD 100.00, ready to go up to USD 200.00. The reserve is met.",
        ),
        (
            accepted(replace(BOARD, leader=RIVAL, reserve_met=None), None),
            "Accepted, but another bidder's maximum is as high or higher: lot 3 is at USD 100.00 and you don't lead. "
            "The least that you can bid now is USD 110.00.",
        ),
        (
            Accepted("3", 5, 0, EnglishBoard(5_000), results=(Result(ME, 38_000),), id=5),
            "Bought: lot 3 is yours at USD 380.00.",
        ),
    ],
)
def test_a_verdict_is_a_sentence(verdict: Accepted, expected: str) -> None:
    assert verdict_line(verdict, "3", USD).text == expected


@pytest.mark.parametrize(
    ("board", "expected"),
    [
        (BOARD, " Lot 3 is at USD 100.00; the minimum is USD 110.00."),
        (EnglishBoard(5_000), " Lot 3 has no bid yet; the minimum is USD 50.00."),
    ],
)
def test_a_bid_that_is_too_low_hears_how_the_lot_stands(board: EnglishBoard, expected: str) -> None:
    rejected = Rejected(id=5, code=RejectCode.BELOW_MINIMUM, lot="3", board=board)
    assert verdict_line(rejected, "3", USD).text.endswith(expected)


def test_a_purchase_has_the_price_paid_in_each_of_its_fields() -> None:
    verdict = Accepted("3", 5, 0, EnglishBoard(5_000), results=(Result(ME, 38_000),), id=5)
    record = verdict_record(verdict, USD, "3", "said", ENGLISH)
    names = ["price_minor", "minimum_minor", "maximum_minor", "leading", "bought", "reserve_met"]
    assert [record[name] for name in names] == [38_000, 38_000, None, True, True, None]


def test_a_rejected_bid_of_the_leader_tells_no_maximum() -> None:
    verdict = Rejected(id=5, code=RejectCode.MAXIMUM_NOT_RAISED, lot="3", seq=4, board=BOARD, own=EnglishOwn(20_000))
    record = verdict_record(verdict, USD, "3", "said", ENGLISH)
    names = ["price_minor", "minimum_minor", "maximum_minor", "leading", "bought", "reserve_met"]
    assert [record[name] for name in names] == [10_000, 11_000, None, True, False, None]


def test_a_record_has_the_same_keys_in_the_same_order_whatever_happened() -> None:
    keys = list(verdict_record(accepted(BOARD, 10_000), USD, "3", "said", ENGLISH))
    rejected = Rejected(id=5, code=RejectCode.UNKNOWN_LOT)
    assert list(verdict_record(rejected, USD, "3", "said", ENGLISH)) == keys
    assert list(no_verdict_record(UnreachableError("no answer"), "3", 5, ENGLISH)) == keys
    refused = no_verdict_record(RejectedError(RejectCode.NOT_ADMITTED), "3", None, ENGLISH)
    assert (refused["leading"], refused["bought"]) == (False, False)


def test_the_fields_and_the_cells_of_a_lot() -> None:
    record = lot_record(ShownLot(VIEW, 5_000), USD, ME)
    assert list(record)[6:34] == [
        *("price", "price_minor", "minimum", "minimum_minor", "buy_now", "buy_now_minor", "starting", "starting_minor"),
        *("estimate_low", "estimate_low_minor", "estimate_high", "estimate_high_minor", "hammer", "hammer_minor"),
        *("bids", "leader", "leading", "winner", "won", "results", "has_reserve", "reserve_met"),
        *("opens_at_ms", "ends_at_ms", "remaining_ms", "closed_at_ms", "description", "seller"),
    ]
    assert (record["leading"], record["bids"], record["has_reserve"], record["reserve_met"]) == (True, 3, True, False)
    cells = lot_cells(ShownLot(VIEW, 5_000), ME, USD)
    assert cells == ["3", "Vase", "100.00", "110.00", "", "you lead, reserve not met", "5s"]


@pytest.mark.parametrize(("paddle", "is_own"), [(0, "observer"), (ME, "bidder")])
def test_the_house_leads_and_nobody_who_looks_on(paddle: int, is_own: str) -> None:
    board = replace(BOARD, leader=0)
    assert ENGLISH.bidding_words(board, None, paddle, USD) == "the house leads", is_own
    fields = ENGLISH.lot_fields(english_terms(VIEW.terms), board, None, paddle, USD, is_over=False)
    assert (fields.bidding["leader"], fields.bidding["leading"]) == (0, False)


def test_a_bidder_knows_before_the_first_bid_that_the_house_may_bid() -> None:
    terms = english_terms(VIEW.terms)
    assert ENGLISH.terms_words(terms) == []
    assert ENGLISH.terms_words(replace(terms, house_bids=True)) == [
        "the house may bid for the seller, below the reserve"
    ]
