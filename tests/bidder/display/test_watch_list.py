"""A watched lot is announced as it comes near, once at each distance."""

from msgspec.structs import replace

from bidder.display.watch_list import WatchList, away_words, lots_away
from common.formats.english import EnglishBoard, EnglishTerms, Step
from common.lot import LotStatus, LotTerms, LotView

TERMS = EnglishTerms(100, (Step(0, 10),))
SALE = {number: LotView(LotTerms(number, f"Lot {number}", TERMS), EnglishBoard(100)) for number in "123456"}


def after(opened: int) -> dict[str, LotView]:
    """Return the sale once so many lots have opened."""
    return {
        number: replace(view, status=LotStatus.OPEN) if index < opened else view
        for index, (number, view) in enumerate(SALE.items())
    }


def test_the_distance_counts_the_lots_that_open_before() -> None:
    assert [lots_away("5", after(opened)) for opened in range(6)] == [5, 4, 3, 2, 1, None]
    assert lots_away("9", SALE) is None
    assert away_words("5", after(2)) == "3 lots away"
    assert away_words("5", after(4)) == "next to open"
    assert away_words("5", after(5)) == ""


def test_a_lot_that_opens_at_its_own_time_is_no_number_of_lots_away() -> None:
    at_eight = SALE | {"2": replace(SALE["2"], opens_at_ms=8)}
    assert lots_away("2", at_eight) is None
    assert lots_away("3", at_eight) == 2


def test_each_approach_is_told_once() -> None:
    watched = WatchList(["5"])
    told = [[line.text for line in watched.approaching(after(opened))] for opened in (0, 1, 2, 2, 3, 4, 4, 5)]
    assert told == [
        [],
        [],
        [">>> Lot 5, which you watch, is 3 lots away: Lot 5"],
        [],
        [],
        [">>> Lot 5, which you watch, is next: Lot 5"],
        [],
        [],
    ]


def test_who_watches_late_is_told_where_the_lot_is() -> None:
    watched = WatchList()
    assert watched.toggle("5")
    assert [line.text for line in watched.approaching(after(3))] == [
        ">>> Lot 5, which you watch, is 2 lots away: Lot 5"
    ]
    assert not watched.toggle("5")
    assert watched.approaching(after(4)) == []
