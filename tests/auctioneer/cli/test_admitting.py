"""Those who wait are listed with what there is to decide by, and let in one by one, several or all."""

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from auctioneer.journal import append
from auctioneer.process.folder import DataFolder
from auctioneer.rules.sale_settings import AdmissionMode
from common.codec import encode
from common.conditions import digest_of
from common.limits import PROTOCOL_VERSION
from common.messages import Hello
from tests.auctioneer.cli.cli_sales import at_terminal, begin_sale, desk, sale_of
from tests.auctioneer.cli.test_paddles import auctioneer, paddle

TEXT = "Pay within a week."


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    """Return a sale with conditions, in which Ben (2), Cat (3) and Dan (4) wait."""
    folder = begin_sale(tmp_path / "sale")
    with sale_of(folder) as sale:
        house, now_ms = sale.house, sale.clock.now_ms()
        house.change_settings(now_ms, "auctioneer", replace(house.sale_settings, admission=AdmissionMode.APPROVE))
        house.set_conditions(now_ms, "auctioneer", TEXT)
        for key, name in (("b", "Ben"), ("c", "Cat"), ("d", "Dan")):
            hello = Hello(id=1, versions=(PROTOCOL_VERSION,), name=name, accepts=digest_of(TEXT))
            house.handle(key * 40, encode(hello), now_ms)
        batch = house.flush()
        append(sale.journal, batch.facts, (), now_ms, batch.contacts)
    return folder


def states(folder: DataFolder) -> list[str]:
    return [row["state"] for row in json.loads(auctioneer(folder, "bidders", "--json").stdout)]


def test_who_waits_is_listed_with_conditions_and_contact(folder: DataFolder) -> None:
    with desk(folder):
        paddle(folder, "contact", "Cat", "--company", "Lee & Sons", "--contact", "cat@example.org")
        listed = auctioneer(folder, "bidders", "--waiting").stdout.splitlines()
    assert [line.split()[1] for line in listed[1:]] == ["Ben", "Cat", "Dan"]
    assert ("Conditions" in listed[0], "accepted" in listed[1]) == (True, True)
    assert ("Lee & Sons" in listed[2], "cat@example.org" in listed[2]) == (True, True)
    rows = json.loads(auctioneer(folder, "bidders", "--waiting", "--json").stdout)
    assert [(row["paddle"], row["accepted"], row["contact"]) for row in rows] == [
        (2, True, ""),
        (3, True, "cat@example.org"),
        (4, True, ""),
    ], "also when no house runs"


def test_several_are_admitted(folder: DataFolder) -> None:
    with desk(folder):
        done = auctioneer(folder, "admit", "ben", "4")
        assert (done.exit_code, done.stdout) == (0, "Ben (2), Dan (4) are admitted.\n")
        assert states(folder) == ["admitted", "admitted", "waiting", "admitted"]
        again = auctioneer(folder, "admit", "3", "2")
        assert (again.exit_code, "Ben is already admitted" in again.stderr) == (3, True)
        assert states(folder) == ["admitted"] * 4, "those before it are in"


def test_all_are_admitted_after_a_question(folder: DataFolder) -> None:
    with desk(folder):
        status, shown = at_terminal(folder, "admit", "--all", typed=b"n\n")
        assert (status, all(name in shown for name in ("Ben", "Cat", "Dan", "accepted"))) == (130, True)
        assert states(folder).count("waiting") == 3
        done = auctioneer(folder, "admit", "--all", "--json")
        people = json.loads(done.stdout)["people"]
        assert [(one["paddle"], one["name"]) for one in people] == [(2, "Ben"), (3, "Cat"), (4, "Dan")]
        assert states(folder).count("waiting") == 0
        nobody = auctioneer(folder, "admit", "--all")
        assert (nobody.exit_code, "Nobody waits" in nobody.stderr) == (2, True)


@pytest.mark.parametrize("words", [(), ("Ben", "--all"), ("",), ("x" * 41,)])
def test_what_can_t_be_meant(folder: DataFolder, words: tuple[str, ...]) -> None:
    assert auctioneer(folder, "admit", *words).exit_code == 2
