"""The sockets of a client and its session, for both shells: it never waits, and has no thread or loop of its own.

A shell calls `pump` when one of `sockets` may be readable, when the time `wait_ms` is over, and after each request of
the application. `pump` reads until nothing is left, also after it has sent something: a zmq socket's file descriptor
tells only of changes, so that whoever leaves a message unread may never hear of it.

A wrong key shows in the handshake. The monitors tell of each attempt: libzmq gives up by itself where the two sides
want different security, and tries again for ever where the house can't read what was encrypted for another. Such a
house hangs up at once; a handshake that fails slowly is that of a house, or of a program, with too much to do.

libzmq also gives up for good where bytes of a sound connection were broken on the way, since to it that is a peer who
breaks the protocol. It names no attempt to come after such an end, and then the line connects anew by itself.
"""

import time
from contextlib import suppress
from os import urandom
from typing import Any, Final

import msgspec
import zmq
from zmq.utils.monitor import recv_monitor_message

from bidder.effects import ConnectFeed, Send, Settled, Subscribe, Unsubscribe
from bidder.events import Event
from bidder.session import Session
from common.errors import ProtocolError, RejectCode, RejectedError, UnreachableError, UsageError, WrongKeyError
from common.keys import JoinLink, KeyPair
from common.limits import REPLY_BYTES_MAX
from common.messages import Hello
from common.sockets import HANDSHAKE_MS, set_request_client, set_subscriber, use_curve_client
from common.steady_time import steady_ns

FRAMES_PER_PUMP_MAX: Final = 500
"""Frames read from one socket before the application gets its turn."""
HANDSHAKES_FAILED_MAX: Final = 3
"""So many quick failures, before there ever was a success, are a wrong key rather than an accident."""
HANDSHAKE_QUICK_MS: Final = HANDSHAKE_MS // 2
"""Both sides give a handshake up after twice that, whatever the key."""
RECONNECT_MS: Final = 500
"""How long after the end of a connection libzmq must have named its next attempt; it does so at once or never."""

_WATCHED: Final = (
    zmq.EVENT_CONNECTED
    | zmq.EVENT_DISCONNECTED
    | zmq.EVENT_CONNECT_RETRIED
    | zmq.EVENT_HANDSHAKE_SUCCEEDED
    | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
    | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
    | zmq.EVENT_HANDSHAKE_FAILED_AUTH
)

_READABLE: Final = int(zmq.POLLIN)

AppEffect = Settled | Event
"""What is left for the shell: to settle the application's requests and to tell it the events."""


class _Line:
    """One socket with its monitor, and what is known of its handshakes."""

    def __init__(self, context: "zmq.Context[zmq.SyncSocket]", kind: int) -> None:
        self.socket = context.socket(kind)
        self.monitor: zmq.SyncSocket | None = None
        self.address = ""
        self.reached = False
        self.proven = False
        self.failures = 0
        self._looked_ms = 0
        self._connected_after_ms = 0
        self.reconnect_ms: int | None = None
        """When to connect anew, unless libzmq does before; None where the line is up or libzmq is at it."""

    def watch(self) -> None:
        """Open the monitor; after the options are set and before the socket connects."""
        self.monitor = self.socket.get_monitor_socket(_WATCHED)

    def connect(self, address: str, now_ms: int) -> None:
        """Connect to an address, instead of any other. Raises UsageError for what is none."""
        if self.address:
            with suppress(zmq.ZMQError):  # libzmq has forgotten the address of a connection that it gave up
                self.socket.disconnect(self.address)
        try:
            self.socket.connect(address)
        except zmq.ZMQError as error:
            raise UsageError(f"{address} is not an address that can be reached: {error.strerror}.") from error
        self.address = address
        self._looked_ms = now_ms
        self.reconnect_ms = None

    def connect_again_if_given_up(self, now_ms: int) -> None:
        """Connect anew where the last connection ended and libzmq does not try again."""
        if self.reconnect_ms is not None and now_ms >= self.reconnect_ms:
            self.connect(self.address, now_ms)

    def receive(self) -> bytes | None:
        """Return the next frame; None where there is none. Raises ProtocolError for a message of many frames."""
        try:
            frame: bytes = self.socket.recv(zmq.DONTWAIT)
        except zmq.Again:
            return None
        if self.socket.getsockopt(zmq.RCVMORE):
            raise ProtocolError(f"A message of more than one frame came from {self.address}; is it an auction house?")
        return frame

    def came_up(self, now_ms: int) -> bool:
        """Return whether the socket connected since the last call. Raises WrongKeyError and RejectedError."""
        came_up = False
        while self.monitor is not None and int(self.monitor.getsockopt(zmq.EVENTS)) & _READABLE:
            match recv_monitor_message(self.monitor)["event"]:
                case zmq.EVENT_CONNECTED:
                    self.reached, self.reconnect_ms = True, None
                    self._connected_after_ms = self._looked_ms
                case zmq.EVENT_CONNECT_RETRIED:
                    self.reconnect_ms = None
                case zmq.EVENT_DISCONNECTED:
                    self.reconnect_ms = now_ms + RECONNECT_MS
                case zmq.EVENT_HANDSHAKE_SUCCEEDED:
                    came_up, self.proven = True, True
                case zmq.EVENT_HANDSHAKE_FAILED_AUTH:
                    raise RejectedError(RejectCode.NOT_ADMITTED, f"{self.address} refused the key in the handshake")
                case zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL if not self.proven:
                    raise self._other_security()
                case zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL:
                    self.reconnect_ms = now_ms + RECONNECT_MS
                case zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL:
                    self._count_failure(now_ms)
        self._looked_ms = now_ms
        return came_up

    def _count_failure(self, now_ms: int) -> None:
        if now_ms - self._connected_after_ms < HANDSHAKE_QUICK_MS:
            self.failures += 1
        if not self.proven and self.failures >= HANDSHAKES_FAILED_MAX:
            if self.socket.getsockopt(zmq.MECHANISM) == zmq.NULL:
                raise self._other_security()  # the other side may hang up before it says why
            raise WrongKeyError(
                f"Something listens at {self.address}, but it is not the house that the link names: the handshake with "
                "the link's key fails. Ask for a new join link."
            )

    def _other_security(self) -> WrongKeyError:
        return WrongKeyError(
            f"What listens at {self.address} does not use the link's kind of security: one of the two is encrypted and "
            "the other is not, or it is no auction house. Ask for a new join link."
        )

    def close(self) -> None:
        """Close the socket and its monitor; what was not sent yet is dropped."""
        if self.monitor is not None:
            self.socket.disable_monitor()
            self.monitor.close(linger=0)
        self.socket.close(linger=0)


class Connection:
    """One client's sockets and its session. All methods must be called by one thread at a time."""

    def __init__(
        self,
        context: "zmq.Context[zmq.SyncSocket]",
        link: JoinLink,
        keys: KeyPair,
        hello: Hello,
        last_id: int = 0,
    ) -> None:
        self.link = link
        self.session = Session(
            hello if link.server_key else msgspec.structs.replace(hello, key=keys.public),
            now_ms=self.now_ms(),
            now_us=time.time_ns() // 1000,
            entropy=urandom,
            last_id=last_id,
        )
        self._requests = _Line(context, zmq.DEALER)
        self._feed = _Line(context, zmq.SUB)
        try:
            self._open(keys)
        except UsageError:
            self.close()
            raise

    def _open(self, keys: KeyPair) -> None:
        set_request_client(self._requests.socket, REPLY_BYTES_MAX)
        set_subscriber(self._feed.socket, REPLY_BYTES_MAX)
        for line in (self._requests, self._feed):
            if self.link.server_key:
                use_curve_client(line.socket, keys, self.link.server_key)
            line.watch()
        self._requests.connect(self.link.request_address, self.now_ms())

    @staticmethod
    def now_ms() -> int:
        """Return the session's time: milliseconds of a clock that nobody sets and that goes on in a sleep."""
        return steady_ns() // 1_000_000

    @property
    def sockets(self) -> list["zmq.Socket[Any]"]:
        """The sockets that make `pump` worth calling when they become readable."""
        lines = (self._requests, self._feed)
        return [line.socket for line in lines] + [line.monitor for line in lines if line.monitor is not None]

    @property
    def wait_ms(self) -> int | None:
        """How long `pump` can wait if no socket is readable; None: for ever."""
        lines = (self._requests, self._feed)
        deadlines_ms = [self.session.next_deadline_ms, *(line.reconnect_ms for line in lines)]
        due_ms = min((deadline_ms for deadline_ms in deadlines_ms if deadline_ms is not None), default=None)
        return None if due_ms is None else max(0, due_ms - self.now_ms())

    def pump(self) -> tuple[list[AppEffect], bool]:
        """Move everything that can move; return what the application is to hear, and whether to call again at once.

        Raises WrongKeyError, RejectedError and ProtocolError, after which the connection is of no more use.
        """
        for_app: list[AppEffect] = []
        session, now_ms = self.session, self.now_ms()
        self._note_connections(now_ms)
        has_more = self._read(for_app, now_ms)
        # Time counts only after what has arrived: a program that was busy for seconds must not take the house, whose
        # heartbeats wait to be read, for silent.
        session.tick(now_ms)
        for line in (self._requests, self._feed):
            line.connect_again_if_given_up(now_ms)
        if self._carry_out(for_app):
            has_more |= self._read(for_app, now_ms)
        return for_app, has_more

    def _note_connections(self, now_ms: int) -> None:
        """Tell the session what connected. Raises WrongKeyError and RejectedError."""
        if self._requests.came_up(now_ms):
            self.session.connected(now_ms)
        if self._feed.came_up(now_ms):
            self.session.feed_connected(now_ms)

    def _read(self, for_app: list[AppEffect], now_ms: int) -> bool:
        """Read until nothing is left, and return whether something is; do what the session asks for in between."""
        may_have_answers = True
        for _ in range(FRAMES_PER_PUMP_MAX):
            may_have_answers |= self._carry_out(for_app)
            answer = self._requests.receive() if may_have_answers else None
            may_have_answers = answer is not None  # asking an empty socket costs as much as a broadcast
            broadcast = self._feed.receive()
            if answer is None and broadcast is None:
                return False
            if self.session.is_joining:
                # What came may have come over a connection that is newer than the last look. Noted only after it, that
                # connection would pass for the next one, and the client would join a second time.
                self._note_connections(now_ms)
            if answer is not None:
                self.session.answer_received(answer, now_ms)
            if broadcast is not None:
                self.session.broadcast_received(broadcast, now_ms)
        return True

    def _carry_out(self, for_app: list[AppEffect]) -> bool:
        """Do what the session asks for; return whether a socket was used, after which it must be read again."""
        was_used = False
        for effect in self.session.take_effects():
            match effect:
                case Send(body):
                    self._send(body)
                case Subscribe(topic):
                    self._feed.socket.subscribe(topic)
                case Unsubscribe(topic):
                    self._feed.socket.unsubscribe(topic)
                case ConnectFeed(port):
                    link = msgspec.structs.replace(self.link, publish_port=port)
                    self._feed.connect(link.publish_address, self.now_ms())
                case _:
                    for_app.append(effect)
                    continue
            was_used = True
        return was_used

    def _send(self, body: bytes) -> None:
        """Send a body; where there is no connection it is dropped, since the session will repeat it."""
        try:
            self._requests.socket.send(body, zmq.DONTWAIT)
        except zmq.Again:
            return

    def why_not_ready(self) -> UnreachableError:
        """Return the error for a client that did not get ready in time: how far it came and what to check."""
        if not self._requests.reached:
            return UnreachableError(
                f"Nothing answers at {self._requests.address}. Check that the house runs, that the link is the one it "
                "printed last, and that no firewall is in between."
            )
        if self.session.welcome is None:
            return UnreachableError(
                f"Something listens at {self._requests.address} but does not answer hello. Check that it is the house "
                "and that it is not overloaded."
            )
        if not self._feed.proven:
            return UnreachableError(
                f"The house answers, but its broadcasts at {self._feed.address} do not come through. Check that a "
                "firewall lets this port pass too."
            )
        return UnreachableError(
            f"The house at {self._requests.address} answers, but the state of the sale was not complete in time. Allow "
            "it more time."
        )

    def close(self) -> None:
        """Close the sockets."""
        self._requests.close()
        self._feed.close()
