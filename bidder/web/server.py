"""The gateway's HTTP server: uvicorn, without its log and its signals, on a socket that the gateway has opened."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final, cast

import uvicorn

from bidder.web.callers import CallerProtocol
from bidder.web.limits import (
    CONNECTIONS_MAX,
    HTTP_PER_ADDRESS_MAX,
    MESSAGE_BYTES_MAX,
    PING_S,
    PONG_S,
    SEND_BUFFER_BYTES,
)
from bidder.web.live import PhoneProtocol
from bidder.web.quotas import Places
from common.errors import UsageError

BACKLOG: Final = 2048
GRACE_S: Final = 1
"""How long the end of the gateway waits for answers that are under way."""


class Server(uvicorn.Server):
    """uvicorn, whose signals are the gateway's matter."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone."""
        yield


def open_socket(host: str, port: int) -> socket.socket:
    """Return a socket that listens. Raises UsageError if the address is not this machine's, or the port is in use."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise UsageError(f"{host} can't be listened on: {error.strerror}.") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise UsageError(
            f"{host}:{port} can't be listened on: {error.strerror}. Choose another with --listen."
        ) from error
    return listener


def make_server(app: Any, cert: Path | None, key: Path | None, trusted_proxy: str = "") -> Server:
    """Return a server for an ASGI application; a trusted proxy may have any number of connections.

    Raises UsageError if the certificate can't be used.
    """
    callers = partial(CallerProtocol, Places(CONNECTIONS_MAX, HTTP_PER_ADDRESS_MAX), trusted_proxy)
    config = uvicorn.Config(
        app,
        loop="asyncio",
        http=cast(type[CallerProtocol], callers),
        ws=PhoneProtocol,
        ws_max_size=MESSAGE_BYTES_MAX,
        ws_ping_interval=PING_S,
        ws_ping_timeout=PONG_S,
        ws_per_message_deflate=False,
        interface="asgi3",
        lifespan="off",
        log_config=None,
        log_level="error",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        limit_concurrency=CONNECTIONS_MAX,
        timeout_graceful_shutdown=GRACE_S,
        ssl_certfile=None if cert is None else str(cert),
        ssl_keyfile=None if key is None else str(key),
    )
    try:
        config.load()
    except OSError as error:
        raise UsageError(f"The certificate can't be used: {error}.") from error
    return Server(config)
