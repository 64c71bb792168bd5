"""`bidder` where the sale has conditions: they are shown, and only a person or a script accepts them."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from bidder import AsyncClient, Client, ConditionsError, Hall, RejectCode, Role, UsageError
from common.conditions import digest_of
from common.keys import new_keys
from tests.bidder.cli.programs import AtTerminal, Program, catalogue
from tests.bidder.cli.test_commands import bidder
from tests.house_process import HouseProcess, running_house

TEXT = "1. Pay within a week.\n2. Collect by Friday, Zoë."
DIGEST = digest_of(TEXT)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HouseProcess]:
    text = catalogue(2).replace("[defaults]", f"conditions = '''{TEXT}'''\n\n[defaults]")
    with running_house(tmp_path_factory.mktemp("house"), catalogue=text) as house:
        yield house


def test_a_script_is_told_the_text_and_how_to_accept(house: HouseProcess, tmp_path: Path) -> None:
    refused = bidder(tmp_path, "bid", "1", "120", "--name", "Ada", to=house.link)
    assert refused.exit_code == 3
    for line in ("--accept-conditions", *TEXT.splitlines()):
        assert line in refused.stderr
    as_json = bidder(tmp_path, "mine", "--name", "Ada", "--json", to=house.link)
    error = json.loads(as_json.stdout)["error"]
    assert (error["code"], error["digest"], error["text"]) == ("conditions_not_accepted", DIGEST, TEXT)
    done = bidder(tmp_path, "bid", "1", "120", "--name", "Ada", "--accept-conditions", to=house.link)
    assert done.exit_code == 0, done.stderr
    assert bidder(tmp_path, "mine", "--name", "Ada", to=house.link).exit_code == 0, "the house remembers it"


def test_a_person_reads_and_is_asked(house: HouseProcess, tmp_path: Path) -> None:
    words = ("join", "--plain", "--name", "Bea", "--to", house.link)
    with AtTerminal(tmp_path, *words) as terminal:
        terminal.until("The sale has conditions:")
        terminal.until("2. Collect by Friday, Zoë.")
        terminal.until("Do you accept them?")
        terminal.type("n\n")
        assert terminal.end() == 130
    with AtTerminal(tmp_path, *words) as terminal:
        terminal.until("Do you accept them?")
        terminal.type("y\n")
        terminal.until("Bea (paddle")
    with AtTerminal(tmp_path, *words) as terminal:
        terminal.until("Bea (paddle")
        assert "Do you accept" not in terminal.shown


def test_a_program_accepts_by_an_option(house: HouseProcess, tmp_path: Path) -> None:
    with Program(tmp_path, "join", "--name", "Robot", "--to", house.link) as program:
        assert program.process.wait() == 3
    with Program(tmp_path, "join", "--name", "Robot", "--to", house.link, "--accept-conditions") as program:
        program.until("state_ready")


def test_the_library_raises_the_text_and_takes_the_digest(house: HouseProcess) -> None:
    keys = new_keys()
    with pytest.raises(ConditionsError) as refused:
        Client.connect(house.link, "Cleo", keys)
    error = refused.value
    assert (error.text, error.digest, error.reject) == (TEXT, DIGEST, RejectCode.CONDITIONS_NOT_ACCEPTED)
    assert "accepts=error.digest" in str(error)
    with pytest.raises(ConditionsError):
        Client.connect(house.link, "Cleo", keys, accepts=digest_of("Others."))
    with Client.connect(house.link, "Cleo", keys, accepts=error.digest) as client:
        assert client.paddle
    with pytest.raises(UsageError, match="`accepts` must be the digest"):
        Client.connect(house.link, "Cleo", keys, accepts="yes")
    with Client.connect(house.link, "", new_keys(), role=Role.OBSERVER) as observer:
        assert observer.paddle == 0


def test_asyncio_and_a_desk_in_a_hall_too(house: HouseProcess) -> None:
    async def attend() -> tuple[int, int]:
        with pytest.raises(ConditionsError):
            await AsyncClient.connect(house.link, "Dan", new_keys())
        async with await AsyncClient.connect(house.link, "Dan", new_keys(), accepts=DIGEST) as client:
            first = client.paddle
        async with await Hall.open(house.link, new_keys()) as hall:
            with pytest.raises(ConditionsError) as refused:
                await hall.join("Eve", new_keys())
            desk = await hall.join("Eve", new_keys(), accepts=refused.value.digest)
            return first, desk.paddle

    first, second = asyncio.run(attend())
    assert 0 < first < second


def test_other_conditions_end_a_client_at_its_next_hello(house: HouseProcess, tmp_path: Path) -> None:
    keys = new_keys()
    with Client.connect(house.link, "Fay", keys, accepts=DIGEST) as client:
        other = tmp_path / "other.txt"
        other.write_text("Pay at once.")
        assert house.auctioneer("conditions", "--file", str(other)).exit_code == 0
        assert client.bid("2", 20_000) is not None, "it is in, and bids on"
    with pytest.raises(ConditionsError) as refused:
        Client.connect(house.link, "Fay", keys, accepts=DIGEST)
    assert refused.value.text == "Pay at once."
