"""The bidder's own affairs in a sale of more lots than one answer tells of, by both clients."""

import asyncio
from pathlib import Path

from bidder import AsyncClient, Client
from common.keys import new_keys
from common.limits import MINE_LOTS_MAX
from tests.english import own_maximum_minor
from tests.house_process import CATALOGUE, running_house

LAST = str(MINE_LOTS_MAX + 3)
MORE_LOTS = '[[lot]]\ntitle = "One of many"\nstarting_price = "10"\n' * MINE_LOTS_MAX


def test_one_s_own_affairs_are_complete_in_a_large_sale(tmp_path: Path) -> None:
    with running_house(tmp_path, catalogue=CATALOGUE + MORE_LOTS) as house:
        with Client.connect(house.link, "Ann", new_keys()) as ann:
            for lot in ("1", LAST):
                ann.bid(lot, maximum_minor=5000)
            found = ann.mine()
            maxima = [(one.lot, own_maximum_minor(one.own)) for one in found.positions]
            assert maxima == [("1", 5000), (LAST, 5000)]

        async def ask_as_bob() -> list[str]:
            async with await AsyncClient.connect(house.link, "Bob", new_keys()) as bob:
                for lot in ("2", LAST):
                    await bob.bid(lot, maximum_minor=9000)
                return [one.lot for one in (await bob.mine()).positions]

        assert asyncio.run(ask_as_bob()) == ["2", LAST]
