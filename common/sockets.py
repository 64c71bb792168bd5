"""One builder for each socket role, with every option that matters set on purpose.

The options that all roles share, and why:

- LINGER: a closing socket waits a second for its last messages; by default it could wait without end.
- IPV6: both kinds of addresses work.
- MAXMSGSIZE: a larger frame ends the connection before it takes memory.
- HANDSHAKE_IVL: a peer that connects and stays silent is cut off.
- TCP_KEEPALIVE: address translators on the way don't forget the connection.

Both sides notice a dead peer within seconds. If a queue of received messages can fill up, TCP does this
(`_set_watching_peers` says why), and a client reconnects a silent feed. Only a client's DEALER sends ZMTP's heartbeats,
which the house answers: it can't receive more answers than it asked for.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from errno import EMFILE, ENFILE
from typing import Final

import zmq

from common.errors import UsageError
from common.keys import KeyPair
from common.limits import REMEMBERED_REQUESTS_MAX
from common.open_files import FILES_PER_CLIENT, make_room_for_files
from common.versions import refuse_old_libraries

LINGER_MS: Final = 1000
HANDSHAKE_MS: Final = 5000
HEARTBEAT_INTERVAL_MS: Final = 2000
HEARTBEAT_TIMEOUT_MS: Final = 6000
KEEPALIVE_S: Final = 2
KEEPALIVE_PROBES: Final = 3
BACKLOG: Final = 1024
RECONNECT_MS: Final = 100
RECONNECT_MAX_MS: Final = 5000
RECONNECT_SWIFT_MAX_MS: Final = 500
"""The longest pause between two attempts where another house may take over: it comes up at an address that refused."""
ENVELOPE_BYTES_MAX: Final = 128
"""The most that a frame holds besides its body: CURVE's 33 bytes and a broadcast's topic."""
REQUESTS_QUEUED_MAX: Final = 1000
"""In a client: requests that wait to be sent."""
ANSWERS_WAITING_MAX: Final = 8 * REMEMBERED_REQUESTS_MAX
"""In a client: answers that it has not read. It expects far fewer; any more have to wait in the house."""
ANSWERS_QUEUED_MAX: Final = 8 * REMEMBERED_REQUESTS_MAX
"""For each peer: answers that wait in the house to be sent. An answer that finds no room is dropped, and the client
asks for it again.

This never happens to a client that reads and has no more requests unanswered than it may, nor to one with four times
as many. The queue counts sent answers as gone only once they are half of it, so it has room for twice as many. A client
that does not read costs the house this many answers at most."""
BROADCASTS_QUEUED_MAX: Final = 10_000
"""For each subscriber: frames that wait to be sent. One that falls further behind loses frames, notices, and repairs
the gap."""

WAITING_MAX: Final = 50_000
"""For each peer: messages that wait in the house to be read. A peer can send this many in a third of a second, and is
cut off for a flood at about a tenth of them."""
PEER_BUFFER_BYTES: Final = 16 * 1024
"""How much of a peer's messages the house's system buffers; a flood still delivers this much after it was cut off."""

SOCKETS_MAX: Final = 65_535
"""The most that libzmq allows in one context. Its default, 1,023, is enough for 170 clients."""

_ZERO_COPY_RECV: Final = 10
"""libzmq's number for an option of contexts; pyzmq has no name for it."""


def new_context(io_threads: int = 1) -> "zmq.Context[zmq.SyncSocket]":
    """Return a context whose messages have memory of their own. Raises OldLibraryError if a library has known faults.

    By default libzmq lets a message that waits to be read keep the whole buffer of 8 KiB and more in which it arrived.
    So 50,000 small messages, each sent by itself, took 350 MiB. Copies of them take 10 MiB, and copying costs nothing
    measurable.
    """
    refuse_old_libraries()
    context = zmq.Context(io_threads)
    context.set(_ZERO_COPY_RECV, 0)
    return context


def allow_many_sockets(context: "zmq.Context[zmq.SyncSocket]") -> None:
    """Let a context have as many sockets as libzmq allows. This works only before its first socket is made."""
    context.set(zmq.MAX_SOCKETS, SOCKETS_MAX)


@contextmanager
def naming_limits() -> Iterator[None]:
    """Raise UsageError, which names the limit to raise, if there is no room for the sockets made in this block."""
    try:
        yield
    except zmq.ZMQError as error:
        if error.errno not in (EMFILE, ENFILE):
            raise
        make_room_for_files(FILES_PER_CLIENT)
        raise UsageError(
            "The ZeroMQ context has no room for another socket. Give the clients a context of their own "
            "(bidder.new_context()), or set its zmq.MAX_SOCKETS before its first socket."
        ) from error


def set_common(socket: "zmq.Socket[object]", bytes_max: int) -> None:
    """Set the options that all roles share; `bytes_max` is the largest body of a frame that it receives."""
    socket.setsockopt(zmq.LINGER, LINGER_MS)
    socket.setsockopt(zmq.IPV6, 1)
    socket.setsockopt(zmq.MAXMSGSIZE, bytes_max + ENVELOPE_BYTES_MAX)
    socket.setsockopt(zmq.HANDSHAKE_IVL, HANDSHAKE_MS)
    socket.setsockopt(zmq.TCP_KEEPALIVE, 1)


def set_request_client(socket: "zmq.Socket[object]", bytes_max: int) -> None:
    """Set what a client's DEALER needs: reconnecting with growing pauses, and queueing only for a live connection.

    IMMEDIATE=1: the client itself resends a request without an answer. Without this option requests would pile up for a
    house that is away, and arrive stale. There is no routing id: a chosen one can be stolen.
    """
    _set_client(socket, bytes_max)
    socket.setsockopt(zmq.HEARTBEAT_IVL, HEARTBEAT_INTERVAL_MS)
    socket.setsockopt(zmq.HEARTBEAT_TIMEOUT, HEARTBEAT_TIMEOUT_MS)
    socket.setsockopt(zmq.HEARTBEAT_TTL, HEARTBEAT_TIMEOUT_MS)


def set_hall_desk(socket: "zmq.Socket[object]", bytes_max: int) -> None:
    """Set what the DEALER of one desk among many needs: the same, but no heartbeats.

    TCP watches its connection, which costs the program nothing: the heartbeats of 500 desks took 5 % of a core. The
    hall's own DEALER sends some, so a house that stands still is noticed all the same.
    """
    _set_client(socket, bytes_max)
    _set_watching_peers(socket)


def set_subscriber(socket: "zmq.Socket[object]", bytes_max: int) -> None:
    """Set what a client's SUB needs. An application may leave it unread for any time."""
    set_common(socket, bytes_max)
    _set_reconnecting(socket)
    _set_watching_peers(socket)
    socket.setsockopt(zmq.RCVHWM, BROADCASTS_QUEUED_MAX)


def reconnect_swiftly(socket: "zmq.Socket[object]") -> None:
    """Have a client's socket pause shortly between attempts, for a house that may be at several places."""
    socket.setsockopt(zmq.RECONNECT_IVL_MAX, RECONNECT_SWIFT_MAX_MS)


def set_request_server(socket: "zmq.Socket[object]", bytes_max: int) -> None:
    """Set what the house's ROUTER needs.

    MANDATORY=1: a send to a peer that is gone or full fails at once instead of vanishing. HANDOVER stays 0: with 1, a
    peer could take over another's routing id and receive its answers.
    """
    set_common(socket, bytes_max)
    _set_outliving_floods(socket)
    _set_watching_peers(socket)
    socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
    socket.setsockopt(zmq.SNDHWM, ANSWERS_QUEUED_MAX)


def set_publisher(socket: "zmq.Socket[object]", bytes_max: int) -> None:
    """Set what the house's XPUB needs.

    MANUAL=1: the house sees each subscription, and accepts it or not. XPUB_NODROP stays 0: a slow subscriber loses
    frames rather than stalling everybody.
    """
    set_common(socket, bytes_max)
    _set_outliving_floods(socket)
    _set_watching_peers(socket)
    socket.setsockopt(zmq.XPUB_MANUAL, 1)
    socket.setsockopt(zmq.SNDHWM, BROADCASTS_QUEUED_MAX)


def use_curve_server(socket: "zmq.Socket[object]", keys: KeyPair, domain: str) -> None:
    """Encrypt a socket that binds; `domain` tells the ZAP handler which endpoint a peer connects to.

    The ZAP handler must run before the bind: without one, CURVE lets every key in.
    """
    socket.setsockopt(zmq.CURVE_SERVER, 1)
    socket.setsockopt(zmq.CURVE_SECRETKEY, keys.secret.encode())
    socket.setsockopt(zmq.CURVE_PUBLICKEY, keys.public.encode())
    socket.setsockopt(zmq.ZAP_DOMAIN, domain.encode())


def use_curve_client(socket: "zmq.Socket[object]", keys: KeyPair, server_key: str) -> None:
    """Encrypt a socket that connects, and accept no server but the one with `server_key`."""
    socket.setsockopt(zmq.CURVE_SERVERKEY, server_key.encode())
    socket.setsockopt(zmq.CURVE_SECRETKEY, keys.secret.encode())
    socket.setsockopt(zmq.CURVE_PUBLICKEY, keys.public.encode())


def _set_client(socket: "zmq.Socket[object]", bytes_max: int) -> None:
    set_common(socket, bytes_max)
    _set_reconnecting(socket)
    socket.setsockopt(zmq.IMMEDIATE, 1)
    socket.setsockopt(zmq.SNDHWM, REQUESTS_QUEUED_MAX)
    socket.setsockopt(zmq.RCVHWM, ANSWERS_WAITING_MAX)


def _set_reconnecting(socket: "zmq.Socket[object]") -> None:
    socket.setsockopt(zmq.RECONNECT_IVL, RECONNECT_MS)
    socket.setsockopt(zmq.RECONNECT_IVL_MAX, RECONNECT_MAX_MS)


def _set_watching_peers(socket: "zmq.Socket[object]") -> None:
    """Let TCP, not ZMTP's heartbeats, end the connection of a peer that is gone or reads nothing for long.

    If a connection breaks while its queue is full, the next heartbeat aborts the process. So does the answer to a
    heartbeat of the peer (`_set_outliving_floods`).
    """
    socket.setsockopt(zmq.TCP_KEEPALIVE_IDLE, KEEPALIVE_S)
    socket.setsockopt(zmq.TCP_KEEPALIVE_INTVL, KEEPALIVE_S)
    socket.setsockopt(zmq.TCP_KEEPALIVE_CNT, KEEPALIVE_PROBES)
    socket.setsockopt(zmq.TCP_MAXRT, HEARTBEAT_TIMEOUT_MS)


def _set_outliving_floods(socket: "zmq.Socket[object]") -> None:
    """Give received messages a queue that no peer can fill before the house ends its flood.

    libzmq stops reading while a queue of received messages is full. If the connection breaks then, and a heartbeat of
    the peer waits behind its messages, libzmq later answers it over the broken connection, and aborts the process.
    Anybody could cause this, with a client of libzmq or by hand.
    """
    socket.setsockopt(zmq.RCVHWM, WAITING_MAX)
    socket.setsockopt(zmq.RCVBUF, PEER_BUFFER_BYTES)
    socket.setsockopt(zmq.BACKLOG, BACKLOG)


class BytesSocket(zmq.Socket[bytes]):
    """A socket that sends only bytes. It skips pyzmq's layer for other data, which would double the cost of a send."""

    send = zmq.backend.Socket.send  # type: ignore[assignment] # the same, without the overloads for other data
