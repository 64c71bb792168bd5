"""Each command is done once, with a real house: whatever becomes of the answer, the command line sends it again."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from auctioneer.cli.control_client import ControlClient, connected
from auctioneer.house.commands import AddPaddle, CloseLot, Extend
from auctioneer.journal.sqlite import FILE_NAME, SqliteStore
from auctioneer.process.folder import DataFolder
from auctioneer.rules.facts import CommandDone
from common.errors import UnreachableError
from common.links import JoinLink, parse_link
from common.sockets import new_context
from tests.crashes import dying
from tests.house_process import HouseProcess, running_house
from tests.networks.fault_proxy import HOST, FaultProxy, bad_network


def control_port(house: HouseProcess) -> int:
    return int(house.record["control"].rpartition(":")[2])


@contextmanager
def through_bad_network(house: HouseProcess, timeout_ms: int) -> Iterator[tuple[ControlClient, FaultProxy]]:
    """Yield the auctioneer's client, whose connections go through a proxy."""
    keys, port = DataFolder(house.data).keys, control_port(house)
    link = parse_link(house.link)
    with (
        bad_network(JoinLink(link.host, port, link.publish_port, link.server_key), seed=1) as proxy,
        new_context() as context,
    ):
        where = f"tcp://{HOST}:{port}"
        client = ControlClient(context, lambda: where, keys.control(), keys.house().public, timeout_ms=timeout_ms)
        with closing(client):
            yield client, proxy


def done_in(house: HouseProcess) -> list[CommandDone]:
    with closing(SqliteStore(house.data / FILE_NAME).read()) as journal:
        return [fact for _, fact in journal.read() if isinstance(fact, CommandDone)]


def ends_at_ms(house: ControlClient, lot: str = "1") -> int:
    (row,) = house.ask("lots", (lot,))
    return int(row["ends_at_ms"])


@pytest.fixture
def house(tmp_path: Path) -> Iterator[HouseProcess]:
    with running_house(tmp_path, program=dying.MODULE, under=("env", f"{dying.FOLDER}={tmp_path}")) as running:
        yield running


def test_a_command_whose_answer_is_lost_is_sent_again_and_done_once(
    house: HouseProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    with through_bad_network(house, timeout_ms=60_000) as (client, proxy):
        before_ms = ends_at_ms(client)
        first = client.order(Extend(lot="1", extra_ms=7000))
        proxy.cut_next_answers(1)
        assert client.order(Extend(lot="1", extra_ms=5000)).lots == ("1",) == first.lots
        assert proxy.answers_to_cut == 0
        assert capsys.readouterr().err.count("sent again") == 1
        assert ends_at_ms(client) == before_ms + 12_000
    assert [(done.by, done.kind) for done in done_in(house)] == [("auctioneer", "extend")] * 2
    assert house.auctioneer("verify", "--deep").exit_code == 0


def test_where_no_answer_ever_comes_the_person_hears_that_nobody_knows(house: HouseProcess) -> None:
    with through_bad_network(house, timeout_ms=2000) as (client, proxy):
        before_ms = ends_at_ms(client)
        client.order(Extend(lot="1", extra_ms=7000))
        proxy.cut_next_answers(1000)
        with pytest.raises(UnreachableError, match="not known whether the command was carried out"):
            client.order(Extend(lot="1", extra_ms=5000))
        proxy.cut_next_answers(0)
        assert ends_at_ms(client) == before_ms + 12_000, "it was done, and once"


def test_a_house_that_dies_between_commit_and_answer_did_it_once(house: HouseProcess) -> None:
    with connected(DataFolder(house.data), timeout_ms=60_000) as client:
        client.order(AddPaddle(name="Cat"))  # now the client knows its ids: the next answer is that of a command
        for number, name in enumerate(("Dan", "Eve"), 2):
            (house.data.parent / "die").touch()
            given = client.order(AddPaddle(name=name))
            house.wait_for("listening")
            assert given.paddle == number
        names = [row["name"] for row in client.ask("paddles")]
        assert names == ["Cat", "Dan", "Eve"]
        (house.data.parent / "die").touch()
        closed = client.order(CloseLot(lot="1"))
        house.wait_for("listening")
    assert (closed.lots, closed.results[0]["status"]) == (("1",), "passed")
    assert [done.kind for done in done_in(house)] == ["paddle add"] * 3 + ["close"]
    assert house.auctioneer("verify", "--deep").exit_code == 0


def test_the_answer_after_a_crash_is_the_one_that_was_lost(house: HouseProcess) -> None:
    with connected(DataFolder(house.data), timeout_ms=60_000) as client:
        client.order(Extend(lot="1", extra_ms=7000))
        (house.data.parent / "die").touch()
        closed = client.order(CloseLot(lot="1"))
    _, recorded = done_in(house)
    assert recorded.answer["results"] == list(closed.results)
