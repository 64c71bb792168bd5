"""Bytes broken on the way: libzmq takes the peer for one who breaks the protocol, and gives the connection up."""

from contextlib import ExitStack
from pathlib import Path

from common.links import parse_link
from tests.house_process import running_house
from tests.live_sale import Witness, at, conclude
from tests.networks.fault_proxy import HOST, bad_network


def test_a_client_connects_anew_where_libzmq_gave_up(tmp_path: Path) -> None:
    with ExitStack() as resources:
        house = resources.enter_context(running_house(tmp_path))
        proxy = resources.enter_context(bad_network(parse_link(house.link), seed=1))
        witness = resources.enter_context(Witness(at(HOST, house), "Ann"))
        proxy.set(corrupt_one_in=1)
        assert not witness.bid_the_minimum(timeout_ms=500), "no answer comes through whole"
        proxy.set()
        assert witness.bid_the_minimum(timeout_ms=60_000)
        conclude(house, [witness])
