"""Where a sale is watched: in a pipe each notable event is a line, and the lots are not drawn."""

import re
from typing import cast

import pytest

from bidder import AsyncClient
from common.formats.english import EnglishBoard, EnglishTerms, Step
from common.lot import LotStatus, LotTerms, LotView
from rehearsal.bots.formats.lot import Kind, Line
from rehearsal.evening.screen import PROGRESS_S, PlainScreen, chosen_lots, open_screen


def test_in_a_pipe_a_notable_event_is_one_harmless_line(capsys: pytest.CaptureFixture[str]) -> None:
    with open_screen() as screen:
        assert isinstance(screen, PlainScreen)
        screen.tell(Line(Kind.SOLD, "Lot 1 SOLD to Ada\x1b[2J\nLot 2 SOLD"))
    shown = capsys.readouterr().out
    assert re.fullmatch(r" +\d+\.\d s  Lot 1 SOLD to Ada.*Lot 2 SOLD\n", shown)
    assert "\x1b" not in shown


def view(lot: str, status: LotStatus, closed_at_ms: int | None = None) -> LotView:
    terms = LotTerms(lot=lot, title="A vase", format=EnglishTerms(100, (Step(0, 10),)))
    return LotView(terms, EnglishBoard(100), status=status, closed_at_ms=closed_at_ms)


def test_in_a_low_terminal_the_lots_that_run_are_shown_first_then_the_latest_and_the_next() -> None:
    over = [view(str(number), LotStatus.SOLD, closed_at_ms=number) for number in range(1, 6)]
    views = [*over, view("6", LotStatus.OPEN), view("7", LotStatus.SCHEDULED), view("8", LotStatus.SCHEDULED)]

    def shown(room: int) -> str:
        return "".join(one.lot for one in chosen_lots(views, room))

    assert shown(0) == shown(1) == "6"
    assert shown(4) == "3456"
    assert shown(6) == "345678"
    assert shown(7) == "2345678"
    assert shown(100) == "12345678"


def test_progress_is_a_line_now_and_then_and_for_programs_not_on_stdout(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: seconds[0])
    screen = PlainScreen(lambda: "0:01:00", err=True)
    client = cast("AsyncClient", None)
    for at_s in (0.0, PROGRESS_S - 0.1, PROGRESS_S, PROGRESS_S + 1):
        seconds[0] = at_s
        screen.refresh(client, str, "1 of 2 lots over")
    screen.tell(Line(Kind.SALE, "The sale has ended"))
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == "0:01:00  1 of 2 lots over\n0:01:00  The sale has ended\n"
