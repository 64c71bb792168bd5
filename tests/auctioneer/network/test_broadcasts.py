"""What all are told of a batch: in which frames, on which topics, and nothing secret."""

import pytest

from auctioneer.network.broadcasts import LOTS_TOGETHER_MAX, SALE_EVENTS_MAX, frames
from auctioneer.rules.terms import LotSpec
from common.codec import decode_broadcast, encode, lot_topic
from common.formats.english import BidRequest, EnglishBoard, EnglishTerms, Step
from common.limits import REPLY_BYTES_MAX, TEXT_CHARS_MAX
from common.lot import LotTerms
from common.lot_events import Announced, AnyLotEvent, AnySaleEvent, LotAdded, LotMoved, LotWithdrawn
from common.messages import Accepted, LotEvents, ManyLots, SaleEvents
from tests.auctioneer.house.house_examples import (
    ANN,
    BOB,
    SmallSale,
    bid,
    largest_lots,
    lots,
    two_open_lots,
)
from tests.english import english_terms
from tests.must_be import must_be


@pytest.fixture
def sale() -> SmallSale:
    return two_open_lots()


@pytest.mark.parametrize("restarts", [False, True])
def test_lots_share_their_terms_and_their_increment_table(restarts: bool) -> None:
    def spec(number: int) -> LotSpec:
        own_table = tuple(Step(from_minor, 100) for from_minor in (0, 5000))
        return LotSpec(
            LotTerms(lot=str(number), title="Lot", format=EnglishTerms(starting_minor=1000, increments=own_table))
        )

    sale = SmallSale(spec(1), spec(2))
    house = sale.rebuilt(sale.house.snapshot(), len(sale.record)) if restarts else sale.house
    first, second = house.engine.catalogue
    assert english_terms(first.spec.terms).increments is english_terms(second.spec.terms).increments
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
    longest = LotWithdrawn(1, 0, EnglishBoard(1), "\U0001f600" * TEXT_CHARS_MAX)
    made = frames(1, [(lot, longest) for lot in lots], frozenset().__contains__)
    assert [len(seqs_told(frame)) for frame in made] == [LOTS_TOGETHER_MAX, LOTS_TOGETHER_MAX, 1]
    assert [lot for frame in made for lot, _ in seqs_told(frame)] == lots
    assert all(len(frame) < REPLY_BYTES_MAX for frame in made)


def test_what_the_sale_says_keeps_its_place_among_the_lots_events() -> None:
    def said(seq: int) -> tuple[str, Announced]:
        return "", Announced(seq, 0, str(seq))

    def happened(stream: str, seq: int) -> tuple[str, LotMoved]:
        return stream, LotMoved(seq, 0, EnglishBoard(200, 100, 1, seq), bidder=1)

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
        ("", LotAdded(seq, 0, one.terms, EnglishBoard(1)))
        for seq, one in enumerate(largest_lots(2 * SALE_EVENTS_MAX + 1), start=1)
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
