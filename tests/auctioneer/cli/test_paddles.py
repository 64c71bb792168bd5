"""The desk at a terminal: paddles, codes that are shown once, and the list."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from auctioneer.cli import main
from auctioneer.journal import append
from auctioneer.process.folder import DataFolder
from auctioneer.rules.facts import CodeIssued, PaddleGiven
from common.paddle_codes import is_valid_code
from tests.auctioneer.cli.cli_sales import at_terminal, begin_sale, desk, sale_of
from tests.auctioneer.journal.journal_examples import rejection, tamper

HOUR_MS = 3_600_000


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return begin_sale(tmp_path / "sale")


def paddle(folder: DataFolder, *words: str) -> Result:
    return auctioneer(folder, "paddle", *words)


def auctioneer(folder: DataFolder, *words: str) -> Result:
    return CliRunner().invoke(main, words, env={"AUCTIONEER_DATA": str(folder.path)}, catch_exceptions=False)


def test_a_paddle_is_given(folder: DataFolder) -> None:
    with desk(folder):
        assert paddle(folder, "add", "Ben Ray").stdout == "Ben Ray has paddle 2.\n"
        assert paddle(folder, "add", "Cleo", "--paddle", "207").stdout == "Cleo has paddle 207.\n"
        assert json.loads(paddle(folder, "add", "Dan", "--json").stdout) == {"paddle": 208, "name": "Dan"}
        taken = paddle(folder, "add", "Eve", "--paddle", "207")
        assert (taken.exit_code, "paddle 207 is Cleo's" in taken.stderr) == (3, True)
        header, ann, *people = auctioneer(folder, "bidders").stdout.splitlines()
    assert "State" in header
    assert "admitted" in ann
    assert all("at the desk" in person for person in people)
    with sale_of(folder) as sale:
        given = [fact for _, fact in sale.journal.read() if isinstance(fact, PaddleGiven)]
    assert [(fact.paddle, fact.name, fact.by) for fact in given] == [
        (2, "Ben Ray", "auctioneer"),
        (207, "Cleo", "auctioneer"),
        (208, "Dan", "auctioneer"),
    ]


def test_a_code_is_shown_once_and_is_not_in_the_record(folder: DataFolder) -> None:
    with desk(folder):
        paddle(folder, "add", "Ben")
        shown = paddle(folder, "code", "2")
        code = shown.stdout.strip()
        assert (shown.exit_code, is_valid_code(code)) == (0, True)
        assert f"bidder join --code {code}" in shown.stderr
        document = json.loads(paddle(folder, "code", "Ben", "--for", "30m", "--json").stdout)
        assert (document["paddle"], is_valid_code(document["code"]), document["code"] != code) == (2, True, True)
        rows = json.loads(paddle(folder, "list", "--json").stdout)
        assert [(row["paddle"], row["state"], row["code_expires_at_ms"]) for row in rows] == [
            (1, "admitted", None),
            (2, "at the desk", document["expires_at_ms"]),
        ]
    with sale_of(folder) as sale:
        first, second = [fact for _, fact in sale.journal.read() if isinstance(fact, CodeIssued)]
    assert (first.expires_at_ms - first.at_ms, second.expires_at_ms - second.at_ms) == (12 * HOUR_MS, HOUR_MS // 2)
    for file in folder.path.iterdir():
        assert file.is_dir() or code.encode() not in file.read_bytes()


def test_the_list_is_for_people_too_and_needs_no_house(folder: DataFolder) -> None:
    with desk(folder):
        paddle(folder, "add", "Ben")
        paddle(folder, "code", "2")
    listed = paddle(folder, "list")
    header, ann, ben = listed.stdout.splitlines()
    assert ("Code until" in header, "Ann" in ann, "at the desk" in ben) == (True, True, True)
    assert "not running" in listed.stderr
    assert "2, 1 of them without a key" in auctioneer(folder, "status").stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["add", ""], "it is empty"),
        (["add", "x" * 41], "it has 41 characters"),
        (["add", "Ben", "--paddle", "100000"], "100000"),
        (["code", ""], "it is empty"),
        (["code", "1", "--for", "8d"], "at most 7d"),
        (["code", "1", "--for", "0s"], "changes nothing"),
    ],
)
def test_what_can_t_be_meant_is_not_sent(folder: DataFolder, words: list[str], said: str) -> None:
    result = paddle(folder, *words)
    assert (result.exit_code, said in result.stderr) == (2, True), result.stderr


# --- contacts --------------------------------------------------------------------------------------------------------

CONTACT = ("--company", "Lee-and-Sons", "--contact", "ben-lee@example.org")


def files_with(folder: DataFolder, text: str) -> list[str]:
    files = (path for path in folder.path.rglob("*") if path.is_file())
    return [path.name for path in files if text.encode() in path.read_bytes()]


def test_contacts_are_listed_and_in_the_record_of_no_fact(folder: DataFolder) -> None:
    with desk(folder):
        paddle(folder, "add", "Ben", *CONTACT)
        assert paddle(folder, "contact", "Ann", "--contact", "+1 555 0100").stdout == "Noted for Ann (1).\n"
        rows = json.loads(paddle(folder, "list", "--json").stdout)
    assert [(row["company"], row["contact"]) for row in rows] == [
        ("", "+1 555 0100"),
        ("Lee-and-Sons", "ben-lee@example.org"),
    ]
    assert "ben-lee@example.org" in paddle(folder, "list").stdout, "also when no house runs"
    with sale_of(folder) as sale:
        assert "ben-lee" not in str(list(sale.journal.read()))


@pytest.mark.parametrize("is_live", [True, False], ids=["live", "nobody holds it"])
def test_what_is_forgotten_is_in_no_file(folder: DataFolder, is_live: bool) -> None:
    with desk(folder):
        paddle(folder, "add", "Ben", *CONTACT)
        assert files_with(folder, "ben-lee@example.org")
        if is_live:
            done = auctioneer(folder, "forget", "Ben")
    if not is_live:
        done = auctioneer(folder, "forget", "2")
    assert (done.exit_code, "The name stays in the record" in done.stdout) == (0, True)
    assert files_with(folder, "ben-lee@example.org") == files_with(folder, "Lee-and-Sons") == []
    assert auctioneer(folder, "verify").exit_code == 0
    again = auctioneer(folder, "forget", "2")
    if not is_live:
        assert (again.exit_code, "is erased already" in again.stderr) == (3, True)


def test_forgetting_asks_at_a_terminal(folder: DataFolder) -> None:
    with desk(folder):
        paddle(folder, "add", "Ben", *CONTACT)
        status, shown = at_terminal(folder, "forget", "ben", typed=b"n\n")
        assert (status, "Ben (2): Lee-and-Sons, ben-lee@example.org." in shown) == (130, True)
        assert files_with(folder, "ben-lee@example.org")
        status, shown = at_terminal(folder, "forget", "Cleo", typed=b"y\n")
        assert (status, "There is no such bidder" in shown) == (3, True)
        status, _ = at_terminal(folder, "forget", "2", "--yes")
        assert status == 0
    assert files_with(folder, "ben-lee@example.org") == []


def test_verify_finds_a_contact_that_was_put_back(folder: DataFolder) -> None:
    with desk(folder):
        paddle(folder, "add", "Ben", *CONTACT)
        auctioneer(folder, "forget", "2")
    tamper(folder.journal, "INSERT INTO contact VALUES (2, '', 'ben-lee@example.org')")
    found = auctioneer(folder, "verify")
    assert (found.exit_code, "paddle 2 was erased and is there again" in found.stderr) == (6, True)
    tamper(folder.journal, "UPDATE contact SET paddle = 9")
    found = auctioneer(folder, "verify")
    assert (found.exit_code, "names paddle 9, which nobody has" in found.stderr) == (6, True)


def test_verify_knows_paddles_that_are_not_in_order(folder: DataFolder) -> None:
    with desk(folder):
        paddle(folder, "add", "Ben", "--paddle", "207")
    with sale_of(folder) as sale:
        append(sale.journal, (), [rejection(207, 1)], sale.clock.now_ms())
    assert auctioneer(folder, "verify").exit_code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["paddle", "add", "Ben", "--company", "x" * 101], "at most 100 fit"),
        (["paddle", "contact", "1"], "Give --company, --contact or both"),
        (["forget", ""], "it is empty"),
    ],
)
def test_what_can_t_be_kept_is_not_sent(folder: DataFolder, words: list[str], said: str) -> None:
    result = auctioneer(folder, *words)
    assert (result.exit_code, said in result.stderr) == (2, True), result.stderr


def test_a_lost_phone_is_replaced_after_a_question(folder: DataFolder) -> None:
    with desk(folder):
        refused = paddle(folder, "code", "Ann")
        assert (refused.exit_code, "--replace-key" in refused.stderr) == (3, True)
        status, shown = at_terminal(folder, "paddle", "code", "Ann", "--replace-key", typed=b"n\n")
        assert (status, "the present phone is out" in " ".join(shown.split())) == (130, True)
        assert at_terminal(folder, "paddle", "code", "Ann", "--replace-key", "--yes")[0] == 0
        assert is_valid_code(paddle(folder, "code", "1", "--replace-key").stdout.strip())
    with sale_of(folder) as sale:
        issued = [fact for _, fact in sale.journal.read() if isinstance(fact, CodeIssued)]
    assert [(fact.paddle, fact.replaces_key) for fact in issued] == [(1, True), (1, True)]
    assert auctioneer(folder, "verify").exit_code == 0


def test_who_still_has_to_pay_is_not_forgotten_by_mistake(folder: DataFolder) -> None:
    leads = "Ann (1) leads lot 1."
    owes = "Ann (1) has to pay USD 1,300.00 for 1 lot; the house does not know whether that was paid."
    with desk(folder):
        paddle(folder, "contact", "1", "--contact", "ann@example.org")
        led = auctioneer(folder, "forget", "ann")
        assert (led.exit_code, leads in led.stderr) == (2, True)
        assert auctioneer(folder, "close", "1").exit_code == 0
        status, shown = at_terminal(folder, "forget", "1", typed=b"n\n", columns=200)
        assert (status, owes in shown, "ann@example.org" in shown) == (130, True, True)
    refused = auctioneer(folder, "forget", "1")
    assert (refused.exit_code, f"{owes} Nothing was erased." in refused.stderr) == (2, True)
    assert json.loads(auctioneer(folder, "paddle", "list", "--json").stdout)[0]["contact"] == "ann@example.org"
    done = auctioneer(folder, "forget", "01", "--yes")
    assert done.stdout.startswith("What was known of Ann (1) besides the name is erased.")
    assert auctioneer(folder, "forget", "Dan", "--yes").exit_code == 3
