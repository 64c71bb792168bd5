"""How figures of repetitions are summed up, shown and kept."""

from pathlib import Path

import pytest

from benchmarks.report.findings import show_and_keep, spread
from benchmarks.report.results import Finding, Row, Target, read_kept


def test_the_spread_is_the_median_with_the_lowest_and_the_highest() -> None:
    assert spread("bids_per_s", [5.0, 1.0, 2.0]) == {"bids_per_s": 2.0, "bids_per_s_min": 1.0, "bids_per_s_max": 5.0}


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
