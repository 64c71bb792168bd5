"""The gateway's socket and its server."""

import signal
import socket
from pathlib import Path

import pytest

from bidder.web.limits import CONNECTIONS_MAX, MESSAGE_BYTES_MAX, SEND_BUFFER_BYTES
from bidder.web.live import PhoneProtocol
from bidder.web.server import make_server, open_socket
from common.errors import UsageError


async def app(scope: object, receive: object, send: object) -> None:
    """Answer nothing."""


def test_the_socket_listens_and_gives_each_connection_a_small_buffer() -> None:
    with open_socket("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()) as phone:
        connection, _ = listener.accept()
        with connection:
            assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) <= 2 * SEND_BUFFER_BYTES
            connection.sendall(b"x")
            assert phone.recv(1) == b"x"


def test_a_port_in_use_and_a_strange_address_are_named() -> None:
    with open_socket("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(UsageError, match=f"127.0.0.1:{port} can't be listened on"):
            open_socket("127.0.0.1", port)
    with pytest.raises(UsageError, match=r"192\.0\.2\.1"):
        open_socket("192.0.2.1", 0)


def test_the_server_bounds_what_comes_compresses_nothing_and_logs_no_request() -> None:
    config = make_server(app, None, None).config
    assert config.ws_protocol_class is PhoneProtocol
    assert config.ws_max_size == MESSAGE_BYTES_MAX
    assert config.limit_concurrency == CONNECTIONS_MAX
    assert not config.ws_per_message_deflate
    assert not config.access_log
    assert not config.proxy_headers, "the gateway reads them itself, from the trusted proxy alone"


def test_signals_are_not_the_servers_matter() -> None:
    before = signal.getsignal(signal.SIGINT)
    with make_server(app, None, None).capture_signals():
        assert signal.getsignal(signal.SIGINT) is before


def test_a_certificate_that_is_none_is_named(tmp_path: Path) -> None:
    for name in ("cert.pem", "key.pem"):
        (tmp_path / name).write_text("nothing")
    with pytest.raises(UsageError, match="certificate"):
        make_server(app, tmp_path / "cert.pem", tmp_path / "key.pem")
