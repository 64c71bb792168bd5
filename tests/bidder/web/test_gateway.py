"""A real house, a real gateway in a process of its own, and phones: an evening, and what can end in its middle."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from tests.bidder.web.gateways import GatewayProcess, Record, running_gateway
from tests.house_process import HouseProcess, running_house

CATALOGUE = """
[sale]
title = "An evening"
currency = "EUR"
[defaults]
duration = "1h"
increment = "10"
[[lot]]
title = "Clock"
starting_price = "100"
[[lot]]
title = "Letter"
format = "sealed"
starting_price = "50"
[[lot]]
title = "By hand"
starting_price = "10"
opens = "by hand"
"""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[HouseProcess]:
    with running_house(tmp_path / "house", catalogue=CATALOGUE) as house:
        yield house


@pytest.fixture
def gateway(house: HouseProcess, tmp_path: Path) -> Iterator[GatewayProcess]:
    with running_gateway(house.link, tmp_path / "home") as gateway:
        yield gateway


def leads(lot: str, maximum_minor: int) -> Callable[[Record], object]:
    def fits(you: Record) -> bool:
        return [(one["lot"], one["maximum_minor"]) for one in you["leading"]] == [(lot, maximum_minor)]

    return fits


def test_guests_join_bid_and_are_outbid_and_all_see_the_same(gateway: GatewayProcess) -> None:
    with gateway.guest("Ada") as ada, gateway.guest("Bea") as bea, gateway.phone(query="?as=board") as board:
        for phone in (ada, bea, board):
            phone.until("ready")
            assert phone.lot("1")["minimum_minor"] == 10000
        assert board.heard[1] == {"event": "guest", "name": None}
        first = ada.ask(do="bid", lot="1", amount_minor=10000)
        assert (first["status"], first["leading"], first["price_minor"]) == ("accepted", True, 10000)
        second = bea.ask(do="bid", lot="1", amount_minor=11000, maximum_minor=15000)
        assert (second["status"], second["maximum_minor"]) == ("accepted", 15000)
        assert ada.until("outbid")["price_minor"] == 11000
        refused = ada.ask(do="bid", lot="1", amount_minor=11000)
        assert (refused["status"], refused["code"], refused["minimum_minor"]) == ("rejected", "below_minimum", 12000)
        moves = [board.until("lot_moved") for _ in range(2)]
        assert [(move["seq"], move["leader"]) for move in moves] == [(2, 1), (3, 2)]
        you = bea.until("you", leads("1", 15000))
        assert (you["name"], you["paddle"]) == ("Bea", 2)


def test_a_repeated_request_gets_the_verdict_that_it_had(gateway: GatewayProcess) -> None:
    with gateway.guest("Ada") as ada, gateway.guest("Bea") as bea:
        request_id = ada.new_id()
        first = ada.ask(id=request_id, do="bid", lot="1", amount_minor=10000)
        assert bea.ask(do="bid", lot="1", amount_minor=20000)["status"] == "accepted"
        assert ada.ask(id=request_id, do="bid", lot="1", amount_minor=10000) == first
        assert ada.ask(id=request_id, do="bid", lot="1", amount_minor=30000)["code"] == "id_conflict"
        while ada.lot("1").get("bids") != 2:  # the last bid is heard by itself, after the verdicts or before
            ada.until("lot_moved")


def test_a_finger_on_a_bid_button_lights_the_board_and_no_phone(gateway: GatewayProcess) -> None:
    with gateway.guest("Ada") as ada, gateway.phone(query="?as=board") as board:
        ada.until("ready")
        board.until("ready")
        ada.send(do="finger", lot="2", on=True)
        ada.send(do="finger", lot="1", on=True)
        assert board.until("interest") == {"event": "interest", "lots": ["1"]}
        ada.close()
        assert board.until("interest")["lots"] == []
        assert not [record for record in ada.heard if record["event"] == "interest"]


def test_two_phones_of_a_guest_show_the_same(gateway: GatewayProcess) -> None:
    with gateway.guest("Ada") as ada, gateway.phone(ada.cookie) as tab:
        tab.until("ready")
        verdict = ada.ask(do="bid", lot="1", amount_minor=10000)
        assert tab.until("verdict") == verdict
        assert tab.until("you", leads("1", 10000))


def test_a_killed_gateway_comes_back_with_its_guests_and_each_bid_counts_once(gateway: GatewayProcess) -> None:
    with gateway.guest("Ada") as ada:
        ada.until("ready")
        known = ada.ask(id=(first := ada.new_id()), do="bid", lot="1", amount_minor=10000)
        gateway.kill()
        with pytest.raises(ConnectionClosed):
            ada.until("never")
    gateway.start()
    with gateway.phone(ada.cookie) as again:
        assert again.until("you", leads("1", 10000))["paddle"] == 1
        assert again.ask(id=first, do="bid", lot="1", amount_minor=10000) == known
        assert again.lot("1")["bids"] == 1
    assert gateway.join("Ada").json["code"] == "name_taken"


def test_a_bid_that_was_under_way_when_the_gateway_died_counts_once(gateway: GatewayProcess) -> None:
    with gateway.guest("Ada") as ada:
        ada.until("ready")
        request_id = ada.new_id()
        ada.send(id=request_id, do="bid", lot="1", amount_minor=10000)
        gateway.kill()
    gateway.start()
    with gateway.phone(ada.cookie) as again:
        assert again.ask(id=request_id, do="bid", lot="1", amount_minor=10000)["status"] == "accepted"
        again.until("you", leads("1", 10000))
        assert again.lot("1")["bids"] <= 1


def test_a_house_that_dies_and_returns_is_told_and_answers_what_was_asked_meanwhile(
    house: HouseProcess, gateway: GatewayProcess
) -> None:
    with gateway.guest("Ada") as ada:
        ada.until("ready")
        assert ada.ask(do="bid", lot="1", amount_minor=10000)["status"] == "accepted"
        house.kill_server()
        assert ada.ask(do="bid", lot="1", maximum_minor=50000)["status"] == "accepted"
        assert ada.until("you", leads("1", 50000))


def test_a_gateway_before_its_house_says_so_and_goes_on_by_itself(tmp_path: Path) -> None:
    with running_house(tmp_path / "house", catalogue=CATALOGUE) as house:
        link = house.link
    with running_gateway(link, tmp_path / "home") as gateway, gateway.phone() as phone:
        assert phone.until("house")["state"] == "connecting"
        assert gateway.get("/results").status == 503
        with running_house(tmp_path / "house", catalogue=None):
            phone.until("ready")
            assert phone.lot("1")["title"] == "Clock"


def test_the_state_of_the_sale_is_pushed(house: HouseProcess, gateway: GatewayProcess) -> None:
    with gateway.guest("Ada") as ada:
        ada.until("ready")
        assert house.auctioneer("announce", "Welcome <b>all</b>").exit_code == 0
        assert ada.until("announced")["text"] == "Welcome <b>all</b>"
        assert house.auctioneer("pause").exit_code == 0
        assert ada.until("sale_state", lambda record: record["status"] == "paused")
        assert ada.until("lot_paused", lambda record: record["lot"] == "1")["remaining_ms"] > 0
        assert house.auctioneer("resume").exit_code == 0
        assert ada.until("sale_state", lambda record: record["status"] == "running")
        assert house.auctioneer("call", "1", "fair-warning").exit_code == 0
        assert ada.until("called")["call"] == "fair_warning"
        with gateway.phone() as late:
            late.until("ready")
            assert late.lot("1")["call"] == "fair_warning", "who comes late sees what still counts"
        assert house.auctioneer("end", "--yes").exit_code == 0
        assert ada.until("house", lambda record: record["state"] == "ended")


def test_words_of_the_house_reach_one_guest_alone(house: HouseProcess, gateway: GatewayProcess) -> None:
    with gateway.guest("Ada") as ada, gateway.guest("Bea") as bea:
        for phone in (ada, bea):
            phone.until("ready")
        assert house.auctioneer("tell", "Ada", "Please come to the desk").exit_code == 0
        assert ada.until("told")["text"] == "Please come to the desk"
        assert house.auctioneer("announce", "Now all").exit_code == 0
        bea.until("announced")
        assert not [record for record in bea.heard if record["event"] == "told"]


def test_nothing_that_is_one_guests_secret_reaches_another(house: HouseProcess, gateway: GatewayProcess) -> None:
    with ExitStack() as phones:
        ada, bea, board = (
            phones.enter_context(one)
            for one in (gateway.guest("Ada"), gateway.guest("Bea"), gateway.phone(query="?as=board"))
        )
        for phone in (ada, bea, board):
            phone.until("ready")
        assert ada.ask(do="bid", lot="1", amount_minor=10000, maximum_minor=7654300)["status"] == "accepted"
        assert ada.ask(do="bid", lot="1", maximum_minor=7654400)["status"] == "accepted"
        assert ada.ask(do="seal", lot="2", amount_minor=3210900)["status"] == "accepted"
        assert ada.ask(do="leave_bid", lot="3", amount_minor=4567800)["status"] == "accepted"
        assert house.auctioneer("announce", "All is told").exit_code == 0
        for phone in (bea, board):
            phone.until("announced")
            text = "\n".join(phone.raw)
            for secret in ("76543", "76544", "32109", "45678", ada.cookie.partition("=")[2]):
                assert secret not in text
            assert phone.lot("2")["offers"] is None
            assert phone.lot("2")["seq"] == 1, "a sealed offer changes nothing that others see"
            assert "reserve" not in {name for name in phone.lot("1") if "minor" in name}
        assert gateway.get("/lots/2").status == 200
