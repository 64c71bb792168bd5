"""The display of a sale: a live table with a ticker at a terminal, plain lines in a pipe.

A table with more lots than fit shows those that are open, those that were over last, and those that come next.
"""

import sys
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final, Self

from rich import box
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from bidder import AsyncClient
from common.lot import LotStatus, LotView
from common.names import printable
from common.terminal.output import say
from rehearsal.bots.formats.lot import Bidding, Kind, Line
from rehearsal.bots.formats.table import bidding_of

REFRESH_S: Final = 0.2
TICKER_LINES: Final = (4, 10)
"""The fewest and the most lines of the ticker; it uses the space that the table leaves."""
_TABLE_FRAME: Final = 6
"""The lines of the table that are not lots, the line of progress, and the blank line between table and ticker."""
PROGRESS_S: Final = 10.0
"""The pause between two lines of progress in a pipe."""
_LATEST: Final = 3
"""How many of the lots that were over last are shown before the others that do not run."""

_STYLES: Final = {
    Kind.SALE: "bold",
    Kind.OPENED: "green",
    Kind.OUTBID: "",
    Kind.RESERVE: "cyan",
    Kind.EXTENDED: "yellow",
    Kind.SOLD: "bold green",
    Kind.PASSED: "red",
    Kind.HELD: "magenta",
}
_STATUS_STYLES: Final = {
    LotStatus.OPEN: "green",
    LotStatus.PAUSED: "yellow",
    LotStatus.SOLD: "bold",
    LotStatus.PASSED: "red",
}
_SOON_MS: Final = 3000

NameOf = Callable[[int], str]


class Screen(ABC):
    """Shows a sale during the `with` block."""

    def __init__(self, time_of: Callable[[], str] | None = None) -> None:
        self._began_s = time.monotonic()
        self._time = time_of or self._seconds

    def __enter__(self) -> Self:
        return self

    @abstractmethod
    def __exit__(self, *_: object) -> None:
        """Leave the last table and ticker on the screen."""

    @abstractmethod
    def tell(self, line: Line) -> None:
        """Show a notable event."""

    @abstractmethod
    def refresh(self, client: AsyncClient, name_of: NameOf, progress: str = "") -> None:
        """Show the present state of the lots, and a line that says how far the sale is."""

    def _seconds(self) -> str:
        return f"{time.monotonic() - self._began_s:5.1f} s"


class PlainScreen(Screen):
    """One line for each notable event, with its time, and now and then one of progress."""

    def __init__(self, time_of: Callable[[], str] | None = None, *, err: bool = False) -> None:
        super().__init__(time_of)
        self._err = err
        self._progress_due_s = self._began_s + PROGRESS_S

    def __exit__(self, *_: object) -> None:
        """Do nothing: all lines are already printed."""

    def tell(self, line: Line) -> None:
        """Print the line."""
        say(f"{self._time()}  {line.text}", err=self._err)

    def refresh(self, client: AsyncClient, name_of: NameOf, progress: str = "") -> None:  # noqa: ARG002 -- no table here
        """Print the line of progress, if it is time for one. Of the lots the lines tell everything."""
        if progress and time.monotonic() >= self._progress_due_s:
            self._progress_due_s = time.monotonic() + PROGRESS_S
            say(f"{self._time()}  {progress}", err=self._err)


class LiveScreen(Screen):
    """A table that is updated in place, with the last notable events below it."""

    def __init__(self, console: Console, time_of: Callable[[], str] | None = None, speed: int = 1) -> None:
        super().__init__(time_of)
        self._speed = speed
        self._console = console
        self._ticker: deque[Text] = deque(maxlen=TICKER_LINES[1])
        self._live = Live(console=console, auto_refresh=False, vertical_overflow="crop")

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def tell(self, line: Line) -> None:
        """Add the line to the ticker; the next refresh shows it."""
        text = Text(f"{self._time()}  ", style="dim", no_wrap=True, overflow="ellipsis")
        self._ticker.append(text.append(line.text, style=f"not dim {_STYLES[line.kind]}"))

    def refresh(self, client: AsyncClient, name_of: NameOf, progress: str = "") -> None:
        """Draw the table, the line of progress and the ticker again."""
        shown = chosen_lots(list(client.lots().values()), self._console.height - TICKER_LINES[0] - _TABLE_FRAME)
        table = lots_table(client, shown, name_of, self._speed)
        room = self._console.height - table.row_count - _TABLE_FRAME
        lines = list(self._ticker)[-min(max(room, TICKER_LINES[0]), TICKER_LINES[1]) :]
        told = [Text(progress, style="bold", no_wrap=True, overflow="ellipsis")] if progress else []
        self._live.update(Group(table, Text(), *told, *lines), refresh=True)


def open_screen(time_of: Callable[[], str] | None = None, speed: int = 1, *, as_json: bool = False) -> Screen:
    """Return the screen that suits standard output; with `as_json` that is for programs, and stderr for people.

    `time_of` returns the time that stands before each line, by default the seconds since the beginning. `speed` is by
    how much the catalogue's durations were divided.
    """
    console = Console()
    if as_json or not sys.stdout.isatty() or console.is_dumb_terminal:
        return PlainScreen(time_of, err=as_json)
    return LiveScreen(console, time_of, speed)


def chosen_lots(views: Sequence[LotView], room: int) -> list[LotView]:
    """Return at most `room` lots (at least one), in their order: those that run, the latest and the next come first."""
    running = [view for view in views if view.status in (LotStatus.OPEN, LotStatus.PAUSED)]
    over = sorted((view for view in views if view.status.is_final), key=lambda view: -(view.closed_at_ms or 0))
    coming = [view for view in views if view.status is LotStatus.SCHEDULED]
    wanted = [*running, *over[:_LATEST], *coming, *over[_LATEST:]]
    kept = {view.lot for view in wanted[: max(1, room)]}
    return [view for view in views if view.lot in kept]


def lots_table(client: AsyncClient, shown: Sequence[LotView], name_of: NameOf, speed: int = 1) -> Table:
    """Return a table of lots in their present state."""
    currency = client.sale.currency
    table = Table(box=box.SIMPLE_HEAD, expand=True, pad_edge=False, show_edge=False)
    columns: tuple[tuple[str, dict[str, Any]], ...] = (
        ("Lot", {"justify": "right"}),
        ("Title", {"ratio": 1, "overflow": "ellipsis", "no_wrap": True}),
        ("", {}),
        (f"Price {currency.code}", {"justify": "right", "min_width": 8}),
        ("Leader", {"min_width": 8, "max_width": 16, "overflow": "ellipsis"}),
        ("Bids", {"justify": "right"}),
        ("Reserve", {}),
        ("Left", {"justify": "right", "min_width": 6}),
    )
    for title, options in columns:
        table.add_column(title, **({"no_wrap": True} | options))
    for view in shown:
        table.add_row(*_cells(client, view, name_of, speed))
    return table


def _cells(client: AsyncClient, view: LotView, name_of: NameOf, speed: int) -> list[str | Text]:
    show, currency = client.sale.currency.show, client.sale.currency.code
    bidding, leader = bidding_of(view.board), view.board.leader
    price_minor = bidding.price_minor if view.paid_minor is None else view.paid_minor
    people = [result.paddle for result in view.results] if view.status.is_final else [] if leader is None else [leader]
    is_won = view.status is LotStatus.SOLD
    return [
        Text(view.lot),
        Text(printable(view.terms.title)),
        Text(view.status.value, style=_STATUS_STYLES.get(view.status, "dim")),
        Text(
            "" if price_minor is None else show(price_minor).removeprefix(currency).strip(),
            style="bold" if is_won else "",
        ),
        Text(", ".join(map(name_of, people)), style="bold" if is_won else ""),
        "" if bidding.bids is None else str(bidding.bids),
        _reserve(view, bidding),
        _left(client.remaining_ms(view.lot), speed),
    ]


def _reserve(view: LotView, bidding: Bidding) -> Text:
    if bidding.reserve_met is None or view.status.is_final:
        return Text("")
    return Text("met", style="green") if bidding.reserve_met else Text("not met")


def _left(remaining_ms: int | None, speed: int) -> Text:
    if remaining_ms is None:
        return Text("")
    return Text(f"{remaining_ms * speed / 1000:.1f} s", style="bold yellow" if remaining_ms < _SOON_MS else "")
