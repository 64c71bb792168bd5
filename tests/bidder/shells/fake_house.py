"""`SmallHouse` behind real sockets with CURVE: one process after another, on the same port."""

import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path

import zmq
from zmq.auth import CURVE_ALLOW_ANY
from zmq.auth.thread import ThreadAuthenticator

from common.codec import decode_request, encode
from common.keys import new_keys
from common.limits import REQUEST_BYTES_MAX
from common.links import JoinLink, zmq_address
from common.sockets import new_context, set_publisher, set_request_server, use_curve_server
from tests.bidder.core.small_house import BEAT_MS, SmallHouse

TURN_MS = 5
PATIENCE_S = 60


class FakeHouse:
    """Use it in a `with` statement. The test may read `house`, but may change it only through `do`."""

    def __init__(self, lots: int = 3, *, encrypted: bool = True, allowed_keys: str | Path = CURVE_ALLOW_ANY) -> None:
        self.house = SmallHouse(lots)
        self.link: JoinLink
        self._keys = new_keys()
        self.is_garrulous = False
        self.host = "127.0.0.1"
        self.publish_port = 0
        """The port on which the next start broadcasts; 0 for another port each time."""
        self._encrypted = encrypted
        self._allowed_keys = allowed_keys
        self._port = 0

    def start(self) -> None:
        self._tasks: queue.SimpleQueue[tuple[Callable[[], object], Future[object]] | None] = queue.SimpleQueue()
        started: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, args=(started,))
        self._thread.start()
        started.result(PATIENCE_S)

    def stop(self) -> None:
        self._tasks.put(None)
        self._thread.join()

    def restart(self, change: Callable[[SmallHouse], object] = lambda _: None) -> None:
        """Let another process of the house continue the sale, after a change while no process runs."""
        self.stop()
        self.house.instance += 1
        change(self.house)
        self.start()

    def __enter__(self) -> "FakeHouse":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._thread.is_alive():
            self.stop()

    def do(self, task: Callable[[SmallHouse], object]) -> None:
        """Run `task` on the house in the house's thread, and wait until it is done and broadcast."""
        done: Future[object] = Future()
        self._tasks.put((lambda: task(self.house), done))
        done.result(PATIENCE_S)

    # --- in the house's thread --------------------------------------------------------------------------------------

    def _run(self, started: "Future[None]") -> None:
        context = new_context()
        guard = ThreadAuthenticator(context)
        guard.start()
        guard.configure_curve(domain="*", location=self._allowed_keys)
        self._router, self._publisher = context.socket(zmq.ROUTER), context.socket(zmq.XPUB)
        try:
            self._bind()
            started.set_result(None)
            while self._turn():
                pass
        finally:
            self._router.close(linger=0)
            self._publisher.close(linger=0)
            guard.stop()
            context.term()

    def _bind(self) -> None:
        set_request_server(self._router, REQUEST_BYTES_MAX)
        set_publisher(self._publisher, REQUEST_BYTES_MAX)
        ports = []
        for zmq_socket, port in ((self._router, self._port), (self._publisher, self.publish_port)):
            if self._encrypted:
                use_curve_server(zmq_socket, self._keys, "house")
            zmq_socket.bind(zmq_address(self.host, port).removesuffix(":0") + ("" if port else ":*"))
            ports.append(int(zmq_socket.getsockopt_string(zmq.LAST_ENDPOINT).rpartition(":")[2]))
        self._port, self.house.publish_port = ports
        key = self._keys.public if self._encrypted else ""
        self.link = JoinLink(self.host, self._port, self.house.publish_port, key)

    def _turn(self) -> bool:
        if self._router.poll(TURN_MS):
            peer, body = self._router.recv_multipart(copy=False)
            key = body.get("User-Id") if self._encrypted else peer.bytes.hex()
            answer = self.house.answer(str(key), decode_request(body.bytes))
            if answer is not None:
                self._answer([peer.bytes, encode(answer), *([b"and"] if self.is_garrulous else [])])
        while self._publisher.poll(0):
            frame = self._publisher.recv()
            option = zmq.SUBSCRIBE if frame[0] else zmq.UNSUBSCRIBE
            self._publisher.setsockopt(option, frame[1:])
            if frame[0]:
                self.house.subscribed(frame[1:])
        self.house.now_ms += TURN_MS
        if self.house.now_ms % BEAT_MS == 0:
            self.house.beat()
        return self._do_tasks()

    def _answer(self, frames: list[bytes]) -> None:
        try:
            self._router.send_multipart(frames)
        except zmq.ZMQError as error:
            if error.errno != zmq.EHOSTUNREACH:  # the asking client has left in the meantime
                raise

    def _do_tasks(self) -> bool:
        done = []
        goes_on = True
        while not self._tasks.empty():
            task = self._tasks.get()
            if task is None:
                goes_on = False
                break
            done.append((task[1], task[0]()))
        for frame in self.house.outbox:
            self._publisher.send(frame)
        self.house.outbox.clear()
        for future, result in done:
            future.set_result(result)
        return goes_on


def heir_of(owner: FakeHouse) -> FakeHouse:
    """Return a house that can take over: with the owner's keys and state, and ports of its own. It has to start."""
    heir = FakeHouse()
    heir._keys, heir.house = owner._keys, deepcopy(owner.house)
    heir.start()
    heir.stop()
    heir.house.instance, heir.house.term = owner.house.instance + 1, owner.house.term + 1
    return heir


@contextmanager
def standing_still(house: FakeHouse) -> Iterator[None]:
    """Have a house do nothing; its connections stay, and the system accepts new ones."""
    stopped, goes_on = threading.Event(), threading.Event()

    def stand(_: object) -> None:
        stopped.set()
        assert goes_on.wait(PATIENCE_S)

    thread = threading.Thread(target=house.do, args=(stand,))
    thread.start()
    assert stopped.wait(PATIENCE_S)
    try:
        yield
    finally:
        goes_on.set()
        thread.join()
