"""What the comparison with peers rests on: every bid of the ring is good, and no answer is lost between two reads."""

from collections.abc import Callable
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.load.ring import BIDDERS, LOTS, Ring, amount_minor, lot_of
from benchmarks.measurements.peers import QUICK, finding, peers
from benchmarks.peers.lineup import REDIS, Aim, Lineup, line_up
from benchmarks.peers.load import Load
from benchmarks.peers.measuring import Case, Measured
from benchmarks.peers.postgres_peer import message, postgres_bids, postgres_publications
from benchmarks.peers.redis_peer import command, redis_bids, redis_publications
from benchmarks.peers.websocket_peer import WebSocketPeer, websocket_bids
from benchmarks.peers.wire import Address, Answers, BrokenPeerError
from benchmarks.peers.zmtp import frame, split

NOWHERE: Address = ("127.0.0.1", 1)
TURNS = 40 * BIDDERS


@pytest.mark.parametrize("order", ["fair", "random", "the first first", "the last first"])
def test_every_bid_of_the_ring_is_good_in_whatever_order_the_peer_works(order: str) -> None:
    ring, random = Ring(), Random(7)
    prices, leaders = [0] * LOTS, [-1] * LOTS
    under_way = ring.start()
    assert len(under_way) == BIDDERS
    for _ in range(TURNS):
        picks = {"fair": 0, "random": random.randrange(len(under_way))}
        place = picks.get(order, under_way.index(min(under_way) if order == "the first first" else max(under_way)))
        bidder = under_way.pop(place)
        round_number = ring.answered[bidder]
        lots = [lot_of(one, ring.answered[one]) for one in (bidder, *under_way)]
        assert len(set(lots)) == len(lots), "two bids on one lot were under way at once"
        lot, amount = lots[0], amount_minor(round_number)
        assert amount > prices[lot]
        assert leaders[lot] != bidder
        prices[lot], leaders[lot] = amount, bidder
        ring.advance(bidder, under_way)
    assert len(under_way) > 0, "the ring stands still"
    assert sum(ring.answered) == TURNS


def _bid_row(value: int) -> bytes:
    row = message(b"D", b"\0\1\0\0\0\1" + bytes((value,)))
    return message(b"2", b"") + row + message(b"C", b"SELECT 1\0") + message(b"Z", b"I")


def _publication(text: bytes) -> bytes:
    return command(b"pmessage", b"lot:*", b"lot:7", text)


STREAMS: dict[str, tuple[Callable[[bytes], Answers], bytes]] = {
    "redis bids": (redis_bids(NOWHERE, 40 * "0").answers, b":1\r\n"),
    "redis publications": (redis_publications, _publication(b"1-0 bidder-7 100")),
    "postgresql bids": (postgres_bids(NOWHERE).answers, _bid_row(1)),
    "postgresql publications": (postgres_publications, message(b"A", b"\0\0\0\7bids\07 7 100\0")),
    "websocket bids": (websocket_bids(NOWHERE).answers, b'\x81\x13{"type":"accepted"}'),
    "long websocket bids": (
        websocket_bids(NOWHERE).answers,
        b"\x81\x7e\x01\x2c" + b'{"type":"accepted"}'.ljust(300),
    ),
    "zmtp messages": (lambda data: split(data, lambda _: 1), frame(b"accepted")),
    "long zmtp messages": (lambda data: split(data, lambda _: 1), frame(b"accepted".ljust(300))),
}


@pytest.mark.parametrize("name", STREAMS)
@given(count=st.integers(1, 6), cuts=st.lists(st.integers(0, 2000), max_size=12))
def test_answers_are_counted_once_wherever_a_read_ends(name: str, count: int, cuts: list[int]) -> None:
    count_in, one = STREAMS[name]
    stream = one * count
    edges = [0, *sorted(cut % len(stream) for cut in cuts), len(stream)]
    whole, rest = 0, b""
    for start, end in pairwise(edges):
        found, rest, _ = count_in(rest + stream[start:end])
        whole += found
    assert (whole, rest) == (count, b"")


@pytest.mark.parametrize(
    ("count_in", "rejection"),
    [
        (redis_bids(NOWHERE, 40 * "0").answers, b":1\r\n:0\r\n"),
        (redis_bids(NOWHERE, 40 * "0").answers, b"-NOSCRIPT\r\n"),
        (postgres_bids(NOWHERE).answers, _bid_row(1) + _bid_row(0)),
        (postgres_bids(NOWHERE).answers, message(b"E", b"SERROR\0\0")),
        (websocket_bids(NOWHERE).answers, b'\x81\x13{"type":"rejected"}'),
    ],
)
def test_an_answer_that_is_not_good_stops_the_measurement(
    count_in: Callable[[bytes], Answers], rejection: bytes
) -> None:
    with pytest.raises(BrokenPeerError):
        count_in(rejection)


def test_heartbeats_are_answered_and_not_counted() -> None:
    zmtp = split(frame(b"\x04PING\0\x3ccontext", 4) + frame(b"accepted"), lambda _: 1)
    assert (zmtp.whole, zmtp.reply) == (1, frame(b"\x04PONGcontext", 4))
    websocket = websocket_bids(NOWHERE).answers(b'\x89\x02hi\x81\x13{"type":"accepted"}')
    assert (websocket.whole, websocket.reply) == (1, b"\x8a\x82\0\0\0\0hi")


def test_a_bid_on_redis_is_a_command_as_it_reads_them() -> None:
    script = 40 * "0"
    lot, amount = b"lot:%d" % lot_of(7, 3), b"%d" % amount_minor(3)
    expected = command(b"EVALSHA", script.encode(), b"2", lot, b"bids", b"bidder-7", amount)
    assert redis_bids(NOWHERE, script).request(0, 7, 3) == expected


def _measured(per_s: int, missed: int = 0) -> Measured:
    load = Load(answered=2 * per_s, seconds=2.0, generator_s=0.5, server_s=3.0, stolen_s=0.1, total=2 * per_s)
    return Measured(load, load._replace(answered=20 * per_s), missed)


def test_ratios_are_of_the_same_repetition_and_decide_what_was_reached() -> None:
    house, echo, slow, fast = (WebSocketPeer() for _ in range(4))
    ours, pooled = Case(house, 16), Case(slow, 4, is_pool=True)
    theirs = Case(fast, 16)
    direct = Case(house, 256)
    lineup = Lineup(
        house, echo, (16, 256), [], [Aim(10, "slow", slow), Aim(2, "fast", fast), Aim(2, "gone", None)], ["a note"]
    )
    runs = {
        Case(echo, 16): [_measured(2000), _measured(400), _measured(1500)],
        Case(echo, 256): [_measured(1000), _measured(200), _measured(800)],
        ours: [_measured(1000), _measured(200), _measured(1000)],
        direct: [_measured(500), _measured(100), _measured(500)],
        pooled: [_measured(100), _measured(10), _measured(50)],
        theirs: [_measured(1000), _measured(100), _measured(800, missed=3)],
    }
    found = finding(lineup, runs, 3)
    assert [row.figures["house_times"] for row in found.rows[2:]] == [1, 1, 10, 1.25]
    assert [(target.found, target.reached) for target in found.targets] == [
        ("10.00 times (5.00 to 10.00); the bare echo 16.00", True),
        ("20.00 times (10.00 to 20.00); the bare echo 30.00", True),
        ("1.25 times (1.00 to 2.00); the bare echo 2.00", False),
        ("not measured", False),
    ]
    figures = found.rows[-1].figures
    assert (figures["bids_per_s"], figures["bids_per_s_min"], figures["trivial_per_s"]) == (800, 100, 8000)
    assert (figures["generator_percent"], figures["server_percent"], figures["stolen_percent"]) == (25, 150, 5)
    assert figures["unheard"] == 3
    assert found.notes[-1] == "a note"


def test_a_peer_that_is_not_here_is_said_aloud(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")
    lineup = line_up((REDIS,), QUICK)
    assert lineup.aims == [Aim(2, "redis", None)]
    assert {case.peer.name for case in lineup.cases} == {"bare echo", "house"}
    assert "sudo apt-get install redis-server" in capsys.readouterr().err
    assert "sudo apt-get install redis-server" in lineup.notes[0]


@pytest.mark.bench
def test_the_command_measures_and_keeps_what_it_found(tmp_path: Path) -> None:
    result = CliRunner().invoke(
        peers, ["--quick", "--peer", "websocket", "--results", str(tmp_path)], catch_exceptions=False
    )
    assert result.exit_code == 0, result.output
    assert "10 times WebSocket" in result.output
    assert version("websockets") in (tmp_path / "peers.json").read_text()
