"""The full screen at a real terminal: from the command to the shell again, whatever happens to the house."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bidder.tui.bid_key import LOCK_MS
from tests.bidder.cli.programs import AtTerminal, catalogue
from tests.house_process import ROOT, HouseProcess, running_house
from tests.tmux import ENDED, Tmux, needs_tmux

pytestmark = needs_tmux
LOOK_FIRST_S = 2 * LOCK_MS / 1000
"""The price must have stood under the finger; a person takes that time anyway."""
_BROKEN = """
import sys
from bidder.tui.screen import BidderScreen
def broken(self):
    secret = "a secret of the program"
    raise RuntimeError("something broke")
BidderScreen.{where} = broken
sys.argv[0] = "bidder"
from bidder.cli import main
main()
"""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[HouseProcess]:
    with running_house(tmp_path / "house", catalogue=catalogue(40, reserve="200")) as house:
        yield house


def joining(house: HouseProcess, home: Path, *words: str, program: tuple[str, ...] = ("-m", "bidder")) -> Tmux:
    command = [sys.executable, *program, "join", "--name", "Ada", "--home", str(home), "--to", house.link, *words]
    return Tmux(command, {})


def test_from_the_command_to_the_shell_again(house: HouseProcess, tmp_path: Path) -> None:
    with joining(house, tmp_path) as ada:
        shown = ada.until("Lot of its own", "Bid USD 100.00", "q Leave", "? Help")
        assert len(shown.splitlines()) == 24
        assert all(len(line) <= 80 for line in shown.splitlines())
        ada.pause(LOOK_FIRST_S)
        ada.press("b")
        ada.until("Accepted: you lead lot 1 at USD 100.00. The reserve is not met yet.")
        ada.resize(140, 40)
        ada.until("q Leave", "palette")
        ada.resize(80, 24)
        ada.until("q Leave")
        ada.until_gone("palette")
        os.kill(house.server_pid, signal.SIGKILL)
        house.wait_for("listening")
        ada.until("*** Connected; everything shown is up to date.", "| connected |", "you lead 1")
        ada.press("Down")
        ada.until("Lot 2  Lot of its own")
        ada.pause(LOOK_FIRST_S)
        ada.press("b")
        ada.until("Accepted: you lead lot 2 at USD 100.00.")
        ada.press("q")
        ada.until(
            "You leave the sale. Bids bind: you still lead, and can still win,", "lot 2 at USD 100.00", f"{ENDED} 0"
        )
        assert ada.is_whole


def test_ctrl_c_leaves_the_terminal_whole(house: HouseProcess, tmp_path: Path) -> None:
    with joining(house, tmp_path) as ada:
        ada.until("Bid USD 100.00")
        assert not ada.is_whole
        ada.press(":")
        ada.until("An order, such as")
        ada.press("C-c")
        ada.until("You leave the sale; you lead no lot.", f"{ENDED} 130")
        assert ada.is_whole


def test_a_signal_that_ends_the_program_leaves_the_terminal_whole(house: HouseProcess, tmp_path: Path) -> None:
    with joining(house, tmp_path) as ada:
        ada.until("Bid USD 100.00")
        os.kill(ada.pid_of(b"\0join\0"), signal.SIGTERM)
        ada.until(f"{ENDED} 130")
        assert ada.is_whole


@pytest.mark.parametrize("where", ["_draw_bar", "action_view", "on_mount"])
def test_an_error_leaves_the_terminal_whole_and_tells_no_secret(
    house: HouseProcess, tmp_path: Path, where: str
) -> None:
    with joining(house, tmp_path, program=("-c", _BROKEN.format(where=where))) as ada:
        if where == "action_view":
            ada.until("Bid USD 100.00")
            ada.press("v")
        shown = ada.until("RuntimeError: something broke", f"{ENDED} 1")
        assert ada.is_whole
        assert "a secret of the program" not in shown.replace('secret = "a secret of the program"', "")


def test_who_is_turned_out_is_told_why(house: HouseProcess, tmp_path: Path) -> None:
    with joining(house, tmp_path) as ada:
        ada.until("Bid USD 100.00")
        assert house.auctioneer("turn-out", "Ada").exit_code == 0
        ada.until("Error [not_admitted]", f"{ENDED} 3")
        assert ada.is_whole


# --- where there is no screen ----------------------------------------------------------------------------------------


def test_without_the_extra_join_is_plain_and_says_how_to_get_the_screen(house: HouseProcess, tmp_path: Path) -> None:
    hidden = "import sys; sys.modules['textual'] = None; sys.argv[0] = 'bidder'; "
    hidden += "import runpy; runpy.run_module('bidder', run_name='__main__')"
    with joining(house, tmp_path, program=("-c", hidden)) as ada:
        ada.until("Ada (paddle 1)>")
        assert "For the full screen: pip install 'auction-house[tui]'." in ada.history
        ada.type("quit")
        ada.until(f"{ENDED} 0")


def test_at_a_terminal_that_moves_no_cursor_join_is_plain(
    house: HouseProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUCTION_LINK", house.link)
    with AtTerminal(tmp_path, "join", "--name", "Ada", term="dumb") as ada:
        ada.until("Ada (paddle 1)>")
        assert b"\x1b[?1049h" not in ada.raw


def test_no_other_command_loads_the_screen() -> None:
    for program in ("bidder", "auctioneer"):
        script = f"import sys, {program}.cli; sys.exit('textual' in sys.modules)"
        assert subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False).returncode == 0
