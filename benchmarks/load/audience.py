"""Many screens at a publisher: plain SUB sockets, each with its own connection, in separate processes.

`audience` runs this module as such a process. The process reads an `Order` from its input, subscribes, and writes a
line when all subscriptions are in force. It listens until it reads an `End`. Then it waits until all screens have
received everything, and writes a `Delivery`.
"""

import os
import select
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import BinaryIO, Final

import msgspec
import zmq

from benchmarks.load.child import Child, decode_line, running_child, say
from benchmarks.load.connections import Publisher, new_subscriber
from benchmarks.load.delivery import Delivery, Ledger
from benchmarks.load.latencies import Latencies
from common.codec import LOT_TOPIC_PREFIX, PROBE_TOPIC_PREFIX, TOPIC_END, lot_topic, topic
from common.errors import UnreachableError
from common.sockets import new_context

PROBE_S: Final = 10.0
"""The time after which an unanswered probe is repeated."""
START_S: Final = 120.0
SILENCE_S: Final = 20.0
"""The silence after the end of the load that counts as the end of all deliveries."""
_LOTS: Final = LOT_TOPIC_PREFIX.encode()
_PROBE: Final = PROBE_TOPIC_PREFIX.encode()
_AT_ONCE: Final = int(zmq.DONTWAIT)


class Order(msgspec.Struct, frozen=True):
    """The lots to listen to. `seqs` has the lots to follow, with the seq of each; `follows_all` adds all other lots."""

    publisher: Publisher
    screens: int
    seqs: dict[str, int]
    follows_all: bool


class End(msgspec.Struct, frozen=True):
    """The load is over: the seq that each lot has reached, and the time from which latencies count."""

    seqs: dict[str, int]
    counted_from_us: int


class Screens:
    """All sockets of this process, and the input that announces the end of the load."""

    def __init__(self, order: Order, orders: BinaryIO) -> None:
        self._order = order
        self._orders = orders
        self._context = new_context()
        self._context.set(zmq.MAX_SOCKETS, order.screens + 16)
        self._ledger = Ledger(order.screens, order.seqs)
        self._unproven = set(range(order.screens))
        self._sockets = [self._connect() for _ in range(order.screens)]
        self._screens = {int(socket.getsockopt(zmq.FD)): number for number, socket in enumerate(self._sockets)}
        self._files = select.epoll()
        for handle in (*self._screens, orders.fileno()):
            self._files.register(handle, select.EPOLLIN)

    def _connect(self) -> zmq.SyncSocket:
        subscriber = new_subscriber(self._context, self._order.publisher)
        for one in [_LOTS] if self._order.follows_all else [lot_topic(lot) for lot in self._order.seqs]:
            subscriber.subscribe(one)
        subscriber.connect(self._order.publisher.address)
        return subscriber

    def prove(self) -> None:
        """Wait until every screen's subscriptions are in force. Raises UnreachableError."""
        until_s = time.monotonic() + START_S
        while self._unproven:
            if time.monotonic() > until_s:
                raise UnreachableError(f"{len(self._unproven)} screens could not subscribe within {START_S:.0f} s.")
            for number in self._unproven:
                self._sockets[number].subscribe(topic(PROBE_TOPIC_PREFIX + os.urandom(8).hex()))
            again_s = time.monotonic() + PROBE_S
            while self._unproven and time.monotonic() < again_s:
                self._drain_all()  # a socket gives no notice of frames that came during its use
                self._listen(0.1)

    def listen(self) -> End:
        """Listen until the load is over."""
        while not self._listen(None):
            continue
        end: End = decode_line(self._orders.readline(), End)
        return end

    def finish(self, end: End) -> Delivery:
        """Listen until every screen has everything, or nothing more comes; return the delivery."""
        self._files.unregister(self._orders.fileno())
        heard_s = time.monotonic()
        while not self._ledger.has_all(end.seqs) and time.monotonic() - heard_s < SILENCE_S:
            before = self._ledger.deliveries
            self._listen(0.2)
            self._drain_all()
            if self._ledger.deliveries != before:
                heard_s = time.monotonic()
        self._context.destroy(linger=0)
        return self._ledger.result(self._order.seqs, end.seqs, end.counted_from_us)

    def _listen(self, seconds: float | None) -> bool:
        """Wait for frames or an order, and take the frames; return whether an order came."""
        is_ordered = False
        for handle, _ in self._files.poll(seconds):
            if handle in self._screens:
                self._drain(self._screens[handle])
            else:
                is_ordered = True
        return is_ordered

    def _drain_all(self) -> None:
        for number in range(len(self._sockets)):
            self._drain(number)

    def _drain(self, number: int) -> None:
        subscriber, read = self._sockets[number], self._ledger.read
        while True:
            try:
                frame = subscriber.recv(_AT_ONCE)
            except zmq.Again:
                return
            if frame.startswith(_LOTS):
                read(number, frame, time.monotonic_ns() // 1000)
            elif frame.startswith(_PROBE):
                self._unproven.discard(number)
                subscriber.unsubscribe(frame[: frame.index(TOPIC_END) + 1])  # the publisher searches all that remain


def main() -> None:
    """Carry out the order from the input."""
    orders = os.fdopen(sys.stdin.fileno(), "rb", buffering=0)  # unbuffered, so epoll knows of all unread input
    screens = Screens(decode_line(orders.readline(), Order), orders)
    screens.prove()
    say("ready")
    began_s, cpu_s = time.monotonic(), time.process_time()
    end = screens.listen()
    cpu_share = (time.process_time() - cpu_s) / (time.monotonic() - began_s)
    say(msgspec.structs.replace(screens.finish(end), cpu_share=cpu_share))


class Audience:
    """Screens that listen. `audience` makes it."""

    def __init__(self, processes: list[Child]) -> None:
        self._processes = processes

    def end(self, seqs: Mapping[str, int], counted_from_us: int) -> Delivery:
        """Wait until all screens have their lots at these seqs, and return the delivery."""
        for process in self._processes:
            process.tell(End(dict(seqs), counted_from_us))
        return together([process.hear(Delivery) for process in self._processes])


@contextmanager
def audience(
    publisher: Publisher, screens: int, processes: int, seqs: Mapping[str, int], *, follows_all: bool
) -> Iterator[Audience]:
    """Have screens follow the lots of `seqs`, spread over several processes. Raises UnreachableError."""
    with ExitStack() as resources:
        running = []
        for number in range(min(processes, screens)):
            process = resources.enter_context(running_child("benchmarks.load.audience"))
            share = len(range(number, screens, processes))
            process.tell(Order(publisher, share, dict(seqs), follows_all))
            running.append(process)
        for process in running:
            process.hear(str)  # all its subscriptions are in force
        yield Audience(running)


def together(deliveries: list[Delivery]) -> Delivery:
    """Return the deliveries of several processes as one. It lacks the last screen of all, but has the last of each."""
    latencies, last_screen = Latencies(), Latencies()
    for one in deliveries:
        latencies.add(one.latencies)
        last_screen.add(one.last_screen)
    return Delivery(
        screens=sum(one.screens for one in deliveries),
        frames=max(one.frames for one in deliveries),
        events=max(one.events for one in deliveries),
        deliveries=sum(one.deliveries for one in deliveries),
        gaps=sum(one.gaps for one in deliveries),
        missing=sum(one.missing for one in deliveries),
        repeated=sum(one.repeated for one in deliveries),
        latencies=latencies,
        last_screen=last_screen,
        cpu_share=sum(one.cpu_share for one in deliveries),
    )


if __name__ == "__main__":
    main()
