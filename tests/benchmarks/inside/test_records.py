"""A record whose maker was killed is whole, with its snapshot and without."""

from pathlib import Path

from auctioneer.process.folder import DataFolder
from benchmarks.inside.records import BIDDERS, drop_snapshots, make_record, replay


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
