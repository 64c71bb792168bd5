"""When the server speaks to all: no faster than its listeners take it, and once a second in any case."""

from functools import partial
from itertools import pairwise

import pytest

from auctioneer.process import server
from auctioneer.rules.facts import PositionReleased
from common.formats.english import BidRequest
from common.limits import HEARTBEAT_MS
from common.messages import Heartbeat, LotEvents, ManyLots
from tests.auctioneer.house.house_examples import ANN, BOB, lot, lots
from tests.auctioneer.process.served_sale import Opens, Published, bid

ALL_LOTS = b"lot/"


# --- pacing --------------------------------------------------------------------------------------------------------


def test_while_the_publisher_is_busy_changes_wait_and_share_a_frame(
    hold: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "ENCRYPTED_DELIVERY_US", 100_000.0)
    sale = hold()
    ann, bob = sale.bidder(ANN, "Ann"), sale.bidder(BOB, "Bob")
    sale.at(5, lambda: sale.listener(ANN, ALL_LOTS))
    sale.at(100, lambda: sale.ask(ann, bid(10, 1000)))
    sale.at(130, lambda: sale.ask(ann, bid(11, 1000, "2")))
    sale.at(160, lambda: sale.ask(bob, bid(12, 1100)))
    sale.at(190, lambda: sale.ask(ann, bid(13, 1200)))
    sale.run(400)
    frames = [(one.at_ms - sale.began_ms, one.message) for one in sale.published(LotEvents)]
    assert [(at_ms, message.lot, len(message.events)) for at_ms, message in frames] == [
        (100, "1", 1),
        (200, "2", 1),
        (200, "1", 2),
    ]


def test_a_heartbeat_names_nothing_that_was_not_broadcast(hold: Opens, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "ENCRYPTED_DELIVERY_US", 450_000.0)
    sale = hold(lots(1))
    ann, bob = sale.bidder(ANN, "Ann"), sale.bidder(BOB, "Bob")
    sale.at(5, lambda: sale.listener(ANN, ALL_LOTS))
    for place in range(30):
        sale.at(
            100 + 50 * place,
            partial(sale.ask, (ann, bob)[place % 2], bid(10 + place, 1000 + 100 * place)),
        )
    sale.run(3000)
    told_seq = held = 0
    for one in sale.told:
        if isinstance(one, Published) and isinstance(one.message, LotEvents):
            told_seq = one.message.events[-1].seq
            held += len(one.message.events) > 1
        elif isinstance(one, Published) and isinstance(one.message, Heartbeat) and one.at_ms > sale.began_ms:
            assert {told.lot: told.seq for told in one.message.lots}["1"] <= told_seq
    assert told_seq == 31, "an opening and thirty bids"
    assert held, "nothing was ever held"


def test_who_left_the_broadcasts_holds_nobody_up(hold: Opens, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "ENCRYPTED_DELIVERY_US", 100_000.0)
    sale = hold()
    ann = sale.bidder(ANN, "Ann")
    sale.at(5, lambda: sale.listener(ANN, ALL_LOTS))
    sale.at(10, lambda: sale.connections[-1].close())
    for place, delay_ms in enumerate((1900, 1920)):
        sale.at(delay_ms, partial(sale.ask, ann, bid(10 + place, 1000, str(1 + place))))
    sale.run(2000)
    assert [one.at_ms - sale.began_ms for one in sale.published(LotEvents)] == [1900, 1920]


def test_changes_of_several_lots_are_one_frame_but_for_a_lot_that_is_followed(hold: Opens) -> None:
    sale = hold(lots(4))
    ann = sale.bidder(ANN, "Ann")
    sale.at(5, lambda: sale.listener(ANN, ALL_LOTS), lambda: sale.listener(ANN, b"lot/2\0"))
    sale.at(100, *[partial(sale.ask, ann, bid(10 + number, 1000, str(number))) for number in (1, 2, 3, 4)])
    known: list[int] = []
    sale.at(90, lambda: known.append(len(sale.frames)))
    sale.run(250)
    told = [frame for frame in sale.frames[known[0] :] if isinstance(frame, LotEvents | ManyLots)]
    assert [[one.lot for one in frame.each] for frame in told] == [["2"], ["1", "3", "4"]]


# --- heartbeats ----------------------------------------------------------------------------------------------------


def test_heartbeats_come_as_often_as_promised_also_while_frozen(hold: Opens) -> None:
    sale = hold()
    sale.at(2000, lambda: sale.failing.update(("append", "mark", "open")))
    sale.run(9000)
    beats = [one.at_ms for one in sale.published(Heartbeat)]
    assert max(after - before for before, after in pairwise(beats)) <= HEARTBEAT_MS
    assert [one.message.frozen for one in sale.published(Heartbeat)][-1]


def test_life_is_noted_only_where_nothing_else_was_stored(hold: Opens) -> None:
    sale = hold(lots(40))
    ann = sale.bidder(ANN, "Ann")
    for place in range(20):
        sale.at(100 + 250 * place, partial(sale.ask, ann, bid(10 + place, 1000, str(1 + place))))
    sale.run(8000)
    marks = [one.at_ms - sale.began_ms for one in sale.writes("mark")]
    assert marks, "a quiet house is alive too"
    assert min(marks) > 5000
    assert max(after - before for before, after in pairwise(marks)) <= HEARTBEAT_MS


@pytest.mark.parametrize(("slow_ms", "note"), [(2000, "mark"), (5000, "append")])
def test_a_house_whose_start_took_long_is_not_heard_before_its_life_is_noted(
    hold: Opens, slow_ms: int, note: str
) -> None:
    """What is given back after the next crash is counted from there, and nobody was kept from bidding since.

    A start that took very long is a standstill, and that is recorded.
    """
    sale = hold((lot("1", by_hand=True),))
    ann = sale.bidder(ANN, "Ann")
    sale.at(500, lambda: sale.failing.add("append"), lambda: sale.ask(ann, bid(10, 1000)))
    sale.at(600, lambda: sale.failing.clear(), lambda: setattr(sale, "slow_ms", slow_ms))
    sale.run(7000)
    back = next(one for one in sale.published(Heartbeat) if one.at_ms > sale.began_ms + slow_ms)
    noted = next(one for one in sale.writes(note) if one.at_ms > sale.began_ms + slow_ms)
    assert noted.at_ms == back.at_ms
    assert sale.told.index(noted) < sale.told.index(back)


def test_the_maximum_of_who_fell_silent_is_dropped_and_stored_at_once(hold: Opens) -> None:
    sale = hold()
    ann = sale.bidder(ANN, "Ann")
    request = BidRequest(id=10, lot="1", maximum_minor=5000, while_connected=True)
    sale.at(100, lambda: sale.ask(ann, request))
    sale.run(13_000)
    dropped = [(one.at_ms, fact) for one in sale.writes("append") for fact in one.facts]
    ((at_ms, fact),) = [(at_ms, fact) for at_ms, fact in dropped if isinstance(fact, PositionReleased)]
    assert fact.at_ms == at_ms
