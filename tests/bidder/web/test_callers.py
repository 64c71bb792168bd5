"""The bounds of HTTP connections at their edges: slow requests, many connections, and what they need of uvicorn."""

import asyncio
import inspect
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from uvicorn.protocols.http.h11_impl import H11Protocol

from bidder.web import callers, server
from bidder.web.callers import CallerProtocol
from bidder.web.server import make_server, open_socket
from tests.bidder.web.in_process import play

HOST = "127.0.0.1"
GET = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 4\r\n\r\n"
SHORT_MS = 200
UPGRADE = (
    b"GET /live HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answer a request once it has come whole, and let each WebSocket in for good."""
    event = await receive()
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        while event["type"] != "websocket.disconnect":
            event = await receive()
        return
    while event.get("more_body"):
        event = await receive()
    if event["type"] != "http.disconnect":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})


async def hasty_app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answer before the body has come."""
    await send({"type": "http.response.start", "status": 413, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


class Caller:
    """A connection by hand."""

    def __init__(self, reader: StreamReader, writer: StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def ask(self, request: bytes = GET) -> None:
        """Send a request whole, and take its answer."""
        self.writer.write(request)
        assert (await self.reader.readuntil(b"\r\n\r\n")).startswith((b"HTTP/1.1 200", b"HTTP/1.1 413"))
        assert await self.reader.readexactly(2) == b"ok"

    async def until_cut_off(self) -> None:
        """Wait for the end of the connection, before which nothing more comes."""
        try:
            assert await self.reader.read() == b""
        except ConnectionResetError:
            return

    async def drip(self, drops: bytes) -> None:
        """Send one byte after another, for ever, until the connection is cut off."""
        cut_off = asyncio.ensure_future(self.until_cut_off())
        for number in range(len(drops) * 1000):
            self.writer.write(drops[number % len(drops)].to_bytes())
            if (await asyncio.wait([cut_off], timeout=SHORT_MS / 1000 / 20))[0]:
                break
        await cut_off


class Door:
    """A server that is open."""

    def __init__(self, port: int, resources: AsyncExitStack) -> None:
        self._port = port
        self._resources = resources

    async def caller(self) -> Caller:
        """Return a new connection."""
        reader, writer = await asyncio.open_connection(HOST, self._port)
        self._resources.callback(writer.close)
        return Caller(reader, writer)


@asynccontextmanager
async def door(application: Any = app, trusted_proxy: str = "") -> AsyncIterator[Door]:
    with open_socket(HOST, 0) as listener:
        serving = make_server(application, None, None, trusted_proxy)
        running = asyncio.create_task(serving.serve([listener]))
        try:
            async with AsyncExitStack() as resources:
                yield Door(listener.getsockname()[1], resources)
        finally:
            serving.should_exit = True
            await running


@pytest.fixture
def _little_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callers, "REQUEST_MS_MAX", SHORT_MS)


def test_uvicorn_still_has_what_a_caller_is_built_on() -> None:
    for name in ("connection_made", "data_received", "handle_events", "handle_websocket_upgrade", "connection_lost"):
        ours, theirs = (
            list(inspect.signature(getattr(kind, name)).parameters) for kind in (CallerProtocol, H11Protocol)
        )
        assert ours == theirs
    source = inspect.getsource(H11Protocol)
    for name in ("transport", "loop", "conn", "client"):
        assert f"self.{name}" in source, f"uvicorn's protocol has no {name} any more"


@pytest.mark.usefixtures("_little_time")
@pytest.mark.parametrize(
    "begun", [b"", b"G", GET[:-2], POST, POST + b"123"], ids=["nothing", "byte", "head", "body", "most"]
)
def test_a_request_that_does_not_come_whole_is_cut_off(begun: bytes) -> None:
    async def story() -> None:
        async with door() as opened:
            caller = await opened.caller()
            caller.writer.write(begun)
            await caller.until_cut_off()

    play(story())


@pytest.mark.usefixtures("_little_time")
def test_a_byte_now_and_then_gives_no_more_time() -> None:
    async def story() -> None:
        async with door() as opened:
            first, second = await opened.caller(), await opened.caller()
            first.writer.write(GET[:-2])
            await second.ask()
            await asyncio.gather(first.drip(b"a"), second.drip(b"G"))

    play(story())


@pytest.mark.usefixtures("_little_time")
def test_an_answer_before_the_body_gives_the_body_no_more_time() -> None:
    async def story() -> None:
        async with door(hasty_app) as opened:
            caller = await opened.caller()
            await caller.ask(POST)
            await caller.until_cut_off()

    play(story())


@pytest.mark.usefixtures("_little_time")
def test_whole_requests_and_websockets_stay_past_the_time() -> None:
    async def story() -> None:
        async with door() as opened:
            asking, listening, slow = await opened.caller(), await opened.caller(), await opened.caller()
            await asking.ask()
            await asking.ask(POST + b"1234")
            listening.writer.write(UPGRADE)
            assert (await listening.reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101")
            await slow.until_cut_off()
            await (await opened.caller()).until_cut_off()
            await asking.ask()
            listening.writer.write(b"\x89\x80\x00\x00\x00\x00")
            assert await listening.reader.readexactly(2) == b"\x8a\x00", "it answers the ping"

    play(story())


def test_an_address_has_so_many_connections_and_a_proxy_any_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "HTTP_PER_ADDRESS_MAX", 2)

    async def story() -> None:
        async with door() as opened:
            first, second, third = [await opened.caller() for _ in range(3)]
            await first.ask()
            await second.ask()
            await third.until_cut_off()
            second.writer.write(UPGRADE)
            await second.reader.readuntil(b"\r\n\r\n")
            await (await opened.caller()).ask()
            first.writer.write(GET.replace(b"Host", b"Connection: close\r\nHost"))
            assert (await first.reader.read()).endswith(b"ok")
            await (await opened.caller()).ask()
        async with door(trusted_proxy=HOST) as opened:
            for one in [await opened.caller() for _ in range(3)]:
                await one.ask()

    play(story())
