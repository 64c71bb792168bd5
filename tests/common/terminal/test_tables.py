"""Tables: where a terminal is narrow, texts give way, and never a number."""

import os
import sys

import pytest
from rich.cells import cell_len

from common.terminal.tables import Column, print_table

COLUMNS = [
    Column("Lot"),
    Column("Title", shrinks=True),
    Column("Status"),
    Column("Price EUR", is_number=True),
    Column("Next bid", is_number=True),
    Column("Reserve", is_number=True, is_extra=True),
    Column("Leader", shrinks=True),
    Column("Clock", is_extra=True),
]
LONG = "A title that is a good deal longer than what a narrow terminal has room for in one line"
ROWS = [
    ["101", LONG, "open", "13,000.00", "14,000.00", "50,000.00", "Ann of the long name (12)", "ends 20:15:00"],
    ["1234567890123456", "花瓶" * 20, "scheduled", "", "10,000,000,000,000.00", "", "", ""],
]


def shown(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], width: int) -> list[str]:
    """Return the lines of the table at a terminal of this width, without colours."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setattr(os, "get_terminal_size", lambda *_: os.terminal_size((width, 24)))
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("NO_COLOR", "1")
    print_table(COLUMNS, ROWS)
    return [line.replace("\x1b[1m", "").replace("\x1b[0m", "") for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120, 200])
def test_numbers_are_whole_at_any_width(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], width: int
) -> None:
    lines = shown(monkeypatch, capsys, width)
    assert max(map(cell_len, lines)) <= width
    words = " ".join(lines).split()
    assert {"101", "1234567890123456", "13,000.00", "14,000.00", "10,000,000,000,000.00"} <= set(words)
    assert lines[0].lstrip().startswith(("Lot", "101"))


def test_a_wide_terminal_has_all_columns_and_a_narrow_one_has_rows_below_each_other(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert LONG in "\n".join(shown(monkeypatch, capsys, 250))
    assert shown(monkeypatch, capsys, 40)[:4] == [
        "101  A title that is a good deal longer…",
        "    open  Price EUR: 13,000.00",
        "    Next bid: 14,000.00",
        "    Reserve: 50,000.00  Ann of the long…",
    ]


def test_a_pipe_has_everything(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(COLUMNS, [[*row[:1], "a\nb\x1b[2J", *row[2:]] for row in ROWS])
    header, *rows = capsys.readouterr().out.splitlines()
    assert header.split() == ["Lot", "Title", "Status", "Price", "EUR", "Next", "bid", "Reserve", "Leader", "Clock"]
    assert len(rows) == 2
    assert "a b\ufffd[2J" in rows[0]
    assert rows[0].endswith("ends 20:15:00")
