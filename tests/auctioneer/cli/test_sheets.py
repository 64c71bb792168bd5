"""`auctioneer paddle sheets`: a new code for each paddle, in a private file and nowhere else."""

import json
import re
import stat
import sys
from pathlib import Path

import pytest

from auctioneer.process.folder import DataFolder
from auctioneer.rules.facts import CodeIssued
from common.paddle_codes import is_valid_code
from tests.auctioneer.cli.cli_sales import LINK, at_terminal, begin_sale, desk, sale_of
from tests.auctioneer.cli.test_paddles import files_with, paddle

HOUR_MS = 3_600_000


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return begin_sale(tmp_path / "sale")


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "sheets.html"


def codes_in(output: Path) -> list[str]:
    return re.findall(r"bidder join --code (\w+) --to", output.read_text())


def issued(folder: DataFolder) -> list[CodeIssued]:
    with sale_of(folder) as sale:
        return [fact for _, fact in sale.journal.read() if isinstance(fact, CodeIssued)]


def test_each_paddle_without_a_key_gets_a_sheet(folder: DataFolder, output: Path) -> None:
    with desk(folder):
        for name in ("Ben", "Cat"):
            paddle(folder, "add", name)
        done = paddle(folder, "sheets", "--output", str(output), "--for", "30m")
        assert done.exit_code == 0, done.stderr
    codes = codes_in(output)
    assert (len(set(codes)), all(map(is_valid_code, codes))) == (2, True)
    assert done.stdout.startswith(f"2 sheets in {output}. Earlier codes of these paddles are void.")
    assert stat.S_IMODE(output.stat().st_mode) == 0o600
    assert [(fact.paddle, fact.expires_at_ms - fact.at_ms) for fact in issued(folder)] == [
        (2, HOUR_MS // 2),
        (3, HOUR_MS // 2),
    ]
    assert f"--to {LINK.replace('&', '&amp;')}<" in output.read_text()
    for code in codes:
        assert code not in done.stdout + done.stderr
        assert files_with(folder, code) == [], "not in the record"


def test_chosen_paddles_by_number_or_name_each_once(folder: DataFolder, output: Path) -> None:
    with desk(folder):
        for name in ("Ben", "Cat", "Dan"):
            paddle(folder, "add", name)
        words = ("sheets", "--output", str(output), "--per-page", "4", "dan", "2", "4", "--json")
        document = json.loads(paddle(folder, *words).stdout)
    assert document == {"file": str(output), "paddles": [2, 4]}
    assert [code in json.dumps(document) for code in codes_in(output)] == [False, False]


def test_new_sheets_make_the_codes_before_void(folder: DataFolder, output: Path) -> None:
    with desk(folder):
        paddle(folder, "add", "Ben")
        paddle(folder, "sheets", "--output", str(output))
        (first,) = codes_in(output)
        paddle(folder, "sheets", "--output", str(output))
        (second,) = codes_in(output)
        assert first != second
        status, shown = at_terminal(folder, "paddle", "sheets", "--output", str(output), typed=b"n\n")
        assert (status, "1 code is still valid" in shown) == (130, True)
        assert codes_in(output) == [second]
        status, _ = at_terminal(folder, "paddle", "sheets", "--output", str(output), "--yes")
        assert (status, codes_in(output) == [second]) == (0, False)
    assert len(issued(folder)) == 3


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["--output", "{}/none/a.html"], 2, "can't be written"),
        (["--output", "{}"], 2, "can't be written"),
        (["--output", "{}/a.html", "--for", "8d"], 2, "at most 7d"),
        (["--output", "{}/a.html", "--per-page", "3"], 2, "'3' is not one of"),
        (["--output", "{}/a.html", "1"], 3, "Ann (1) has a key already"),
        (["--output", "{}/a.html", "2", "9"], 3, "There is no such bidder"),
        ([], 2, "--output"),
    ],
)
def test_what_can_t_be_done_issues_no_code(
    folder: DataFolder, tmp_path: Path, words: list[str], status: int, said: str
) -> None:
    with desk(folder):
        paddle(folder, "add", "Ben")
        refused = paddle(folder, "sheets", *(word.format(tmp_path) for word in words))
    assert (refused.exit_code, said in refused.stderr) == (status, True), refused.stderr
    assert issued(folder) == []
    assert not (tmp_path / "a.html").exists()


def test_nobody_waits_for_a_code(folder: DataFolder, output: Path) -> None:
    with desk(folder):
        refused = paddle(folder, "sheets", "--output", str(output))
    assert (refused.exit_code, "every paddle has a key" in refused.stderr) == (2, True)


def test_without_the_extra_no_code_is_issued(folder: DataFolder, output: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "segno", None)
    with desk(folder):
        paddle(folder, "add", "Ben")
        refused = paddle(folder, "sheets", "--output", str(output))
    assert (refused.exit_code, "auction-house[sheets]" in refused.stderr) == (2, True)
    assert (issued(folder), output.exists()) == ([], False)
