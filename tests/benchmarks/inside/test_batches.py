"""Sales of all sizes take the same bids, and are compared round by round."""

import sqlite3
from contextlib import closing
from pathlib import Path

from benchmarks.inside.batches import ACTIVE_BIDDERS, BATCHES_A_VISIT, Sales, Size
from benchmarks.inside.sale import BATCH_BIDS
from common.limits import REMEMBERED_REQUESTS_MAX


def journaled_bids(path: Path) -> int:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as journal:
        (bids,) = journal.execute("SELECT count(*) FROM fact WHERE kind = 'bid_taken'").fetchone()
    return int(bids)


def test_sales_of_all_sizes_take_the_same_bids_and_are_compared_round_by_round(tmp_path: Path) -> None:
    sizes = [Size(10, 20, 0, 5, 5), Size(50, 20, 1_000, 5, 5)]
    sales = Sales(sizes, tmp_path, seed=1)
    before = [journaled_bids(tmp_path / f"{number}.sqlite3") for number in range(2)]
    sales.measure(2)
    made = 2 * (BATCHES_A_VISIT + 1) * BATCH_BIDS
    assert [journaled_bids(tmp_path / f"{number}.sqlite3") - bids for number, bids in enumerate(before)] == [made, made]
    assert before[0] == 20 * REMEMBERED_REQUESTS_MAX <= ACTIVE_BIDDERS * REMEMBERED_REQUESTS_MAX
    assert before[1] >= before[0] + 1_000
    smallest, larger = (sales.cost(number, beside=0) for number in range(2))
    sales.close()
    assert smallest.ratio == 1
    assert larger.ratio > 0
    assert 0 < smallest.total_us_min <= smallest.total_us
