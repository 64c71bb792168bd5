"""The screen of the console: the run list, the current lot, its bids, the people, and what was said and done.

It asks the house once a second, and at once after a command. What can't be taken back asks first, and says to whom and
for how much. Undo is always in view.
"""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import Any, ClassVar, Final, NamedTuple

import click
from textual.app import ComposeResult, SystemCommand
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Button, Footer, Static

from auctioneer.cli.asking import Plan
from auctioneer.cli.console.acts import ACTS, FOR_ALL, Act, Changed, carried_out
from auctioneer.cli.console.house_line import HouseLine
from auctioneer.cli.control_client import ControlClient
from auctioneer.cli.lot_table import person
from auctioneer.cli.output import grouped, local_time, time_left
from auctioneer.cli.sentences import late_words, near_words, standing, void_words
from auctioneer.house.commands import BIDS, MYSELF
from auctioneer.house.reports import Row as Report
from auctioneer.process.folder import DataFolder
from common.errors import AuctionError, RejectCode, RejectedError, UnreachableError
from common.lot import LotStatus
from common.money import Currency
from common.screens.full_screen import FullScreen
from common.screens.kept_notices import KeptNotices
from common.screens.questions import Page, Typed, YesOrNo
from common.screens.row_table import Row, RowTable
from common.screens.texts import shown, shown_lines
from common.terminal.tables import Column

LOOK_EVERY_S: Final = 1.0
_BIDS_SHOWN: Final = 12
_WAITING_SHOWN: Final = 5
_COLUMNS: Final = (
    Column("Lot"),
    Column("Title", shrinks=True),
    Column("Status"),
    Column("Price", is_number=True),
    Column("Asked", is_number=True),
    Column("Reserve", is_number=True, is_extra=True),
    Column("Leader", shrinks=True),
    Column("Left", is_number=True),
)
_CHANGED: Final = "It changed while you were asked, and nothing was done. This is how it stands now."
_CHANGED_UNASKED: Final = (
    "Nothing was done, since the lot had changed when the command came. Look how it stands now, then press the key "
    "again."
)


class Look(NamedTuple):
    """The sale at one moment."""

    overview: Report
    bids: list[Report]
    why_no_bids: str
    waiting: list[Report]
    absentee: list[Report]


def look(lot: str | None) -> Callable[[ControlClient], Look]:
    """Return the questions of one look at the sale. `lot` is the chosen one."""

    def ask(house: ControlClient) -> Look:
        overview = house.ask("overview")
        bids, why_no_bids, absentee = [], "", []
        chosen = lot or (overview["shown"][0]["lot"] if overview["shown"] else None)
        if chosen is not None:
            try:
                bids = house.ask(BIDS, (chosen,))["bids"]
            except RejectedError as error:
                why_no_bids = str(error.detail or error)
            absentee = house.ask("absentee", (chosen,))
        waiting = [one for one in house.ask("bidders") if one["state"] == "waiting"] if overview["waiting"] else []
        return Look(overview, bids, why_no_bids, waiting, absentee)

    return ask


class ConsoleScreen(FullScreen):
    """The console of one person: the auctioneer, or a clerk with rights."""

    CSS = """
    #head { height: 1; background: $primary; color: $text; }
    #title { width: 1fr; text-style: bold; }
    #state { width: auto; }
    #banner { height: auto; max-height: 2; background: $warning-muted; display: none; }
    #panes { height: 1fr; layout: vertical; }
    #run { height: 1fr; min-height: 5; }
    #current { height: 1fr; min-height: 6; background: $panel; padding: 0 1; }
    #said { height: 3; padding: 0 1; }
    #keys { height: 4; background: $panel; padding: 0 1; layout: grid; grid-size: 5; grid-gutter: 0 1; }
    #keys Button { width: 1fr; min-width: 4; }
    Screen.-wide #panes { layout: horizontal; }
    Screen.-wide #run { width: 3fr; height: 1fr; }
    Screen.-wide #current { width: 2fr; height: 1fr; }
    Screen.-tall #said { height: 6; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(act.key, f"act('{act.key}')", act.words, show=False) for act in ACTS.values()),
        Binding("n", "next", "Next lot"),
        Binding("u", "act('u')", "Undo"),
        Binding("v", "seen", "Seen"),
        Binding("i", "notices", "All said"),
        Binding("question_mark,f1", "help", "Help", key_display="?"),
    ]

    def __init__(self, folder: DataFolder) -> None:
        super().__init__()
        self._line = HouseLine(folder)
        self._look: Look | None = None
        self._me: Report = {}
        self._away = ""
        self._has_chosen = False
        self._notices = KeptNotices()
        self._look_now = asyncio.Event()
        self._texts: dict[str, Content] = {}

    # --- the parts ---------------------------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        """Make the parts of the screen."""
        with Horizontal(id="head"):
            yield Static(id="title", markup=False)
            yield Static(id="state", markup=False)
        yield Static(id="banner", markup=False)
        with Container(id="panes"):
            yield RowTable(_COLUMNS, self._row, "run")
            with VerticalScroll(id="current"):
                yield Static(id="about", markup=False)
        yield Static(id="said", markup=False)
        with Vertical(id="keys"):
            for act in ACTS.values():
                key = "+" if act.key == "plus" else act.key
                button = Button(shown(f"{key} {act.words}"), compact=True, action=f"app.act('{act.key}')")
                button.can_focus = False
                yield button
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        """Begin to look."""
        self._table = self.query_one(RowTable)
        self._statics = {static.id: static for static in self.query(Static) if static.id}
        self._table.focus()
        self.run_worker(self._look_always(), name="look")

    def on_unmount(self) -> None:
        """Close the line to the house."""
        self._line.close()

    async def _look_always(self) -> None:
        while True:
            try:
                if not self._me:
                    self._me = await self._line.do(lambda house: house.ask(MYSELF))
                self._look = await self._line.do(look(self._table.chosen))
                self._away = ""
            except UnreachableError as error:
                self._away = str(error)
            except AuctionError as error:
                self.fail(error)
                return
            self._draw()
            self._look_now.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._look_now.wait(), LOOK_EVERY_S)

    # --- drawing -----------------------------------------------------------------------------------------------------

    def _draw(self) -> None:
        if not self._table.is_attached:
            return  # the screen is closing
        self._statics["banner"].display = bool(self._away)
        self._set("banner", shown(f" *** {self._away} What is shown may be out of date."), layout=True)
        room = self._statics["said"].size
        self._set("said", shown_lines(self._notices.shown(room.width, room.height)))
        if self._look is None:
            return
        sale = self._look.overview
        self._table.set_keys([row["lot"] for row in sale["shown"]])
        if not self._has_chosen:
            self._has_chosen = True
            self._table.choose(next(iter(self._order()), self._table.chosen or ""))
            self._look_now.set()
        self._table.update_rows()
        self._set("title", shown(f" {sale['title']} ({sale['status']})"))
        rights = f"{self._me['name']}: {', '.join(self._me['rights']) or 'everything'}"
        turnover = f"{sale['currency']} {grouped(sale['turnover'])}"
        self._set("state", shown(f"{rights} | {turnover} | {local_time(sale['now_ms'])} "), layout=True)
        self._set("about", shown_lines(self._current_lines(self._look)), layout=True)

    def _current_lines(self, looked: Look) -> Iterable[tuple[str, str]]:
        """Yield the current lot, its bids, what waits for it, what came too late, and the people."""
        row, sale = self._chosen_row(), looked.overview
        if row is not None:
            yield standing(row, self._currency(sale)), "good" if row["status"] == LotStatus.OPEN.value else "note"
            if row["minimum"] is not None and not LotStatus(row["status"]).is_final:
                yield f"  asked {grouped(row['minimum'])}", "plain"
            for left in looked.absentee[:_BIDS_SHOWN]:
                yield f"  commission {_who(left)} {grouped(left['amount']) or 'sealed'}", "note"
            if looked.why_no_bids:
                yield f"  no bids here: {looked.why_no_bids}", "plain"
            for bid in reversed(looked.bids[-_BIDS_SHOWN:]):
                yield f"  {_bid_words(bid)}", "plain"
        for late in reversed(sale["late"]):
            yield f"  late: {late_words(late)}", "bad"
        for void in reversed(sale["void"]):
            yield f"  void: {void_words(void)}", "bad"
        yield f"People: {sale['connected']} connected of {sale['bidders']}, {sale['waiting']} waiting", "note"
        for one in looked.waiting[:_WAITING_SHOWN]:
            yield f"  waits: {_who(one)}", "bad"
        for near in sale["limits_near"]:
            yield f"  limit near: {near_words(near)}", "note"
        if sale["limits_near_more"]:
            yield f"  and {sale['limits_near_more']:,} more limits are near", "note"

    def _row(self, lot: str) -> Row:
        row = self._row_of(lot)
        if row is None:
            return Row(("", lot, *[""] * (len(_COLUMNS) - 2)), "dim")
        is_over = LotStatus(row["status"]).is_final
        cells = (
            row["lot"],
            row["title"],
            row["status"],
            grouped(row["hammer"] or row["price"]),
            "" if is_over else grouped(row["minimum"]),
            "met" if row["reserve_met"] else grouped(row["reserve"]),
            person(row["winner"], row["winner_paddle"]) or person(row["leader"], row["paddle"]),
            "" if row["remaining_ms"] is None else time_left(row["remaining_ms"]),
        )
        tones = {LotStatus.OPEN.value: "good", LotStatus.PAUSED.value: "note"}
        return Row(cells, "dim" if is_over else tones.get(row["status"], "plain"))

    def _row_of(self, lot: str | None) -> Report | None:
        rows = [] if self._look is None else self._look.overview["shown"]
        return next((row for row in rows if row["lot"] == lot), None)

    def _chosen_row(self) -> Report | None:
        return self._row_of(self._table.chosen)

    @staticmethod
    def _currency(sale: Report) -> Currency:
        return Currency(sale["currency"], sale["decimals"])

    def _set(self, name: str, content: Content, *, layout: bool = False) -> None:
        """Give a part of the screen its text, if it has another one."""
        if self._texts.get(name) != content:
            self._texts[name] = content
            self._statics[name].update(content, layout=layout)

    def _tell(self, text: str, tone: str, *, stays: bool) -> None:
        self._notices.add(text, tone, stays=stays)
        self._draw()

    # --- keys --------------------------------------------------------------------------------------------------------

    def on_row_table_chosen(self, _: RowTable.Chosen) -> None:
        """Look at another lot."""
        self._look_now.set()
        self._draw()

    def action_next(self) -> None:
        """Go to the lot that runs, or if it is chosen already to the next one that is not over."""
        order = self._order()
        if order:
            place = order.index(self._table.chosen) + 1 if self._table.chosen in order else 0
            self._table.choose(order[place % len(order)])
            self._look_now.set()

    def _order(self) -> list[str]:
        """Return the lots that are not over: those that run, then those that come."""
        rows = [] if self._look is None else self._look.overview["shown"]
        running = [row["lot"] for row in rows if row["status"] in (LotStatus.OPEN.value, LotStatus.PAUSED.value)]
        return running + [row["lot"] for row in rows if row["status"] == LotStatus.SCHEDULED.value]

    def action_act(self, key: str) -> None:
        """Do what a key does, about the lot as it is shown."""
        act, row = ACTS[key], self._chosen_row()
        if row is None and key not in FOR_ALL:
            self._tell("There is no lot to do that with.", "bad", stays=False)
            return
        if row is not None and key not in FOR_ALL and self._look and act.why_not(row, self._look.overview):
            self.run_worker(self._look_again(act, row), name="again")
        else:
            self._begin(act, row or {})

    async def _look_again(self, act: Act, row: Report) -> None:
        """Begin an act if it fits the lot now, which may have moved on since it was drawn; else say why it does not."""
        rows = await self._tried(act, lambda house: house.ask("lots", (row["lot"],)))
        if rows is None or self._look is None:
            return
        why = act.why_not(rows[0], self._look.overview)
        if why:
            self._tell(f"{act.words}: {why}", "bad", stays=False)
        else:
            self._begin(act, rows[0])

    def _begin(self, act: Act, row: Report) -> None:
        """Have the person type what an act needs, then plan it."""
        if not act.asks:
            self._plan(act, row, "")
            return

        def typed(text: str | None) -> None:
            if text is not None or act.may_be_empty:
                self._plan(act, row, text or "")

        about = f"Lot {row['lot']}, {row['title']}: " if row and act.key not in FOR_ALL else ""
        self.push_screen(Typed([f"{about}{act.asks}"]), typed)

    def _plan(self, act: Act, row: Report, text: str) -> None:
        """Make the plan of an act, ask where it asks, and carry it out."""

        async def work() -> None:
            looked = self._look
            if looked is None:
                return
            currency = self._currency(looked.overview)
            plan = await self._tried(act, lambda house: act.plan(house, currency, row, text))
            if plan is None:
                return
            self._agree(act, row, text, plan)

        self.run_worker(work(), name="plan")

    def _agree(self, act: Act, row: Report, text: str, plan: Plan, *before: str) -> None:
        """Carry a plan out, once the person has agreed to it where it asks."""
        if plan.question:
            asks = YesOrNo([*before, *filter(None, plan.shown)], plan.question, act.words)
            self.push_screen(asks, lambda is_meant: self._carry_out(act, row, text, plan) if is_meant else None)
        else:
            self._carry_out(act, row, text, plan)

    def _carry_out(self, act: Act, row: Report, text: str, plan: Plan) -> None:
        if self._look is None:
            return
        currency = self._currency(self._look.overview)

        async def work() -> None:
            told = await self._tried(act, lambda house: carried_out(house, act, currency, row, text, plan))
            if isinstance(told, Changed):
                self._agree(act, told.row, text, told.plan, _CHANGED)
            elif told is not None:
                self._tell(told, "good", stays=False)
            self._look_now.set()

        self.run_worker(work(), name="order")

    async def _tried(self, act: Act, work: Callable[[ControlClient], Any]) -> Any:
        """Return what work at the house returns; None, and the reason is told, if it is refused or gets no answer."""
        try:
            return await self._line.do(work)
        except RejectedError as error:
            why = _CHANGED_UNASKED if error.reject is RejectCode.STATE_CHANGED else error
            self._tell(f"{act.words}: {why}", "bad", stays=True)
        except AuctionError as error:
            self._tell(f"{act.words}: {error}", "bad", stays=True)
        except click.ClickException as error:
            self._tell(f"{act.words}: {error.format_message()}", "bad", stays=True)
        self._look_now.set()
        return None

    def action_seen(self) -> None:
        """Count what was said as seen."""
        self._notices.see()
        self._draw()

    def action_notices(self) -> None:
        """Show all that was said and done."""
        self.push_screen(Page(self._notices.all or [("Nothing was done yet.", "plain")]))

    def action_help(self) -> None:
        """Show the keys."""
        keys = [f"  {'+' if act.key == 'plus' else act.key}  {act.words}" for act in ACTS.values()]
        more = ["  n  the next lot", "  v  what was said is seen", "  i  all that was said and done", "  q  leave"]
        text = ["Keys, for the lot that is chosen in the run list", *keys, *more]
        text += ["  arrow keys choose a lot; Tab goes to its bids; ctrl+p is the palette; d is dark or light"]
        self.push_screen(Page((line, "plain") for line in text))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Yield the commands of the palette."""
        yield from super().get_system_commands(screen)
        for act in ACTS.values():
            yield SystemCommand(act.words, f"The key {act.key}", partial(self.run_action, f"act('{act.key}')"))


def _who(row: Report) -> str:
    return person(row["name"], row["paddle"])


def _bid_words(bid: Report) -> str:
    """Return a bid that counts: its number, who, how much, and how it reached the house."""
    amounts = [grouped(bid["amount"]), f"up to {grouped(bid['maximum'])}" if bid["maximum"] else ""]
    source = f"{bid['source']}, {bid['by']}" if bid.get("by") else ""
    return "  ".join(filter(None, [str(bid["number"]), _who(bid), *amounts, source]))
