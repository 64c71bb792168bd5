"""The bids for the rules are mixed as it says, and a loop that comes to another end is noticed."""

from collections import Counter
from pathlib import Path
from random import Random

import pytest
from msgspec.structs import replace

from benchmarks.inside.rules import FORMATS, LOTS, english_work, time_bare, time_engine, time_english_alone

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
