"""How soon a client is where the sale is served, among the places of a link: scenarios without sockets, and with them.

A scenario says what each place does from which moment on. The rule is driven as a connection drives it, on a network
where everything takes `TRIP_MS`.
"""

import asyncio
from collections.abc import Iterator
from enum import Enum
from itertools import product
from typing import Final, NamedTuple

import pytest
from msgspec.structs import replace

from bidder import AsyncClient, Client, LotChanged, UnansweredError
from bidder.shells.addresses import SERVICE_MS, Addresses, Progress
from common.errors import RejectCode
from common.formats.english import BidRequest
from common.keys import new_keys
from common.limits import HEARTBEAT_MS
from common.messages import Accepted
from tests.bidder.core.small_house import SmallHouse
from tests.bidder.shells.fake_house import FakeHouse, heir_of, standing_still

TRIP_MS: Final = 20
LOOK_MS: Final = 10
BEAT_MS: Final = 800
"""How often a house that serves sends a heartbeat."""
WAIT_MS: Final = 60_000


class Does(Enum):
    """What a machine does with a client that comes."""

    REFUSES = "nobody listens"
    DROPS = "the machine is gone, or a firewall drops"
    ACCEPTS = "the process stands still: the system accepts, and nothing is said"
    FREEZES = "the house is there and can't store anything"
    SERVES = "the house decides bids"


class Network:
    """Places whose behaviour changes with time, and one client among them."""

    def __init__(self, places: "dict[str, list[tuple[int, Does]]]") -> None:
        self._places = places
        self.rule = Addresses(has_places=len(places) > 1)
        self.rule.learn(tuple(places), 0)
        self.now_ms = 0
        self._began_ms = 0
        self._at = self.rule.current
        self._progress = Progress.WAITING
        self._heard_ms = 0
        self.tries: list[str] = [self._at]

    def does(self, place: str) -> Does:
        return [what for since_ms, what in self._places[place] if since_ms <= self.now_ms][-1]

    @property
    def is_served(self) -> bool:
        return self._progress is Progress.UP and self.does(self._at) is Does.SERVES

    def look(self) -> None:
        """Let some time pass, and have the rule decide."""
        self.now_ms += LOOK_MS
        self._go_on_with_attempt(self.does(self._at))
        self.rule.note(self._progress, self.now_ms)
        self.rule.note_service(self._heard_ms, HEARTBEAT_MS)
        if self.rule.next_ms is not None and self.rule.next_ms <= self.now_ms:
            self.rule.move(self.now_ms)
            self.tries.append(self.rule.current)
            if self.rule.current != self._at or self._progress is not Progress.UP:
                self._at, self._progress, self._began_ms = self.rule.current, Progress.WAITING, self.now_ms

    def _go_on_with_attempt(self, does: Does) -> None:
        under_way_ms = self.now_ms - self._began_ms
        if self._progress is Progress.UP:
            if does is Does.REFUSES:
                self._progress, self._began_ms = Progress.WAITING, self.now_ms + 100  # libzmq tries again after that
            elif does is Does.SERVES and self.now_ms % BEAT_MS < LOOK_MS:
                self._heard_ms = self.now_ms
        elif does is Does.REFUSES and under_way_ms >= TRIP_MS:
            self._progress = Progress.REFUSED
        elif does in (Does.ACCEPTS, Does.FREEZES, Does.SERVES) and under_way_ms >= TRIP_MS:
            self._progress = Progress.CONNECTED
            if does is not Does.ACCEPTS and under_way_ms >= 3 * TRIP_MS:
                self._progress = Progress.UP
                self._heard_ms = self.now_ms if does is Does.SERVES else self._heard_ms

    def run_until(self, moment_ms: int) -> None:
        while self.now_ms < moment_ms:
            self.look()

    def unserved_ms(self, after_ms: int) -> int:
        """Return how long after a moment the client is served again."""
        self.run_until(after_ms)
        while not self.is_served:
            assert self.now_ms < after_ms + WAIT_MS, f"it is not served: {self.tries}"
            self.look()
        return self.now_ms - after_ms


DIES_MS: Final = 10_000


class Scenario(NamedTuple):
    """What becomes of the owner, when the other place serves after that, and how soon the client is there then."""

    name: str
    owner: Does
    other_before: Does
    after_ms: int
    late_ms_max: int


SCENARIOS = (
    Scenario("handed over", Does.REFUSES, Does.REFUSES, 200, 250),
    Scenario("process killed", Does.REFUSES, Does.REFUSES, 3200, 650),
    Scenario("process killed, slow take-over", Does.REFUSES, Does.REFUSES, 8000, 650),
    Scenario("machine lost, or cut off from the clients", Does.DROPS, Does.REFUSES, 3200, 750),
    Scenario("machine lost, the other one behind a firewall until then", Does.DROPS, Does.DROPS, 3200, 1250),
    Scenario("process stopped", Does.ACCEPTS, Does.REFUSES, 3200, 2100),
    Scenario("cut off from the store, never steps down", Does.FREEZES, Does.REFUSES, 3200, 4500),
    Scenario("other place serves at once", Does.FREEZES, Does.SERVES, 0, SERVICE_MS + 150),
)
SHIFTS_MS: Final = range(0, BEAT_MS, 170)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: one.name)
def test_a_client_is_soon_where_the_sale_is_served(scenario: Scenario) -> None:
    """Whenever between two heartbeats the owner is lost, and whenever between two tries the other place serves."""
    for lost_ms, taken_ms in product(SHIFTS_MS, SHIFTS_MS):
        gone_ms = DIES_MS + lost_ms
        serves_ms = gone_ms + scenario.after_ms + taken_ms
        network = Network(
            {
                "a": [(0, Does.SERVES), (gone_ms, scenario.owner)],
                "b": [(0, Does.REFUSES), (gone_ms, scenario.other_before), (serves_ms, Does.SERVES)],
            }
        )
        network.run_until(gone_ms - LOOK_MS)
        assert network.is_served
        assert set(network.tries) == {"a"}, "a house that serves is not left"
        assert network.unserved_ms(serves_ms) <= scenario.late_ms_max, (lost_ms, taken_ms, network.tries)


def test_a_blip_of_the_network_costs_little_more_than_itself() -> None:
    for blip_ms in (500, 1500, 2500, 4000):
        back_ms = DIES_MS + blip_ms
        network = Network(
            {"a": [(0, Does.SERVES), (DIES_MS, Does.DROPS), (back_ms, Does.SERVES)], "b": [(0, Does.DROPS)]}
        )
        assert network.unserved_ms(back_ms) <= 1100, (blip_ms, network.tries)


def test_a_crowd_that_keeps_the_house_busy_waits_longer_each_time() -> None:
    """Else all would give their handshakes up before the house comes to them, again and again."""
    network = Network({"a": [(0, Does.ACCEPTS)], "b": [(0, Does.REFUSES)]})
    network.run_until(40_000)
    assert 8 <= len([place for place in network.tries if place == "a"]) <= 10


def test_a_frozen_house_is_not_asked_ever_faster() -> None:
    network = Network({"a": [(0, Does.FREEZES)], "b": [(0, Does.REFUSES)]})
    network.run_until(70_000)
    assert len(network.tries) <= 16, "2 s, 4 s, 8 s, 16 s, and 16 s again"


def test_one_place_is_never_left_for_its_silence() -> None:
    network = Network({"a": [(0, Does.SERVES), (DIES_MS, Does.DROPS)]})
    network.run_until(60_000)
    assert network.rule.next_ms is None


def test_nothing_is_awaited_where_a_house_may_be_silent() -> None:
    """Before the bidder is let in, and after the end of the sale."""
    rule = Addresses(has_places=True)
    rule.learn(("a", "b"), 0)
    rule.note(Progress.UP, 100)
    rule.note_service(None, HEARTBEAT_MS)
    assert rule.next_ms is None
    rule.note_service(100, HEARTBEAT_MS)
    assert rule.next_ms == 100 + SERVICE_MS
    rule.note_service(100, 5000)
    assert rule.next_ms == 100 + 2 * 5000, "a house that promises few heartbeats has its time"


# --- a client with real sockets ---------------------------------------------------------------------------------------


@pytest.fixture
def owner() -> Iterator[FakeHouse]:
    with FakeHouse() as owner:
        yield owner


@pytest.fixture
def heir(owner: FakeHouse) -> Iterator[FakeHouse]:
    heir = heir_of(owner)
    yield heir
    if heir._thread.is_alive():
        heir.stop()


def join(owner: FakeHouse, heir: FakeHouse) -> Client:
    link = replace(owner.link, others=heir.link.places)
    return Client.connect(link, "Ada", new_keys(), timeout_ms=WAIT_MS)


def check_served_by(heir: FakeHouse, client: Client) -> None:
    assert isinstance(client.bid("1", 100, timeout_ms=WAIT_MS), Accepted)
    assert client.welcome.term == 2
    for notice in client.notices(WAIT_MS):
        if isinstance(notice, LotChanged) and notice.lot == "1":
            break
    heir.do(lambda house: house.bid("2", 100))
    assert any(isinstance(notice, LotChanged) and notice.lot == "2" for notice in client.notices(WAIT_MS))


def freeze(house: SmallHouse) -> None:
    house.is_frozen, house.bid_answer, house.hello_answer = True, RejectCode.UNAVAILABLE, RejectCode.UNAVAILABLE


def test_a_house_that_refuses_is_left_for_the_one_that_took_over(owner: FakeHouse, heir: FakeHouse) -> None:
    with join(owner, heir) as client:
        owner.stop()
        heir.start()
        check_served_by(heir, client)


def test_a_house_that_stands_still_is_left_for_the_one_that_took_over(owner: FakeHouse, heir: FakeHouse) -> None:
    with join(owner, heir) as client, standing_still(owner):
        heir.start()
        check_served_by(heir, client)


def test_an_asyncio_client_leaves_it_too(owner: FakeHouse, heir: FakeHouse) -> None:
    link = replace(owner.link, others=heir.link.places)

    async def story() -> None:
        async with await AsyncClient.connect(link, "Ada", new_keys(), timeout_ms=WAIT_MS) as client:
            with standing_still(owner):
                heir.start()
                assert isinstance(await client.bid("1", 100, timeout_ms=WAIT_MS), Accepted)
                assert client.welcome.term == 2

    asyncio.run(story())


def test_a_frozen_house_is_left_for_the_one_that_took_over(owner: FakeHouse, heir: FakeHouse) -> None:
    with join(owner, heir) as client:
        owner.do(freeze)
        heir.start()
        check_served_by(heir, client)


def test_a_house_that_lost_the_sale_is_left_for_its_owner(owner: FakeHouse, heir: FakeHouse) -> None:
    """It may believe for a moment that it still holds the sale; a client that heard of the new term knows better."""
    with join(owner, heir) as client:
        owner.stop()
        heir.start()
        check_served_by(heir, client)
        heir.stop()
        owner.publish_port = owner.house.publish_port
        owner.start()
        with pytest.raises(UnansweredError):
            client.bid("3", 100, timeout_ms=3 * SERVICE_MS)
        assert not [request for request in owner.house.seen if isinstance(request, BidRequest)]
        heir.publish_port = heir.house.publish_port
        heir.start()
        assert isinstance(client.bid("3", 200, timeout_ms=WAIT_MS), Accepted)
        assert client.welcome.term == 2
