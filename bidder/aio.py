"""The asyncio client, with the names of the blocking one.

    async with await AsyncClient.connect(link, "Ada", keys) as client:
        async for event in client.events():
            ...

It uses plain zmq sockets: the loop watches their file descriptors, and each wake-up moves all there is to move. That
is what `zmq.asyncio` does beneath, without its future for each message (some 2 us a message instead of 12), and it lets
both clients share `bidder.connection`. All methods must be called in the loop's thread.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import nullcontext
from types import TracebackType
from typing import Self

import zmq

from bidder.base import BaseClient, ClosedError, OnEvent, affairs, open_connection, together, verdict
from bidder.connection import Connection
from bidder.effects import Outcome
from bidder.events import Event
from bidder.requests import bid_request, buy_request
from common.keys import JoinLink, KeyPair
from common.messages import Accepted, BidRequest, BuyRequest, Mine, MineRequest, Rejected, Role

REQUEST_TIMEOUT_MS = 10_000


class AsyncClient(BaseClient):
    """A bidder in a sale, in an asyncio program. Make one with `await AsyncClient.connect`."""

    def __init__(
        self, connection: Connection, own_context: "zmq.Context[zmq.SyncSocket] | None", on_event: OnEvent | None
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._ready_future: asyncio.Future[None] = self._loop.create_future()
        super().__init__(connection, nullcontext(), self._ready_future, on_event)
        self._own_context = own_context
        self._arrived = asyncio.Event()
        self._timer: asyncio.Handle | None = None
        self._descriptors = [int(zmq_socket.getsockopt(zmq.FD)) for zmq_socket in connection.sockets]
        for descriptor in self._descriptors:
            self._loop.add_reader(descriptor, self._pump)

    @classmethod
    async def connect(
        cls,
        link: str | JoinLink,
        name: str,
        keys: KeyPair,
        *,
        role: Role = Role.BIDDER,
        timeout_ms: int | None = REQUEST_TIMEOUT_MS,
        on_event: OnEvent | None = None,
        context: "zmq.Context[zmq.SyncSocket] | None" = None,
        last_id: int = 0,
    ) -> Self:
        """Join a sale; as `Client.connect`, with the same arguments and errors. `on_event` runs in the loop."""
        connection, own_context = open_connection(link, name, keys, role, context, last_id)
        client = cls(connection, own_context, on_event)
        client._pump()
        await client._wait_until_ready(timeout_ms)
        return client

    async def _wait_until_ready(self, timeout_ms: int | None) -> None:
        is_ready = False
        try:
            async with asyncio.timeout(None if timeout_ms is None else timeout_ms / 1000):
                await self._ready_future
            is_ready = True
        except TimeoutError:
            raise self._not_ready() from None
        finally:
            if not is_ready:
                self.close()

    # --- bidding ----------------------------------------------------------------------------------------------------

    async def bid(
        self,
        lot: str,
        amount_minor: int | None = None,
        maximum_minor: int | None = None,
        *,
        if_seq: int | None = None,
        if_price_minor: int | None = None,
        while_connected: bool = False,
        request_id: int | None = None,
        timeout_ms: int = REQUEST_TIMEOUT_MS,
    ) -> Accepted | Rejected:
        """Bid, and return the house's verdict; as `Client.bid`, with the same arguments and errors.

        Cancelling the wait does not take the bid back.
        """
        return verdict(
            await self._request(
                bid_request(
                    self.new_request_id() if request_id is None else request_id,
                    lot,
                    amount_minor,
                    maximum_minor,
                    if_seq=if_seq,
                    if_price_minor=if_price_minor,
                    while_connected=while_connected,
                ),
                timeout_ms,
                may_renew_id=request_id is None,
            )
        )

    async def buy(
        self, lot: str, price_minor: int, *, request_id: int | None = None, timeout_ms: int = REQUEST_TIMEOUT_MS
    ) -> Accepted | Rejected:
        """Buy a lot at its buy-now price, which closes it; return the verdict. Raises as `bid` does."""
        request = buy_request(self.new_request_id() if request_id is None else request_id, lot, price_minor)
        return verdict(await self._request(request, timeout_ms, may_renew_id=request_id is None))

    async def mine(self, *, timeout_ms: int = REQUEST_TIMEOUT_MS) -> Mine:
        """Return the bidder's own affairs: maxima and what was won. Raises RejectedError and UnansweredError."""
        pages: list[Mine] = []
        start: int | None = 0
        while start is not None:
            page = affairs(await self._request(MineRequest(id=self.new_request_id(), start=start), timeout_ms))
            pages.append(page)
            start = page.next
        return together(pages)

    async def _request(
        self, request: BidRequest | BuyRequest | MineRequest, timeout_ms: int, *, may_renew_id: bool = False
    ) -> Outcome:
        self._check_usable()
        future: asyncio.Future[Outcome] = self._loop.create_future()
        ticket = self._session.submit(request, self._connection.now_ms(), timeout_ms, may_renew_id=may_renew_id)
        self._waiting[ticket] = future
        self._pump()
        return await future

    # --- events -----------------------------------------------------------------------------------------------------

    async def events(self, timeout_ms: int | None = None) -> AsyncIterator[Event]:
        """Yield events in order, and return when none comes for `timeout_ms` (None: never) or the client is closed.

        An application that reads too slowly gets `EventsDropped` in the place of the oldest. Raises what stopped the
        client.
        """
        while True:
            try:
                event = await self._next_event(timeout_ms)
            except (ClosedError, TimeoutError):
                return
            yield event

    async def _next_event(self, timeout_ms: int | None) -> Event:
        event = self._take_event()
        if event is not None:
            return event
        async with asyncio.timeout(None if timeout_ms is None else timeout_ms / 1000):
            while (event := self._take_event()) is None:
                self._arrived.clear()
                await self._arrived.wait()
        return event

    def _wake_readers(self) -> None:
        self._arrived.set()

    # --- the loop ---------------------------------------------------------------------------------------------------

    def _pump(self) -> None:
        """Move all there is to move, and come back when time asks for it."""
        if self._failure is not None:
            return
        try:
            effects, has_more = self._connection.pump()
            for event in self._deliver(effects):
                assert self._on_event is not None, "events are left over only for a callback"
                self._on_event(event)
            if self._failure is not None:  # the callback closed the client
                return
        except Exception as error:  # noqa: BLE001 -- not swallowed: every caller gets it, a bug of ours included
            self._end(error)
            return
        if self._timer is not None:
            self._timer.cancel()
        wait_ms = 0 if has_more else self._connection.wait_ms
        self._timer = None if wait_ms is None else self._loop.call_later(wait_ms / 1000, self._pump)

    # --- the end ----------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Leave. Bids stay as they are; requests under way end with ClosedError. May be called more than once."""
        self._end(ClosedError())

    def _end(self, failure: Exception) -> None:
        if self._failure is not None:
            return
        self._stop(failure)
        if self._timer is not None:
            self._timer.cancel()
        for descriptor in self._descriptors:
            self._loop.remove_reader(descriptor)
        self._connection.close()
        if self._own_context is not None:
            self._own_context.term()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
