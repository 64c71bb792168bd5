"""Strangers and clerks at the endpoint for commands, which may be reached from everywhere: nobody keeps others out."""

import socket
import time
from collections.abc import Iterator
from contextlib import closing

import pytest
import zmq

from auctioneer.house.commands import Ask
from auctioneer.network.door import TURNED_AWAY_S
from auctioneer.process.folder import DataFolder
from common.codec import encode
from common.keys import KeyPair, new_keys
from common.limits import CONTROL_BYTES_MAX
from common.sockets import new_context, set_request_client, use_curve_client
from tests.abuse.honest_bidder import unshaken, without_pause
from tests.abuse.test_floods import GREETING, WAIT_MS
from tests.house_process import HouseProcess, running_house

STRANGERS = 500
COMMANDS = 5
HOST = "127.0.0.4"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HouseProcess]:
    with running_house(tmp_path_factory.mktemp("commanded"), "--control-host", HOST) as house:
        yield house


def control_port(house: HouseProcess) -> int:
    return int(house.record["control"].rpartition(":")[2])


def dealer(house: HouseProcess, context: "zmq.Context[zmq.SyncSocket]", keys: KeyPair) -> zmq.SyncSocket:
    one = context.socket(zmq.DEALER)
    set_request_client(one, CONTROL_BYTES_MAX)
    one.setsockopt(zmq.LINGER, 0)
    one.setsockopt(zmq.HEARTBEAT_IVL, 0)  # one that is due when the house cuts the connection would abort a flooder
    use_curve_client(one, keys, DataFolder(house.data).keys.house().public)
    return one


def give_commands(house: HouseProcess) -> None:
    """Give some commands, each over a new connection, as the command line does."""
    for _ in range(COMMANDS):
        done = house.auctioneer("extend", "1", "1s")
        assert done.exit_code == 0, done.stderr


def test_strangers_keep_no_command_out(house: HouseProcess) -> None:
    """Half-open connections are cut; keys that nobody knows end with their handshake, however often they try."""
    with unshaken(house) as honest, new_context() as context:
        opened = [socket.create_connection((HOST, control_port(house))) for _ in range(STRANGERS)]
        for one in opened[::2]:
            one.sendall(GREETING)  # the others say nothing at all

        def knock(_: int) -> None:
            with (
                closing(dealer(house, context, new_keys())) as stranger,
                stranger.get_monitor_socket(zmq.EVENT_HANDSHAKE_FAILED_AUTH) as failures,
            ):
                stranger.connect(house.record["control"])
                assert failures.poll(WAIT_MS), "a stranger's key was not refused"
                stranger.disable_monitor()

        with without_pause(knock):
            give_commands(house)
            honest.go_on()
        for one in opened:
            one.settimeout(WAIT_MS / 1000)
            while one.recv(1000):
                continue  # until the house hangs up, as it must
            one.close()


def test_a_clerk_that_floods_is_cut_off_and_keeps_nobody_out(house: HouseProcess) -> None:
    place = DataFolder(house.clerk("eve", "bids")).clerk.read()
    assert place is not None
    with unshaken(house) as honest, new_context() as context, closing(dealer(house, context, place.keys)) as eve:
        ends = eve.get_monitor_socket(zmq.EVENT_DISCONNECTED | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL)
        eve.connect(house.record["control"])
        question = encode(Ask(id=1, report="status"))

        def push(_: int) -> None:
            if eve.poll(10, zmq.POLLOUT):
                eve.send(question)
            while eve.poll(0):
                eve.recv()

        with without_pause(push):
            assert ends.poll(WAIT_MS), "the flood was not cut off"
            cut_s = time.monotonic()
            give_commands(house)
            honest.go_on()
        eve.disable_monitor()
        ends.close()
        while not eve.poll(WAIT_MS, zmq.POLLOUT):
            pass
        assert time.monotonic() - cut_s < TURNED_AWAY_S + WAIT_MS / 1000, "it may come back later"
