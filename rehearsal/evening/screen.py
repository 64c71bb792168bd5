"""The display of a sale: a live table with a ticker at a terminal, plain lines in a pipe."""

import sys
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
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
_TABLE_FRAME: Final = 5
"""The lines of the table that are not lots, plus the blank line between table and ticker."""

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

    def __init__(self) -> None:
        self._began_s = time.monotonic()

    def __enter__(self) -> Self:
        return self

    @abstractmethod
    def __exit__(self, *_: object) -> None:
        """Leave the last table and ticker on the screen."""

    @abstractmethod
    def tell(self, line: Line) -> None:
        """Show a notable event."""

    @abstractmethod
    def refresh(self, client: AsyncClient, name_of: NameOf) -> None:
        """Show the present state of the lots."""

    def _time(self) -> str:
        return f"{time.monotonic() - self._began_s:5.1f} s"


class PlainScreen(Screen):
    """One line for each notable event, with the seconds since the beginning."""

    def __exit__(self, *_: object) -> None:
        """Do nothing: all lines are already printed."""

    def tell(self, line: Line) -> None:
        """Print the line."""
        say(f"{self._time()}  {line.text}")

    def refresh(self, client: AsyncClient, name_of: NameOf) -> None:
        """Do nothing: the lines tell everything."""


class LiveScreen(Screen):
    """A table that is updated in place, with the last notable events below it."""

    def __init__(self, console: Console) -> None:
        super().__init__()
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

    def refresh(self, client: AsyncClient, name_of: NameOf) -> None:
        """Draw the table and the ticker again."""
        table = lots_table(client, name_of)
        room = self._console.height - table.row_count - _TABLE_FRAME
        lines = list(self._ticker)[-min(max(room, TICKER_LINES[0]), TICKER_LINES[1]) :]
        self._live.update(Group(table, Text(), *lines), refresh=True)


def open_screen() -> Screen:
    """Return the screen that suits standard output."""
    console = Console()
    return LiveScreen(console) if sys.stdout.isatty() and not console.is_dumb_terminal else PlainScreen()


def lots_table(client: AsyncClient, name_of: NameOf) -> Table:
    """Return a table of all lots in their present state."""
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
    for view in client.lots().values():
        table.add_row(*_cells(client, view, name_of))
    return table


def _cells(client: AsyncClient, view: LotView, name_of: NameOf) -> list[str | Text]:
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
        _left(client.remaining_ms(view.lot)),
    ]


def _reserve(view: LotView, bidding: Bidding) -> Text:
    if bidding.reserve_met is None or view.status.is_final:
        return Text("")
    return Text("met", style="green") if bidding.reserve_met else Text("not met")


def _left(remaining_ms: int | None) -> Text:
    if remaining_ms is None:
        return Text("")
    return Text(f"{remaining_ms / 1000:.1f} s", style="bold yellow" if remaining_ms < _SOON_MS else "")
