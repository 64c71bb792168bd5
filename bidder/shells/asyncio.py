"""The asyncio client, with the names of the blocking one.

    async with await AsyncClient.connect(link, "Ada", keys) as client:
        async for notice in client.notices():
            ...

It uses plain zmq sockets: the loop watches their file descriptors, and each wake-up moves all there is to move. That
is what `zmq.asyncio` does beneath, without its future for each message (some 2 us a message instead of 12), and it lets
both clients share `bidder.shells.connection`. All methods must be called in the loop's thread.
"""

import asyncio
import warnings
import weakref
from collections.abc import AsyncIterator, Callable
from contextlib import nullcontext, suppress
from types import TracebackType
from typing import Self

import zmq

from bidder.core.effects import Outcome
from bidder.core.notices import Notice
from bidder.core.requests import bid_request, buy_request, check_timeout
from bidder.shells.base import (
    BaseClient,
    CallbackError,
    ClosedError,
    OnNotice,
    Reader,
    Sockets,
    affairs,
    forgotten,
    next_start,
    open_sockets,
    prepare_to_connect,
    together,
    verdict,
)
from common.keys import JoinLink, KeyPair
from common.messages import Accepted, BidRequest, BuyRequest, Mine, MineRequest, Rejected, Role

REQUEST_TIMEOUT_MS = 10_000


class _Watch:
    """What the loop holds of a client: its sockets, and the client by a weak reference only.

    It holds what callers wait on, too, and thereby their tasks and the client: while one waits, nothing is forgotten.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.sockets: Sockets | None = None
        self.is_over = False
        self._client: Callable[[], AsyncClient | None] = lambda: None
        self._waited_on: tuple[object, ...] = ()
        self._timer: asyncio.Handle | None = None
        self._descriptors: list[int] = []
        self._sockets_opened = 0

    def begin(self, client: "AsyncClient", sockets: Sockets, waited_on: tuple[object, ...]) -> None:
        """Watch a client's sockets."""
        self._client, self.sockets, self._waited_on = weakref.ref(client), sockets, waited_on
        self._watch_sockets()

    def wake(self) -> None:
        """Have the loop call the client; for other threads."""
        with suppress(RuntimeError):  # the loop is closed
            self.loop.call_soon_threadsafe(self.pump)

    def pump(self) -> None:
        """Let the client move its messages, if anybody holds it."""
        client = self._client()
        if client is not None:
            client._pump()

    def wait(self, wait_ms: int | None) -> None:
        """Call the client when one of its sockets is readable, and after `wait_ms`, if not None."""
        if self._timer is not None:
            self._timer.cancel()
        self._watch_sockets()
        self._timer = None if wait_ms is None else self.loop.call_later(wait_ms / 1000, self.pump)

    def _watch_sockets(self) -> None:
        assert self.sockets is not None, "a watch without a client"
        connection = self.sockets.connection
        if self._sockets_opened == connection.sockets_opened:
            return
        self._sockets_opened = connection.sockets_opened
        self._unwatch_sockets()
        self._descriptors = [int(zmq_socket.getsockopt(zmq.FD)) for zmq_socket in connection.sockets]
        for descriptor in self._descriptors:
            self.loop.add_reader(descriptor, self.pump)

    def _unwatch_sockets(self) -> None:
        if not self.loop.is_closed():
            for descriptor in self._descriptors:
                self.loop.remove_reader(descriptor)
        self._descriptors = []

    def close(self) -> None:
        """Close the sockets, in the loop's thread or while it does not run. May be called more than once."""
        if self.is_over:
            return
        self.is_over = True
        if self._timer is not None:
            self._timer.cancel()
        self._unwatch_sockets()
        if self.sockets is not None:
            self.sockets.close()

    def forget(self) -> None:
        """Close the sockets of a client that nobody holds any more, or that is open when the program ends.

        The collector may call it in any thread.
        """
        if self.is_over or self.sockets is None or self.sockets.is_inherited:
            return
        if self.loop.is_running():
            self.loop.call_soon_threadsafe(self.close)
        else:
            self.close()
        warnings.warn(forgotten(self.sockets.connection), ResourceWarning, stacklevel=2)


class AsyncClient(BaseClient):
    """A bidder in a sale, in an asyncio program. Make one with `await AsyncClient.connect`.

    Keep it while you need it, and close it: a client that is forgotten is closed with a ResourceWarning.
    """

    def __init__(self, sockets: Sockets, watch: _Watch, on_notice: OnNotice | None) -> None:
        self._loop = watch.loop
        self._ready_future: asyncio.Future[None] = self._loop.create_future()
        super().__init__(sockets, nullcontext(), self._ready_future, on_notice)
        self._arrived = asyncio.Event()
        self._watch = watch
        self._finalizer = weakref.finalize(self, watch.forget)
        watch.begin(self, sockets, (self._ready_future, self._waiting, self._arrived))

    @classmethod
    async def connect(
        cls,
        link: str | JoinLink,
        name: str,
        keys: KeyPair,
        *,
        role: Role = Role.BIDDER,
        timeout_ms: int | None = REQUEST_TIMEOUT_MS,
        on_notice: OnNotice | None = None,
        context: "zmq.Context[zmq.SyncSocket] | None" = None,
        last_id: int = 0,
    ) -> Self:
        """Join a sale; as `Client.connect`, with the same arguments and errors. `on_notice` runs in the loop."""
        prepare_to_connect(timeout_ms, on_notice)
        watch = _Watch(asyncio.get_running_loop())
        sockets = open_sockets(link, name, keys, role, context, watch.wake, last_id)
        try:
            client = cls(sockets, watch, on_notice)
        except BaseException:
            sockets.close()
            raise
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
            if self._ready_future.done() and not self._ready_future.cancelled():
                raise
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
            start = next_start(pages, start)
        return together(pages)

    async def _request(
        self, request: BidRequest | BuyRequest | MineRequest, timeout_ms: int, *, may_renew_id: bool = False
    ) -> Outcome:
        check_timeout(timeout_ms)
        self._check_process()
        self._check_usable()
        future: asyncio.Future[Outcome] = self._loop.create_future()
        ticket = self._session.submit(request, self._connection.now_ms(), timeout_ms, may_renew_id=may_renew_id)
        self._waiting[ticket] = future
        self._pump()
        return await future

    # --- notices ----------------------------------------------------------------------------------------------------

    def notices(self, timeout_ms: int | None = None) -> AsyncIterator[Notice]:
        """Return an iterator over the notices; as `Client.notices`, with the same argument and errors."""
        if timeout_ms is not None:
            check_timeout(timeout_ms)
        reader = _Notices(self, timeout_ms)
        self._claim_notices(reader)
        return reader

    async def _next_notice(self, timeout_ms: int | None) -> Notice:
        self._check_process()
        notice = self._pop_notice()
        if notice is not None:
            return notice
        async with asyncio.timeout(None if timeout_ms is None else timeout_ms / 1000):
            while (notice := self._pop_notice()) is None:
                self._arrived.clear()
                await self._arrived.wait()
        return notice

    def _wake_readers(self) -> None:
        self._arrived.set()

    # --- the loop ---------------------------------------------------------------------------------------------------

    def _pump(self) -> None:
        """Move all there is to move, and come back when time asks for it."""
        if self._failure is not None or self._sockets.is_inherited:
            return
        try:
            effects, has_more = self._connection.pump()
            for notice in self._deliver(effects):
                assert self._on_notice is not None, "notices are left over only for a callback"
                self._on_notice(notice)
            if self._failure is None:  # else the callback closed the client
                self._watch.wait(0 if has_more else self._connection.wait_ms)
        except Exception as error:  # noqa: BLE001 -- not swallowed: every caller gets it, a bug of ours included
            self._end(error)
        except BaseException as error:
            self._end(CallbackError(error))
            raise

    # --- the end ----------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Leave. Bids stay as they are; requests under way end with ClosedError. May be called more than once.

        Raises UsageError in a process that inherited the client by a fork.
        """
        self._check_process()
        self._end(ClosedError())

    def _end(self, failure: Exception) -> None:
        if self._failure is None:
            self._stop(failure)
            self._finalizer.detach()
            self._watch.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._sockets.is_inherited:  # a forked child that leaves the block has nothing to close
            self.close()


class _Notices(Reader, AsyncIterator[Notice]):
    """Reads a client's notices."""

    def __init__(self, client: AsyncClient, timeout_ms: int | None) -> None:
        self._client = client
        self._timeout_ms = timeout_ms

    async def __anext__(self) -> Notice:
        notice = None
        with suppress(ClosedError, TimeoutError):
            if not self.is_over:
                notice = await self._client._next_notice(self._timeout_ms)
        if notice is None:
            self.is_over = True
            raise StopAsyncIteration
        return notice
