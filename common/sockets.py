"""One builder for each socket role, with every option that matters set on purpose.

The options that all roles share, and why:

- LINGER: a closing socket waits a second for its last messages; the default would hang the process's end.
- IPV6: both kinds of addresses.
- MAXMSGSIZE: a larger frame cuts the connection before it takes memory.
- HANDSHAKE_IVL: a peer that connects and stays silent is cut off.
- TCP_KEEPALIVE: keeps address translators on the way from forgetting the connection.

Dead peers are noticed within seconds on both sides. Where a queue of received messages can get full, that is left to
TCP (`_set_watching_peers` says why), and a client's session connects a silent feed anew. Only a client's DEALER, whose
answers are no more than it asked for, sends ZMTP's heartbeats and is answered.
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
ENVELOPE_BYTES_MAX: Final = 128
"""What a frame may have around its body: CURVE's 33 bytes, and a broadcast's topic."""
REQUESTS_QUEUED_MAX: Final = 1000
"""In a client: requests on their way."""
ANSWERS_WAITING_MAX: Final = 8 * REMEMBERED_REQUESTS_MAX
"""In a client: answers that it has not looked at. It awaits far fewer; what a house sends beyond them waits with it."""
ANSWERS_QUEUED_MAX: Final = 8 * REMEMBERED_REQUESTS_MAX
"""For each peer, answers that wait in the house to be sent; what finds no room is dropped, and is asked for again.

Never so for a client that reads and leaves as many requests unanswered as it may, nor for one that leaves four times as
many: the queue hears of what was sent only when that is half of it, so that twice as many need room. Those who do not
read cost the house this many answers, and no more."""
BROADCASTS_QUEUED_MAX: Final = 10_000
"""For each subscriber; one that falls further behind loses frames, notices, and repairs the hole."""

WAITING_MAX: Final = 50_000
"""For each peer, messages that wait in the house to be read: as many as one can bring in a third of a second, and some
ten times what it takes to be cut off for a flood."""
PEER_BUFFER_BYTES: Final = 16 * 1024
"""What the house's system keeps of a peer's messages: so much a flood can bring after its connection was shut down."""

SOCKETS_MAX: Final = 65_535
"""What libzmq allows one context at most; what it allows unasked, 1,023, is enough for 170 clients."""

_ZERO_COPY_RECV: Final = 10
"""libzmq's number for an option of contexts that pyzmq has no name for."""


def new_context(io_threads: int = 1) -> "zmq.Context[zmq.SyncSocket]":
    """Return a context whose messages have memory of their own. Raises OldLibraryError for libraries with known faults.

    As libzmq comes, a message that waits to be read may keep the whole buffer of 8 KiB, and some more, that it arrived
    in: 50,000 small ones, each sent by itself, took 350 MiB, and take 10 so. Copying them costs nothing measurable.
    """
    refuse_old_libraries()
    context = zmq.Context(io_threads)
    context.set(_ZERO_COPY_RECV, 0)
    return context


def allow_many_sockets(context: "zmq.Context[zmq.SyncSocket]") -> None:
    """Let a context have as many sockets as libzmq can, where it has none yet; later that has no effect."""
    context.set(zmq.MAX_SOCKETS, SOCKETS_MAX)


@contextmanager
def naming_limits() -> Iterator[None]:
    """Raise a UsageError that says what limit to raise, where there is no room for the sockets made in this block."""
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
    """Set the options that all roles share; `bytes_max` bounds the body of a frame that arrives."""
    socket.setsockopt(zmq.LINGER, LINGER_MS)
    socket.setsockopt(zmq.IPV6, 1)
    socket.setsockopt(zmq.MAXMSGSIZE, bytes_max + ENVELOPE_BYTES_MAX)
    socket.setsockopt(zmq.HANDSHAKE_IVL, HANDSHAKE_MS)
    socket.setsockopt(zmq.TCP_KEEPALIVE, 1)


def set_request_client(socket: "zmq.Socket[object]", bytes_max: int) -> None:
    """Set what a client's DEALER needs: reconnecting with growing pauses, and queueing only for a live connection.

    IMMEDIATE=1, since the session resends by itself what had no answer; without it requests would pile up for a
    house that is away and arrive stale. No routing id: one that is chosen can be stolen.
    """
    set_common(socket, bytes_max)
    _set_reconnecting(socket)
    socket.setsockopt(zmq.HEARTBEAT_IVL, HEARTBEAT_INTERVAL_MS)
    socket.setsockopt(zmq.HEARTBEAT_TIMEOUT, HEARTBEAT_TIMEOUT_MS)
    socket.setsockopt(zmq.HEARTBEAT_TTL, HEARTBEAT_TIMEOUT_MS)
    socket.setsockopt(zmq.IMMEDIATE, 1)
    socket.setsockopt(zmq.SNDHWM, REQUESTS_QUEUED_MAX)
    socket.setsockopt(zmq.RCVHWM, ANSWERS_WAITING_MAX)


def set_subscriber(socket: "zmq.Socket[object]", bytes_max: int) -> None:
    """Set what a client's SUB needs. An application may let it wait unread for as long as it likes."""
    set_common(socket, bytes_max)
    _set_reconnecting(socket)
    _set_watching_peers(socket)
    socket.setsockopt(zmq.RCVHWM, BROADCASTS_QUEUED_MAX)


def set_request_server(socket: "zmq.Socket[object]", bytes_max: int) -> None:
    """Set what the house's ROUTER needs.

    MANDATORY=1, so that a send to a peer that is gone or full fails at once instead of vanishing. HANDOVER stays 0:
    with 1, a peer could take another's routing id and receive its answers.
    """
    set_common(socket, bytes_max)
    _set_outliving_floods(socket)
    _set_watching_peers(socket)
    socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
    socket.setsockopt(zmq.SNDHWM, ANSWERS_QUEUED_MAX)


def set_publisher(socket: "zmq.Socket[object]", bytes_max: int) -> None:
    """Set what the house's XPUB needs.

    MANUAL=1: the house sees who asks for which topic and accepts it or not. XPUB_NODROP stays 0: a slow subscriber
    loses frames rather than stalling everybody.
    """
    set_common(socket, bytes_max)
    _set_outliving_floods(socket)
    _set_watching_peers(socket)
    socket.setsockopt(zmq.XPUB_MANUAL, 1)
    socket.setsockopt(zmq.SNDHWM, BROADCASTS_QUEUED_MAX)


def use_curve_server(socket: "zmq.Socket[object]", keys: KeyPair, domain: str) -> None:
    """Encrypt a socket that binds; `domain` tells the ZAP handler which endpoint a peer asks for.

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


def _set_reconnecting(socket: "zmq.Socket[object]") -> None:
    socket.setsockopt(zmq.RECONNECT_IVL, RECONNECT_MS)
    socket.setsockopt(zmq.RECONNECT_IVL_MAX, RECONNECT_MAX_MS)


def _set_watching_peers(socket: "zmq.Socket[object]") -> None:
    """End connections whose peer is gone, or takes in nothing for long, by TCP and not by heartbeats of ZMTP.

    A heartbeat that is due on a connection that broke while its queue was full aborts the process, as does the answer
    to one of the peer's (`_set_outliving_floods`).
    """
    socket.setsockopt(zmq.TCP_KEEPALIVE_IDLE, KEEPALIVE_S)
    socket.setsockopt(zmq.TCP_KEEPALIVE_INTVL, KEEPALIVE_S)
    socket.setsockopt(zmq.TCP_KEEPALIVE_CNT, KEEPALIVE_PROBES)
    socket.setsockopt(zmq.TCP_MAXRT, HEARTBEAT_TIMEOUT_MS)


def _set_outliving_floods(socket: "zmq.Socket[object]") -> None:
    """Let far more of what peers send wait than anybody can bring before the house ends the flood.

    Where a queue of received messages is full, libzmq stops reading. If the connection breaks then, and the peer's own
    heartbeat waits behind its messages, libzmq comes to answer it over the broken connection, and aborts the process:
    anybody could do that, with a client of libzmq's or by hand.
    """
    socket.setsockopt(zmq.RCVHWM, WAITING_MAX)
    socket.setsockopt(zmq.RCVBUF, PEER_BUFFER_BYTES)
    socket.setsockopt(zmq.BACKLOG, BACKLOG)


class BytesSocket(zmq.Socket[bytes]):
    """A socket that sends bytes, without pyzmq's layer for other data above it, which costs as much again."""

    send = zmq.backend.Socket.send  # type: ignore[assignment] # the same, without the overloads for other data
