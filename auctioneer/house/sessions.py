"""Sessions: what the house remembers of each principal between requests, within bounds.

- Verdicts. The last `REMEMBERED_REQUESTS_MAX` bids and purchases of a bidder, by request id, with their verdicts: a
  repeat gets the same verdict, and the same id with other content is a conflict. An unknown id below all of those is
  refused, since its verdict could not be kept. So nothing is ever decided twice, or decided and forgotten.
- A budget of requests (`auctioneer.house.budgets`).
- When the bidder was last heard from.
"""

from bisect import insort
from collections import OrderedDict
from collections.abc import Iterable, Iterator

from auctioneer.house.budgets import Budget, Budgets
from auctioneer.house.register import Enrolled
from auctioneer.rules.engine import Bidder
from auctioneer.rules.facts import Decided, verdict_of
from common.errors import RejectCode, StorageError
from common.limits import BIDDERS_MAX, REMEMBERED_REQUESTS_MAX
from common.messages import Accepted, BidRequest, BuyRequest, Rejected


class Session:
    """What the house remembers of one principal."""

    __slots__ = ("_decided", "_ids", "_stale_below", "bidder", "budget", "heard_ms", "who")

    def __init__(self, bidder: Enrolled, budget: Budget, now_ms: int) -> None:
        self.enter(bidder)
        self.budget = budget
        self.heard_ms = now_ms
        self._decided: dict[int, Decided] = {}
        self._ids: list[int] = []  # the keys of _decided, ascending
        self._stale_below = 0
        """A verdict for an id below this one can't be kept, or was forgotten."""

    def enter(self, bidder: Enrolled) -> None:
        """Take the bidder's entry of the register; `who` is what the rules need of it."""
        self.bidder = bidder
        self.who = Bidder(bidder.paddle, bidder.skeletons)

    def recall(self, request: BidRequest | BuyRequest) -> Accepted | Rejected | RejectCode | None:
        """Return the verdict that a request had; a code if its id can't be used; None if it is new."""
        decided = self._decided.get(request.id)
        if decided is not None:
            return verdict_of(decided) if decided.request == request else RejectCode.ID_CONFLICT
        return RejectCode.ID_STALE if request.id < self._stale_below else None

    def remember(self, decided: Decided) -> None:
        """Remember the outcome of a request, and forget the lowest id if there are too many."""
        request_id, ids = decided.request_id, self._ids
        if request_id in self._decided or request_id < self._stale_below:
            return
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
        """The highest request id that is remembered; 0: none. Above it, no id is stale."""
        return self._ids[-1] if self._ids else 0

    @property
    def remembered(self) -> list[Decided]:
        """What a snapshot holds of this session, by ascending id."""
        return [self._decided[request_id] for request_id in self._ids]

    def restore(self, remembered: Iterable[Decided]) -> None:
        """Take what a snapshot held."""
        for decided in remembered:
            self.remember(decided)


class Sessions:
    """The sessions of all principals: a bidder's lasts as long as the sale, an observer's until there are too many.

    The path of every bid reads `by_key` and `observers`; they change only here.
    """

    def __init__(self, requests_per_s: int) -> None:
        self.by_key: dict[str, Session] = {}
        self.observers: OrderedDict[str, Session] = OrderedDict()
        self._by_paddle: dict[int, Session] = {}
        self._requests_per_s = requests_per_s
        self._strangers = Budgets(requests_per_s)

    def __iter__(self) -> Iterator[Session]:
        """Yield the bidders' sessions."""
        return iter(self.by_key.values())

    def of(self, principal: str) -> Session | None:
        """Return the session of a principal; None where it has none yet."""
        return self.by_key.get(principal) or self.observers.get(principal)

    def of_paddle(self, paddle: int) -> Session:
        """Return the session of a bidder. Raises StorageError where nobody has the paddle."""
        session = self._by_paddle.get(paddle)
        if session is None:
            raise StorageError(f"The record names paddle {paddle}, which nobody has.")
        return session

    def budget_of(self, principal: str, now_ms: int) -> Budget:
        """Return the budget of a principal, known or a stranger."""
        session = self.of(principal)
        return session.budget if session is not None else self._strangers.of(principal, now_ms)

    def enter(self, entry: Enrolled, now_ms: int) -> Session:
        """Open the session of an entry of the register, or update the open one."""
        self.observers.pop(entry.key, None)
        session = self.by_key.get(entry.key)
        if session is not None:
            session.enter(entry)
            return session
        session = Session(entry, Budget(self._requests_per_s, now_ms), now_ms)
        self.by_key[entry.key] = self._by_paddle[entry.paddle] = session
        return session

    def observe(self, entry: Enrolled, now_ms: int) -> Session:
        """Return the session of an observer who leaves no trace. If there are too many, the oldest is forgotten."""
        session = self.observers.get(entry.key)
        if session is not None:
            return session
        session = Session(entry, self._strangers.hand_over(entry.key, now_ms), now_ms)
        self.observers[entry.key] = session
        if len(self.observers) > BIDDERS_MAX:
            self.observers.popitem(last=False)
        return session
