"""Which amounts a person is asked about before they bind."""

import pytest
from msgspec.structs import replace

from bidder.display.cautions import caution
from common.formats.english import EnglishBoard, EnglishTerms, Step
from common.lot import LotStatus, LotTerms, LotView
from common.money import Currency
from common.slips import FAR_ABOVE_TIMES

USD, JPY = Currency("USD", 2), Currency("JPY", 0)
ENGLISH = EnglishTerms(3_000, (Step(0, 500),))
TERMS = LotTerms("7", "Vase", ENGLISH)
BOARD = EnglishBoard(3_000)
LOT = LotView(TERMS, BOARD, status=LotStatus.OPEN)


def test_the_issue_s_slip_is_asked_about() -> None:
    assert caution(LOT, USD, 2_500_000, None) == "USD 25,000.00 is 833 times the minimum of lot 7, USD 30.00."
    assert caution(LOT, JPY, None, 30_000) == "JPY 30,000 is 10 times the minimum of lot 7, JPY 3,000."


def test_the_threshold() -> None:
    assert caution(LOT, USD, FAR_ABOVE_TIMES * 3_000)
    assert not caution(LOT, USD, FAR_ABOVE_TIMES * 3_000 - 1)
    estimated = replace(LOT, terms=replace(TERMS, estimate_low_minor=50_000, estimate_high_minor=60_000))
    assert not caution(estimated, USD, FAR_ABOVE_TIMES * 60_000 - 1)
    assert caution(estimated, USD, FAR_ABOVE_TIMES * 60_000)


def test_the_higher_of_amount_and_maximum_counts() -> None:
    assert "USD 25,000.00" in caution(LOT, USD, 3_000, 2_500_000)
    assert caution(LOT, USD, 3_000, 29_999) == ""


@pytest.mark.parametrize(("amount_minor", "is_told"), [(9_999, False), (10_000, True), (10_001, True)])
def test_a_bid_that_could_buy_says_so(amount_minor: int, is_told: bool) -> None:
    told = caution(replace(LOT, board=replace(BOARD, buy_now_minor=10_000)), USD, amount_minor)
    assert (told == "Lot 7 can be bought at once for USD 100.00: `buy 7` would end it, a bid does not.") is is_told


def test_an_offer_that_is_over_and_a_lot_that_is_over_or_unknown_tell_nothing() -> None:
    assert caution(replace(LOT, terms=replace(TERMS, format=replace(ENGLISH, buy_now_minor=10_000))), USD, 20_000) == ""
    assert caution(replace(LOT, status=LotStatus.SOLD), USD, 2_500_000) == ""
    assert caution(None, USD, 2_500_000) == ""


def test_the_bidder_s_own_threshold_is_passed_by_more_than_it() -> None:
    assert not caution(LOT, USD, 10_000, None, ask_above_minor=10_000)
    assert caution(LOT, USD, 9_000, 10_001, ask_above_minor=10_000) == (
        "USD 100.01 is above USD 100.00, from which you want to be asked."
    )
