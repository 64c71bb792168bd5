"""The way of a screen to the house: one thread sends one command at a time, so that the screen never waits."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TypeVar

from auctioneer.cli.control_client import ControlClient, connected
from auctioneer.process.folder import DataFolder
from common.errors import RejectedError

Answer = TypeVar("Answer")


class HouseLine:
    """A connection that is made again after each failure. Close it in the end."""

    def __init__(self, folder: DataFolder) -> None:
        self._folder = folder
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="house")
        self._open = ExitStack()
        self._client: ControlClient | None = None

    async def do(self, work: Callable[[ControlClient], Answer]) -> Answer:
        """Return what `work` returns, which runs in the thread. Raises what that and `connected` raise."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._do, work)

    def _do(self, work: Callable[[ControlClient], Answer]) -> Answer:
        if self._client is None:
            self._client = self._open.enter_context(connected(self._folder))
        try:
            return work(self._client)
        except RejectedError:
            raise  # the line is good: the house answered
        except BaseException:
            self._close()
            raise

    def _close(self) -> None:
        self._client = None
        self._open.close()

    def close(self) -> None:
        """Close the connection, once what is under way has an outcome."""
        self._thread.submit(self._close)
        self._thread.shutdown()
