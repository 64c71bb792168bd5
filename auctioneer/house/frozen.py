"""The answers of a house that stands still: it can't decide anything. Each principal still has a budget.

The budgets of the dropped house went with it, so each principal has a new one here.
"""

from auctioneer.house.budgets import MALFORMED_COST, Budgets
from common.codec import RejectedBody, decode_request, request_id_of
from common.errors import RejectCode
from common.messages import Rejected


class FrozenHouse:
    """Replaces a house while nothing can be stored. It asks bidders to wait for `retry_ms`."""

    def __init__(self, requests_per_s: int, retry_ms: int) -> None:
        self._budgets = Budgets(requests_per_s)
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
        """Answer one command; controllers have no budget."""
        return self._unavailable(request_id_of(body))

    def in_place_of(self, answer: object) -> Rejected:
        """Return the answer in place of one whose facts could not be stored."""
        return self._unavailable(getattr(answer, "id", 0))

    def spend(self, principal: str, now_ms: int) -> bool:
        """Charge a principal for something other than a request; return whether it is in the budget."""
        return self._budgets.of(principal, now_ms).spend(now_ms)

    def _unavailable(self, request_id: int) -> Rejected:
        return Rejected(id=request_id, code=RejectCode.UNAVAILABLE, retry_ms=self._retry_ms)
