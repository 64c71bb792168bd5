"""HTTP connections of browsers, on uvicorn's own protocol: little time for a request, few of them for an address.

A browser sends a request whole and at once. Who sends one byte after another, or nothing at all, holds a connection for
as long as it likes, and thousands of them cost it nothing ("slowloris"); uvicorn bounds only the time between two
requests. The base class is used by these: `transport`, `loop`, `conn`, `client`, and the hooks that are overridden.
tests/bidder/web/test_callers.py pins them.
"""

from asyncio import TimerHandle, Transport
from typing import Any, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from bidder.web.limits import REQUEST_MS_MAX
from bidder.web.quotas import Places

_UNFINISHED: Final = (h11.IDLE, h11.SEND_BODY)
"""What the browser's side is in until its request has come whole."""


class CallerProtocol(H11Protocol):
    """One HTTP connection. `places` are shared by all; addresses in `unbounded` speak for many, as a proxy does."""

    def __init__(self, places: Places, unbounded: str, **uvicorns: Any) -> None:
        super().__init__(**uvicorns)
        self._places = places
        self._unbounded = unbounded
        self._place: str | None = None
        """The address whose place this connection has."""
        self._deadline: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override] # as uvicorn's
        """Take a place, or hang up if the address has no more."""
        super().connection_made(transport)
        address = self.client[0] if self.client is not None else ""
        if address != self._unbounded:
            if not self._places.enter(address):
                transport.abort()
                return
            self._place = address
        self._expect_request()

    def data_received(self, data: bytes) -> None:
        """Give a request that begins its time."""
        if self._deadline is None and self.conn.their_state in _UNFINISHED:
            self._expect_request()
        super().data_received(data)

    def handle_events(self) -> None:
        """End the time of a request that has come whole."""
        super().handle_events()
        if self.conn.their_state not in _UNFINISHED:
            self._end_deadline()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Leave the connection to the protocol of WebSockets, which has bounds of its own."""
        self._leave()
        super().handle_websocket_upgrade(event)

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the place back."""
        self._leave()
        super().connection_lost(exc)

    def _expect_request(self) -> None:
        self._deadline = self.loop.call_later(REQUEST_MS_MAX / 1000, self.transport.abort)

    def _end_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _leave(self) -> None:
        self._end_deadline()
        if self._place is not None:
            self._places.leave(self._place)
            self._place = None
