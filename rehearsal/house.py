"""An auctioneer as a separate process, started as an operator starts it; this module imports nothing from it."""

import asyncio
import os
import signal
import sys
from collections import deque
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Never, Self

import msgspec

from common.errors import AuctionError, UnreachableError, UsageError
from rehearsal.waiting import Pulse

START_S: Final = 300.0
"""The longest time of a start: a house without a snapshot may have ten million events to read."""
STOP_S: Final = 60.0
LOG_LINES_KEPT: Final = 20


class HouseError(AuctionError):
    """The auctioneer's process failed; the message has the last lines of its output."""

    code = "house"


class HouseRecord(msgspec.Struct, frozen=True):
    """The useful part of `DIR/house.json`: the id of the server's process, and the link to join by.

    `instance` is the name of this process in the house's messages to its clients.
    """

    pid: int
    instance: str
    link: str


def read_record(data: Path) -> HouseRecord:
    """Return the record of the house that runs in a data directory, or ran last. Raises UsageError if none ever ran."""
    try:
        return msgspec.json.decode((data / "house.json").read_bytes(), type=HouseRecord)
    except (FileNotFoundError, NotADirectoryError, msgspec.MsgspecError) as error:
        raise UsageError(
            f"No house runs on {data}. Start one with `auctioneer run --data {data}`, or give its join link with --to."
        ) from error


class HouseProcess:
    """A house that runs during the `async with` block; leaving the block stops it.

    Without a catalogue, the house continues the sale in the data directory.
    """

    def __init__(self, catalogue: Path | None, data: Path, *options: str) -> None:
        self.data = data
        self.link = ""
        given = [] if catalogue is None else [str(catalogue)]
        self._command = ["run", *given, "--data", str(data), "--log-format", "json", *options]
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._pulse = Pulse()
        self._starts = 0
        self._said: deque[str] = deque(maxlen=LOG_LINES_KEPT)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Start the house and wait until it listens. `async with` calls this. Raises as `until_started` does."""
        self._process = await asyncio.create_subprocess_exec(
            *_program(self._command), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        self._reading = asyncio.ensure_future(self._read(self._process))
        try:
            await self.until_started(1)
        except BaseException:
            await self.stop()
            raise

    async def until_started(self, times: int) -> None:
        """Wait until the server has begun to listen `times` times: once, and again after each kill.

        Raises HouseError if the process ends instead, and UnreachableError if it takes too long.
        """
        assert self._reading is not None, "the house was not started"
        reading = self._reading
        if not await self._pulse.until(lambda: self._starts >= times or reading.done(), START_S):
            raise UnreachableError(f"The auctioneer did not listen within {START_S:.0f} s. It said:\n{self.last_words}")
        if self._starts < times:
            raise HouseError(f"The auctioneer stopped. It said:\n{self.last_words}")

    async def until_stopped(self) -> Never:
        """Wait until the house stops, which it should not do. Raises HouseError then."""
        assert self._reading is not None, "the house was not started"
        await asyncio.shield(self._reading)
        raise HouseError(f"The auctioneer stopped. It said:\n{self.last_words}")

    async def stop(self) -> None:
        """Stop the house, by force if it does not end in time. May be called more than once."""
        if self._process is None or self._reading is None:
            return
        if self._process.returncode is None:
            self._process.terminate()
        try:
            async with asyncio.timeout(STOP_S):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            with suppress(ProcessLookupError):  # it has just ended
                self.kill_server()
            await self._process.wait()
        await self._reading

    def kill_server(self) -> None:
        """Kill the server process as `kill -9` does; its watchdog starts another."""
        os.kill(read_record(self.data).pid, signal.SIGKILL)

    @property
    def last_words(self) -> str:
        """The last lines of output of the house's processes."""
        return "\n".join(self._said) or "(nothing)"

    async def ask(self, *words: str) -> Any:
        """Return the answer of `auctioneer WORDS --json` about this house. Raises HouseError."""
        return await ask_house(self.data, *words)

    async def show(self, *words: str) -> int:
        """Run `auctioneer WORDS` for a person to read, on this program's own output; return its exit status."""
        sys.stdout.flush()
        shown = await asyncio.create_subprocess_exec(*_program([*words, "--data", str(self.data)]))
        return await shown.wait()

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None, "the house's output is not a pipe"
        async for raw in process.stdout:
            line = raw.decode(errors="replace").rstrip()
            self._said.append(line)
            if line.startswith("{"):
                self._note(msgspec.json.decode(line))
        self._pulse.beat()

    def _note(self, entry: dict[str, Any]) -> None:
        if entry.get("event") == "listening":
            self.link = entry["link"]
            self._starts += 1
            self._pulse.beat()


async def ask_house(data: Path, *words: str) -> Any:
    """Return the answer of `auctioneer WORDS --json` about the house of a data directory. Raises HouseError."""
    asked = await asyncio.create_subprocess_exec(
        *_program([*words, "--json", "--data", str(data)]),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    answer, complaint = await asked.communicate()
    if asked.returncode:
        raise HouseError(f"`auctioneer {words[0]}` failed: {complaint.decode(errors='replace').strip()}")
    return msgspec.json.decode(answer)


def _program(words: list[str]) -> list[str]:
    return [sys.executable, "-m", "auctioneer", *words]
