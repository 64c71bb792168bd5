"""What both clients do when the program forgets them, forks, has too many, or reads their events twice."""

import asyncio
import gc
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import pytest
import zmq

from bidder import AsyncClient, Client, LotChanged, UnansweredError
from bidder.core.errors import CallbackError
from bidder.core.notices import Notice
from bidder.shells.base import open_sockets
from common.errors import UsageError
from common.keys import new_keys
from common.messages import Accepted, Role
from tests.bidder.shells.fake_house import FakeHouse

WAIT_MS = 60_000
WAIT_S = WAIT_MS / 1000
ROOT = Path(__file__).resolve().parents[3]
T = TypeVar("T")


@pytest.fixture
def fake() -> Iterator[FakeHouse]:
    with FakeHouse() as fake:
        yield fake


def joined(fake: FakeHouse, name: str = "Ada") -> Client:
    return Client.connect(fake.link, name, new_keys(), timeout_ms=WAIT_MS)


def run(fake: FakeHouse, program: str, status: int = 0) -> str:
    """Run a program with the house's link as its argument; return what it printed. It must end by itself."""
    done = subprocess.run(
        [sys.executable, "-W", "always", "-c", program, str(fake.link)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=WAIT_S,
    )
    assert done.returncode == status, done.stderr
    return done.stdout + done.stderr


# --- clients that were forgotten ------------------------------------------------------------------------------------

FORGETFUL_LOOPS = """
import asyncio, gc, sys
from bidder import AsyncClient, new_keys

async def main(number):
    client = await AsyncClient.connect(sys.argv[1], f"Forgetful {number}", new_keys())
    await client.mine()
    if number == 0:
        raise ValueError("a bug of the program's")

for number in range(3):
    try:
        asyncio.run(main(number))
    except ValueError as error:
        print("handled", error)
    gc.collect()
print("over")
"""


def test_a_program_with_several_loops_that_forgets_its_clients_goes_on(fake: FakeHouse) -> None:
    told = run(fake, FORGETFUL_LOOPS)
    assert "handled a bug of the program's" in told
    assert "over\n" in told
    assert told.count("was not closed, and nothing keeps it") == 3
    assert f"{fake.link.host}:{fake.link.port}" in told


OPEN_AT_THE_END = """
import asyncio, sys
from bidder import AsyncClient, Client, new_keys

async def main():
    return await AsyncClient.connect(sys.argv[1], "Bea", new_keys())

blocking = Client.connect(sys.argv[1], "Ada", new_keys())
kept = asyncio.run(main())
if len(sys.argv) == 2:
    raise SystemExit(3)
"""


def test_a_program_ends_with_open_clients(fake: FakeHouse) -> None:
    assert run(fake, OPEN_AT_THE_END, status=3).count("was not closed") == 2


LOOP_NEVER_CLOSED = """
import asyncio, gc, sys
from bidder import AsyncClient, new_keys

def play():
    loop = asyncio.new_event_loop()
    loop.run_until_complete(AsyncClient.connect(sys.argv[1], "Ada", new_keys()))

play()
gc.collect()
print("over")
"""


def test_a_loop_that_is_forgotten_with_its_client_hangs_nothing(fake: FakeHouse) -> None:
    told = run(fake, LOOP_NEVER_CLOSED)
    assert "over\n" in told
    assert "was not closed, and nothing keeps it" in told


def forget_all(held: list[T], thread: threading.Thread) -> None:
    """Hold these no longer, and wait until the thread has ended; it may hold the client while it works."""
    held.clear()
    for _ in range(WAIT_MS // 20):
        gc.collect()
        thread.join(0.02)
        if not thread.is_alive():
            return
    raise AssertionError("the thread goes on")


def test_the_thread_of_a_client_that_was_forgotten_ends(fake: FakeHouse) -> None:
    held = [joined(fake)]
    thread = held[0]._thread
    with pytest.warns(ResourceWarning, match="nothing keeps it"):
        forget_all(held, thread)


def test_a_client_that_its_own_callback_refers_to_can_be_forgotten(fake: FakeHouse) -> None:
    class Watcher:
        def __init__(self) -> None:
            self.client = Client.connect(fake.link, "Ada", new_keys(), on_notice=self.hear)

        def hear(self, event: Notice) -> None:
            """Refer to the client, as most callbacks do."""

    held = [Watcher()]
    thread = held[0].client._thread
    with pytest.warns(ResourceWarning, match="nothing keeps it"):
        forget_all(held, thread)


def test_a_client_that_was_closed_or_has_failed_is_not_missed(fake: FakeHouse) -> None:
    """A warning would be an error here."""
    client = joined(fake)
    client.close()

    def fail_at_a_change(event: Notice) -> None:
        if isinstance(event, LotChanged):
            raise ZeroDivisionError

    failed = Client.connect(fake.link, "Bea", new_keys(), on_notice=fail_at_a_change)
    fake.do(lambda house: house.bid("1", 100))
    failed._thread.join(WAIT_S)
    with pytest.raises(ZeroDivisionError):
        failed.mine()
    del client, failed
    gc.collect()


async def turn_of_the_loop() -> None:
    turned = asyncio.Event()
    asyncio.get_running_loop().call_soon(turned.set)
    await turned.wait()


def test_a_client_that_is_forgotten_while_its_loop_runs_is_closed(fake: FakeHouse) -> None:
    """As in a notebook, whose loop never ends."""

    async def story() -> None:
        held = [await AsyncClient.connect(fake.link, "Ada", new_keys(), timeout_ms=WAIT_MS)]
        watch = held[0]._watch
        with pytest.warns(ResourceWarning, match="nothing keeps it"):
            held.clear()
        await turn_of_the_loop()
        assert watch.is_over
        assert watch.sockets is not None
        assert all(zmq_socket.closed for zmq_socket in watch.sockets.connection.sockets)

    asyncio.run(story())


def test_a_client_that_a_task_waits_for_is_kept(fake: FakeHouse) -> None:
    """Nobody holds the task, either."""
    heard: list[int] = []

    async def story() -> None:
        told = asyncio.Event()

        async def listen() -> None:
            async with await AsyncClient.connect(fake.link, "Ada", new_keys(), timeout_ms=WAIT_MS) as client:
                started.set()
                async for event in client.notices():
                    if isinstance(event, LotChanged):
                        heard.append(event.seq)
                        told.set()
                        return

        started = asyncio.Event()
        listening = weakref.ref(asyncio.ensure_future(listen()))
        await started.wait()
        await turn_of_the_loop()
        gc.collect()
        assert listening() is not None
        fake.do(lambda house: house.bid("1", 100))
        async with asyncio.timeout(WAIT_S):
            await told.wait()

    asyncio.run(story())
    assert heard == [1]


# --- clients that a fork copied -------------------------------------------------------------------------------------

FORKED = """
import asyncio, os, sys
from bidder import AsyncClient, Client, UsageError, new_keys

def in_child(work):
    child = os.fork()
    if child == 0:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, work

def refused(call):
    try:
        call()
    except UsageError as error:
        assert "a fork" in str(error), error
    else:
        raise AssertionError(call)

def use(client):
    for call in (
        lambda: client.bid("1", 100, timeout_ms=3000), lambda: client.buy("1", 100), client.mine, client.close,
        client.lots, lambda: client.lot("1"), lambda: client.remaining_ms("1"), client.server_now_ms,
        client.new_request_id, client.notices, lambda: client.state, lambda: client.sale, lambda: client.paddle,
    ):
        refused(call)
    with client:
        pass

def own():
    with Client.connect(sys.argv[1], "Cy", new_keys()) as client:
        client.bid("3", 100)

with Client.connect(sys.argv[1], "Ada", new_keys()) as client:
    events = client.notices(timeout_ms=0)
    with client._lock:  # as where the client's thread works at the moment of the fork
        in_child(lambda: use(client))
        in_child(lambda: refused(lambda: next(events)))
    in_child(own)
    print(type(client.bid("1", 100)).__name__)

def use_async(client):
    for call in (lambda: asyncio.run(client.bid("2", 100)), lambda: asyncio.run(client.mine()), client.close):
        refused(call)

async def main():
    async with await AsyncClient.connect(sys.argv[1], "Bea", new_keys()) as client:
        in_child(lambda: use_async(client))
        print(type(await client.bid("2", 100)).__name__)

asyncio.run(main())
"""


def test_a_client_that_a_fork_copied_is_refused_at_once_and_the_parents_goes_on(fake: FakeHouse) -> None:
    assert run(fake, FORKED) == "Accepted\nAccepted\n"


FORKING_CALLBACK = """
import os, sys
from bidder import Client, LotChanged, new_keys

def fork_once(event):
    if isinstance(event, LotChanged) and event.seq == 1:
        children.append(os.fork())

children = []
parent = os.getpid()
with Client.connect(sys.argv[1], "Ada", new_keys(), on_notice=fork_once) as client:
    client.bid("1", 100)
    client.bid("2", 100)
    while not children:
        client.mine()
    print(os.waitstatus_to_exitcode(os.waitpid(children[0], 0)[1]))
    print(type(client.bid("3", 100)).__name__)
"""


def test_a_fork_in_the_callback_leaves_the_parents_sockets_alone(fake: FakeHouse) -> None:
    assert run(fake, FORKING_CALLBACK) == "0\nAccepted\n"


# --- threads that die or are held up --------------------------------------------------------------------------------


@pytest.mark.parametrize("end", [SystemExit, KeyboardInterrupt, GeneratorExit])
def test_whatever_ends_the_thread_ends_every_call(fake: FakeHouse, end: type[BaseException]) -> None:
    def on_notice(event: Notice) -> None:
        if isinstance(event, LotChanged):
            raise end

    with Client.connect(fake.link, "Ada", new_keys(), on_notice=on_notice) as client:
        fake.do(lambda house: setattr(house, "bid_answers_to_drop", 100))
        with pytest.raises(CallbackError, match=end.__name__):
            client.bid("1", 100, timeout_ms=WAIT_MS)
        with pytest.raises(CallbackError):
            client.mine()


def test_a_context_that_is_ended_ends_every_call(fake: FakeHouse) -> None:
    context = zmq.Context()
    with Client.connect(fake.link, "Ada", new_keys(), context=context) as client:
        fake.do(lambda house: setattr(house, "bid_answers_to_drop", 100))
        ending = threading.Thread(target=context.term)
        ending.start()
        with pytest.raises(zmq.ContextTerminated):
            client.bid("1", 100, timeout_ms=WAIT_MS)
        ending.join(WAIT_S)
    assert context.closed


def test_what_ends_the_loop_ends_the_asyncio_client_too(fake: FakeHouse) -> None:
    def on_notice(event: Notice) -> None:
        if isinstance(event, LotChanged):
            raise SystemExit(7)

    async def bid_until_it_fails(client: AsyncClient) -> None:
        while True:  # a verdict may come before the change that it made
            await client.bid("1", 100)

    with asyncio.Runner() as runner:
        connecting = AsyncClient.connect(fake.link, "Ada", new_keys(), on_notice=on_notice, timeout_ms=WAIT_MS)
        client = runner.run(connecting)
        with pytest.raises(SystemExit):
            runner.run(bid_until_it_fails(client))
        with pytest.raises(CallbackError):
            runner.run(client.mine())


def bid_until_it_fails(client: Client, timeout_ms: int) -> None:
    while True:
        client.bid("1", 100, timeout_ms=timeout_ms)


def test_a_time_out_is_kept_while_a_callback_holds_the_thread_up(fake: FakeHouse) -> None:
    released = threading.Event()

    def on_notice(event: Notice) -> None:
        if isinstance(event, LotChanged):
            released.wait()

    with Client.connect(fake.link, "Ada", new_keys(), on_notice=on_notice) as client:
        fake.do(lambda house: house.bid("2", 100))
        with pytest.raises(UnansweredError) as caught:
            bid_until_it_fails(client, timeout_ms=100)
        assert caught.value.may_count
        released.set()
        assert isinstance(client.bid("1", 200, timeout_ms=WAIT_MS), Accepted)


# --- limits ---------------------------------------------------------------------------------------------------------

MANY = """
import resource, sys
import zmq
from bidder import Client, Role, UsageError, new_context, new_keys
from bidder.shells.base import open_sockets, prepare_to_connect

def opened(context):
    prepare_to_connect(None, None)
    return open_sockets(sys.argv[1], "Ada", new_keys(), Role.BIDDER, context, lambda: None)

def allow(files, files_max):
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files_max))

allow(64, 4000)
with new_context() as context:
    many = [Client.connect(sys.argv[1], "Ada", new_keys(), context=context, role=Role.OBSERVER)]
    many += [opened(context) for _ in range(200)]
    print("allowed", resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 64)
    for one in many:
        one.close()
allow(64, 64)
clients = []
try:
    while True:
        clients.append(Client.connect(sys.argv[1], "Ada", new_keys(), role=Role.OBSERVER))
except UsageError as error:
    print(error)
for client in clients:
    client.close()
Client.connect(sys.argv[1], "Ada", new_keys(), role=Role.OBSERVER).close()
print("over")
"""


def test_limits_are_raised_where_that_is_allowed_and_named_where_not(fake: FakeHouse) -> None:
    told = run(fake, MANY).splitlines()
    assert told[0] == "allowed True"
    assert "the system allows it 64 in all. Raise that limit (`ulimit -n`" in told[1]
    assert told[2:] == ["over"]


def test_a_context_without_room_is_told_as_that_and_nothing_of_the_client_is_left(fake: FakeHouse) -> None:
    for room in range(1, 6):
        context = zmq.Context()
        context.set(zmq.MAX_SOCKETS, room + 1)
        first = context.socket(zmq.PAIR)  # from now on the number stands
        with pytest.raises(UsageError, match=r"bidder\.new_context"):
            open_sockets(fake.link, "Ada", new_keys(), Role.BIDDER, context, lambda: None)
        first.close()
        context.term()
        assert context.closed


# --- who reads the events -------------------------------------------------------------------------------------------


def test_the_events_have_one_reader_at_a_time(fake: FakeHouse) -> None:
    with joined(fake) as client:
        first = client.notices(timeout_ms=0)
        next(first)
        with pytest.raises(UsageError, match="another loop"):
            client.notices()
        assert list(first)
        for _ in client.notices(timeout_ms=0):
            raise AssertionError("the first reader read them all")
        fake.do(lambda house: house.bid("1", 100))
        for _ in client.notices(WAIT_MS):
            break
        client.notices()


def test_the_events_of_an_asyncio_client_have_one_reader_at_a_time(fake: FakeHouse) -> None:
    async def story() -> None:
        async with await AsyncClient.connect(fake.link, "Ada", new_keys(), timeout_ms=WAIT_MS) as client:
            first = client.notices(timeout_ms=0)
            await anext(first)
            with pytest.raises(UsageError, match="another loop"):
                client.notices()
            assert [event async for event in first]
            async for _ in client.notices(timeout_ms=0):
                raise AssertionError("the first reader read them all")
            fake.do(lambda house: house.bid("1", 100))
            async for _ in client.notices(WAIT_MS):
                break
            client.notices()

    asyncio.run(story())


def test_a_reader_that_was_cancelled_can_go_on(fake: FakeHouse) -> None:
    async def story() -> None:
        async with await AsyncClient.connect(fake.link, "Ada", new_keys(), timeout_ms=WAIT_MS) as client:
            events = client.notices()
            while True:
                try:
                    await asyncio.wait_for(anext(events), 0.05)
                except TimeoutError:
                    break
            fake.do(lambda house: house.bid("1", 100))
            assert isinstance(await asyncio.wait_for(anext(events), WAIT_S), LotChanged)

    asyncio.run(story())
