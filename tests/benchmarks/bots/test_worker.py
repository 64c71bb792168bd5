"""What a program and its workers tell each other arrives as it was said, and a worker never outlives its orders."""

import subprocess
import sys

import pytest

from benchmarks.bots.worker import (
    AnyOrder,
    AnyReport,
    Broken,
    Compare,
    Compared,
    Join,
    Standing,
    Stop,
)
from benchmarks.load.child import decode_line, encode_line, running_child
from rehearsal.bots.crowd import Arrivals, Crowd, Values


@pytest.mark.parametrize(
    "order",
    [
        Join("auction://x", Crowd(7, "noise", Values.COMMON, Arrivals.LATE), first=3, bidders=4, slowness=2.5),
        Stop(),
        Compare(3.5),
    ],
)
def test_an_order_arrives_as_it_was_given(order: AnyOrder) -> None:
    line = encode_line(order)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert decode_line(line, AnyOrder) == order


@pytest.mark.parametrize(
    "report",
    [
        Standing(joined=1, accepted=2, refused=3, is_over=True, lots_over=4, lots=5, live={"a": 1}, lag_ms=0.5),
        Compared(["a line\nbreak"], "abc", is_gone=False),
        Broken("usage", 2, "No."),
    ],
)
def test_a_report_arrives_as_it_was_given(report: AnyReport) -> None:
    assert encode_line(report).count(b"\n") == 1
    assert decode_line(encode_line(report), AnyReport) == report


def test_a_worker_ends_when_nobody_gives_it_orders() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "benchmarks.bots.worker"], input=b"", capture_output=True, check=True, timeout=300
    )
    assert ended.stdout == b""


def test_a_worker_that_reaches_no_house_says_so() -> None:
    with running_child("benchmarks.bots.worker") as worker:
        worker.tell(Join("auction://127.0.0.1:1/short?publish=2", Crowd(7), first=0, bidders=1, slowness=1.0))
        assert worker.hear(Broken).exit_status == 2
