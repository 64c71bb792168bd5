"""Bots on real sockets while the server is killed: all see the house's sale, and no acknowledged bid is lost."""

import asyncio
from collections import Counter
from functools import partial
from pathlib import Path

from benchmarks.bots.checks import differences_from_reports, missing_from_record, record_check
from benchmarks.bots.swarm import ComparedSwarm
from rehearsal.bots.crowd import Crowd
from rehearsal.bots.tally import Acknowledged
from rehearsal.house import HouseProcess, read_record

BOTS = 8
CROWD = Crowd(seed=3)
PATIENCE_S = 300.0
KILLS_AT = (10, 25)
"""The server dies when so many bids have been acknowledged."""


def _has(acknowledged: list[Acknowledged], count: int) -> bool:
    return len(acknowledged) >= count


async def _kill(house: HouseProcess, swarm: ComparedSwarm) -> list[int]:
    """Kill the server at its moments; return how many bids had been acknowledged each time it was back."""
    acknowledged = swarm.tally.acknowledged
    back = []
    for number, count in enumerate(KILLS_AT, start=1):
        assert await swarm.pulse.until(partial(_has, acknowledged, count), PATIENCE_S)
        pid = read_record(house.data).pid
        house.kill_server()
        await house.until_started(number + 1)
        assert read_record(house.data).pid != pid
        back.append(len(acknowledged))
    return back


async def _hold_sale(catalogue: Path, data: Path) -> list[Acknowledged]:
    async with HouseProcess(catalogue, data, "--port", "0") as house:
        async with ComparedSwarm(house.link, CROWD, CROWD.characters(BOTS)) as swarm:
            await swarm.join()
            killing = asyncio.ensure_future(_kill(house, swarm))
            assert await swarm.run(PATIENCE_S), f"the sale did not end: {house.last_words}"
            back = await killing
            newcomer = await swarm.reference()
            assert await swarm.until_equal(newcomer, PATIENCE_S) == []
            lots, results = await house.ask("lots"), await house.ask("results")
            assert differences_from_reports(newcomer.lots(), lots, results) == []
            assert all(view.status.is_final for view in newcomer.lots().values())
            tally = swarm.tally
        await house.stop()
        verified = await house.ask("verify")
    assert verified["verified"]
    assert verified["bidders"] == BOTS
    assert len(tally.acknowledged) > back[-1], "nobody bid after the last kill"
    assert tally.repairs > 0, "nobody had missed that open lots got the outage back"
    assert tally.unanswered == tally.histories_lost == 0
    return tally.acknowledged


OTHER_FORMATS = """
[[lot]]
title = "Crate"
format = "sealed"
starting_price = "100"
duration = "6s"

[[lot]]
title = "Log"
format = "vickrey"
starting_price = "100"
duration = "6s"

[[lot]]
title = "Bulbs"
format = "dutch"
starting_price = "700"
floor = "200"
decrement = "50"
every = "600ms"
units = 3
"""


def test_kills_of_the_server_cost_nobody_a_bid_on_lots_of_any_format(small_sale: Path, tmp_path: Path) -> None:
    data = tmp_path / "sale"
    small_sale.write_text(small_sale.read_text() + OTHER_FORMATS)
    acknowledged = asyncio.run(_hold_sale(small_sale, data))
    assert {one.lot for one in acknowledged} == {"1", "2", "3", "4", "5", "6", "7"}
    sealed = Counter(one.paddle for one in acknowledged if one.lot == "5")
    assert max(sealed.values()) <= 3, "a bot makes its offer, takes it back, makes it again, and knows it then"
    assert len({(one.paddle, one.request_id) for one in acknowledged}) == len(acknowledged)
    assert missing_from_record(data, acknowledged) == []
    never_sent = Acknowledged(acknowledged[0].paddle, acknowledged[0].request_id + 1, acknowledged[0].lot)
    assert len(missing_from_record(data, [never_sent])) == 1
    assert record_check(data, acknowledged).problems == []
    assert record_check(data, [*acknowledged, acknowledged[0]]).problems == ["1 are there twice"]
