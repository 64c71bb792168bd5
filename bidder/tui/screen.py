"""The full screen of `bidder join`: the lots, the chosen one with its history, the notices, and the bar that bids.

It redraws at most four times a second, and only what differs. A key bids the price that is drawn under it, never
another one.
"""

import asyncio
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import ClassVar, Final

from textual import events
from textual.app import ComposeResult, SystemCommand
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Button, Footer, Sparkline, Static

from bidder.display.following import LAST_LOTS_MS
from bidder.display.lines import Line, Tone
from bidder.display.orders import (
    FollowOrder,
    MineOrder,
    Order,
    QuitOrder,
    YesOrder,
    help_lines,
    parsed_amount,
    typed_order,
)
from bidder.shells.asyncio import AsyncClient
from bidder.shells.home import LastId
from bidder.tui.attended_sale import NOT_LIVE, AttendedSale
from bidder.tui.bid_key import LOCK_MS, BidKey
from bidder.tui.formats import typed_order as order_of_move
from bidder.tui.formats.moves import Key, Move, Moves
from common.errors import AuctionError, UsageError
from common.lot import LotView
from common.screens.full_screen import BEAT_S, WIDE_COLUMNS, FullScreen
from common.screens.kept_notices import KeptNotices
from common.screens.questions import Page, Typed, YesOrNo
from common.screens.row_table import Row, RowTable
from common.screens.texts import shown, shown_lines
from common.terminal.tables import Column

_COLUMNS: Final = (
    Column(""),
    Column("Lot"),
    Column("Title", shrinks=True),
    Column("Price", is_number=True),
    Column("Next bid", is_number=True, is_extra=True),
    Column("Standing", shrinks=True),
    Column("Left", is_number=True),
)
_EXAMPLES: Final = "bid 3 120, max 3 200, lot 3, mine, follow 3,7, help"


_COMMANDS: Final = (
    ("Bid: the next amount, an offer, stop the clock, or say that your bid stands", "b", "move('b')"),
    ("Bid an amount, or take several units", "a", "move('a')"),
    ("Bid up to a secret maximum", "m", "move('m')"),
    ("Buy now", "n", "move('n')"),
    ("Take back: the last bid, a sealed offer, a bid that waits, or one that does not stand", "t", "move('t')"),
    ("Go to the next open lot", "c", "current"),
    ("Watch this lot, or no longer", "f", "watch"),
    ("Show other lots: all, not over, own", "v", "view"),
    ("What you lead and won", "w", "mine"),
    ("Count the notices as seen", "s", "seen"),
    ("Read all notices again", "h", "notices"),
    ("Change the amount from which you are asked", "l", "ask_above"),
    ("Type an order", ":", "order"),
    ("Change between dark and light", "d", "dark_or_light"),
    ("Leave; your bids stay", "q", "leave"),
)
"""The commands of the palette: what they do, their key, and the action."""
_HELP: Final = (
    ["Keys"]
    + [f"  {key}  {title}" for title, key, _ in _COMMANDS]
    + ["  arrow keys, j, k, page up and down, home, end  choose a lot; Tab goes to its texts, which scroll"]
    + ["  ctrl+p  the palette, with themes; ctrl+c leaves at once; the mouse works, too", "", "Orders, after `:`"]
)
"""The keys; the orders that can be typed follow."""


class BidderScreen(FullScreen):
    """The screen of one bidder. It follows the sale until it is left; `sale` then tells the rest."""

    CSS = """
    #head { height: 1; background: $primary; color: $text; }
    #title { width: 1fr; text-style: bold; }
    #state { width: auto; }
    #banner { height: auto; max-height: 2; background: $warning-muted; display: none; }
    #sale { height: 1fr; layout: vertical; }
    #lots { height: 1fr; min-height: 5; }
    #lot { height: 1fr; min-height: 5; background: $panel; padding: 0 1; }
    #chart { height: 2; display: none; }
    #notices { height: 4; padding: 0 1; }
    #bar { height: 2; background: $panel; padding: 0 1; }
    #keys { height: 1; }
    #keys Button { margin-right: 1; min-width: 8; }
    Screen.-wide #sale { layout: horizontal; }
    Screen.-wide #lots { width: 3fr; height: 1fr; }
    Screen.-wide #lot { width: 2fr; height: 1fr; }
    Screen.-tall #notices { height: 6; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("b", "move('b')", "Bid"),
        Binding("a", "move('a')", "Amount"),
        Binding("m", "move('m')", "Max"),
        Binding("n", "move('n')", "Buy"),
        Binding("t", "move('t')", "Back"),
        Binding("c", "current", "Current", show=False),
        Binding("f", "watch", "Watch"),
        Binding("v", "view", "View", show=False),
        Binding("w", "mine", "Mine", show=False),
        Binding("s", "seen", "Seen"),
        Binding("h", "notices", "All notices", show=False),
        Binding("l", "ask_above", "Ask above", show=False),
        Binding("colon,slash", "order", "Order", key_display=":"),
        Binding("question_mark,f1", "help", "Help", key_display="?"),
    ]

    def __init__(
        self,
        client: AsyncClient,
        last_id: LastId,
        timeout_ms: int,
        *,
        follow: FollowOrder | None,
        is_agreed: bool,
        ask_above_minor: int | None,
    ) -> None:
        """With `is_agreed` no doubt about an amount is asked about. Raises UsageError for an unknown lot to follow."""
        super().__init__()
        self.sale = AttendedSale(client, self, last_id, timeout_ms, follow=follow, ask_above_minor=ask_above_minor)
        self._client = client
        self._is_agreed = is_agreed
        self._notices = KeptNotices()
        self._bid_key = BidKey()
        self._moves: Moves = {}
        """The moves as the bar shows them."""
        self._view: LotView | None = None
        """The chosen lot as the bar shows it."""
        self._usable: dict[Key, bool | None] = {}
        """Which keys the hints below show, and how."""
        self._hint = ""
        self._pressed_ms = 0.0
        self._drawn_ms = 0.0
        self._will_draw = False
        self._texts: dict[str, Content] = {}

    # --- the parts ---------------------------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        """Make the parts of the screen."""
        with Horizontal(id="head"):
            yield Static(id="title", markup=False)
            yield Static(id="state", markup=False)
        yield Static(id="banner", markup=False)
        with Container(id="sale"):
            yield RowTable(_COLUMNS, self._row, "lots")
            with VerticalScroll(id="lot"):
                yield Static(id="about", markup=False)
                yield Sparkline(id="chart")
                yield Static(id="history", markup=False)
        yield Static(id="notices", markup=False)
        with Vertical(id="bar"):
            yield Static(id="answer", markup=False)
            with Horizontal(id="keys"):
                for key in Key:
                    button = Button("", id=f"key-{key.value}", compact=True, action=f"app.move('{key.value}')")
                    button.can_focus = False
                    yield button
        yield Footer(compact=True)

    def on_mount(self) -> None:
        """Begin to follow the sale."""
        self._table = self.query_one(RowTable)
        self._footer = self.query_one(Footer)
        self._chart = self.query_one(Sparkline)
        self._about_lot = self.query_one("#lot", VerticalScroll)
        self._statics = {static.id: static for static in self.query(Static) if static.id}
        self._buttons = {key: self.query_one(f"#key-{key.value}", Button) for key in Key}
        self._table.focus()
        self.sale.attendance.begin_positions()
        self.run_worker(self._follow(), name="follow")
        self.set_interval(BEAT_S, self._draw)
        self._draw()

    async def on_event(self, event: events.Event) -> None:
        """Note when the bid key was pressed: a press that waited in a queue was meant for what was drawn then."""
        if isinstance(event, events.MouseDown) or (isinstance(event, events.Key) and event.key == Key.BID.value):
            self._pressed_ms = event.time * 1000
        await super().on_event(event)

    def on_ready(self) -> None:
        """Choose the lot that is on now, once the table has its size."""
        current = self.sale.current()
        if current is not None:
            self._table.choose(current)
        self._draw()

    async def _follow(self) -> None:
        try:
            async for notice in self._client.notices():
                self.sale.hear(notice)
                if self.sale.following.has_ended:
                    break
            late_notices = self._client.notices(LAST_LOTS_MS)
            while self.sale.following.lots_missing and (late := await anext(late_notices, None)) is not None:
                self.sale.hear(late)
        except AuctionError as error:
            self.fail(error)

    # --- what the voice tells ----------------------------------------------------------------------------------------

    def tell(self, line: Line, *, stays: bool) -> None:
        """Show a line among the notices."""
        self._notices.add(line.text, line.tone.value, stays=stays)
        self.draw_soon()

    def show_page(self, lines: list[Line]) -> None:
        """Show lines to read over the screen."""
        self.push_screen(Page((line.text, line.tone.value) for line in lines))

    def show_lot(self, lot: str) -> None:
        """Choose a lot."""
        self._table.choose(lot)
        self._chosen()

    def show_all_lots(self) -> None:
        """Show all lots."""
        self.sale.showing = type(self.sale.showing).ALL
        self.sale.lots_moved = True
        self.draw_soon()

    def draw_soon(self, *, at_once: bool = False) -> None:
        """Draw at once where nothing was drawn for a beat, or where a person waits; else with the next beat."""
        if self._will_draw or not self.is_running:
            return
        if not at_once and _now_ms() - self._drawn_ms < BEAT_S * 1000:
            return
        self._will_draw = True
        self.call_later(self._draw)

    # --- drawing -----------------------------------------------------------------------------------------------------

    def _draw(self) -> None:
        self._will_draw = False
        if not self._table.is_attached:
            return  # the screen is closing
        self._drawn_ms = _now_ms()
        if self.sale.lots_moved:
            self.sale.lots_moved = False
            self._table.set_keys(self.sale.numbers())
        self._table.update_rows()
        self._draw_head()
        self._draw_lot()
        self._draw_bar()
        room = self._statics["notices"].size
        self._set("notices", shown_lines(self._notices.shown(room.width, room.height)))

    def _draw_head(self) -> None:
        client = self._client
        self._set("title", shown(f" {client.sale.title}"))
        clock = _local_time(client.server_now_ms())
        who = f"{client.welcome.name}, paddle {client.paddle}"
        self._set("state", shown(f"{who} | {self.sale.own_words()} | {self.sale.state_word()} | {clock} "))
        if self._footer.show_command_palette != (is_wide := self.size.width >= WIDE_COLUMNS):
            self._footer.show_command_palette = is_wide
            self.refresh_bindings()
        banner = self.sale.banner()
        self._statics["banner"].display = banner is not None
        if banner is not None:
            self._set("banner", shown(f" {banner.text}"), layout=True)

    def _draw_lot(self) -> None:
        lot = self.sale.lot(self._table.chosen)
        if lot is None:
            self._set("about", shown(" There is no lot to show."), layout=True)
            self._set("history", Content(), layout=True)
            self._chart.display = False
            return
        self._set("about", shown_lines(_parts(self.sale.lot_texts(lot))), layout=True)
        prices_minor = self.sale.history.prices_minor(lot.view)
        self._chart.display = len(prices_minor) > 1
        if self._chart.data != prices_minor:
            self._chart.data = prices_minor
        self._set("history", shown_lines(_parts(self.sale.history_texts(lot.view.lot, _local_time))), layout=True)

    def _draw_bar(self) -> None:
        lot = self.sale.lot(self._table.chosen)
        now_ms = _now_ms()
        self._view = None if lot is None else lot.view
        self._moves = self.sale.moves(lot)
        bid = self._moves.get(Key.BID)
        self._bid_key.show(
            self._table.chosen,
            None if bid is None else bid.amount_minor,
            now_ms,
            falls_by_itself=bid is not None and bid.falls_by_itself,
        )
        is_locked = self._bid_key.is_locked(now_ms)
        for key in Key:
            move = self._moves.get(key)
            button = self._buttons[key]
            button.display = move is not None
            if move is None or lot is None:
                continue
            label = shown(f"{key.value}  {move.words}")
            if button.label != label:
                button.label = label
                button.refresh(layout=True)
            button.variant = "success" if key is Key.BID else "default"
            button.disabled = bool(self.sale.why_not(move, lot.view)) or (key is Key.BID and is_locked)
        self._set("answer", shown(self._answer_words(is_locked=is_locked)))
        usable = {key: self.check_action("move", (key.value,)) for key in Key}
        if usable != self._usable:
            self._usable = usable
            self.refresh_bindings()

    def _answer_words(self, *, is_locked: bool) -> str:
        view = self._view
        if view is None:
            return ""
        if self.sale.attendance.is_waiting(view.lot):
            return f"Lot {view.lot}: waiting for the house's verdict ..."
        if not self.sale.is_live:
            return NOT_LIVE
        if is_locked:
            return f"Lot {view.lot}: this has just changed; look once more."
        if self._hint:
            return self._hint
        if self.sale.voice.last_word:
            return self.sale.voice.last_word
        bid = self._moves.get(Key.BID)
        return f"Lot {view.lot}: {bid.why_not}" if bid is not None and bid.why_not else f"Lot {view.lot}: your bid?"

    def _row(self, lot: str) -> Row:
        return Row(*self.sale.row(lot))

    def _set(self, name: str, content: Content, *, layout: bool = False) -> None:
        """Give a part of the screen its text, if it has another one."""
        if self._texts.get(name) != content:
            self._texts[name] = content
            self._statics[name].update(content, layout=layout)

    # --- keys --------------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Return whether a key can be used now; None shows it, but not as usable."""
        if action != "move":
            return True
        move = self._moves.get(Key(str(parameters[0])))
        if move is None or self._view is None:
            return False
        return None if self.sale.why_not(move, self._view) else True

    def on_row_table_chosen(self, _: RowTable.Chosen) -> None:
        """Show another lot."""
        self._chosen()

    def _chosen(self) -> None:
        self._hint = self.sale.voice.last_word = ""
        self._about_lot.scroll_home(animate=False)
        self._draw()

    def action_move(self, name: str) -> None:
        """Make a move on the chosen lot, as the bar shows it; ask first where a person should look twice."""
        key = Key(name)
        move, view = self._moves.get(key), self._view
        if move is None or view is None:
            return
        counts = key is not Key.BID or self._bid_key.press(self._pressed_ms)
        if self._table.chosen != view.lot:
            self._draw()  # keys came faster than the bar was drawn: what it showed is not what the person means
        elif not counts:
            self._show_hint("That came too soon after a change, or the key was held down: press it again.")
        elif move.order is not None:
            self._give(move.order, move.asks)
        else:
            self._ask_amount(key, move, view)

    def _ask_amount(self, key: Key, move: Move, view: LotView) -> None:
        def give(text: str | None) -> None:
            if text is None:
                return
            try:
                self._give(order_of_move(key, view, text, self.sale.currency))
            except UsageError as error:
                self.sale.voice.failure(error, None)

        self.push_screen(Typed([move.asks]), give)

    def _give(self, order: Order, question: str = "") -> None:
        """Give an order, after a question where there is one or the amount is doubtful."""
        doubt = self.sale.attendance.doubt(order)
        if doubt and self._is_agreed:
            self.tell(Line(doubt, Tone.BAD), stays=False)
            doubt = ""
        if not question and not doubt:
            self._begin(order)
            return

        def begin(is_meant: bool | None) -> None:  # noqa: FBT001 -- the answer
            if is_meant:
                self._begin(order)

        self.push_screen(YesOrNo(filter(None, [doubt]), question or "Bid it all the same?"), begin)

    def _begin(self, order: Order) -> None:
        self._hint = ""

        async def begin() -> None:
            await self.sale.attendance.begin(order)
            await asyncio.sleep(0)  # the order is then under way, and the bar says so
            self._draw()

        self.run_worker(begin(), name="order")

    def _show_hint(self, hint: str) -> None:
        self._hint = hint
        self._draw_bar()
        self.set_timer(LOCK_MS / 1000, self._draw_bar)

    def action_order(self) -> None:
        """Type an order, as at the prompt of the line mode."""

        def give(line: str | None) -> None:
            try:
                order = typed_order(line or "")
            except UsageError as error:
                self.sale.voice.failure(error, None)
                return
            if isinstance(order, QuitOrder):
                self.action_leave()
            elif isinstance(order, YesOrder):
                self.sale.voice.failure(UsageError("Nothing was asked, so `yes` has no effect."), None)
            elif order is not None:
                self._give(order)

        self.push_screen(Typed([f"An order, such as {_EXAMPLES}"], _EXAMPLES), give)

    def action_current(self) -> None:
        """Go to the next lot that is open."""
        current = self.sale.current(self._table.chosen)
        if current is not None:
            self.show_lot(current)

    def action_watch(self) -> None:
        """Watch the chosen lot, or no longer."""
        lot = self._table.chosen
        if lot is None:
            return
        watches = self.sale.watched.toggle(lot)
        self.tell(Line(f"You watch lot {lot}." if watches else f"You no longer watch lot {lot}."), stays=False)
        for line in self.sale.watched.approaching(self._client.lots()):
            self.tell(line, stays=True)
        self.sale.lots_moved = True
        self._draw()

    def action_view(self) -> None:
        """Show other lots in the table."""
        self.sale.showing = self.sale.showing.after
        self.sale.lots_moved = True
        self.tell(Line(f"The table shows {self.sale.showing.value}."), stays=False)
        self._draw()

    def action_mine(self) -> None:
        """Show what the bidder leads and won."""
        self._begin(MineOrder())

    def action_seen(self) -> None:
        """Count all notices as seen."""
        self._notices.see()
        self._hint = self.sale.voice.last_word = ""
        self._draw()

    def action_notices(self) -> None:
        """Show all notices that are kept."""
        self.push_screen(Page(self._notices.all or [("Nothing was told yet.", "plain")]))

    def action_ask_above(self) -> None:
        """Change the amount above which the bidder is asked."""
        now_minor = self.sale.attendance.ask_above_minor
        now = "nothing" if now_minor is None else f"bids above {self.sale.currency.show(now_minor)}"
        question = f"You are asked about {now}, and about what is far above the minimum. Ask about bids above:"

        def change(text: str | None) -> None:
            try:
                above_minor = None if text is None else parsed_amount(self.sale.currency, text)
            except UsageError as error:
                self.sale.voice.failure(error, None)
                return
            if above_minor is not None:
                self.sale.attendance.ask_above_minor = above_minor
                self.tell(Line(f"You are asked about bids above {self.sale.currency.show(above_minor)}."), stays=False)

        self.push_screen(Typed([question]), change)

    def action_help(self) -> None:
        """Show the keys, and the orders that can be typed."""
        orders = [f"  {line}" for line in help_lines(self.sale.client.sale)]
        self.show_page([Line(line) for line in (*_HELP, *orders)])

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Yield the commands of the palette."""
        yield from super().get_system_commands(screen)
        for title, key, action in _COMMANDS:
            yield SystemCommand(title, f"The key {key}", partial(self.run_action, action))


def _now_ms() -> float:
    """Return the time of a clock that never goes back, in milliseconds."""
    return time.monotonic() * 1000


def _local_time(at_ms: int) -> str:
    """Return a time of the house's clock in this machine's zone."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone().strftime("%H:%M:%S")


def _parts(lines: Iterable[Line]) -> Iterator[tuple[str, str]]:
    return ((line.text, line.tone.value) for line in lines)
