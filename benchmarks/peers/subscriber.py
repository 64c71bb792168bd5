"""A live subscriber: a separate process that receives all publications of a peer and counts the bids in them."""

import select
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Final

from benchmarks.peers.wire import RECEIVE_BYTES, BrokenPeerError, Watcher

ANSWER_S: Final = 120.0
"""The longest time to subscribe, or to receive the last publications."""
SILENCE_S: Final = 20.0
"""The silence after the bidding that counts as the end of all publications."""


class Subscriber:
    """A subscriber that listens. Call `heard` once, after the last bid."""

    def __init__(self, pipe: "Connection[int, int | None]") -> None:
        self._pipe = pipe

    def heard(self, expected: int) -> int:
        """Return the number of bids heard, as soon as it is `expected` or nothing more comes."""
        with suppress(BrokenPipeError):  # it died, and the next receive reports that
            self._pipe.send(expected)
        heard = _receive(self._pipe)
        assert heard is not None, "a subscriber answers with how many bids it heard"
        return heard


@contextmanager
def listening(watcher: Watcher) -> Iterator[Subscriber]:
    """Have a subscriber listen during the `with` block; its subscription is in force from the beginning."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_listen, args=(watcher, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        _receive(ours)  # it listens
        yield Subscriber(ours)
    finally:
        process.kill()
        process.join()
        ours.close()


def _receive(pipe: "Connection[int, int | None]") -> int | None:
    """Return a subscriber's next message. Raises BrokenPeerError if it died or stays silent."""
    try:
        if pipe.poll(ANSWER_S):
            return pipe.recv()
    except (EOFError, ConnectionResetError):  # reset if it had not read all messages to it
        raise BrokenPeerError("The subscriber died; its reason is above.") from None
    raise BrokenPeerError(f"The subscriber said nothing for {ANSWER_S:.0f} s.")


def _listen(watcher: Watcher, pipe: "Connection[int | None, int]") -> None:
    """Count bids until the expected number is reached; the other side sends that number at the end of the bidding."""
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
