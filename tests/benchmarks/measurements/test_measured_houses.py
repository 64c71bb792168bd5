"""The measurements that start houses run, and find nothing missing; one that is missing something is noticed."""

from pathlib import Path

import pytest

from auctioneer.process.folder import DataFolder
from benchmarks.inside.records import BIDDERS, LOTS, Totals, drop_snapshots, make_record, replay
from benchmarks.load.house import HouseError
from benchmarks.measurements.recovery import check as check_nothing_is_missing
from benchmarks.measurements.subscribers import QUICK_SCREENS, measure_subscribers
from tests.benchmarks.quick_finding import quick_finding


@pytest.mark.bench
def test_recovery_tells_every_start_and_loses_nothing(tmp_path: Path) -> None:
    finding = quick_finding("recovery", tmp_path, "--events", "2000", "--repeats", "1")
    starts = {row.setting["start"]: row.figures for row in finding.rows if "start" in row.setting}
    assert set(starts) == {"after a crash", "successor after kill -9", "after a stop", "without a snapshot"}
    assert all(0 < found["ready_s_min"] <= found["ready_s"] <= found["ready_s_max"] for found in starts.values())
    (replayed,) = (row for row in finding.rows if "replay" in row.setting)
    events = replayed.setting["facts"]
    assert isinstance(events, int)
    assert events >= 2_000 + 2 * LOTS + BIDDERS  # each lot was listed and opened
    assert replayed.figures["events_per_s"] == pytest.approx(events / replayed.figures["seconds"])


def test_a_killed_makers_record_is_whole_with_and_without_its_snapshot(tmp_path: Path) -> None:
    told: list[int] = []
    made = make_record(tmp_path, 700, told.append)
    assert told == [0]
    assert (made.bids, made.bidders) == (700, BIDDERS)
    assert (tmp_path / "journal.sqlite3-wal").stat().st_size > 0
    assert replay(tmp_path).totals == made
    assert DataFolder(tmp_path).snapshots.positions()
    drop_snapshots(tmp_path)
    assert not DataFolder(tmp_path).snapshots.positions()
    assert replay(tmp_path).totals == made


def test_a_missing_bid_is_noticed() -> None:
    made = Totals(position=900, bids=300, prices_minor=5_000, bidders=3)
    check_nothing_is_missing("now", made, (300, 5_000))
    with pytest.raises(HouseError, match="300 bids were made, and 299 are there"):
        check_nothing_is_missing("now", made, (299, 5_000))
    with pytest.raises(HouseError, match="4999"):
        check_nothing_is_missing("now", made, (300, 4_999))


@pytest.mark.bench
def test_memory_tells_bytes_inside_and_of_real_connections(tmp_path: Path) -> None:
    finding = quick_finding("memory", tmp_path, "--size", "2560", "--bidders", "10")
    found = {row.setting["what"]: row.figures for row in finding.rows}
    assert set(found) == {
        "lot",
        "lot's first bid",
        "idle bidder",
        "remembered verdict",
        "open request",
        "idle bidder, connected with CURVE",
        "idle bidder, connected without CURVE",
    }
    assert 500 < found["lot"]["bytes"] < 10_000
    for name, figures in found.items():
        if "connected" in str(name):
            assert figures["bytes"] == pytest.approx(figures["own_bytes"] + figures["sockets_bytes"])
    assert [target.reached for target in finding.targets][:2] == [
        found["lot"]["bytes"] <= 2048,
        found["idle bidder"]["bytes"] <= 1024,
    ]


@pytest.mark.bench
def test_screens_are_connected_and_every_bid_is_paid_for() -> None:
    rows, target = measure_subscribers(quick=True)
    assert [(row.setting["screens"], row.setting["follow"]) for row in rows] == [
        (QUICK_SCREENS[0], "a quiet lot"),
        (QUICK_SCREENS[1], "a quiet lot"),
        (QUICK_SCREENS[1], "all lots"),
    ]
    for row in rows:
        figures = row.figures
        assert 0 < figures["thread_us_min"] <= figures["thread_us"] <= figures["thread_us_max"]
        assert figures["process_us"] > figures["thread_us_min"]
        assert figures["ratio"] == pytest.approx(figures["thread_us"] / rows[0].figures["thread_us"])
    assert target.reached is (rows[1].figures["ratio"] <= 1.1)
