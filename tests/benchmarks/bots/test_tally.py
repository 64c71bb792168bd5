"""Tallies of several processes add up."""

import pytest

from benchmarks.bots.tally import MeasuredTally
from benchmarks.bots.worker import (
    AnyReport,
    Stopped,
)
from benchmarks.load.child import decode_line, encode_line
from common.errors import RejectCode
from rehearsal.bots.tally import Acknowledged


def test_a_tally_arrives_and_adds_up() -> None:
    ours = MeasuredTally([Acknowledged(1, 2, "3")], {RejectCode.BELOW_MINIMUM: 2}, 1, 1, 2, 3, 4, 5)
    theirs = MeasuredTally([Acknowledged(2, 2, "3")], {RejectCode.BELOW_MINIMUM: 1, RejectCode.NO_BUY_NOW: 1})
    for verdict_s in (0.001, 0.002):
        ours.note_verdict(verdict_s)
    theirs.note_verdict(4)
    told = decode_line(encode_line(Stopped(theirs)), AnyReport)
    assert isinstance(told, Stopped)
    ours.add(told.tally)
    assert ours.acknowledged == [Acknowledged(1, 2, "3"), Acknowledged(2, 2, "3")]
    assert ours.rejected == {RejectCode.BELOW_MINIMUM: 3, RejectCode.NO_BUY_NOW: 1}
    assert ours.refused == 4
    assert ours.latencies.count == 3
    assert ours.slowest_s == 4
    assert ours.latencies.percentile_ms(100) == pytest.approx(4000, rel=0.001)
    assert (ours.unanswered, ours.repairs, ours.events_repaired) == (1, 1, 2)
    assert (ours.jumps, ours.histories_lost, ours.events_dropped) == (3, 4, 5)
