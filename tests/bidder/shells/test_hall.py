"""A hall: many desks beside one copy of the sale, at a house behind real sockets."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import pytest
from msgspec.structs import replace

from bidder import Hall
from bidder.core import pending
from bidder.core.errors import ClosedError, UnansweredError
from bidder.core.notices import (
    ConnectionChanged,
    ConnectionState,
    HistoryLost,
    Joined,
    Lost,
    LotChanged,
    Notice,
    Outbid,
    Won,
)
from bidder.shells.hall import Desk
from bidder.shells.line import DeskLine
from common.errors import RejectCode, RejectedError, UnreachableError, UsageError
from common.keys import new_keys
from common.messages import Accepted, Hello, Rejected, SnapshotRequest
from tests.bidder.core.small_house import SmallHouse
from tests.bidder.shells.fake_house import FakeHouse, heir_of, standing_still
from tests.english import english, winner

WAIT_MS = 60_000
WAIT_S = WAIT_MS / 1000
N = TypeVar("N", bound=Notice)


@pytest.fixture(params=[True, False], ids=["CURVE", "plain"])
def fake(request: pytest.FixtureRequest) -> Iterator[FakeHouse]:
    with FakeHouse(encrypted=request.param) as fake:
        yield fake


@pytest.fixture
def curved() -> Iterator[FakeHouse]:
    with FakeHouse() as fake:
        yield fake


def play(story: Coroutine[Any, Any, None]) -> None:
    async def within_time() -> None:
        async with asyncio.timeout(WAIT_S):
            await story

    asyncio.run(within_time())


@asynccontextmanager
async def hall_with(fake: FakeHouse, *names: str) -> AsyncIterator[tuple[Hall, list[Desk]]]:
    async with await Hall.open(fake.link, new_keys(), timeout_ms=WAIT_MS) as hall:
        desks = await asyncio.gather(*(hall.join(name, new_keys(), timeout_ms=WAIT_MS) for name in names))
        yield hall, list(desks)


async def until(of: Hall | Desk, kind: type[N], fits: Callable[[N], object] = lambda _: True) -> N:
    async for notice in of.notices(WAIT_MS):
        if isinstance(notice, kind) and fits(notice):
            return notice
    raise AssertionError(f"no {kind.__name__} came")


async def do(fake: FakeHouse, task: Callable[[SmallHouse], object]) -> None:
    await asyncio.to_thread(fake.do, task)


def test_desks_bid_under_their_own_paddles_and_the_hall_sees_it_once(fake: FakeHouse) -> None:
    async def story() -> None:
        async with hall_with(fake, "Ada", "Bea") as (hall, (ada, bea)):
            assert len({hall.paddle, ada.paddle, bea.paddle}) == 3
            assert [desk.welcome.name for desk in hall.desks] == ["Ada", "Bea"]
            assert isinstance(await ada.bid("1", 100), Accepted)
            assert isinstance(await bea.bid("1", 110), Accepted)
            assert isinstance(await bea.bid("1", 110), Rejected)
            assert (await until(ada, Outbid)).by == bea.paddle
            changes = [await until(hall, LotChanged) for _ in range(2)]
            assert [change.seq for change in changes] == [1, 2]
            await do(fake, lambda house: house.close_lot("1"))
            assert (await until(bea, Won)).amount_minor == 110
            assert (await until(ada, Lost)).winner == bea.paddle
            assert (await ada.mine()).paddle == ada.paddle
        assert winner(hall.lot("1")) == bea.paddle, "what was known stays to be read"

    play(story())
    reads = [request for request in fake.house.seen if isinstance(request, SnapshotRequest)]
    assert len(reads) == 2, "the state, of two pages, is asked for once for all"
    roles = [request.role for request in fake.house.seen if isinstance(request, Hello)]
    assert sorted(role.value for role in roles) == ["bidder", "bidder", "observer"]


def test_an_answer_that_comes_during_a_look_for_a_connection_is_read_at_once(
    curved: FakeHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pending, "RESEND_MS", WAIT_MS)
    came_up, is_awaited = DeskLine.came_up, False

    def look(line: DeskLine, now_ms: int) -> bool:
        nonlocal is_awaited
        if is_awaited and line.socket.poll(500):
            is_awaited = False
        return came_up(line, now_ms)

    async def story() -> None:
        nonlocal is_awaited
        async with hall_with(curved, "Ada", "Ben") as (_, desks):
            monkeypatch.setattr(DeskLine, "came_up", look)
            is_awaited = True
            async with asyncio.timeout(WAIT_S / 6):
                for number in range(200):  # one of these answers comes during a look
                    assert isinstance(await desks[number % 2].bid("1", 100 * (1 + number)), Accepted)
                    if not is_awaited:
                        return
            pytest.fail("no answer came during a look")

    play(story())


def test_each_bid_has_one_verdict_while_the_house_is_another_process_meanwhile(curved: FakeHouse) -> None:
    async def story() -> None:
        async with hall_with(curved, *(f"Bidder {number}" for number in range(20))) as (hall, desks):
            await do(curved, lambda house: setattr(house, "bid_answers_to_drop", 10))
            bids = [asyncio.ensure_future(desk.bid("1", 100 + 10 * place)) for place, desk in enumerate(desks)]
            await asyncio.to_thread(curved.restart)
            verdicts = await asyncio.gather(*bids)
            taken = [one for one in verdicts if isinstance(one, Accepted)]
            assert len(taken) == english(curved.house.lots["1"]).bids
            assert taken
            while hall.lot("1") != curved.house.lots["1"]:
                await until(hall, LotChanged)
            instances = {hall.welcome.instance}
            for desk in desks:
                if desk.welcome.instance not in instances:
                    await until(desk, Joined, lambda joined: joined.welcome.instance in instances)
                assert desk.state is ConnectionState.LIVE
            assert hall.notices(0) is not None

    play(story())


def test_a_desk_that_is_refused_leaves_the_others(curved: FakeHouse) -> None:
    async def story() -> None:
        async with hall_with(curved, "Ada") as (hall, (ada,)):
            await do(curved, lambda house: setattr(house, "hello_answer", RejectCode.NAME_TAKEN))
            with pytest.raises(RejectedError, match="name"):
                await hall.join("Bea", new_keys(), timeout_ms=WAIT_MS)
            assert hall.desks == [ada]
            assert isinstance(await ada.bid("1", 100), Accepted)

    play(story())


def test_a_desk_that_awaits_approval_says_so_and_takes_no_place_when_it_gives_up(curved: FakeHouse) -> None:
    async def story() -> None:
        keys = new_keys()
        async with hall_with(curved) as (hall, _):
            await do(curved, lambda house: setattr(house, "hello_answer", RejectCode.AWAITING_APPROVAL))
            with pytest.raises(RejectedError) as refused:
                await hall.join("Ada", keys, timeout_ms=1000)
            assert refused.value.reject is RejectCode.AWAITING_APPROVAL
            await do(curved, lambda house: setattr(house, "hello_answer", None))
            async with await hall.join("Ada", keys, timeout_ms=WAIT_MS) as ada:
                assert hall.desks == [ada]
            assert hall.desks == []

    play(story())


def test_desks_that_await_approval_keep_no_turn_from_others(curved: FakeHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bidder.shells.hall.JOINING_MAX", 1)

    async def story() -> None:
        async with hall_with(curved) as (hall, _):
            await do(curved, lambda house: setattr(house, "hello_answer", RejectCode.AWAITING_APPROVAL))
            waits = asyncio.Event()
            waiting = asyncio.ensure_future(
                hall.join("Ada", new_keys(), timeout_ms=None, on_notice=lambda _: waits.set())
            )
            await waits.wait()
            with pytest.raises(RejectedError):
                await hall.join("Bea", new_keys(), timeout_ms=500)
            await do(curved, lambda house: setattr(house, "hello_answer", None))
            assert (await waiting).welcome.name == "Ada"

    play(story())


def test_a_desk_shows_its_own_invite_or_that_of_the_halls_link(curved: FakeHouse) -> None:
    async def story() -> None:
        async with hall_with(curved) as (hall, _):
            await hall.join("Ada", new_keys(), timeout_ms=WAIT_MS)
            bea = await hall.join("Bea", new_keys(), timeout_ms=WAIT_MS, invite="sesame")
            assert bea.failure is None
            bea.close()
            assert isinstance(bea.failure, ClosedError)

    play(story())
    invites = {request.name: request.invite for request in curved.house.seen if isinstance(request, Hello)}
    assert invites["Bea"] == "sesame"
    assert invites["Ada"] == ""


def test_one_key_has_one_desk(curved: FakeHouse) -> None:
    async def story() -> None:
        keys = new_keys()
        async with hall_with(curved) as (hall, _):
            await hall.join("Ada", keys, timeout_ms=WAIT_MS)
            with pytest.raises(UsageError, match="has this key already"):
                await hall.join("Ada", keys, timeout_ms=WAIT_MS)

    play(story())


def test_a_desk_is_told_only_of_itself(curved: FakeHouse) -> None:
    async def story() -> None:
        told: list[Notice] = []
        async with hall_with(curved, "Ada") as (hall, (ada,)):
            await hall.join("Bea", new_keys(), timeout_ms=WAIT_MS, on_notice=told.append)
            await ada.bid("1", 100)
            await until(hall, LotChanged)
        assert [type(notice) for notice in told] == [Joined, ConnectionChanged]

    play(story())


def test_a_callback_that_fails_ends_its_desk_only(curved: FakeHouse) -> None:
    async def story() -> None:
        is_told = asyncio.Event()

        def fail(notice: Notice) -> None:
            if isinstance(notice, Outbid):
                is_told.set()
            assert not is_told.is_set(), "a bug of the program's"

        async with hall_with(curved, "Ada") as (hall, (ada,)):
            bea = await hall.join("Bea", new_keys(), timeout_ms=WAIT_MS, on_notice=fail)
            assert isinstance(await bea.bid("1", 100), Accepted)
            assert isinstance(await ada.bid("1", 110), Accepted)
            await is_told.wait()
            with pytest.raises(AssertionError, match="a bug of the program's"):
                await bea.bid("1", 120)
            assert hall.desks == [ada]

    play(story())


def test_what_waits_ends_with_the_hall(curved: FakeHouse) -> None:
    async def story() -> None:
        async with hall_with(curved, "Ada") as (hall, (ada,)):
            await do(curved, lambda house: setattr(house, "bid_answers_to_drop", 1000))
            with pytest.raises(UnansweredError):
                await ada.bid("1", 100, timeout_ms=200)
            bid = asyncio.ensure_future(ada.bid("1", 100))
            await ada.mine()
            hall.close()
            with pytest.raises(ClosedError):
                await bid
            with pytest.raises(ClosedError):
                await hall.join("Bea", new_keys())

    play(story())


def test_lost_history_is_told_once_and_before_the_verdicts_that_come_after_it(curved: FakeHouse) -> None:
    async def story() -> None:
        told: list[str] = []
        hall = await Hall.open(
            curved.link, new_keys(), on_notice=lambda notice: told.append(type(notice).__name__), timeout_ms=WAIT_MS
        )
        async with hall:
            desks = [await hall.join(f"Bidder {place}", new_keys(), timeout_ms=WAIT_MS) for place in range(10)]
            assert isinstance(await desks[0].bid("1", 100), Accepted)

            async def bid(desk: Desk) -> None:
                verdict = await desk.bid("2", 100)
                told.append(f"verdict {isinstance(verdict, Accepted)}")

            await do(curved, lambda house: setattr(house, "bid_answers_to_drop", 1000))
            bids = [asyncio.ensure_future(bid(desk)) for desk in desks]
            await desks[-1].mine()

            def restored(house: SmallHouse) -> None:
                house.lose_tail("2", house.lots["2"].seq, epoch=2)
                house.bid_answers_to_drop = 0

            await asyncio.to_thread(curved.restart, restored)
            await asyncio.gather(*bids)
        assert told.count(HistoryLost.__name__) == 1
        lost = told.index(HistoryLost.__name__)
        assert sum(one.startswith("verdict") for one in told) == 10
        assert not any(one.startswith("verdict") for one in told[:lost]), "they are of the history after it"

    play(story())


def test_another_sale_gives_the_desks_their_paddles_of_it(curved: FakeHouse) -> None:
    async def story() -> None:
        async with hall_with(curved, "Ada", "Bea") as (hall, (ada, bea)):
            await asyncio.to_thread(curved.restart, lambda house: house.hold_another_sale(2))
            for of in (hall, ada, bea):
                await until(of, Joined, lambda joined: joined.welcome.sale.title == "Another")
            while hall.state is not ConnectionState.LIVE:
                await until(hall, ConnectionChanged)
            assert isinstance(await ada.bid("1", 100), Accepted)
            assert isinstance(await bea.bid("1", 110), Accepted)
            assert (await until(ada, Outbid)).by == bea.paddle

    play(story())


def test_a_house_that_never_answers_a_desk_is_told_in_time(curved: FakeHouse) -> None:
    async def story() -> None:
        async with hall_with(curved) as (hall, _):
            await do(curved, lambda house: setattr(house, "hello_answer", RejectCode.UNAVAILABLE))
            with pytest.raises(UnreachableError, match="did not answer this desk's hello"):
                await hall.join("Ada", new_keys(), timeout_ms=500)

    play(story())


def test_all_desks_follow_the_hall_to_the_house_that_took_over(curved: FakeHouse) -> None:
    """The owner's machine stands still: its connections stay up, and only the hall notices the silence."""
    heir = heir_of(curved)
    link = replace(curved.link, others=heir.link.places)

    async def story() -> None:
        async with await Hall.open(link, new_keys(), timeout_ms=WAIT_MS) as hall:
            desks = await asyncio.gather(*(hall.join(name, new_keys()) for name in ("Ada", "Bea", "Cy")))
            with standing_still(curved), heir:
                bids = [
                    asyncio.ensure_future(desk.bid("1", 100 + 10 * place, timeout_ms=WAIT_MS))
                    for place, desk in enumerate(desks)
                ]
                taken = [one for one in await asyncio.gather(*bids) if isinstance(one, Accepted)]
                assert len(taken) == english(heir.house.lots["1"]).bids
                assert taken
                if hall.lot("1") != heir.house.lots["1"]:
                    async for _ in hall.notices(WAIT_MS):
                        if hall.lot("1") == heir.house.lots["1"]:
                            break
                assert {desk.welcome.term for desk in desks} == {2}

    play(story())
