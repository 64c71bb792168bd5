"""What programs and their own processes share: messages, shares of the crowd, tallies that add up, limits."""

import os
import resource
import subprocess
import sys

import pytest

from benchmarks.bots.crew import processes_for, shares
from benchmarks.bots.crowd import Arrivals, Crowd, Values
from benchmarks.bots.tally import Acknowledged, Tally
from benchmarks.bots.worker import (
    AnyOrder,
    AnyReport,
    Broken,
    Compare,
    Compared,
    Join,
    Standing,
    Stop,
    Stopped,
)
from benchmarks.load.child import decode_line, encode_line, running_child
from benchmarks.load.connections import Publisher
from benchmarks.load.latencies import LATENCY_US_MAX, Latencies
from common.errors import RejectCode, UnreachableError


def latencies(*seconds: float) -> Latencies:
    noted = Latencies()
    for one_s in seconds:
        noted.note_s(one_s)
    return noted


@pytest.mark.parametrize(("bidders", "processes"), [(10, 1), (1000, 3), (7, 7), (3, 5)])
def test_every_bot_is_in_just_one_share(bidders: int, processes: int) -> None:
    numbers = [number for first, count in shares(bidders, processes) for number in range(first, first + count)]
    assert numbers == list(range(bidders))
    counts = [count for _, count in shares(bidders, processes)]
    assert max(counts) - min(counts) <= 1


def test_bots_are_spread_as_far_as_processors_and_sockets_go() -> None:
    processors = os.cpu_count() or 1
    assert processes_for(1, 1000) == 1
    assert processes_for(10_000, 100_000) == processors
    assert processes_for(10_000, 100) == 100


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


def test_percentiles_are_right_to_three_digits_and_bounded() -> None:
    assert Latencies().percentile_ms(50) == 0
    noted = latencies(*(number / 1000 for number in range(1, 1001)))
    for percent, expected_ms in ((50, 500), (90, 900), (99, 990), (100, 1000)):
        assert noted.percentile_ms(percent) == pytest.approx(expected_ms, rel=0.002)
    assert latencies(0, 10_000_000).percentile_ms(100) == pytest.approx(LATENCY_US_MAX / 1000, rel=0.001)


def test_more_bots_than_the_system_has_files_for_are_refused_in_a_sentence() -> None:
    def allow_few() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 256))

    program = subprocess.run(
        [sys.executable, "-m", "benchmarks", "bots", "--bidders", "500"],
        capture_output=True,
        text=True,
        preexec_fn=allow_few,
        timeout=300,
    )
    assert program.returncode == 2
    assert "no room for 1000 more open files: the system allows it 256" in program.stderr


def test_a_worker_ends_when_nobody_gives_it_orders() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "benchmarks.bots.worker"], input=b"", capture_output=True, check=True, timeout=300
    )
    assert ended.stdout == b""


def test_a_worker_that_reaches_no_house_says_so() -> None:
    with running_child("benchmarks.bots.worker") as worker:
        worker.tell(Join("auction://127.0.0.1:1/short?publish=2", Crowd(7), first=0, bidders=1, slowness=1.0))
        assert worker.hear(Broken).exit_status == 2


def test_a_process_that_ends_too_early_is_named(capfd: pytest.CaptureFixture[str]) -> None:
    with running_child("benchmarks.load.listener") as listener:
        listener.tell(Publisher("nowhere", "", None))
        with pytest.raises(UnreachableError, match=r"benchmarks\.load\.listener"):
            listener.hear(str)
    assert "zmq" in capfd.readouterr().err, "its own error is not shown"
