"""A fan-out delivers everything, and is compared with the bare publisher. Nothing here is timed."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks.__main__ import main
from benchmarks.measurements import fanout
from benchmarks.measurements.fanout import Shape, run_bare, run_house
from benchmarks.report.results import Kept, read_kept


def kept_by(folder: Path, *arguments: str) -> Kept:
    result = CliRunner().invoke(main, [*arguments, "--results", str(folder)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    (kept,) = read_kept(folder)
    return kept


@pytest.mark.bench
def test_a_fan_out_delivers_everything_and_compares_with_the_bare_publisher(tmp_path: Path) -> None:
    finding = kept_by(tmp_path, "fanout", "--quick").finding
    assert [(row.setting["lots"], row.setting["bids_per_s"]) for row in finding.rows] == [(1, 100), (64, 100)]
    assert all(row.figures["missing"] == 0 == row.figures["bare_missing"] for row in finding.rows)
    assert finding.targets[0].reached


def test_where_the_bare_publisher_would_queue_only_the_house_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fanout, "BARE_DELIVERIES_PER_S_MAX", 20 * 50)
    finding = fanout.measure([Shape(20, 1, 51), Shape(20, 1, 50)], 0.5, 1)
    assert [row.setting["bids_per_s"] for row in finding.rows] == [50, 51]
    assert ["bare_p99_ms" in row.figures for row in finding.rows] == [True, False]
    assert [target.what for target in finding.targets[1:]] == [
        "20 screens, 1 lot, 50 bids/s: p99 at most 2 times the bare publisher's",
        "20 screens, 1 lot, 51 bids/s: no screen more than 1,000 ms behind",
    ]


def test_screens_hear_house_and_bare_publisher(tmp_path: Path) -> None:
    shape = Shape(screens=6, lots=2, per_s=100)
    for run in (run_house, run_bare):
        (found,) = run(tmp_path, [shape], 0.5)
        assert found.delivery.is_whole
        assert found.delivery.screens == 6
        assert found.delivery.deliveries == 6 * len(found.timings.due_ns) > 0
        assert found.timings.accepted == len(found.timings.due_ns)
