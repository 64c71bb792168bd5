"""A watch has an asyncio loop call a client when a file descriptor is readable, and at the client's next deadline.

The loop holds a client only by a weak reference, so the collector can take a client that the program has forgotten. The
watch then closes the sockets, because the collector would end their context first and wait forever.
"""

import asyncio
import warnings
import weakref
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Protocol

import zmq

from bidder.shells.base import Sockets, forgotten


class Pumped(Protocol):
    """A client that a watch calls."""

    def _pump(self) -> None:
        """Move all waiting messages."""


class Watched(Protocol):
    """The sockets that a watch watches."""

    @property
    def sockets(self) -> "Sequence[zmq.Socket[Any]]":
        """The sockets that may become readable."""

    @property
    def sockets_opened(self) -> int:
        """The number of sockets opened so far. When it has grown, `sockets` has changed."""


class Watch:
    """The loop's hold on a client or a desk: its sockets, and only a weak reference to the client.

    It also holds the futures that callers wait for, and through them their tasks and the client. So a client is never
    forgotten while a caller waits.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.is_over = False
        self._watched: Watched | None = None
        self._client: Callable[[], Pumped | None] = lambda: None
        self._waited_on: tuple[object, ...] = ()
        self._timer: asyncio.Handle | None = None
        self._descriptors: list[int] = []
        self._sockets_opened = 0

    def begin(self, client: Pumped, watched: Watched, waited_on: tuple[object, ...]) -> None:
        """Watch a client's sockets."""
        self._client, self._watched, self._waited_on = weakref.ref(client), watched, waited_on
        self._watch_sockets()

    def wake(self) -> None:
        """Have the loop call the client. Any thread may call this."""
        with suppress(RuntimeError):  # the loop is closed
            self.loop.call_soon_threadsafe(self.pump)

    def pump(self) -> None:
        """Let the client move its messages, if anything still holds it."""
        client = self._client()
        if client is not None:
            client._pump()

    def wait(self, wait_ms: int | None) -> None:
        """Call the client when one of its sockets is readable, and after `wait_ms` unless it is None."""
        if self._timer is not None:
            self._timer.cancel()
        self._watch_sockets()
        self._timer = None if wait_ms is None else self.loop.call_later(wait_ms / 1000, self.pump)

    def _watch_sockets(self) -> None:
        assert self._watched is not None, "a watch without a client"
        if self._sockets_opened == self._watched.sockets_opened:
            return
        self._sockets_opened = self._watched.sockets_opened
        self._unwatch_sockets()
        self._descriptors = [int(zmq_socket.getsockopt(zmq.FD)) for zmq_socket in self._watched.sockets]
        for descriptor in self._descriptors:
            self.loop.add_reader(descriptor, self.pump)

    def _unwatch_sockets(self) -> None:
        if not self.loop.is_closed():
            for descriptor in self._descriptors:
                self.loop.remove_reader(descriptor)
        self._descriptors = []

    def close(self) -> None:
        """Stop watching the sockets. May be called more than once, in the loop's thread or while the loop does not run.

        The caller must close the sockets only after this: a closed file descriptor must not be watched.
        """
        self.is_over = True
        if self._timer is not None:
            self._timer.cancel()
        self._unwatch_sockets()


class ClientWatch(Watch):
    """The watch of a whole client, which closes its sockets too."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self.sockets: Sockets | None = None

    def close(self) -> None:
        """Close the sockets. May be called more than once, in the loop's thread or while the loop does not run."""
        if not self.is_over:
            super().close()
            if self.sockets is not None:
                self.sockets.close()

    def forget(self) -> None:
        """Close the sockets of a client that nothing holds any more, or that is still open when the program ends.

        The collector may call it in any thread.
        """
        if self.is_over or self.sockets is None or self.sockets.is_inherited:
            return
        if self.loop.is_running():
            self.loop.call_soon_threadsafe(self.close)
        else:
            self.close()
        warnings.warn(forgotten(self.sockets.connection), ResourceWarning, stacklevel=2)
