"""Bids one after the other over a link, through whatever becomes of the house, and what the record has of them.

Two bidders outbid each other in turns, each bid as soon as the one before it has its verdict. So the verdicts have one
order, in which the record must have the bids too, each once.
"""

import threading
import time
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

from benchmarks.load.postgres_servers import Servers
from bidder import Client, UnansweredError
from common.errors import UnreachableError
from common.formats.english import EnglishBoard
from common.keys import new_keys
from common.messages import Accepted, Rejected

LOT: Final = "0"
ANSWER_MS: Final = 60_000
"""The longest wait for a verdict."""
WAIT_S: Final = 120.0


class Acknowledged(NamedTuple):
    """A bid that was accepted, and when the bidder heard so, by this machine's steady clock."""

    paddle: int
    request_id: int
    at_s: float


class Bidding:
    """Two bidders at a lot, who bid during the `with` block. `link` is the join link."""

    def __init__(self, link: str) -> None:
        self.acknowledged: list[Acknowledged] = []
        self._link = link
        self._news = threading.Condition()
        self._is_over = False
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._bid, name="bidders")

    def __enter__(self) -> Self:
        self._clients = [Client.connect(self._link, name, new_keys(), timeout_ms=ANSWER_MS) for name in ("Ann", "Bob")]
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over = True
        self._thread.join(ANSWER_MS / 1000)
        for client in self._clients:
            client.close()

    def _bid(self) -> None:
        try:
            board, turn = self._clients[0].lot(LOT).board, 0
            assert isinstance(board, EnglishBoard), "the lot is English"
            amount_minor = board.minimum_minor
            while not self._is_over:
                client = self._clients[turn % len(self._clients)]
                verdict = client.bid(LOT, amount_minor, timeout_ms=ANSWER_MS)
                at_s, turn = time.monotonic(), turn + 1
                if isinstance(verdict, Accepted):
                    with self._news:
                        self.acknowledged.append(Acknowledged(client.paddle, verdict.id, at_s))
                        self._news.notify_all()
                amount_minor = _next_minor(verdict)
        except BaseException as error:
            with self._news:
                self._failure = error
                self._news.notify_all()
            if not isinstance(error, UnansweredError | UnreachableError):
                raise

    def wait_for(self, more: int) -> None:
        """Wait until this many more bids are acknowledged. Raises UnreachableError."""
        with self._news:
            wanted = len(self.acknowledged) + more
            self._news.wait_for(lambda: self._failure is not None or len(self.acknowledged) >= wanted, WAIT_S)
            if len(self.acknowledged) < wanted:
                raise UnreachableError(f"Bids came to a stand: {self._failure or 'no verdict came'}.")

    def pause_s(self, after: int) -> float:
        """Return the longest time between two acknowledged bids, from the bid with this number on."""
        times_s = [one.at_s for one in self.acknowledged[max(0, after - 1) :]]
        return max(later_s - earlier_s for earlier_s, later_s in pairwise(times_s))


def _next_minor(verdict: Accepted | Rejected) -> int:
    """Return the least amount of the next bid. Raises UnreachableError where the lot takes none any more."""
    if not isinstance(verdict.board, EnglishBoard):
        raise UnreachableError(f"The house decides no bids any more: {verdict}")
    return verdict.board.minimum_minor


class Faults(NamedTuple):
    """How many acknowledged bids the record does not have, has twice, and has in another order."""

    lost: int
    doubled: int
    reordered: int


def compare(acknowledged: Sequence[Acknowledged], recorded: Sequence[tuple[int, int]]) -> Faults:
    """Compare the acknowledged bids with the record's, given as paddle and request id, both in their order."""
    counts = Counter(recorded)
    asked = [(one.paddle, one.request_id) for one in acknowledged]
    places = {bid: place for place, bid in reversed(list(enumerate(recorded)))}
    kept = [places[bid] for bid in asked if bid in places]
    return Faults(
        lost=sum(bid not in places for bid in asked),
        doubled=sum(count - 1 for count in counts.values()),
        reordered=sum(later <= earlier for earlier, later in pairwise(kept)),
    )


def recorded_bids(servers: Servers, sale: str) -> list[tuple[int, int]]:
    """Return the bids in the record of a sale, in its order: paddle and request id."""
    rows: list[tuple[Any, ...]] = servers.primary.ask(
        "SELECT (body ->> 4)::bigint, (body ->> 5)::bigint FROM auction.fact"
        " WHERE sale = %s AND kind = 'bid_taken' ORDER BY position",
        sale,
    )
    return [(paddle, request_id) for paddle, request_id in rows]
