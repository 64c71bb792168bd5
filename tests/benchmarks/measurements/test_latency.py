"""Latency is measured at every load, and compared by its medians. Nothing here is timed."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks.__main__ import main
from benchmarks.load.latencies import Latencies
from benchmarks.measurements import latency
from benchmarks.measurements.latency import Loaded, Round, Unloaded
from benchmarks.report.results import Kept, read_kept


def noted(*times_ms: float) -> Latencies:
    latencies = Latencies()
    for one_ms in times_ms:
        latencies.note_s(one_ms / 1000)
    return latencies


def kept_by(folder: Path, *arguments: str) -> Kept:
    result = CliRunner().invoke(main, [*arguments, "--results", str(folder)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    (kept,) = read_kept(folder)
    return kept


@pytest.mark.bench
def test_latency_measures_every_load_with_and_without_curve(tmp_path: Path) -> None:
    finding = kept_by(tmp_path, "latency", "--quick").finding
    assert [row.setting["load"] for row in finding.rows[:4]] == ["one at a time"] * 2 + ["peak"] * 2
    loads = [row for row in finding.rows if "% of peak" in str(row.setting["load"])]
    assert len(loads) == 12
    assert all(row.figures.get("refused", 0) == 0 == row.figures.get("incomplete", 0) for row in loads)
    assert len(finding.targets) == 4


def test_latency_compares_medians() -> None:
    def one(house_ms: float, p99_ms: float) -> Round:
        loads = [
            Loaded(percent, 100.0, noted(p99_ms), noted(1), noted(1), noted(1), 0.1, 0.0, 0, is_whole=True)
            for percent in latency.LOADS_PERCENT
        ]
        return Round(Unloaded(noted(house_ms), noted(2), noted(2)), 9.0, 8.0, loads)

    rounds = [one(4, 4), one(4.8, 4.9), one(40, 400)]
    good, bad = (
        latency.finding({False: rounds, True: rounds[2:]}, 3).targets[:2],
        latency.finding({False: rounds[2:], True: rounds}, 3).targets[:2],
    )
    assert [target.reached for target in (*good, *bad)] == [True, True, False, False]
    assert good[0].found == "1.20 times"
