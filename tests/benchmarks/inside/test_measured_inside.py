"""The measurements of the house from inside run, count what they say, and notice a house that does otherwise."""

import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from random import Random

import pytest
from msgspec.structs import replace

from auctioneer.house.register import ENROLMENTS_BURST
from auctioneer.journal.snapshots import SnapshotFiles
from auctioneer.journal.sqlite import SqliteStore
from auctioneer.process.startup import read_house
from benchmarks.inside.batches import ACTIVE_BIDDERS, BATCHES_A_VISIT, Sales, Size
from benchmarks.inside.growth import Grown, measure_grown
from benchmarks.inside.pauses import measure_pauses
from benchmarks.inside.rules import FORMATS, LOTS, english_work, time_bare, time_engine, time_english_alone
from benchmarks.inside.sale import BATCH_BIDS, Inside, InsideError, settings
from common.limits import REMEMBERED_REQUESTS_MAX
from common.messages import Accepted
from tests.benchmarks.quick_finding import quick_finding

FORMATS_FOLDER = Path(__file__).resolve().parents[3] / "auctioneer" / "rules" / "formats"


def test_every_format_of_the_house_is_measured() -> None:
    assert set(FORMATS) == {path.stem for path in FORMATS_FOLDER.glob("[!_]*.py")}


def test_english_bids_are_mixed_and_the_same_for_a_seed() -> None:
    work = english_work(Random(3), 4_000)
    assert work == english_work(Random(3), 4_000)
    assert sum(work.outcomes.values()) == len(work.asked) == 4_000
    assert set(work.outcomes) == {"accepted", "below_minimum", "already_leading"}
    assert 0.9 < work.outcomes["accepted"] / 4_000 < 0.97
    kinds = Counter((ask.request.amount_minor is None, ask.request.maximum_minor is None) for ask in work.asked)
    assert set(kinds) == {(False, True), (True, False), (False, False)}
    assert len({ask.request.lot for ask in work.asked}) == LOTS


def test_a_loop_that_comes_to_another_end_is_not_timed() -> None:
    work = english_work(Random(3), 1_000)
    assert min(time_engine(work), time_english_alone(work), time_bare(work)) > 0
    other = work._replace(views=[*work.views[:-1], replace(work.views[-1], price_minor=1)])
    for loop in (time_engine, time_english_alone):
        with pytest.raises(AssertionError, match="came to other"):
            loop(other)


def test_the_sale_inside_accepts_and_journals_every_bid(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    sale = Inside.begin(20, 30, path)
    random = Random(1)
    for _ in range(3):
        sale.turn(sale.bids(random, 5, 4))
    answers, batch = sale.decide(sale.bids(random, 20, 30, 7))
    sale.close()
    assert [type(answer) for answer in answers] == [Accepted] * 7
    assert len(batch.facts) == len(batch.events) == 7
    assert sum(lot.view.bids for lot in sale.house.engine.catalogue) == 3 * BATCH_BIDS + 7
    journal = SqliteStore(path).read()
    house = read_house(journal, SnapshotFiles(tmp_path).load(journal), settings(), sale.now_ms)
    assert sum(lot.view.bids for lot in house.engine.catalogue) == 3 * BATCH_BIDS  # the last seven were not committed
    assert len(house.register.entries) == 30
    journal.close()


def test_a_batch_goes_to_as_many_lots_and_bidders_as_was_asked() -> None:
    sale = Inside.begin(500, 400)
    answers, batch = sale.decide(sale.bids(Random(1), 10, 8))
    assert len(answers) == len(batch.facts) == BATCH_BIDS
    assert len({event.lot for event in batch.facts}) == 10
    assert len({stream for stream, _ in batch.events}) == 10
    assert len({getattr(event, "paddle", 0) for event in batch.facts}) == 8


def test_more_bidders_are_let_in_than_a_house_takes_at_once() -> None:
    sale = Inside.begin(1, ENROLMENTS_BURST + 1)
    assert len(sale.house.register.entries) == ENROLMENTS_BURST + 1


def test_a_bid_that_is_not_accepted_ends_the_measurement() -> None:
    sale = Inside.begin(1, 2)
    bid = sale.bid(0, 0)
    with pytest.raises(InsideError, match="not accepted"):
        sale.turn([bid, sale.bid(0, 0)])


def test_bidders_who_are_warm_have_all_the_verdicts_that_a_house_keeps() -> None:
    sale = Inside.begin(3, 40)
    sale.warm_up(Random(1), 5)
    assert len(sale.bidders) == 5
    assert sum(lot.view.bids for lot in sale.house.engine.catalogue) == 5 * REMEMBERED_REQUESTS_MAX


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


@pytest.mark.bench
def test_pauses_grow_with_what_a_snapshot_holds(tmp_path: Path) -> None:
    small, large = (measure_pauses(count, tmp_path / str(count), seed=1) for count in (10, 200))
    assert small.figures["snapshot_bytes"] * 10 < large.figures["snapshot_bytes"]
    for pause in (small, large):
        figures = pause.figures
        assert 0 < figures["snapshot_ms"] <= figures["snapshot_ms_max"]
        assert figures["snapshot_ms"] < figures["snapshot_made_ms"]
        assert 0 < figures["batch_beside_ms"] <= figures["batch_beside_ms_max"]


def test_a_larger_house_takes_more_memory() -> None:
    small, large = measure_grown(Grown()), measure_grown(Grown(lots=5_000, open_requests=512))
    assert 500 < (large - small) / 5_000 < 10_000


def test_engine_tells_every_loop_beside_the_ceiling(tmp_path: Path) -> None:
    finding = quick_finding("engine", tmp_path, "--repeats", "2")
    assert [row.setting["format"] for row in finding.rows] == ["english"] * 3
    assert finding.rows[-1].figures["share_of_ceiling_percent"] == pytest.approx(100)
    for row in finding.rows:
        figures = row.figures
        assert 0 < figures["bids_per_s_min"] <= figures["bids_per_s"] <= figures["bids_per_s_max"]
        assert figures["us_per_bid"] * figures["bids_per_s"] == pytest.approx(1_000_000)
    assert finding.targets[0].reached is (finding.rows[0].figures["bids_per_s"] >= 200_000)


@pytest.mark.bench
def test_scale_tells_every_size_beside_the_smallest(tmp_path: Path) -> None:
    finding = quick_finding("scale", tmp_path, "--without-subscribers", "--rounds", "2")
    sizes = [row for row in finding.rows if "axis" in row.setting]
    axes = [row.setting["axis"] for row in sizes]
    assert list(dict.fromkeys(axes))[:3] == ["lots", "bidders", "journaled bids"]
    for axis in set(axes):
        ratios = [row.figures["ratio"] for row in sizes if row.setting["axis"] == axis]
        assert ratios[0] == 1
        (target,) = (target for target in finding.targets if target.what.startswith(f"{axis}: "))
        assert target.reached is (max(ratios) <= 1.1)
