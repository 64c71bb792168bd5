"""What a printed page is made of."""

from bidder.core.notices import HistoryLost, Repaired
from bidder.web.paper import HISTORY_POINTS_MAX, Histories, Paper, Point
from common.lot import SaleStatus
from common.lot_events import LotPaused
from tests.bidder.web.lots import EUROS, Hall, lot


def test_each_change_of_a_lot_is_a_point_of_its_history() -> None:
    hall, histories = Hall(lot("1")), Histories()
    assert histories.of("1") == ()
    histories.hear(hall.bid("1", 120))
    histories.hear(hall.change("1", LotPaused(3, 50, 5)))
    histories.hear(Repaired(1, "1", 3, 1))
    assert histories.of("1") == (
        Point(2, 1000, "lot_moved", 120, 7, 7),
        Point(3, 50, "lot_paused", 120, None, 7),
    )
    histories.hear(HistoryLost(2))
    assert histories.of("1") == ()


def test_a_history_is_bounded() -> None:
    hall, histories = Hall(lot("1")), Histories()
    for step in range(HISTORY_POINTS_MAX + 1):
        histories.hear(hall.bid("1", 120 + step))
    points = histories.of("1")
    assert len(points) == HISTORY_POINTS_MAX
    assert points[0].price_minor == 121


def test_paper_has_a_lot_as_phones_have_it() -> None:
    paper = Paper("A sale", SaleStatus.RUNNING, EUROS, {"1": lot("1")}, Histories(), 0)
    assert paper.record("1")["title"] == "Title 1"
