"""How a program hears what it waits for: outcomes by futures, notices by a callback or by one reader of a queue."""

import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, Protocol

from bidder.core.effects import Settled
from bidder.core.inbox import Inbox
from bidder.core.notices import ConnectionChanged, ConnectionState, Notice, StateReady
from bidder.shells.connection import AppEffect
from common.errors import RejectedError, UsageError

OnNotice = Callable[[Notice], None]


class Waiter(Protocol):
    """A future of either kind."""

    def done(self) -> bool:
        """Return whether it has a result or an error."""

    def set_result(self, result: Any, /) -> None:
        """End it with a result."""

    def set_exception(self, exception: Any, /) -> None:
        """End it with an error."""


class Reader:
    """The reader of a client's notices: one at a time, until it is over or nobody holds it any more."""

    is_over = False


class Hearing(ABC):
    """What a client, or a desk of a hall, holds for its program. `ready` is done once there is something to use."""

    _ready_on: ClassVar[type[Notice]] = StateReady
    """The notice after which it is ready."""

    def __init__(self, ready: Waiter, on_notice: OnNotice | None) -> None:
        self._ready = ready
        self._on_notice = on_notice
        self._inbox = Inbox()
        self._waiting: dict[int, Waiter] = {}
        self._failure: Exception | None = None
        self._reader: Callable[[], Reader | None] = lambda: None

    @abstractmethod
    def _check_process(self) -> None:
        """Raise UsageError in a process that inherited this by a fork."""

    @abstractmethod
    def _wake_readers(self) -> None:
        """Let those look who wait for notices."""

    def _deliver(self, effects: list[AppEffect]) -> list[Notice]:
        """Give outcomes and notices to who waits for them; return the notices for the callback."""
        notices: list[Notice] = []
        for effect in effects:
            if isinstance(effect, Settled):
                waiter = self._waiting.pop(effect.ticket, None)
                if waiter is not None and not waiter.done():
                    waiter.set_result(effect.outcome)
                continue
            notices.append(effect)
            if not self._ready.done():
                self._check_ready(effect)
        if self._on_notice is not None:
            return notices
        for notice in notices:
            self._inbox.put(notice)
        if notices:
            self._wake_readers()
        return []

    def _check_ready(self, notice: Notice) -> None:
        if isinstance(notice, self._ready_on):
            self._ready.set_result(None)
        elif isinstance(notice, ConnectionChanged) and notice.state is ConnectionState.REFUSED:
            assert notice.rejected is not None, "refused without a rejection"
            self._ready.set_exception(RejectedError(notice.rejected.code, notice.rejected.detail))

    def _stop(self, failure: Exception) -> None:
        """End everything that waits with `failure`, and refuse what comes later with it."""
        if self._failure is not None:
            return
        self._failure = failure
        for waiter in [self._ready, *self._waiting.values()]:
            if not waiter.done():
                waiter.set_exception(failure)
        self._waiting.clear()
        self._wake_readers()

    def _check_usable(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _claim_notices(self, reader: Reader) -> None:
        """Let `reader` have the notices. Raises UsageError where another has them: each would get a part."""
        self._check_process()
        if self._on_notice is not None:
            raise UsageError("The notices of this client go to its callback.")
        other = self._reader()
        if other is not None and not other.is_over:
            raise UsageError(
                "The notices of this client are read by another loop. Let one loop read them all and tell the others, "
                "or connect another client."
            )
        self._reader = weakref.ref(reader)

    def _pop_notice(self) -> Notice | None:
        """Return the next notice. Raises what stopped the client, once all before it were read."""
        notice = self._inbox.pop()
        if notice is None:
            self._check_usable()
        return notice
