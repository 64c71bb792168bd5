"""A table for hundreds or many thousands of rows that change all the time.

It asks for the cells of the rows in sight alone, and draws only the cells that differ from those drawn before. So a
screen costs the same for ten rows and for 100,000, and little goes over a slow line. Numbers are never cut.
"""

from collections.abc import Callable, Sequence
from typing import ClassVar, Final, NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from common.names import printable
from common.terminal.tables import GAP, Column, fitted

_TITLES: Final = 1
"""The lines above the first row."""


class Row(NamedTuple):
    """The cells of a row, one text for each column, and whether the row stands out."""

    cells: tuple[str, ...]
    tone: str = "plain"


class RowTable(ScrollView, can_focus=True):
    """Rows that are named by keys; one of them is chosen, by arrow keys or the mouse."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "row-table--titles",
        "row-table--chosen",
        "row-table--good",
        "row-table--bad",
        "row-table--note",
        "row-table--dim",
    }
    DEFAULT_CSS = """
    RowTable { height: 1fr; background: $surface; }
    RowTable > .row-table--titles { text-style: bold; background: $panel; color: $foreground; }
    RowTable > .row-table--chosen { background: $primary-muted; color: $foreground; text-style: bold; }
    RowTable:focus > .row-table--chosen { background: $block-cursor-background; color: $block-cursor-foreground; }
    RowTable > .row-table--good { color: $text-success; text-style: bold; }
    RowTable > .row-table--bad { color: $text-error; text-style: bold; }
    RowTable > .row-table--note { color: $text-accent; }
    RowTable > .row-table--dim { color: $foreground 60%; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "step(-1)", "Up", show=False),
        Binding("down,j", "step(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home", "first", "First", show=False),
        Binding("end", "last", "Last", show=False),
    ]

    class Chosen(Message):
        """Another row was chosen, by the person."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    def __init__(self, columns: Sequence[Column], row_of: Callable[[str], Row], name: str) -> None:
        """`row_of` returns a row by its key as it stands now; `name` is the id of the widget."""
        super().__init__(id=name)
        self._columns = [column._replace(title=printable(column.title)) for column in columns]
        self._row_of = row_of
        self._keys: list[str] = []
        self._places: dict[str, int] = {}
        self._drawn: dict[int, Row] = {}
        """The rows in sight as they are drawn, by their place."""
        self._natural = [cell_len(column.title) for column in self._columns]
        self._widths: dict[int, int] = {}
        self._fitted_to = 0
        self.chosen: str | None = None
        """The key of the chosen row; None in an empty table."""

    # --- rows --------------------------------------------------------------------------------------------------------

    def set_keys(self, keys: Sequence[str]) -> None:
        """Show these rows. The chosen row stays chosen if it is still there, else the one at its place is."""
        if self._keys == list(keys):
            return
        place = self._places.get(self.chosen or "", 0)
        self._keys = list(keys)
        self._places = {key: index for index, key in enumerate(self._keys)}
        if self.chosen not in self._places:
            self.chosen = self._keys[min(place, len(self._keys) - 1)] if self._keys else None
        self._drawn.clear()
        self._fit()
        self.virtual_size = Size(0, len(self._keys) + _TITLES)
        self.refresh()

    def update_rows(self) -> int:
        """Draw each cell in sight that has changed; return how many did."""
        if not self._drawn:
            return 0
        changed = 0
        is_wider = False
        for place in self._in_sight():
            before, now = self._drawn.get(place), self._row(place)
            if now == before:
                continue
            is_wider = self._widen(now) or is_wider
            self._drawn[place] = now
            changed += self._refresh_cells(place, before, now)
        if is_wider:
            self._fit()
            self.refresh()
        return changed

    def choose(self, key: str) -> None:
        """Choose a row and bring it in sight. Does nothing if there is no such row."""
        if key not in self._places:
            return
        before, self.chosen = self.chosen, key
        self._show_place(self._places[key])
        for one in {before, key}:
            self._refresh_row(self._places.get(one or "", -1))

    def _in_sight(self) -> range:
        top = self.scroll_offset.y
        return range(top, min(len(self._keys), top + max(0, self.size.height - _TITLES)))

    def _row(self, place: int) -> Row:
        row = self._row_of(self._keys[place])
        return Row(tuple(map(printable, row.cells)), row.tone)

    def _refresh_cells(self, place: int, before: Row | None, now: Row) -> int:
        if before is None or before.tone != now.tone:
            self._refresh_row(place)
            return len(now.cells)
        line, changed = place - self.scroll_offset.y + _TITLES, 0
        start = 0
        for index, width in self._widths.items():
            if before.cells[index] != now.cells[index]:
                self.refresh(Region(start, line, width, 1))
                changed += 1
            start += width + GAP
        return changed

    def _refresh_row(self, place: int) -> None:
        line = place - self.scroll_offset.y + _TITLES
        if _TITLES <= line < self.size.height:
            self.refresh(Region(0, line, self._room, 1))

    # --- widths ------------------------------------------------------------------------------------------------------

    def _widen(self, row: Row) -> bool:
        """Make room for the cells of a row; return whether a column got wider. Columns never get narrower."""
        wider = False
        for index, cell in enumerate(row.cells):
            width = cell_len(cell)
            if width > self._natural[index]:
                self._natural[index] = width
                wider = True
        return wider

    @property
    def _room(self) -> int:
        """The width of a row: what the scroll bar leaves."""
        return max(1, self.scrollable_content_region.width)

    def _fit(self) -> None:
        for place in self._in_sight():
            self._widen(self._row(place))
        room = self._fitted_to = self._room
        self._widths = fitted(self._columns, self._natural, room)
        rest = room - sum(self._widths.values()) - GAP * (len(self._widths) - 1)
        shrinking = next((index for index in self._widths if self._columns[index].shrinks), None)
        if rest > 0 and shrinking is not None:
            self._widths[shrinking] += rest

    def on_resize(self, _: events.Resize) -> None:
        """Fit the columns to another width."""
        self._drawn.clear()
        self._fit()
        self.refresh()

    # --- drawing -----------------------------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """Draw one line: the titles, or a row."""
        width = self._room
        if width != self._fitted_to:
            self._fit()
        if y < _TITLES:
            style = self.get_component_rich_style("row-table--titles")
            return self._strip([column.title for column in self._columns], style, width)
        place = self.scroll_offset.y + y - _TITLES
        if place >= len(self._keys):
            return Strip.blank(width, self.rich_style)
        row = self._drawn.get(place)
        if row is None:
            row = self._drawn[place] = self._row(place)
            if self._widen(row):
                self.call_later(self._fit_again)
        return self._strip(row.cells, self._style_of(place, row), width)

    def _fit_again(self) -> None:
        self._fit()
        self.refresh()

    def _style_of(self, place: int, row: Row) -> Style:
        if self._keys[place] == self.chosen:
            return self.get_component_rich_style("row-table--chosen")
        return self.rich_style if row.tone == "plain" else self.get_component_rich_style(f"row-table--{row.tone}")

    def _strip(self, cells: Sequence[str], style: Style, width: int) -> Strip:
        parts = []
        for index, room in self._widths.items():
            cell = cells[index]
            if cell_len(cell) > room:
                cell = set_cell_size(cell, max(0, room - 1)) + "…"
            space = " " * (room - cell_len(cell))
            parts.append(space + cell if self._columns[index].is_number else cell + space)
        return Strip([Segment((" " * GAP).join(parts), style)]).adjust_cell_length(width, style)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Forget what is out of sight."""
        super().watch_scroll_y(old_value, new_value)
        self._drawn.clear()
        self.refresh()

    # --- choosing ----------------------------------------------------------------------------------------------------

    def _show_place(self, place: int) -> None:
        sight = self._in_sight()
        if place in sight:
            return
        height = max(1, self.size.height - _TITLES)
        top = place if place < sight.start else place - height + 1
        self.scroll_to(y=top, animate=False)

    def _choose_place(self, place: int) -> None:
        if not self._keys:
            return
        key = self._keys[max(0, min(place, len(self._keys) - 1))]
        if key != self.chosen:
            self.choose(key)
            self.post_message(self.Chosen(key))

    @property
    def _place(self) -> int:
        return self._places.get(self.chosen or "", 0)

    def action_step(self, by: int) -> None:
        """Choose the row above or below."""
        self._choose_place(self._place + by)

    def action_page(self, by: int) -> None:
        """Choose a row a screen further up or down."""
        self._choose_place(self._place + by * max(1, self.size.height - _TITLES))

    def action_first(self) -> None:
        """Choose the first row."""
        self._choose_place(0)

    def action_last(self) -> None:
        """Choose the last row."""
        self._choose_place(len(self._keys) - 1)

    def on_click(self, event: events.Click) -> None:
        """Choose the row under the mouse."""
        if event.y >= _TITLES and (place := self.scroll_offset.y + event.y - _TITLES) < len(self._keys):
            self._choose_place(place)
