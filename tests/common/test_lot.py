"""What the public state of a lot says of itself."""

from common.formats.english import EnglishBoard, EnglishTerms, Step
from common.lot import LotStatus, LotTerms, LotView, Result

LOT = LotView(LotTerms("7", "Sextant", EnglishTerms(1000, (Step(0, 100),))), EnglishBoard(1000))


def view(status: LotStatus, **fields: object) -> LotView:
    return LotView(LOT.terms, LOT.board, 2, status, **fields)  # type: ignore[arg-type]  # each test has its own fields


def test_the_time_left_is_that_of_the_clock_and_stands_in_a_pause() -> None:
    opened = view(LotStatus.OPEN, ends_at_ms=700)
    assert [opened.remaining_at(now_ms) for now_ms in (100, 699, 700, 5000)] == [600, 1, 0, 0]
    assert view(LotStatus.PAUSED, remaining_ms=400).remaining_at(5000) == 400
    assert view(LotStatus.OPEN).remaining_at(200) is None
    assert LOT.remaining_at(200) is None


def test_what_was_paid_is_the_sum_of_the_results_and_each_bidder_has_its_own() -> None:
    results = (Result(3, 1500), Result(5, 400, units=2))
    sold = view(LotStatus.SOLD, results=results)
    assert sold.paid_minor == 1900
    assert [sold.result_of(paddle) for paddle in (3, 4, 5)] == [results[0], None, results[1]]
    passed = view(LotStatus.PASSED)
    assert (passed.paid_minor, passed.result_of(3)) == (None, None)


def test_who_pays_and_gets_no_units_is_no_buyer() -> None:
    results = (Result(3, 55), Result(5, 50, units=0))
    sold = view(LotStatus.SOLD, results=results)
    assert (sold.paid_minor, sold.result_of(5), sold.buyers) == (105, results[1], results[:1])
    assert [sold.is_won_by(paddle) for paddle in (3, 4, 5)] == [True, False, False]


def test_only_three_states_are_final() -> None:
    assert [status.value for status in LotStatus if status.is_final] == ["sold", "passed", "withdrawn"]
