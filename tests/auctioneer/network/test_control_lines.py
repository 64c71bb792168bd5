"""Which connections end when a key gives commands no longer."""

from collections.abc import Iterator

import pytest
import zmq

from auctioneer.network.control_lines import LINES_PER_KEY_MAX, ControlLines
from common.sockets import BytesSocket

WAIT_MS = 10_000


class Peers:
    """A ROUTER with connections to it."""

    def __init__(self) -> None:
        self._context = zmq.Context()
        self.router = self._context.socket(zmq.ROUTER, socket_class=BytesSocket)
        self.router.bind("tcp://127.0.0.1:*")
        self.lines = ControlLines(self.router)
        self._made: list[tuple[zmq.SyncSocket, zmq.SyncSocket]] = []

    def connect(self) -> tuple[zmq.SyncSocket, zmq.SyncSocket]:
        """Return a new connection, and what tells of its end."""
        dealer = self._context.socket(zmq.DEALER)
        dealer.setsockopt(zmq.RECONNECT_IVL, -1)
        ends = dealer.get_monitor_socket(zmq.EVENT_DISCONNECTED)
        dealer.connect(self.router.getsockopt_string(zmq.LAST_ENDPOINT))
        self._made.append((dealer, ends))
        return dealer, ends

    def command(self, dealer: zmq.SyncSocket, key: str) -> None:
        """Note a command of a key over a connection."""
        dealer.send(b"command")
        assert self.router.poll(WAIT_MS)
        self.router.recv()
        self.lines.note(key, self.router.recv(copy=False))

    def close(self) -> None:
        for dealer, ends in self._made:
            dealer.disable_monitor()
            ends.close()
        self._context.destroy(linger=0)


@pytest.fixture
def peers() -> Iterator[Peers]:
    peers = Peers()
    yield peers
    peers.close()


def test_all_connections_of_a_key_end_and_no_others(peers: Peers) -> None:
    ours, ends = zip(*(peers.connect() for _ in range(3)), strict=True)
    other, others_end = peers.connect()
    for dealer in (*ours, ours[0]):
        peers.command(dealer, "bea")
    peers.command(other, "cat")
    peers.lines.cut_off("bea")
    assert all(one.poll(WAIT_MS) for one in ends)
    peers.command(other, "cat")
    assert not others_end.poll(0)
    peers.lines.cut_off("bea")
    peers.lines.cut_off("nobody")


def test_so_many_connections_of_a_key_are_known_and_no_more(peers: Peers) -> None:
    connected = [peers.connect() for _ in range(LINES_PER_KEY_MAX + 1)]
    for dealer, _ in connected:
        peers.command(dealer, "bea")
    assert len(peers.lines._lines["bea"]) == LINES_PER_KEY_MAX
    peers.lines.cut_off("bea")
    assert all(ends.poll(WAIT_MS) for _, ends in connected[1:])
    assert not connected[0][1].poll(0), "the first has gone from memory"
