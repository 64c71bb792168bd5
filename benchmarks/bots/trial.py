"""One trial of a house by bots: they join and bid, the house may be killed, and at the end all copies are compared.

At the end each bot's copy of the sale must equal a newcomer's copy. Newcomers in different processes must get equal
copies, and these must agree with the house's own reports. Each acknowledged bid must be in the record, and the record
must verify. A trial of a house on another machine leaves out the checks of the reports and of the record.
"""

import asyncio
from pathlib import Path
from typing import Final

from msgspec import Struct, field

from benchmarks.bots.checks import Check, digest, house_check, record_check
from benchmarks.bots.crew import Crew
from benchmarks.bots.report import Kill
from benchmarks.bots.tally import MeasuredTally
from benchmarks.bots.worker import Compared
from bidder import AsyncClient
from common.errors import UnreachableError
from common.keys import new_keys
from common.lot import LotView, SaleView
from common.messages import Role
from rehearsal.house import HouseError, HouseProcess, ask_house, read_record

JOIN_S_MAX: Final = 1800.0
SALE_SPARE_S: Final = 120.0
"""How much longer than its lots a sale may last, with outages and extensions, before the trial gives up."""
RESUME_S: Final = 120.0
"""The longest time that all bots may take to be up to date after a kill."""
SETTLE_S: Final = 60.0
"""The longest time that copies of the sale may take to become equal after the last bid."""
ANSWER_S: Final = 120.0
"""The longest time that a worker process may take to answer."""


class Outcome(Struct):
    """The result of a trial."""

    tally: MeasuredTally = field(default_factory=MeasuredTally)
    checks: list[Check] = field(default_factory=list)
    kills: list[Kill] = field(default_factory=list)
    joined_s: float = 0.0
    bid_s: float = 0.0
    sale: SaleView | None = None
    """None, and no lots, if the house was gone at the end."""
    lots: dict[str, LotView] = field(default_factory=dict)

    @property
    def is_right(self) -> bool:
        """Whether every check held."""
        return not any(check.problems for check in self.checks)


class Trial:
    """A trial of the house at `link`. `data` is its data directory if that is on this machine.

    `house` is given if the trial owns the house. Its sale then waits until all bots have joined, and it may be killed.
    """

    def __init__(self, crew: Crew, link: str, bidders: int, data: Path | None, house: HouseProcess | None) -> None:
        self.outcome = Outcome()
        self._crew = crew
        self._link = link
        self._bidders = bidders
        self._data = data
        self._house = house
        self._clock = asyncio.get_running_loop().time

    async def run(self, seconds: float | None, kills: int) -> Outcome:
        """Carry out the trial for this many seconds after the joining, or until all lots are over if None.

        The house is killed `kills` times, spread evenly over `seconds`. Raises AuctionError if the trial can't run.
        """
        began_s = self._clock()
        if not await self._crew.until(lambda all_bots: all_bots.joined == self._bidders, JOIN_S_MAX):
            raise UnreachableError(f"The bots did not all join within {JOIN_S_MAX:.0f} s.")
        self.outcome.joined_s = self._clock() - began_s
        if self._house is not None:
            await self._house.ask("resume")
        began_s = self._clock()
        await self._bid(seconds, kills)
        self.outcome.bid_s = self._clock() - began_s
        self.outcome.tally = await self._crew.stop(ANSWER_S)
        await self._compare()
        await self._check_record()
        return self.outcome

    def _check(self, what: str, problems: list[str]) -> None:
        self.outcome.checks.append(Check(what, problems))

    # --- the sale ---------------------------------------------------------------------------------------------------

    async def _bid(self, seconds: float | None, kills: int) -> None:
        if self._house is None:
            await self._crew.until(lambda all_bots: all_bots.is_over, seconds)
            return
        assert seconds is not None, "it is not known for how long the house's lots are open"
        async with asyncio.TaskGroup() as group:
            group.create_task(self._kill(self._house, seconds / (kills + 1), kills))
            over = group.create_task(self._crew.until(lambda all_bots: all_bots.is_over, seconds + SALE_SPARE_S))
        self._check("The sale ended", [] if over.result() else [f"not within {seconds + SALE_SPARE_S:.0f} s"])

    async def _kill(self, house: HouseProcess, pause_s: float, kills: int) -> None:
        """Kill the house `kills` times, `pause_s` apart, but never before all bots are up to date again."""
        began_s = self._clock()
        for number in range(1, kills + 1):
            await asyncio.sleep(max(0.0, began_s + number * pause_s - self._clock()))
            killed_s = self._clock()
            accepted_before = self._crew.standing.accepted
            house.kill_server()
            await house.until_started(number + 1)
            back_s = self._clock() - killed_s
            instance = read_record(house.data).instance

            def are_all_back(instance: str = instance) -> bool:
                return self._crew.standing.live.get(instance, 0) == self._bidders

            resumed = await self._crew.until(lambda _: are_all_back(), RESUME_S)
            missing = self._bidders - self._crew.standing.live.get(instance, 0)
            self._check(
                f"All bots were back after kill {number}", [] if resumed else [f"{missing} not within {RESUME_S:.0f} s"]
            )
            self.outcome.kills.append(Kill(killed_s - began_s, back_s, self._clock() - killed_s, accepted_before))

    # --- what must hold ---------------------------------------------------------------------------------------------

    async def _compare(self) -> None:
        """Check that all bots, newcomers and the house have the same sale."""
        compared = await self._crew.compare(SETTLE_S, SETTLE_S + ANSWER_S)
        problems = [problem for one in compared for problem in one.problems]
        if any(one.is_gone for one in compared):
            what = (
                f"All {self._bidders} bots have the same sale (the house is gone, so there is no other to compare with)"
            )
            self._check(what, problems + differing(compared))
            return
        self._check(f"All {self._bidders} bots have the sale that a newcomer is given", problems)
        timeout_ms = int(ANSWER_S * 1000)
        async with await AsyncClient.connect(
            self._link, "", new_keys(), role=Role.OBSERVER, timeout_ms=timeout_ms
        ) as newcomer:
            sale, lots = newcomer.sale, newcomer.lots()
        self.outcome.sale, self.outcome.lots = sale, lots
        if not all(view.status.is_final for view in lots.values()):
            return  # the sale still runs, so no two reports show the same moment
        ours = Compared([], digest(sale, lots), is_gone=False)
        self._check("Newcomers are given the same sale in every process", differing([ours, *compared]))
        if self._data is not None:
            self.outcome.checks.append(await house_check(self._data, lots))

    async def _check_record(self) -> None:
        acknowledged = self.outcome.tally.acknowledged
        if self.outcome.tally.unanswered:
            self._check("Every request had a verdict", [f"{self.outcome.tally.unanswered} had none"])
        if self._data is None:
            return
        self.outcome.checks.append(record_check(self._data, acknowledged))
        try:
            await ask_house(self._data, "verify")
        except HouseError as error:
            self._check("The record verifies", [str(error)])
        else:
            self._check("The record verifies", [])


def differing(compared: list[Compared]) -> list[str]:
    """Return the differences between the copies that newcomers got in several processes."""
    digests = {one.digest for one in compared}
    return [] if len(digests) == 1 else [f"there are {len(digests)} different ones: {', '.join(sorted(digests))}"]
