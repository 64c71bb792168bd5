"""The asyncio client, with the names of the blocking one.

    async with await AsyncClient.connect(link, "Ada", keys) as client:
        async for notice in client.notices():
            ...

It uses plain zmq sockets: the loop watches their file descriptors, and each wake-up moves all waiting messages.
`zmq.asyncio` does the same underneath, but makes a future for each message (about 12 us a message instead of 2). Plain
sockets also let both clients share `bidder.shells.connection`. The caller must call all methods in the loop's thread.
"""

import asyncio
import weakref
from collections.abc import AsyncIterator
from contextlib import nullcontext, suppress
from types import TracebackType
from typing import Self

import zmq

from bidder.core.effects import Outcome
from bidder.core.errors import CallbackError, ClosedError
from bidder.core.notices import Notice
from bidder.core.requests import check_timeout
from bidder.shells.base import BaseClient, Sockets, open_sockets, prepare_to_connect
from bidder.shells.bidding import REQUEST_TIMEOUT_MS, AsyncBidding
from bidder.shells.hearing import Hearing, OnNotice, Reader
from bidder.shells.watching import ClientWatch
from common.formats import AnyOffer
from common.keys import KeyPair
from common.links import JoinLink
from common.messages import MineRequest, Role


class AsyncHearing(Hearing):
    """A `Hearing` in an asyncio program. `_arrived` wakes the reader of its notices."""

    _arrived: asyncio.Event

    def notices(self, timeout_ms: int | None = None) -> AsyncIterator[Notice]:
        """Return an iterator over the notices. Takes and raises the same as `Client.notices`."""
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


class AsyncBase(AsyncHearing, BaseClient):
    """A client or a hall, which follows a sale in an asyncio program."""

    def __init__(self, sockets: Sockets, watch: ClientWatch, on_notice: OnNotice | None) -> None:
        self._loop = watch.loop
        self._ready_future: asyncio.Future[None] = self._loop.create_future()
        self._arrived = asyncio.Event()
        BaseClient.__init__(self, sockets, nullcontext(), self._ready_future, on_notice)
        self._watch = watch
        self._finalizer = weakref.finalize(self, watch.forget)
        watch.sockets = sockets
        watch.begin(self, sockets.connection, (self._ready_future, self._waiting, self._arrived))

    @classmethod
    async def _open(
        cls, sockets: Sockets, watch: ClientWatch, on_notice: OnNotice | None, timeout_ms: int | None
    ) -> Self:
        """Return a client with these sockets once it is ready. If it does not get ready, close the sockets."""
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

    # --- the loop ---------------------------------------------------------------------------------------------------

    def _pump(self) -> None:
        """Move all waiting messages, and have the loop call again at the next deadline."""
        if self._failure is not None or self._sockets.is_inherited:
            return
        try:
            effects, has_more = self._connection.pump()
            for notice in self._deliver(effects):
                assert self._on_notice is not None, "notices are left over only for a callback"
                self._on_notice(notice)
            if self._failure is None:  # else the callback closed the client
                self._watch.wait(0 if has_more else self._connection.wait_ms)
        except Exception as error:  # noqa: BLE001 -- not swallowed: every caller gets it, even our own bug
            self._end(error)
        except BaseException as error:
            self._end(CallbackError(error))
            raise

    # --- the end ----------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Leave the sale. Bids stand; unanswered requests end with ClosedError. A second call does nothing.

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


class AsyncClient(AsyncBase, AsyncBidding):
    """A bidder in a sale, in an asyncio program. Make one with `await AsyncClient.connect`.

    The caller must keep it while it is needed, then close it. A forgotten client closes with a ResourceWarning.
    """

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
        code: str = "",
        accepts: str = "",
    ) -> Self:
        """Join a sale. Takes and raises the same as `Client.connect`. `on_notice` runs in the loop."""
        prepare_to_connect(timeout_ms, on_notice)
        watch = ClientWatch(asyncio.get_running_loop())
        sockets = open_sockets(link, name, keys, role, context, watch.wake, last_id, code=code, accepts=accepts)
        return await cls._open(sockets, watch, on_notice, timeout_ms)

    async def _request(
        self, request: AnyOffer | MineRequest, timeout_ms: int, *, may_renew_id: bool = False
    ) -> Outcome:
        check_timeout(timeout_ms)
        self._check_process()
        self._check_usable()
        future: asyncio.Future[Outcome] = self._loop.create_future()
        ticket = self._session.submit(request, self._connection.now_ms(), timeout_ms, may_renew_id=may_renew_id)
        self._waiting[ticket] = future
        self._pump()
        return await future


class _Notices(Reader, AsyncIterator[Notice]):
    """Reads a client's notices."""

    def __init__(self, client: AsyncHearing, timeout_ms: int | None) -> None:
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
