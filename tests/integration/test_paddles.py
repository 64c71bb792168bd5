"""Paddles before phones, with a real house and real bidders: the desk gives a paddle, a code binds a key to it."""

import asyncio
import json
from pathlib import Path

import pytest

from bidder import AsyncClient, Client, Hall, RejectedError, Role, parse_link
from common.errors import RejectCode
from common.keys import new_keys
from tests.bidder.cli.programs import Program, catalogue
from tests.house_process import HouseProcess, running_house


def given(house: HouseProcess, name: str, *words: str) -> int:
    paddle = json.loads(house.auctioneer("paddle", "add", name, *words, "--json").stdout)["paddle"]
    assert isinstance(paddle, int)
    return paddle


def code_for(house: HouseProcess, paddle: int) -> str:
    return house.auctioneer("paddle", "code", str(paddle)).stdout.strip()


def states(house: HouseProcess) -> dict[int, str]:
    return {row["paddle"]: row["state"] for row in json.loads(house.auctioneer("bidders", "--json").stdout)}


def test_a_paddle_from_the_desk_is_bound_by_its_code_and_stays_so(tmp_path: Path) -> None:
    with running_house(tmp_path / "house", "--admit", "list", catalogue=catalogue(2)) as house:
        ann, ben = given(house, "Ann Lee"), given(house, "Ben", "--paddle", "207")
        assert (ann, ben) == (1, 207)
        assert house.auctioneer("tell", "Ann Lee", "Your seat is 12.").exit_code == 0
        code = code_for(house, ann)
        home = tmp_path / "home"
        with Program(home, "join", "--to", house.link, "--code", f"{code[:4]}-{code[4:]}".lower()) as program:
            assert program.until("told")["text"] == "Your seat is 12."
            program.write({"bid": {"lot": "1", "amount": "100.00"}, "id": 1})
            assert program.until("verdict")["status"] == "accepted"
            house.kill_server()
            program.write({"mine": {}, "id": 2})
            mine = program.until("mine", id=2)
            assert (mine["name"], mine["paddle"], mine["leading"][0]["lot"]) == ("Ann Lee", ann, "1")
        assert states(house) == {1: "admitted", 207: "at the desk"}
        with Program(home, "join", "--to", house.link) as again:
            again.write({"mine": {}, "id": 1})
            assert again.until("mine")["name"] == "Ann Lee", "the key is enough from now on"
        with pytest.raises(RejectedError) as refused:
            Client.connect(house.link, "", new_keys(), code=code)
        assert refused.value.reject is RejectCode.WRONG_CODE
        assert house.auctioneer("verify").exit_code == 0


def test_a_code_comes_by_the_link_or_by_the_call(tmp_path: Path) -> None:
    async def by_call(link: str, code: str) -> int:
        async with await AsyncClient.connect(link, "", new_keys(), code=code) as client:
            return client.paddle

    async def by_hall(link: str, code: str) -> int:
        async with await Hall.open(link, new_keys()) as hall:
            desk = await hall.join("", new_keys(), code=code)
            return desk.paddle

    with running_house(tmp_path / "house", catalogue=catalogue(1)) as house:
        codes = {paddle: code_for(house, paddle) for paddle in (given(house, name) for name in ("Ann", "Ben", "Cat"))}
        link = f"{house.link}&code={codes[1].lower()}"
        assert parse_link(link).code == codes[1]
        with Client.connect(link, "", new_keys(), role=Role.OBSERVER) as observer:
            assert observer.paddle == 0, "who looks on uses no code up"
        with Client.connect(link, "", new_keys()) as client:
            assert (client.paddle, client.welcome.name) == (1, "Ann")
        assert asyncio.run(by_call(house.link, codes[2])) == 2
        assert asyncio.run(by_hall(house.link, codes[3])) == 3
        with Program(tmp_path / "home", "join", "--to", link) as program:
            assert program.process.wait() == 3, "that code is used"
