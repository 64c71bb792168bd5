"""Every flood is measured and compared with all that was calm. Nothing here is timed."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks.__main__ import main
from benchmarks.load.latencies import Latencies
from benchmarks.measurements import fairness
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
def test_fairness_lets_the_honest_through_in_every_flood(tmp_path: Path) -> None:
    kinds = ("junk", "topics", "deaf listeners", "half handshakes", "strangers")
    options = [word for kind in kinds for word in ("--flood", kind)]
    finding = kept_by(tmp_path, "fairness", "--quick", *options).finding
    assert [row.setting["flood"] for row in finding.rows] == 2 * [*kinds]
    for row in finding.rows:
        assert row.figures["refused"] == 0
        assert row.figures["flooded"] > 0, row


def test_fairness_compares_with_all_that_was_calm() -> None:
    def one(calm_ms: float, flood_ms: float) -> fairness.Paces:
        calm, other, here = (fairness.Pace(noted(ms), 5, 0) for ms in (calm_ms, 30, flood_ms))
        return fairness.Paces(calm, other, here)

    found = {
        fairness.Case("bids", False): [one(10, 5), one(3, 19)],
        fairness.Case("junk", False): [one(3, 21)],
        fairness.Case("bids", True): [one(5, 9)],
        fairness.Case("junk", True): [one(3, 11)],
    }
    targets = fairness.finding(found, 1).targets
    assert [target.reached for target in targets] == [True, False, True, False]
