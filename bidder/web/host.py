"""Receives the guests: they join, come back, move to another phone, and leave the hall when they are idle.

A new guest's key is on the disk before the house hears of it, and the cookie leaves only after that. So neither a dead
gateway nor a lost answer leaves a name in the house that nobody can use: the browser repeats its attempt with the same
token, and goes on as the guest that it made.
"""

import asyncio
import secrets
import time
from collections.abc import Callable, Coroutine
from typing import Any, Final, NamedTuple

import msgspec

from bidder.core.notices import ConnectionState
from bidder.shells.hall import Hall
from bidder.web.attending import Attendance
from bidder.web.guests import Guest, GuestStore, digest_of, is_valid_token
from bidder.web.limits import GUEST_IDLE_MS, GUESTS_MAX, JOIN_WAIT_MS, MOVE_CODE_MS, UNFINISHED_JOIN_MS
from bidder.web.public_sale import PublicSale
from common.conditions import DIGEST_CHARS
from common.errors import ADVICE, RejectCode
from common.keys import new_keys
from common.limits import INVITE_CHARS_MAX
from common.names import is_valid_name
from common.paddle_codes import CODE_CHARS, draw_code, is_valid_code, plain_code

TOKEN_BYTES: Final = 32
"""The random bytes of a cookie."""


class JoinRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a browser sends to join. `attempt` is a random token that it keeps until it has the answer.

    `invite` is the code in the address that the guest opened. `code` is what the guest typed or had from the desk: the
    code of a paddle, or the invite code.
    """

    attempt: str
    name: str = ""
    invite: str = ""
    code: str = ""
    accepts: str = ""


class Refusal(Exception):  # noqa: N818 -- it is an answer, not a fault
    """The answer to a browser that does not get what it asked for."""

    def __init__(self, status: int, code: str, message: str, **more: str) -> None:
        self.status = status
        self.code = code
        self.more = more
        super().__init__(message)


class Received(NamedTuple):
    """A guest that is in, or waits for approval, and the new cookie of its browser."""

    attendance: Attendance
    cookie: str


_NO_PADDLE_CODE: Final = (
    f"That is not the code of a paddle, which has {CODE_CHARS} letters and digits. Look for a typing error. An invite "
    "code does not count here: open the address of the invitation, or ask the auctioneer for it."
)


class _MoveCode(NamedTuple):
    guest_id: str
    until_ms: int


class Host:
    """All guests of the gateway."""

    def __init__(self, store: GuestStore, sale: PublicSale, now_ms: Callable[[], int], invite: str = "") -> None:
        """`invite` is the invite code in the gateway's own link; empty if it has none."""
        self.sale = sale
        self._store = store
        self._now_ms = now_ms
        self._invite = invite
        self._hall: asyncio.Future[Hall] = asyncio.get_running_loop().create_future()
        self._attendances: dict[str, Attendance] = {}
        self._moves: dict[str, _MoveCode] = {}
        self._unwritten: list[Guest] = []
        self._next_write: asyncio.Task[None] | None = None
        """Writes those, once no other write is under way."""
        self._writing = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    # --- for attendances --------------------------------------------------------------------------------------------

    async def hall(self) -> Hall:
        """Wait until the hall follows the sale, and return it."""
        return await asyncio.shield(self._hall)

    def open(self, hall: Hall) -> None:
        """Let the guests in: the hall follows the sale now."""
        self._hall.set_result(hall)

    def note_enrolled(self, guest: Guest) -> None:
        """Note that the house knows a guest's key. Its code is used then, and its attempt has its answer."""
        known = self._store.by_id(guest.id)
        if known is not None and (not known.is_enrolled or known.code):
            self._begin(self._keep(msgspec.structs.replace(known, is_enrolled=True, code="")))

    # --- coming -----------------------------------------------------------------------------------------------------

    def attend(self, cookie: str) -> Attendance | None:
        """Return the attendance of the guest whose browser has this cookie; None if there is no such guest."""
        guest = self._store.by_cookie(cookie)
        return None if guest is None else self._attendance(guest)

    def knows(self, cookie: str) -> bool:
        """Return whether a browser with this cookie is a guest's."""
        return self._store.by_cookie(cookie) is not None

    def _attendance(self, guest: Guest) -> Attendance:
        attendance = self._attendances.get(guest.id)
        if attendance is None:
            attendance = self._attendances[guest.id] = Attendance(guest, self, self._now_ms)
        attendance.guest = guest
        attendance.begin()
        return attendance

    async def join(self, asked: JoinRequest, cookie: str) -> Received:
        """Let a new guest join. Raises Refusal."""
        asked = self._with_code_told_apart(asked)
        _check(asked)
        present = self._store.by_cookie(cookie)
        if present is not None and present.attempt_digest != digest_of(asked.attempt):
            attendance = self._attendances.get(present.id) or self._attendance(present)
            await attendance.settled(JOIN_WAIT_MS)
            if attendance.state is not ConnectionState.REFUSED:
                raise Refusal(409, "already_joined", "This browser has joined already. Load the page again.")
        if self._store.by_attempt(asked.attempt) is None and len(self._store) >= GUESTS_MAX:
            raise Refusal(503, "gateway_full", "Too many people have joined here. Ask the auctioneer.")
        new_cookie = secrets.token_urlsafe(TOKEN_BYTES)
        guest = self._of_attempt(asked, digest_of(new_cookie))
        await self._keep(guest)
        self._drop_attendance(guest)
        attendance = self._attendance(guest)
        if not await attendance.settled(JOIN_WAIT_MS):
            raise Refusal(503, "unreachable", "The house does not answer now. Try again in a moment.")
        if attendance.state is ConnectionState.REFUSED:
            await self._refuse(guest, attendance)
        return Received(attendance, new_cookie)

    def _with_code_told_apart(self, asked: JoinRequest) -> JoinRequest:
        """Return a request whose `invite` is an invite code, and whose `code` is that of a paddle.

        People type both into one field. An invite code counts whatever its letters' case, its spaces and its hyphens.
        What is neither is looked at by the house as an invite code, if the gateway's own link has one. Without it the
        gateway can't tell an invite code from a slip in the code of a paddle, and an open sale would let that in as a
        new bidder. So it is refused, with what to do in both cases.
        """
        code, invite = plain_code(asked.code), plain_code(asked.invite)
        own = plain_code(self._invite)
        if own and own in (code, invite):
            is_typed = code == own
            return msgspec.structs.replace(asked, invite=self._invite, code="" if is_typed else asked.code)
        if own and code and not is_valid_code(code):
            return msgspec.structs.replace(asked, invite=asked.code.strip(), code="")
        return asked

    def _of_attempt(self, asked: JoinRequest, cookie_digest: str) -> Guest:
        """Return the guest of an attempt to join: the one that it has made already, or a new one."""
        code = plain_code(asked.code)
        known = self._store.by_attempt(asked.attempt)
        return Guest(
            id=secrets.token_hex(16) if known is None else known.id,
            name=asked.name or code,
            keys=new_keys() if known is None else known.keys,
            cookie_digest=cookie_digest,
            attempt_digest=digest_of(asked.attempt),
            made_at_s=round(time.time()),
            invite=asked.invite,
            code=code,
            accepts=asked.accepts,
            is_enrolled=known is not None and known.is_enrolled,
        )

    async def _refuse(self, guest: Guest, attendance: Attendance) -> None:
        """Forget a guest that the house does not let in, and raise the reason."""
        code = attendance.refusal or RejectCode.NOT_ADMITTED
        if not guest.is_enrolled:
            self._drop_attendance(guest)
            await self._remove(guest)
        if attendance.conditions is not None:
            conditions = attendance.conditions
            raise Refusal(409, code.value, ADVICE[code], digest=conditions.digest, text=conditions.text)
        raise Refusal(403, code.value, attendance.reason)

    async def accept(self, cookie: str, digest: str) -> Attendance:
        """Note that a guest accepts the conditions of this digest, and let it join again. Raises Refusal."""
        guest = self._present(cookie)
        if len(digest) != DIGEST_CHARS:
            raise Refusal(400, "malformed", "That is no digest of conditions.")
        await self._keep(msgspec.structs.replace(guest, accepts=digest))
        attendance = self._attendance(self._present(cookie))
        attendance.join_again()
        await attendance.settled(JOIN_WAIT_MS)
        return attendance

    # --- moving -----------------------------------------------------------------------------------------------------

    def move(self, cookie: str) -> str:
        """Return a code that moves the guest's identity to another phone, once and soon. Raises Refusal."""
        guest = self._present(cookie)
        now_ms = self._now_ms()
        self._moves = {
            code: one for code, one in self._moves.items() if one.until_ms > now_ms and one.guest_id != guest.id
        }
        code = draw_code(secrets.choice)
        self._moves[code] = _MoveCode(guest.id, now_ms + MOVE_CODE_MS)
        return code

    async def arrive(self, typed: str) -> Received:
        """Give the identity behind a code to this browser; the other one loses it. Raises Refusal."""
        code = plain_code(typed)
        move = self._moves.pop(code, None) if is_valid_code(code) else None
        guest = None if move is None or move.until_ms <= self._now_ms() else self._store.by_id(move.guest_id)
        if guest is None:
            raise Refusal(403, "wrong_code", "The code is wrong, used or expired. Ask the other phone for a new one.")
        cookie = secrets.token_urlsafe(TOKEN_BYTES)
        moved = msgspec.structs.replace(guest, cookie_digest=digest_of(cookie), attempt_digest="")
        await self._keep(moved)
        attendance = self._attendance(moved)
        attendance.move_away()
        return Received(attendance, cookie)

    def _present(self, cookie: str) -> Guest:
        guest = self._store.by_cookie(cookie)
        if guest is None:
            raise Refusal(401, "hello_first", "This browser has not joined the sale. Join first.")
        return guest

    # --- leaving ----------------------------------------------------------------------------------------------------

    def sweep(self) -> None:
        """Let guests without a phone leave the hall, and bring back desks that failed. Call it every second or so."""
        now_ms = self._now_ms()
        for guest_id, attendance in list(self._attendances.items()):
            if not attendance.phones and now_ms - attendance.idle_since_ms > GUEST_IDLE_MS:
                self._drop_attendance(attendance.guest)
            elif attendance.has_failed:
                attendance.begin()
            if self._store.by_id(guest_id) is None:
                self._drop_attendance(attendance.guest)
        oldest_s = time.time() - UNFINISHED_JOIN_MS / 1000
        for guest in self._store:
            if not guest.is_enrolled and guest.made_at_s < oldest_s and guest.id not in self._attendances:
                self._begin(self._remove(guest))

    async def close(self) -> None:
        """Let all guests leave the hall, and finish what is being written."""
        for attendance in list(self._attendances.values()):
            self._drop_attendance(attendance.guest)
        writing = [] if self._next_write is None else [self._next_write]
        await asyncio.gather(*self._tasks, *writing, return_exceptions=True)
        async with self._writing:
            self._store.close()

    def _drop_attendance(self, guest: Guest) -> None:
        attendance = self._attendances.pop(guest.id, None)
        if attendance is not None:
            attendance.close()

    # --- the disk ---------------------------------------------------------------------------------------------------

    async def _keep(self, guest: Guest) -> None:
        """Keep a guest on the disk. The loop goes on meanwhile; guests that come during a write are written together.

        Raises StorageError.
        """
        self._unwritten.append(guest)
        if self._next_write is None:
            self._next_write = asyncio.create_task(self._write())
        await asyncio.shield(self._next_write)

    async def _write(self) -> None:
        async with self._writing:
            guests, self._unwritten, self._next_write = self._unwritten, [], None
            await asyncio.to_thread(self._store.write, guests)
            for guest in guests:
                self._store.know(guest)

    async def _remove(self, guest: Guest) -> None:
        async with self._writing:
            self._store.forget(guest)
            await asyncio.to_thread(self._store.delete, guest)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _check(asked: JoinRequest) -> None:
    """Check what needs no house. Raises Refusal."""
    if not is_valid_token(asked.attempt):
        raise Refusal(400, "malformed", "The page sent no valid token. Load it again.")
    if len(asked.invite) > INVITE_CHARS_MAX:
        raise Refusal(403, RejectCode.WRONG_INVITE.value, ADVICE[RejectCode.WRONG_INVITE])
    if asked.accepts and len(asked.accepts) != DIGEST_CHARS:
        raise Refusal(400, "malformed", "That is no digest of conditions.")
    if asked.code and not is_valid_code(plain_code(asked.code)):
        raise Refusal(403, "no_paddle_code", _NO_PADDLE_CODE)
    if not asked.code and not is_valid_name(asked.name):
        raise Refusal(403, RejectCode.INVALID_NAME.value, ADVICE[RejectCode.INVALID_NAME])
