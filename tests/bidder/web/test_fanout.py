"""Who hears what: pace, slow phones, and that everybody ends with the newest state."""

import json
import random
from collections.abc import Iterator
from typing import Any

import pytest

from bidder.core.notices import ConnectionChanged, ConnectionState, StateReady
from bidder.web import fanout
from bidder.web.fanout import Fanout, Listener
from bidder.web.frames import text_frame
from bidder.web.limits import BACKLOG_BYTES_MAX, FRAMES_PER_S_MAX, WRITE_BUFFER_BYTES_MAX
from bidder.web.public_sale import PublicSale
from common.lot_events import Announced
from tests.bidder.web.lots import Hall, lot
from tests.bidder.web.test_public_sale import payload


def apart(written: bytes) -> Iterator[bytes]:
    """Yield the frames of one write; each is longer than 125 bytes, or alone."""
    while written:
        size = int.from_bytes(written[2:4], "big") + 4 if written[1] == 126 else len(written)
        yield written[:size]
        written = written[size:]


class Line:
    """A line that keeps what is written, and is clogged above its bound until `drain`."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.waiting = 0
        self.is_stuck = False
        self.is_cut = False

    @property
    def is_clogged(self) -> bool:
        return self.waiting > WRITE_BUFFER_BYTES_MAX

    @property
    def unsent_bytes(self) -> int:
        return self.waiting

    def write(self, frame: bytes) -> None:
        self.frames.append(frame)
        if self.is_stuck:
            self.waiting += len(frame)

    def cut(self) -> None:
        self.is_cut = True

    def end(self, code: int) -> None:
        self.cut()

    def drain(self) -> None:
        self.waiting, self.is_stuck = 0, False

    @property
    def heard(self) -> list[Any]:
        return [payload(frame) for written in self.frames for frame in apart(written)]

    def events(self) -> list[str]:
        return [record["event"] for record in self.heard]

    def lots(self) -> dict[str, int]:
        """Return the seq of each lot, as a page would have it."""
        seqs: dict[str, int] = {}
        for record in self.heard:
            for piece in record.get("lots", [record]):
                number, seq = piece.get("lot"), piece.get("seq")
                if number is not None and ("title" in piece or number in seqs):
                    seqs[number] = max(seq, seqs.get(number, -1))
        return seqs


class Room:
    def __init__(self, *numbers: str) -> None:
        self.hall = Hall(*(lot(number) for number in numbers))
        self.sale = PublicSale()
        self.fanout = Fanout(self.sale)
        self.now_ms = 0
        self.publish(StateReady(1, self.hall.sale, len(numbers)))

    def publish(self, *notices: Any) -> None:
        for notice in notices:
            self.fanout.publish(self.sale.hear(notice, self.hall), self.now_ms)
        self.wait(0)

    def add(self) -> tuple[Line, Listener]:
        line = Line()
        listener = Listener(line)
        self.fanout.add(listener)
        return line, listener

    def bid(self, number: str = "1", price_minor: int = 120) -> None:
        self.publish(self.hall.bid(number, price_minor))

    def wait(self, ms: int) -> None:
        end_ms = self.now_ms + ms
        while (due_ms := self.fanout.flush_at_ms) is not None and due_ms <= end_ms:
            self.now_ms = due_ms
            self.fanout.flush(due_ms)
        self.now_ms = end_ms

    @property
    def seqs(self) -> dict[str, int]:
        return {number: view.seq for number, view in self.hall.views.items()}


def test_who_comes_is_told_all_and_then_each_change_with_the_same_bytes() -> None:
    room = Room("1", "2")
    first, second = room.add()[0], room.add()[0]
    assert first.events() == ["house", "sale_state", "lots", "ready"]
    room.bid()
    assert first.events()[-1] == "lot_moved"
    assert first.frames[-1] is second.frames[-1]


def test_who_comes_before_the_sale_is_known_is_told_so_and_then_all() -> None:
    sale, hall = PublicSale(), Hall(lot("1"))
    fan, line = Fanout(sale), Line()
    fan.add(Listener(line))
    assert line.heard == [{"event": "house", "state": "connecting", "reason": "The house has yet to answer."}]
    fan.publish(sale.hear(StateReady(1, hall.sale, 1), hall), 0)
    assert line.events()[1:] == ["house", "sale_state", "lots", "ready"]


def test_changes_go_out_at_once_up_to_the_rate_and_together_above_it() -> None:
    room = Room("1", "2")
    line, _ = room.add()
    for step in range(FRAMES_PER_S_MAX):
        room.bid("1", 120 + 10 * step)
    assert line.events().count("lot_moved") == FRAMES_PER_S_MAX
    assert room.fanout.flush_at_ms is None
    for step in range(20):
        room.bid("2", 120 + 10 * step)
        room.bid("1", 5000 + 10 * step)
    assert line.events().count("lot_moved") == FRAMES_PER_S_MAX
    room.wait(100)
    assert line.lots() == room.seqs
    together = line.heard[-1]
    assert together["event"] == "lots"
    assert [("title" in piece, piece["lot"]) for piece in together["lots"]] == [(False, "2"), (False, "1")]


def test_what_came_before_a_flush_is_told_in_one_write_frame_by_frame_and_in_order() -> None:
    room = Room("1", "2")
    (line, _), (clogged, listener) = room.add(), room.add()
    clogged.is_stuck, clogged.waiting = True, WRITE_BUFFER_BYTES_MAX + 1
    before = len(line.frames)
    announced = Announced(1, 0, "A word of the auctioneer that is long enough for a frame of the middle size, and rare")
    room.publish(room.hall.bid("2", 120), room.hall.tell(announced), room.hall.bid("1", 130), room.hall.bid("1", 140))
    assert len(line.frames) == before + 1
    assert line.events()[-4:] == ["lot_moved", "announced", "lot_moved", "lot_moved"]
    assert line.lots() == room.seqs
    clogged.drain()
    room.fanout.catch_up(listener)
    assert clogged.events()[-3:] == ["house", "sale_state", "lots"]
    assert clogged.lots() == room.seqs


def test_many_are_told_some_at_a_time_and_nobody_waits_longer_than_a_round(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fanout, "PHONES_AT_ONCE", 2)
    room = Room("1")
    lines = [room.add()[0] for _ in range(5)]
    heard = [len(line.frames) for line in lines]

    def told(*notices: Any) -> list[int]:
        """Publish, flush once, and return the writes to each phone since the last time."""
        nonlocal heard
        for notice in notices:
            room.fanout.publish(room.sale.hear(notice, room.hall), room.now_ms)
        room.fanout.flush(room.now_ms)
        before, heard = heard, [len(line.frames) for line in lines]
        return [now - then for now, then in zip(heard, before, strict=True)]

    assert told(room.hall.bid("1", 120)) == [1, 1, 0, 0, 0]
    assert told(room.hall.bid("1", 130)) == [0, 0, 1, 1, 0], "those get both prices in one write"
    assert told() == [1, 0, 0, 0, 1]
    assert room.fanout.flush_at_ms is not None
    assert told() == [0, 1, 0, 0, 0]
    assert room.fanout.flush_at_ms is None
    assert all(line.events().count("lot_moved") == 2 for line in lines)
    assert not room.fanout._log


def test_who_comes_or_goes_in_the_middle_of_a_round_changes_nothing_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fanout, "PHONES_AT_ONCE", 3)
    for seed in range(60):
        draw = random.Random(seed)
        room = Room("1", "2")
        phones = [room.add() for _ in range(draw.randrange(1, 9))]
        price_minor = 100
        for _ in range(60):
            price_minor += 10
            for _ in range(draw.randrange(3)):
                notice = room.hall.bid(draw.choice("12"), price_minor := price_minor + 10)
                room.fanout.publish(room.sale.hear(notice, room.hall), room.now_ms)
            if draw.random() < 0.2:
                phones.append(room.add())
            if draw.random() < 0.2 and phones:
                room.fanout.remove(phones.pop(draw.randrange(len(phones)))[1])
            if draw.random() < 0.05:
                room.fanout.publish(room.sale.hear(StateReady(1, room.hall.sale, 2), room.hall), room.now_ms)
            room.fanout.flush(room.now_ms)
            assert len(room.fanout._log) <= 60
            room.now_ms += 60
        room.wait(1000)
        assert all(line.lots() == room.seqs for line, _ in phones), seed
        assert not room.fanout._log


def test_who_was_not_told_before_another_history_is_told_all_after_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fanout, "PHONES_AT_ONCE", 1)
    room = Room("1", "2")
    lines = [room.add()[0] for _ in range(2)]
    room.fanout.publish(room.sale.hear(room.hall.bid("1", 120), room.hall), 0)
    room.fanout.flush(0)
    room.fanout.publish(room.sale.hear(StateReady(1, room.hall.sale, 2), room.hall), 0)
    for number in "12":
        room.fanout.publish(room.sale.hear(room.hall.bid(number, 130), room.hall), 0)
    room.wait(0)
    assert [line.events()[-3:] for line in lines] == [["ready", "lot_moved", "lot_moved"]] * 2


def test_the_log_of_who_is_never_done_stays_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fanout, "PHONES_AT_ONCE", 1)
    room = Room("1")
    lines = [room.add()[0] for _ in range(4)]
    for step in range(400):
        room.now_ms += 30
        room.fanout.publish(room.sale.hear(room.hall.bid("1", 120 + 10 * step), room.hall), room.now_ms)
        room.fanout.flush(room.now_ms)
        assert len(room.fanout._log) <= 2 * len(lines)
    room.wait(100)
    assert all(line.events().count("lot_moved") == 400 for line in lines)


def test_nothing_old_is_told_after_another_history() -> None:
    room = Room("1")
    line, _ = room.add()
    room.publish(room.hall.bid("1", 120), StateReady(2, room.hall.sale, 1))
    assert "lot_moved" not in line.events()
    assert line.events()[-2:] == ["lots", "ready"]


def test_no_second_has_more_frames_than_the_rate_but_for_what_was_saved_up() -> None:
    room = Room("1", "2", "3")
    line, _ = room.add()
    before = len(line.frames)
    for step in range(2000):
        room.bid(str(1 + step % 3), 120 + 10 * step)
        room.wait(1)
    sent = len(line.frames) - before
    assert 2 * FRAMES_PER_S_MAX <= sent <= 3 * FRAMES_PER_S_MAX
    room.wait(100)
    assert line.lots() == room.seqs


def test_a_clogged_phone_gets_nothing_public_and_then_the_newest_state() -> None:
    room = Room("1", "2")
    (slow, listener), (quick, _) = room.add(), room.add()
    slow.is_stuck, slow.waiting = True, WRITE_BUFFER_BYTES_MAX + 1
    before = len(slow.frames)
    for step in range(3):
        room.bid("1", 120 + 10 * step)
    room.publish(room.hall.tell(Announced(1, 0, "Hello")))
    room.fanout.tell_time(text_frame(b'{"event":"clock"}'), room.now_ms)
    room.wait(0)
    assert len(slow.frames) == before
    assert quick.lots() == room.seqs
    slow.drain()
    room.fanout.catch_up(listener)
    assert slow.events()[-3:] == ["house", "sale_state", "lots"]
    assert slow.heard[-2]["announcement"] == "Hello"
    assert slow.lots() == room.seqs


def test_a_phone_that_clogs_while_it_is_told_all_goes_on_when_it_is_free() -> None:
    room = Room(*(str(number) for number in range(1, 400)))
    line = Line()
    line.is_stuck = True
    listener = Listener(line)
    room.fanout.add(listener)
    assert "ready" not in line.events()
    assert line.waiting < 2 * WRITE_BUFFER_BYTES_MAX
    while listener.missed:
        line.waiting = 0
        room.fanout.catch_up(listener)
    line.waiting = 0
    room.fanout.catch_up(listener)
    assert line.events().count("ready") == 1
    assert line.lots() == room.seqs


def test_a_history_that_is_another_one_is_told_from_the_beginning() -> None:
    room = Room("1")
    line, _ = room.add()
    room.publish(StateReady(2, room.hall.sale, 1))
    assert [record["epoch"] for record in line.heard if record["event"] == "lots"] == [1, 2]


def test_private_frames_go_over_a_clogged_line_up_to_a_bound() -> None:
    line = Line()
    listener = Listener(line)
    line.waiting = BACKLOG_BYTES_MAX
    listener.write(b"verdict")
    assert line.frames == [b"verdict"]
    line.waiting = BACKLOG_BYTES_MAX + 1
    listener.write(b"verdict")
    assert line.is_cut


def test_who_has_gone_hears_nothing_more() -> None:
    room = Room("1")
    line, listener = room.add()
    room.fanout.remove(listener)
    before = len(line.frames)
    room.bid()
    room.publish(ConnectionChanged(ConnectionState.SILENT))
    assert len(line.frames) == before


def test_whatever_clogs_and_drains_all_phones_end_with_the_newest_state() -> None:
    for seed in range(30):
        draw = random.Random(seed)
        room = Room("1", "2", "3", "4")
        phones = [room.add() for _ in range(5)]
        price_minor = 100
        for _ in range(300):
            price_minor += 10
            room.bid(draw.choice("1234"), price_minor)
            line, listener = draw.choice(phones)
            if line.is_clogged:
                line.drain()
                room.fanout.catch_up(listener)
            elif draw.random() < 0.3:
                line.is_stuck, line.waiting = True, WRITE_BUFFER_BYTES_MAX + 1
            room.wait(draw.randrange(30))
        room.wait(1000)
        for line, listener in phones:
            line.drain()
            room.fanout.catch_up(listener)
            assert line.lots() == room.seqs, seed
    assert json.loads(room.sale.whole("1"))["seq"] == room.seqs["1"]
