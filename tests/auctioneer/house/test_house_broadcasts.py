"""What the house has all be told: heartbeats, and the changes of a batch."""

import pytest

from auctioneer.house.house import House
from auctioneer.network.broadcasts import LOTS_TOGETHER_MAX, SALE_EVENTS_MAX, frames
from auctioneer.rules.terms import LotSpec
from common.codec import decode_broadcast, encode, lot_topic
from common.limits import HEARTBEAT_LOTS_MAX, REPLY_BYTES_MAX, TEXT_CHARS_MAX
from common.lot import Announced, AnyLotEvent, AnySaleEvent, BidPlaced, LotAdded, LotTerms, LotWithdrawn, Step
from common.messages import Accepted, BidRequest, LotEvents, LotSeq, ManyLots, SaleEvents
from tests.auctioneer.house.house_examples import (
    ANN,
    BOB,
    START_MS,
    SmallSale,
    bid,
    largest_lots,
    lot,
    lots,
    two_open_lots,
)
from tests.must_be import must_be


@pytest.fixture
def sale() -> SmallSale:
    return two_open_lots()


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
    assert beat.lots[0] == LotSeq(far, 2)
    assert sale.house.engine.lots[far].view.seq == 2
    assert (beat.server_time_ms, beat.sale_seq, beat.epoch) == (START_MS + 5, sale.house.engine.sale.seq, 1)
    assert (beat.instance, beat.frozen) == ("first", False)
    assert sale.house.heartbeat(START_MS).lots[0].lot != far, "once told it takes its turn again"


@pytest.mark.parametrize("count", [1, 7, HEARTBEAT_LOTS_MAX, HEARTBEAT_LOTS_MAX + 1, 3 * HEARTBEAT_LOTS_MAX])
def test_all_lots_have_their_turn_in_as_few_heartbeats_as_can_be(count: int) -> None:
    sale = SmallSale(*lots(count))
    tell_openings(sale)
    for _ in range(3):
        named: dict[str, int] = {}
        for _ in range(-(-count // HEARTBEAT_LOTS_MAX)):
            lots_named = sale.house.heartbeat(START_MS).lots
            assert len(lots_named) == min(count, HEARTBEAT_LOTS_MAX)
            named |= {told.lot: told.seq for told in lots_named}
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
        beats_with_quiet += quiet in {told.lot for told in sale.house.heartbeat(START_MS).lots}
    assert beats_with_quiet


def test_a_sale_without_lots_has_heartbeats() -> None:
    sale = SmallSale(lot("1", by_hand=True))
    bare = House.rebuild(sale.settings, None, sale.record[:1], (), START_MS)
    assert bare.heartbeat(START_MS).lots == ()


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


FOLLOWED_IN_THE_SALE = {"1", "2", "4"}.__contains__


def seqs_told(frame: bytes) -> list[tuple[str, list[int]]]:
    """Return what a frame tells of lots, in its order; each lot by itself where it tells of one."""
    message = decode_broadcast(frame)
    assert isinstance(message, LotEvents | ManyLots)
    return [(one.lot, [event.seq for event in one.events]) for one in message.each]


@pytest.mark.parametrize(
    ("followed", "told"),
    [
        ("", {b"lot/": [("1", [2, 3, 4]), ("2", [2]), ("3", [2])]}),
        ("2", {b"lot/2": [("2", [2])], b"lot/": [("1", [2, 3, 4]), ("3", [2])]}),
        ("13", {b"lot/1": [("1", [2, 3, 4])], b"lot/3": [("3", [2])], b"lot/": [("2", [2])]}),
        ("123", {b"lot/1": [("1", [2, 3, 4])], b"lot/2": [("2", [2])], b"lot/3": [("3", [2])]}),
    ],
)
def test_a_batch_is_told_in_one_message_but_for_lots_that_are_followed(
    followed: str, told: dict[bytes, list[tuple[str, list[int]]]]
) -> None:
    sale = SmallSale(*lots(3))
    sale.join(ANN, "Ann")
    sale.join(BOB, "Bob")
    sale.commit()
    for key, request in (
        (ANN, bid(10, 1500)),
        (ANN, bid(11, 1500, "2")),
        (BOB, bid(10, 1600)),
        (BOB, bid(11, 1500, "3")),
        (ANN, bid(12, 1700)),
    ):
        assert isinstance(sale.send(key, encode(request)), Accepted)
    made = frames(1, sale.commit().events, lambda lot: lot in followed)
    assert {frame.partition(b"\0")[0]: seqs_told(frame) for frame in made} == told
    assert len(made) == len(told)


def test_a_lot_that_is_told_of_alone_comes_on_its_own_topic(sale: SmallSale) -> None:
    assert isinstance(sale.send(ANN, encode(bid(10, 1500))), Accepted)
    (frame,) = frames(1, sale.commit().events, frozenset().__contains__)
    assert frame.startswith(lot_topic("1"))
    assert isinstance(decode_broadcast(frame), LotEvents)


def test_very_many_lots_come_in_several_frames() -> None:
    lots = [str(number) for number in range(2 * LOTS_TOGETHER_MAX + 1)]
    longest = LotWithdrawn(1, 0, "\U0001f600" * TEXT_CHARS_MAX)
    made = frames(1, [(lot, longest) for lot in lots], frozenset().__contains__)
    assert [len(seqs_told(frame)) for frame in made] == [LOTS_TOGETHER_MAX, LOTS_TOGETHER_MAX, 1]
    assert [lot for frame in made for lot, _ in seqs_told(frame)] == lots
    assert all(len(frame) < REPLY_BYTES_MAX for frame in made)


def test_what_the_sale_says_keeps_its_place_among_the_lots_events() -> None:
    def said(seq: int) -> tuple[str, Announced]:
        return "", Announced(seq, 0, str(seq))

    def happened(stream: str, seq: int) -> tuple[str, BidPlaced]:
        return stream, BidPlaced(seq, 0, 1, 1, 100, 200)

    events: list[tuple[str, AnyLotEvent | AnySaleEvent]] = [
        said(1),
        said(2),
        happened("1", 1),
        happened("2", 1),
        happened("1", 2),
        said(3),
        happened("1", 3),
    ]
    told = frames(7, events, FOLLOWED_IN_THE_SALE)

    def seqs(frame: bytes) -> list[int]:
        message = decode_broadcast(frame)
        assert isinstance(message, LotEvents | SaleEvents)
        assert message.epoch == 7
        return [event.seq for event in message.events]

    assert [(frame.partition(b"\0")[0], seqs(frame)) for frame in told] == [
        (b"sale", [1, 2]),
        (b"lot/1", [1, 2]),
        (b"lot/2", [1]),
        (b"sale", [3]),
        (b"lot/1", [3]),
    ]
    assert frames(7, [], FOLLOWED_IN_THE_SALE) == []


def test_many_lots_added_at_once_are_told_in_messages_that_fit() -> None:
    events: list[tuple[str, AnyLotEvent | AnySaleEvent]] = [
        ("", LotAdded(seq, 0, one.terms)) for seq, one in enumerate(largest_lots(2 * SALE_EVENTS_MAX + 1), start=1)
    ]
    told = frames(1, events, FOLLOWED_IN_THE_SALE)
    messages = [must_be(SaleEvents, decode_broadcast(frame)) for frame in told]
    assert [len(message.events) for message in messages] == [SALE_EVENTS_MAX, SALE_EVENTS_MAX, 1]
    assert [event.seq for message in messages for event in message.events] == list(range(1, len(events) + 1))
    assert all(len(frame) < REPLY_BYTES_MAX for frame in told)


def test_what_is_secret_is_not_told(sale: SmallSale) -> None:
    sale.ask(ANN, bid(10, 1500))
    answer = sale.send(ANN, encode(BidRequest(id=11, lot="1", maximum_minor=9000)))
    assert isinstance(answer, Accepted)
    seq = sale.house.engine.lots["1"].view.seq
    batch = sale.commit()
    assert len(batch.facts) == 1
    assert batch.events == []
    assert answer.seq == seq
