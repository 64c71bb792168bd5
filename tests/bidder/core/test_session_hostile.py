"""A house that means harm: everything that it can make a client take, keep or ask again has a bound, and is named."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from bidder.core import feed, repairs, replica
from bidder.core.desk import APPROVAL_MAX_MS
from bidder.core.repairs import REPAIR_AFTER_MS, REPAIRS_BURST, REPAIRS_PER_S, RepairKind, Repairs
from bidder.shells.base import next_start
from common.codec import BEAT_TOPIC, SALE_TOPIC, decode_answer, decode_broadcast, encode, encode_broadcast, topic
from common.errors import ProtocolError, RejectCode
from common.formats.english import EnglishBoard, EnglishOwn, EnglishTerms, Step
from common.limits import (
    CODE_CHARS_MAX,
    DECIMALS_MAX,
    DESCRIPTION_CHARS_MAX,
    DETAIL_CHARS_MAX,
    HEARTBEAT_LOTS_MAX,
    IDENTITY_CHARS_MAX,
    INCREMENT_STEPS_MAX,
    LOT_CHARS_MAX,
    MINE_LOTS_MAX,
    MINE_PAGES_MAX,
    NAME_CHARS_MAX,
    REPLAY_EVENTS_MAX,
    SNAPSHOT_LOTS_MAX,
    TEXT_CHARS_MAX,
    TITLE_CHARS_MAX,
)
from common.lot import LotTerms, LotView, SaleView
from common.lot_events import Announced, LotAdded, LotWithdrawn
from common.messages import (
    Accepted,
    Answer,
    AnyRequest,
    Broadcast,
    Heartbeat,
    Hello,
    LotEvents,
    LotRequest,
    LotSeq,
    Mine,
    Position,
    Rejected,
    Replay,
    ReplayRequest,
    Role,
    SaleEvents,
    Snapshot,
    SnapshotRequest,
    Welcome,
)
from common.money import Currency
from tests.bidder.core.lossy_link import KEY, Link, live
from tests.bidder.core.small_house import SmallHouse, lot_added
from tests.english import english

# --- one message -----------------------------------------------------------------------------------------------------


ENGLISH = EnglishTerms(100, (Step(0, 10),))
BOARD = EnglishBoard(1)


def terms(**fields: Any) -> LotTerms:
    return replace(LotTerms("1", "t", ENGLISH), **fields)


def sale(**fields: Any) -> SaleView:
    return replace(SaleView("s", "t", Currency("USD", 2)), **fields)


def welcome(**fields: Any) -> Welcome:
    known = Welcome(
        id=1, version=1, epoch=1, instance="i", term=1, paddle=1, name="n", role=Role.BIDDER, sale=sale(),
        publish_port=1, server_time_ms=0, heartbeat_ms=1, requests_per_s=1,
    )  # fmt: skip
    return replace(known, **fields)


def snapshot(views: tuple[LotView, ...] = (), **fields: Any) -> Snapshot:
    return replace(Snapshot(id=1, epoch=1, server_time_ms=0, sale=sale(), lots=views), **fields)


def beat(**fields: Any) -> Heartbeat:
    return replace(Heartbeat(epoch=1, instance="i", term=1, server_time_ms=0, sale_seq=0, lots=()), **fields)


def of_lot(of: LotTerms) -> Snapshot:
    return snapshot((LotView(of, BOARD),))


def announced(size: int) -> SaleEvents:
    return SaleEvents(epoch=1, events=(Announced(1, 0, "x" * size),))


BOUNDED: dict[str, tuple[Callable[[int], Answer | Broadcast], int]] = {
    "decimals": (lambda size: welcome(sale=sale(currency=Currency("USD", size))), DECIMALS_MAX),
    "currency": (lambda size: welcome(sale=sale(currency=Currency("x" * size, 2))), CODE_CHARS_MAX),
    "sale": (lambda size: welcome(sale=sale(sale="x" * size)), IDENTITY_CHARS_MAX),
    "title of the sale": (lambda size: welcome(sale=sale(title="x" * size)), TITLE_CHARS_MAX),
    "last announcement": (lambda size: snapshot(sale=sale(announcement="x" * size)), TEXT_CHARS_MAX),
    "instance": (lambda size: welcome(instance="x" * size), IDENTITY_CHARS_MAX),
    "instance in a heartbeat": (lambda size: beat(instance="x" * size), IDENTITY_CHARS_MAX),
    "name": (lambda size: welcome(name="x" * size), NAME_CHARS_MAX),
    "port": (lambda size: welcome(publish_port=size), 65535),
    "detail": (lambda size: Rejected(id=1, code=RejectCode.FORBIDDEN, detail="x" * size), DETAIL_CHARS_MAX),
    "lots on a page": (lambda size: snapshot((LotView(terms(), BOARD),) * size), SNAPSHOT_LOTS_MAX),
    "title": (lambda size: of_lot(terms(title="\U0001f600" * size)), TITLE_CHARS_MAX),
    "description": (lambda size: of_lot(terms(description="x" * size)), DESCRIPTION_CHARS_MAX),
    "image": (lambda size: of_lot(terms(image="x" * size)), TEXT_CHARS_MAX),
    "seller": (lambda size: of_lot(terms(seller="x" * size)), TITLE_CHARS_MAX),
    "increments": (
        lambda size: of_lot(terms(format=replace(ENGLISH, increments=(Step(0, 1),) * size))), INCREMENT_STEPS_MAX
    ),
    "reason": (lambda size: LotEvents("1", (LotWithdrawn(1, 0, BOARD, "x" * size),), epoch=1), TEXT_CHARS_MAX),
    "lot of a broadcast": (lambda size: LotEvents("x" * size, (), epoch=1), LOT_CHARS_MAX),
    "announcement": (announced, TEXT_CHARS_MAX),
    "events of a replay": (
        lambda size: Replay(id=1, epoch=1, lot="", sale_events=(Announced(1, 0, ""),) * size), REPLAY_EVENTS_MAX
    ),
    "lots of a heartbeat": (lambda size: beat(lots=(LotSeq("1", 1),) * size), HEARTBEAT_LOTS_MAX),
    "positions": (
        lambda size: Mine(id=1, paddle=1, positions=(Position("1", EnglishOwn(1)),) * size), MINE_LOTS_MAX
    ),
    "lots won": (lambda size: Mine(id=1, paddle=1, won=("1",) * size), MINE_LOTS_MAX),
}  # fmt: skip


@pytest.mark.parametrize("what", BOUNDED)
def test_what_one_message_may_hold_is_bounded(what: str) -> None:
    make, bound = BOUNDED[what]

    def read(message: Answer | Broadcast) -> object:
        if isinstance(message, Answer):
            return decode_answer(encode(message))
        return decode_broadcast(encode_broadcast(topic(BEAT_TOPIC), message))  # type: ignore[arg-type]

    assert read(make(bound)) == make(bound)
    with pytest.raises(ProtocolError, match="can't read"):
        read(make(bound + 1))


# --- what it keeps ---------------------------------------------------------------------------------------------------


def storm(link: Link, lots: int, of: Callable[[int], LotTerms]) -> None:
    seq = link.house.sale.seq
    for number in range(1, lots + 1):
        event = LotAdded(seq + number, 0, of(number), BOARD)
        link.session.broadcast_received(
            encode_broadcast(topic(SALE_TOPIC), SaleEvents(epoch=1, events=(event,))), link.now_ms
        )


def test_a_storm_of_lots_ends_at_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replica, "LOTS_MAX", 50)
    link = live(SmallHouse(10))
    storm(link, 40, lambda number: terms(lot=f"n{number}"))
    assert len(link.session.replica.lots) == 50
    with pytest.raises(ProtocolError, match="more than 50 lots"):
        storm(live(SmallHouse(10)), 41, lambda number: terms(lot=f"n{number}"))


@pytest.mark.parametrize(("letter", "size"), [("x", 1), ("\u00e4", 4)])
def test_the_texts_of_all_lots_are_bounded(monkeypatch: pytest.MonkeyPatch, letter: str, size: int) -> None:
    house = SmallHouse(100)
    link = live(house)
    first = sum(len(view.terms.title + view.lot) for view in house.lots.values())
    monkeypatch.setattr(replica, "LOT_TEXTS_BYTES_MAX", first + 3 * (2 + 1 + 1 + 100 * size + 2))
    of = lambda number: terms(lot=f"n{number}", title="t", seller="s", description=100 * letter, image="xy")  # noqa: E731
    storm(link, 3, of)
    with pytest.raises(ProtocolError, match="take more than"):
        storm(live(SmallHouse(100)), 4, of)


def test_the_texts_of_a_snapshot_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replica, "LOT_TEXTS_BYTES_MAX", 4 * len("Lot 1" + "1"))
    assert len(live(SmallHouse(4)).session.replica.lots) == 4
    with pytest.raises(ProtocolError, match="take more than"):
        live(SmallHouse(5))


# --- what it asks again ----------------------------------------------------------------------------------------------


class HostileHouse(SmallHouse):
    """Answers some requests by `instead`, where that returns something."""

    def __init__(self, lots: int, instead: Callable[["HostileHouse", AnyRequest], Answer | None]) -> None:
        super().__init__(lots)
        self._instead = instead

    def answer(self, key: str, request: AnyRequest) -> Answer | None:
        answer = self._instead(self, request) if key in self.paddles else None
        if answer is not None:
            self.seen.append(request)
        return answer or super().answer(key, request)


def test_pages_without_end_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "SNAPSHOT_PAGES_MAX", 100)

    def page(house: HostileHouse, request: AnyRequest) -> Answer | None:
        if not isinstance(request, SnapshotRequest):
            return None
        view = LotView(terms(lot=f"n{request.start}"), BOARD)
        return replace(snapshot((view,)), id=request.id, sale=house.sale, next=request.start + 1)

    house = HostileHouse(1, page)
    with pytest.raises(ProtocolError, match="has no end: 100 pages"):
        Link(house).connect()
    assert sum(isinstance(request, SnapshotRequest) for request in house.seen) == 100


@pytest.mark.parametrize(("lots", "following"), [(0, 1), (1, 2), (1, 0), (2, 1)])
def test_a_page_leads_to_the_lot_after_its_last(lots: int, following: int) -> None:
    views = tuple(LotView(terms(lot=f"n{number}"), BOARD) for number in range(lots))

    def page(house: HostileHouse, request: AnyRequest) -> Answer | None:
        if not isinstance(request, SnapshotRequest):
            return None
        return replace(snapshot(views), id=request.id, sale=house.sale, next=following)

    with pytest.raises(ProtocolError, match="do not follow one another"):
        Link(HostileHouse(1, page)).connect()


def test_pages_that_lack_a_lot_again_and_again_are_given_up() -> None:
    """A lot that moves from page to page meanwhile is missing once, and not every time."""

    def page(house: HostileHouse, request: AnyRequest) -> Answer | None:
        if not isinstance(request, SnapshotRequest):
            return None
        return replace(snapshot(()), id=request.id, sale=replace(house.sale, lots=2))

    house = HostileHouse(1, page)
    with pytest.raises(ProtocolError, match="its snapshot does not have all of them"):
        Link(house).connect()
    assert sum(isinstance(request, SnapshotRequest) for request in house.seen) == 1 + feed.SNAPSHOTS_AGAIN_MAX


def claim(link: Link, seq: int) -> None:
    """Have the house say that it has many more events of lot 1."""
    house = link.house
    told = beat(
        instance=str(house.instance),
        term=1,
        server_time_ms=house.now_ms,
        sale_seq=house.sale.seq,
        lots=(LotSeq("1", seq),),
    )
    link.session.broadcast_received(encode_broadcast(topic(BEAT_TOPIC), told), link.now_ms)


@pytest.mark.parametrize("seqs", [(), (5,), (1,), (0,), (2, 4)])
def test_a_replay_that_does_not_lead_on_is_the_fault_of_the_house(seqs: tuple[int, ...]) -> None:
    def replay(_: HostileHouse, request: AnyRequest) -> Answer | None:
        if not isinstance(request, ReplayRequest):
            return None
        return Replay(
            id=request.id, epoch=1, lot="", sale_events=tuple(Announced(seq, 0, "") for seq in seqs), more=True
        )

    link = live(HostileHouse(1, replay))
    link.house.announce("")
    link.house.outbox.clear()
    link.house.sale = replace(link.house.sale, seq=9)
    link.house.beat()
    if seqs:
        with pytest.raises(ProtocolError, match="does not begin where it was asked to"):
            link.run(1000)
    else:
        link.run(100)
        assert any(isinstance(request, SnapshotRequest) for request in link.house.seen), "there is no replay; a view is"


def test_replays_that_never_close_the_hole_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repairs, "REPAIR_ROUNDS_MAX", 100)

    def replay(_: HostileHouse, request: AnyRequest) -> Answer | None:
        if not isinstance(request, ReplayRequest):
            return None
        event = Announced(request.after_seq + 1, 0, "")
        return Replay(id=request.id, epoch=1, lot="", sale_events=(event,), more=True)

    house = HostileHouse(1, replay)
    link = live(house)
    house.sale = replace(house.sale, seq=10**9)
    house.beat()
    with pytest.raises(ProtocolError, match="has more of the sale, and has not sent it in 101 answers"):
        link.run(10_000)
    assert sum(isinstance(request, ReplayRequest) for request in house.seen) == 101


def test_a_hole_that_is_closed_counts_from_nothing_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repairs, "REPAIR_ROUNDS_MAX", 3)
    house = SmallHouse(1)
    link = live(house)
    for _ in range(5):
        house.broadcasts_to_drop = 8
        for _ in range(8):
            house.bid("1", english(house.lots["1"]).minimum_minor)
        link.run(300)
        assert link.session.replica.lots == house.lots


def test_views_that_never_close_the_hole_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repairs, "REPAIR_ROUNDS_MAX", 20)

    def gone(house: HostileHouse, request: AnyRequest) -> Answer | None:
        if isinstance(request, ReplayRequest):
            return Rejected(id=request.id, code=RejectCode.HISTORY_GONE)
        if isinstance(request, LotRequest):
            claim(link, house.lots["1"].seq + 10)
            house.lots["1"] = replace(house.lots["1"], seq=house.lots["1"].seq + 5)
        return None

    house = HostileHouse(1, gone)
    link = live(house)
    claim(link, 5)
    house.lots["1"] = replace(house.lots["1"], seq=5)
    with pytest.raises(ProtocolError, match="has more of lot 1"):
        link.run(20_000, beats=False)


def test_repairs_are_begun_at_a_bounded_rate() -> None:
    """Whatever the house claims, and however fast it answers."""
    plan, begun = Repairs(), 0
    behind = {str(number): 5 for number in range(10 * REPAIRS_BURST)}
    for now_ms in range(REPAIR_AFTER_MS + 1000):
        while begun < 2 * REPAIRS_BURST and (due := plan.due(behind, now_ms)):
            for stream, kind in due:
                plan.begin(begun, stream, kind, 5)
                plan.end(begun, now_ms)
                begun += 1
    assert REPAIRS_BURST + REPAIRS_PER_S // 2 <= begun <= REPAIRS_BURST + REPAIRS_PER_S * 11 // 10


def test_a_snapshot_in_place_of_a_repair_counts_as_one() -> None:
    plan = Repairs()
    for _ in range(REPAIRS_BURST):
        plan.skip("")
    plan.need_view("", RepairKind.TAKE_OVER)
    plan.due({}, 0)
    assert plan.due({}, REPAIR_AFTER_MS) == [], "none may be begun, and what is waited counts from the first look"
    assert len(plan.due({}, 3 * REPAIR_AFTER_MS)) == 1


def test_history_that_is_lost_again_and_again_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "LOSSES_MAX", 3)
    house = SmallHouse(1)
    link = live(house)

    def lose() -> None:
        house.open("1")
        link.settle()
        house.lose_tail("1", 1)
        link.run(1000)

    for _ in range(3):
        lose()
    with pytest.raises(ProtocolError, match="withdrew what it had shown, 4 times"):
        lose()


@pytest.mark.parametrize(("retry_ms", "asked"), [(1, range(8, 15)), (10**15, range(1, 3))])
def test_the_pause_between_hellos_has_bounds(retry_ms: int, asked: range) -> None:
    def wait(_: HostileHouse, request: AnyRequest) -> Answer | None:
        return Rejected(id=request.id, code=RejectCode.AWAITING_APPROVAL, retry_ms=retry_ms)

    house = HostileHouse(1, wait)
    house.paddles[KEY] = 1
    link = Link(house)
    link.connect()
    link.run(500 if retry_ms == 1 else APPROVAL_MAX_MS)
    assert sum(isinstance(request, Hello) for request in house.seen) in asked


def test_pages_of_ones_own_affairs_have_an_end() -> None:
    page = Mine(id=1, paddle=1, next=5)
    assert next_start([page], 0) == 5
    assert next_start([replace(page, next=None)], 0) is None
    for start in (5, 6):
        with pytest.raises(ProtocolError, match="no end"):
            next_start([page], start)
    assert next_start([page] * (MINE_PAGES_MAX - 1), 0) == 5
    with pytest.raises(ProtocolError, match=f"{MINE_PAGES_MAX} pages"):
        next_start([page] * MINE_PAGES_MAX, 0)


def test_an_honest_house_at_its_bounds_is_no_fault() -> None:
    """Its helper is used above, too: what the tests replace is what is wrong, and nothing else."""
    house = HostileHouse(3, lambda *_: None)
    link = live(house)
    link.bid("1", 100)
    assert isinstance(link.outcomes[1], Accepted)
    assert lot_added("1", 1).terms == house.lots["1"].terms
