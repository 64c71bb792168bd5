"""The answers of a house that stands still: it can't decide anything. Each principal still has a budget.

The budgets of the dropped house went with it, so each principal has a new one here.
"""

from typing import Final

from auctioneer.house.budgets import MALFORMED_COST, Budgets
from auctioneer.house.house import Batch
from auctioneer.house.settings import HouseSettings
from common.codec import RejectedBody, decode_request, request_id_of
from common.errors import RejectCode
from common.messages import Heartbeat, Rejected

_NOTHING: Final = Batch([], [], [], [], [], [], [])


class FrozenHouse:
    """A house that decides nothing; it replaces another while nothing can be stored.

    `sale_seq` is the last durable seq of the sale's stream. It asks bidders to wait for `retry_ms`.
    """

    has_batch = False
    has_ended = False
    is_handed_over = False
    grants = False
    """Whether subscriptions are granted."""

    def __init__(self, settings: HouseSettings, epoch: int, sale_seq: int, retry_ms: int) -> None:
        self.settings = settings
        self.sale_seq = sale_seq
        self._epoch = epoch
        self._budgets = Budgets(settings.requests_per_s)
        self._retry_ms = retry_ms

    def handle(self, principal: str, body: bytes, now_ms: int) -> Rejected | None:
        """Answer one request of a principal, received at `now_ms`; None means that it gets no answer.

        The budget follows the same rules as in `House.handle`, which repeats this code in line, to save a call per bid.
        """
        budget = self._budgets.of(principal, now_ms)
        in_budget = budget.spend(now_ms)
        if not in_budget and budget.is_exhausted:
            return None
        try:
            request_id = decode_request(body).id
        except RejectedBody as refused:
            (budget.charge if in_budget else budget.refuse)(MALFORMED_COST)
            request_id = refused.request_id
        if not in_budget:
            return Rejected(id=request_id, code=RejectCode.SLOW_DOWN, retry_ms=budget.retry_ms)
        return self._unavailable(request_id)

    def answer_command(self, body: bytes) -> Rejected:
        """Answer one command; those who may give commands have no budget."""
        return self._unavailable(request_id_of(body))

    def in_place_of(self, answer: object) -> Rejected:
        """Return the answer that replaces one whose facts could not be stored."""
        return self._unavailable(getattr(answer, "id", 0))

    def spend(self, principal: str, now_ms: int) -> bool:
        """Charge a principal for something other than a request; return whether the budget was enough."""
        return self._budgets.of(principal, now_ms).spend(now_ms)

    def _unavailable(self, request_id: int) -> Rejected:
        return Rejected(id=request_id, code=RejectCode.UNAVAILABLE, retry_ms=self._retry_ms)

    # --- what only a house that decides can do ----------------------------------------------------------------------

    def may_hear(self, principal: str) -> bool:  # noqa: ARG002 -- as `House.may_hear`
        """Return False: nobody new may hear the broadcasts now. Those who hear them already continue to."""
        return False

    def next_deadline_ms(self) -> int | None:
        """Return None: all clocks stand still."""
        return None

    def advance(self, now_ms: int) -> None:
        """Do nothing: all clocks stand still."""

    def stood_still(self, now_ms: int, stood_ms: int) -> None:
        """Do nothing: the whole time will be given back."""

    def drop_silent(self, now_ms: int) -> None:
        """Do nothing: nobody can be heard, so nobody counts as silent."""

    def flush(self) -> Batch:
        """Return an empty batch."""
        return _NOTHING

    def stored(self, batch: Batch) -> None:
        """Do nothing: this house has no batches."""

    def heartbeat(self, now_ms: int) -> Heartbeat:
        """Return the next heartbeat, which says that all clocks stand still."""
        return Heartbeat(
            epoch=self._epoch,
            instance=self.settings.instance,
            term=self.settings.term,
            server_time_ms=now_ms,
            sale_seq=self.sale_seq,
            lots=(),
            frozen=True,
        )
