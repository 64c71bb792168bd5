"""The asyncio client against a small house behind real sockets."""

import asyncio
from collections.abc import Callable, Iterator
from typing import TypeVar

import pytest
from msgspec.structs import replace

from bidder import AsyncClient, ClosedError, LotChanged, Outbid, Repaired, UnansweredError
from bidder.core.notices import Notice
from common.errors import RejectCode, RejectedError, UnreachableError, UsageError, WrongKeyError
from common.formats.dutch import DutchOwn
from common.formats.english import BidRequest
from common.formats.sealed import SealedOwn
from common.keys import new_keys
from common.messages import Accepted, Rejected
from common.sockets import new_context
from tests.bidder.shells.fake_house import FakeHouse
from tests.english import english
from tests.must_be import must_be

E = TypeVar("E", bound=Notice)
WAIT_MS = 60_000


@pytest.fixture
def fake() -> Iterator[FakeHouse]:
    with FakeHouse() as fake:
        yield fake


async def joined(fake: FakeHouse, name: str = "Ada") -> AsyncClient:
    return await AsyncClient.connect(fake.link, name, new_keys(), timeout_ms=WAIT_MS)


async def wait_for(client: AsyncClient, kind: type[E], is_it: Callable[[E], bool] = lambda _: True) -> E:
    async for event in client.notices(timeout_ms=WAIT_MS):
        if isinstance(event, kind) and is_it(event):
            return event
    raise AssertionError(f"no {kind.__name__} came")


def test_join_read_bid_and_be_outbid(fake: FakeHouse) -> None:
    async def story() -> None:
        async with await joined(fake) as client:
            assert list(client.lots()) == ["1", "2", "3"]
            assert isinstance(await client.bid("2", 100), Accepted)
            assert (await wait_for(client, LotChanged)).view == client.lot("2")
            fake.do(lambda house: house.bid("2", 110))
            assert english((await wait_for(client, Outbid)).board).price_minor == 110
            assert isinstance(await client.bid("2", 115), Rejected)
            assert (await client.mine()).paddle == client.paddle

    asyncio.run(story())


def test_make_a_sealed_offer_and_take_it_back(fake: FakeHouse) -> None:
    async def story() -> None:
        async with await joined(fake) as client:
            offered = must_be(Accepted, await client.seal("7", 500))
            assert offered.own == SealedOwn(500)
            assert must_be(Accepted, await client.unseal("7")).own is None
            assert await client.seal("7", 500, request_id=offered.id) == offered, "it counted twice"

    fake.do(lambda house: house.add_sealed_lot("7"))
    asyncio.run(story())


def test_stop_a_clock_and_take_what_is_left(fake: FakeHouse) -> None:
    async def story() -> None:
        async with await joined(fake) as client:
            taken = must_be(Accepted, await client.stop("7", 1_000))
            assert taken.own == DutchOwn(1, 1_000)
            assert must_be(Accepted, await client.stop("7", 1_200, 5)).own == DutchOwn(3, 3_000)
            assert await client.stop("7", 1_000, request_id=taken.id) == taken, "it counted twice"

    fake.do(lambda house: house.add_dutch_lot("7", 3))
    fake.do(lambda house: house.open("7"))
    asyncio.run(story())


def test_many_bids_at_once_each_get_their_own_verdict(fake: FakeHouse) -> None:
    async def story() -> None:
        async with await joined(fake) as client:
            verdicts = await asyncio.gather(*(client.bid("1", 100 + 10 * number) for number in range(30)))
            assert [english(verdict.board).price_minor for verdict in verdicts] == [
                100 + 10 * number for number in range(30)
            ]
            fake.do(lambda house: setattr(house, "bid_answers_to_drop", 100))
            with pytest.raises(UsageError, match="wait for an answer"):
                await asyncio.gather(*(client.bid("1", 1000) for _ in range(33)))

    asyncio.run(story())


def test_who_no_longer_waits_for_a_verdict_ends_nothing_for_others(fake: FakeHouse) -> None:
    async def story() -> None:
        async with await joined(fake) as client:
            impatient = asyncio.create_task(client.bid("1", 100))
            await asyncio.wait([impatient], timeout=0)  # it asks
            impatient.cancel()
            await wait_for(client, LotChanged)
            assert isinstance(await client.bid("2", 100), Accepted)

    asyncio.run(story())


def test_many_clients_share_a_context_and_see_the_same(fake: FakeHouse) -> None:
    context = new_context()

    async def story() -> None:
        clients = [
            await AsyncClient.connect(fake.link, f"Bot {number}", new_keys(), context=context) for number in range(10)
        ]
        await asyncio.gather(*(client.bid("1", 100 + 10 * number) for number, client in enumerate(clients)))
        last_seq = fake.house.lots["1"].seq
        for client in clients:
            await wait_for(client, LotChanged, lambda event: event.seq == last_seq)
            assert client.lot("1") == fake.house.lots["1"]
            client.close()

    asyncio.run(story())
    context.term()


def test_a_bid_across_a_restart_counts_once(fake: FakeHouse) -> None:
    async def story() -> None:
        async with await joined(fake) as client:
            fake.do(lambda house: setattr(house, "bid_answers_to_drop", 100))
            bidding = asyncio.create_task(client.bid("1", 100, timeout_ms=WAIT_MS))
            await wait_for(client, LotChanged)
            await asyncio.to_thread(fake.restart, lambda house: setattr(house, "bid_answers_to_drop", 0))
            assert isinstance(await bidding, Accepted)
            bids = [request for request in fake.house.seen if isinstance(request, BidRequest)]
            assert len(bids) >= 2
            assert len(set(bids)) == 1
            assert english(fake.house.lots["1"]).bids == 1

    asyncio.run(story())


def test_a_lost_broadcast_is_repaired(fake: FakeHouse) -> None:
    async def story() -> None:
        async with await joined(fake) as client:
            fake.do(lambda house: setattr(house, "broadcasts_to_drop", 1))
            fake.do(lambda house: house.open("1"))
            assert await wait_for(client, Repaired) == Repaired(1, "1", 1, 1)
            assert client.lots() == fake.house.lots

    asyncio.run(story())


def test_failing_to_join_says_why(fake: FakeHouse) -> None:
    async def story() -> None:
        wrong = replace(fake.link, server_key=new_keys().public)
        with pytest.raises(WrongKeyError):
            await AsyncClient.connect(wrong, "Ada", new_keys(), timeout_ms=WAIT_MS)
        fake.do(lambda house: setattr(house, "hello_answer", RejectCode.WRONG_INVITE))
        with pytest.raises(RejectedError) as caught:
            await joined(fake)
        assert caught.value.reject is RejectCode.WRONG_INVITE
        await asyncio.to_thread(fake.stop)
        with pytest.raises(UnreachableError, match="Nothing answers"):
            await AsyncClient.connect(fake.link, "Ada", new_keys(), timeout_ms=300)

    asyncio.run(story())


def test_an_unknown_outcome_has_the_id_to_repeat_with(fake: FakeHouse) -> None:
    async def story() -> None:
        async with await joined(fake) as client:
            fake.do(lambda house: setattr(house, "bid_answers_to_drop", 100))
            with pytest.raises(UnansweredError) as caught:
                await client.bid("1", 100, timeout_ms=200)
            fake.do(lambda house: setattr(house, "bid_answers_to_drop", 0))
            assert isinstance(await client.bid("1", 100, request_id=caught.value.request_id), Accepted)

    asyncio.run(story())


def test_closing_ends_what_waits_and_the_callback_may_do_it(fake: FakeHouse) -> None:
    async def story() -> None:
        client = await joined(fake)
        fake.do(lambda house: setattr(house, "bid_answers_to_drop", 100))
        bidding = asyncio.create_task(client.bid("1", 100))
        await wait_for(client, LotChanged)
        client.close()
        with pytest.raises(ClosedError):
            await bidding
        assert [event async for event in client.notices()] == []

        heard = asyncio.Event()

        def on_notice(event: Notice) -> None:
            if isinstance(event, LotChanged):
                closing.close()
                heard.set()

        closing = await AsyncClient.connect(fake.link, "Bea", new_keys(), on_notice=on_notice)
        fake.do(lambda house: house.bid("2", 100))
        async with asyncio.timeout(WAIT_MS / 1000):
            await heard.wait()
        with pytest.raises(ClosedError):
            await closing.mine()

    asyncio.run(story())


async def wait_for_failure(client: AsyncClient) -> None:
    while True:
        await client.bid("1", 100)


def test_a_bug_in_the_callback_is_raised_in_every_caller(fake: FakeHouse) -> None:
    class OddError(Exception):
        pass

    def on_notice(event: Notice) -> None:
        if isinstance(event, LotChanged):
            raise OddError

    async def story() -> None:
        async with await AsyncClient.connect(fake.link, "Ada", new_keys(), on_notice=on_notice) as client:
            with pytest.raises(OddError):
                await wait_for_failure(client)
            with pytest.raises(OddError):
                await client.mine()

    asyncio.run(story())
