"""Which address of a house is tried when: the rule by itself, and both clients with names of several addresses."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator

import pytest
from msgspec.structs import replace

from bidder import AsyncClient, Client, ConnectionChanged, ConnectionState, LotChanged
from bidder.shells import addresses
from bidder.shells.addresses import (
    ADDRESSES_MAX,
    ATTEMPT_MS,
    LOOKUP_AGAIN_MS,
    PAUSE_MAX_MS,
    PAUSE_MS,
    Addresses,
    Lookup,
    Progress,
    numeric_address,
)
from common.errors import UnreachableError, UsageError, WrongKeyError
from common.keys import new_keys
from common.links import JoinLink, Place
from common.messages import Accepted
from tests.bidder.shells.fake_house import FakeHouse

WAIT_MS = 60_000
NAME = "house.test"
BOTH = ("::1", "127.0.0.1")

# --- the rule -------------------------------------------------------------------------------------------------------


def known(*found: str) -> Addresses:
    addresses = Addresses()
    addresses.learn(found, 0)
    return addresses


def test_a_refused_address_is_followed_by_the_next_at_once() -> None:
    tried = known("a", "b", "c")
    for current in ("a", "b"):
        assert tried.current == current
        tried.note(Progress.REFUSED, 10)
        assert tried.next_ms == 10
        tried.move(10)
    assert tried.current == "c"
    assert list(tried.tried) == ["a", "b", "c"]
    assert tried.is_round_over


def test_an_address_that_does_not_answer_is_given_up_after_a_while() -> None:
    tried = known("a", "b")
    assert tried.next_ms == ATTEMPT_MS
    tried.note(Progress.CONNECTED, 10)
    assert tried.next_ms is None, "the handshake has a time-out of its own"
    tried.note(Progress.WAITING, 20)
    assert tried.next_ms == 20 + ATTEMPT_MS


def test_the_pause_after_all_were_refused_doubles_up_to_its_limit() -> None:
    tried, pauses_ms = known("a", "b"), []
    for _ in range(5):
        tried.note(Progress.REFUSED, 0)
        tried.move(0)
        tried.note(Progress.REFUSED, 0)
        pauses_ms.append(tried.next_ms)
        tried.move(0)
        assert tried.current == "a"
    assert pauses_ms == [PAUSE_MS, 2 * PAUSE_MS, 4 * PAUSE_MS, PAUSE_MAX_MS, PAUSE_MAX_MS]


def test_after_a_connection_its_own_address_is_tried_first_and_the_others_next() -> None:
    tried = known("a", "b", "c")
    tried.move(0)
    tried.note(Progress.UP, 0)
    assert (tried.current, tried.next_ms, list(tried.tried)) == ("b", None, ["b"])
    tried.note(Progress.WAITING, 10)
    assert tried.current == "b"
    order = []
    for _ in range(3):
        tried.note(Progress.REFUSED, 20)
        tried.move(20)
        order.append(tried.current)
    assert order == ["c", "a", "a"], "then all of them, from the first on"


def test_a_lookup_that_finds_others_leaves_what_is_connected() -> None:
    tried = known("a", "b")
    tried.note(Progress.UP, 0)
    tried.learn(("c", "d"), 10)
    assert tried.current == "a"
    tried.note(Progress.REFUSED, 20)
    tried.move(20)
    assert tried.current == "c"
    tried.learn((), 30)
    tried.move(30)
    assert tried.current == "d", "a lookup that found nothing changes nothing"


def test_no_more_addresses_are_tried_than_the_limit() -> None:
    tried = known(*map(str, range(ADDRESSES_MAX + 1)))
    for _ in range(ADDRESSES_MAX - 1):
        assert not tried.is_round_over
        tried.move(0)
    assert tried.is_round_over


@pytest.mark.parametrize(
    ("host", "address"),
    [("127.0.0.1", "127.0.0.1"), ("::1", "::1"), ("2001:DB8:0::1", "2001:db8::1"), (NAME, None), ("localhost", None)],
)
def test_an_address_is_told_from_a_name(host: str, address: str | None) -> None:
    assert numeric_address(host) == address


@pytest.mark.parametrize("host", ["no such host!", "a b", "x" * 300, "a\0b", "a/b"])
def test_what_is_neither_an_address_nor_a_name(host: str) -> None:
    with pytest.raises(UsageError, match="not an address"):
        numeric_address(host)


# --- looking up -----------------------------------------------------------------------------------------------------


def test_a_name_is_looked_up_again_but_not_at_once() -> None:
    asked: list[str] = []
    done = threading.Semaphore(0)

    def resolve(host: str) -> tuple[str, ...]:
        asked.append(host)
        if len(asked) == 2:
            raise OSError(1, "no such name")
        return ("::1",)

    lookup = Lookup(NAME, resolve, done.release)
    lookup.begin(0)
    assert done.acquire(timeout=WAIT_MS / 1000)
    assert lookup.pop(10) == ("::1",)
    assert lookup.pop(10) == ()
    lookup.begin(LOOKUP_AGAIN_MS - 1)
    assert len(asked) == 1
    lookup.begin(LOOKUP_AGAIN_MS)
    assert done.acquire(timeout=WAIT_MS / 1000)
    assert lookup.pop(LOOKUP_AGAIN_MS) == ()
    assert (lookup.failure, lookup.again_ms) == ("no such name", 2 * LOOKUP_AGAIN_MS)


def test_a_bug_in_a_resolver_is_not_swallowed() -> None:
    done = threading.Event()
    known: dict[str, tuple[str, ...]] = {}
    lookup = Lookup(NAME, known.__getitem__, done.set)
    lookup.begin(0)
    assert done.wait(WAIT_MS / 1000)
    with pytest.raises(KeyError):
        lookup.pop(0)


# --- both clients, with real sockets --------------------------------------------------------------------------------


@pytest.fixture
def fake() -> Iterator[FakeHouse]:
    with FakeHouse() as fake:
        yield fake


Resolving = Callable[[str], tuple[str, ...]]


@pytest.fixture
def resolving(monkeypatch: pytest.MonkeyPatch) -> Callable[[Resolving], None]:
    """Have names looked up by a function of the test's."""

    def use(resolve: Resolving) -> None:
        def answer(host: str, _: None, **options: object) -> list[tuple[object, ...]]:
            if "flags" in options:
                return getaddrinfo(host, None, **options)
            return [(0, 0, 0, "", (address, 0)) for address in resolve(host)]

        monkeypatch.setattr(addresses, "getaddrinfo", answer)

    getaddrinfo: Callable[..., list[tuple[object, ...]]] = vars(addresses)["getaddrinfo"]
    return use


def named(fake: FakeHouse) -> JoinLink:
    return replace(fake.link, host=NAME)


def join(link: JoinLink, timeout_ms: int = WAIT_MS) -> Client:
    return Client.connect(link, "Ada", new_keys(), timeout_ms=timeout_ms)


def test_a_house_at_the_second_address_is_found(fake: FakeHouse, resolving: Callable[[Resolving], None]) -> None:
    """As `localhost` on most machines, and a house on 127.0.0.1."""
    resolving(lambda _: BOTH)
    with join(named(fake)) as client:
        assert isinstance(client.bid("1", 100), Accepted)
        assert any(isinstance(event, LotChanged) for event in client.notices(WAIT_MS))


def test_a_house_at_the_second_address_is_found_by_an_asyncio_client(
    fake: FakeHouse, resolving: Callable[[Resolving], None]
) -> None:
    resolving(lambda _: BOTH)

    async def story() -> None:
        async with await AsyncClient.connect(named(fake), "Ada", new_keys(), timeout_ms=WAIT_MS) as client:
            assert isinstance(await client.bid("1", 100), Accepted)
            async for event in client.notices(WAIT_MS):
                if isinstance(event, LotChanged):
                    return
        raise AssertionError("the broadcasts do not come through")

    asyncio.run(story())


def listener_beside(fake: FakeHouse) -> socket.socket:
    """Return a listener at the house's port of the other kind of address."""
    return socket.create_server(("::1", fake.link.port), family=socket.AF_INET6)


def test_another_program_at_the_first_address_is_passed_over(
    fake: FakeHouse, resolving: Callable[[Resolving], None]
) -> None:
    resolving(lambda _: BOTH)
    with listener_beside(fake) as other:
        hung_up = threading.Event()

        def hang_up() -> None:
            while not hung_up.is_set():
                other.accept()[0].close()

        hanging_up = threading.Thread(target=hang_up)
        hanging_up.start()
        with join(named(fake)) as client:
            assert client.state is ConnectionState.LIVE
        hung_up.set()
        socket.create_connection(other.getsockname()[:2]).close()
        hanging_up.join()


def test_a_mute_program_at_the_first_address_is_passed_over(
    fake: FakeHouse, resolving: Callable[[Resolving], None]
) -> None:
    resolving(lambda _: BOTH)
    with listener_beside(fake), join(named(fake)) as client:
        assert client.state is ConnectionState.LIVE


def test_a_wrong_key_at_one_address_and_nothing_at_the_other_is_told_as_a_wrong_key(
    fake: FakeHouse, resolving: Callable[[Resolving], None]
) -> None:
    link = replace(named(fake), server_key=new_keys().public)
    for order in (BOTH, BOTH[::-1]):
        resolving({NAME: order}.__getitem__)
        with pytest.raises(WrongKeyError, match=r"127\.0\.0\.1"):
            join(link)


def test_what_does_not_answer_is_named(fake: FakeHouse, resolving: Callable[[Resolving], None]) -> None:
    resolving(lambda _: BOTH)
    fake.stop()
    port = fake.link.port
    with pytest.raises(UnreachableError, match=rf"tcp://\[::1\]:{port} or tcp://127\.0\.0\.1:{port}"):
        join(named(fake), timeout_ms=1000)


def test_a_house_that_moves_to_another_address_is_followed_with_both_sockets(
    fake: FakeHouse, resolving: Callable[[Resolving], None]
) -> None:
    resolving(lambda _: BOTH)
    check_move(fake)


def test_a_name_that_leads_elsewhere_after_a_while_is_looked_up_again(
    fake: FakeHouse, resolving: Callable[[Resolving], None]
) -> None:
    resolving(lambda _: (fake.host,))
    check_move(fake)


def check_move(fake: FakeHouse) -> None:
    with join(named(fake)) as client:
        fake.stop()
        fake.host, fake.publish_port = "::1", fake.house.publish_port
        fake.house.instance += 1
        fake.start()
        assert isinstance(client.bid("1", 100, timeout_ms=WAIT_MS), Accepted)
        assert "[::1]" in client._connection._feed.address
        for event in client.notices(WAIT_MS):
            if isinstance(event, ConnectionChanged) and client.state is ConnectionState.LIVE:
                break
        fake.do(lambda house: house.bid("2", 100))
        assert any(isinstance(event, LotChanged) and event.lot == "2" for event in client.notices(WAIT_MS))


def test_a_name_without_an_address_is_told_with_the_reason(
    fake: FakeHouse, resolving: Callable[[Resolving], None]
) -> None:
    def resolve(host: str) -> tuple[str, ...]:
        raise socket.gaierror(socket.EAI_NONAME, f"{host} is unheard of")

    resolving(resolve)
    with pytest.raises(UnreachableError, match=f"{NAME} could not be looked up: {NAME} is unheard of"):
        join(named(fake), timeout_ms=300)


def test_a_resolver_that_never_answers_blocks_neither_the_loop_nor_the_time_out(
    fake: FakeHouse, resolving: Callable[[Resolving], None]
) -> None:
    ended = threading.Event()

    def resolve(_: str) -> tuple[str, ...]:
        ended.wait()
        return ()

    resolving(resolve)

    async def story() -> None:
        connecting = asyncio.create_task(AsyncClient.connect(named(fake), "Ada", new_keys(), timeout_ms=300))
        await asyncio.wait([connecting], timeout=0.1)
        assert not connecting.done(), "the loop went on meanwhile"
        with pytest.raises(UnreachableError, match="in time"):
            await connecting

    asyncio.run(story())
    with pytest.raises(UnreachableError, match="in time"):
        join(named(fake), timeout_ms=300)
    ended.set()


# --- a link of several places ----------------------------------------------------------------------------------------


def elsewhere() -> Place:
    """Return a place of this machine where nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as placeholder:
        return Place("127.0.0.1", placeholder.getsockname()[1])


def at(link: JoinLink, *places: Place) -> JoinLink:
    return replace(link, host=places[0].host, port=places[0].port, others=places[1:])


def test_a_house_at_a_later_place_of_the_link_is_found(fake: FakeHouse) -> None:
    own, nowhere = fake.link.places[0], elsewhere()
    with join(at(fake.link, nowhere, elsewhere(), own)) as client:
        assert isinstance(client.bid("1", 100), Accepted)
        assert client._connection.house_address == fake.link.request_address


def test_places_by_name_and_by_number_are_tried_together(
    fake: FakeHouse, resolving: Callable[[Resolving], None]
) -> None:
    def resolve(host: str) -> tuple[str, ...]:
        if host != NAME:
            raise socket.gaierror(socket.EAI_NONAME, f"{host} is unheard of")
        return BOTH

    resolving(resolve)
    places = (Place("unheard.of.test", fake.link.port), elsewhere(), Place(NAME, fake.link.port))
    with join(at(fake.link, *places)) as client:
        assert isinstance(client.bid("1", 100), Accepted)


def test_a_stranger_at_one_place_and_the_house_at_another(fake: FakeHouse) -> None:
    with FakeHouse() as stranger, join(at(fake.link, stranger.link.places[0], fake.link.places[0])) as client:
        assert client.state is ConnectionState.LIVE
        assert client._connection.house_address == fake.link.request_address


def test_strangers_at_all_places_are_told_as_a_wrong_key(fake: FakeHouse) -> None:
    with FakeHouse() as stranger, FakeHouse() as other, pytest.raises(WrongKeyError):
        join(at(fake.link, stranger.link.places[0], other.link.places[0]))


def test_where_nothing_answers_at_any_place_all_are_named(fake: FakeHouse) -> None:
    first, second = elsewhere(), elsewhere()
    with pytest.raises(UnreachableError, match=rf"tcp://127\.0\.0\.1:{first.port} or tcp://127\.0\.0\.1:{second.port}"):
        join(at(fake.link, first, second), timeout_ms=1000)


def test_a_house_that_moves_to_another_place_is_followed_with_both_sockets(fake: FakeHouse) -> None:
    """As where a standby takes over: it listens at other ports, and its welcome says where it publishes."""
    second = elsewhere()
    with join(at(fake.link, fake.link.places[0], second)) as client:
        before = fake.house.publish_port
        fake.stop()
        fake.house.instance += 1
        fake._port = second.port
        fake.start()
        assert isinstance(client.bid("1", 100, timeout_ms=WAIT_MS), Accepted)
        assert client._connection.house_address == f"tcp://127.0.0.1:{second.port}"
        while client._connection._feed.address != f"tcp://127.0.0.1:{fake.house.publish_port}":
            next(client.notices(WAIT_MS))
        assert fake.house.publish_port != before
        for notice in client.notices(WAIT_MS):
            if isinstance(notice, ConnectionChanged) and client.state is ConnectionState.LIVE:
                break
        fake.do(lambda house: house.bid("2", 100))
        assert any(isinstance(notice, LotChanged) and notice.lot == "2" for notice in client.notices(WAIT_MS))
