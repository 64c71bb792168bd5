"""A live subscriber: a process of its own that receives all publications of a peer and counts the bids in them."""

import select
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Final

from benchmarks.peers.wire import RECEIVE_BYTES, BrokenPeerError, Watcher

ANSWER_S: Final = 120.0
"""To subscribe, or to hear the last publications."""
SILENCE_S: Final = 20.0
"""What did not come within so long after the bidding does not come."""


class Subscriber:
    """A subscriber that listens. Ask `heard` once, when all is bid."""

    def __init__(self, pipe: "Connection[int, int | None]") -> None:
        self._pipe = pipe

    def heard(self, expected: int) -> int:
        """Return how many bids it heard, as soon as that is `expected` or nothing more comes."""
        with suppress(BrokenPipeError):  # it died, and what is received next says so
            self._pipe.send(expected)
        heard = _receive(self._pipe)
        assert heard is not None, "a subscriber answers with how many bids it heard"
        return heard


@contextmanager
def listening(watcher: Watcher) -> Iterator[Subscriber]:
    """Have a subscriber listen while the `with` lasts; its subscription is in force from the beginning."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_listen, args=(watcher, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        _receive(ours)  # that it listens
        yield Subscriber(ours)
    finally:
        process.kill()
        process.join()
        ours.close()


def _receive(pipe: "Connection[int, int | None]") -> int | None:
    """Return what a subscriber says next. Raises BrokenPeerError where it died or does not speak."""
    try:
        if pipe.poll(ANSWER_S):
            return pipe.recv()
    except (EOFError, ConnectionResetError):  # reset where it had not read all that it was told
        raise BrokenPeerError("The subscriber died; its reason is above.") from None
    raise BrokenPeerError(f"The subscriber said nothing for {ANSWER_S:.0f} s.")


def _listen(watcher: Watcher, pipe: "Connection[int | None, int]") -> None:
    """Count until the number that is expected is there, which the other side tells at the end of the bidding."""
    with watcher.connect() as connection, select.epoll() as poll:
        poll.register(connection.fileno(), select.EPOLLIN)
        poll.register(pipe.fileno(), select.EPOLLIN)
        pipe.send(None)
        bids, expected, rest = 0, None, b""
        while expected is None or bids < expected:
            events = poll.poll(None if expected is None else SILENCE_S)
            if not events:
                break
            for descriptor, _ in events:
                if descriptor == pipe.fileno():
                    expected = pipe.recv()
                    poll.unregister(pipe.fileno())
                    continue
                received = connection.recv(RECEIVE_BYTES)
                if not received:
                    raise BrokenPeerError("The peer hung up on its subscriber.")
                count, rest, reply = watcher.publications(rest + received)
                bids += count
                if reply:
                    connection.sendall(reply)
        pipe.send(bids)
