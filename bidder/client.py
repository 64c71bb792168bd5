"""The blocking client: a thread of its own moves the messages, any thread may read the sale and bid.

    with Client.connect(link, "Ada", keys) as client:
        for event in client.events():
            ...

The thread owns the sockets; a lock guards the session. A caller writes a byte to wake the thread, and waits for the
outcome. What stops the thread, a bug included, is raised in whoever calls next.
"""

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from types import TracebackType
from typing import Self

import zmq

from bidder.base import BaseClient, ClosedError, OnEvent, affairs, open_connection, together, verdict
from bidder.connection import Connection
from bidder.effects import Outcome
from bidder.events import Event
from bidder.requests import bid_request, buy_request
from common.errors import UsageError
from common.keys import JoinLink, KeyPair
from common.messages import Accepted, BidRequest, BuyRequest, Mine, MineRequest, Rejected, Role

REQUEST_TIMEOUT_MS = 10_000


class Client(BaseClient):
    """A bidder in a sale. Make one with `Client.connect`; methods may be called by any thread."""

    def __init__(
        self, connection: Connection, own_context: "zmq.Context[zmq.SyncSocket] | None", on_event: OnEvent | None
    ) -> None:
        self._ready_future: Future[None] = Future()
        self._lock = threading.RLock()
        super().__init__(connection, self._lock, self._ready_future, on_event)
        self._own_context = own_context
        self._arrived = threading.Condition(self._lock)
        self._is_closed = False
        self._wake_here, self._wake_there = socket.socketpair()
        self._wake_here.settimeout(0)
        self._wake_there.settimeout(0)
        self._thread = threading.Thread(target=self._run, name="auction client", daemon=True)

    @classmethod
    def connect(
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
        """Join a sale, and return once its state is complete; None waits for ever (for an approval, say).

        With `on_event`, the client's thread calls it with each event, in order, and `events` is not to be used; it must
        be quick, and may read but not bid. A program with many clients gives them one `context`. `last_id` is the
        highest request id that the key has used, where a program keeps it, so that ids rise even if its clock is set
        back; the highest that the house remembers counts anyway.

        Raises UsageError (the link), RejectedError (the house said no, or no approval came in time), WrongKeyError
        (somebody else listens there) and UnreachableError (with what to check).
        """
        connection, own_context = open_connection(link, name, keys, role, context, last_id)
        client = cls(connection, own_context, on_event)
        client._thread.start()
        client._wait_until_ready(timeout_ms)
        return client

    def _wait_until_ready(self, timeout_ms: int | None) -> None:
        is_ready = False
        try:
            self._ready_future.result(None if timeout_ms is None else timeout_ms / 1000)
            is_ready = True
        except TimeoutError:
            raise self._not_ready() from None
        finally:
            if not is_ready:
                self.close()

    # --- bidding ----------------------------------------------------------------------------------------------------

    def bid(
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
        """Bid openly (`amount_minor`), by a secret maximum, or both, in minor units; return the house's verdict.

        `if_seq` and `if_price_minor` (0: no bid yet) bid only if the lot is as it was seen. `while_connected` drops
        the rest of the maximum when this client falls silent. With a `request_id` that was used before, and the same
        content, the verdict of then is returned: a bid never counts twice. Without one, the verdict names the id.

        Raises UsageError, ClosedError, and UnansweredError with the request id when the outcome is unknown.
        """
        return verdict(
            self._request(
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

    def buy(
        self, lot: str, price_minor: int, *, request_id: int | None = None, timeout_ms: int = REQUEST_TIMEOUT_MS
    ) -> Accepted | Rejected:
        """Buy a lot at its buy-now price, which closes it; return the verdict. Raises as `bid` does."""
        request = buy_request(self.new_request_id() if request_id is None else request_id, lot, price_minor)
        return verdict(self._request(request, timeout_ms, may_renew_id=request_id is None))

    def mine(self, *, timeout_ms: int = REQUEST_TIMEOUT_MS) -> Mine:
        """Return the bidder's own affairs: maxima and what was won. Raises RejectedError and UnansweredError."""
        pages: list[Mine] = []
        start: int | None = 0
        while start is not None:
            page = affairs(self._request(MineRequest(id=self.new_request_id(), start=start), timeout_ms))
            pages.append(page)
            start = page.next
        return together(pages)

    def _request(
        self, request: BidRequest | BuyRequest | MineRequest, timeout_ms: int, *, may_renew_id: bool = False
    ) -> Outcome:
        if threading.current_thread() is self._thread:
            raise UsageError("The callback runs in the client's own thread and can't wait for an answer there.")
        future: Future[Outcome] = Future()
        with self._lock:
            self._check_usable()
            ticket = self._session.submit(request, self._connection.now_ms(), timeout_ms, may_renew_id=may_renew_id)
            self._waiting[ticket] = future
            self._wake_thread()
        return future.result()

    # --- events -----------------------------------------------------------------------------------------------------

    def events(self, timeout_ms: int | None = None) -> Iterator[Event]:
        """Yield events in order, and return when none comes for `timeout_ms` (None: never) or the client is closed.

        An application that reads too slowly gets `EventsDropped` in the place of the oldest. Raises what stopped the
        client.
        """
        while True:
            with self._lock:
                try:
                    event = self._take_event()
                    if event is None:
                        if not self._arrived.wait_for(
                            self._has_news, None if timeout_ms is None else timeout_ms / 1000
                        ):
                            return
                        event = self._take_event()
                except ClosedError:
                    return
            if event is not None:
                yield event

    def _has_news(self) -> bool:
        return bool(self._inbox) or self._failure is not None

    def _wake_readers(self) -> None:
        self._arrived.notify_all()

    # --- the thread -------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        """Move messages until the client stops; sockets are used and closed by this thread only."""
        poller = zmq.Poller()
        for zmq_socket in self._connection.sockets:
            poller.register(zmq_socket, zmq.POLLIN)
        poller.register(self._wake_there, zmq.POLLIN)
        try:
            while self._failure is None:
                self._step(poller)
        except Exception as error:  # noqa: BLE001 -- not swallowed: every caller gets it, a bug of ours included
            with self._lock:
                self._stop(error)
        finally:
            self._connection.close()
            if self._own_context is not None:
                self._own_context.term()

    def _step(self, poller: zmq.Poller) -> None:
        with self._lock:
            effects, has_more = self._connection.pump()
            events = self._deliver(effects)
            wait_ms = 0 if has_more else self._connection.wait_ms
        for event in events:
            assert self._on_event is not None, "events are left over only for a callback"
            self._on_event(event)
        if not events:
            poller.poll(wait_ms)
            self._drain_wakes()

    def _wake_thread(self) -> None:
        """Interrupt the thread's wait; where the pipe is full it will wake anyway."""
        try:
            self._wake_here.send(b"!")
        except BlockingIOError:
            return

    def _drain_wakes(self) -> None:
        try:
            self._wake_there.recv(4096)
        except BlockingIOError:
            return

    # --- the end ----------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Leave. Bids stay as they are; requests under way end with ClosedError. May be called more than once."""
        with self._lock:
            self._stop(ClosedError())
            if threading.current_thread() is self._thread or self._is_closed:
                return
            self._is_closed = True
            self._wake_thread()
        self._thread.join()
        self._wake_here.close()
        self._wake_there.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
