"""How figures of repetitions are summed up, written, shown and kept."""

from pathlib import Path

import pytest

from benchmarks.report.findings import alike, say_row, show_and_keep, shown_figure, shown_setting, spread
from benchmarks.report.results import Finding, Row, Target, read_kept


@pytest.mark.parametrize(
    ("value", "expected"),
    [(4.711, "4.71"), (4.0, "4"), (99.99, "99.99"), (100.4, "100"), (212_345.6, "212,346"), (-0.5, "-0.50"), (0, "0")],
)
def test_figures_have_decimals_only_where_they_are_small(value: float, expected: str) -> None:
    assert shown_figure(value) == expected


def test_settings_are_words_or_numbers() -> None:
    assert [shown_setting(value) for value in ("on", 100_000, 0.5)] == ["on", "100,000", "0.5"]


def test_rows_share_a_table_where_they_follow_one_another_and_have_the_same_columns() -> None:
    one, two = Row({"lots": 1}, {"ratio": 1.0}), Row({"lots": 2}, {"ratio": 2.0})
    other = Row({"lots": 1}, {"seconds": 1.0})
    assert alike([one, two, other, one]) == [[one, two], [other], [one]]


def test_the_spread_is_the_median_with_the_lowest_and_the_highest() -> None:
    assert spread("bids_per_s", [5.0, 1.0, 2.0]) == {"bids_per_s": 2.0, "bids_per_s_min": 1.0, "bids_per_s_max": 5.0}


def test_a_row_is_said_in_one_line_as_soon_as_it_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    row = Row({"phones": 1_000, "server": "raw"}, {"p99_ms": 7.25, "missing": 0})
    assert say_row(row) is row
    assert capsys.readouterr().out == "phones 1,000, server raw: p99 ms 7.25, missing 0\n"


def test_a_finding_is_shown_with_all_its_figures_and_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    finding = Finding(
        name="engine",
        question="How many?",
        repeats=2,
        rows=(
            Row({"format": "english"}, {"bids_per_s": 212_345.6, "us_per_bid": 4.711}),
            Row({"lots": 100_000}, {"ratio": 1.04}),
        ),
        targets=(Target("fast", "very", reached=True), Target("flat", "not quite", reached=False)),
        notes=("a note",),
    )
    show_and_keep(finding, tmp_path)
    shown = capsys.readouterr().out
    for expected in ("212,346", "4.71", "100,000", "1.04", "reached  fast: very", "MISSED   flat: not quite", "a note"):
        assert expected in shown
    assert [kept.finding for kept in read_kept(tmp_path)] == [finding]
