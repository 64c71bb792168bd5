"""Latency, fan-out and fairness: the load is as scheduled, every bid counts, and the figures are put together right.

Nothing here is timed: on a busy machine all figures may be large, and all counts must still be right.
"""

import itertools
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks.__main__ import main
from benchmarks.load.latencies import Latencies
from benchmarks.load.open_loop import Timings, arrivals_ns
from benchmarks.load.rising_sale import Bids, due_us
from benchmarks.measurements import fairness, fanout, latency
from benchmarks.measurements.fanout import Shape, run_bare, run_house
from benchmarks.measurements.latency import Loaded, Round, Unloaded
from benchmarks.report.results import Kept, read_kept
from common.codec import decode_request
from common.messages import BidRequest


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


# --- the load ------------------------------------------------------------------------------------------------------


def test_arrivals_keep_their_rate_and_are_the_same_for_a_seed() -> None:
    due_ns = arrivals_ns(1_000, 10, seed=3)
    assert list(due_ns) == sorted(due_ns)
    assert 9_500 < len(due_ns) < 10_500
    assert due_ns[-1] < 10e9
    gaps = [after - before for before, after in itertools.pairwise(due_ns)]
    assert sum(gap > 2e6 for gap in gaps) > 500, "the gaps are not those of independent arrivals"
    assert due_ns == arrivals_ns(1_000, 10, seed=3)
    assert due_ns != arrivals_ns(1_000, 10, seed=4)


def test_latency_counts_from_when_a_bid_was_due_even_if_it_was_sent_late() -> None:
    second = 1_000_000_000
    timings = Timings(0, [0, second, second], [0, 3 * second, second], [1, 4 * second, 2 * second], 3, 0.5)
    assert timings.latencies(0.5).percentile_ms(100) == pytest.approx(3_000, rel=0.01)
    assert timings.lateness(0.5).percentile_ms(100) == pytest.approx(2_000, rel=0.01)
    assert timings.latencies(0.5).count == 2, "what was due in the warm-up counts"


def test_bids_rise_on_every_lot_and_tell_when_they_were_due() -> None:
    bids = Bids(lots=6, lanes=3)
    made = [(lane, decode_request(bids(lane, 2, due))) for due in (100, 100, 101, 400) for lane in (0, 1, 2)]
    amounts: dict[str, list[int]] = {}
    for lane, bid in made:
        assert isinstance(bid, BidRequest)
        assert bid.amount_minor is not None
        assert int(bid.lot) % 3 == lane, "a lot hears two connections"
        amounts.setdefault(bid.lot, []).append(bid.amount_minor)
    assert all(after >= before + 2 for lot in amounts.values() for before, after in itertools.pairwise(lot))
    assert amounts["0"] == [100, 102]
    assert amounts["3"] == [100, 400]
    assert due_us(401) == 400
    assert Counter(bids.made) == {2: 6}


# --- what they find ------------------------------------------------------------------------------------------------


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
