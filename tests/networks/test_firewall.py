"""The firewall's rules in `deploy/auctioneer.nft`: one address gets so many connections, the others all they need."""

import re
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from common.links import JoinLink, parse_link
from tests.house_process import HouseProcess, running_house
from tests.live_sale import Witness, bidding, conclude
from tests.networks.two_hosts import ADDRESSES, BIDDERS, HOUSE, TwoHosts, two_hosts

RULES = Path(__file__).resolve().parents[2] / "deploy" / "auctioneer.nft"
CONNECTIONS_MAX = 64
NEW_AT_ONCE = 100
NEW_PER_S = 20
DROPPED_S = 0.5
"""How long to wait for a connection, which is made at once where nothing drops it."""
TRIES = 6
"""Of connections that are not made."""
VERDICTS = 20


@pytest.fixture
def hosts() -> Iterator[TwoHosts]:
    with two_hosts() as both:
        yield both


@contextmanager
def guarded_house(hosts: TwoHosts, folder: Path) -> Iterator[HouseProcess]:
    """Run a house behind the rules, in which others than the attacker bid; all they did is judged at the end."""
    with hosts.inside(HOUSE), running_house(folder, "--host", ADDRESSES[HOUSE]) as house:
        link = parse_link(house.link)
        ports = f"define ports = {{ {link.port}, {link.publish_port} }}"
        rules, count = re.subn(r"^define ports = .*$", ports, RULES.read_text(), flags=re.MULTILINE)
        assert count == 1
        here = folder / "rules.nft"
        here.write_text(rules)
        hosts.load(HOUSE, here)
        hosts.load(HOUSE, here)  # as after a change
        with Witness(link, "Ann") as ann, Witness(link, "Bob") as bob:
            with bidding([ann, bob]):
                yield house
                ann.wait_for_verdicts(VERDICTS)
            with Witness(link, "Cat") as newcomer:
                assert newcomer.bid_the_minimum()
                conclude(house, [ann, bob, newcomer])


def connected(link: JoinLink) -> socket.socket:
    return socket.create_connection((link.host, link.port), timeout=DROPPED_S)


def reset(connection: socket.socket) -> None:
    """End a connection at once; one that is closed counts until the house has closed it too."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def test_an_address_has_so_many_connections_and_no_more(hosts: TwoHosts, tmp_path: Path) -> None:
    with guarded_house(hosts, tmp_path) as house, hosts.inside(BIDDERS), ExitStack() as held:
        link = parse_link(house.link)
        for _ in range(CONNECTIONS_MAX):
            held.enter_context(connected(link))
        for _ in range(TRIES):
            with pytest.raises(ConnectionRefusedError):
                connected(link)


def test_an_address_makes_so_many_connections_at_once_and_then_a_few_a_second(hosts: TwoHosts, tmp_path: Path) -> None:
    with guarded_house(hosts, tmp_path) as house, hosts.inside(BIDDERS):
        link = parse_link(house.link)
        began_s = time.monotonic()
        made = dropped = 0
        while dropped < TRIES:
            try:
                reset(connected(link))
                made += 1
            except TimeoutError:
                dropped += 1
        took_s = time.monotonic() - began_s
        assert NEW_AT_ONCE <= made <= NEW_AT_ONCE + NEW_PER_S * (took_s + 1)
