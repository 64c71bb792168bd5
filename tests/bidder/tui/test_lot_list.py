"""Which lots a table shows, and how their rows look."""

import pytest
from msgspec.structs import replace

from bidder.display.shown import ShownLot
from bidder.tui.lot_list import Showing, lots_shown, row_cells, row_tone
from common.formats.english import EnglishBoard, EnglishTerms, Step
from common.lot import LotStatus, LotTerms, LotView, Result
from common.money import Currency

USD = Currency("USD", 2)
ME, RIVAL = 1, 2
LOT = LotView(LotTerms("1", "Vase", EnglishTerms(100, (Step(0, 10),))), EnglishBoard(100), status=LotStatus.OPEN)
LOTS = {
    "1": LOT,
    "2": replace(LOT, terms=replace(LOT.terms, lot="2"), status=LotStatus.SCHEDULED),
    "3": replace(LOT, terms=replace(LOT.terms, lot="3"), status=LotStatus.PASSED),
}


def test_the_choices_follow_each_other_and_begin_again() -> None:
    assert Showing.ALL.after is Showing.NOT_OVER
    assert Showing.OWN.after is Showing.ALL


@pytest.mark.parametrize(("showing", "expected"), [(Showing.ALL, "123"), (Showing.NOT_OVER, "12"), (Showing.OWN, "23")])
def test_each_choice_has_its_lots(showing: Showing, expected: str) -> None:
    assert lots_shown(showing, LOTS, {"3"}, {"2", "9"}) == list(expected)


def test_a_watched_lot_has_a_star_and_says_how_far_it_is() -> None:
    cells = row_cells(ShownLot(LOTS["2"]), LOTS, ME, USD, is_watched=True)
    assert cells == ("*", "2", "Vase", "", "1.00", "next to open", "")
    assert row_cells(ShownLot(LOT, 90_000), LOTS, ME, USD, is_watched=False) == (
        *("", "1", "Vase", "", "1.00", "no bids", "1m 30s"),
    )


@pytest.mark.parametrize(
    ("view", "is_own", "tone"),
    [
        (LOT, False, "plain"),
        (replace(LOT, board=EnglishBoard(110, 100, ME, 1)), True, "good"),
        (replace(LOT, board=EnglishBoard(110, 100, RIVAL, 1)), True, "bad"),
        (replace(LOT, board=EnglishBoard(110, 100, RIVAL, 1)), False, "plain"),
        (replace(LOT, status=LotStatus.SOLD, results=(Result(ME, 100),)), True, "good"),
        (replace(LOT, status=LotStatus.SOLD, results=(Result(RIVAL, 100),)), True, "dim"),
    ],
)
def test_the_tone_says_what_the_words_say(view: LotView, tone: str, *, is_own: bool) -> None:
    assert row_tone(ShownLot(view), ME, is_own=is_own, is_watched=False) == tone


def test_a_watched_lot_stands_out() -> None:
    assert row_tone(ShownLot(LOT), ME, is_own=False, is_watched=True) == "note"
