"""Unanswered requests. The desk repeats each one, with the same id and bytes, until its verdict or its deadline.

Repeats are safe: the house remembers the verdicts of offers by their id, and reads change nothing. `unavailable` and
`slow_down` are not verdicts; they only delay the next repeat. Pauses grow and vary at random, so that clients that lost
the same house do not all come back at once.

All requests of a client share one budget. So a `slow_down` to one request pauses all of them. After the pause they go
one at a time, each when the one before it has an answer, those of the application first. This lasts until all requests
that were slowed down have an answer.
"""

from collections.abc import Callable, Iterator
from typing import Final

from msgspec.structs import replace

from common.codec import encode
from common.errors import RejectCode
from common.messages import AnyRequest, Rejected

RESEND_MS: Final = 1000
"""The pause before the first repeat. It grows by half each time, up to `RESEND_MAX_MS`."""
RESEND_MAX_MS: Final = 5000
RETRY_MIN_MS: Final = 50
"""The least pause when the house asks for one."""

Jitter = Callable[[int], int]
"""Takes a pause in milliseconds and returns one of about the same length."""


class Pending:
    """One unanswered request. `tickets` are the callers that wait for it; the session's own requests have none."""

    __slots__ = (
        "body",
        "copies",
        "deadline_ms",
        "declined",
        "is_slowed",
        "is_stale",
        "last_declined",
        "may_renew_id",
        "next_ms",
        "pause_ms",
        "request",
        "sent_ms",
        "tickets",
    )

    def __init__(
        self,
        request: AnyRequest,
        now_ms: int,
        deadline_ms: int | None,
        ticket: int | None,
        *,
        may_renew_id: bool = False,
    ) -> None:
        self.request = request
        self.body = encode(request)
        self.deadline_ms = deadline_ms
        self.next_ms = now_ms
        self.pause_ms = RESEND_MS
        self.sent_ms = now_ms
        self.copies = 0
        self.declined = 0
        self.last_declined: Rejected | None = None
        self.may_renew_id = may_renew_id
        self.is_slowed = False
        self.is_stale = False
        self.tickets = [] if ticket is None else [ticket]

    @property
    def is_undecided(self) -> bool:
        """Whether the house has certainly decided nothing: it declined each copy sent, or none was sent."""
        return self.copies == self.declined

    @property
    def may_be_renewed(self) -> bool:
        """Whether the request may safely go out under another id, after the house refused the last copy for its id.

        It may if the house declined all earlier copies. If one has no answer, the house may have accepted it and
        forgotten the verdict by now, and a second request could count a second time.
        """
        return self.may_renew_id and self.copies == self.declined + 1


class PendingRequests:
    """All unanswered requests, by id. Methods take the time and return what to send."""

    def __init__(self, jitter: Jitter) -> None:
        self._jitter = jitter
        self._by_id: dict[int, Pending] = {}
        self._slowed = 0
        self._alone: Pending | None = None
        self.resume_ms = 0
        """The time before which nothing may be sent, not even hello."""

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[Pending]:
        return iter(self._by_id.values())

    @property
    def is_slowed(self) -> bool:
        """Whether slowed requests go one at a time. Nothing else may be sent then."""
        return self._slowed > 0

    def get(self, request_id: int) -> Pending | None:
        """Return the unanswered request with this id; None if there is no such request."""
        return self._by_id.get(request_id)

    def add(self, pending: Pending) -> None:
        """Add a request. It is due at once."""
        self._by_id[pending.request.id] = pending

    def remove(self, request_id: int) -> Pending | None:
        """Remove and return a request that is answered or given up; None if it is not here."""
        pending = self._by_id.pop(request_id, None)
        if pending is not None:
            self._slowed -= pending.is_slowed
            self._alone = None if pending is self._alone else self._alone
        return pending

    def slow_down(self, retry_ms: int | None, now_ms: int) -> None:
        """Send nothing for as long as the house asks. If it asks for several pauses at once, keep the shortest."""
        pause_ms = min(max(RESEND_MS if retry_ms is None else retry_ms, RETRY_MIN_MS), RESEND_MAX_MS)
        resume_ms = now_ms + max(pause_ms, self._jitter(pause_ms))
        self.resume_ms = min(resume_ms, self.resume_ms) if now_ms < self.resume_ms else resume_ms

    def decline(self, request_id: int, rejected: Rejected, now_ms: int) -> None:
        """Put off a request that the house declined without a verdict (`unavailable`, `slow_down`)."""
        pending = self._by_id.get(request_id)
        if pending is None:
            return
        pending.declined += 1
        pending.last_declined = rejected
        if rejected.code is RejectCode.SLOW_DOWN:
            self._slowed += not pending.is_slowed
            pending.is_slowed = True
            pending.next_ms = now_ms
            self._alone = None if pending is self._alone else self._alone
            self.slow_down(rejected.retry_ms, now_ms)
            return
        pause_ms = rejected.retry_ms if rejected.retry_ms is not None else pending.pause_ms
        pending.next_ms = now_ms + self._jitter(min(max(pause_ms, RETRY_MIN_MS), RESEND_MAX_MS))

    def put_aside(self, stale: Rejected) -> None:
        """Hold a request back until it has a higher id, because the house refused its id."""
        pending = self._by_id[stale.id]
        pending.declined += 1
        pending.last_declined = stale
        pending.is_stale = True
        self._alone = None if pending is self._alone else self._alone

    def renew_stale(self, new_id: Callable[[], int], now_ms: int) -> None:
        """Give new ids to the requests that were put aside. They are due at once."""
        for stale in [pending for pending in self._by_id.values() if pending.is_stale]:
            self.remove(stale.request.id)
            fresh = Pending(replace(stale.request, id=new_id()), now_ms, stale.deadline_ms, None, may_renew_id=True)
            fresh.tickets = stale.tickets
            self.add(fresh)

    def hurry(self, now_ms: int) -> None:
        """Make all requests due at once: the house is back and may never have seen them."""
        for pending in self._by_id.values():
            pending.next_ms = now_ms
            pending.pause_ms = RESEND_MS

    def send_due(self, now_ms: int) -> list[bytes]:
        """Return the bodies that are due, and count them as sent."""
        next_ms = self._next_send_ms()
        if next_ms is None or now_ms < next_ms:
            return []
        due = [pending for pending in self._by_id.values() if pending.next_ms <= now_ms and not pending.is_stale]
        if self._slowed and due:
            self._alone = next((pending for pending in due if pending.tickets), due[0])
            due = [self._alone]
        return [self.send(pending, now_ms) for pending in due]

    def _next_send_ms(self) -> int | None:
        """Return when the next request is due. While one goes alone, that is when its own repeat is due."""
        if self._slowed and self._alone is not None:
            return max(self._alone.next_ms, self.resume_ms)
        first_ms = min((one.next_ms for one in self._by_id.values() if not one.is_stale), default=None)
        return None if first_ms is None else max(first_ms, self.resume_ms)

    def send(self, pending: Pending, now_ms: int) -> bytes:
        """Return the body of one request, and count it as sent."""
        pending.copies += 1
        pending.sent_ms = now_ms
        pending.next_ms = now_ms + self._jitter(pending.pause_ms)
        pending.pause_ms = min(pending.pause_ms * 3 // 2, RESEND_MAX_MS)
        return pending.body

    def pop_expired(self, now_ms: int) -> list[Pending]:
        """Remove and return the requests whose deadline has come."""
        expired = [one for one in self._by_id.values() if one.deadline_ms is not None and one.deadline_ms <= now_ms]
        for pending in expired:
            self.remove(pending.request.id)
        return expired

    def next_deadline_ms(self, *, may_send: bool) -> int | None:
        """Return when a request is due (if `may_send`) or expires; None if nothing will."""
        moments = [one.deadline_ms for one in self._by_id.values() if one.deadline_ms is not None]
        next_ms = self._next_send_ms() if may_send else None
        return min(moments if next_ms is None else [*moments, next_ms], default=None)
