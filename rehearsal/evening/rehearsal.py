"""Holds an evening with bots: a house in a process of its own, bots on real sockets, and somebody with a hammer.

The sale waits, paused, in its data directory. It is resumed when all bots have joined, and held until it ends.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Final

from msgspec import Struct

from bidder import AsyncClient
from bidder.core.notices import ConnectionChanged, ConnectionState
from common.durations import format_duration
from common.errors import RejectCode, RejectedError
from common.lot import LotView, SaleView
from rehearsal.bots.crowd import Arrivals, Crowd
from rehearsal.bots.swarm import Swarm
from rehearsal.bots.tally import Tally
from rehearsal.evening.course import Course
from rehearsal.evening.gavel import Gavel, Order, Patience
from rehearsal.evening.screen import REFRESH_S, Screen, open_screen
from rehearsal.evening.story import Story
from rehearsal.house import HouseProcess
from rehearsal.waiting import alongside, stop_when_told

REQUESTS_PER_S: Final = 10_000
"""What the house allows one bot: in a fast rehearsal it bids as often as many people."""
BRISK_BIDDERS: Final = 20
"""Up to this many bots react as quickly as people; in a larger crowd each reacts more slowly in proportion."""
LOOK_AGAIN_S: Final = 1.0
"""How long after an order its effect may take to be seen before the auctioneer looks again."""


class Plan(Struct, frozen=True, kw_only=True):
    """How an evening is to be rehearsed. All times are the evening's, in milliseconds."""

    speed: int
    """By how much the catalogue's durations were divided."""
    bidders: int
    seed: int
    by_hand: frozenset[str]
    """The lots that the auctioneer opens."""
    ends_by: str
    """The command by which the auctioneer ends the sale; empty: it ends by itself after the last lot."""
    planned_ms: int
    """How long the evening takes if nothing extends a lot."""
    untimed_ms: int
    """For how long a lot without a clock is open at least."""
    quiet_ms: int
    """How long nothing must have happened on it before the hammer falls."""


class Held(Struct, frozen=True):
    """An evening that was held."""

    sale: SaleView
    lots: list[LotView]
    course: Course
    tally: Tally
    names: dict[int, str]
    took_ms: int
    """How long it took on this machine, from the start of the sale to its end."""


def rehearse(
    data: Path, plan: Plan, begin: Callable[[], None], give: Callable[[Order], None], *, as_json: bool
) -> Held:
    """Hold the sale in `data` with bots, and show it. `begin` resumes the sale; `give` has the house do an order.

    Raises HouseError if the house stops, UnreachableError if it does not answer, and KeyboardInterrupt or
    CancelledError when the program is told to stop; the house and all bots are then gone.
    """
    return asyncio.run(_hold(data, plan, begin, give, as_json=as_json))


async def _hold(
    data: Path, plan: Plan, begin: Callable[[], None], give: Callable[[Order], None], *, as_json: bool
) -> Held:
    stop_when_told()
    crowd = Crowd(plan.seed, arrivals=Arrivals.LATE, untimed_ms=max(1, plan.untimed_ms // plan.speed), is_rich=True)
    slowness = max(1.0, plan.bidders / BRISK_BIDDERS) / plan.speed
    options = ("--port", "0", "--unlisted", "--requests-per-second", str(REQUESTS_PER_S))
    async with (
        HouseProcess(None, data, *options) as house,
        Swarm(house.link, crowd, crowd.characters(plan.bidders), Tally(), slowness) as swarm,
    ):
        client = await swarm.observe()
        await alongside(swarm.join(), house.until_stopped())
        return await _Evening(plan, client, swarm, give).hold(house, begin, as_json=as_json)


class _Evening:
    """The part between the first opening and the end."""

    def __init__(self, plan: Plan, client: AsyncClient, swarm: Swarm, give: Callable[[Order], None]) -> None:
        patience = Patience(plan.untimed_ms // plan.speed, plan.quiet_ms // plan.speed)
        self._plan = plan
        self._client = client
        self._swarm = swarm
        self._give = give
        self._course = Course(plan.speed)
        self._gavel = Gavel(plan.by_hand, patience, ends_sale=bool(plan.ends_by))
        self._changed = asyncio.Event()

    async def hold(self, house: HouseProcess, begin: Callable[[], None], *, as_json: bool) -> Held:
        clock, names = asyncio.get_running_loop().time, dict(self._swarm.names)
        with open_screen(self._time, self._plan.speed, as_json=as_json) as screen:
            began_s = clock()
            await asyncio.to_thread(begin)
            story = Story(self._client.sale.currency, names.__getitem__, self._plan.speed)
            await alongside(
                self._follow(story, screen),
                self._direct(),
                self._refresh(screen, names),
                self._swarm.until_over(),
                house.until_stopped(),
            )
            took_s = clock() - began_s
            screen.refresh(self._client, names.__getitem__, self._progress())
        await self._swarm.stop()
        lots = list(self._client.lots().values())
        return Held(self._client.sale, lots, self._course, self._swarm.tally, names, round(took_s * 1000))

    async def _follow(self, story: Story, screen: Screen) -> None:
        """Note and tell all that happens, until the sale has ended."""
        async for notice in self._client.notices():
            self._course.note(notice)
            self._gavel.note(notice)
            line = story.tell(notice)
            if line is not None:
                screen.tell(line)
            self._changed.set()
            if isinstance(notice, ConnectionChanged) and notice.state is ConnectionState.ENDED:
                return

    async def _direct(self) -> None:
        """Do what is left to the auctioneer, as soon as it is due."""
        while True:
            self._changed.clear()
            now_ms, lots = self._client.server_now_ms(), self._client.lots()
            order = self._gavel.next(lots, now_ms)
            if order is not None:
                await asyncio.to_thread(self._carry_out, order)
            due_ms = self._gavel.due_ms(lots)
            wait_s = LOOK_AGAIN_S if due_ms is None or order is not None else max(0, due_ms - now_ms) / 1000
            await _within(self._changed, wait_s)

    def _carry_out(self, order: Order) -> None:
        """Give an order, unless the lot has changed meanwhile so that the order is no longer possible."""
        try:
            self._give(order)
        except RejectedError as error:
            if error.reject is not RejectCode.WRONG_STATE:
                raise

    async def _refresh(self, screen: Screen, names: dict[int, str]) -> None:
        while True:
            screen.refresh(self._client, names.__getitem__, self._progress())
            await asyncio.sleep(REFRESH_S)

    def _time(self) -> str:
        """Return the time of the evening."""
        seconds = self._course.since_first_ms(self._client.server_now_ms()) // 1000
        return f"{seconds // 3600:d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"

    def _progress(self) -> str:
        lots = self._client.lots().values()
        over = sum(view.status.is_final for view in lots)
        planned = format_duration(self._plan.planned_ms // 1000 * 1000)
        offers = len(self._swarm.tally.acknowledged)
        return f"{self._time()} of about {planned}: {over} of {len(lots)} lots over, {offers} offers"


async def _within(event: asyncio.Event, seconds: float) -> None:
    """Wait for an event, but not for longer than this."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
