"""A helper in a process of her own, who reaches the house over the network: by a link, with rights, until removed."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from auctioneer.journal.sqlite import FILE_NAME, SqliteStore
from auctioneer.process.folder import DataFolder
from auctioneer.rules.facts import AnyFact, CommandDone, SettingsChanged
from common.clerk_links import parse_clerk_link
from tests.house_process import ROOT, WAIT_S, HouseProcess, as_clerk, running_house

HOST = "127.0.0.7"
WITHOUT_PAUSE = """
import sys
from pathlib import Path
from auctioneer.cli.control_client import connected
from auctioneer.house.commands import Extend
from auctioneer.process.folder import DataFolder
from common.errors import RejectedError

with connected(DataFolder(Path(sys.argv[1]))) as house:
    try:
        while True:
            house.order(Extend(lot="1", extra_ms=1))
            print("done", flush=True)
    except RejectedError as error:
        sys.exit(f"refused: {error.reject.value}")
"""
"""Gives commands over one connection until it is refused."""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[HouseProcess]:
    with running_house(tmp_path, "--control-host", HOST) as running:
        yield running


def elsewhere(place: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the program in a process that has nothing but the clerk's directory."""
    command = [sys.executable, "-m", "auctioneer", *arguments]
    surroundings = os.environ | {"AUCTIONEER_DATA": str(place)}
    return subprocess.run(
        command, cwd=ROOT, env=surroundings, capture_output=True, text=True, timeout=WAIT_S, check=False
    )


def link_for(house: HouseProcess, name: str, *more: str) -> str:
    made = house.auctioneer("clerk", "add", name, "--rights", "hammer", *more)
    assert made.exit_code == 0, made.stderr
    return made.stdout.strip()


def record_of(house: HouseProcess) -> list[AnyFact]:
    with closing(SqliteStore(house.data / FILE_NAME).read()) as journal:
        return [fact for _, fact in journal.read()]


def test_a_helper_joins_from_elsewhere_and_gives_commands_until_removed(house: HouseProcess, tmp_path: Path) -> None:
    place = tmp_path / "ada"
    link = link_for(house, "ada")
    assert parse_clerk_link(link).host == HOST
    joined = elsewhere(place, "clerk", "join", link)
    assert joined.returncode == 0, joined.stderr
    assert sorted(path.name for path in place.iterdir()) == ["clerk.json"]
    assert elsewhere(place, "open", "3").returncode == 0
    assert json.loads(elsewhere(place, "status", "--json").stdout)["lots"]["open"] == 3
    assert elsewhere(place, "conditions", "--none", "--yes").returncode == 3
    house.kill_server()
    assert elsewhere(place, "close", "3", "--yes").returncode == 0, "the same address after a restart"
    assert house.auctioneer("clerk", "remove", "ada").exit_code == 0
    refused = elsewhere(place, "pause")
    assert (refused.returncode, "[forbidden]" in refused.stderr) == (3, True)
    done = [fact for fact in record_of(house) if isinstance(fact, CommandDone)]
    assert [(fact.by, fact.kind) for fact in done] == [
        ("auctioneer", "clerk add"),
        ("ada", "clerk join"),
        ("ada", "open"),
        ("ada", "close"),
        ("auctioneer", "clerk remove"),
    ]
    assert house.auctioneer("verify", "--deep").exit_code == 0


def test_who_is_removed_is_out_in_the_midst_of_commands(house: HouseProcess) -> None:
    place = house.clerk("ada")
    command = [sys.executable, "-c", WITHOUT_PAUSE, str(place)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as busy:
        assert busy.stdout is not None
        assert busy.stderr is not None
        assert busy.stdout.readline() == "done\n"
        assert house.auctioneer("clerk", "remove", "ada").exit_code == 0
        removed = len(record_of(house))
        assert busy.wait(WAIT_S) == 1
        assert "refused: forbidden" in busy.stderr.read()
    record = record_of(house)
    (end,) = [
        place
        for place, fact in enumerate(record)
        if isinstance(fact, SettingsChanged) and place > 5 and fact.settings.controller("ada") is None
    ]
    assert end < removed
    assert not [fact for fact in record[end:] if getattr(fact, "by", "") == "ada"], "nothing of hers came after"
    assert house.auctioneer("verify").exit_code == 0


def test_a_stolen_link_is_of_no_use_once_it_was_used(house: HouseProcess, tmp_path: Path) -> None:
    link = link_for(house, "ada")
    assert as_clerk(tmp_path / "ada", "clerk", "join", link).exit_code == 0
    facts = len(record_of(house))
    stolen = elsewhere(tmp_path / "thief", "clerk", "join", link)
    assert (stolen.returncode, "it was used" in stolen.stderr) == (3, True)
    assert len(record_of(house)) == facts
    assert DataFolder(tmp_path / "thief").clerk.read() is None
    assert as_clerk(tmp_path / "ada", "pause", "1").exit_code == 0


def test_a_link_that_has_expired_is_of_no_use(house: HouseProcess, tmp_path: Path) -> None:
    link = link_for(house, "ada", "--for", "1ms")
    late = elsewhere(tmp_path / "ada", "clerk", "join", link)
    assert (late.returncode, "has expired" in late.stderr) == (3, True)
    again = link_for(house, "ada")
    assert as_clerk(tmp_path / "ada", "clerk", "join", again).exit_code == 0
