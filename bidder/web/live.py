"""`/live`: the WebSocket of a phone or a board, on uvicorn's own protocol.

uvicorn's public interface sends a message to one phone at a time, and waits for each. A subclass of its sans-IO
WebSocket protocol writes the same bytes to each transport instead, and never waits (docs/adr/0029). It uses these of
the base class: `transport`, `loop`, `queue`, `conn`, `scope`, `handshake_complete`, `close_sent`, `disconnected`,
`ping_timeout`, `pong_timer`, and the hooks that it overrides. tests/bidder/web/test_live.py pins them.
"""

import socket
import struct
from asyncio.transports import BaseTransport, Transport
from collections.abc import Awaitable, Callable
from typing import Any, Final, Protocol, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

from bidder.web.attending import Attendance
from bidder.web.fanout import Fanout, Listener
from bidder.web.frames import encode, text_frame
from bidder.web.interest import Interest
from bidder.web.limits import (
    FLOOD_MESSAGES_MAX,
    MESSAGES_BURST,
    MESSAGES_PER_S_MAX,
    PHONES_PER_GUEST_MAX,
    WRITE_BUFFER_BYTES_LOW,
    WRITE_BUFFER_BYTES_MAX,
)
from bidder.web.orders import FINGER, Message, read_message, refusal
from bidder.web.quotas import Rate
from common.errors import RejectCode, UsageError

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

LINE: Final = "auction.line"
"""The key under which the scope of a WebSocket has its line."""
_AT_ONCE: Final = struct.pack("ii", 1, 0)
"""The system must not wait for what is unsent."""
POLICY_CLOSE: Final = 1008
"""The close code for who does not keep to the rules (RFC 6455, section 7.4.1)."""


class PhoneProtocol(WebSocketsSansIOProtocol):
    """The line to one phone. `Fanout` writes frames; the rest is uvicorn's."""

    is_clogged = False
    _written_bytes = 0
    _taken_bytes: int | None = None
    """How much had left memory when the last ping was sent; None if nothing waited then."""
    on_free: Callable[[], None] | None = None
    """Called soon after the line is free again."""

    def connection_made(self, transport: BaseTransport) -> None:
        """Bound what may wait in memory for this phone."""
        super().connection_made(transport)
        cast(Transport, transport).set_write_buffer_limits(high=WRITE_BUFFER_BYTES_MAX, low=WRITE_BUFFER_BYTES_LOW)

    def handle_connect(self, event: Request) -> None:
        """Let the application find the line."""
        super().handle_connect(event)
        if not self.close_sent:
            cast(Scope, self.scope)[LINE] = self

    def pause_writing(self) -> None:
        """Note that too much is unsent."""
        super().pause_writing()
        self.is_clogged = True

    def resume_writing(self) -> None:
        """Have the phone told what it missed. Not at once: asyncio is in the middle of its own writing."""
        super().resume_writing()
        self.is_clogged = False
        if self.on_free is not None:
            self.loop.call_soon(self.on_free)

    def send_keepalive_ping(self) -> None:
        """Note what waits before the ping."""
        self._note_taken()
        super().send_keepalive_ping()

    def keepalive_timeout(self) -> None:
        """Cut off a phone that does not answer; one that takes what waits before the ping has more time.

        Closing would wait for it to read.
        """
        before = self._taken_bytes
        self._note_taken()
        if before is not None and self._written_bytes - self.unsent_bytes > before:
            self.pong_timer = self.loop.call_later(cast(float, self.ping_timeout), self.keepalive_timeout)
        else:
            self.cut()

    def _note_taken(self) -> None:
        unsent = self.unsent_bytes
        self._taken_bytes = self._written_bytes - unsent if unsent else None

    # --- the line ---------------------------------------------------------------------------------------------------

    @property
    def unsent_bytes(self) -> int:
        """How much waits in memory for this phone."""
        return self.transport.get_write_buffer_size()

    def write(self, frame: bytes) -> None:
        """Send a frame, or keep it until the line is free. Never waits."""
        if self.handshake_complete and not self.close_sent and not self.transport.is_closing():
            self._written_bytes += len(frame)
            self.transport.write(frame)

    def cut(self) -> None:
        """End the connection at once, and have the system forget what it keeps for a phone that does not take it."""
        if not self.disconnected:
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        self.transport.abort()

    def end(self, code: int) -> None:
        """Close the connection with a close code; cut it if the phone does not read."""
        if self.is_clogged:
            self.cut()
        elif self.handshake_complete and not self.close_sent and not self.transport.is_closing():
            self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": ""})
            self.conn.send_close(code)
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.close_sent = True
            self.transport.close()


class Places(Protocol):
    """Who may come to `/live`."""

    def admit(self, scope: Scope) -> "Visit | None":
        """Return what a WebSocket may be, and take its place; None if it may not come."""

    def leave(self, visit: "Visit") -> None:
        """Give the place back."""


class Visit:
    """One WebSocket: a phone of a guest, one that has not joined yet, or a board."""

    def __init__(self, address: str, attendance: Attendance | None, *, is_board: bool) -> None:
        self.address = address
        self.attendance = attendance
        self.is_board = is_board


class Live:
    """The application behind `/live`."""

    def __init__(
        self,
        fanout: Fanout,
        interest: Interest,
        places: Places,
        clock_frame: Callable[[], bytes],
        now_ms: Callable[[], int],
    ) -> None:
        self._fanout = fanout
        self._interest = interest
        self._places = places
        self._now_ms = now_ms
        self._clock_frame = clock_frame

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one WebSocket until it ends."""
        await receive()  # websocket.connect
        visit = self._places.admit(scope)
        if visit is None:
            await send({"type": "websocket.close"})
            return
        line = scope.pop(LINE)  # else the scope and its line would hold each other, and wait for the collector
        try:
            await send({"type": "websocket.accept"})
            await self._serve(visit, line, receive)
        finally:
            self._places.leave(visit)

    async def _serve(self, visit: Visit, line: PhoneProtocol, receive: Receive) -> None:
        phone = Listener(line, is_board=visit.is_board)
        line.on_free = lambda: self._fanout.catch_up(phone)
        guest = visit.attendance
        line.write(self._clock_frame())
        try:
            if guest is None:
                line.write(text_frame(encode({"event": "guest", "name": None})))
            else:
                if len(guest.phones) >= PHONES_PER_GUEST_MAX:
                    next(iter(guest.phones)).line.cut()
                guest.add(phone)
            self._fanout.add(phone)
            await self._listen(visit, phone, receive)
        finally:
            line.on_free = None
            self._fanout.remove(phone)
            self._interest.forget(phone)
            if guest is not None:
                guest.remove(phone)

    async def _listen(self, visit: Visit, phone: Listener, receive: Receive) -> None:
        now_ms = self._now_ms
        rate, refused = Rate(MESSAGES_PER_S_MAX, MESSAGES_BURST, now_ms()), 0
        while (event := await receive())["type"] == "websocket.receive":
            try:
                message = read_message(event.get("text") or event.get("bytes") or "")
            except UsageError as error:
                message = None
                _tell_fault(phone, "malformed", str(error))
            if rate.spend(now_ms()):
                if message is not None:
                    self._obey(visit, phone, message)
                continue
            refused += 1
            if message is not None and message.id is not None:
                phone.write(text_frame(encode(refusal(message, RejectCode.SLOW_DOWN, "", None))))
            if refused >= FLOOD_MESSAGES_MAX:
                phone.line.end(POLICY_CLOSE)
                return

    def _obey(self, visit: Visit, phone: Listener, message: Message) -> None:
        if visit.attendance is None:
            _tell_fault(phone, "hello_first", "Join the sale first.")
            return
        if message.do == FINGER:
            self._interest.touch(phone, message.lot, self._now_ms(), is_on=message.on is True)
            return
        visit.attendance.ask(message)


def _tell_fault(phone: Listener, code: str, message: str) -> None:
    phone.write(text_frame(encode({"event": "faulty", "code": code, "message": message})))
