"""The load generator and its subscriber, against a small peer that answers each byte with a byte."""

import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import pytest

from benchmarks.load.ring import BIDDERS
from benchmarks.peers.load import drive
from benchmarks.peers.subscriber import listening
from benchmarks.peers.wire import Address, Answers, BrokenPeerError, Watcher, Wire, connect_to, count_equal

BID, ANSWER = b"b", b"a"
GONE = 1 << 40


@contextmanager
def running_peer(answer: bytes = ANSWER, hangs_up_after: int = GONE) -> Iterator[Address]:
    """Answer each byte that comes; hang up where so many came over one connection."""
    with socket.create_server(("127.0.0.1", 0)) as server, select.epoll() as poll:
        ours, theirs = socket.socketpair()
        serving = threading.Thread(target=_serve, args=(server, theirs, poll, answer, hangs_up_after))
        serving.start()
        try:
            yield server.getsockname()
        finally:
            ours.close()
            serving.join()
            theirs.close()


def _serve(server: socket.socket, end: socket.socket, poll: select.epoll, answer: bytes, hangs_up_after: int) -> None:
    clients: dict[int, socket.socket] = {}
    heard: dict[int, int] = {}
    for one in (server, end):
        poll.register(one.fileno(), select.EPOLLIN)
    while True:
        for descriptor, _ in poll.poll():
            if descriptor == end.fileno():
                for client in clients.values():
                    client.close()
                return
            if descriptor == server.fileno():
                client, _ = server.accept()
                heard[client.fileno()] = 0
                clients[client.fileno()] = client
                poll.register(client.fileno(), select.EPOLLIN)
                continue
            heard[descriptor] += _answer(clients[descriptor], answer)
            if hangs_up_after <= heard[descriptor]:
                poll.unregister(descriptor)
                clients.pop(descriptor).close()


def _answer(client: socket.socket, answer: bytes) -> int:
    """Answer what a client said; return how much that was, or more than any where it is gone."""
    try:
        data = client.recv(4096)
        client.sendall(answer * len(data))
    except ConnectionError:
        return GONE
    return len(data) or GONE


def wire(address: Address, bids: list[tuple[int, int]]) -> Wire:
    def request(_: int, bidder: int, round_number: int) -> bytes:
        bids.append((bidder, round_number))
        return BID

    return Wire(lambda _: connect_to(address), request, partial(count_equal, expected=ANSWER))


@pytest.mark.parametrize(("connections", "is_pool"), [(BIDDERS, False), (16, False), (3, True)])
def test_each_bid_is_made_once_and_every_answer_counts(connections: int, *, is_pool: bool) -> None:
    bids: list[tuple[int, int]] = []
    with running_peer() as address:
        load = drive(wire(address, bids), connections, 0.02, 0.05, lambda: 0.0, is_pool=is_pool)
    assert len(bids) == len(set(bids)) == load.total
    assert 0 < load.answered <= load.total
    assert load.per_s == load.answered / load.seconds
    for bidder in range(BIDDERS):
        rounds = [number for one, number in bids if one == bidder]
        assert rounds == list(range(len(rounds))), "a bidder's rounds are out of order"


def test_a_peer_that_refuses_or_hangs_up_ends_the_measurement() -> None:
    with running_peer(answer=b"n") as address, pytest.raises(BrokenPeerError, match="was due"):
        drive(wire(address, []), 4, 0.02, 0.05, lambda: 0.0)
    with running_peer(answer=b"", hangs_up_after=1) as address, pytest.raises((BrokenPeerError, OSError)):
        drive(wire(address, []), 4, 0.02, 0.05, lambda: 0.0)


def test_bidders_are_spread_over_no_more_connections_than_there_are_of_them() -> None:
    for connections in (0, BIDDERS + 1):
        with pytest.raises(ValueError, match=f"{connections} connections"):
            drive(wire(("127.0.0.1", 1), []), connections, 0, 0, lambda: 0.0)


def _subscribe(address: Address) -> socket.socket:
    connection = connect_to(address)
    connection.sendall(5 * BID)
    return connection


def _publications(data: bytes) -> Answers:
    return count_equal(data, ANSWER)


def test_a_subscriber_counts_what_it_hears_until_all_is_there() -> None:
    with running_peer() as address, listening(Watcher(partial(_subscribe, address), _publications)) as subscriber:
        assert subscriber.heard(5) == 5


def test_a_subscriber_whose_peer_hangs_up_is_missed(capfd: pytest.CaptureFixture[str]) -> None:
    with (
        running_peer(answer=b"", hangs_up_after=1) as address,
        pytest.raises(BrokenPeerError, match="died"),
        listening(Watcher(partial(_subscribe, address), _publications)) as subscriber,
    ):
        subscriber.heard(5)
    assert "hung up" in capfd.readouterr().err
