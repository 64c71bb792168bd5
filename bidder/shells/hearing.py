"""Delivery to the program: outcomes by futures, and notices by a callback or by a queue with one reader."""

import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, Protocol

from bidder.core.effects import Settled
from bidder.core.errors import ConditionsError
from bidder.core.inbox import Inbox
from bidder.core.notices import ConnectionChanged, ConnectionState, Notice, StateReady
from bidder.shells.connection import AppEffect
from common.errors import RejectedError, UsageError
from common.messages import Conditions, Rejected

OnNotice = Callable[[Notice], None]


def _refused(rejected: Rejected, conditions: Conditions | None) -> RejectedError:
    if conditions is not None:
        return ConditionsError(conditions.digest, conditions.text)
    return RejectedError(rejected.code, rejected.detail)


class Waiter(Protocol):
    """A future, of asyncio or of threads."""

    def done(self) -> bool:
        """Return whether it has a result or an error."""

    def set_result(self, result: Any, /) -> None:
        """Set the result."""

    def set_exception(self, exception: Any, /) -> None:
        """Set the error."""


class Reader:
    """The reader of a client's notices. A client has one at a time, until it is over or nothing holds it."""

    is_over = False


class Hearing(ABC):
    """Outcomes and notices of a client, or of a desk in a hall, for its program. `ready` is done once it is usable."""

    _ready_on: ClassVar[type[Notice]] = StateReady
    """The notice that makes it ready."""

    def __init__(self, ready: Waiter, on_notice: OnNotice | None) -> None:
        self._ready = ready
        self._on_notice = on_notice
        self._inbox = Inbox()
        self._waiting: dict[int, Waiter] = {}
        self._failure: Exception | None = None
        self._reader: Callable[[], Reader | None] = lambda: None

    @property
    def failure(self) -> Exception | None:
        """The error that ended it, or ClosedError after `close`; None while it can be used."""
        return self._failure

    @abstractmethod
    def _check_process(self) -> None:
        """Raise UsageError in a process that inherited the client by a fork."""

    @abstractmethod
    def _wake_readers(self) -> None:
        """Wake everything that waits for notices."""

    def _deliver(self, effects: list[AppEffect]) -> list[Notice]:
        """Give outcomes to their waiters, and notices to the queue or, by returning them, to the callback."""
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
            self._ready.set_exception(_refused(notice.rejected, notice.conditions))

    def _stop(self, failure: Exception) -> None:
        """End all waiting calls with `failure`, and raise it in later calls."""
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
        """Give the notices to `reader`. Raises UsageError if another reader has them: each would get only a part."""
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
        """Return the next notice; None if none waits. After the last, raise the error that stopped the client."""
        notice = self._inbox.pop()
        if notice is None:
            self._check_usable()
        return notice
