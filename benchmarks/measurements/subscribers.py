"""The cost of a bid to a house in its own process while many screens are connected.

The cost is the processor time of the server's own thread, as the kernel counts it, so other programs on the machine do
not matter. All houses run at once and are loaded in turns. Most subscribers of a large sale follow other lots than
those that get bids: such subscribers must cost a bid nothing. Screens that follow every lot get a frame for each lot
and batch. Sending these frames is the publisher's work (see the fan-out), and has its own figure.
"""

import asyncio
import statistics
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.load.audience import audience
from benchmarks.load.connections import Bidders, Publisher
from benchmarks.load.rising_sale import UNBOUNDED_REQUESTS, Bids, lead_all, write_catalogue
from benchmarks.report.results import Row, Target
from common.codec import decode_answer
from common.links import parse_link
from common.messages import Accepted
from common.open_files import make_room_for_files
from rehearsal.house import HouseError, HouseProcess, read_record

LOTS: Final = 17
"""Sixteen lots that get bids, and one that does not."""
QUIET_LOT: Final = str(LOTS - 1)
WINDOW: Final = 32
"""The number of open bids at a time."""
FLAT: Final = 1.10
ROUNDS: Final = 12
BIDS_A_ROUND: Final = 3_200
SCREENS: Final = (0, 100, 1_000)
QUICK_SCREENS: Final = (0, 8)
QUICK_ROUNDS: Final = 2
QUICK_BIDS_A_ROUND: Final = 320
_SCREENS_OF_ALL: Final = 100
_US_PER_NS: Final = 1e-3


class Costs(NamedTuple):
    """The cost of a bid in each round: to the server's own thread, and to its whole process with libzmq's threads."""

    thread_us: list[float]
    process_us: list[float]


class LoadedHouse:
    """A house with its screens, and the connection that bids there."""

    def __init__(self, house: HouseProcess, bidders: Bidders) -> None:
        self._pid = read_record(house.data).pid
        bidders.enrol()
        leader, self._rival = bidders.sockets
        self.seqs = lead_all(leader, LOTS)
        self._bids = Bids(LOTS - 1, 1)
        self._request_id = 1
        self.costs = Costs([], [])

    def load(self, bids: int) -> None:
        """Make `bids` bids, and note their cost to the house. Raises HouseError if one is not accepted."""
        before = _cpu_ns(self._pid)
        for _ in range(bids // WINDOW):
            for _ in range(WINDOW):
                self._request_id += 1
                self._rival.send(self._bids(0, self._request_id, 0))
            for _ in range(WINDOW):
                answer = decode_answer(self._rival.recv())
                if not isinstance(answer, Accepted):
                    raise HouseError(f"A bid was not accepted: {answer}")
                self.seqs[answer.lot] = answer.seq
        after = _cpu_ns(self._pid)
        made = bids // WINDOW * WINDOW
        self.costs.thread_us.append((after[0] - before[0]) / made * _US_PER_NS)
        self.costs.process_us.append((after[1] - before[1]) / made * _US_PER_NS)


def measure_subscribers(*, quick: bool) -> tuple[list[Row], Target]:
    """Measure the cost of a bid with no, some and many connected screens."""
    return asyncio.run(_measure(QUICK_SCREENS if quick else SCREENS, quick=quick))


async def _measure(screens: tuple[int, ...], *, quick: bool) -> tuple[list[Row], Target]:
    rounds, bids = (QUICK_ROUNDS, QUICK_BIDS_A_ROUND) if quick else (ROUNDS, BIDS_A_ROUND)
    wanted = [(count, "a quiet lot") for count in screens] + [(min(max(screens), _SCREENS_OF_ALL), "all lots")]
    make_room_for_files(4 * max(screens))
    async with AsyncExitStack() as resources:
        folder = Path(resources.enter_context(tempfile.TemporaryDirectory(prefix="auction-bench-")))
        houses = []
        for number, (count, follow) in enumerate(wanted):
            catalogue = write_catalogue(folder, LOTS)
            process = HouseProcess(catalogue, folder / str(number), "--no-encryption", *UNBOUNDED_REQUESTS)
            await resources.enter_async_context(process)
            link = parse_link(process.link)
            house = LoadedHouse(process, resources.enter_context(Bidders(link.request_address, "", 2)))
            houses.append(house)
            if count:
                follows_all = follow == "all lots"
                seqs = house.seqs if follows_all else {QUIET_LOT: house.seqs[QUIET_LOT]}
                listening = audience(Publisher(link.publish_address, "", None), count, 1, seqs, follows_all=follows_all)
                await asyncio.to_thread(resources.enter_context, listening)
        for turn in range(rounds + 1):
            for house in houses:
                await asyncio.to_thread(house.load, bids)
                if turn == 0:  # the warm-up
                    house.costs = Costs([], [])
    return _findings(wanted, [house.costs for house in houses])


def _findings(wanted: list[tuple[int, str]], costs: list[Costs]) -> tuple[list[Row], Target]:
    alone_us = statistics.median(costs[0].thread_us)
    rows, worst = [], 0.0
    for (screens, follow), cost in zip(wanted, costs, strict=True):
        thread_us = statistics.median(cost.thread_us)
        rows.append(
            Row(
                {"axis": "screens", "screens": screens, "follow": follow},
                {
                    "thread_us": thread_us,
                    "thread_us_min": min(cost.thread_us),
                    "thread_us_max": max(cost.thread_us),
                    "process_us": statistics.median(cost.process_us),
                    "ratio": thread_us / alone_us,
                },
            )
        )
        if follow != "all lots":
            worst = max(worst, thread_us / alone_us)
    what = f"screens that follow another lot: flat within {FLAT - 1:.0%}"
    return rows, Target(what, f"at the most {worst:.2f} times that without screens", reached=worst <= FLAT)


def _cpu_ns(pid: int) -> tuple[int, int]:
    """Return the processor time of a process's first thread, and of all its threads, in ns."""
    taken = {
        int(task.name): int((task / "schedstat").read_text().split()[0]) for task in Path(f"/proc/{pid}/task").iterdir()
    }
    return taken[pid], sum(taken.values())
