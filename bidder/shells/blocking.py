"""The blocking client. Its own thread moves the messages; any thread may read the sale and bid.

    with Client.connect(link, "Ada", keys) as client:
        for notice in client.notices():
            ...

The thread owns the sockets, and a lock guards the session. A caller rings a bell to wake the thread, then waits for the
outcome until its time-out. An error that stops the thread, even a bug, is raised in the next call. The thread does not
hold the client while it waits, so it ends when the program forgets the client.
"""

import socket
import threading
import warnings
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

import zmq

from bidder.core.absentee import leave_bid_request
from bidder.core.confirming import confirm_request
from bidder.core.effects import Outcome, Unanswered
from bidder.core.errors import CallbackError, ClosedError
from bidder.core.formats.dutch import stop_request
from bidder.core.formats.english import bid_request, buy_request
from bidder.core.formats.sealed import seal_request, unseal_request
from bidder.core.notices import Notice
from bidder.core.requests import check_timeout
from bidder.core.retraction import retract_request
from bidder.shells.base import (
    BaseClient,
    Sockets,
    affairs,
    forgotten,
    next_start,
    open_sockets,
    prepare_to_connect,
    together,
    verdict,
)
from bidder.shells.hearing import OnNotice, Reader
from common.errors import UsageError
from common.formats import AnyOffer
from common.keys import KeyPair
from common.links import JoinLink
from common.messages import Accepted, Mine, MineRequest, Rejected, Role

REQUEST_TIMEOUT_MS = 10_000
LATE_MS: Final = 500
"""The extra time for the thread to report a time-out: only the thread knows whether it sent the request."""


class _Bell:
    """Interrupts a thread's wait. Any thread may ring it, even after the waiting thread has ended."""

    def __init__(self) -> None:
        self._here, self.socket = socket.socketpair()
        self._here.setblocking(False)  # noqa: FBT003 -- the signature of sockets
        self.socket.setblocking(False)  # noqa: FBT003 -- as above
        self.is_over = False
        """Whether the thread must end or has ended. Collecting the client gives no warning then."""

    def ring(self) -> None:
        try:
            self._here.send(b"!")
        except OSError:  # the bell is already ringing, or the thread has ended
            return

    def still(self) -> None:
        try:
            self.socket.recv(4096)
        except BlockingIOError:
            return

    def close(self) -> None:
        self._here.close()
        self.socket.close()


class Client(BaseClient):
    """A bidder in a sale. Make one with `Client.connect`. Any thread may call its methods.

    The caller must keep it while it is needed, then close it. A forgotten client closes with a ResourceWarning.
    """

    def __init__(self, sockets: Sockets, bell: _Bell, on_notice: OnNotice | None) -> None:
        self._ready_future: Future[None] = Future()
        self._lock = threading.RLock()
        super().__init__(sockets, self._lock, self._ready_future, on_notice)
        self._bell = bell
        self._arrived = threading.Condition(self._lock)
        self._thread = threading.Thread(
            target=_work, args=(weakref.ref(self), sockets, bell), name="auction client", daemon=True
        )
        self._finalizer = weakref.finalize(self, _forget, sockets, bell)

    @classmethod
    def connect(
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
        """Join a sale, and return once its state is complete. A `timeout_ms` of None waits forever, even for approval.

        The client's thread calls `on_notice` with each notice, in order. It must be quick, and may read but not bid.
        A program that gives it must not use `notices`. A program with many clients should give them one `context`.
        `last_id` is the highest request id that the key has used, if the program keeps it: ids then rise even if the
        clock is set back. Ids also rise above the highest that the house remembers.

        `code` is a paddle code, which the link may have too. It binds the key to a paddle that the desk gave. The
        bidder then has the name of that paddle, and `name` may be empty.

        A sale may have conditions. Then the first connect raises ConditionsError, which has their text. Show it to the
        bidder, and only if the bidder agrees connect again with `accepts`, the error's digest. The house remembers it;
        when the conditions change, the next hello is refused in the same way.

        Raises UsageError (an argument, or a limit of this process), RejectedError (the house refused, or no approval
        came in time), which a ConditionsError is too, WrongKeyError (another program listens there) and
        UnreachableError (it says what to check).
        """
        prepare_to_connect(timeout_ms, on_notice)
        bell = _Bell()
        try:
            sockets = open_sockets(link, name, keys, role, context, bell.ring, last_id, code=code, accepts=accepts)
        except BaseException:
            bell.close()
            raise
        client = cls(sockets, bell, on_notice)
        try:
            client._thread.start()
        except BaseException:
            bell.is_over = True
            _close(sockets, bell)
            raise
        client._wait_until_ready(timeout_ms)
        return client

    def _wait_until_ready(self, timeout_ms: int | None) -> None:
        is_ready = False
        try:
            self._ready_future.result(None if timeout_ms is None else timeout_ms / 1000)
            is_ready = True
        except TimeoutError:
            if self._ready_future.done():
                raise
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

        With `if_seq` or `if_price_minor` (0: no bid yet) the bid counts only if the lot still has that seq or price.
        With `while_connected` the house drops the rest of the maximum when this client falls silent. A repeated
        `request_id` with the same content returns the first verdict: a bid never counts twice. Without a `request_id`
        the verdict names the new id.

        Raises UsageError, ClosedError, and, if the outcome is unknown, UnansweredError with the request id.
        """
        return self._offer(
            lambda number: bid_request(
                number,
                lot,
                amount_minor,
                maximum_minor,
                if_seq=if_seq,
                if_price_minor=if_price_minor,
                while_connected=while_connected,
            ),
            request_id,
            timeout_ms,
        )

    def buy(
        self,
        lot: str,
        price_minor: int,
        *,
        if_seq: int | None = None,
        request_id: int | None = None,
        timeout_ms: int = REQUEST_TIMEOUT_MS,
    ) -> Accepted | Rejected:
        """Buy a lot at its buy-now price, which closes it; return the verdict. Raises the same as `bid`."""
        return self._offer(lambda number: buy_request(number, lot, price_minor, if_seq=if_seq), request_id, timeout_ms)

    def seal(
        self,
        lot: str,
        amount_minor: int,
        *,
        if_seq: int | None = None,
        request_id: int | None = None,
        timeout_ms: int = REQUEST_TIMEOUT_MS,
    ) -> Accepted | Rejected:
        """Make a sealed offer, or replace an earlier one; return the verdict. Raises the same as `bid`."""
        return self._offer(
            lambda number: seal_request(number, lot, amount_minor, if_seq=if_seq), request_id, timeout_ms
        )

    def unseal(
        self,
        lot: str,
        *,
        if_seq: int | None = None,
        request_id: int | None = None,
        timeout_ms: int = REQUEST_TIMEOUT_MS,
    ) -> Accepted | Rejected:
        """Take the bidder's sealed offer back; return the verdict. Raises the same as `bid`."""
        return self._offer(lambda number: unseal_request(number, lot, if_seq=if_seq), request_id, timeout_ms)

    def stop(
        self,
        lot: str,
        price_minor: int,
        units: int = 1,
        *,
        if_seq: int | None = None,
        request_id: int | None = None,
        timeout_ms: int = REQUEST_TIMEOUT_MS,
    ) -> Accepted | Rejected:
        """Stop a Dutch lot's clock: take up to `units` units at its price, at most `price_minor`; return the verdict.

        The price is that on the house's clock when the request arrives. If fewer units are left, the bidder takes
        those. Raises the same as `bid`.
        """
        return self._offer(
            lambda number: stop_request(number, lot, price_minor, units, if_seq=if_seq), request_id, timeout_ms
        )

    def leave_bid(
        self,
        lot: str,
        amount_minor: int | None,
        *,
        if_seq: int | None = None,
        request_id: int | None = None,
        timeout_ms: int = REQUEST_TIMEOUT_MS,
    ) -> Accepted | Rejected:
        """Leave a bid for a lot that is not open yet, or take it back (None); return the verdict.

        Nobody else learns of it before the lot opens. Then it becomes a maximum, or a sealed offer. Raises the same as
        `bid`.
        """
        return self._offer(
            lambda number: leave_bid_request(number, lot, amount_minor, if_seq=if_seq), request_id, timeout_ms
        )

    def retract(
        self,
        lot: str,
        *,
        if_seq: int | None = None,
        request_id: int | None = None,
        timeout_ms: int = REQUEST_TIMEOUT_MS,
    ) -> Accepted | Rejected:
        """Take back the bidder's last bid on an English lot, where the sale allows it; return the verdict.

        Raises the same as `bid`.
        """
        return self._offer(lambda number: retract_request(number, lot, if_seq=if_seq), request_id, timeout_ms)

    def confirm(
        self,
        lot: str,
        *,
        stands: bool = True,
        if_seq: int | None = None,
        request_id: int | None = None,
        timeout_ms: int = REQUEST_TIMEOUT_MS,
    ) -> Accepted | Rejected:
        """Say whether the bidder stands by its bid on a lot on which it is asked (`asked` of the view).

        If it does not, all its bids on the lot are void. With `if_seq` it counts only for the lot as it was seen.
        Returns the verdict. Raises the same as `bid`.
        """
        return self._offer(
            lambda number: confirm_request(number, lot, stands=stands, if_seq=if_seq), request_id, timeout_ms
        )

    def _offer(self, make: Callable[[int], AnyOffer], request_id: int | None, timeout_ms: int) -> Accepted | Rejected:
        """Make an offer under this id, or under a new one, and return the house's verdict."""
        request = make(self.new_request_id() if request_id is None else request_id)
        return verdict(self._request(request, timeout_ms, may_renew_id=request_id is None))

    def mine(self, *, timeout_ms: int = REQUEST_TIMEOUT_MS) -> Mine:
        """Return the bidder's own affairs: its positions and its wins. Raises RejectedError and UnansweredError."""
        pages: list[Mine] = []
        start: int | None = 0
        while start is not None:
            page = affairs(self._request(MineRequest(id=self.new_request_id(), start=start), timeout_ms))
            pages.append(page)
            start = next_start(pages, start)
        return together(pages)

    def _request(self, request: AnyOffer | MineRequest, timeout_ms: int, *, may_renew_id: bool = False) -> Outcome:
        check_timeout(timeout_ms)
        self._check_process()
        if threading.current_thread() is self._thread:
            raise UsageError("The callback runs in the client's own thread and can't wait for an answer there.")
        future: Future[Outcome] = Future()
        with self._lock:
            self._check_usable()
            ticket = self._session.submit(request, self._connection.now_ms(), timeout_ms, may_renew_id=may_renew_id)
            self._waiting[ticket] = future
        self._bell.ring()
        try:
            return future.result((timeout_ms + LATE_MS) / 1000)
        except TimeoutError:
            with self._lock:
                self._waiting.pop(ticket, None)
            if future.done():
                return future.result()
            return Unanswered(request.id, may_count=True)  # something holds the thread up, such as a callback

    # --- notices ----------------------------------------------------------------------------------------------------

    def notices(self, timeout_ms: int | None = None) -> Iterator[Notice]:
        """Return an iterator over the notices, in order.

        It ends when none comes for `timeout_ms` (None: never), or when the client is closed. An application that reads
        too slowly gets `NoticesDropped` in place of the oldest. The iterator raises the error that stopped the client.

        Raises UsageError if another loop, or another iterator that is still held, reads the notices.
        """
        if timeout_ms is not None:
            check_timeout(timeout_ms)
        with self._guard:
            reader = _Notices(self, timeout_ms)
            self._claim_notices(reader)
        return reader

    def _next_notice(self, timeout_ms: int | None) -> Notice | None:
        """Return the next notice; None if none came in time."""
        with self._guard:
            notice = self._pop_notice()
            if notice is None and self._arrived.wait_for(
                self._has_news, None if timeout_ms is None else timeout_ms / 1000
            ):
                notice = self._pop_notice()
        return notice

    def _has_news(self) -> bool:
        return bool(self._inbox) or self._failure is not None

    def _wake_readers(self) -> None:
        self._arrived.notify_all()

    # --- the thread -------------------------------------------------------------------------------------------------

    def _step(self) -> int | None:
        """Move all waiting messages; return how many milliseconds the thread can wait; None: until a wake-up."""
        with self._lock:
            effects, has_more = self._connection.pump()
            notices = self._deliver(effects)
            wait_ms = 0 if has_more else self._connection.wait_ms
        for notice in notices:
            assert self._on_notice is not None, "notices are left over only for a callback"
            self._on_notice(notice)
        return 0 if notices else wait_ms

    # --- the end ----------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Leave the sale. Bids stand; unanswered requests end with ClosedError. A second call does nothing.

        Raises UsageError in a process that inherited the client by a fork.
        """
        with self._guard:
            self._stop(ClosedError())
        self._finalizer.detach()
        self._bell.is_over = True
        self._bell.ring()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._sockets.is_inherited:  # a forked child that leaves the block has nothing to close
            self.close()


class _Notices(Reader, Iterator[Notice]):
    """Reads a client's notices."""

    def __init__(self, client: Client, timeout_ms: int | None) -> None:
        self._client = client
        self._timeout_ms = timeout_ms

    def __next__(self) -> Notice:
        notice = None
        with suppress(ClosedError):
            if not self.is_over:
                notice = self._client._next_notice(self._timeout_ms)
        if notice is None:
            self.is_over = True
            raise StopIteration
        return notice


# --- what the thread does -------------------------------------------------------------------------------------------


def _work(client_ref: "weakref.ref[Client]", sockets: Sockets, bell: _Bell) -> None:
    """Move messages until the client stops or is forgotten. Only this thread uses and closes its sockets."""
    failure: Exception = ClosedError()
    try:
        _move_messages(client_ref, sockets, bell)
    except BaseException as error:  # noqa: BLE001 -- not swallowed: every caller gets it, even our own bug
        failure = error if isinstance(error, Exception) else CallbackError(error)
    if sockets.is_inherited:  # the callback has forked, and this is the child
        return
    client = client_ref()
    if client is not None:
        bell.is_over = True
        with client._lock:
            client._stop(failure)
    _close(sockets, bell)


def _move_messages(client_ref: "weakref.ref[Client]", sockets: Sockets, bell: _Bell) -> None:
    poller, sockets_opened = zmq.Poller(), 0
    while not (bell.is_over or sockets.is_inherited):
        client = client_ref()
        if client is None or client._failure is not None:
            return
        wait_ms = client._step()
        del client  # while the thread waits, only the program holds the client
        if sockets_opened != sockets.connection.sockets_opened:
            sockets_opened = sockets.connection.sockets_opened
            poller = _poller(sockets, bell)
        if wait_ms != 0:
            poller.poll(wait_ms)
            bell.still()


def _poller(sockets: Sockets, bell: _Bell) -> zmq.Poller:
    poller = zmq.Poller()
    for zmq_socket in sockets.connection.sockets:
        poller.register(zmq_socket, zmq.POLLIN)
    poller.register(bell.socket, zmq.POLLIN)
    return poller


def _close(sockets: Sockets, bell: _Bell) -> None:
    sockets.close()
    bell.close()


def _forget(sockets: Sockets, bell: _Bell) -> None:
    """End the thread of a client that nothing holds any more, or that is still open when the program ends."""
    if not (sockets.is_inherited or bell.is_over):
        bell.is_over = True
        bell.ring()
        warnings.warn(forgotten(sockets.connection), ResourceWarning, stacklevel=2)
