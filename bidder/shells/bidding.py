"""Bidding in an asyncio program: the common part of a client and a desk of a hall."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Final

from bidder.core.absentee import leave_bid_request
from bidder.core.confirming import confirm_request
from bidder.core.effects import Outcome
from bidder.core.formats.dutch import stop_request
from bidder.core.formats.english import bid_request, buy_request
from bidder.core.formats.sealed import seal_request, unseal_request
from bidder.core.retraction import retract_request
from bidder.shells.base import affairs, next_start, together, verdict
from common.formats import AnyOffer
from common.messages import Accepted, Mine, MineRequest, Rejected

REQUEST_TIMEOUT_MS: Final = 10_000


class AsyncBidding(ABC):
    """Offers and the bidder's own affairs. The subclass carries out each request."""

    @abstractmethod
    def new_request_id(self) -> int:
        """Return a fresh request id."""

    @abstractmethod
    async def _request(
        self, request: AnyOffer | MineRequest, timeout_ms: int, *, may_renew_id: bool = False
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
        """Bid, and return the house's verdict. Takes and raises the same as `Client.bid`.

        Cancelling the wait does not take the bid back.
        """
        return await self._offer(
            lambda number: bid_request(
                number,
                lot,
                amount_minor,
                maximum_minor,
                if_seq=if_seq,
                if_price_minor=if_price_minor,
                while_connected=while_connected,
            ),
            request_id,
            timeout_ms,
        )

    async def buy(
        self,
        lot: str,
        price_minor: int,
        *,
        if_seq: int | None = None,
        request_id: int | None = None,
        timeout_ms: int = REQUEST_TIMEOUT_MS,
    ) -> Accepted | Rejected:
        """Buy a lot at its buy-now price, which closes it; return the verdict. Raises the same as `bid`."""
        return await self._offer(
            lambda number: buy_request(number, lot, price_minor, if_seq=if_seq), request_id, timeout_ms
        )

    async def seal(
        self,
        lot: str,
        amount_minor: int,
        *,
        if_seq: int | None = None,
        request_id: int | None = None,
        timeout_ms: int = REQUEST_TIMEOUT_MS,
    ) -> Accepted | Rejected:
        """Make a sealed offer, or replace an earlier one; return the verdict. Raises the same as `bid`."""
        return await self._offer(
            lambda number: seal_request(number, lot, amount_minor, if_seq=if_seq), request_id, timeout_ms
        )

    async def unseal(
        self,
        lot: str,
        *,
        if_seq: int | None = None,
        request_id: int | None = None,
        timeout_ms: int = REQUEST_TIMEOUT_MS,
    ) -> Accepted | Rejected:
        """Take the bidder's sealed offer back; return the verdict. Raises the same as `bid`."""
        return await self._offer(lambda number: unseal_request(number, lot, if_seq=if_seq), request_id, timeout_ms)

    async def stop(
        self,
        lot: str,
        price_minor: int,
        units: int = 1,
        *,
        if_seq: int | None = None,
        request_id: int | None = None,
        timeout_ms: int = REQUEST_TIMEOUT_MS,
    ) -> Accepted | Rejected:
        """Stop a Dutch lot's clock: take up to `units` units at its price, at most `price_minor`; return the verdict.

        The price is that on the house's clock when the request arrives. If fewer units are left, the bidder takes
        those. Raises the same as `bid`.
        """
        return await self._offer(
            lambda number: stop_request(number, lot, price_minor, units, if_seq=if_seq), request_id, timeout_ms
        )

    async def leave_bid(
        self,
        lot: str,
        amount_minor: int | None,
        *,
        if_seq: int | None = None,
        request_id: int | None = None,
        timeout_ms: int = REQUEST_TIMEOUT_MS,
    ) -> Accepted | Rejected:
        """Leave a bid for a lot that is not open yet, or take it back (None); return the verdict.

        Nobody else learns of it before the lot opens. Then it becomes a maximum, or a sealed offer. Raises the same as
        `bid`.
        """
        return await self._offer(
            lambda number: leave_bid_request(number, lot, amount_minor, if_seq=if_seq), request_id, timeout_ms
        )

    async def retract(
        self,
        lot: str,
        *,
        if_seq: int | None = None,
        request_id: int | None = None,
        timeout_ms: int = REQUEST_TIMEOUT_MS,
    ) -> Accepted | Rejected:
        """Take back the bidder's last bid on an English lot, where the sale allows it; return the verdict.

        Raises the same as `bid`.
        """
        return await self._offer(lambda number: retract_request(number, lot, if_seq=if_seq), request_id, timeout_ms)

    async def confirm(
        self,
        lot: str,
        *,
        stands: bool = True,
        if_seq: int | None = None,
        request_id: int | None = None,
        timeout_ms: int = REQUEST_TIMEOUT_MS,
    ) -> Accepted | Rejected:
        """Say whether the bidder stands by its bid on a lot on which it is asked (`asked` of the view).

        If it does not, all its bids on the lot are void. With `if_seq` it counts only for the lot as it was seen.
        Returns the verdict. Raises the same as `bid`.
        """
        return await self._offer(
            lambda number: confirm_request(number, lot, stands=stands, if_seq=if_seq), request_id, timeout_ms
        )

    async def _offer(
        self, make: Callable[[int], AnyOffer], request_id: int | None, timeout_ms: int
    ) -> Accepted | Rejected:
        """Make an offer under this id, or under a new one, and return the house's verdict."""
        request = make(self.new_request_id() if request_id is None else request_id)
        return verdict(await self._request(request, timeout_ms, may_renew_id=request_id is None))

    async def mine(self, *, timeout_ms: int = REQUEST_TIMEOUT_MS) -> Mine:
        """Return the bidder's own affairs: its positions and its wins. Raises RejectedError and UnansweredError."""
        pages: list[Mine] = []
        start: int | None = 0
        while start is not None:
            page = affairs(await self._request(MineRequest(id=self.new_request_id(), start=start), timeout_ms))
            pages.append(page)
            start = next_start(pages, start)
        return together(pages)
