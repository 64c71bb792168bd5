"""Each peer for real: its good bids are accepted, published and on record, and one that is too low is refused."""

import asyncio
from collections.abc import Callable

import pytest

from benchmarks.measurements.peers import QUICK
from benchmarks.peers.house_peer import HousePeer
from benchmarks.peers.lineup import postgres_programs, redis_program
from benchmarks.peers.measuring import Case, data_folder, measure
from benchmarks.peers.postgres_peer import PostgresPeer
from benchmarks.peers.redis_peer import ALWAYS, EVERY_SECOND, RedisPeer
from benchmarks.peers.websocket_peer import WebSocketPeer
from benchmarks.peers.wire import BrokenPeerError, Peer, Running, Wire

BRIEF = QUICK._replace(seconds=0.2)


def redis(append_sync: str) -> Peer:
    program = redis_program()
    if program is None:
        pytest.skip("redis-server is not installed; on Debian: sudo apt-get install redis-server")
    return RedisPeer(program, append_sync)


def postgres() -> Peer:
    programs = postgres_programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed; on Debian: sudo apt-get install postgresql")
    return PostgresPeer(programs)


MAKERS: dict[str, Callable[[], Peer]] = {
    "redis always": lambda: redis(ALWAYS),
    "redis everysec": lambda: redis(EVERY_SECOND),
    "postgresql": postgres,
    "websocket": WebSocketPeer,
    "house": HousePeer,
}


@pytest.fixture(params=MAKERS)
def peer(request: pytest.FixtureRequest) -> Peer:
    return MAKERS[request.param]()


def test_what_a_peer_accepts_is_on_record_and_is_published(peer: Peer) -> None:
    """`measure` itself raises where a bid was refused, or is not on record."""
    measured = measure(Case(peer, 4, is_pool=isinstance(peer, PostgresPeer)), BRIEF)
    assert measured.bids.answered > 0
    assert measured.bids.total >= measured.bids.answered
    assert measured.missed == 0
    assert measured.trivial is not None
    assert measured.trivial.answered > 0


def test_a_bid_that_is_too_low_is_refused_and_not_on_record(peer: Peer) -> None:
    async def bid_twice() -> int:
        with data_folder() as folder:
            async with peer.running(folder) as running:
                await asyncio.to_thread(bid_high_then_low, running)
                assert running.records is not None
                return await running.records()

    assert asyncio.run(bid_twice()) == 1


def bid_high_then_low(running: Running) -> None:
    """On lot 0: bidder 1 in its second round, then bidder 0 with the amount of the first."""
    say(running.bids, connection=0, bidder=1, round_number=1)
    with pytest.raises(BrokenPeerError, match=r"due|refused"):
        say(running.bids, connection=1, bidder=0, round_number=0)


def say(wire: Wire, connection: int, bidder: int, round_number: int) -> None:
    with wire.connect(connection) as opened:
        opened.sendall(wire.request(connection, bidder, round_number))
        whole, rest = 0, b""
        while not whole:
            received = opened.recv(4096)
            assert received, "the peer hung up"
            whole, rest, _ = wire.answers(rest + received)
