"""Reports that only a running house can give: who is connected, and the sale at a glance."""

from msgspec.structs import replace

from auctioneer.house.commands import AddPaddle, Admit, CloseLot, NoteContact, OpenLot, Pause
from auctioneer.house.house import House
from auctioneer.house.reports import (
    CONNECTED_MS,
    NEIGHBOURS_SHOWN,
    RUNNING_SHOWN_MAX,
    bidders,
    bills,
    choose,
    overview,
    status,
)
from common.limits import NEWS_WAIT_MS
from common.lot import LotStatus, Result
from common.messages import Ping
from tests.auctioneer.house.house_examples import ANN, BOB, SmallSale, bid, lot, lots


def two_bidders() -> SmallSale:
    sale = SmallSale(lot("1"))
    sale.join(ANN, "Ann")
    sale.join(BOB, "Bob")
    return sale


def connected(sale: SmallSale) -> list[str]:
    rows = bidders(sale.house, sale.now_ms, ())
    named = [row["name"] for row in rows if row["connected"]]
    assert status(sale.house, sale.now_ms, ())["connected"] == len(named)
    return named


def test_a_bidder_is_connected_as_long_as_it_is_heard() -> None:
    sale = two_bidders()
    assert CONNECTED_MS > NEWS_WAIT_MS, "a client may be silent for so long"
    assert connected(sale) == ["Ann", "Bob"]
    sale.now_ms += CONNECTED_MS
    sale.ask(BOB, Ping(id=50))
    assert connected(sale) == ["Ann", "Bob"]
    sale.now_ms += 1
    assert connected(sale) == ["Bob"]
    heard = {row["name"]: row["heard_at_ms"] for row in bidders(sale.house, sale.now_ms, ())}
    assert heard == {"Ann": sale.now_ms - CONNECTED_MS - 1, "Bob": sale.now_ms - 1}


def test_after_a_restart_nobody_is_connected_before_a_sign_of_life() -> None:
    sale = two_bidders()
    house = House.rebuild(sale.settings, None, sale.record, sale.rejections, sale.now_ms)
    assert [row["heard_at_ms"] for row in bidders(house, sale.now_ms, ())] == [None, None]
    assert status(house, sale.now_ms, ())["connected"] == 0


def test_who_was_turned_out_and_who_has_no_key_is_not_connected() -> None:
    sale = two_bidders()
    sale.order(Admit(bidder="Ann", admitted=False))
    sale.order(AddPaddle(name="Cat"))
    sale.ask(ANN, Ping(id=50))
    assert connected(sale) == ["Bob"]


def test_an_overview_has_the_lots_that_run_the_latest_and_the_next() -> None:
    sale = SmallSale(*(lot(str(number), by_hand=True) for number in range(1, 11)))
    for number in (5, 2, 3, 1):
        sale.order(OpenLot(lot=str(number)))
        sale.now_ms += 1
        sale.order(CloseLot(lot=str(number)))
    sale.order(OpenLot(lot="7"))
    sale.order(Pause(lot="7"))
    report = overview(sale.house, sale.now_ms, choose(sale.house, ()))
    assert NEIGHBOURS_SHOWN == 3
    assert [row["lot"] for row in report["shown"]] == ["1", "2", "3", "4", "6", "7", "8"]
    assert report["running_more"] == 0
    assert report["lots"] == status(sale.house, sale.now_ms, ())["lots"]


def test_an_overview_of_many_open_lots_counts_the_rest() -> None:
    sale = SmallSale(*lots(RUNNING_SHOWN_MAX + 2))
    report = overview(sale.house, sale.now_ms, ())
    assert (len(report["shown"]), report["running_more"]) == (RUNNING_SHOWN_MAX, 2)


def test_a_bill_has_what_is_over_and_names_what_is_led() -> None:
    sale = SmallSale(lot("1"), lot("2"), lot("3"))
    for key, name in ((ANN, "Ann"), (BOB, "Bob")):
        sale.join(key, name)
    for request_id, number in ((10, "1"), (11, "2")):
        sale.ask(ANN, bid(request_id, 5000, number))
    sale.order(NoteContact(bidder="Ann", company="Lee & Sons"))
    sale.order(CloseLot(lot="1"))
    ann, bob = bills(sale.house, sale.now_ms, sale.house.engine.catalogue)
    assert [(one["lot"], one["units"], one["amount_minor"]) for one in ann["lots"]] == [("1", 1, 5000)]
    assert (ann["total_minor"], ann["leads"], ann["company"]) == (5000, ["2"], "Lee & Sons")
    assert (bob["lots"], bob["leads"], bob["total"]) == ([], [], "0.00")


def test_who_pays_without_winning_has_a_bill_too() -> None:
    sale = two_bidders()
    state = sale.house.engine.lots["1"]
    results = (Result(2, 5000), Result(1, 3000, units=0))
    state.view = replace(state.view, status=LotStatus.SOLD, results=results)
    ann, bob = bills(sale.house, sale.now_ms, [state])
    assert [(one["units"], one["amount_minor"]) for one in ann["lots"]] == [(0, 3000)]
    assert (ann["total_minor"], bob["total_minor"]) == (3000, 5000)
