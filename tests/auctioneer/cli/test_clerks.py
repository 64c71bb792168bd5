"""`auctioneer clerk`: links for helpers, what they keep, and what they are told."""

import json
import re
from pathlib import Path

import pytest
from click.testing import Result

from auctioneer.cli.control_client import client_of, connected
from auctioneer.house.commands import Redeem
from auctioneer.process.folder import DataFolder
from auctioneer.process.folder.clerk import ClerkPlace
from common.clerk_links import parse_clerk_link
from common.errors import UsageError
from common.keys import new_keys
from tests.auctioneer.cli.cli_sales import begin_sale, desk, sale_of
from tests.auctioneer.cli.test_orders import auctioneer

_RECORD = "This needs the record of the sale, which is on the house's machine."
_AUCTIONEER = "Only the auctioneer can do this, on the house's machine."
_PLACE = "Choose another directory with --data."
NOT_FOR_CLERKS = {
    "verify": _RECORD,
    "backup elsewhere": _RECORD,
    "link": "Only the house's machine knows the join link.",
    "paddle sheets --output sheets.html": "Sheets have the join link",
    "doctor": "This looks at the machine on which the house runs.",
    "clerk add cy --rights desk": _AUCTIONEER,
    "clerk rights ada hammer": _AUCTIONEER,
    "clerk remove ada": _AUCTIONEER,
    "partner hall --remove": _AUCTIONEER,
    "run": _PLACE,
    "restore COPY": _PLACE,
}
"""What can't be given from a clerk's directory, and why."""


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return begin_sale(tmp_path / "sale")


@pytest.fixture
def ada(tmp_path: Path) -> DataFolder:
    """Return the directory in which Ada is to become a clerk."""
    return DataFolder(tmp_path / "ada")


def link_for(folder: DataFolder, name: str = "ada", rights: str = "hammer,desk", *more: str) -> str:
    made = auctioneer(folder, "clerk", "add", name, "--rights", rights, *more)
    assert made.exit_code == 0, made.stderr
    return made.stdout.strip()


def join(place: DataFolder, link: str, *more: str) -> Result:
    return auctioneer(place, "clerk", "join", link, *more)


def test_a_clerk_joins_by_a_link_and_gives_commands_from_there(folder: DataFolder, ada: DataFolder) -> None:
    with desk(folder):
        link = link_for(folder)
        joined = join(ada, link, "--json")
        assert joined.exit_code == 0, joined.stderr
        place = ada.clerk.read()
        assert place is not None
        told = {"name": "ada", "rights": ["desk", "hammer"], "house": place.place}
        assert json.loads(joined.stdout) == told | {"key_file": str(ada.path / "clerk.json")}
        assert (ada.path / "clerk.json").stat().st_mode & 0o777 == 0o600
        assert parse_clerk_link(link).secret not in (ada.path / "clerk.json").read_text(), "it is used up"
        assert auctioneer(ada, "open", "2").exit_code == 0
        assert auctioneer(ada, "paddle", "add", "Ben").exit_code == 0
        assert "Ben" in auctioneer(ada, "paddle", "list").stdout
        status = json.loads(auctioneer(ada, "status", "--json").stdout)
        assert (status["running"], status["pid"], status["lots"]["open"]) == (True, None, 2)
        assert re.search(
            r"^House +running at 127\.0\.0\.1:\d+; you are its clerk ada$",
            auctioneer(ada, "status").stdout,
            re.MULTILINE,
        )
        refused = auctioneer(ada, "withdraw", "2")
        assert (refused.exit_code, "auctioneer clerk rights ada desk,hammer,corrections" in refused.stderr) == (3, True)
    assert auctioneer(folder, "verify").exit_code == 0


def test_a_clerk_sees_the_late_bids_that_the_house_has_at_hand(folder: DataFolder, ada: DataFolder) -> None:
    with desk(folder):
        assert join(ada, link_for(folder, "ada", "hammer,bids")).exit_code == 0
        assert json.loads(auctioneer(ada, "bids", "--late", "--json").stdout) == []
        auctioneer(folder, "close", "1", "--yes")
        for amount in ("1500", "1600"):
            assert "[lot_closed]" in auctioneer(ada, "bid", "1", amount, "--paddle", "1").stderr
        rows = json.loads(auctioneer(ada, "bids", "--late", "--json").stdout)
        assert rows == json.loads(auctioneer(folder, "bids", "--late", "--json").stdout)
        assert [(row["amount"], row["by"]) for row in rows] == [("1500.00", "ada"), ("1600.00", "ada")]
        told = auctioneer(ada, "bids", "1", "--late", "--count", "1")
        assert (told.stdout.count("Ann (1)"), "1,600.00" in told.stdout) == (1, True)
        assert "the last 1 of 2 late bids" in told.stderr
        unknown = auctioneer(ada, "bids", "9", "--late")
        assert (unknown.exit_code, "[unknown_lot]" in unknown.stderr) == (3, True)
        auctioneer(folder, "end", "--yes")
        assert "Late: Ann (1) " in auctioneer(folder, "watch").stdout


def test_rights_change_at_once_and_so_does_the_end(folder: DataFolder, ada: DataFolder) -> None:
    with desk(folder):
        assert join(ada, link_for(folder, "ada", "bids")).exit_code == 0
        assert auctioneer(ada, "open", "2").exit_code == 3
        assert auctioneer(folder, "clerk", "rights", "ada", "hammer").exit_code == 0
        assert auctioneer(ada, "open", "2").exit_code == 0
        assert auctioneer(folder, "clerk", "remove", "ada").exit_code == 0
        out = auctioneer(ada, "pause", "2")
        assert (out.exit_code, "ask the auctioneer for a new link: auctioneer clerk add" in out.stderr) == (3, True)
        again = auctioneer(folder, "clerk", "remove", "ada")
        assert (again.exit_code, "there is no clerk ada" in again.stderr) == (3, True)


def test_what_only_the_auctioneer_does_leaves_nothing_in_a_clerks_directory(
    folder: DataFolder, ada: DataFolder
) -> None:
    with desk(folder):
        assert join(ada, link_for(folder)).exit_code == 0
        forgetting = auctioneer(ada, "forget", "1", "--yes")
        assert (forgetting.exit_code, "only the auctioneer may do that" in forgetting.stderr) == (3, True)
        for words in (("clerk", "rights", "ada", "bids"), ("clerk", "remove", "ada"), ("verify",)):
            done = auctioneer(ada, *words)
            assert (done.exit_code, "on the house's machine" in done.stderr) == (2, True), words
    assert [path.name for path in ada.path.iterdir()] == ["clerk.json"]


def test_nobody_is_forgotten_where_there_is_no_sale(tmp_path: Path) -> None:
    tmp_path.joinpath("empty").mkdir()
    empty = DataFolder(tmp_path / "empty")
    done = auctioneer(empty, "forget", "1", "--yes")
    assert (done.exit_code, "There is no sale in" in done.stderr) == (2, True)
    assert not list(empty.path.iterdir())


def test_a_link_works_once(folder: DataFolder, ada: DataFolder, tmp_path: Path) -> None:
    thief = DataFolder(tmp_path / "thief")
    with desk(folder):
        link = link_for(folder)
        assert join(ada, link).exit_code == 0
        refused = join(thief, link)
        assert (refused.exit_code, "[forbidden]" in refused.stderr) == (3, True)
        assert "it was used, has expired, or another replaced it" in refused.stderr
        assert "auctioneer clerk add ada" in refused.stderr
        assert thief.clerk.read() is None, "and nothing is kept of it"
        assert auctioneer(ada, "pause", "1").exit_code == 0


def test_joining_may_be_repeated_where_the_answer_was_lost(folder: DataFolder, ada: DataFolder) -> None:
    with desk(folder):
        link = link_for(folder)
        wanted = parse_clerk_link(link)
        ada.prepare()
        kept = ClerkPlace("ada", wanted.host, wanted.port, wanted.house_key, new_keys(), link)
        ada.clerk.write(kept)  # as `join` does first
        half = auctioneer(ada, "pause", "1")
        assert (half.exit_code, f"auctioneer clerk join {link}" in half.stderr) == (2, True)
        with client_of(wanted.address, wanted.keys, wanted.house_key) as house:
            house.order(Redeem(key=kept.keys.public))
        assert join(ada, link).exit_code == 0
        place = ada.clerk.read()
        assert place is not None
        assert (place.keys, place.link) == (kept.keys, "")
        assert auctioneer(ada, "pause", "1").exit_code == 0


def test_clerks_are_appointed_and_removed_also_while_no_house_runs(folder: DataFolder, ada: DataFolder) -> None:
    with desk(folder):
        pass  # so that there is an address
    with sale_of(folder) as sale:
        alive_ms = sale.journal.alive_ms
    link = link_for(folder)
    listed = json.loads(auctioneer(folder, "clerk", "list", "--json").stdout)
    assert [(row["name"], row["rights"]) for row in listed] == [("ada", ["desk", "hammer"])]
    assert listed[0]["link_expires_at_ms"] > alive_ms
    assert auctioneer(folder, "clerk", "rights", "ada", "bids").exit_code == 0
    assert auctioneer(folder, "clerk", "add", "ben", "--rights", "bids").exit_code == 0
    assert auctioneer(folder, "clerk", "remove", "ben").exit_code == 0
    with desk(folder):
        moved = folder.whereabouts.read()
        assert moved is not None
        wanted = parse_clerk_link(link)
        here = link.replace(f":{wanted.port}/", f":{moved.control_port}/")  # this desk does not keep its port
        assert join(ada, here).exit_code == 0
        assert "bids" in auctioneer(folder, "clerk", "list").stdout


def test_the_list_tells_who_has_joined(folder: DataFolder, ada: DataFolder) -> None:
    with desk(folder):
        link_for(folder, "ben")
        join(ada, link_for(folder))
        shown = auctioneer(ada, "clerk", "list").stdout
    assert [line.split()[0:4] for line in shown.splitlines() if "desk," in line] == [
        ["ada", "desk,", "hammer", "joined"],
        ["ben", "desk,", "hammer", "invited"],
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("add", "auctioneer", "--rights", "desk"), "can't name a clerk"),
        (("add", "house", "--rights", "desk"), "can't name a clerk"),
        (("add", "../lock", "--rights", "desk"), "can't name a clerk"),
        (("add", "ada"), "--rights"),
        (("add", "ada", "--rights", "all"), "There are bids, desk, corrections, hammer"),
        (("add", "ada", "--rights", "desk", "--for", "8d"), "at most 7d"),
        (("rights", "ada", "x"), "is not a list of rights"),
    ],
)
def test_what_can_not_be_meant_is_told(folder: DataFolder, words: tuple[str, ...], said: str) -> None:
    with desk(folder):
        result = auctioneer(folder, "clerk", *words)
    assert (result.exit_code, said in result.stderr) == (2, True), result.stderr


def test_a_house_that_never_ran_has_no_address(folder: DataFolder) -> None:
    result = auctioneer(folder, "clerk", "add", "ada", "--rights", "desk")
    assert (result.exit_code, "Start it once" in result.stderr) == (2, True)


def test_a_clerks_directory_has_no_sale(folder: DataFolder, ada: DataFolder, tmp_path: Path) -> None:
    with desk(folder):
        link = link_for(folder)
        assert join(folder, link).exit_code == 2, "a sale's directory becomes no clerk's"
        assert join(ada, link).exit_code == 0
        other = link_for(folder, "ben")
        twice = join(ada, other)
        assert (twice.exit_code, "has the key of the clerk ada" in twice.stderr) == (2, True)
        auctioneer(folder, "backup", str(tmp_path / "copy"))
        for words, why in NOT_FOR_CLERKS.items():
            result = auctioneer(ada, *(word.replace("COPY", str(tmp_path / "copy")) for word in words.split()))
            assert (result.exit_code, why in result.stderr) == (2, True), (words, result.stderr)
            assert f"{ada.path} is the directory of the clerk ada of the house at 127.0.0.1:" in result.stderr
        assert not ada.has_sale
        forbidden = auctioneer(ada, "forget", "ann", "--yes")
        assert (forbidden.exit_code, "only the auctioneer may" in forbidden.stderr) == (3, True)
    (ada.path / "clerk.json").write_text("{}")
    with pytest.raises(UsageError, match="can't be read"), connected(ada):
        pass
