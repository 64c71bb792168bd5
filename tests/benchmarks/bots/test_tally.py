"""Tallies of several processes add up."""

import pytest

from benchmarks.bots.tally import Acknowledged, Tally
from benchmarks.bots.worker import (
    AnyReport,
    Stopped,
)
from benchmarks.load.child import decode_line, encode_line
from benchmarks.load.latencies import Latencies
from common.errors import RejectCode


def latencies(*seconds: float) -> Latencies:
    noted = Latencies()
    for one_s in seconds:
        noted.note_s(one_s)
    return noted


def test_a_tally_arrives_and_adds_up() -> None:
    ours = Tally([Acknowledged(1, 2, "3")], {RejectCode.BELOW_MINIMUM: 2}, 1, latencies(0.001, 0.002), 1, 2, 3, 4, 5)
    theirs = Tally([Acknowledged(2, 2, "3")], {RejectCode.BELOW_MINIMUM: 1, RejectCode.NO_BUY_NOW: 1}, 0, latencies(4))
    told = decode_line(encode_line(Stopped(theirs)), AnyReport)
    assert isinstance(told, Stopped)
    ours.add(told.tally)
    assert ours.acknowledged == [Acknowledged(1, 2, "3"), Acknowledged(2, 2, "3")]
    assert ours.rejected == {RejectCode.BELOW_MINIMUM: 3, RejectCode.NO_BUY_NOW: 1}
    assert ours.refused == 4
    assert ours.latencies.count == 3
    assert ours.latencies.percentile_ms(100) == pytest.approx(4000, rel=0.001)
    assert (ours.unanswered, ours.repairs, ours.events_repaired) == (1, 1, 2)
    assert (ours.jumps, ours.histories_lost, ours.events_dropped) == (3, 4, 5)
