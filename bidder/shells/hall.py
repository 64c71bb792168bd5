"""A hall: many bidders of a house in one asyncio program. They share one copy of the sale.

    async with await Hall.open(link, hall_keys) as hall:
        ada = await hall.join("Ada", ada_keys)
        verdict = await ada.bid("1", 12000)

The hall follows the sale as an observer with its own key, and its notices tell each change once. Each desk is a bidder
of the house, with its own key, paddle, budget and DEALER. A desk's notices are its own fortunes and the state of its
connection. One loop watches all file descriptors. Only the hall's own two sockets have monitors: they find the house's
address, and notice wrong keys and silence. The desks connect to the hall's address. The caller must call all methods in
the loop's thread.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from os import urandom
from types import TracebackType
from typing import Final, Self

import msgspec
import zmq

from bidder.core.effects import Outcome, Send, Settled
from bidder.core.errors import CallbackError, ClosedError
from bidder.core.hall_desks import HallDesk as DeskCore
from bidder.core.hall_desks import HallDesks
from bidder.core.notices import ConnectionState, Joined, Notice
from bidder.core.requests import check_timeout
from bidder.shells.asyncio import AsyncBase, AsyncHearing
from bidder.shells.base import AGENT, Sockets, check_accepts, check_code, check_type, open_sockets, prepare_to_connect
from bidder.shells.bidding import REQUEST_TIMEOUT_MS, AsyncBidding
from bidder.shells.connection import AppEffect
from bidder.shells.hearing import OnNotice
from bidder.shells.line import DeskLine
from bidder.shells.watching import ClientWatch, Watch
from common.errors import RejectCode, RejectedError, UnreachableError, UsageError
from common.formats import AnyOffer
from common.keys import KeyPair
from common.limits import PROTOCOL_VERSION
from common.links import JoinLink
from common.messages import Hello, MineRequest, Role, Welcome
from common.open_files import make_room_for_files

FILES_PER_DESK: Final = 4
"""The open files of a desk: a socket, its connection, and some to spare."""
JOINING_MAX: Final = 32
"""The most desks that join at a time. With more, handshakes would time out after some seconds and begin again."""
LOOKS_MAX: Final = 300
"""The most answers that a desk reads before the others get their turn."""


class HallSockets(Sockets):
    """A hall's sockets. `close` closes those of the desks first, then the hall's own, and the context last."""

    def __init__(self, own: Sockets) -> None:
        super().__init__(own.connection, own.own_context)
        self.desks: dict[Watch, DeskLine] = {}

    def close_desk(self, watch: Watch) -> None:
        """Stop watching a desk's socket, then close it."""
        line = self.desks.pop(watch, None)
        if line is not None:
            watch.close()
            line.close()

    def close(self) -> None:
        """Close the sockets. May be called more than once, by one thread at a time."""
        for watch in list(self.desks):
            self.close_desk(watch)
        super().close()


class Hall(AsyncBase):
    """One copy of a sale, and many desks. Make one with `await Hall.open`, and a desk with `await hall.join`.

    The caller must keep it while it is needed, then close it, which closes its desks. A forgotten hall closes with a
    ResourceWarning.
    """

    def __init__(self, sockets: HallSockets, watch: ClientWatch, on_notice: OnNotice | None) -> None:
        super().__init__(sockets, watch, on_notice)
        self._desks = HallDesks(self._session.follower)
        self._shells: dict[DeskCore, Desk] = {}
        self._keys: set[str] = set()
        self._turns = asyncio.Semaphore(JOINING_MAX)
        self._house_address = ""
        self._desk_sockets = sockets

    @classmethod
    async def open(
        cls,
        link: str | JoinLink,
        keys: KeyPair,
        *,
        name: str = "",
        timeout_ms: int | None = REQUEST_TIMEOUT_MS,
        on_notice: OnNotice | None = None,
        context: "zmq.Context[zmq.SyncSocket] | None" = None,
    ) -> Self:
        """Follow a sale, and return once its state is complete. A `timeout_ms` of None waits forever.

        `keys` are the hall's own, not a bidder's. A house with restricted admission must have them among its partners'
        keys, or on its list. Some houses ask observers for a `name`. The other arguments and the errors are those of
        `AsyncClient.connect`.
        """
        prepare_to_connect(timeout_ms, on_notice)
        watch = ClientWatch(asyncio.get_running_loop())
        own = open_sockets(link, name, keys, Role.OBSERVER, context, watch.wake, is_roomy=True)
        return await cls._open(HallSockets(own), watch, on_notice, timeout_ms)

    @property
    def desks(self) -> "list[Desk]":
        """The open desks, in the order in which they joined."""
        return list(self._shells.values())

    async def join(
        self,
        name: str,
        keys: KeyPair,
        *,
        timeout_ms: int | None = REQUEST_TIMEOUT_MS,
        on_notice: OnNotice | None = None,
        last_id: int = 0,
        invite: str | None = None,
        code: str = "",
        accepts: str = "",
    ) -> "Desk":
        """Join the sale as a bidder, and return the desk once the house has admitted it.

        Any number of bidders may join at the same time. They take turns until the house has answered, and `timeout_ms`
        counts from a desk's turn; None waits forever. The arguments and the errors are those of `AsyncClient.connect`.
        It also raises UsageError if a desk with this key is open.

        `invite` is this bidder's own invite code; None is that of the hall's link. `code` is a paddle code. The code of
        the hall's link counts for no desk. `accepts` is the digest of the conditions that this bidder accepted.
        """
        self._check_process()
        self._check_usable()
        check_type("name", name, str, "a text")
        check_type("keys", keys, KeyPair, "a pair of keys, such as load_or_make_keys(path) returns")
        check_code(code)
        check_accepts(accepts)
        if timeout_ms is not None:
            check_timeout(timeout_ms)
        if keys.public in self._keys:
            raise UsageError("A desk of this hall has this key already. Each bidder has a key of its own.")
        self._keys.add(keys.public)
        try:
            async with self._turns:
                self._check_usable()
                make_room_for_files(FILES_PER_DESK)
                began_s = self._loop.time()
                desk = Desk(self, name, keys, on_notice, last_id, invite, code, accepts)
                await desk.wait_until_answered(timeout_ms)
            waited_ms = round((self._loop.time() - began_s) * 1000)
            await desk.wait_until_ready(None if timeout_ms is None else max(0, timeout_ms - waited_ms))
        except BaseException:
            self._keys.discard(keys.public)
            raise
        return desk

    def _deliver(self, effects: list[AppEffect]) -> list[Notice]:
        for_callback = super()._deliver(effects)
        now_ms = self._connection.now_ms()
        for effect in effects:
            if not isinstance(effect, Settled):
                for desk in self._desks.hear(effect, now_ms):
                    self._shells[desk].pump_soon()
        if self._house_address != self._connection.house_address:
            self._house_address = self._connection.house_address
            for shell in self._shells.values():
                shell.connect(self._house_address)
        return for_callback

    def _end(self, failure: Exception) -> None:
        for desk in list(self._shells.values()):
            desk.end(failure)
        super()._end(failure)


class Desk(AsyncHearing, AsyncBidding):
    """One bidder's desk in a hall. `Hall.join` makes it. The hall has the lots."""

    _ready_on = Joined

    def __init__(
        self,
        hall: Hall,
        name: str,
        keys: KeyPair,
        on_notice: OnNotice | None,
        last_id: int,
        invite: str | None,
        code: str,
        accepts: str,
    ) -> None:
        self._loop = hall._loop
        self._ready_future: asyncio.Future[None] = self._loop.create_future()
        self._answered = asyncio.Event()
        self._arrived = asyncio.Event()
        super().__init__(self._ready_future, on_notice)
        self._hall = hall
        self._keys = keys
        link, now_ms = hall._connection.link, hall._connection.now_ms()
        hello = Hello(
            id=1,
            versions=(PROTOCOL_VERSION,),
            name=name,
            invite=link.invite if invite is None else invite,
            code=code,
            accepts=accepts,
            agent=AGENT,
        )
        self._core = DeskCore(
            hello if link.server_key else msgspec.structs.replace(hello, key=keys.public),
            hall._desks,
            now_ms=now_ms,
            now_us=time.time_ns() // 1000,
            entropy=urandom,
            last_id=last_id,
        )
        self._line = DeskLine(hall._connection.context, link, keys)
        self._watch = Watch(self._loop)
        self._is_pump_due = False
        hall._desk_sockets.desks[self._watch] = self._line
        hall._desks.add(self._core)
        hall._shells[self._core] = self
        self._watch.begin(self, self._line, (self._ready_future, self._answered, self._waiting, self._arrived))
        if hall._house_address:
            self.connect(hall._house_address)

    # --- reading ----------------------------------------------------------------------------------------------------

    @property
    def state(self) -> ConnectionState:
        """The state of this bidder's connection. `Hall.state` says whether the copy of the sale is current."""
        return self._core.state

    @property
    def welcome(self) -> Welcome:
        """The house's last answer to this bidder's hello: name, role, limits."""
        assert self._core.desk.welcome is not None, "a desk that is not welcome was handed out"
        return self._core.desk.welcome

    @property
    def paddle(self) -> int:
        """The bidder's number in this sale."""
        return self.welcome.paddle

    @property
    def is_attended(self) -> bool:
        """Whether the bidder's person is there. If not, its `while_connected` maxima end with the desk's silence."""
        return self._core.desk.presence.is_attended

    @is_attended.setter
    def is_attended(self, is_there: bool) -> None:
        self._core.desk.presence.is_attended = is_there
        self._pump()

    def new_request_id(self) -> int:
        """Return a fresh request id. An application that notes it before it bids can repeat the bid."""
        return self._core.desk.new_request_id(self._hall._connection.now_ms())

    # --- requests ---------------------------------------------------------------------------------------------------

    async def _request(
        self, request: AnyOffer | MineRequest, timeout_ms: int, *, may_renew_id: bool = False
    ) -> Outcome:
        check_timeout(timeout_ms)
        self._check_process()
        self._check_usable()
        future: asyncio.Future[Outcome] = self._loop.create_future()
        now_ms = self._hall._connection.now_ms()
        ticket = self._core.desk.submit(request, now_ms, timeout_ms, may_renew_id=may_renew_id)
        self._waiting[ticket] = future
        self._pump()
        return await future

    def _check_process(self) -> None:
        self._hall._check_process()

    # --- joining ----------------------------------------------------------------------------------------------------

    async def wait_until_answered(self, timeout_ms: int | None) -> None:
        """Wait until the house has said anything to this bidder. On failure close the desk, and raise the reason."""
        with self._closing_unless_done():
            async with self._within(timeout_ms):
                await self._answered.wait()
            self._check_usable()

    async def wait_until_ready(self, timeout_ms: int | None) -> None:
        """Wait until the house has welcomed the bidder. On failure close the desk. Raises as `Hall.join` does."""
        with self._closing_unless_done():
            async with self._within(timeout_ms):
                await self._ready_future

    @asynccontextmanager
    async def _within(self, timeout_ms: int | None) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(None if timeout_ms is None else timeout_ms / 1000):
                yield
        except TimeoutError:
            if self._core.state is ConnectionState.AWAITING_APPROVAL:
                raise RejectedError(RejectCode.AWAITING_APPROVAL) from None
            raise UnreachableError("The house did not answer this desk's hello in time. Allow it more time.") from None

    @contextmanager
    def _closing_unless_done(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self.close()
            raise

    def _deliver(self, effects: list[AppEffect]) -> list[Notice]:
        if any(isinstance(effect, Notice) for effect in effects):
            self._answered.set()
        return super()._deliver(effects)

    def _stop(self, failure: Exception) -> None:
        self._answered.set()
        super()._stop(failure)

    def connect(self, address: str) -> None:
        """Connect to the address at which the hall is connected."""
        self._line.connect(address, self._hall._connection.now_ms())
        self._pump()

    # --- the loop ---------------------------------------------------------------------------------------------------

    def pump_soon(self) -> None:
        """Have the loop call the desk soon: once, even after several calls of this method."""
        if not self._is_pump_due and self._failure is None:
            self._is_pump_due = True
            self._loop.call_soon(self._pump)

    def _pump(self) -> None:
        """Move all waiting messages, and have the loop call again at the next deadline."""
        self._is_pump_due = False
        if self._failure is not None or self._hall._sockets.is_inherited:
            return
        try:
            effects, has_more = self._move()
            for notice in self._deliver(effects):
                assert self._on_notice is not None, "notices are left over only for a callback"
                self._on_notice(notice)
            if self._failure is None:  # else the callback closed the desk
                self._watch.wait(0 if has_more else self._wait_ms)
        except Exception as error:  # noqa: BLE001 -- not swallowed: every caller gets it, even our own bug
            self.end(error)
        except BaseException as error:
            self.end(CallbackError(error))
            raise

    def _move(self) -> tuple[list[AppEffect], bool]:
        """Move all waiting messages; return the effects for the application, and whether more messages may wait."""
        core, line, now_ms = self._core, self._line, self._hall._connection.now_ms()
        for_app: list[AppEffect] = []
        for _ in range(LOOKS_MAX):
            body = line.receive()
            if body is not None:
                core.desk.answer_received(body, now_ms)
            elif line.came_up(now_ms):
                core.desk.connected(now_ms)
            # The time counts only after all messages.
            core.tick(now_ms)
            effects = core.pop_effects()
            for effect in effects:
                if isinstance(effect, Send):
                    line.send(effect.body)
                elif isinstance(effect, Settled | Notice):
                    for_app.append(effect)
            if body is None and not effects and not line.has_message:
                if self._hall.state is ConnectionState.LIVE:
                    line.connect_again_if_given_up(now_ms)
                return for_app, False
        return for_app, True

    @property
    def _wait_ms(self) -> int | None:
        due_ms = self._core.desk.next_deadline_ms
        return None if due_ms is None else max(0, due_ms - self._hall._connection.now_ms())

    # --- the end ----------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Leave the sale. Bids stand; unanswered requests end with ClosedError. A second call does nothing."""
        self._check_process()
        self.end(ClosedError())

    def end(self, failure: Exception) -> None:
        """Leave the hall, and raise `failure` in everything that waits for the desk."""
        if self._failure is not None:
            return
        self._stop(failure)
        self._hall._desks.remove(self._core)
        self._hall._shells.pop(self._core, None)
        self._hall._keys.discard(self._keys.public)
        self._hall._desk_sockets.close_desk(self._watch)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._hall._sockets.is_inherited:
            self.close()
