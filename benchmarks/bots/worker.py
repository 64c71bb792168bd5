"""`python -m benchmarks.bots.worker`: one of the processes that `bots` spreads its crowd over. Not for people.

Takes orders from stdin and reports to stdout (`benchmarks.bots.worker_messages`). It ends when stdin does, so that
none is left where `bots` dies. A process of its own rather than a fork, since a zmq context does not survive one.
"""

import asyncio
import sys
from typing import Final

from benchmarks.bots.checks import digest
from benchmarks.bots.swarm import Swarm
from benchmarks.bots.worker_messages import (
    Broken,
    Compare,
    Compared,
    Join,
    Standing,
    Stop,
    Stopped,
    decode_order,
)
from benchmarks.load.child import say
from benchmarks.load.waiting import alongside
from common.errors import AuctionError, UnreachableError

STANDING_S: Final = 0.5


def main() -> None:
    """Do what the orders say until they end."""
    try:
        asyncio.run(_work())
    except AuctionError as error:
        say(Broken(error.code, error.exit_status, str(error)))


async def _work() -> None:
    orders = await _stdin()
    line = await orders.readline()
    if not line:
        return
    join = decode_order(line)
    assert isinstance(join, Join), "the first order is not to join"
    characters = join.crowd.characters(join.bidders, join.first)
    async with Swarm(join.link, join.crowd, characters, join.slowness) as swarm:
        await alongside(_obey(orders, swarm), _bid(swarm), _tell_standing(swarm, join.bidders))


async def _stdin() -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    return reader


async def _obey(orders: asyncio.StreamReader, swarm: Swarm) -> None:
    while line := await orders.readline():
        match decode_order(line):
            case Stop():
                await swarm.stop()
                say(Stopped(swarm.tally))
            case Compare(timeout_s):
                say(await _compare(swarm, timeout_s))
            case Join():
                raise AssertionError("bots join once")


async def _bid(swarm: Swarm) -> None:
    await swarm.join()
    await swarm.until_over()


async def _compare(swarm: Swarm, timeout_s: float) -> Compared:
    """Hold all copies against a newcomer's, or against one another's where the house is gone."""
    is_gone = False
    try:
        reference = await swarm.reference()
    except UnreachableError:
        is_gone, reference = True, swarm.bots[0].client
    problems = await swarm.until_equal(reference, timeout_s)
    return Compared(problems, digest(reference.sale, reference.lots()), is_gone)


async def _tell_standing(swarm: Swarm, bidders: int) -> None:
    loop = asyncio.get_running_loop()
    due_s = loop.time()
    while True:
        due_s += STANDING_S
        await asyncio.sleep(due_s - loop.time())
        lag_s = loop.time() - due_s
        say(_standing(swarm, bidders, lag_s * 1000))
        due_s += lag_s


def _standing(swarm: Swarm, bidders: int, lag_ms: float) -> Standing:
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
