"""A sale as a screen shows it: what is heard goes in, and the texts of each pane come out. It draws nothing itself."""

from collections.abc import Callable
from typing import Final

from bidder.attending.attendance import Attendance
from bidder.core.notices import ConnectionState, HistoryLost, LotCaughtUp, LotChanged, Notice, Told
from bidder.display.following import Following
from bidder.display.history import History
from bidder.display.lines import Line, Tone
from bidder.display.orders import FollowOrder
from bidder.display.shown import ShownLot
from bidder.display.watch_list import WatchList, away_words
from bidder.display.wording import connection_line, lot_lines
from bidder.shells.asyncio import AsyncClient
from bidder.shells.home import LastId
from bidder.tui.formats import moves_of
from bidder.tui.formats.moves import Move, Moves
from bidder.tui.lot_list import Showing, lots_shown, row_cells, row_tone
from bidder.tui.voice import Places, ScreenVoice
from common.lot import LotStatus, LotView, SaleStatus
from common.money import Currency

NOT_LIVE: Final = "The keys bid again once the house is back; what you have bid stands."
_STATES: Final = {
    ConnectionState.LIVE: "connected",
    ConnectionState.FROZEN: "FROZEN",
    ConnectionState.SILENT: "SILENT",
    ConnectionState.ENDED: "ended",
}
"""The state of the connection in one word; any other is OFFLINE."""


class AttendedSale:
    """One bidder's sale. `places` are those of the screen."""

    def __init__(
        self,
        client: AsyncClient,
        places: Places,
        last_id: LastId,
        timeout_ms: int,
        *,
        follow: FollowOrder | None,
        ask_above_minor: int | None,
    ) -> None:
        """Follow these lots; None: own and watched ones. Raises UsageError for a lot that does not exist."""
        self.client = client
        self._places = places
        self.watched = WatchList()
        self.history = History()
        self.voice = ScreenVoice(client, places, self.watched)
        if follow is not None:
            self.voice.follow(follow)
        self.attendance = Attendance(client, self.voice, last_id, timeout_ms, ask_above_minor=ask_above_minor)
        self.following = Following(client, self.voice)
        self.showing = Showing.ALL
        self.lots_moved = True
        """Whether other lots may be in the table now. The screen clears it."""

    @property
    def currency(self) -> Currency:
        """The sale's currency."""
        return self.client.sale.currency

    def hear(self, notice: Notice) -> None:
        """Tell a notice where it belongs. Raises RejectedError if the house refuses the bidder."""
        if isinstance(notice, HistoryLost):
            self.history.forget()
        self.following.show(notice)
        match notice:
            case LotChanged() | LotCaughtUp():
                self.history.note(notice, self.client.paddle, self.currency)
                if notice.before is not None and notice.before.status is notice.view.status:
                    self._places.draw_soon()
                    return
            case Told() if notice.word.lot:
                self.attendance.begin_positions()  # a correction may have changed one
        self.lots_moved = True
        for line in self.watched.approaching(self.client.lots()):
            self._places.tell(line, stays=True)
        self._places.draw_soon()

    # --- the table ---------------------------------------------------------------------------------------------------

    def numbers(self) -> list[str]:
        """Return the lots in the table."""
        return lots_shown(self.showing, self.client.lots(), self.voice.own_lots, self.watched.lots)

    def lot(self, number: str | None) -> ShownLot | None:
        """Return a lot as the house has told it last; None if there is none of this number."""
        view = self.client.lots().get(number or "")
        return None if view is None else self.voice.shown(self.voice.latest(view))

    def row(self, number: str) -> tuple[tuple[str, ...], str]:
        """Return the cells of a lot, and its tone."""
        lot, paddle = self.lot(number), self.client.paddle
        if lot is None:
            return ("", number, "", "", "", "", ""), "dim"
        is_watched = number in self.watched.lots
        cells = row_cells(lot, self.client.lots(), paddle, self.currency, is_watched=is_watched)
        return cells, row_tone(lot, paddle, is_own=number in self.voice.own_lots, is_watched=is_watched)

    def current(self, after: str | None = None) -> str | None:
        """Return the next open lot after a lot, in catalogue order and then from the start; without one, the first."""
        lots = self.client.lots()
        numbers = list(lots)
        start = numbers.index(after) + 1 if after in lots else 0
        running = [lot for lot in numbers[start:] + numbers[:start] if lots[lot].status is LotStatus.OPEN]
        return next(iter(running or numbers), None)

    # --- the chosen lot ----------------------------------------------------------------------------------------------

    @property
    def is_live(self) -> bool:
        """Whether what is shown is current and the house can store bids."""
        return self.client.state is ConnectionState.LIVE

    def moves(self, lot: ShownLot | None) -> Moves:
        """Return what can be done about a lot."""
        return {} if lot is None else moves_of(lot.view, lot.own, self.client.paddle, self.client.sale)

    def why_not(self, move: Move, view: LotView) -> str:
        """Return why a move can't be made now; an empty text if it can."""
        if not self.is_live:
            return NOT_LIVE
        if self.attendance.is_waiting(view.lot):
            return "Your last order on this lot has no verdict yet."
        return move.why_not

    def lot_texts(self, lot: ShownLot) -> list[Line]:
        """Return all about a lot."""
        lines = lot_lines(lot, self.client.paddle, self.currency)
        away = away_words(lot.view.lot, self.client.lots())
        if away:
            lines.insert(2, Line(f"  {away}"))
        return lines

    def history_texts(self, lot: str, time_of: Callable[[int], str]) -> list[Line]:
        """Return what was heard of a lot, the newest first."""
        heard = self.history.of(lot)
        if not heard:
            return [Line("  no change since you joined")]
        return [Line(f"  {time_of(one.at_ms)}  {one.words}") for one in heard]

    # --- the sale ----------------------------------------------------------------------------------------------------

    def state_word(self) -> str:
        """Return the state of the connection in a word."""
        return _STATES.get(self.client.state, "OFFLINE")

    def banner(self) -> Line | None:
        """Return what everybody must know before all else: out of reach, frozen, paused, over; None if all is well."""
        state, sale = self.client.state, self.client.sale
        if state is ConnectionState.ENDED or sale.status is SaleStatus.ENDED:
            return Line("The sale has ended. Press q to leave; what you won is told then.", Tone.NOTE)
        if state is not ConnectionState.LIVE:
            return connection_line(state, self.client.paddle) or Line("*** The state of the sale is on its way.")
        if sale.status is SaleStatus.PAUSED:
            return Line("*** The sale is paused: all clocks stand still, and bids are refused.", Tone.NOTE)
        return None

    def own_words(self) -> str:
        """Return how many lots the bidder leads and has won."""
        paddle, lots = self.client.paddle, self.client.lots()
        own = [lots[lot] for lot in self.voice.own_lots if lot in lots]
        leads = sum(view.board.leader == paddle and not view.status.is_final for view in own)
        won = sum(view.is_won_by(paddle) for view in own)
        return f"you lead {leads}, won {won}"
