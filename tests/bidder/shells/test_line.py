"""The line of a desk among many, which has no monitor; a client's lines are tried with their connection."""

from collections.abc import Iterator

import pytest
import zmq

from bidder.shells.line import DOWN_MAX_MS, DeskLine
from common.errors import UsageError
from common.keys import KeyPair, new_keys
from common.sockets import new_context
from tests.bidder.shells.fake_house import FakeHouse

WAIT_MS = 60_000


@pytest.fixture
def fake() -> Iterator[FakeHouse]:
    with FakeHouse() as fake:
        yield fake


@pytest.fixture
def line(fake: FakeHouse) -> Iterator[DeskLine]:
    with new_context() as context:
        line = DeskLine(context, fake.link, new_keys())
        yield line
        line.close()


def look_until(line: DeskLine, now_ms: int, *, is_up: bool) -> int:
    """Look at the line, as often as its socket says something, until it is up or down; return how often it came up."""
    came_up, looks = line.came_up(now_ms), 0
    times = int(came_up)
    while line.is_up is not is_up:
        assert looks < 1000, "the line does not change"
        line.socket.poll(WAIT_MS // 1000)
        times += line.came_up(now_ms)
        looks += 1
    return times


def test_it_comes_up_once_it_has_shaken_hands_and_again_after_an_end(fake: FakeHouse, line: DeskLine) -> None:
    line.connect(fake.link.request_address, 0)
    assert look_until(line, 0, is_up=True) == 1
    assert not line.came_up(0)
    fake.stop()
    look_until(line, 10, is_up=False)
    fake.house.instance += 1
    fake.start()
    assert look_until(line, 20, is_up=True) == 1
    assert line.sockets_opened == 1, "libzmq connects again by itself"


def test_one_that_stays_down_while_the_house_is_there_gets_a_fresh_socket(fake: FakeHouse, line: DeskLine) -> None:
    line.connect_again_if_given_up(DOWN_MAX_MS)
    assert line.sockets_opened == 1, "it was never told where the house is"
    line.connect(fake.link.request_address, 100)
    line.connect_again_if_given_up(100 + DOWN_MAX_MS - 1)
    assert line.sockets_opened == 1
    line.connect_again_if_given_up(100 + DOWN_MAX_MS)
    assert (line.sockets_opened, line.address) == (2, fake.link.request_address)
    look_until(line, 200 + DOWN_MAX_MS, is_up=True)
    line.connect_again_if_given_up(10 * DOWN_MAX_MS)
    assert line.sockets_opened == 2, "it is up"


def test_how_long_it_is_down_counts_from_the_end_of_its_connection(fake: FakeHouse, line: DeskLine) -> None:
    line.connect(fake.link.request_address, 0)
    look_until(line, 0, is_up=True)
    fake.stop()
    look_until(line, 5 * DOWN_MAX_MS, is_up=False)
    line.connect_again_if_given_up(6 * DOWN_MAX_MS - 1)
    assert line.sockets_opened == 1
    line.connect_again_if_given_up(6 * DOWN_MAX_MS)
    assert line.sockets_opened == 2


def test_what_is_sent_without_a_connection_is_dropped(line: DeskLine) -> None:
    line.send(b"nobody hears it")
    assert line.receive() is None


def test_another_address_is_a_fresh_socket(fake: FakeHouse, line: DeskLine) -> None:
    line.connect("tcp://127.0.0.1:1", 0)
    (before,) = line.sockets
    line.connect(fake.link.request_address, 0)
    assert before.closed
    assert line.sockets_opened == 2
    look_until(line, 0, is_up=True)


def test_keys_that_are_none_leave_nothing_open(fake: FakeHouse) -> None:
    context = zmq.Context()
    with pytest.raises(UsageError, match="CURVE keys"):
        DeskLine(context, fake.link, KeyPair("no", "key"))
    context.term()
    assert context.closed
