"""The sale inside does with bids what a house does, and one that is not accepted ends the measurement."""

from pathlib import Path
from random import Random

import pytest

from auctioneer.house.register import ENROLMENTS_BURST
from auctioneer.journal.snapshots import SnapshotFiles
from auctioneer.journal.sqlite import SqliteStore
from auctioneer.process.startup import read_house
from benchmarks.inside.sale import BATCH_BIDS, Inside, InsideError, settings
from common.limits import REMEMBERED_REQUESTS_MAX
from common.messages import Accepted
from tests.english import english


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
    assert sum(english(lot.view).bids for lot in sale.house.engine.catalogue) == 3 * BATCH_BIDS + 7
    journal = SqliteStore(path).read()
    house = read_house(journal, SnapshotFiles(tmp_path).load(journal), settings(), sale.now_ms)
    assert (
        sum(english(lot.view).bids for lot in house.engine.catalogue) == 3 * BATCH_BIDS
    )  # the last seven were not committed
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
    assert sum(english(lot.view).bids for lot in sale.house.engine.catalogue) == 5 * REMEMBERED_REQUESTS_MAX
