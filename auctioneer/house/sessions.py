"""Sessions: what the house remembers of each principal between requests, within bounds.

- Verdicts: the last `REMEMBERED_REQUESTS_MAX` bids and purchases of a bidder, by request id. A repeat gets the same
  verdict. The same id with other content is a conflict. An unknown id below all of them is refused, since its verdict
  could not be kept. So nothing is ever decided twice, or decided and forgotten.
- A budget of requests (`auctioneer.house.budgets`).
- The time at which the bidder was last heard.
"""

from bisect import insort
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import Final

from auctioneer.house.budgets import PARTNER_BUDGETS, Budget, Budgets
from auctioneer.house.register import Enrolled
from auctioneer.rules.engine import Bidder
from auctioneer.rules.fact_events import verdict_of
from auctioneer.rules.facts import Decided
from common.errors import RejectCode, StorageError
from common.formats import AnyOffer
from common.limits import BIDDERS_MAX, REMEMBERED_REQUESTS_MAX
from common.messages import Accepted, Rejected

_NOTHING_DECIDED: Final[dict[int, Decided]] = {}
_NO_IDS: Final[list[int]] = []
"""Shared by all bidders who have not bid yet, and never changed: two empty ones each would take 150 bytes a bidder."""


class Session:
    """What the house remembers of one principal."""

    __slots__ = ("_decided", "_ids", "_stale_below", "bidder", "budget", "heard_ms", "who")

    def __init__(self, bidder: Enrolled, budget: Budget) -> None:
        self.enter(bidder)
        self.budget = budget
        self.heard_ms = 0
        """When this process heard the principal last, in server time; 0: not yet."""
        self._decided = _NOTHING_DECIDED
        self._ids = _NO_IDS  # the keys of _decided, ascending
        self._stale_below = 0
        """The verdict for an id below this one can't be kept, or was forgotten."""

    def enter(self, bidder: Enrolled) -> None:
        """Set the bidder's entry of the register, and `who`, the part of it that the rules need."""
        self.bidder = bidder
        self.who = Bidder(bidder.paddle, bidder.skeletons)

    def recall(self, request: AnyOffer) -> Accepted | Rejected | RejectCode | None:
        """Return the verdict that a request got before, a code if its id can't be used, or None if it is new."""
        decided = self._decided.get(request.id)
        if decided is not None:
            return verdict_of(decided) if decided.request == request else RejectCode.ID_CONFLICT
        return RejectCode.ID_STALE if request.id < self._stale_below else None

    def remember(self, decided: Decided) -> None:
        """Keep the outcome of a request. If there are too many, forget the one with the lowest id."""
        request_id, ids = decided.request_id, self._ids
        if request_id in self._decided or request_id < self._stale_below:
            return
        if not ids:
            self._decided, ids = {}, []
            self._ids = ids
        self._decided[request_id] = decided
        if not ids or request_id > ids[-1]:
            ids.append(request_id)
        else:
            insort(ids, request_id)
        if len(ids) >= REMEMBERED_REQUESTS_MAX:
            if len(ids) > REMEMBERED_REQUESTS_MAX:
                del self._decided[ids.pop(0)]
            self._stale_below = ids[0]

    @property
    def last_id(self) -> int:
        """The highest request id that is remembered, 0 if there is none. No id above it is stale."""
        return self._ids[-1] if self._ids else 0

    @property
    def remembered(self) -> list[Decided]:
        """The outcomes that a snapshot keeps of this session, by ascending id."""
        return [self._decided[request_id] for request_id in self._ids]

    def restore(self, remembered: Iterable[Decided]) -> None:
        """Remember the outcomes from a snapshot."""
        for decided in remembered:
            self.remember(decided)


class Sessions:
    """The sessions of all principals. A bidder's lasts as long as the sale, an observer's until there are too many.

    Every bid looks into `by_key` and `observers`, so the house reads them directly. They change only here.
    """

    def __init__(self, requests_per_s: int) -> None:
        self.by_key: dict[str, Session] = {}
        self.observers: OrderedDict[str, Session] = OrderedDict()
        self._by_paddle: dict[int, Session] = {}
        self._requests_per_s = requests_per_s
        self._strangers = Budgets(requests_per_s)

    def __iter__(self) -> Iterator[Session]:
        """Yield the bidders' sessions."""
        return iter(self._by_paddle.values())

    def of(self, principal: str) -> Session | None:
        """Return the session of a principal; None if it has none yet."""
        return self.by_key.get(principal) or self.observers.get(principal)

    def of_paddle(self, paddle: int) -> Session:
        """Return the session of a bidder. Raises StorageError if nobody has the paddle."""
        session = self._by_paddle.get(paddle)
        if session is None:
            raise StorageError(f"The record names paddle {paddle}, which nobody has.")
        return session

    def budget_of(self, principal: str, now_ms: int) -> Budget:
        """Return the budget of a principal, whether it has a session or not."""
        session = self.of(principal)
        return session.budget if session is not None else self._strangers.of(principal, now_ms)

    def enter(self, entry: Enrolled, now_ms: int) -> Session:
        """Open the session of an entry of the register, or update the entry of an open one.

        A paddle without a key has a session too, which nobody can speak in until a key is bound to the paddle.
        """
        self.observers.pop(entry.key, None)
        session = self._by_paddle.get(entry.paddle)
        if session is not None:
            if session.bidder.key != entry.key:
                self.by_key.pop(session.bidder.key, None)  # a lost phone's key is nobody's from now on
            session.enter(entry)
        else:
            session = self._by_paddle[entry.paddle] = Session(entry, Budget(self._requests_per_s, now_ms))
        if entry.key:
            self.by_key[entry.key] = session
        return session

    def observe(self, entry: Enrolled, now_ms: int) -> Session:
        """Return the session of an observer who leaves no trace. If there are too many, the oldest is forgotten."""
        session = self.observers.get(entry.key)
        if session is not None:
            return session
        return self._observe(Session(entry, self._strangers.hand_over(entry.key, now_ms)))

    def observe_as_partner(self, entry: Enrolled, now_ms: int) -> Session:
        """Return the session of a partner, which is an observer with a budget of its own."""
        session = self.observers.get(entry.key)
        if session is not None:
            return session
        return self._observe(Session(entry, Budget(PARTNER_BUDGETS * self._requests_per_s, now_ms)))

    def forget_observer(self, key: str) -> None:
        """Drop the session of an observer, if it has one: it has to say hello again."""
        self.observers.pop(key, None)

    def _observe(self, session: Session) -> Session:
        self.observers[session.bidder.key] = session
        if len(self.observers) > BIDDERS_MAX:
            self.observers.popitem(last=False)
        return session
