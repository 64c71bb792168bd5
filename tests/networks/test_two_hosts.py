"""A house and its bidders on two hosts, and a firewall between them that drops everything, or some, for a while."""

import threading
from contextlib import ExitStack
from pathlib import Path

import pytest

from bidder import ConnectionChanged, ConnectionState
from common.links import parse_link
from tests.house_process import running_house
from tests.live_sale import Witness, bidding, conclude
from tests.networks.two_hosts import ADDRESSES, BIDDERS, HOUSE, two_hosts

NAMES = ("Ann", "Bob")
SHORT_S = 1.5
LONG_S = 9.0
"""Longer than both sides wait for each other's heartbeats."""


def cut_off_and_back(folder: Path, durations_s: tuple[float, ...]) -> list[Witness]:
    """Cut the bidders off for each duration: wholly, from the requests' answers only, from the broadcasts only."""
    pause = threading.Event()
    with two_hosts() as hosts, ExitStack() as resources:
        with hosts.inside(HOUSE):
            house = resources.enter_context(running_house(folder, "--host", ADDRESSES[HOUSE]))
        link = parse_link(house.link)
        with hosts.inside(BIDDERS):
            witnesses = [resources.enter_context(Witness(link, name)) for name in NAMES]
        with bidding(witnesses):
            for duration_s in durations_s:
                for match in ("", f"tcp sport {link.port}", f"tcp sport {link.publish_port}"):
                    with hosts.wall(match):
                        pause.wait(duration_s)
                        hosts.wait_until_dropped()
                    for witness in witnesses:
                        witness.wait_for_verdicts(2)
        with hosts.inside(BIDDERS):
            conclude(house, witnesses)
    return witnesses


def test_bidders_that_are_cut_off_are_back_by_themselves(tmp_path: Path) -> None:
    cut_off_and_back(tmp_path, (SHORT_S,))


@pytest.mark.torture
@pytest.mark.timeout(1800)
def test_bidders_that_are_cut_off_for_long_are_back_by_themselves(tmp_path: Path) -> None:
    for witness in cut_off_and_back(tmp_path, (LONG_S, SHORT_S, 25.0, LONG_S)):
        states = [event.state for event in witness.replica.told if isinstance(event, ConnectionChanged)]
        assert ConnectionState.SILENT in states, "the application was told"
        assert states[-1] is ConnectionState.LIVE
