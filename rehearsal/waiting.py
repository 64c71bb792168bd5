"""Waiting: for a condition without polling the clock, for one task while others run, and for the program's end."""

import asyncio
import signal
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Pulse:
    """A signal that something changed. For one event loop."""

    def __init__(self) -> None:
        self._changed = asyncio.Event()

    def beat(self) -> None:
        """Have all waiting tasks look again."""
        self._changed.set()

    async def until(self, holds: Callable[[], bool], timeout_s: float | None) -> bool:
        """Wait until `holds()` is true, checked after each change; return False if the time ends first."""
        try:
            async with asyncio.timeout(timeout_s):
                while not holds():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            return False
        return True


async def alongside(main: Coroutine[Any, Any, T], *others: Coroutine[Any, Any, Any]) -> T:
    """Return the result of `main`; `others` run meanwhile and are then cancelled. Raises the error of any of them."""
    first = asyncio.ensure_future(main)
    tasks = [first, *(asyncio.ensure_future(other) for other in others)]
    try:
        while not first.done():
            running = [task for task in tasks if not task.done()]
            done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        return first.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def stop_when_told() -> None:
    """Cancel the present task also on a signal from another process or from a closed terminal."""
    task = asyncio.current_task()
    assert task is not None, "there is no task to stop"
    for number in (signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
