"""A house and its bidders on two hosts, and a firewall between them that drops everything, or some, for a while."""

import json
import threading
from contextlib import ExitStack
from pathlib import Path

import pytest

from auctioneer.cli.control_client import connected
from auctioneer.house.commands import Extend
from auctioneer.process.folder import DataFolder
from bidder import ConnectionChanged, ConnectionState
from common.clerk_links import parse_clerk_link
from common.links import parse_link
from tests.house_process import WAIT_S, as_clerk, running_house
from tests.live_sale import Witness, bidding, conclude
from tests.networks.two_hosts import ADDRESSES, BIDDERS, HOUSE, two_hosts

NAMES = ("Ann", "Bob")
SHORT_S = 1.5
ANSWER_MS = 2000
"""How long the helper waits for an answer before the command is sent again."""
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


def test_a_helper_on_another_host_is_cut_off_while_a_command_is_answered(tmp_path: Path) -> None:
    """The firewall drops the answer until the helper has sent the command again: it is done once."""
    pause, may_order = threading.Event(), threading.Event()
    moments_ms: list[int] = []

    def help_out(place: Path) -> None:
        with connected(DataFolder(place), timeout_ms=ANSWER_MS) as client:
            client.order(Extend(lot="1", extra_ms=7000))
            moments_ms.append(client.ask("lots", ("1",))[0]["ends_at_ms"])
            assert may_order.wait(WAIT_S)
            client.order(Extend(lot="1", extra_ms=5000))
            moments_ms.append(client.ask("lots", ("1",))[0]["ends_at_ms"])

    with two_hosts() as hosts, ExitStack() as resources:
        with hosts.inside(HOUSE):
            at = ADDRESSES[HOUSE]
            house = resources.enter_context(running_house(tmp_path, "--host", at, "--control-host", at))
            link = house.auctioneer("clerk", "add", "ada", "--rights", "hammer").stdout.strip()
        with hosts.inside(BIDDERS):
            joined = as_clerk(tmp_path / "ada", "clerk", "join", link)
            assert joined.exit_code == 0, joined.stderr
            helper = threading.Thread(target=help_out, args=(tmp_path / "ada",))
            helper.start()
        while not moments_ms:
            assert helper.is_alive()
            pause.wait(0.01)
        with hosts.wall(f"tcp sport {parse_clerk_link(link).port}"):
            may_order.set()
            hosts.wait_until_dropped()
            pause.wait(1.5 * ANSWER_MS / 1000)  # until it has sent the command again, or tries to
        helper.join(WAIT_S)
        assert moments_ms[1] == moments_ms[0] + 5000
        with hosts.inside(HOUSE):
            done = json.loads(house.auctioneer("commands", "--by", "ada", "--json").stdout)
        assert [row["kind"] for row in done] == ["clerk join", "extend", "extend"]
