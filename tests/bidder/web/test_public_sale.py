"""The sale as everybody sees it: which frames a notice makes, and what is told to who comes later."""

import json
from typing import Any

from bidder.core.notices import ConnectionChanged, ConnectionState, LotCaughtUp, Repaired, SaleCaughtUp, StateReady
from bidder.web.limits import CONFLATED_LOTS_MAX, LOTS_FRAME_BYTES
from bidder.web.public_sale import Afresh, LotUpdate, PublicSale, SaleUpdate, Update
from common.formats.english import EnglishBoard
from common.lot import LotStatus
from common.lot_events import Announced, Call, Called, LotAdded, LotPaused, LotsReordered
from tests.bidder.web.lots import Hall, lot


def payload(frame: bytes) -> Any:
    """Return what a server's text frame carries."""
    length = frame[1]
    return json.loads(frame[{126: 4, 127: 10}.get(length, 2) :])


def told(updates: list[Update]) -> list[str]:
    return [payload(one.frame)["event"] for one in updates if not isinstance(one, Afresh)]


def known(hall: Hall) -> PublicSale:
    sale = PublicSale()
    assert sale.hear(StateReady(1, hall.sale, len(hall.views)), hall) == [Afresh()]
    return sale


def test_a_change_of_a_lot_is_one_frame_and_says_whether_only_the_bidding_moved() -> None:
    hall = Hall(lot("1"))
    sale = known(hall)
    (update,) = sale.hear(hall.bid("1", 120), hall)
    assert isinstance(update, LotUpdate)
    assert (update.lot, update.is_move) == ("1", True)
    assert payload(update.frame)["price_minor"] == 120
    assert json.loads(sale.whole("1"))["price_minor"] == 120


def test_what_the_state_contains_already_is_not_told() -> None:
    hall = Hall(lot("1"))
    change = hall.bid("1", 120)
    sale = known(hall)
    assert sale.hear(change, hall) == []
    announced = hall.tell(Announced(1, 0, "Hello"))
    assert told(sale.hear(announced, hall)) == ["announced"]
    assert sale.hear(announced, hall) == []


def test_a_lot_after_a_gap_is_told_whole() -> None:
    hall = Hall(lot("1"))
    sale = known(hall)
    view = hall.retitle("1", "Another")
    (update,) = sale.hear(LotCaughtUp(1, "1", view.seq, None, view), hall)
    assert isinstance(update, LotUpdate)
    assert not update.is_move
    assert payload(update.frame)["title"] == "Another"
    assert sale.hear(LotCaughtUp(1, "1", view.seq, None, view), hall) == []


def test_a_call_counts_until_the_bidding_moves_or_the_status_changes() -> None:
    hall = Hall(lot("1"), lot("2"))
    sale = known(hall)
    assert told(sale.hear(hall.tell(Called(1, 0, "1", Call.FAIR_WARNING)), hall)) == ["called"]
    assert json.loads(sale.whole("1"))["call"] == "fair_warning"
    assert json.loads(sale.moved("1"))["call"] == "fair_warning"
    sale.hear(hall.bid("2", 120), hall)
    assert json.loads(sale.whole("1"))["call"] == "fair_warning"
    (update,) = sale.hear(hall.bid("1", 120), hall)
    assert isinstance(update, LotUpdate)
    assert payload(update.frame)["call"] is None
    sale.hear(hall.tell(Called(2, 0, "1", Call.SELLING_NOW)), hall)
    sale.hear(hall.change("1", LotPaused(3, 0, 5)), hall)
    assert json.loads(sale.whole("1"))["call"] is None


def test_a_lot_that_is_added_is_told_with_the_sale_and_its_new_order() -> None:
    hall = Hall(lot("1"))
    sale = known(hall)
    hall.views["2"] = lot("2", LotStatus.SCHEDULED)
    added = LotAdded(1, 0, hall.views["2"].terms, EnglishBoard(100))
    updates = sale.hear(hall.tell(added), hall)
    assert told(updates) == ["lot_added", "sale_state", "lots"]
    assert payload(sale.sale_frame)["order"] == ["1", "2"]
    hall.views = {"2": hall.views["2"], "1": hall.views["1"]}
    assert told(sale.hear(hall.tell(LotsReordered(2, 0, "2", "1")), hall)) == ["lots_reordered", "sale_state"]
    assert payload(sale.sale_frame)["order"] == ["2", "1"]


def test_a_gap_in_the_sale_and_another_history_begin_afresh() -> None:
    hall = Hall(lot("1"))
    sale = known(hall)
    sale.hear(hall.tell(Called(1, 0, "1", Call.FAIR_WARNING)), hall)
    assert sale.hear(SaleCaughtUp(1, 5, hall.sale), hall) == [Afresh()]
    assert json.loads(sale.whole("1"))["call"] == "fair_warning"
    assert sale.hear(StateReady(2, hall.sale, 1), hall) == [Afresh()]
    assert json.loads(sale.whole("1"))["call"] is None
    assert payload(sale.sale_frame)["epoch"] == 2


def test_the_state_of_the_house_is_told_and_kept() -> None:
    hall = Hall()
    sale = known(hall)
    (update,) = sale.hear(ConnectionChanged(ConnectionState.FROZEN, "disk"), hall)
    assert isinstance(update, SaleUpdate)
    assert payload(sale.house_frame) == {"event": "house", "state": "frozen", "reason": "disk"}
    assert sale.hear(Repaired(1, "1", 1, 1), hall) == []


def test_what_was_missed_is_told_whole_or_as_a_move_as_much_as_one_frame_holds() -> None:
    hall = Hall(*(lot(str(number)) for number in range(1, CONFLATED_LOTS_MAX + 2)))
    sale = known(hall)
    frame, numbers = sale.newest({"1": True, "2": False, "unknown": True})
    assert numbers == ["1", "2", "unknown"]
    assert ["title" in one for one in payload(frame)["lots"]] == [True, False]
    _, numbers = sale.newest(dict.fromkeys(hall.views, False))
    assert len(numbers) == CONFLATED_LOTS_MAX
    long = Hall(lot("1", title="x" * LOTS_FRAME_BYTES), lot("2"))
    _, numbers = known(long).newest(dict.fromkeys(long.views, True))
    assert numbers == ["1"]


def test_lots_that_are_open_come_first() -> None:
    statuses = (LotStatus.SOLD, LotStatus.OPEN, LotStatus.SCHEDULED, LotStatus.PAUSED)
    hall = Hall(*(lot(str(number), status) for number, status in enumerate(statuses, 1)))
    assert list(known(hall).in_order_of_interest()) == ["2", "4", "1", "3"]
