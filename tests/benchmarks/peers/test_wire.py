"""No answer of a peer is lost or counted twice, wherever a read ends, and one that is not good is noticed."""

from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.load.ring import amount_minor, lot_of
from benchmarks.peers.postgres_peer import message, postgres_bids, postgres_publications
from benchmarks.peers.redis_peer import command, redis_bids, redis_publications
from benchmarks.peers.websocket_peer import websocket_bids
from benchmarks.peers.wire import Address, Answers, BrokenPeerError
from benchmarks.peers.zmtp import frame, split

NOWHERE: Address = ("127.0.0.1", 1)


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
