"""Who may hear the broadcasts, as the door is told; what libzmq does with the word is tried in `tests/integration`."""

import pytest

from auctioneer import door
from auctioneer.door import TURNED_AWAY_S, Audience, Word
from auctioneer.register import Admission


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def test_who_was_turned_away_may_come_back_after_a_while() -> None:
    clock = Clock()
    audience = Audience(Admission(), clock)
    audience.turn_away("eve")
    assert audience("eve") is Word.NOT_NOW
    assert audience("ann") is Word.COME_IN
    clock.now_s += TURNED_AWAY_S - 0.001
    assert audience("eve") is Word.NOT_NOW
    clock.now_s += 0.001
    assert audience("eve") is Word.COME_IN


def test_turning_away_again_begins_anew() -> None:
    clock = Clock()
    audience = Audience(Admission(), clock)
    audience.turn_away("eve")
    clock.now_s += TURNED_AWAY_S - 1
    audience.turn_away("eve")
    clock.now_s += TURNED_AWAY_S - 1
    assert audience("eve") is Word.NOT_NOW


def test_so_many_are_remembered_and_the_oldest_gives_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "TURNED_AWAY_MAX", 2)
    audience = Audience(Admission(), Clock())
    for key in ("first", "second", "first", "third"):
        audience.turn_away(key)
    assert [audience(key) for key in ("first", "second", "third")] == [Word.NOT_NOW, Word.COME_IN, Word.NOT_NOW]
