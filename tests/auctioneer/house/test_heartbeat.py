"""Heartbeats: changed lots first, all lots in turn, never too large."""

import pytest

from auctioneer.house.house import House
from common.codec import encode
from common.limits import HEARTBEAT_LOTS_MAX
from common.messages import Accepted, LotSeq
from tests.auctioneer.house.house_examples import (
    ANN,
    BOB,
    START_MS,
    SmallSale,
    bid,
    lot,
    lots,
    two_open_lots,
)


@pytest.fixture
def sale() -> SmallSale:
    return two_open_lots()


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
