"""Consoles in browsers, with a real house and a real gateway: they come by a link, direct the sale, are locked, end."""

import asyncio
import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from bidder.web.console.consoles import Consoles
from bidder.web.console.limits import COMMAND_BYTES_MAX, COMMANDS_BURST, WRONG_PINS_PER_MINUTE_MAX
from bidder.web.console.sessions import BrowserConsole, ConsoleStore
from bidder.web.guests import digest_of
from bidder.web.host import Refusal
from common.keys import new_keys
from tests.bidder.web.gateways import Answer, GatewayProcess, Record, running_gateway
from tests.house_process import WAIT_S, HouseProcess, running_house

CATALOGUE = """
[sale]
title = "An evening"
currency = "EUR"
corrections = "on"
[defaults]
opens = "by hand"
increment = "10"
duration = "1h"
[[lot]]
title = "Clock"
starting_price = "100"
[[lot]]
title = "Letter"
starting_price = "100"
"""
CLERKS = count(1)
ALL_RIGHTS = "bids,desk,corrections,hammer"


class Room(NamedTuple):
    """A house, and a gateway that passes commands on to it."""

    house: HouseProcess
    gateway: GatewayProcess
    home: Path

    def files(self) -> list[Path]:
        """Return the files of the consoles."""
        return sorted((self.home / "gateway").glob("*/consoles/*.json"))


@contextmanager
def a_room(folder: Path) -> Iterator[Room]:
    with running_house(folder / "house", catalogue=CATALOGUE) as house:
        control = str(house.record["control"]).removeprefix("tcp://")
        with running_gateway(house.link, folder / "home", "--control", control) as gateway:
            yield Room(house, gateway, folder / "home")


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    """Run a house and its gateway, which tests share: each has clerks of its own."""
    with a_room(tmp_path_factory.mktemp("room")) as room:
        yield room


@pytest.fixture
def own_room(tmp_path: Path) -> Iterator[Room]:
    """Run a house and its gateway for one test, which ends the sale or kills them."""
    with a_room(tmp_path) as room:
        yield room


def link_of(room: Room, name: str, rights: str = ALL_RIGHTS, *more: str) -> str:
    """Return what stands in the fragment of a console's address."""
    added = room.house.auctioneer(
        "clerk", "add", name, "--rights", rights, "--console", room.gateway.origin, "--json", *more
    )
    assert added.exit_code == 0, added.stderr
    page, _, link = str(json.loads(added.stdout)["console"]).partition("#")
    assert page == f"{room.gateway.origin}/console"
    return link


def enter(room: Room, link: str) -> Answer:
    return room.gateway.post("/api/console/enter", {"link": link})


class Console:
    """A browser with a console."""

    def __init__(self, room: Room, entered: Answer) -> None:
        assert entered.status == 200, entered.body
        self.room = room
        self.cookie = entered.cookie
        self.last_id: int = entered.json["last_id"]

    def post(self, name: str, body: object) -> Answer:
        return self.room.gateway.post(f"/api/console/{name}", body, cookie=self.cookie)

    def give(self, kind: str, **fields: Any) -> Record:
        """Give a command; return the house's answer."""
        self.last_id += 1
        answer = self.post("command", {"type": kind, "id": self.last_id, **fields})
        assert answer.status == 200, answer.body
        return answer.json

    def ask(self, report: str) -> Any:
        return self.give("ask", report=report)["report"]


def console(room: Room, name: str = "", rights: str = ALL_RIGHTS, *more: str) -> Console:
    return Console(room, enter(room, link_of(room, name or new_name(), rights, *more)))


def new_name() -> str:
    return f"clerk-{next(CLERKS)}"


def test_a_whole_sale_is_run_from_a_console(own_room: Room) -> None:
    ada = console(own_room)
    assert ada.post("myself", {}).json["rights"] == ALL_RIGHTS.split(",")
    bea = own_room.gateway.guest("Bea")
    with bea:
        assert ada.give("open", lot="1")["type"] == "done"
        bea.until("lot_opened")
        assert bea.ask(do="bid", lot="1", amount_minor=10000)["status"] == "accepted"
        given = ada.give("add_paddle", name="Carl")
        bid = ada.give("bid_for", lot="1", paddle=given["paddle"], source="floor", amount_minor=12000)
        assert bid["accepted"]["board"]["leader"] == given["paddle"]
        assert bea.until("outbid")["price_minor"] == 12000
        assert ada.give("call", lot="1", call="fair_warning")["type"] == "done"
        hammer = ada.give("close", lot="1", if_seq=bid["accepted"]["seq"])
        assert hammer["results"][0]["paddle"] == given["paddle"]
        assert ada.give("reopen", lot="1", for_ms=60000)["type"] == "done"
        assert ada.give("undo", lot="1")["type"] == "done"
        assert ada.give("close", lot="1")["results"][0]["winner"] == "Bea"
        assert ada.give("end")["goes_on"] is True
        assert ada.give("finish")["type"] == "done"
        assert bea.until("sale_state", lambda record: record["status"] == "ended")
    assert ada.ask("status")["status"] == "ended"


def test_a_command_is_done_once_whatever_dies(own_room: Room) -> None:
    ada = console(own_room)
    command = {"type": "add_paddle", "id": ada.last_id + 5, "name": "Dora"}
    first = ada.post("command", command).json
    own_room.gateway.kill()
    own_room.gateway.start()
    own_room.house.kill_server()
    assert ada.post("command", command).json == first
    assert [row["name"] for row in ada.ask("paddles")] == ["Dora"]


def test_a_link_counts_once_and_a_lost_answer_is_no_matter(room: Room) -> None:
    name = new_name()
    link = link_of(room, name)
    ada = Console(room, enter(room, link))
    again = enter(room, link)
    assert (again.status, again.json["code"]) == (403, "wrong_link")
    assert ada.ask("myself")["name"] == name, "the thief changed nothing"


def test_an_answer_that_was_lost_before_the_cookie_came_is_made_up_for(own_room: Room) -> None:
    link = link_of(own_room, "ada")
    assert enter(own_room, link).status == 200
    (kept,) = own_room.files()
    own_room.gateway.kill()
    record = json.loads(kept.read_bytes())
    assert record.pop("is_in") is True
    kept.write_text(json.dumps(record))  # as it was before the house answered
    own_room.gateway.start()
    assert Console(own_room, enter(own_room, link)).ask("myself")["name"] == "ada"


def test_who_is_removed_is_out_at_once(room: Room) -> None:
    ada = console(room, "removed")
    assert room.house.auctioneer("clerk", "remove", "removed").exit_code == 0
    answer = ada.post("command", {"type": "pause", "id": ada.last_id + 1})
    assert (answer.status, answer.json["code"]) == (401, "forbidden")
    assert ada.post("myself", {}).json["code"] == "hello_first"


def test_a_console_has_no_more_rights_than_its_clerk(room: Room) -> None:
    ada = console(room, "bidding", "bids")
    refused = ada.give("open", lot="1")
    assert (refused["type"], refused["code"]) == ("rejected", "forbidden")
    assert "clerk rights bidding" in refused["detail"]
    assert ada.ask("status")["title"] == "An evening"


def test_a_locked_console_passes_nothing_on(own_room: Room) -> None:
    name = new_name()
    ada = console(own_room, name)
    assert ada.post("lock", {"pin": "123"}).json["code"] == "malformed"
    assert ada.post("lock", {"pin": "1234"}).status == 200
    assert ada.post("command", {"type": "pause", "id": ada.last_id + 1}).status == 423
    assert ada.post("hand_over", {}).status == 423
    assert ada.post("myself", {}).json == {"name": name, "is_locked": True}
    own_room.gateway.kill()
    own_room.gateway.start()
    assert ada.post("command", {"type": "pause", "id": ada.last_id + 1}).status == 423, "also after a restart"
    for _ in range(WRONG_PINS_PER_MINUTE_MAX):
        assert ada.post("unlock", {"pin": "4321"}).json["code"] == "wrong_pin"
    assert ada.post("unlock", {"pin": "1234"}).json["code"] == "slow_down"


def test_a_pin_opens_the_lock(room: Room) -> None:
    ada = console(room)
    ada.post("lock", {"pin": "1234"})
    assert ada.post("unlock", {"pin": "1234"}).status == 200
    assert ada.ask("status")["status"] == "running"


def test_a_console_moves_to_another_browser(room: Room) -> None:
    ada = console(room)
    code = ada.post("hand_over", {}).json["code"]
    taken = room.gateway.post("/api/console/take_over", {"code": code})
    after = Console(room, taken)
    assert after.ask("myself")["role"] == "clerk"
    assert ada.post("myself", {}).json["code"] == "hello_first"
    assert room.gateway.post("/api/console/take_over", {"code": code}).json["code"] == "wrong_code"


def test_two_consoles_agree(room: Room) -> None:
    ada, ben = console(room), console(room)
    ada.give("open", lot="1")
    lots, seen_by_ada = ben.ask("lots"), ada.ask("lots")
    for lot in (*lots, *seen_by_ada):
        del lot["remaining_ms"]  # each is asked at its own moment
    assert lots == seen_by_ada
    assert lots[0]["status"] == "open"
    seq = lots[0]["seq"]
    assert ben.give("pause", lot="1")["type"] == "done"
    late = ada.give("close", lot="1", if_seq=seq)
    assert (late["type"], late["code"]) == ("rejected", "state_changed")


@pytest.mark.parametrize(
    "headers", [{"origin": "http://evil.example"}, {"origin": ""}, {"content-type": "text/plain"}], ids=str
)
def test_a_foreign_page_gives_no_command(room: Room, headers: dict[str, str]) -> None:
    ada = console(room)
    body = {"type": "pause", "id": ada.last_id + 1}
    answer = room.gateway.post("/api/console/command", body, cookie=ada.cookie, **headers)
    assert answer.status in (403, 415)
    assert ada.ask("status")["status"] == "running"


def test_the_cookie_is_out_of_reach_for_scripts_and_no_guests(room: Room) -> None:
    entered = enter(room, link_of(room, new_name()))
    attributes = entered.headers["set-cookie"].lower()
    assert "httponly" in attributes
    assert "samesite=strict" in attributes
    guest = room.gateway.join("Bea").cookie
    assert room.gateway.post("/api/console/myself", {}, cookie=guest).status == 401
    forged = guest.replace("guest=", "console=")
    assert room.gateway.post("/api/console/myself", {}, cookie=forged).status == 401


def test_what_is_no_command_is_refused_here(room: Room) -> None:
    ada = console(room)
    wrong: list[object] = [[], "pause", {"type": "pause"}, {"type": 1, "id": 1}, {"type": "pause", "id": 0}, {"id": 1}]
    for body in wrong:
        assert ada.post("command", body).json["code"] == "malformed", body
    for raw in (b"[" * 60_000, b'{"type":"pause","id":%d,"lot":%s}' % (ada.last_id + 1, b"9" * 30)):
        answer = ada.room.gateway.post("/api/console/command", raw, cookie=ada.cookie)
        assert (answer.status, answer.json["code"]) == (400, "malformed"), raw[:40]
    assert ada.give("no_such_command")["code"] == "malformed", "the house judges this"
    large = {"type": "announce", "id": ada.last_id + 1, "text": "x" * COMMAND_BYTES_MAX}
    assert ada.post("command", large).status == 413


def known_console() -> BrowserConsole:
    """Return a console whose browser has the cookie `cookie`."""
    return BrowserConsole("1", "ada", new_keys(), digest_of("cookie"), "", round(time.time()), is_in=True)


class SlowDisk(ConsoleStore):
    """Consoles on a disk that writes nothing before the event loop has let it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.begun = threading.Event()
        self.may_go_on = threading.Event()

    def write(self, console: BrowserConsole) -> None:
        self.begun.set()
        assert self.may_go_on.wait(WAIT_S), "the loop waits for the disk"
        super().write(console)


@contextmanager
def slow_consoles(folder: Path) -> Iterator[tuple[Consoles, SlowDisk]]:
    """Return one console and its disk."""
    disk = SlowDisk(folder)
    disk.know(known_console())
    consoles = Consoles(disk, "", "", lambda: 0)
    try:
        yield consoles, disk
    finally:
        disk.may_go_on.set()
        consoles.close()


def test_nobody_waits_for_the_disk_but_who_is_kept_on_it(tmp_path: Path) -> None:
    async def story() -> None:
        with slow_consoles(tmp_path) as (consoles, disk):
            locking = asyncio.create_task(consoles.lock("cookie", "1234"))
            assert await asyncio.to_thread(disk.begun.wait, WAIT_S)
            with pytest.raises(Refusal, match="A command is a map"):
                await consoles.command("cookie", "no command")
            assert not locking.done()
            disk.may_go_on.set()
            await locking
            with pytest.raises(Refusal, match="locked"):
                await consoles.command("cookie", "no command")
        (kept,) = ConsoleStore.open(tmp_path)
        assert kept.pin_digest, "who was told that it is locked finds it locked after a restart"

    asyncio.run(story())


def test_a_console_that_waited_its_turn_on_the_disk_is_judged_as_it_is_then(tmp_path: Path) -> None:
    async def story() -> None:
        with slow_consoles(tmp_path) as (consoles, disk):
            locking = asyncio.create_task(consoles.lock("cookie", "1234"))
            assert await asyncio.to_thread(disk.begun.wait, WAIT_S)
            again = asyncio.create_task(consoles.lock("cookie", "5678"))
            unlocking = asyncio.create_task(consoles.unlock("cookie", "1234"))
            disk.may_go_on.set()
            await locking
            with pytest.raises(Refusal, match="locked"):
                await again
            await unlocking
            leaving = [asyncio.create_task(consoles.leave("cookie")) for _ in range(2)]
            await leaving[0]
            with pytest.raises(Refusal, match="has no console"):
                await leaving[1]
        assert list(ConsoleStore.open(tmp_path)) == []

    asyncio.run(story())


def test_a_flood_of_commands_is_refused_here(tmp_path: Path) -> None:
    async def flood() -> list[str]:
        store = ConsoleStore.open(tmp_path)
        store.know(known_console())
        consoles = Consoles(store, "", "", lambda: 0)
        codes = []
        try:
            for _ in range(COMMANDS_BURST + 1):
                with pytest.raises(Refusal) as refused:
                    await consoles.command("cookie", "no command")
                codes.append(refused.value.code)
        finally:
            consoles.close()
        return codes

    assert asyncio.run(flood()) == ["malformed"] * COMMANDS_BURST + ["slow_down"]


def test_the_gateway_connects_to_no_other_house_and_no_other_place(room: Room, tmp_path: Path) -> None:
    link = link_of(room, new_name())
    elsewhere = link.replace("127.0.0.1", "192.0.2.1")
    assert enter(room, elsewhere).status == 200, "the address in the link does not matter"
    with running_house(tmp_path / "other", catalogue=CATALOGUE) as other:
        foreign = link_of(Room(other, room.gateway, tmp_path), "ada")
        assert enter(room, foreign).json["code"] == "wrong_link"
    assert enter(room, "auctioneer://nonsense").json["code"] == "wrong_link"


def test_a_gateway_without_control_says_so(room: Room, tmp_path: Path) -> None:
    link = link_of(room, new_name())
    with running_gateway(room.house.link, tmp_path / "another") as gateway:
        answer = gateway.post("/api/console/enter", {"link": link})
    assert (answer.status, answer.json["code"]) == (503, "no_control")


def test_the_keys_of_consoles_are_readable_by_their_owner_alone(room: Room) -> None:
    link, before = link_of(room, new_name()), room.files()
    ada = Console(room, enter(room, link))
    (kept,) = set(room.files()) - set(before)
    assert os.stat(kept).st_mode & 0o777 == 0o600
    content = kept.read_text()
    assert ada.cookie.partition("=")[2] not in content
    assert link not in content
    ada.post("leave", {})
    assert not kept.exists()
