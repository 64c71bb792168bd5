"""`python -m benchmarks.bots.worker`: one of the processes over which `bots` spreads its crowd. Not for people.

It reads orders from stdin and writes reports to stdout, each a line of JSON. It ends when stdin ends, so no worker
remains if `bots` dies. It is started as a new process and not forked, since a zmq context does not survive a fork.
"""

import asyncio
import sys
from typing import Final

import msgspec

from benchmarks.bots.checks import digest
from benchmarks.bots.swarm import ComparedSwarm
from benchmarks.bots.tally import MeasuredTally
from benchmarks.load.child import decode_line, say
from common.errors import AuctionError, UnreachableError
from rehearsal.bots.crowd import Crowd
from rehearsal.waiting import alongside

LINE_BYTES_MAX: Final = 1 << 28
"""The longest line. A tally has about 60 bytes for each acknowledged bid of the worker's bots."""
STANDING_S: Final = 0.5


class Order(msgspec.Struct, frozen=True, tag_field="order", tag=str.lower):
    """A message to a worker."""


class Join(Order, frozen=True):
    """Join these bots of a crowd to a house, and have them bid. This order comes first, and only once."""

    link: str
    crowd: Crowd
    first: int
    bidders: int
    slowness: float


class Stop(Order, frozen=True):
    """Stop the bots' bidding, and send the tally when all verdicts are in."""


class Compare(Order, frozen=True):
    """Compare the bots' copies of the sale with a newcomer's."""

    timeout_s: float


class Report(msgspec.Struct, frozen=True, tag_field="report", tag=str.lower):
    """A message from a worker."""


class Standing(Report, frozen=True):
    """The bots' state, reported twice a second. `live` counts the bots that are up to date, by the house's instance."""

    joined: int
    accepted: int
    refused: int
    is_over: bool
    """Whether none of the bots has anything left to bid on; never true before all have joined."""
    lots_over: int
    lots: int
    live: dict[str, int]
    lag_ms: float
    """How late the worker's loop runs. Above about 100 ms, the machine is too slow for this number of bots."""


class Stopped(Report, frozen=True):
    """The bots have stopped; this is their tally."""

    tally: MeasuredTally


class Compared(Report, frozen=True):
    """The differences of the bots' copies, and the newcomer's digest. With `is_gone`, no house answered."""

    problems: list[str]
    digest: str
    is_gone: bool


class Broken(Report, frozen=True):
    """The worker can't continue; it ends."""

    code: str
    exit_status: int
    sentence: str


AnyOrder = Join | Stop | Compare


AnyReport = Standing | Stopped | Compared | Broken


def main() -> None:
    """Carry out the orders until they end."""
    try:
        asyncio.run(_work())
    except AuctionError as error:
        say(Broken(error.code, error.exit_status, str(error)))


async def _work() -> None:
    orders = await _stdin()
    line = await orders.readline()
    if not line:
        return
    join = decode_line(line, AnyOrder)
    assert isinstance(join, Join), "the first order is not to join"
    characters = join.crowd.characters(join.bidders, join.first)
    async with ComparedSwarm(join.link, join.crowd, characters, join.slowness) as swarm:
        await alongside(_obey(orders, swarm), _bid(swarm), _tell_standing(swarm, join.bidders))


async def _stdin() -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    return reader


async def _obey(orders: asyncio.StreamReader, swarm: ComparedSwarm) -> None:
    while line := await orders.readline():
        match decode_line(line, AnyOrder):
            case Stop():
                await swarm.stop()
                say(Stopped(swarm.tally))
            case Compare(timeout_s):
                say(await _compare(swarm, timeout_s))
            case Join():
                raise AssertionError("bots join once")


async def _bid(swarm: ComparedSwarm) -> None:
    await swarm.join()
    await swarm.until_over()


async def _compare(swarm: ComparedSwarm, timeout_s: float) -> Compared:
    """Compare all copies with a newcomer's, or with one another if the house is gone."""
    is_gone = False
    try:
        reference = await swarm.reference()
    except UnreachableError:
        is_gone, reference = True, swarm.bots[0].client
    problems = await swarm.until_equal(reference, timeout_s)
    return Compared(problems, digest(reference.sale, reference.lots()), is_gone)


async def _tell_standing(swarm: ComparedSwarm, bidders: int) -> None:
    loop = asyncio.get_running_loop()
    due_s = loop.time()
    while True:
        due_s += STANDING_S
        await asyncio.sleep(due_s - loop.time())
        lag_s = loop.time() - due_s
        say(_standing(swarm, bidders, lag_s * 1000))
        due_s += lag_s


def _standing(swarm: ComparedSwarm, bidders: int, lag_ms: float) -> Standing:
    lots = swarm.bots[0].client.lots().values() if swarm.bots else ()
    return Standing(
        joined=len(swarm.bots),
        accepted=len(swarm.tally.acknowledged),
        refused=swarm.tally.refused,
        is_over=len(swarm.bots) == bidders and swarm.is_over,
        lots_over=sum(view.status.is_final for view in lots),
        lots=len(lots),
        live=dict(swarm.live()),
        lag_ms=round(lag_ms, 1),
    )


if __name__ == "__main__":
    main()
