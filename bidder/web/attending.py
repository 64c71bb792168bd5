"""One guest at its desk in the hall, and the phones that show it.

The desk stays while the guest has a phone, and for some time after, so that a reload finds it. What the guest may know
goes to all its phones, and to nobody else's.
"""

import asyncio
from collections.abc import Callable
from typing import Final, Protocol

from bidder.core.errors import UnansweredError
from bidder.core.notices import ConnectionChanged, ConnectionState, Joined, Lost, Notice, Outbid, Told, Won
from bidder.shells.hall import Desk, Hall
from bidder.web import frames, orders
from bidder.web.fanout import Listener
from bidder.web.frames import encode, text_frame
from bidder.web.guests import Guest
from bidder.web.limits import MINE_PAUSE_MS, OFFER_WAIT_MS, PENDING_MAX
from bidder.web.orders import Message
from bidder.web.public_sale import PublicSale
from common.errors import AuctionError, RejectCode, RejectedError, UnreachableError, UsageError
from common.messages import Conditions

MOVED_CLOSE: Final = 4001
"""The close code after the identity was moved to another phone. The numbers from 4000 on are free for applications."""
GONE_CLOSE: Final = 1012
"""The close code for "come back in a moment" (service restart, in the registry of RFC 6455)."""
_MOVED_FRAME: Final = text_frame(encode({"event": "moved_away"}))


class Surroundings(Protocol):
    """What a guest's attendance needs of the gateway."""

    sale: PublicSale

    async def hall(self) -> Hall:
        """Wait until the hall follows the sale, and return it."""

    def note_enrolled(self, guest: Guest) -> None:
        """Note that the house knows this guest's key now."""


class Attendance:
    """A guest, its desk, and its phones. `begin` makes it join; `close` lets it go."""

    def __init__(self, guest: Guest, around: Surroundings, now_ms: Callable[[], int]) -> None:
        self.guest = guest
        self.state = ConnectionState.CONNECTING
        self.reason = ""
        self.refusal: RejectCode | None = None
        self.conditions: Conditions | None = None
        """The conditions that the guest has to accept, if that is why it is refused."""
        self.desk: Desk | None = None
        self.phones: dict[Listener, None] = {}
        self.idle_since_ms = now_ms()
        """When the last phone left, or when the attendance began."""
        self._around = around
        self._now_ms = now_ms
        self._joining: asyncio.Task[None] | None = None
        self._asking: dict[int, asyncio.Task[None]] = {}
        self._is_at_desk = asyncio.Event()
        self._is_settled = asyncio.Event()
        self._last_id = 0
        self._you_frame: bytes | None = None
        self._wants_mine = False
        self._mine: asyncio.Task[None] | None = None

    @property
    def paddle(self) -> int:
        """The guest's number in this sale; 0 before the house has told it."""
        return 0 if self.desk is None else self.desk.paddle

    @property
    def name(self) -> str:
        """The name under which the house knows the guest."""
        return self.guest.name if self.desk is None else self.desk.welcome.name

    @property
    def has_failed(self) -> bool:
        """Whether the desk ended by itself, or could not be had. `begin` tries again."""
        if self.desk is not None:
            return self.desk.failure is not None
        return self._joining is not None and self._joining.done() and self.state is ConnectionState.CONNECTING

    # --- joining ----------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Join the sale, unless that is under way or done. A guest that the house refused asks once more."""
        if self.desk is not None and (self.desk.failure is not None or self.state is ConnectionState.REFUSED):
            self._leave_desk()
        if self.desk is None and (self._joining is None or self._joining.done()):
            self._is_settled.clear()
            self._note_state(ConnectionState.CONNECTING, "The house has yet to answer.")
            self._joining = asyncio.create_task(self._join())

    async def _join(self) -> None:
        guest = self.guest
        try:
            hall = await self._around.hall()
            self.desk = await hall.join(
                guest.name,
                guest.keys,
                timeout_ms=None,
                on_notice=self._hear,
                invite=guest.invite,
                code=guest.code,
                accepts=guest.accepts,
            )
        except RejectedError as error:
            self._note_refused(error.reject, str(error))
        except AuctionError as error:
            self._note_state(ConnectionState.CONNECTING, str(error))
        else:
            self._is_at_desk.set()
            self._is_settled.set()
            self._last_id = max(self._last_id, self.desk.welcome.last_id)
            self.ask_for_mine()

    async def settled(self, wait_ms: int) -> bool:
        """Wait until the house has said yes, no, or that the guest has to wait; return whether it has."""
        try:
            async with asyncio.timeout(wait_ms / 1000):
                await self._is_settled.wait()
        except TimeoutError:
            return False
        return True

    def join_again(self) -> None:
        """Say hello again, with what the guest has accepted meanwhile."""
        self._stop_joining()
        self.begin()

    def close(self) -> None:
        """Leave the hall, and end the connections of the phones. Bids stand, and the guest may come back."""
        for task in (self._mine, *self._asking.values()):
            if task is not None:
                task.cancel()
        self._asking.clear()
        self._stop_joining()
        for phone in list(self.phones):
            phone.line.end(GONE_CLOSE)

    def _stop_joining(self) -> None:
        if self._joining is not None:
            self._joining.cancel()
            self._joining = None
        self._leave_desk()

    def _leave_desk(self) -> None:
        if self.desk is not None:
            self.desk.close()
            self.desk = None
        self._is_at_desk.clear()

    # --- hearing ----------------------------------------------------------------------------------------------------

    def _hear(self, notice: Notice) -> None:
        match notice:
            case Joined():
                self._last_id = max(self._last_id, notice.welcome.last_id)
                self._around.note_enrolled(self.guest)
                self.ask_for_mine()
            case ConnectionChanged(state=ConnectionState.REFUSED):
                assert notice.rejected is not None, "refused without a rejection"
                self.conditions = notice.conditions
                self._note_refused(notice.rejected.code, notice.reason)
            case ConnectionChanged():
                if notice.state is ConnectionState.AWAITING_APPROVAL:
                    self._around.note_enrolled(self.guest)
                self._note_state(notice.state, notice.reason)
            case Outbid() | Won() | Lost() | Told():
                sale = self._around.sale
                self._tell(text_frame(encode(frames.fortune(notice, sale.epoch, sale.currency))))
                self.ask_for_mine()

    def _note_refused(self, code: RejectCode, reason: str) -> None:
        self.refusal = code
        self._note_state(ConnectionState.REFUSED, reason)

    def _note_state(self, state: ConnectionState, reason: str) -> None:
        if state is not ConnectionState.REFUSED:
            self.refusal = self.conditions = None
        self.state, self.reason = state, reason
        if state in (ConnectionState.LIVE, ConnectionState.AWAITING_APPROVAL, ConnectionState.REFUSED):
            self._is_settled.set()
        self._tell(self._desk_frame)

    # --- phones -----------------------------------------------------------------------------------------------------

    def add(self, phone: Listener) -> None:
        """Show this guest on a phone."""
        self.phones[phone] = None
        phone.write(self._desk_frame)
        if self._you_frame is not None:
            phone.write(self._you_frame)
        self.begin()
        self.ask_for_mine()

    def remove(self, phone: Listener) -> None:
        """Note that a phone has gone."""
        self.phones.pop(phone, None)
        if not self.phones:
            self.idle_since_ms = self._now_ms()

    def move_away(self) -> None:
        """Tell the phones that the identity is on another one now. Their connections end."""
        self._tell(_MOVED_FRAME)
        for phone in list(self.phones):
            phone.line.end(MOVED_CLOSE)

    @property
    def _desk_frame(self) -> bytes:
        return text_frame(
            encode(
                {
                    "event": "desk",
                    "name": self.name,
                    "paddle": self.paddle,
                    "state": self.state.value,
                    "reason": self.reason,
                    "code": self.refusal and self.refusal.value,
                    "digest": self.conditions and self.conditions.digest,
                    "text": self.conditions and self.conditions.text,
                }
            )
        )

    def _tell(self, frame: bytes) -> None:
        for phone in list(self.phones):
            phone.write(frame)

    # --- requests ---------------------------------------------------------------------------------------------------

    def ask(self, message: Message) -> None:
        """Carry a phone's request to the house; the verdict goes to all phones of the guest."""
        assert message.id is not None, "an offer without an id was read"
        if len(self._asking) >= PENDING_MAX and message.id not in self._asking:
            self._answer(message, RejectCode.SLOW_DOWN, f"{PENDING_MAX} requests wait for a verdict")
            return
        self._last_id = max(self._last_id, message.id)
        under_way = self._asking.get(message.id)
        task = asyncio.create_task(self._carry_out(message, under_way))
        self._asking[message.id] = task
        task.add_done_callback(lambda done: self._asked(message.id, done))

    def _asked(self, request_id: int | None, task: asyncio.Task[None]) -> None:
        if request_id is not None and self._asking.get(request_id) is task:
            del self._asking[request_id]

    async def _carry_out(self, message: Message, before: asyncio.Task[None] | None) -> None:
        """Ask the house and tell the verdict. A repeat waits for the request that it repeats."""
        if before is not None:
            await asyncio.wait([before])
        sale = self._around.sale
        try:
            async with asyncio.timeout(OFFER_WAIT_MS / 1000):
                await self._at_desk_or_refused()
            if self.desk is None:
                self._answer(message, self.refusal or RejectCode.NOT_ADMITTED, "")
                return
            verdict = await orders.carry_out(self.desk, message)
        except UsageError as error:
            self._answer(message, RejectCode.MALFORMED, str(error))
        except UnansweredError as error:
            self._tell(text_frame(encode(orders.no_verdict(message, error, sale.lots.get(message.lot)))))
        except (TimeoutError, AuctionError):
            away = UnreachableError("The house does not answer now. The request is asked again by itself.")
            self._tell(text_frame(encode(orders.no_verdict(message, away, sale.lots.get(message.lot)))))
        else:
            record = orders.verdict(message, verdict, sale.lots.get(message.lot), sale.currency)
            self._tell(text_frame(encode(record)))
            self.ask_for_mine()

    async def _at_desk_or_refused(self) -> None:
        while self.desk is None and self.state is not ConnectionState.REFUSED:
            at_desk = asyncio.ensure_future(self._is_at_desk.wait())
            refused = asyncio.ensure_future(self._is_settled.wait())
            try:
                await asyncio.wait([at_desk, refused], return_when=asyncio.FIRST_COMPLETED)
            finally:
                at_desk.cancel()
                refused.cancel()
            if self.state is ConnectionState.AWAITING_APPROVAL:
                await self._is_at_desk.wait()

    def _answer(self, message: Message, code: RejectCode, detail: str) -> None:
        view = self._around.sale.lots.get(message.lot)
        self._tell(text_frame(encode(orders.refusal(message, code, detail, view))))

    # --- what the guest leads and owes ------------------------------------------------------------------------------

    def ask_for_mine(self) -> None:
        """Tell the phones soon what the guest leads, has won and owes. Asked often, it is told once for all."""
        self._wants_mine = True
        if self.desk is not None and (self._mine is None or self._mine.done()):
            self._mine = asyncio.create_task(self._tell_mine())

    async def _tell_mine(self) -> None:
        while self._wants_mine and self.desk is not None and self.phones:
            self._wants_mine = False
            desk, sale = self.desk, self._around.sale
            try:
                mine = await desk.mine()
            except AuctionError:
                # What is shown stays. The next change, or the next phone, asks again.
                return
            record = frames.you(mine, desk.welcome.name, sale.lots, sale.currency, self._last_id)
            self._you_frame = text_frame(encode(record))
            self._tell(self._you_frame)
            await asyncio.sleep(MINE_PAUSE_MS / 1000)
