"""What phones are told: amounts once, nothing of one reader in public, and frames as RFC 6455 has them."""

import json

import pytest
from msgspec.structs import replace
from websockets.frames import Frame, Opcode

from bidder.core.notices import LotCaughtUp, Outbid
from bidder.web import frames
from common.formats.english import EnglishBoard, EnglishOwn
from common.lot import LotStatus
from common.lot_events import Announced, Call, SalePaused
from common.messages import Mine, Position
from tests.bidder.web.lots import EUROS, Hall, lot


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, 70_000])
def test_a_frame_is_that_of_the_library(size: int) -> None:
    payload = b"x" * size
    assert frames.text_frame(payload) == Frame(Opcode.TEXT, payload).serialize(mask=False)


def test_a_public_lot_has_each_amount_once_and_nothing_of_a_reader() -> None:
    record = frames.whole_lot(lot("1"), EUROS, Call.FAIR_WARNING)
    assert record["minimum_minor"] == 100
    assert not {"minimum", "price", "leading", "won", "currency"} & record.keys()
    assert record["call"] == "fair_warning"


def test_a_move_is_short_and_any_other_change_has_the_whole_lot() -> None:
    hall = Hall(lot("1"))
    move = frames.lot_change(hall.bid("1", 120), EUROS, None)
    assert (move["event"], move["price_minor"], move["bidder"]) == ("lot_moved", 120, 7)
    assert "title" not in move
    caught_up = frames.lot_caught_up(LotCaughtUp(1, "1", 5, None, lot("1")), EUROS, None)
    assert (caught_up["event"], caught_up["title"]) == ("lot_caught_up", "Title 1")


def test_a_lot_that_moved_on_has_what_a_move_changes_but_no_event() -> None:
    hall = Hall(lot("1"))
    move = frames.lot_change(hall.bid("1", 120), EUROS, None)
    moved_on = frames.lot_moved_on(hall.views["1"], 1, EUROS, None)
    assert moved_on == {name: move[name] for name in move if name not in ("event", "epoch", "at_ms", "bidder")}


def test_lots_that_are_encoded_make_one_record() -> None:
    encoded = [frames.encode({"lot": "1"}), frames.encode({"lot": "2"})]
    assert json.loads(frames.lots_payload(3, encoded)) == {
        "event": "lots",
        "epoch": 3,
        "lots": [{"lot": "1"}, {"lot": "2"}],
    }
    assert json.loads(frames.lots_payload(3, [])) == {"event": "lots", "epoch": 3, "lots": []}


def test_the_sale_names_its_lots_in_their_order_and_its_currency() -> None:
    record = frames.sale_state(2, Hall(lot("1"), lot("2")).sale, ["2", "1"])
    assert record["order"] == ["2", "1"]
    assert record["currency"] == {"code": "EUR", "digits": 2}


def test_the_sale_says_whether_a_bid_can_be_taken_back() -> None:
    sale = Hall().sale
    for retractions in (True, False):
        assert frames.sale_state(1, replace(sale, retractions=retractions), [])["retractions"] is retractions


def test_only_what_changes_the_sale_itself_has_it_told_again() -> None:
    hall = Hall()
    assert not frames.reshapes_sale(hall.tell(Announced(1, 0, "Hello")))
    assert frames.reshapes_sale(hall.tell(SalePaused(2, 0)))


def test_private_records_have_the_position_and_the_last_id() -> None:
    view = lot("1", LotStatus.OPEN)
    mine = Mine(id=1, paddle=7, positions=(Position("1", EnglishOwn(500)),), won=(), total_minor=0)
    you = frames.you(mine, "Ada", {"1": view}, EUROS, 99)
    assert (you["name"], you["paddle"], you["last_id"]) == ("Ada", 7, 99)
    assert "total" not in you
    outbid = frames.fortune(Outbid("1", 4, 8, EnglishBoard(130, 120, 8, 2)), 1, EUROS)
    assert (outbid["event"], outbid["by"], outbid["price_minor"]) == ("outbid", 8, 120)


def test_amounts_inside_rows_lose_their_texts_too() -> None:
    record = {"results": [{"paddle": 1, "amount": "1.00", "amount_minor": 100}], "price": None, "price_minor": None}
    assert frames.without_texts(record) == {"results": [{"paddle": 1, "amount_minor": 100}], "price_minor": None}
