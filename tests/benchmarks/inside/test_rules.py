"""The loop over the offers that all formats share comes to the end that it should, or is not timed."""

from random import Random
from typing import get_args

import pytest
from msgspec.structs import replace

from benchmarks.inside.formats.table import FORMATS
from benchmarks.inside.rules import Format
from common.formats import AnyTerms
from common.lot import LotStatus


def test_every_format_of_the_house_is_measured() -> None:
    assert set(FORMATS) == {terms.__struct_config__.tag for terms in get_args(AnyTerms)}


@pytest.mark.parametrize("one", FORMATS.values(), ids=FORMATS)
def test_offers_are_the_same_for_a_seed_and_go_to_all_lots(one: Format) -> None:
    works = one.works(Random(3), 50, 4_000)
    assert works == one.works(Random(3), 50, 4_000)
    asked = [ask for work in works for ask in work.asked]
    assert sum(sum(work.outcomes.values()) for work in works) == len(asked) == 4_000
    assert len({ask.request.lot for ask in works[0].asked}) == 50
    assert max(len(work.asked) for work in works) <= 50 * (one.offers_per_lot or 4_000)


@pytest.mark.parametrize("one", FORMATS.values(), ids=FORMATS)
def test_no_lot_is_over_before_the_last_offer(one: Format) -> None:
    for work in one.works(Random(3), 100, 10_000):
        assert {view.status for view, _ in work.lots} == {LotStatus.OPEN}


@pytest.mark.parametrize("one", FORMATS.values(), ids=FORMATS)
def test_a_loop_that_comes_to_another_end_is_not_timed(one: Format) -> None:
    work = one.work(Random(3), 100, 1_000)
    assert min(loop.run(work) for loop in one.loops) > 0
    view, book = work.lots[-1]
    other_views = work._replace(lots=[*work.lots[:-1], work.lots[-1]._replace(view=replace(view, seq=99))])
    other_book = next(other.book for other in work.lots if other.book != book)
    other_books = work._replace(lots=[*work.lots[:-1], work.lots[-1]._replace(book=other_book)])
    engine, alone, _ = one.loops
    for loop, other in ((engine, other_views), (engine, other_books), (alone, other_books)):
        with pytest.raises(AssertionError, match="came to other"):
            loop.run(other)
