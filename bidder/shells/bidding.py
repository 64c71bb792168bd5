"""Bidding in an asyncio program: what a client and a desk of a hall have in common."""

from abc import ABC, abstractmethod
from typing import Final

from bidder.core.effects import Outcome
from bidder.core.requests import bid_request, buy_request
from bidder.shells.base import affairs, next_start, together, verdict
from common.messages import Accepted, BidRequest, BuyRequest, Mine, MineRequest, Rejected

REQUEST_TIMEOUT_MS: Final = 10_000


class AsyncBidding(ABC):
    """Bids, purchases and one's own affairs, over a request that somebody else carries out."""

    @abstractmethod
    def new_request_id(self) -> int:
        """Return a fresh request id."""

    @abstractmethod
    async def _request(
        self, request: BidRequest | BuyRequest | MineRequest, timeout_ms: int, *, may_renew_id: bool = False
    ) -> Outcome:
        """Carry a request out."""

    async def bid(
        self,
        lot: str,
        amount_minor: int | None = None,
        maximum_minor: int | None = None,
        *,
        if_seq: int | None = None,
        if_price_minor: int | None = None,
        while_connected: bool = False,
        request_id: int | None = None,
        timeout_ms: int = REQUEST_TIMEOUT_MS,
    ) -> Accepted | Rejected:
        """Bid, and return the house's verdict; as `Client.bid`, with the same arguments and errors.

        Cancelling the wait does not take the bid back.
        """
        return verdict(
            await self._request(
                bid_request(
                    self.new_request_id() if request_id is None else request_id,
                    lot,
                    amount_minor,
                    maximum_minor,
                    if_seq=if_seq,
                    if_price_minor=if_price_minor,
                    while_connected=while_connected,
                ),
                timeout_ms,
                may_renew_id=request_id is None,
            )
        )

    async def buy(
        self, lot: str, price_minor: int, *, request_id: int | None = None, timeout_ms: int = REQUEST_TIMEOUT_MS
    ) -> Accepted | Rejected:
        """Buy a lot at its buy-now price, which closes it; return the verdict. Raises as `bid` does."""
        request = buy_request(self.new_request_id() if request_id is None else request_id, lot, price_minor)
        return verdict(await self._request(request, timeout_ms, may_renew_id=request_id is None))

    async def mine(self, *, timeout_ms: int = REQUEST_TIMEOUT_MS) -> Mine:
        """Return the bidder's own affairs: maxima and what was won. Raises RejectedError and UnansweredError."""
        pages: list[Mine] = []
        start: int | None = 0
        while start is not None:
            page = affairs(await self._request(MineRequest(id=self.new_request_id(), start=start), timeout_ms))
            pages.append(page)
            start = next_start(pages, start)
        return together(pages)
