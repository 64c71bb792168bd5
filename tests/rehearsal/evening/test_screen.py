"""Where the demo is watched: in a pipe each notable event is a line, and the lots are not drawn."""

import re

import pytest

from rehearsal.bots.formats.lot import Kind, Line
from rehearsal.evening.screen import PlainScreen, open_screen


def test_in_a_pipe_a_notable_event_is_one_harmless_line(capsys: pytest.CaptureFixture[str]) -> None:
    with open_screen() as screen:
        assert isinstance(screen, PlainScreen)
        screen.tell(Line(Kind.SOLD, "Lot 1 SOLD to Ada\x1b[2J\nLot 2 SOLD"))
    shown = capsys.readouterr().out
    assert re.fullmatch(r" +\d+\.\d s  Lot 1 SOLD to Ada.*Lot 2 SOLD\n", shown)
    assert "\x1b" not in shown
