"""docs/architecture.md shows the program as it is: its folders, modules, threads, and the states with their moves."""

import inspect
import re
from pathlib import Path

import pytest

from bidder.core import session
from bidder.core.feed import FeedState
from bidder.core.notices import ConnectionState
from common.evolve import MOVES, evolve, first_view
from common.formats.english import EnglishBoard, EnglishTerms, Step
from common.lot import Asked, CloseCause, CorrectionCause, ExtendCause, LotStatus, LotTerms, Result
from common.lot_events import (
    AnyLotEvent,
    LotAdded,
    LotAsked,
    LotClosed,
    LotConfirmed,
    LotCorrected,
    LotExtended,
    LotMoved,
    LotOpened,
    LotPaused,
    LotRescheduled,
    LotResumed,
    LotRevised,
    LotWithdrawn,
)
from tests.test_tidy import ROOMS

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "architecture.md").read_text()
BOARD = EnglishBoard(100)
TERMS = LotTerms("1", "A", EnglishTerms(100, (Step(0, 100),)))
OPENED = LotOpened(1, 0, 60_000)
PAUSED = LotPaused(2, 0, 1_000)
WAY_TO: dict[LotStatus, tuple[AnyLotEvent, ...]] = {
    LotStatus.SCHEDULED: (),
    LotStatus.OPEN: (OPENED,),
    LotStatus.PAUSED: (OPENED, PAUSED),
    LotStatus.SOLD: (OPENED, LotClosed(3, 0, CloseCause.TIME, BOARD, (Result(1, 100),))),
    LotStatus.PASSED: (OPENED, LotClosed(3, 0, CloseCause.TIME, BOARD)),
    LotStatus.WITHDRAWN: (LotWithdrawn(3, 0, BOARD),),
}
EVENTS: tuple[AnyLotEvent, ...] = (
    LotRescheduled(3, 0, 1),
    OPENED,
    LotMoved(3, 0, BOARD),
    PAUSED,
    LotResumed(3, 0, 60_000),
    LotExtended(3, 0, ExtendCause.AUCTIONEER, 70_000),
    LotClosed(3, 0, CloseCause.TIME, BOARD, (Result(1, 100),)),
    LotClosed(3, 0, CloseCause.TIME, BOARD),
    LotWithdrawn(3, 0, BOARD),
    LotRevised(3, 0, TERMS, BOARD),
    LotAsked(4, 0, Asked(1, 60_000)),
    *(LotConfirmed(4, 0, status) for status in (LotStatus.OPEN, LotStatus.PAUSED)),
    *(LotCorrected(4, 0, CorrectionCause.VOID, status, BOARD) for status in (LotStatus.SOLD, LotStatus.PASSED)),
    *(LotCorrected(4, 0, CorrectionCause.UNDO, status, BOARD) for status in (LotStatus.OPEN, LotStatus.PAUSED)),
)


def table(head: str) -> list[list[str]]:
    """Return the cells of the table under a head."""
    rows = PAGE.partition(head)[2].partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip().strip("`") for cell in row.strip("|").split("|")] for row in rows]


def test_the_moves_of_a_lot_are_those_that_events_make() -> None:
    told = {(LotStatus(before), event, LotStatus(after)) for before, event, after in table("| from | event | to |")}
    view = first_view(LotAdded(1, 0, TERMS, BOARD))
    for before, name, after in told:
        start = view
        for event in WAY_TO[before]:
            start = evolve(start, event)
        made = {evolve(start, one).status for one in EVENTS if one.__struct_config__.tag == name}
        assert after in made, f"{before.value} {name}"
    assert {name for _, name, _ in told} == {one.__struct_config__.tag for one in EVENTS}
    assert {(before, name) for before, name, _ in told} == {
        (before, event.__struct_config__.tag) for event, move in MOVES.items() for before in move.before
    }


def test_the_states_of_a_client_are_judged_in_the_order_of_the_code() -> None:
    judged = re.findall(r"return ConnectionState\.(\w+)", inspect.getsource(session.Session._derive_state))
    assert [ConnectionState(name).name for name, _ in table("| state | while |")] == judged
    assert len(judged) == len(ConnectionState)
    assert all(f"`{state.value}`" in PAGE for state in FeedState)


def test_every_folder_is_told() -> None:
    told = {name for name, _, _ in table("| folder | what it is | IO |")}
    folders = {f"{package}/{room}" for package, rooms in ROOMS.items() for room in rooms}
    assert told == folders | {"common"}


def test_every_thread_is_told() -> None:
    started = {
        name
        for package in ("auctioneer", "bidder", "common")
        for path in (ROOT / package).rglob("*.py")
        for name in re.findall(r'name="([\w ]+)", daemon=', path.read_text())
    }
    assert started >= {"door", "log", "auction client"}
    assert not {name for name in started if f"`{name}`" not in PAGE}


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`((?:auctioneer|bidder|common|tools)/[\w/.]+)`", PAGE))))
def test_every_path_is_there(path: str) -> None:
    assert (ROOT / path).exists()


def test_every_module_of_the_house_has_a_place_where_changes_belong() -> None:
    part = PAGE.partition("## Where a change belongs")[2]
    folders = tuple(path for path in re.findall(r"`([\w/]+/)`", part))
    modules = {
        str(path.relative_to(ROOT))
        for room in (
            "auctioneer/rules",
            "auctioneer/house",
            "auctioneer/network",
            "auctioneer/journal",
            "auctioneer/process",
            "bidder/core",
        )
        for path in (ROOT / room).rglob("*.py")
        if path.name != "__init__.py"
    }
    missing = {path for path in modules if f"`{path}`" not in part and not path.startswith(folders)}
    assert not missing
