"""The input of orders: a prompt at a terminal, or the lines of a pipe. The event loop runs while both are read.

prompt_toolkit is imported only where a prompt is shown: it would take a third of the start of every command.
"""

import asyncio
import os
import sys
import threading
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from typing import Final

import click

from common.names import printable

LINE_BYTES_MAX: Final = 64 * 1024
"""The longest line of a pipe. A longer one is cut into pieces, which are not orders."""
LINES_WAITING_MAX: Final = 64
_OUTPUT_PAUSE_S: Final = 0.05
"""Lines that come within this time appear above the prompt together."""
_REFRESH_S: Final = 1.0


@contextmanager
def output_above_prompt() -> Iterator[None]:
    """Print the text written to stdout above the prompt, so that the prompt stays whole."""
    from prompt_toolkit.patch_stdout import StdoutProxy

    with StdoutProxy(sleep_between_writes=_OUTPUT_PAUSE_S, raw=True) as proxy, redirect_stdout(proxy):
        yield


async def typed_lines(prompt: str, status: Callable[[], Iterable[str]]) -> AsyncGenerator[str, None]:
    """Yield the typed lines until Ctrl-D. `status` returns the lines below the prompt, and is called each second.

    Raises Abort at Ctrl-C: a KeyboardInterrupt in a task would tear the event loop down.
    """
    from prompt_toolkit import PromptSession
    from prompt_toolkit.history import InMemoryHistory

    session: PromptSession[str] = PromptSession(history=InMemoryHistory())
    clean_prompt = printable(prompt)

    def toolbar() -> str:
        return "\n".join(map(printable, status()))

    while True:
        try:
            yield await session.prompt_async(clean_prompt, bottom_toolbar=toolbar, refresh_interval=_REFRESH_S)
        except EOFError:
            return
        except KeyboardInterrupt:
            raise click.Abort from None


async def piped_lines() -> AsyncGenerator[bytes, None]:
    """Yield the lines of stdin until its end.

    A thread reads them, because a loop can't wait for every kind of stdin, such as a file. The thread reads the bare
    descriptor: a thread that waits inside `sys.stdin` would keep the process from ending.
    """
    loop = asyncio.get_running_loop()
    lines: asyncio.Queue[bytes | None] = asyncio.Queue()
    room = threading.BoundedSemaphore(LINES_WAITING_MAX)

    def read() -> None:
        with suppress(RuntimeError):  # the loop is closed: the sale is over, and nothing reads more lines
            for line in _lines_of(sys.stdin.fileno()):
                room.acquire()
                loop.call_soon_threadsafe(lines.put_nowait, line)
            loop.call_soon_threadsafe(lines.put_nowait, None)

    threading.Thread(target=read, name="stdin", daemon=True).start()
    while (line := await lines.get()) is not None:
        room.release()
        if line.strip():
            yield line


def _lines_of(descriptor: int) -> Iterator[bytes]:
    rest = b""
    while chunk := os.read(descriptor, LINE_BYTES_MAX):
        *lines, rest = (rest + chunk).split(b"\n")
        yield from lines
        if len(rest) > LINE_BYTES_MAX:
            yield rest
            rest = b""
    if rest:
        yield rest
