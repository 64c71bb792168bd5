"""Many bots in one process: they join a house and bid.

Use a swarm to see what real clients see, not to measure speed: the clients take more of a machine than the house does.
All clients share one context and one event loop. Each client has its own CURVE key, kept only in memory.
"""

import asyncio
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import Final, Self

import zmq

from bidder import AsyncClient
from bidder.core.errors import ConditionsError
from bidder.core.notices import Notice
from common.errors import AuctionError, RejectCode, RejectedError
from common.keys import new_keys
from common.limits import NAME_CHARS_MAX
from common.messages import Role
from common.sockets import new_context
from rehearsal.bots.bot import Bot
from rehearsal.bots.crowd import Character, Crowd
from rehearsal.bots.tally import Tally
from rehearsal.waiting import Pulse

JOINING_AT_ONCE: Final = 16
"""The most bots that join at the same time, in each process. More at once are slower: a handshake that waits for others
is given up after some seconds and begins again."""
JOIN_MS: Final = 120_000
VERDICTS_S: Final = 30.0
"""How long to wait for the verdicts of open requests when the bots stop."""


class Swarm:
    """Bots of a crowd in a sale. Leaving the `async with` block closes their clients.

    `slowness` is a factor: how much longer these bots take to look at a lot than people. All bots count in `tally`.
    """

    def __init__(
        self, link: str, crowd: Crowd, characters: Sequence[Character], tally: Tally, slowness: float = 1.0
    ) -> None:
        self.tally = tally
        self.pulse = Pulse()
        self.bots: list[Bot] = []
        self._link = link
        self._crowd = crowd
        self._characters = characters
        self._slowness = slowness
        self._context: zmq.Context[zmq.SyncSocket] | None = None
        self._runs: list[asyncio.Task[None]] = []
        self._clients: list[AsyncClient] = []

    async def __aenter__(self) -> Self:
        self._context = new_context()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for run in self._runs:
            run.cancel()
        await asyncio.gather(*self._runs, return_exceptions=True)
        for client in self._clients:
            client.close()
        assert self._context is not None, "left without having been entered"
        self._context.term()

    @property
    def names(self) -> Mapping[int, str]:
        """The bots' names by paddle."""
        return {bot.client.paddle: bot.client.welcome.name for bot in self.bots}

    # --- joining ----------------------------------------------------------------------------------------------------

    async def join(self) -> None:
        """Join all bots; each begins to bid as soon as it has joined. Raises as `AsyncClient.connect` does."""
        turns = asyncio.Semaphore(JOINING_AT_ONCE)
        joining = [asyncio.ensure_future(self._join_one(character, turns)) for character in self._characters]
        try:
            await asyncio.gather(*joining)
        finally:
            for one in joining:
                one.cancel()
            await asyncio.gather(*joining, return_exceptions=True)

    async def _join_one(self, character: Character, turns: asyncio.Semaphore) -> None:
        async with turns:
            try:
                client = await self._connect(character.name, Role.BIDDER)
            except RejectedError as error:
                if error.reject is not RejectCode.NAME_TAKEN:
                    raise
                client = await self._connect(_other_name(character.name), Role.BIDDER)
        bot = Bot(client, character, self._crowd, self._slowness, self.tally, self.pulse)
        self.bots.append(bot)
        self._runs.append(asyncio.ensure_future(bot.run()))
        self.pulse.beat()

    async def observe(self, on_notice: Callable[[Notice], None] | None = None) -> AsyncClient:
        """Return a client that only watches; the swarm closes it at its end. Raises as `AsyncClient.connect` does."""
        return await self._connect("", Role.OBSERVER, on_notice)

    async def _connect(self, name: str, role: Role, on_notice: Callable[[Notice], None] | None = None) -> AsyncClient:
        """Connect a client. Whoever lets bots bid in a sale agrees to its conditions for them."""
        connect = partial(
            AsyncClient.connect,
            self._link,
            name,
            new_keys(),
            role=role,
            timeout_ms=JOIN_MS,
            context=self._context,
            on_notice=on_notice,
        )
        try:
            client = await connect()
        except ConditionsError as error:
            client = await connect(accepts=error.digest)
        self._clients.append(client)
        return client

    # --- bidding ----------------------------------------------------------------------------------------------------

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to bid on."""
        return all(bot.is_done for bot in self.bots)

    async def run(self, timeout_s: float | None) -> bool:
        """Let the bots bid until nothing is left to bid on; return False if the time ends first.

        Afterwards no bot bids any more, and all verdicts are in. Raises the error that stopped a bot's client.
        """
        was_over = await self.until_over(timeout_s)
        await self.stop()
        return was_over

    async def until_over(self, timeout_s: float | None = None) -> bool:
        """Wait until nothing is left to bid on; return False if the time ends first. Raises as `run` does."""
        return await self._until(lambda: self.is_over, timeout_s)

    async def stop(self) -> None:
        """Stop the bots' bidding, and wait for the verdicts of open requests. Raises as `run` does."""
        for bot in self.bots:
            bot.stop()
        await self._until(lambda: not any(bot.in_flight for bot in self.bots), VERDICTS_S)

    async def _until(self, holds: Callable[[], bool], timeout_s: float | None) -> bool:
        """Wait for the pulse, and for the failure of a bot, whichever comes first."""
        waiting = asyncio.ensure_future(self.pulse.until(holds, timeout_s))
        try:
            await asyncio.wait([waiting, *self._runs], return_when=asyncio.FIRST_COMPLETED)
            for run in self._runs:
                if run.done():
                    _raise_failure(run)
            return await waiting
        finally:
            waiting.cancel()
            with suppress(asyncio.CancelledError):
                await waiting


def _other_name(name: str) -> str:
    return f"{name[: NAME_CHARS_MAX - 5]} {secrets.token_hex(2)}"


def _raise_failure(run: "asyncio.Task[None]") -> None:
    """Raise the error that ended a bot; a client's error is raised without its group."""
    try:
        run.result()
    except BaseExceptionGroup as group:
        found = group.subgroup(AuctionError)
        raise (found.exceptions[0] if found else group) from group
