"""The house without its sockets: requests in, answers and facts out, and the same again from the record."""

from typing import Any

import msgspec
import pytest
from house_examples import ANN, BOB, CAT, HOUR_MS, START_MS, SmallSale, largest_lots, lot, lots
from hypothesis import given, settings
from hypothesis import strategies as st

from auctioneer.broadcasts import SALE_EVENTS_MAX, frames
from auctioneer.control import Announce, CloseLot, EndSale, OpenLot, Pause
from auctioneer.events import BidLate, BidTaken, LotBought, MaximumDropped
from auctioneer.house import SILENT_MS, House
from auctioneer.invariants import check, check_same_state
from auctioneer.pages import PAGE_BYTES_MAX
from auctioneer.terms import LotSpec
from common.codec import decode_broadcast, encode
from common.errors import RejectCode, StorageError
from common.limits import (
    HEARTBEAT_LOTS_MAX,
    REMEMBERED_REQUESTS_MAX,
    REPLAY_EVENTS_MAX,
    REPLY_BYTES_MAX,
    SNAPSHOT_LOTS_MAX,
)
from common.lot import Announced, BidPlaced, LotAdded, LotTerms, SoftClose, Step
from common.messages import (
    Accepted,
    AnyRequest,
    BidRequest,
    BuyRequest,
    LotEvents,
    LotRequest,
    Mine,
    MineRequest,
    Ping,
    Pong,
    Rejected,
    Replay,
    ReplayRequest,
    SaleEvents,
    Snapshot,
    SnapshotRequest,
)


@pytest.fixture
def sale() -> SmallSale:
    """Return a sale of two open lots, with Ann (1) and Bob (2)."""
    sale = SmallSale(lot("1"), lot("2", buy_now_minor=5000))
    sale.join(ANN, "Ann")
    sale.join(BOB, "Bob")
    return sale


def bid(request_id: int, amount_minor: int, number: str = "1", **more: object) -> BidRequest:
    return BidRequest(id=request_id, lot=number, amount_minor=amount_minor, **more)


def code_of(answer: object) -> RejectCode:
    assert isinstance(answer, Rejected), answer
    return answer.code


# --- verdicts ------------------------------------------------------------------------------------------------------


def test_a_bid_is_answered_and_lands_in_the_batch(sale: SmallSale) -> None:
    answer = sale.send(ANN, encode(bid(10, 1500)))
    assert isinstance(answer, Accepted)
    assert (answer.id, answer.price_minor, answer.minimum_minor, answer.leading) == (10, 1500, 1600, True)
    batch = sale.commit()
    (event,) = batch.events
    assert isinstance(event, BidTaken)
    assert (event.paddle, event.request, event.seq) == (1, bid(10, 1500), answer.seq)
    ((stream, change),) = batch.changes
    assert stream == "1"
    assert isinstance(change, BidPlaced)
    assert (change.bidder, change.price_minor, change.seq) == (1, 1500, answer.seq)
    assert sale.commit() == ([], [], [])


def test_a_refused_bid_is_no_event_but_is_kept(sale: SmallSale) -> None:
    answer = sale.send(ANN, encode(bid(10, 999)))
    assert code_of(answer) is RejectCode.BELOW_MINIMUM
    batch = sale.commit()
    assert (batch.events, batch.changes) == ([], [])
    ((at_ms, paddle, request, verdict),) = [msgspec.structs.astuple(refusal) for refusal in batch.refusals]
    assert (at_ms, paddle, request, verdict) == (START_MS, 1, bid(10, 999), answer)


@pytest.mark.parametrize(
    "request_", [bid(10, 1500), bid(10, 1), bid(10, 1500, "9"), BuyRequest(id=10, lot="2", price_minor=5000)]
)
def test_a_repeat_gets_the_same_verdict_and_does_nothing(sale: SmallSale, request_: BidRequest | BuyRequest) -> None:
    first = sale.ask(ANN, request_)
    sale.now_ms += 1000
    sale.ask(BOB, bid(10, 3000))
    record, refusals = len(sale.record), len(sale.refusals)
    assert sale.ask(ANN, request_) == first
    assert (len(sale.record), len(sale.refusals)) == (record, refusals)


def test_the_same_id_with_other_content_is_a_conflict(sale: SmallSale) -> None:
    first = sale.ask(ANN, bid(10, 1500))
    record = len(sale.record)
    assert code_of(sale.ask(ANN, bid(10, 1600))) is RejectCode.ID_CONFLICT
    assert code_of(sale.ask(ANN, bid(10, 1500, "2"))) is RejectCode.ID_CONFLICT
    assert code_of(sale.ask(ANN, BuyRequest(id=10, lot="1", price_minor=1500))) is RejectCode.ID_CONFLICT
    assert sale.ask(ANN, bid(10, 1500)) == first
    assert len(sale.record) == record
    assert isinstance(sale.ask(BOB, bid(10, 1600)), Accepted), "ids are each bidder's own"


def test_verdicts_are_remembered_for_as_many_ids_as_is_promised_in_any_order(sale: SmallSale) -> None:
    ids = [1000 + (number * 7) % REMEMBERED_REQUESTS_MAX for number in range(REMEMBERED_REQUESTS_MAX)]
    verdicts = {request_id: sale.ask(ANN, bid(request_id, 100 + request_id % 5)) for request_id in ids}
    assert all(sale.ask(ANN, bid(request_id, 100 + request_id % 5)) == verdicts[request_id] for request_id in ids)
    assert code_of(sale.ask(ANN, bid(999, 1500))) is RejectCode.ID_STALE, "it could not be remembered"
    assert isinstance(sale.ask(ANN, bid(2000, 1500)), Accepted)
    assert code_of(sale.ask(ANN, bid(1000, 100))) is RejectCode.ID_STALE
    assert sale.ask(ANN, bid(1001, 101)) == verdicts[1001]
    assert sale.house.engine.lots["1"].view.bids == 1


def test_a_late_bid_and_a_purchase_have_their_verdicts_again(sale: SmallSale) -> None:
    bought = sale.ask(ANN, BuyRequest(id=10, lot="2", price_minor=5000))
    sale.now_ms += HOUR_MS + 7
    late = sale.ask(BOB, bid(10, 1500))
    assert code_of(late) is RejectCode.LOT_CLOSED
    assert isinstance(late, Rejected)
    assert late.late_ms == 7
    assert [type(event) for event in sale.record[-1:]] == [BidLate]
    assert any(isinstance(event, LotBought) for event in sale.record)
    sale.house = sale.rebuilt()
    sale.now_ms += 1000
    assert sale.ask(BOB, bid(10, 1500)) == late
    assert sale.ask(ANN, BuyRequest(id=10, lot="2", price_minor=5000)) == bought


def test_who_bids_is_who_the_message_came_from(sale: SmallSale) -> None:
    """Nothing in a payload says who bids; the key that the message came with does."""
    sale.ask(BOB, bid(10, 1500))
    assert sale.house.engine.lots["1"].view.leader == 2
    assert code_of(sale.ask(CAT, bid(10, 2000))) is RejectCode.HELLO_FIRST
    assert sale.house.engine.lots["1"].view.leader == 2


# --- the same from the record --------------------------------------------------------------------------------------


def state_of(house: House) -> dict[str, Any]:
    """Return what a snapshot holds, but for when the clock looks at a lot next, which is no part of the truth."""
    state: dict[str, Any] = msgspec.msgpack.decode(house.snapshot())
    for one in state["engine"]["lots"]:
        del one["queued_ms"]
    return state


def test_verdicts_survive_by_events_alone(sale: SmallSale) -> None:
    accepted, outbid = sale.ask(ANN, bid(10, 1500)), sale.ask(BOB, BidRequest(id=10, lot="1", maximum_minor=9000))
    sale.house = sale.rebuilt()
    assert sale.ask(ANN, bid(10, 1500)) == accepted
    assert sale.ask(BOB, BidRequest(id=10, lot="1", maximum_minor=9000)) == outbid
    assert code_of(sale.ask(ANN, bid(10, 1501))) is RejectCode.ID_CONFLICT


def test_verdicts_survive_by_a_snapshot_events_and_refusals(sale: SmallSale) -> None:
    before = [sale.ask(ANN, bid(10, 1500)), sale.ask(ANN, bid(11, 1))]
    snapshot, position = sale.house.snapshot(), len(sale.record)
    after = [sale.ask(ANN, bid(12, 1)), sale.ask(ANN, BidRequest(id=13, lot="1", maximum_minor=7000))]
    sale.join(CAT, "Cat")
    live = sale.house
    sale.house = sale.rebuilt(snapshot, position)
    assert state_of(sale.house) == state_of(live)
    check_same_state(sale.house.engine.state, live.engine.state)
    assert [sale.ask(ANN, bid(10, 1500)), sale.ask(ANN, bid(11, 1))] == before
    assert [sale.ask(ANN, bid(12, 1)), sale.ask(ANN, BidRequest(id=13, lot="1", maximum_minor=7000))] == after


def test_ids_that_were_forgotten_are_stale_after_a_restart_too(sale: SmallSale) -> None:
    for request_id in range(100, 100 + REMEMBERED_REQUESTS_MAX + 1):
        sale.ask(ANN, bid(request_id, 1))
    for house in (sale.rebuilt(), sale.rebuilt(sale.house.snapshot(), len(sale.record))):
        sale.house = house
        assert code_of(sale.ask(ANN, bid(100, 1))) is RejectCode.ID_STALE
        assert code_of(sale.ask(ANN, bid(101, 1))) is RejectCode.BELOW_MINIMUM


def test_a_record_that_does_not_begin_with_a_sale_is_refused(sale: SmallSale) -> None:
    for events in ([], sale.record[1:]):
        with pytest.raises(StorageError, match="does not begin"):
            House.rebuild(sale.settings, None, events, (), START_MS)


_KEYS = st.sampled_from((ANN, BOB, CAT))
_REQUESTS: st.SearchStrategy[AnyRequest] = st.one_of(
    st.builds(
        BidRequest,
        id=st.integers(1, 60),
        lot=st.sampled_from(("1", "2", "3", "nothing")),
        amount_minor=st.none() | st.integers(900, 3000),
        maximum_minor=st.none() | st.integers(900, 6000),
        while_connected=st.booleans(),
    ),
    st.builds(BuyRequest, id=st.integers(1, 60), lot=st.sampled_from(("1", "2")), price_minor=st.just(5000)),
    st.builds(Ping, id=st.integers(1, 60)),
    st.builds(MineRequest, id=st.integers(1, 60)),
)


@settings(max_examples=60)
@given(
    st.lists(st.tuples(_KEYS, _REQUESTS, st.sampled_from((0, 0, 1, 400, 20_000))), max_size=120),
    st.integers(0, 120),
)
def test_random_requests_give_the_same_house_from_the_record(
    steps: list[tuple[str, AnyRequest, int]], snapshot_at: int
) -> None:
    sale = SmallSale(
        lot("1", duration_ms=30_000, soft_close=SoftClose(500, 1000)),
        lot("2", buy_now_minor=5000, reserve_minor=2000),
        lot("3", by_hand=True),
    )
    for key, name in ((ANN, "Ann"), (BOB, "Bob"), (CAT, "Cat")):
        sale.join(key, name)
    snapshot, position = sale.house.snapshot(), len(sale.record)
    asked: list[tuple[str, AnyRequest]] = []
    for number, (key, request, wait_ms) in enumerate(steps):
        sale.now_ms += wait_ms
        sale.house.drop_silent(sale.now_ms)
        sale.ask(key, request)
        asked.append((key, request))
        if number == snapshot_at:
            snapshot, position = sale.house.snapshot(), len(sale.record)
    check(sale.house.engine)
    live = state_of(sale.house)
    bids = [(key, request) for key, request in asked if isinstance(request, BidRequest | BuyRequest)]
    answers = [sale.ask(key, request) for key, request in bids]
    assert state_of(sale.house) == live, "a repeat changes nothing"
    for house in (sale.rebuilt(), sale.rebuilt(snapshot, position)):
        assert state_of(house) == live
        sale.house = house
        assert [sale.ask(key, request) for key, request in bids] == answers
        assert state_of(house) == live


# --- reads ---------------------------------------------------------------------------------------------------------


def test_a_ping_tells_the_time(sale: SmallSale) -> None:
    sale.now_ms += 123
    assert sale.ask(ANN, Ping(id=5)) == Pong(id=5, server_time_ms=START_MS + 123)


def test_one_lot_is_a_snapshot_of_it_alone(sale: SmallSale) -> None:
    answer = sale.ask(ANN, LotRequest(id=5, lot="2"))
    assert isinstance(answer, Snapshot)
    assert answer.lots == (sale.house.engine.lots["2"].view,)
    assert answer.next is None


@pytest.mark.parametrize(
    "request_",
    [
        BidRequest(id=5, lot="9", amount_minor=1000),
        BuyRequest(id=5, lot="9", price_minor=1000),
        LotRequest(id=5, lot="9"),
        ReplayRequest(id=5, lot="9", after_seq=0),
    ],
    ids=lambda request: type(request).__name__,
)
def test_a_lot_that_is_not_there_is_named_in_the_refusal(sale: SmallSale, request_: AnyRequest) -> None:
    assert sale.ask(ANN, request_) == Rejected(id=5, code=RejectCode.UNKNOWN_LOT, lot="9")


@pytest.mark.parametrize("count", [1, SNAPSHOT_LOTS_MAX, SNAPSHOT_LOTS_MAX + 1, 2 * SNAPSHOT_LOTS_MAX])
def test_snapshot_pages_hold_the_catalogue_once_and_no_page_is_too_large(count: int) -> None:
    sale = SmallSale(*lots(count))
    sale.join(ANN, "Ann")
    seen, start, pages = [], 0, 0
    while True:
        page = sale.ask(ANN, SnapshotRequest(id=2, start=start))
        assert isinstance(page, Snapshot)
        assert len(page.lots) <= SNAPSHOT_LOTS_MAX
        assert page.sale == sale.house.engine.sale
        seen += [view.lot for view in page.lots]
        pages += 1
        if page.next is None:
            break
        start = page.next
    assert seen == [str(number) for number in range(1, count + 1)]
    assert pages == -(-count // SNAPSHOT_LOTS_MAX)


def test_a_page_beyond_the_end_is_empty(sale: SmallSale) -> None:
    page = sale.ask(ANN, SnapshotRequest(id=2, start=2))
    assert isinstance(page, Snapshot)
    assert (page.lots, page.next) == ((), None)


def test_pages_of_the_largest_lots_are_small_and_hold_each_once() -> None:
    sale = SmallSale(*largest_lots(SNAPSHOT_LOTS_MAX))
    sale.join(ANN, "Ann")
    seen: list[str] = []
    start: int | None = 0
    while start is not None:
        page = sale.ask(ANN, SnapshotRequest(id=2, start=start))
        assert isinstance(page, Snapshot)
        assert PAGE_BYTES_MAX // 2 < len(encode(page)) < PAGE_BYTES_MAX or page.next is None
        seen += [view.lot for view in page.lots]
        start = page.next
    assert seen == [one.view.lot for one in sale.house.engine.catalogue]


def test_replays_of_the_largest_lots_added_are_small_and_hold_each_once() -> None:
    sale = SmallSale(*largest_lots(SNAPSHOT_LOTS_MAX))
    sale.join(ANN, "Ann")
    seqs: list[int] = []
    more = True
    while more:
        answer = sale.ask(ANN, ReplayRequest(id=2, lot="", after_seq=len(seqs)))
        assert isinstance(answer, Replay)
        more = answer.more
        assert PAGE_BYTES_MAX // 2 < len(encode(answer)) < PAGE_BYTES_MAX or not more
        seqs += [event.seq for event in answer.sale_events]
    assert seqs == list(range(1, SNAPSHOT_LOTS_MAX + 1))


def bids_on(sale: SmallSale, count: int, number: str = "1") -> None:
    """Have Ann and Bob outbid each other `count` times."""
    for step in range(count):
        view = sale.house.engine.lots[number].view
        answer = sale.ask((ANN, BOB)[step % 2], bid(sale.now_ms, view.minimum_minor, number))
        assert isinstance(answer, Accepted)
        sale.now_ms += 1


def test_a_replay_is_contiguous_up_to_the_bound_and_tells_of_more(sale: SmallSale) -> None:
    bids_on(sale, REPLAY_EVENTS_MAX + 9)
    seq = sale.house.engine.lots["1"].view.seq
    first = sale.ask(ANN, ReplayRequest(id=2, lot="1", after_seq=seq - REPLAY_EVENTS_MAX - 1))
    assert isinstance(first, Replay)
    assert [event.seq for event in first.lot_events] == list(range(seq - REPLAY_EVENTS_MAX, seq))
    assert first.more
    assert (first.lot, first.sale_events) == ("1", ())
    rest = sale.ask(ANN, ReplayRequest(id=2, lot="1", after_seq=seq - 1))
    assert isinstance(rest, Replay)
    assert ([event.seq for event in rest.lot_events], rest.more) == ([seq], False)
    whole = sale.ask(ANN, ReplayRequest(id=2, lot="1", after_seq=seq - REPLAY_EVENTS_MAX))
    assert isinstance(whole, Replay)
    assert (len(whole.lot_events), whole.more) == (REPLAY_EVENTS_MAX, False)


@pytest.mark.parametrize("ahead", [0, 1, 1000])
def test_a_replay_from_the_present_or_later_is_empty(sale: SmallSale, ahead: int) -> None:
    for house in (sale.house, sale.rebuilt(sale.house.snapshot(), len(sale.record))):
        sale.house = house  # the second has nothing at hand to replay
        for stream, seq in (("1", house.engine.lots["1"].view.seq), ("", house.engine.sale.seq)):
            answer = sale.ask(ANN, ReplayRequest(id=2, lot=stream, after_seq=seq + ahead))
            assert answer == Replay(id=2, epoch=1, lot=stream)


def test_a_replay_in_the_same_batch_as_a_bid_is_answered(sale: SmallSale) -> None:
    """What is not committed is told by the broadcast that follows; the replay must not stumble over it."""
    seq = sale.house.engine.lots["1"].view.seq
    assert isinstance(sale.send(ANN, encode(bid(10, 1500))), Accepted)
    for after_seq in (0, seq):
        answer = sale.send(BOB, encode(ReplayRequest(id=2, lot="1", after_seq=after_seq)))
        assert isinstance(answer, Replay), answer
        told = [event.seq for event in answer.lot_events]
        assert told == list(range(after_seq + 1, after_seq + 1 + len(told)))
        assert not answer.more or told
    (change,) = sale.commit().changes
    assert change[1].seq == seq + 1


def test_a_replay_of_what_is_no_longer_at_hand_is_refused(sale: SmallSale) -> None:
    sale.house = sale.rebuilt(sale.house.snapshot(), len(sale.record))
    seq = sale.house.engine.lots["1"].view.seq
    gone = sale.ask(ANN, ReplayRequest(id=2, lot="1", after_seq=seq - 1))
    assert code_of(gone) is RejectCode.HISTORY_GONE
    assert isinstance(gone, Rejected)
    assert (gone.lot, gone.seq) == ("1", seq)
    sale.house.recall_history(sale.record)
    told = sale.ask(ANN, ReplayRequest(id=2, lot="1", after_seq=0))
    assert isinstance(told, Replay)
    assert [event.seq for event in told.lot_events] == list(range(1, seq + 1))


def test_mine_tells_ones_own_maxima_and_what_was_won(sale: SmallSale) -> None:
    sale.ask(ANN, BidRequest(id=10, lot="1", maximum_minor=9000))
    sale.ask(ANN, BuyRequest(id=11, lot="2", price_minor=5000))
    mine = sale.ask(ANN, MineRequest(id=12))
    assert isinstance(mine, Mine)
    assert (mine.paddle, [(one.lot, one.maximum_minor) for one in mine.maxima]) == (1, [("1", 9000)])
    assert (mine.won, mine.total_minor) == (("2",), 5000)
    sale.order(CloseLot(lot="1"))
    mine = sale.ask(ANN, MineRequest(id=12))
    assert isinstance(mine, Mine)
    assert (mine.maxima, mine.won, mine.total_minor) == ((), ("1", "2"), 6000)
    assert sale.ask(BOB, MineRequest(id=12)) == Mine(id=12, paddle=2)


# --- heartbeats ----------------------------------------------------------------------------------------------------


def tell_openings(sale: SmallSale) -> None:
    """Have heartbeats tell that all lots were opened, half of the places of each being for changes."""
    for _ in range(-(-len(sale.house.engine.lots) * 2 // HEARTBEAT_LOTS_MAX)):
        sale.house.heartbeat(START_MS)


def test_a_heartbeat_names_changed_lots_first_and_with_their_seqs() -> None:
    sale = SmallSale(*lots(HEARTBEAT_LOTS_MAX + 100))
    sale.join(ANN, "Ann")
    tell_openings(sale)
    far = str(HEARTBEAT_LOTS_MAX + 90)
    sale.ask(ANN, bid(10, 1500, far))
    beat = sale.house.heartbeat(START_MS + 5)
    assert next(iter(beat.lots)) == far
    assert beat.lots[far] == sale.house.engine.lots[far].view.seq == 2
    assert (beat.server_time_ms, beat.sale_seq, beat.epoch) == (START_MS + 5, sale.house.engine.sale.seq, 1)
    assert (beat.instance, beat.frozen) == ("first", False)
    assert next(iter(sale.house.heartbeat(START_MS).lots)) != far, "once told it takes its turn again"


@pytest.mark.parametrize("count", [1, 7, HEARTBEAT_LOTS_MAX, HEARTBEAT_LOTS_MAX + 1, 3 * HEARTBEAT_LOTS_MAX])
def test_all_lots_have_their_turn_in_as_few_heartbeats_as_can_be(count: int) -> None:
    sale = SmallSale(*lots(count))
    tell_openings(sale)
    for _ in range(3):
        named: dict[str, int] = {}
        for _ in range(-(-count // HEARTBEAT_LOTS_MAX)):
            lots_named = sale.house.heartbeat(START_MS).lots
            assert len(lots_named) == min(count, HEARTBEAT_LOTS_MAX)
            named |= lots_named
        assert named == {name: one.view.seq for name, one in sale.house.engine.lots.items()}


def test_more_changes_than_a_heartbeat_holds_do_not_make_it_larger() -> None:
    sale = SmallSale(*lots(HEARTBEAT_LOTS_MAX + 50))
    assert len(sale.house.heartbeat(START_MS).lots) == HEARTBEAT_LOTS_MAX, "all of them were opened"


def test_a_busy_sale_does_not_keep_quiet_lots_out_of_the_heartbeat() -> None:
    sale = SmallSale(*lots(HEARTBEAT_LOTS_MAX + 50))
    sale.join(ANN, "Ann")
    sale.join(BOB, "Bob")
    tell_openings(sale)
    quiet = str(HEARTBEAT_LOTS_MAX + 50)
    beats_with_quiet = 0
    for beat in range(4):
        for number in range(1, HEARTBEAT_LOTS_MAX + 1):
            bidder = (ANN, BOB)[beat % 2]
            answer = sale.send(bidder, encode(bid(10 + beat * 1000 + number, 2000 + 1000 * beat, str(number))))
            assert isinstance(answer, Accepted)
        sale.commit()
        beats_with_quiet += quiet in sale.house.heartbeat(START_MS).lots
    assert beats_with_quiet


def test_a_sale_without_lots_has_heartbeats() -> None:
    sale = SmallSale(lot("1", by_hand=True))
    bare = House.rebuild(sale.settings, None, sale.record[:1], (), START_MS)
    assert bare.heartbeat(START_MS).lots == {}


# --- broadcasts ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("restarts", [False, True])
def test_lots_share_their_terms_and_their_increment_table(restarts: bool) -> None:
    def spec(number: int) -> LotSpec:
        own_table = tuple(Step(from_minor, 100) for from_minor in (0, 5000))
        return LotSpec(LotTerms(lot=str(number), title="Lot", starting_minor=1000, increments=own_table))

    sale = SmallSale(spec(1), spec(2))
    house = sale.rebuilt(sale.house.snapshot(), len(sale.record)) if restarts else sale.house
    first, second = house.engine.catalogue
    assert first.spec.terms.increments is second.spec.terms.increments
    assert all(lot.view.terms is lot.spec.terms for lot in (first, second))


def test_a_batch_is_told_in_one_message_for_each_lot(sale: SmallSale) -> None:
    for key, request in ((ANN, bid(10, 1500)), (ANN, bid(11, 1500, "2")), (BOB, bid(10, 1600)), (ANN, bid(12, 1700))):
        assert isinstance(sale.send(key, encode(request)), Accepted)
    told = frames(1, sale.commit().changes)
    messages = [decode_broadcast(frame) for frame in told]
    assert all(isinstance(message, LotEvents) for message in messages)
    assert [frame.partition(b"\0")[0] for frame in told] == [b"lot/1", b"lot/2"]
    assert [(message.lot, [event.seq for event in message.events]) for message in messages] == [
        ("1", [2, 3, 4]),
        ("2", [2]),
    ]


def test_what_the_sale_says_keeps_its_place_among_the_lots_events() -> None:
    def said(seq: int) -> tuple[str, Announced]:
        return "", Announced(seq, 0, str(seq))

    def happened(stream: str, seq: int) -> tuple[str, BidPlaced]:
        return stream, BidPlaced(seq, 0, 1, 1, 100, 200)

    changes = [said(1), said(2), happened("1", 1), happened("2", 1), happened("1", 2), said(3), happened("1", 3)]
    told = frames(7, changes)
    messages = [decode_broadcast(frame) for frame in told]
    assert all(isinstance(message, (LotEvents, SaleEvents)) for message in messages)
    assert [
        (frame.partition(b"\0")[0], [event.seq for event in message.events])
        for frame, message in zip(told, messages, strict=True)
    ] == [
        (b"sale", [1, 2]),
        (b"lot/1", [1, 2]),
        (b"lot/2", [1]),
        (b"sale", [3]),
        (b"lot/1", [3]),
    ]
    assert {message.epoch for message in messages} == {7}
    assert frames(7, []) == []


def test_many_lots_added_at_once_are_told_in_messages_that_fit() -> None:
    changes = [
        ("", LotAdded(seq, 0, one.terms)) for seq, one in enumerate(largest_lots(2 * SALE_EVENTS_MAX + 1), start=1)
    ]
    told = frames(1, changes)
    messages = [decode_broadcast(frame) for frame in told]
    assert [len(message.events) for message in messages] == [SALE_EVENTS_MAX, SALE_EVENTS_MAX, 1]
    assert [event.seq for message in messages for event in message.events] == list(range(1, len(changes) + 1))
    assert all(len(frame) < REPLY_BYTES_MAX for frame in told)


def test_what_is_secret_is_not_told(sale: SmallSale) -> None:
    sale.ask(ANN, bid(10, 1500))
    answer = sale.send(ANN, encode(BidRequest(id=11, lot="1", maximum_minor=9000)))
    assert isinstance(answer, Accepted)
    seq = sale.house.engine.lots["1"].view.seq
    batch = sale.commit()
    assert len(batch.events) == 1
    assert batch.changes == []
    assert answer.seq == seq


# --- those who fall silent -----------------------------------------------------------------------------------------


def maximum(request_id: int, number: str = "1", *, while_connected: bool = True) -> BidRequest:
    return BidRequest(id=request_id, lot=number, maximum_minor=9000, while_connected=while_connected)


def dropped(sale: SmallSale) -> list[tuple[int, str]]:
    sale.house.drop_silent(sale.now_ms)
    return [(event.paddle, event.lot) for event in sale.commit().events if isinstance(event, MaximumDropped)]


def test_the_maximum_of_who_asked_for_it_is_dropped_after_the_silence_and_not_before(sale: SmallSale) -> None:
    sale.ask(ANN, maximum(10))
    sale.ask(BOB, maximum(10, "2", while_connected=False))
    sale.now_ms += SILENT_MS
    assert dropped(sale) == []
    sale.now_ms += 1
    assert dropped(sale) == [(1, "1")]
    assert dropped(sale) == [], "once"
    assert isinstance(sale.ask(BOB, bid(11, 1100)), Accepted)
    assert sale.house.engine.lots["1"].view.leader == 2, "what was left of the maximum does not bid"
    standing = sale.house.engine.lots["2"].standing
    assert standing is not None
    assert standing.leader_maximum_minor == 9000, "who did not ask keeps it"


@pytest.mark.parametrize("sign", [Ping(id=50), MineRequest(id=50), maximum(10)])
def test_any_request_is_a_sign_of_life_and_that_of_another_is_not(sale: SmallSale, sign: AnyRequest) -> None:
    sale.ask(ANN, maximum(10))
    sale.now_ms += SILENT_MS
    sale.ask(ANN, sign)
    sale.now_ms += SILENT_MS
    sale.ask(BOB, Ping(id=50))
    assert dropped(sale) == []
    sale.now_ms += 1
    assert dropped(sale) == [(1, "1")]


def test_a_hello_is_a_sign_of_life(sale: SmallSale) -> None:
    sale.ask(ANN, maximum(10))
    sale.now_ms += SILENT_MS
    sale.hello(ANN)
    sale.now_ms += SILENT_MS
    assert dropped(sale) == []


def test_a_time_in_which_the_house_stood_still_is_nobodys_silence(sale: SmallSale) -> None:
    sale.ask(ANN, maximum(10))
    sale.now_ms += 5 * SILENT_MS
    sale.house.stood_still(sale.now_ms, 5 * SILENT_MS)
    sale.now_ms += SILENT_MS
    assert dropped(sale) == []
    sale.now_ms += 1
    assert dropped(sale) == [(1, "1")]


def test_after_a_restart_everybody_has_the_whole_time_again(sale: SmallSale) -> None:
    sale.ask(ANN, maximum(10))
    sale.now_ms += 5 * SILENT_MS
    sale.house = sale.rebuilt()
    assert dropped(sale) == []
    sale.now_ms += SILENT_MS + 1
    assert dropped(sale) == [(1, "1")]


# --- the clock -----------------------------------------------------------------------------------------------------


def test_a_bid_is_decided_after_all_that_was_due_before_it(sale: SmallSale) -> None:
    sale.ask(ANN, bid(10, 1500))
    sale.now_ms += HOUR_MS
    assert code_of(sale.ask(BOB, bid(10, 1600))) is RejectCode.LOT_CLOSED
    view = sale.house.engine.lots["1"].view
    assert (view.winner, view.hammer_minor, view.closed_at_ms) == (1, 1500, START_MS + HOUR_MS)


def test_the_whole_of_a_sale_is_the_same_from_its_record(sale: SmallSale) -> None:
    sale.ask(ANN, maximum(10))
    for command in (Pause(), Announce(text="A break"), EndSale()):
        sale.order(command)
    live = state_of(sale.house)
    assert state_of(sale.rebuilt()) == live
    hand = SmallSale(lot("1", by_hand=True))
    hand.order(OpenLot(lot="1"))
    assert state_of(hand.rebuilt()) == state_of(hand.house)
