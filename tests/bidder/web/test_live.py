"""`/live`: what uvicorn must have for it, who may come, what a phone may send, and phones that do not read."""

import asyncio
import gc
import inspect
import json
import socket
import weakref
from asyncio.transports import Transport
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol as UvicornsProtocol
from websockets.exceptions import ConnectionClosed, InvalidStatus

from bidder.web import gateway, server
from bidder.web.fanout import Listener
from bidder.web.frames import text_frame
from bidder.web.limits import (
    FLOOD_MESSAGES_MAX,
    MESSAGE_BYTES_MAX,
    MESSAGES_BURST,
    PENDING_MAX,
    PHONES_PER_GUEST_MAX,
    SEND_BUFFER_BYTES,
    WRITE_BUFFER_BYTES_MAX,
)
from bidder.web.live import PhoneProtocol
from tests.bidder.web.in_process import Browser, gateway_at, play, until
from tests.house_process import HouseProcess


async def cookie_of_new(browser: Browser, name: str) -> str:
    joined = await browser.post("/api/join", {"name": name, "attempt": token_hex(20)})
    assert joined.status == 200, joined.body
    return joined.cookie


def test_uvicorn_still_has_what_a_phones_line_is_built_on() -> None:
    hooks = ("connection_made", "handle_connect", "pause_writing", "resume_writing")
    for name in (*hooks, "send_keepalive_ping", "keepalive_timeout"):
        ours, theirs = (
            list(inspect.signature(getattr(kind, name)).parameters) for kind in (PhoneProtocol, UvicornsProtocol)
        )
        assert ours == theirs
    source = inspect.getsource(UvicornsProtocol)
    uses = ("transport", "loop", "queue", "conn", "scope", "handshake_complete", "close_sent", "disconnected")
    for name in (*uses, "ping_timeout", "pong_timer"):
        assert f"self.{name}" in source, f"uvicorn's protocol has no {name} any more"


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("", {"Origin": "http://evil.example"}),
        ("", {"Origin": "null"}),
        ("/more", {}),
    ],
)
def test_a_page_of_another_site_can_not_listen(
    open_house: HouseProcess, home: Path, path: str, headers: dict[str, str]
) -> None:
    async def story() -> None:
        async with gateway_at(open_house.link, home) as browser:
            with pytest.raises(InvalidStatus) as refused:
                async with browser.live(query=path, **headers):
                    pass
            assert refused.value.response.status_code == 403
            assert browser.gateway._places.count == 0

    play(story())


def test_each_address_has_so_many_places(open_house: HouseProcess, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "PHONES_PER_ADDRESS_MAX", 1)

    async def story() -> None:
        async with gateway_at(open_house.link, home, trusted_proxy="127.0.0.1") as browser:
            async with browser.live(**{"X-Forwarded-For": "203.0.113.1"}):
                with pytest.raises(InvalidStatus):
                    async with browser.live(**{"X-Forwarded-For": "203.0.113.1"}):
                        pass
            async with browser.live(**{"X-Forwarded-For": "203.0.113.2"}) as other:
                while browser.gateway._places.count > 1:
                    await until(other, "clock")
                async with browser.live(**{"X-Forwarded-For": "203.0.113.1"}) as again:
                    await until(again, "ready")

    play(story())


def test_a_guest_has_so_many_phones_and_the_oldest_goes(open_house: HouseProcess, home: Path) -> None:
    async def story() -> None:
        async with gateway_at(open_house.link, home) as browser:
            cookie = await cookie_of_new(browser, "Many")
            async with AsyncExitStack() as phones:
                first = await phones.enter_async_context(browser.live(cookie))
                for _ in range(PHONES_PER_GUEST_MAX - 1):
                    await until(await phones.enter_async_context(browser.live(cookie)), "ready")
                await until(first, "clock")
                await phones.enter_async_context(browser.live(cookie))
                with pytest.raises(ConnectionClosed):
                    await until(first, "never")

    play(story())


def test_a_message_has_a_bound(open_house: HouseProcess, home: Path) -> None:
    async def story() -> None:
        async with gateway_at(open_house.link, home) as browser, browser.live() as phone:
            await phone.send("x" * MESSAGE_BYTES_MAX)
            assert (await until(phone, "faulty"))["code"] == "malformed"
            await phone.send("x" * (MESSAGE_BYTES_MAX + 1))
            with pytest.raises(ConnectionClosed):
                await until(phone, "never")
            assert phone.close_code == 1009

    play(story())


@pytest.mark.parametrize("message", ["", "{}", "[]", "null", "\x00", '{"do":"bid","lot":"1","id":-1}', b"\x00\xff"])
def test_what_is_no_message_is_answered_in_words_and_the_line_stays(
    open_house: HouseProcess, home: Path, message: str | bytes
) -> None:
    async def story() -> None:
        async with gateway_at(open_house.link, home) as browser, browser.live() as phone:
            await phone.send(message)
            assert (await until(phone, "faulty"))["message"]
            await until(phone, "clock")

    play(story())


def test_who_has_not_joined_can_ask_nothing_and_a_board_never(open_house: HouseProcess, home: Path) -> None:
    bid = json.dumps({"id": 5, "do": "bid", "lot": "1", "amount_minor": 10000})

    async def story() -> None:
        async with gateway_at(open_house.link, home) as browser:
            cookie = await cookie_of_new(browser, "Boarder")
            for sent, query in (("", ""), (cookie, "?as=board")):
                async with browser.live(sent, query=query) as phone:
                    await phone.send(bid)
                    assert (await until(phone, "faulty"))["code"] == "hello_first"

    play(story())


def test_a_flood_is_refused_and_then_cut_off_while_others_go_on(open_house: HouseProcess, home: Path) -> None:
    async def story() -> None:
        async with gateway_at(open_house.link, home) as browser, browser.live() as quiet:
            cookie = await cookie_of_new(browser, "Flooder")
            async with browser.live(cookie) as phone:
                await until(phone, "you")
                with suppress(ConnectionClosed, AssertionError):
                    for number in range(2 * (MESSAGES_BURST + FLOOD_MESSAGES_MAX)):
                        await phone.send(json.dumps({"id": number + 1, "do": "bid", "lot": "none", "amount_minor": 1}))
                    await until(phone, "never")
                assert not [one for one in browser.gateway.fanout.listeners if one.line.unsent_bytes]
                assert len(browser.gateway.fanout.listeners) == 1
            await until(quiet, "clock")

    play(story())


def test_messages_up_to_the_burst_are_all_answered(open_house: HouseProcess, home: Path) -> None:
    async def story() -> None:
        async with gateway_at(open_house.link, home) as browser:
            cookie = await cookie_of_new(browser, "Burster")
            async with browser.live(cookie) as phone:
                await until(phone, "you")
                for number in range(MESSAGES_BURST + 1):
                    await phone.send(json.dumps({"do": "finger", "lot": str(number)}))
                ids = range(1000, 1000 + 5)
                for request_id in ids:
                    await phone.send(json.dumps({"id": request_id, "do": "bid", "lot": "1", "amount_minor": 1}))
                verdicts = {(one := await until(phone, "verdict"))["id"]: one["code"] for _ in ids}
                assert set(verdicts) == set(ids), "also one that is over the rate has an answer"
                assert "slow_down" in verdicts.values()

    play(story())


def test_so_many_requests_of_a_guest_wait_for_a_verdict(
    open_house: HouseProcess, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_: Any) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr("bidder.web.orders.carry_out", never)

    async def story() -> None:
        async with gateway_at(open_house.link, home) as browser:
            cookie = await cookie_of_new(browser, "Waiter")
            async with browser.live(cookie) as phone:
                await until(phone, "you")
                for number in range(PENDING_MAX + 1):
                    await phone.send(json.dumps({"id": number + 1, "do": "bid", "lot": "1", "amount_minor": 1}))
                refused = await until(phone, "verdict")
                assert (refused["id"], refused["code"]) == (PENDING_MAX + 1, "slow_down")

    play(story())


class SlowPhone:
    """A WebSocket by hand, which reads after the handshake only what it is told to."""

    def __init__(self, origin: str) -> None:
        host, _, port = origin.removeprefix("http://").partition(":")
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.connect((host, int(port)))
        self.socket.sendall(
            f"GET /live HTTP/1.1\r\nHost: {host}:{port}\r\nOrigin: {origin}\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
        )

    def is_reset(self) -> bool:
        """Wait until the connection ends; return whether it was reset, which loses what the system still had for it."""
        self.socket.settimeout(20)
        try:
            while self.socket.recv(65536):
                pass
        except ConnectionResetError:
            return True
        return False


async def slow_phone(browser: Browser, other: Any) -> tuple[SlowPhone, Listener, PhoneProtocol]:
    """Connect a slow phone; return what the gateway has of it, too."""
    before = set(browser.gateway.fanout.listeners)
    phone = await asyncio.to_thread(SlowPhone, browser.origin)
    while not (new := set(browser.gateway.fanout.listeners) - before):
        await until(other, "clock")
    (listener,) = new
    line = listener.line
    assert isinstance(line, PhoneProtocol)
    return phone, listener, line


FILLER = b"\x81\x7e\x40\x00" + b" " * 0x4000


def test_a_phone_that_never_reads_costs_little_and_is_cut_off_while_others_go_on(
    open_house: HouseProcess, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "PING_S", 0.5)
    monkeypatch.setattr(server, "PONG_S", 1.5)

    async def story() -> None:
        async with gateway_at(open_house.link, home) as browser, browser.live() as other:
            await until(other, "ready")
            stuck, listener, line = await slow_phone(browser, other)
            with stuck.socket:
                while not line.is_clogged:
                    line.write(FILLER)
                assert line.unsent_bytes <= WRITE_BUFFER_BYTES_MAX + len(FILLER)
                while listener in browser.gateway.fanout.listeners:
                    await until(other, "clock")
                    browser.gateway.fanout.tell_time(text_frame(b'{"event":"filler"}'), browser.gateway.now_ms())
                    assert line.unsent_bytes <= WRITE_BUFFER_BYTES_MAX + len(FILLER), "nothing more was added"
                assert await asyncio.to_thread(stuck.is_reset)

    play(story())


def test_a_phone_that_never_reads_is_cut_off_even_when_it_is_sent_next_to_nothing(
    open_house: HouseProcess, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "PING_S", 0.5)
    monkeypatch.setattr(server, "PONG_S", 0.5)

    async def story() -> None:
        async with gateway_at(open_house.link, home) as browser, browser.live() as other:
            await until(other, "ready")
            stuck, listener, line = await slow_phone(browser, other)
            with stuck.socket:
                while listener in browser.gateway.fanout.listeners:
                    assert not line.unsent_bytes
                    await until(other, "clock")
                assert await asyncio.to_thread(stuck.is_reset)
            await until(other, "clock")
            assert len(browser.gateway.fanout.listeners) == 1, "who answers its pings stays"

    play(story())


def test_a_phone_that_has_left_is_freed_without_the_garbage_collector(open_house: HouseProcess, home: Path) -> None:
    """The gateway lets the collector look rarely, so what a phone leaves behind must not wait for it."""

    async def story() -> None:
        async with gateway_at(open_house.link, home) as browser, browser.live() as other:
            phone, listener, line = await slow_phone(browser, other)
            parts = [weakref.ref(part) for part in (listener, line)]
            del listener, line
            phone.socket.close()
            while any(part() for part in parts):
                await until(other, "clock")

    gc.disable()
    try:
        play(story())
    finally:
        gc.enable()


def test_a_slow_phone_that_still_takes_something_is_not_cut_off_until_it_takes_nothing(
    open_house: HouseProcess, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "PING_S", 3.0)
    monkeypatch.setattr(server, "PONG_S", 0.7)
    asked: list[PhoneProtocol] = []
    monkeypatch.setattr(PhoneProtocol, "keepalive_timeout", _counted(PhoneProtocol.keepalive_timeout, asked))

    async def story() -> None:
        async with gateway_at(open_house.link, home) as browser, browser.live() as other:
            await until(other, "ready")
            slow, listener, line = await slow_phone(browser, other)
            with slow.socket:
                while len(asked) < 3:
                    if line.unsent_bytes < len(FILLER):
                        line.write(FILLER * 4)
                    await asyncio.to_thread(slow.socket.recv, 2048)
                    assert listener in browser.gateway.fanout.listeners
                while listener in browser.gateway.fanout.listeners:
                    await until(other, "clock")

    play(story())


def _counted(timeout: Callable[[PhoneProtocol], None], asked: list[PhoneProtocol]) -> Callable[[PhoneProtocol], None]:
    def counted(line: PhoneProtocol) -> None:
        asked.append(line)
        timeout(line)

    return counted


def test_the_kernels_buffer_of_a_phone_is_small(open_house: HouseProcess, home: Path) -> None:
    async def story() -> None:
        async with gateway_at(open_house.link, home) as browser, browser.live() as phone:
            await until(phone, "ready")
            (listener,) = browser.gateway.fanout.listeners
            line = listener.line
            assert isinstance(line, PhoneProtocol)
            transport: Transport = line.transport
            bound = transport.get_extra_info("socket").getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
            assert bound <= 2 * SEND_BUFFER_BYTES, "the system doubles it"
            assert transport.get_write_buffer_limits()[1] == WRITE_BUFFER_BYTES_MAX

    play(story())


def test_nothing_is_compressed(open_house: HouseProcess, home: Path) -> None:
    async def story() -> None:
        async with gateway_at(open_house.link, home) as browser, browser.live() as phone:
            assert phone.response is not None
            assert "Sec-WebSocket-Extensions" not in phone.response.headers

    play(story())
