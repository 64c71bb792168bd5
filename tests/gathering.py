"""A hall of many bidders who bid while the house is struck, and what the checker finds of it."""

import asyncio
import json
import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from bidder import Desk, Hall
from bidder.core.notices import ConnectionState, Joined, Notice
from common.formats.english import BidRequest
from common.keys import new_keys
from tests.checking.checker import check as check_history
from tests.checking.history import Call, Replica
from tests.english import english
from tests.house_process import WAIT_S
from tests.live_sale import history_of

WAIT_MS = int(WAIT_S * 1000)
BIDS_AT_ONCE = 64


class Gathering:
    """A hall with its bidders and all that they ask and hear, for the checker.

    All bid once through each of `strikes`; each has to have another process of the house hold the sale. `lots` returns
    the answer of `auctioneer lots --json`.
    """

    def __init__(
        self, link: str, people: int, strikes: Sequence[Callable[[], object]], lots: Callable[[], str]
    ) -> None:
        self.link = link
        self.people = people
        self.strikes = strikes
        self._lots = lots
        self.keys = [new_keys() for _ in range(people)]
        self.own_keys = new_keys()
        self.replica = Replica(self.own_keys.public)
        self.calls: list[Call] = []
        self.joined: dict[int, str] = {}
        """The instance of the house that each bidder's desk was welcomed by last."""
        self.chance = random.Random(1)
        self.told = asyncio.Event()
        self.hall: Hall
        self.desks: list[Desk] = []

    async def run(self) -> None:
        self.hall = await Hall.open(self.link, self.own_keys, on_notice=self._hear, timeout_ms=WAIT_MS)
        async with self.hall:
            joining = (
                self.hall.join(f"Bidder {place}", keys, timeout_ms=WAIT_MS, on_notice=self._hear_desk(place))
                for place, keys in enumerate(self.keys)
            )
            self.desks = list(await asyncio.gather(*joining))
            for strike in self.strikes:
                await self.bid_through(strike)
            await self.until(self.is_up_to_date)
            seqs = await asyncio.to_thread(self.seqs)  # the last start extended lots, whoever bid on them
            await self.until(lambda: all(self.hall.lot(lot).seq >= seq for lot, seq in seqs.items()))
            self.replica.sale, self.replica.lots = self.hall.sale, self.hall.lots()
            self.replica.is_current = True

    def _hear(self, notice: Notice) -> None:
        self.replica.told.append(notice)
        self.told.set()

    def _hear_desk(self, place: int) -> Callable[[Notice], None]:
        def hear(notice: Notice) -> None:
            if isinstance(notice, Joined):
                self.joined[place] = notice.welcome.instance
            self.told.set()

        return hear

    async def bid_through(self, strike: Callable[[], object]) -> None:
        """Have all bid once each, some at a time, while the house is struck; wait for all verdicts and desks."""
        before = self.hall.welcome.instance
        turns = asyncio.Semaphore(BIDS_AT_ONCE)
        order = self.chance.sample(range(self.people), self.people)
        bids = [asyncio.ensure_future(self.bid(place, turns)) for place in order]
        await asyncio.wait(bids, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.to_thread(strike)
        await asyncio.gather(*bids)
        await self.until(lambda: self.hall.welcome.instance != before)
        await self.until(self.all_are_back)

    async def bid(self, place: int, turns: asyncio.Semaphore) -> None:
        async with turns:
            desk, lot = self.desks[place], self.chance.choice(("1", "2"))
            request = BidRequest(
                id=desk.new_request_id(),
                lot=lot,
                amount_minor=english(self.hall.lot(lot)).minimum_minor + 100 * (place % 3),
            )
            call = Call(self.keys[place].public, request, invoked=time.monotonic_ns())
            self.calls.append(call)
            call.outcome = await desk.bid(lot, request.amount_minor, request_id=request.id, timeout_ms=WAIT_MS)
            call.returned = time.monotonic_ns()

    def all_are_back(self) -> bool:
        now = self.hall.welcome.instance
        return len(self.joined) == self.people and all(instance == now for instance in self.joined.values())

    def seqs(self) -> dict[str, int]:
        """Return the seqs of the house's lots, as its report has them."""
        return {row["lot"]: row["seq"] for row in json.loads(self._lots())}

    def is_up_to_date(self) -> bool:
        seqs = dict.fromkeys(self.hall.lots(), 0)
        for call in self.calls:
            if call.outcome is not None and call.outcome.seq is not None:
                seqs[call.request.lot] = max(seqs[call.request.lot], call.outcome.seq)
        is_there = all(self.hall.lot(lot).seq >= seq for lot, seq in seqs.items())
        return is_there and self.hall.state is ConnectionState.LIVE

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(WAIT_S):
            while not holds():
                self.told.clear()
                await self.told.wait()

    def faults(self, data: Path) -> list[str]:
        """Return what the checker finds wrong, with the record of a house's data directory."""
        assert len(self.calls) == len(self.strikes) * self.people
        assert all(call.outcome is not None for call in self.calls)
        history = history_of(data, [])
        history.calls, history.replicas = self.calls, [self.replica]
        return [str(fault) for fault in check_history(history)]
