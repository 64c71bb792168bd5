"""A gateway in the test's own loop, so that a test can set its bounds, and browsers that speak to it."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from websockets import Origin
from websockets.asyncio.client import ClientConnection, connect

from bidder.web.gateway import Gateway, GatewaySettings
from bidder.web.server import open_socket
from common.links import parse_link
from tests.bidder.web.gateways import Answer, Record, answer_to
from tests.house_process import WAIT_S


def play(story: Coroutine[Any, Any, None]) -> None:
    """Run a story within the time for any test."""

    async def within_time() -> None:
        async with asyncio.timeout(WAIT_S):
            await story

    asyncio.run(within_time())


class Browser:
    """What a browser can do at a gateway."""

    def __init__(self, gateway: Gateway, origin: str) -> None:
        self.gateway = gateway
        self.origin = origin

    async def post(self, path: str, body: object, *, cookie: str = "", **headers: str) -> Answer:
        """Return the answer to a POST of a page of this gateway. Headers replace those of the page."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"content-type": "application/json", "origin": self.origin, "cookie": cookie, **headers}
        return await asyncio.to_thread(answer_to, self.origin + path, raw, sent)

    async def get(self, path: str, **headers: str) -> Answer:
        """Return the answer to a GET."""
        return await asyncio.to_thread(answer_to, self.origin + path, None, headers)

    @asynccontextmanager
    async def live(self, cookie: str = "", *, query: str = "", **headers: str) -> AsyncIterator[ClientConnection]:
        """Connect to `/live`."""
        sent = {"Cookie": cookie, **headers} if cookie else dict(headers)
        origin = Origin(sent.pop("Origin", self.origin))
        url = f"ws{self.origin.removeprefix('http')}/live{query}"
        async with connect(url, origin=origin, additional_headers=sent, compression=None, proxy=None) as phone:
            yield phone


async def until(phone: ClientConnection, event: str, fits: Callable[[Record], object] = lambda _: True) -> Record:
    """Return the next record of an event that fits."""
    async for text in phone:
        record: Record = json.loads(text)
        if record["event"] == event and fits(record):
            return record
    raise AssertionError(f"the connection ended before {event} came")


@asynccontextmanager
async def gateway_at(link: str, home: Path, **settings: Any) -> AsyncIterator[Browser]:
    """Run a gateway in this loop until the end of the block."""
    listener: socket.socket = open_socket("127.0.0.1", 0)
    origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
    gateway = Gateway(GatewaySettings(parse_link(link), home, f"{origin}/", **settings))
    is_live = asyncio.Event()
    running = asyncio.create_task(gateway.run(listener, is_live.set))
    try:
        await asyncio.wait([running, asyncio.create_task(is_live.wait())], return_when=asyncio.FIRST_COMPLETED)
        yield Browser(gateway, origin)
    finally:
        gateway.stop()
        await running
