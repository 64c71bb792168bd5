"""A table asks for the rows in sight, and draws the cells that changed."""

import asyncio
from collections.abc import Awaitable, Callable

from textual.app import App, ComposeResult
from textual.pilot import Pilot

from common.screens.row_table import Row, RowTable
from common.terminal.tables import Column

COLUMNS = (Column("No"), Column("Title", shrinks=True), Column("Price", is_number=True))


class Tables(App[None]):
    """A table of many rows, which counts what it is asked for."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.cells = {f"{number}": Row((f"{number}", "A title", "1.00")) for number in range(count)}
        self.asked = 0
        self.chosen: list[str] = []

    def compose(self) -> ComposeResult:
        yield RowTable(COLUMNS, self.row_of, "table")

    def on_mount(self) -> None:
        self.table = self.query_one(RowTable)
        self.table.set_keys(list(self.cells))
        self.table.focus()

    def row_of(self, key: str) -> Row:
        self.asked += 1
        return self.cells[key]

    def on_row_table_chosen(self, message: RowTable.Chosen) -> None:
        self.chosen.append(message.key)

    def line(self, number: int) -> str:
        return self.table.render_line(number).text


def run(count: int, steps: Callable[[Tables, Pilot[None]], Awaitable[None]], size: tuple[int, int] = (40, 12)) -> None:
    async def attend() -> None:
        app = Tables(count)
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            await steps(app, pilot)

    asyncio.run(attend())


def test_a_hundred_thousand_rows_cost_what_ten_cost() -> None:
    async def steps(app: Tables, _: Pilot[None]) -> None:
        app.asked = 0
        assert app.table.update_rows() == 0
        assert app.asked == 11

    run(100_000, steps)


def test_a_cell_that_changed_is_one_cell() -> None:
    async def steps(app: Tables, pilot: Pilot[None]) -> None:
        app.cells["3"] = Row(("3", "A title", "2.00"))
        app.cells["99"] = Row(("99", "A title", "2.00"))
        assert app.table.update_rows() == 1, "the other one is out of sight"
        await pilot.pause()
        assert app.line(4).endswith("2.00")
        await pilot.press("end")
        await pilot.pause()
        assert app.line(11).startswith("99"), "the last row"
        assert app.line(11).rstrip().endswith("2.00")

    run(100, steps)


def test_no_number_is_cut_and_titles_are() -> None:
    async def steps(app: Tables, pilot: Pilot[None]) -> None:
        app.cells["0"] = Row(("0", "A title that is too long for a narrow terminal", "1,000,000.00"))
        app.table.update_rows()
        await pilot.pause()
        assert app.line(1).startswith("0   A title that is t")
        assert "1,000,000.00" in app.line(1)
        assert "…" in app.line(1)

    run(3, steps)


def test_wide_characters_keep_the_columns() -> None:
    async def steps(app: Tables, _: Pilot[None]) -> None:
        assert app.table.render_line(1).cell_length == app.table.render_line(2).cell_length
        assert app.line(1).rstrip().endswith("1.00")

    async def with_wide(app: Tables, pilot: Pilot[None]) -> None:
        app.cells["0"] = Row(("0", "漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字", "1.00"))
        app.table.update_rows()
        await pilot.pause()
        await steps(app, pilot)

    run(3, with_wide)


def test_a_stranger_s_text_is_harmless() -> None:
    async def steps(app: Tables, pilot: Pilot[None]) -> None:
        app.cells["0"] = Row(("0", "[red]x[/] \x1b[2J", "1.00"))
        app.table.update_rows()
        await pilot.pause()
        assert "[red]x[/] \ufffd[2J" in app.line(1)

    run(3, steps)


def test_rows_are_chosen_by_keys_and_the_mouse_and_stay_chosen() -> None:
    async def steps(app: Tables, pilot: Pilot[None]) -> None:
        assert app.table.chosen == "0"
        await pilot.press("down", "j", "j", "up", "pagedown", "home", "end")
        assert app.chosen == ["1", "2", "3", "2", "13", "0", "99"]
        await pilot.press("home")
        await pilot.click("#table", offset=(3, 4))
        assert app.table.chosen == "3"
        await pilot.click("#table", offset=(3, 0))
        assert app.table.chosen == "3", "the titles are no row"
        app.table.set_keys([key for key in app.cells if key != "0"])
        assert app.table.chosen == "3"
        app.table.set_keys(["5", "6"])
        assert app.table.chosen == "6", "the row at its place, or the last"
        app.table.set_keys([])
        assert app.table.chosen is None
        await pilot.press("down", "end")

    run(100, steps)
