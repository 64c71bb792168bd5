"""One socket of a client on its way to the house.

A `Line` has a monitor, which reports each attempt. A wrong key shows in the handshake. If the two sides want different
security, libzmq stops trying. If the house can't read a message that was encrypted for another house, libzmq tries
again forever. Such a house hangs up at once; a handshake that fails slowly comes from a busy house or a busy program.
libzmq also stops trying if bytes of a sound connection break on the way, because it blames the peer for breaking the
protocol. It then announces no further attempt, and the line connects again.

A `DeskLine` is the DEALER of one desk among many. It has no monitor, because the hall's own lines watch the house. A
connection is up if the socket is writable.

A line connects to another address with a fresh socket, because libzmq may continue the attempts of an old socket in
spite of a disconnect.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Final

import zmq
from zmq.utils.monitor import recv_monitor_message

from bidder.shells.addresses import Progress
from common.errors import ProtocolError, RejectCode, RejectedError, UsageError, WrongKeyError
from common.keys import KeyPair
from common.limits import REPLY_BYTES_MAX
from common.links import JoinLink
from common.sockets import (
    HANDSHAKE_MS,
    naming_limits,
    reconnect_swiftly,
    set_hall_desk,
    set_request_client,
    set_subscriber,
    use_curve_client,
)

HANDSHAKES_FAILED_MAX: Final = 3
"""This many quick failures before any success mean a wrong key, not an accident."""
HANDSHAKE_QUICK_MS: Final = HANDSHAKE_MS // 2
"""A failure within this time is quick. Both sides give a handshake up after twice this time, whatever the key."""
RECONNECT_MS: Final = 500
"""The time after a connection ends by which libzmq must announce its next attempt. It does so at once or never."""

_WATCHED: Final = (
    zmq.EVENT_CONNECTED
    | zmq.EVENT_CLOSED
    | zmq.EVENT_DISCONNECTED
    | zmq.EVENT_CONNECT_RETRIED
    | zmq.EVENT_HANDSHAKE_SUCCEEDED
    | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
    | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
    | zmq.EVENT_HANDSHAKE_FAILED_AUTH
)

DOWN_MAX_MS: Final = 15_000
"""A desk's line has no monitor. If it stays down for this time while the house is up, libzmq has given it up: libzmq's
pauses between two attempts, and a handshake, are shorter."""

_READABLE: Final = int(zmq.POLLIN)
_WRITABLE: Final = int(zmq.POLLOUT)

Prepare = Callable[["zmq.SyncSocket"], None]
"""Sets a socket's options."""


class Line:
    """One socket with its monitor, and the results of its handshakes."""

    def __init__(self, context: "zmq.Context[zmq.SyncSocket]", kind: int, prepare: Prepare) -> None:
        self._context = context
        self._kind = kind
        self._prepare = prepare
        self.address = ""
        self.reached = False
        self.proven = False
        self.progress = Progress.WAITING
        self._looked_ms = 0
        self._connected_after_ms = 0
        self._failures = 0
        self.reconnect_ms: int | None = None
        """When to connect again, unless libzmq does so before; None if the line is up or libzmq is connecting."""
        self.sockets_opened = 0
        self._open()

    def _open(self) -> None:
        self.sockets_opened += 1
        with naming_limits():
            self.socket = self._context.socket(self._kind)
            try:
                self._prepare(self.socket)
                self.monitor = self.socket.get_monitor_socket(_WATCHED)
            except BaseException:
                self.socket.close(linger=0)
                raise

    def connect(self, address: str, now_ms: int) -> None:
        """Connect to an address, with a fresh socket if this one was used for any address. Raises UsageError."""
        if self.address:
            self.close()
            self._open()
        try:
            self.socket.connect(address)
        except zmq.ZMQError as error:
            raise UsageError(f"{address} is not an address that can be reached: {error.strerror}.") from error
        self.reached = self.reached and address == self.address
        self.address = address
        self._looked_ms = now_ms
        self._failures = 0
        self.progress = Progress.WAITING
        self.reconnect_ms = None

    def connect_again_if_given_up(self, now_ms: int) -> None:
        """Connect again if the last connection has ended and libzmq does not try again."""
        if self.reconnect_ms is not None and now_ms >= self.reconnect_ms:
            self.connect(self.address, now_ms)

    def receive(self) -> bytes | None:
        """Return the next frame; None if none waits. Raises ProtocolError for a message of more than one frame."""
        return _receive(self.socket, self.address)

    def came_up(self, now_ms: int) -> bool:
        """Return whether the socket has connected since the last call. Raises WrongKeyError and RejectedError."""
        came_up = False
        while int(self.monitor.getsockopt(zmq.EVENTS)) & _READABLE:
            match recv_monitor_message(self.monitor)["event"]:
                case zmq.EVENT_CONNECTED:
                    self.reached, self.reconnect_ms = True, None
                    self.progress = Progress.CONNECTED
                    self._connected_after_ms = self._looked_ms
                case zmq.EVENT_CONNECT_RETRIED:
                    self.reconnect_ms = None
                case zmq.EVENT_CLOSED:
                    self.progress = Progress.REFUSED
                case zmq.EVENT_DISCONNECTED:
                    self.reconnect_ms = now_ms + RECONNECT_MS
                    if self.progress is not Progress.REFUSED:
                        self.progress = Progress.WAITING
                case zmq.EVENT_HANDSHAKE_SUCCEEDED:
                    came_up, self.proven = True, True
                    self.progress = Progress.UP
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
        is_quick = now_ms - self._connected_after_ms < HANDSHAKE_QUICK_MS
        self._failures += is_quick
        if not is_quick or self._failures >= HANDSHAKES_FAILED_MAX:
            self.progress = Progress.REFUSED
        if not self.proven and self._failures >= HANDSHAKES_FAILED_MAX:
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

    def send(self, body: bytes) -> None:
        """Send a body. Without a connection drop it, because the session will repeat it."""
        _send(self.socket, body)

    def close(self) -> None:
        """Close the socket and its monitor. Unsent messages are dropped."""
        if not self.socket.closed:
            with suppress(zmq.ContextTerminated):  # the terminated context has ended the monitor
                self.socket.disable_monitor()
            self.monitor.close(linger=0)
            self.socket.close(linger=0)


class DeskLine:
    """A DEALER without a monitor. Making one raises UsageError if the keys are invalid or if there is no room."""

    def __init__(self, context: "zmq.Context[zmq.SyncSocket]", link: JoinLink, keys: KeyPair) -> None:
        self._context = context
        self._prepare = partial(_prepare, set_hall_desk, link, keys)
        self.address = ""
        self.is_up = False
        self.has_message = False
        """Whether a message waited at the last look for a connection."""
        self.sockets_opened = 0
        self._down_ms = 0
        self._open()

    def _open(self) -> None:
        self.sockets_opened += 1
        with naming_limits():
            self.socket = self._context.socket(zmq.DEALER)
            try:
                self._prepare(self.socket)
            except BaseException:
                self.socket.close(linger=0)
                raise

    @property
    def sockets(self) -> "list[zmq.SyncSocket]":
        """The socket. Any call of `connect` may exchange it."""
        return [self.socket]

    def connect(self, address: str, now_ms: int) -> None:
        """Connect to an address that a `Line` has reached, with a fresh socket if this one was used for any address."""
        if self.address:
            self.close()
            self._open()
        self.socket.connect(address)
        self.address, self.is_up, self._down_ms = address, False, now_ms

    def came_up(self, now_ms: int) -> bool:
        """Return whether a connection has come up since the last call. The caller must read all messages first.

        A message may come in between. The look takes its signal, so the caller must read again if `has_message`.
        """
        events = int(self.socket.getsockopt(zmq.EVENTS))
        self.has_message = bool(events & _READABLE)
        was_up, self.is_up = self.is_up, bool(events & _WRITABLE)
        if was_up and not self.is_up:
            self._down_ms = now_ms
        return self.is_up and not was_up

    def connect_again_if_given_up(self, now_ms: int) -> None:
        """Connect again if no connection has come up for `DOWN_MAX_MS`. The caller must know that the house is up."""
        if self.address and not self.is_up and now_ms >= self._down_ms + DOWN_MAX_MS:
            self.connect(self.address, now_ms)

    def receive(self) -> bytes | None:
        """Return the next frame; None if none waits. Raises ProtocolError for a message of more than one frame."""
        return _receive(self.socket, self.address)

    def send(self, body: bytes) -> None:
        """Send a body. Without a connection drop it, because the desk will repeat it."""
        _send(self.socket, body)

    def close(self) -> None:
        """Close the socket. Unsent messages are dropped."""
        self.socket.close(linger=0)


def _receive(socket: "zmq.SyncSocket", address: str) -> bytes | None:
    try:
        frame: bytes = socket.recv(zmq.DONTWAIT)
    except zmq.Again:
        return None
    if socket.getsockopt(zmq.RCVMORE):
        raise ProtocolError(f"A message of more than one frame came from {address}; is it an auction house?")
    return frame


def _send(socket: "zmq.SyncSocket", body: bytes) -> None:
    try:
        socket.send(body, zmq.DONTWAIT)
    except zmq.Again:
        return


def request_options(link: JoinLink, keys: KeyPair) -> Prepare:
    """Return the function that sets the options of a DEALER. It raises UsageError if the keys are invalid."""
    return partial(_prepare, set_request_client, link, keys)


def feed_options(link: JoinLink, keys: KeyPair) -> Prepare:
    """Return the function that sets the options of a SUB. It raises UsageError if the keys are invalid."""
    return partial(_prepare, set_subscriber, link, keys)


def _prepare(
    set_options: Callable[["zmq.SyncSocket", int], None], link: JoinLink, keys: KeyPair, new: "zmq.SyncSocket"
) -> None:
    """Set a socket's options. Raises UsageError if the keys are invalid."""
    set_options(new, REPLY_BYTES_MAX)
    if link.others:
        reconnect_swiftly(new)
    if link.server_key:
        try:
            use_curve_client(new, keys, link.server_key)
        except zmq.ZMQError as error:
            raise UsageError("The keys are not a pair of CURVE keys. new_keys() makes one.") from error
