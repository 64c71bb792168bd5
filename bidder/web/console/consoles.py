"""All consoles of the gateway: they come by a link, pass commands on, are locked and handed over.

A console is a clerk of the house. Its key is the gateway's; the browser has a cookie, which no script can read. The
link's address is not used: commands go to the address that the gateway was started with, so that nobody can have the
gateway connect anywhere else.

Files are written by a thread, so that no phone waits for the disk, and one after another. A change looks its console up
when its turn comes, since the change before may have locked or ended it.
"""

import asyncio
import secrets
import time
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import msgspec
import zmq.asyncio

from bidder.web.console.limits import (
    COMMANDS_BURST,
    COMMANDS_PER_S_MAX,
    CONSOLE_MS_MAX,
    CONSOLES_MAX,
    HAND_OVER_MS,
    PIN_CHARS_MAX,
    PIN_CHARS_MIN,
    WRONG_PINS_PER_MINUTE_MAX,
)
from bidder.web.console.line import Answer, CommandLine, UnknownKeyError
from bidder.web.console.sessions import BrowserConsole, ConsoleStore
from bidder.web.guests import digest_of
from bidder.web.host import Refusal
from bidder.web.quotas import Rate, RatePerKey
from common.clerk_links import ClerkLink, parse_clerk_link
from common.errors import UnreachableError, UsageError
from common.keys import KeyPair, new_keys
from common.limits import INTEGER_MAX
from common.paddle_codes import draw_code, is_valid_code, plain_code

TOKEN_BYTES: Final = 32
"""The random bytes of a cookie."""
_MYSELF: Final = {"type": "ask", "id": 1, "report": "myself"}
_NOT_HERE: Final = "This browser has no console. Open the link that the auctioneer gave you."
_OUT: Final = "The house does not know this console any more. Ask the auctioneer for another link."


class Entered(NamedTuple):
    """A console that may give commands, what the house says of it, and the new cookie of its browser."""

    console: BrowserConsole
    myself: Answer
    cookie: str


class _HandOver(NamedTuple):
    console_id: str
    until_ms: int


class Consoles:
    """The consoles. `control_address` is a ZeroMQ address; empty if the gateway passes no commands on."""

    def __init__(self, store: ConsoleStore, control_address: str, house_key: str, now_ms: Callable[[], int]) -> None:
        self._store = store
        self._address = control_address
        self._house_key = house_key
        self._now_ms = now_ms
        self._context: zmq.asyncio.Context | None = None
        """Made for the first console; most gateways have none."""
        self._lines: dict[str, CommandLine] = {}
        self._rates: dict[str, Rate] = {}
        self._pins = RatePerKey(WRONG_PINS_PER_MINUTE_MAX, CONSOLES_MAX)
        self._hand_overs: dict[str, _HandOver] = {}
        self._entering = asyncio.Lock()
        self._writing = asyncio.Lock()

    def close(self) -> None:
        """Close all connections."""
        for line in self._lines.values():
            line.close()
        self._lines.clear()
        if self._context is not None:
            self._context.destroy(linger=0)

    # --- coming -----------------------------------------------------------------------------------------------------

    async def enter(self, text: str) -> Entered:
        """Make a key for a console, and have the house put it in the place of the link's. Raises Refusal."""
        if not self._address:
            raise Refusal(503, "no_control", "This gateway passes no commands on. Start it with --control HOST:PORT.")
        try:
            link = parse_clerk_link(text)
        except UsageError as error:
            raise Refusal(403, "wrong_link", "That is no link for a console. Copy the whole of it.") from error
        if link.house_key != self._house_key:
            raise Refusal(403, "wrong_link", "That link is for another house.")
        async with self._entering:
            console = await self._of_link(link, text)
            await self._redeem(link, console)
            cookie = secrets.token_urlsafe(TOKEN_BYTES)
            async with self._writing:
                console = await self._keep(console, cookie_digest=digest_of(cookie), is_in=True)
        return Entered(console, await self._pass_on(console, dict(_MYSELF)), cookie)

    async def _of_link(self, link: ClerkLink, text: str) -> BrowserConsole:
        """Return the console that this link made before, or a new one; it is on the disk then. Raises Refusal."""
        known = self._store.by_link(text.strip())
        if known is not None:
            if known.is_in:
                raise Refusal(403, "wrong_link", "That link was used. Ask the auctioneer for another one.")
            return known
        await self._sweep()
        if len(self._store) >= CONSOLES_MAX:
            raise Refusal(503, "gateway_full", "This gateway has too many consoles. End some of them.")
        made = BrowserConsole(
            secrets.token_hex(16), link.name, new_keys(), "", digest_of(text.strip()), round(time.time())
        )
        async with self._writing:
            return await self._keep(made)

    async def _redeem(self, link: ClerkLink, console: BrowserConsole) -> None:
        by_link = self._line_of(link.keys)
        try:
            myself = await by_link.ask(dict(_MYSELF))
            command_id = int((myself.get("report") or {}).get("last_id", 0)) + 1
            answer = await by_link.ask({"type": "redeem", "id": command_id, "key": console.keys.public})
            if answer["type"] != "done":
                raise Refusal(403, str(answer.get("code")), _said(answer))
        except UnknownKeyError:
            # The link is used up: by this console, whose answer was lost, or by somebody else.
            if not await self._is_known(console.keys):
                await self._end(console)
                raise Refusal(403, "wrong_link", "That link was used, or has expired. Ask for another one.") from None
        except UnreachableError as error:
            raise Refusal(503, "unreachable", "The house does not answer now. Try the same link again.") from error
        finally:
            by_link.close()

    async def _is_known(self, keys: KeyPair) -> bool:
        line = self._line_of(keys)
        try:
            return bool((await line.ask(dict(_MYSELF)))["type"] == "report")
        except UnknownKeyError:
            return False
        finally:
            line.close()

    # --- commands ---------------------------------------------------------------------------------------------------

    async def myself(self, cookie: str) -> Answer:
        """Return what the house says of a console: name, rights, last id; of a locked one only that. Raises Refusal."""
        console = self._present(cookie)
        if console.pin_digest:
            return {"name": console.name, "is_locked": True}
        answer = await self._pass_on(console, dict(_MYSELF))
        return {**(answer.get("report") or {}), "is_locked": False}

    async def command(self, cookie: str, command: Any) -> Answer:
        """Pass a command on to the house and return its answer. Raises Refusal."""
        console = self._open(cookie)
        if not self._rates.setdefault(console.id, self._new_rate()).spend(self._now_ms()):
            raise Refusal(429, "slow_down", "Too many commands. Wait a moment.")
        if not isinstance(command, dict) or not isinstance(command.get("type"), str):
            raise Refusal(400, "malformed", "A command is a map with a type and an id.")
        command_id = command.get("id")
        if not isinstance(command_id, int) or isinstance(command_id, bool) or not 1 <= command_id <= INTEGER_MAX:
            raise Refusal(400, "malformed", "A command needs an id.")
        try:
            return await self._pass_on(console, command)
        except (OverflowError, RecursionError) as error:  # JSON has more than MessagePack
            raise Refusal(400, "malformed", "A command can't have such numbers, or so many brackets.") from error

    async def _pass_on(self, console: BrowserConsole, command: Answer) -> Answer:
        line = self._lines.get(console.id)
        if line is None:
            line = self._lines[console.id] = self._line_of(console.keys)
        try:
            return await line.ask(command)
        except UnknownKeyError:
            await self._end(console)
            raise Refusal(401, "forbidden", _OUT) from None
        except UnreachableError as error:
            raise Refusal(503, "unreachable", str(error)) from error

    # --- lock and hand-over -----------------------------------------------------------------------------------------

    async def lock(self, cookie: str, pin: str) -> None:
        """Pass nothing on until the PIN comes. Raises Refusal."""
        if not PIN_CHARS_MIN <= len(pin) <= PIN_CHARS_MAX or not pin.isascii() or not pin.isdigit():
            raise Refusal(400, "malformed", f"A PIN has {PIN_CHARS_MIN} to {PIN_CHARS_MAX} digits.")
        async with self._writing:
            console = self._open(cookie)
            await self._keep(console, pin_digest=_pin_digest(console, pin))

    async def unlock(self, cookie: str, pin: str) -> None:
        """Pass commands on again. Raises Refusal."""
        async with self._writing:
            console = self._present(cookie)
            if not console.pin_digest:
                return
            if not self._pins.spend(console.id, self._now_ms()):
                raise Refusal(429, "slow_down", "Too many wrong PINs. Wait a minute.")
            if not secrets.compare_digest(console.pin_digest, _pin_digest(console, pin)):
                raise Refusal(403, "wrong_pin", "The PIN is wrong.")
            await self._keep(console, pin_digest="")

    def hand_over(self, cookie: str) -> str:
        """Return a code by which another browser becomes this console, once and soon. Raises Refusal."""
        console, now_ms = self._open(cookie), self._now_ms()
        others = ((code, one) for code, one in self._hand_overs.items() if one.console_id != console.id)
        self._hand_overs = {code: one for code, one in others if one.until_ms > now_ms}
        code = draw_code(secrets.choice)
        self._hand_overs[code] = _HandOver(console.id, now_ms + HAND_OVER_MS)
        return code

    async def take_over(self, typed: str) -> Entered:
        """Become the console of a code; the other browser loses it. Raises Refusal."""
        code = plain_code(typed)
        over = self._hand_overs.pop(code, None) if is_valid_code(code) else None
        cookie = secrets.token_urlsafe(TOKEN_BYTES)
        async with self._writing:
            console = None if over is None or over.until_ms <= self._now_ms() else self._store.by_id(over.console_id)
            if console is None:
                raise Refusal(
                    403, "wrong_code", "The code is wrong, used or expired. Ask the other console for a new one."
                )
            console = await self._keep(console, cookie_digest=digest_of(cookie), pin_digest="")
        return Entered(console, await self._pass_on(console, dict(_MYSELF)), cookie)

    async def leave(self, cookie: str) -> None:
        """Forget a console and its key. The house still lists the clerk, whom the auctioneer can remove."""
        async with self._writing:
            await self._remove(self._present(cookie))

    # --- inside -----------------------------------------------------------------------------------------------------

    def _present(self, cookie: str) -> BrowserConsole:
        console = self._store.by_cookie(cookie)
        if console is None or self._is_old(console):
            raise Refusal(401, "hello_first", _NOT_HERE)
        return console

    def _open(self, cookie: str) -> BrowserConsole:
        console = self._present(cookie)
        if console.pin_digest:
            raise Refusal(423, "locked", "The console is locked. Give its PIN.")
        return console

    async def _keep(self, console: BrowserConsole, **changes: Any) -> BrowserConsole:
        """Keep a console with these changes, durably, and return it. The caller must hold `_writing`.

        Raises StorageError.
        """
        changed = msgspec.structs.replace(console, **changes)
        await asyncio.to_thread(self._store.write, changed)
        self._store.know(changed)
        return changed

    async def _remove(self, console: BrowserConsole) -> None:
        """End a console, and remove its file. The caller must hold `_writing`."""
        line = self._lines.pop(console.id, None)
        if line is not None:
            line.close()
        self._rates.pop(console.id, None)
        self._store.forget(console)
        await asyncio.to_thread(self._store.unlink, console)

    async def _end(self, console: BrowserConsole) -> None:
        async with self._writing:
            await self._remove(console)

    async def _sweep(self) -> None:
        for console in self._store:
            if self._is_old(console):
                await self._end(console)

    def _is_old(self, console: BrowserConsole) -> bool:
        return time.time() - console.made_at_s > CONSOLE_MS_MAX / 1000

    def _line_of(self, keys: KeyPair) -> CommandLine:
        if self._context is None:
            self._context = zmq.asyncio.Context()
        return CommandLine(self._context, self._address, keys, self._house_key)

    def _new_rate(self) -> Rate:
        return Rate(COMMANDS_PER_S_MAX, COMMANDS_BURST, self._now_ms())


def _pin_digest(console: BrowserConsole, pin: str) -> str:
    return digest_of(f"{console.id} {pin}")


def _said(answer: Answer) -> str:
    return str(answer.get("detail") or f"The house refused: {answer.get('code')}.")
