"""What the house tells who asks: the time, lots and whole catalogues, what was missed, and what is one's own."""

import pytest

from auctioneer.house import reads
from auctioneer.house.commands import CloseLot
from auctioneer.house.pages import PAGE_BYTES_MAX
from common.codec import encode
from common.errors import RejectCode
from common.formats.english import BidRequest, BuyRequest, EnglishOwn
from common.limits import AMOUNT_MINOR_MAX, LOT_CHARS_MAX, MINE_LOTS_MAX, REPLAY_EVENTS_MAX, SNAPSHOT_LOTS_MAX
from common.messages import (
    Accepted,
    AnyRequest,
    LotRequest,
    Mine,
    MineRequest,
    Ping,
    Pong,
    Position,
    Rejected,
    Replay,
    ReplayRequest,
    Snapshot,
    SnapshotRequest,
)
from tests.auctioneer.house.house_examples import (
    ANN,
    BOB,
    START_MS,
    SmallSale,
    bid,
    code_of,
    largest_lots,
    lots,
    two_open_lots,
)
from tests.english import english
from tests.must_be import must_be


@pytest.fixture
def sale() -> SmallSale:
    return two_open_lots()


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
def test_a_lot_that_is_not_there_is_named_in_the_rejection(sale: SmallSale, request_: AnyRequest) -> None:
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
        seqs += [fact.seq for fact in answer.sale_events]
    assert seqs == list(range(1, SNAPSHOT_LOTS_MAX + 1))


def bids_on(sale: SmallSale, count: int, number: str = "1") -> None:
    """Have Ann and Bob outbid each other `count` times."""
    for step in range(count):
        view = sale.house.engine.lots[number].view
        answer = sale.ask((ANN, BOB)[step % 2], bid(sale.now_ms, english(view).minimum_minor, number))
        assert isinstance(answer, Accepted)
        sale.now_ms += 1


def test_a_replay_is_contiguous_up_to_the_bound_and_tells_of_more(sale: SmallSale) -> None:
    bids_on(sale, REPLAY_EVENTS_MAX + 9)
    seq = sale.house.engine.lots["1"].view.seq
    first = sale.ask(ANN, ReplayRequest(id=2, lot="1", after_seq=seq - REPLAY_EVENTS_MAX - 1))
    assert isinstance(first, Replay)
    assert [fact.seq for fact in first.lot_events] == list(range(seq - REPLAY_EVENTS_MAX, seq))
    assert first.more
    assert (first.lot, first.sale_events) == ("1", ())
    rest = sale.ask(ANN, ReplayRequest(id=2, lot="1", after_seq=seq - 1))
    assert isinstance(rest, Replay)
    assert ([fact.seq for fact in rest.lot_events], rest.more) == ([seq], False)
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
        told = [fact.seq for fact in answer.lot_events]
        assert told == list(range(after_seq + 1, after_seq + 1 + len(told)))
        assert not answer.more or told
    (event,) = sale.commit().events
    assert event[1].seq == seq + 1


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
    assert [fact.seq for fact in told.lot_events] == list(range(1, seq + 1))


def test_mine_tells_ones_own_maxima_and_what_was_won(sale: SmallSale) -> None:
    sale.ask(ANN, BidRequest(id=10, lot="1", maximum_minor=9000))
    sale.ask(ANN, BuyRequest(id=11, lot="2", price_minor=5000))
    mine = sale.ask(ANN, MineRequest(id=12))
    assert isinstance(mine, Mine)
    assert (mine.paddle, mine.positions) == (1, (Position("1", EnglishOwn(9000)),))
    assert (mine.won, mine.total_minor) == (("2",), 5000)
    sale.order(CloseLot(lot="1"))
    mine = sale.ask(ANN, MineRequest(id=12))
    assert isinstance(mine, Mine)
    assert (mine.positions, mine.won, mine.total_minor) == ((), ("1", "2"), 6000)
    assert sale.ask(BOB, MineRequest(id=12)) == Mine(id=12, paddle=2)


def test_mine_comes_in_pages_of_so_many_lots(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reads, "MINE_LOTS_MAX", 2)
    sale = SmallSale(*lots(5))
    sale.hello(ANN, "Ann")
    for number in (1, 4, 5):
        sale.ask(ANN, bid(10 + number, 1000, str(number)))
    sale.order(CloseLot(lot="4"))
    pages = [must_be(Mine, sale.ask(ANN, MineRequest(id=20 + start, start=start))) for start in (0, 2, 4, 5)]
    assert [[one.lot for one in page.positions] for page in pages] == [["1"], [], ["5"], []]
    assert [(page.won, page.total_minor) for page in pages] == [((), 0), (("4",), 1000), ((), 0), ((), 0)]
    assert [page.next for page in pages] == [2, 4, None, None]


def test_an_answer_to_mine_is_no_larger_than_a_page() -> None:
    positions = (Position("9" * LOT_CHARS_MAX, EnglishOwn(AMOUNT_MINOR_MAX)),) * MINE_LOTS_MAX
    assert len(encode(Mine(id=1, paddle=1, positions=positions))) <= PAGE_BYTES_MAX
