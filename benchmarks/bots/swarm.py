"""A swarm whose bots' copies of the sale are compared with another copy.

To measure a house use `benchmarks.load.closed_loop` and `benchmarks.load.open_loop`.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from benchmarks.bots.checks import differences
from benchmarks.bots.tally import MeasuredTally
from bidder import AsyncClient
from bidder.core.notices import ConnectionState
from rehearsal.bots.bot import Bot
from rehearsal.bots.crowd import Character, Crowd
from rehearsal.bots.swarm import Swarm

_UP_TO_DATE: Final = frozenset({ConnectionState.LIVE, ConnectionState.FROZEN, ConnectionState.ENDED})


class ComparedSwarm(Swarm):
    """Bots of a crowd in a sale, each with a copy of the sale that must equal all others in the end."""

    tally: MeasuredTally

    def __init__(self, link: str, crowd: Crowd, characters: Sequence[Character], slowness: float = 1.0) -> None:
        super().__init__(link, crowd, characters, MeasuredTally(), slowness)

    async def reference(self) -> AsyncClient:
        """Return a client that has just taken a snapshot, for `until_equal`."""
        return await self.observe(lambda _: self.pulse.beat())

    async def until_equal(self, reference: AsyncClient, timeout_s: float) -> list[str]:
        """Wait until each bot's copy of the sale has once equalled that of `reference`; return the last differences.

        In a running sale, copies are equal only between two changes, and not all at the same moment.
        """
        unequal = list(self.bots)

        def is_equal() -> bool:
            unequal[:] = [bot for bot in unequal if self._differences(bot, reference)]
            return not unequal

        await self._until(is_equal, timeout_s)
        return [
            f"{bot.client.welcome.name}: {difference}"
            for bot in unequal
            for difference in self._differences(bot, reference)
        ]

    def _differences(self, bot: Bot, reference: AsyncClient) -> list[str]:
        ours, theirs = bot.client.sale, reference.sale
        in_sale = [] if ours == theirs else [f"the sale is {ours} here and {theirs} there"]
        return differences(bot.client.lots(), reference.lots()) + in_sale

    def live(self) -> Counter[str]:
        """Return the number of bots that are up to date, for each instance of the house that bots know."""
        return Counter(bot.client.welcome.instance for bot in self.bots if bot.client.state in _UP_TO_DATE)
