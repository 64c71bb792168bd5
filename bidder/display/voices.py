"""The two ways to tell the events of a sale: lines for people, and objects for programs.

The code that follows a sale gives each event to a voice. The voice decides the form. A function that the voice is given
puts the result in its place: on a terminal, a screen or a page.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any, Final, Protocol

from msgspec.structs import replace

from bidder.core.errors import UnansweredError
from bidder.core.notices import LotCaughtUp, LotChanged, Notice, SaleChanged
from bidder.display.amounts import Record, money
from bidder.display.formats import USUAL, AnyDisplay, display_of
from bidder.display.lines import Line, Tone
from bidder.display.orders import ALL, OWN, FollowOrder, help_lines
from bidder.display.records import (
    lot_record,
    mine_record,
    no_verdict_record,
    notice_record,
    state_records,
    verdict_record,
)
from bidder.display.shown import Shown, ShownLot, shown_at
from bidder.display.wording import LineOf, lot_lines, mine_lines, notice_line, verdict_line, won_minor, won_words
from common.errors import AuctionError, UnreachableError
from common.formats import AnyOwn
from common.lot import LotStatus, LotView
from common.lot_events import Called
from common.lot_numbers import lot_meant
from common.messages import Accepted, Mine, Rejected, Word
from common.money import Currency
from common.words import counted

OWN_MARK: Final = "==> "
"""Marks the answers to the reader's own orders among the other lines."""
_TABLE_LOTS_MAX: Final = 40
"""The most lots in a table at the start: a longer one would only scroll the screen away."""


class Say(Protocol):
    """Shows a line to a person. If it can't, it raises an error that tells `if_lost`."""

    def __call__(self, line: Line, *, if_lost: str = "") -> None:
        """Show the line."""


class SayRecord(Protocol):
    """Gives an object to a program. If it can't, it raises an error that tells `if_lost`."""

    def __call__(self, record: Record, *, if_lost: str = "") -> None:
        """Give the record."""


class ShowLots(Protocol):
    """Shows lots to a person."""

    def __call__(self, lots: Sequence[ShownLot], paddle: int, currency: Currency) -> None:
        """Show the lots."""


class Voice(ABC):
    """Tells the events of a client. `tag` is the mark by which a program recognises the answer to its request."""

    def __init__(self, client: Shown) -> None:
        self._client = client
        self._verdicts: dict[str, Accepted] = {}
        """For each lot, the last verdict that gave the bidder a position."""
        self._positions: dict[str, AnyOwn] = {}
        """The positions that only the house could tell, as it told them."""
        self.choice = ALL
        self._own: set[str] = set()
        self.last_word = ""
        """The last answer to a person. It stays below the prompt until the next order."""

    @property
    def own_lots(self) -> frozenset[str]:
        """The lots on which the bidder gave an order, leads, or has a result."""
        return frozenset(self._own)

    def note_own(self, lot: str) -> None:
        """Count a lot as one of the bidder's own, because the bidder gave an order for it."""
        self._own.add(lot)

    def note_view(self, view: LotView) -> None:
        """Count a lot as one of the bidder's own, if the bidder leads it or has a result in it."""
        paddle = self._client.paddle
        if paddle and (view.board.leader == paddle or view.result_of(paddle) is not None):
            self._own.add(view.lot)

    def is_followed(self, view: LotView) -> bool:
        """Return whether to tell changes of this lot."""
        self.note_view(view)
        if self.choice == ALL:
            return True
        return view.lot in (self._own if self.choice == OWN else self.choice.lots)

    def follow(self, choice: FollowOrder) -> None:
        """Tell only the changes of these lots from now on. Raises UsageError if a lot does not exist."""
        if choice not in (ALL, OWN):
            lots = tuple(lot_meant(lot, self._client.lots()) for lot in choice.lots)
            choice = FollowOrder(tuple(self._client.lot(lot).lot for lot in lots))
        self.choice = choice

    @abstractmethod
    def followed(self, tag: Any) -> None:
        """Tell which lots are followed."""

    def note_accepted(self, verdict: Accepted) -> None:
        """Keep the bidder's position in a verdict, which may arrive before the broadcast that shows it."""
        known = self._verdicts.get(verdict.lot)
        if known is not None and known.id > verdict.id:
            return
        self._positions.pop(verdict.lot, None)
        if verdict.own is None or verdict.results:
            self._verdicts.pop(verdict.lot, None)
        else:
            self._verdicts[verdict.lot] = verdict

    def note_word(self, word: Word) -> None:
        """Drop the bidder's position on a lot that was corrected, unless a later verdict has given another."""
        verdict = self._verdicts.get(word.lot)
        if verdict is not None and verdict.at_ms <= word.at_ms:
            del self._verdicts[word.lot]
        self._positions.pop(word.lot, None)

    def note_positions(self, mine: Mine) -> None:
        """Keep the bidder's secret positions, which only this answer of the house shows."""
        secret = {lot for lot, view in self._client.lots().items() if display_of(view).has_secret_positions}
        self._positions = {one.lot: one.own for one in mine.positions if one.lot in secret}
        for lot in secret:
            if lot in self._verdicts and self._verdicts[lot].id < mine.id:
                del self._verdicts[lot]
        self._own |= self._positions.keys()

    def forget_positions(self) -> None:
        """Drop the bidder's positions, because the house has another history now."""
        self._verdicts.clear()
        self._positions.clear()

    def shown(self, view: LotView) -> ShownLot:
        """Return a lot with the time left on its clock, and the bidder's own position if it is known."""
        client = self._client
        return shown_at(view, client.server_now_ms(), client.remaining_ms(view.lot), self.own_position(view))

    def own_position(self, view: LotView) -> AnyOwn | None:
        """Return the bidder's position on a lot as it stands; None if it is unknown.

        The position in the last verdict counts if the board has not changed since, or if others can't change it.
        """
        if view.status.is_final:
            return None
        verdict = self._verdicts.get(view.lot)
        if verdict is not None and (display_of(view).has_secret_positions or verdict.board == view.board):
            return verdict.own
        return self._positions.get(view.lot)

    def latest(self, view: LotView) -> LotView:
        """Return a lot with the newest board that the house has told: by a broadcast, or in a verdict before it."""
        verdict = self._verdicts.get(view.lot)
        return view if verdict is None or verdict.seq <= view.seq else replace(view, board=verdict.board)

    def _display_of(self, lot: str) -> AnyDisplay:
        view = self._client.lots().get(lot)
        return USUAL if view is None else display_of(view)

    @abstractmethod
    def state(self) -> None:
        """Tell the state of the sale, before the notices that follow."""

    @abstractmethod
    def notice(self, notice: Notice) -> None:
        """Tell a notice."""

    @abstractmethod
    def verdict(self, verdict: Accepted | Rejected, lot: str, tag: Any, *, line_of: LineOf = verdict_line) -> None:
        """Tell the house's verdict on an offer, in the words of `line_of`."""

    @abstractmethod
    def no_verdict(self, error: UnansweredError, lot: str, tag: Any) -> None:
        """Tell that an offer has no verdict."""

    @abstractmethod
    def failure(self, error: AuctionError, tag: Any) -> None:
        """Tell why the client can't carry out an order."""

    @abstractmethod
    def mine(self, mine: Mine, tag: Any) -> None:
        """Tell the bidder's positions and wins."""

    @abstractmethod
    def lots(self, tag: Any) -> None:
        """Tell the state of all lots."""

    @abstractmethod
    def left(self) -> None:
        """Tell that the bidder leaves before the end, and which offers still bind."""

    @abstractmethod
    def ended(self, missing: int) -> None:
        """Tell the end of the sale and the bidder's wins. The ends of `missing` lots did not arrive."""

    def _bound(self) -> list[ShownLot]:
        """Return the lots that the bidder may still win if nothing more happens."""
        paddle, bound = self._client.paddle, []
        for view in self._client.lots().values():
            verdict, own = self._verdicts.get(view.lot), self.own_position(view)
            if verdict is not None and verdict.seq > view.seq:
                bound.append(ShownLot(self.latest(view), None, verdict.own))
            elif paddle and not view.status.is_final and (view.board.leader == paddle or own is not None):
                bound.append(ShownLot(view, None, own))
        return bound

    def _won(self) -> list[LotView]:
        paddle = self._client.paddle
        return [view for view in self._client.lots().values() if paddle and view.is_won_by(paddle)]

    def _won_minor(self, view: LotView) -> int:
        return won_minor(view, self._client.paddle) or 0


class ForPeople(Voice):
    """Lines of text, and a table of lots."""

    def __init__(self, client: Shown, say: Say, show_lots: ShowLots) -> None:
        super().__init__(client)
        self._say = say
        self._show_lots = show_lots

    def state(self) -> None:
        """Tell the table of lots."""
        sale = self._client.sale
        self._say(Line(sale.title, Tone.NOTE))
        if sale.announcement:
            self._say(Line(f"*** The auctioneer says: {sale.announcement}", Tone.NOTE))
        if sale.lots <= _TABLE_LOTS_MAX:
            self.lots(None)
            return
        views = [view for view in self._client.lots().values() if view.status in (LotStatus.OPEN, LotStatus.PAUSED)]
        self._say(Line(f"{counted(sale.lots, 'lot')}, {len(views)} open; `lots` shows them all."))
        self._table(views[:_TABLE_LOTS_MAX])

    def notice(self, notice: Notice) -> None:
        """Tell a line, if a person needs to know; a call about a lot only if the person follows the lot."""
        if isinstance(notice, SaleChanged) and isinstance(notice.event, Called):
            called = self._client.lots().get(notice.event.lot)
            if called is not None and not self.is_followed(called):
                return
        remaining_ms = own = None
        if isinstance(notice, LotChanged | LotCaughtUp):
            remaining_ms = notice.view.remaining_at(self._client.server_now_ms())
            own = self.own_position(notice.view)
        line = notice_line(notice, self._client.paddle, self._client.sale.currency, remaining_ms, own)
        if line is not None:
            self._say(line)

    def verdict(
        self,
        verdict: Accepted | Rejected,
        lot: str,
        tag: Any,  # noqa: ARG002 -- people need no tag
        *,
        line_of: LineOf = verdict_line,
    ) -> None:
        """Tell a sentence."""
        line = line_of(verdict, lot, self._client.sale.currency)
        code = f"Error [{verdict.code.value}]: " if isinstance(verdict, Rejected) else ""
        self._answer(Line(code + line.text, line.tone), if_lost=line.text)

    def no_verdict(self, error: UnansweredError, lot: str, tag: Any) -> None:
        """Tell whether the offer may count."""
        what = "It may have counted: see `mine` once the house is back." if error.may_count else "Nothing was decided."
        self.failure(UnreachableError(f"The house did not answer in time about lot {lot}. {what}"), tag)

    def failure(self, error: AuctionError, tag: Any) -> None:  # noqa: ARG002 -- people need no tag
        """Tell a sentence."""
        self._answer(Line(f"Error [{error.code}]: {error}", Tone.BAD))

    def _answer(self, line: Line, *, if_lost: str = "") -> None:
        self.last_word = line.text
        self._say(Line(f"{OWN_MARK}{line.text}", line.tone), if_lost=if_lost)

    def doubt(self, question: str) -> None:
        """Tell the doubt about an order, and how to confirm it."""
        self._say(Line(question, Tone.BAD))

    def help(self) -> None:
        """Tell all orders that can be typed."""
        for line in help_lines(self._client.sale):
            self._say(Line(line))

    def mine(self, mine: Mine, tag: Any) -> None:  # noqa: ARG002 -- people need no tag
        """Tell the lots led and won."""
        for line in mine_lines(mine, self._client.welcome.name, self._client.lots(), self._client.sale.currency):
            self._say(line)

    def followed(self, tag: Any) -> None:  # noqa: ARG002 -- people need no tag
        """Tell which lots are followed."""
        which = {ALL: "all lots", OWN: "the lots that you bid on or lead"}.get(self.choice)
        self._answer(Line(f"You see the changes of {which or f'lot {self.choice}'}, and all that concerns you."))

    def lots(self, tag: Any) -> None:  # noqa: ARG002 -- people need no tag
        """Tell the table of lots."""
        self._table(list(self._client.lots().values()))

    def _table(self, views: list[LotView]) -> None:
        lots = [self.shown(view) for view in views]
        self._show_lots(lots, self._client.paddle, self._client.sale.currency)

    def lot(self, number: str) -> None:
        """Tell all about one lot. Raises UsageError if no lot has this number."""
        view = self._client.lot(number)
        for line in lot_lines(self.shown(view), self._client.paddle, self._client.sale.currency):
            self._say(line)

    def left(self) -> None:
        """Tell the offers that still bind."""
        currency, bound = self._client.sale.currency, self._bound()
        if not bound:
            self._say(Line("You leave the sale; you lead no lot.", Tone.NOTE))
            return
        self._say(
            Line(f"You leave the sale. Bids bind: {_binds(map(display_of, (lot.view for lot in bound)))},", Tone.NOTE)
        )
        for lot in bound:
            view = lot.view
            by = display_of(view).binding_words(view.board, lot.own, currency)
            self._say(Line(f"  lot {view.lot} {by}: {view.terms.title}", Tone.NOTE))

    def ended(self, missing: int) -> None:
        """Tell the bidder's wins."""
        currency, won = self._client.sale.currency, self._won()
        self._say(Line("The sale is over.", Tone.NOTE))
        if missing:
            self._say(
                Line(f"The end of {counted(missing, 'lot')} did not come through; `bidder lots` shows it.", Tone.BAD)
            )
        if not self._client.paddle:
            return
        if not won:
            self._say(Line("You won no lot."))
            return
        self._say(Line(f"You won {counted(len(won), 'lot')}:", Tone.GOOD))
        for view in won:
            self._say(Line(f"  {won_words(view, self._client.paddle, currency)}"))
        self._say(Line(f"  total {currency.show(sum(map(self._won_minor, won)))}"))


def _binds(displays: Iterable[AnyDisplay]) -> str:
    """Return the meaning of the positions that a leaving bidder keeps."""
    formats = set(displays)
    clauses = ["you have bought"] if any(shown.sells_at_once for shown in formats) else []
    if rest := [shown for shown in formats if not shown.sells_at_once]:
        is_secret = any(shown.has_secret_positions for shown in rest)
        clauses.append("you can still win" if is_secret else "you still lead, and can still win")
    return ", and ".join(clauses)


class ForPrograms(Voice):
    """One JSON object for each event."""

    def __init__(self, client: Shown, say_record: SayRecord) -> None:
        super().__init__(client)
        self._say_record = say_record

    def state(self) -> None:
        """Tell the sale and each lot."""
        for record in state_records(self._epoch, self._client.sale, self._client.lots()):
            self._say_record(record)

    def notice(self, notice: Notice) -> None:
        """Tell the notice."""
        self._say_record(notice_record(notice, self._epoch, self._client.sale.currency))

    def verdict(self, verdict: Accepted | Rejected, lot: str, tag: Any, *, line_of: LineOf = verdict_line) -> None:
        """Tell the verdict."""
        currency = self._client.sale.currency
        message = line_of(verdict, lot, currency).text
        self._answer(
            "verdict", tag, if_lost=message, **verdict_record(verdict, currency, lot, message, self._display_of(lot))
        )

    def no_verdict(self, error: UnansweredError, lot: str, tag: Any) -> None:
        """Tell whether the offer may count, and the id with which to repeat it."""
        unreachable, shown = UnreachableError(str(error)), self._display_of(lot)
        self._answer("verdict", tag, **no_verdict_record(unreachable, lot, error.request_id, shown))

    def failure(self, error: AuctionError, tag: Any) -> None:
        """Tell the error."""
        self._answer("error", tag, error={"code": error.code, "message": str(error)})

    def mine(self, mine: Mine, tag: Any) -> None:
        """Tell the lots led and won."""
        record = mine_record(mine, self._client.welcome.name, self._client.lots(), self._client.sale.currency)
        self._answer("mine", tag, **record)

    def followed(self, tag: Any) -> None:
        """Tell which lots are followed."""
        self._answer("follow", tag, follow=str(self.choice))

    def lots(self, tag: Any) -> None:
        """Tell all lots in one object."""
        client = self._client
        records = [lot_record(self.shown(view), client.sale.currency, client.paddle) for view in client.lots().values()]
        self._answer("lots", tag, lots=records)

    def left(self) -> None:
        """Tell the offers that still bind."""
        currency = self._client.sale.currency
        bound: Record = {USUAL.mine_key: []}
        for lot in self._bound():
            shown = display_of(lot.view)
            fields = shown.binding_fields(lot.view.board, lot.own, currency)
            bound.setdefault(shown.mine_key, []).append({"lot": lot.view.lot, **fields})
        self._answer("left", None, **bound)

    def ended(self, missing: int) -> None:
        """Tell the bidder's wins."""
        currency, won = self._client.sale.currency, self._won()
        total_minor = sum(map(self._won_minor, won))
        records = [{"lot": view.lot, **money(currency, hammer=self._won_minor(view))} for view in won]
        self._answer("ended", None, won=records, missing=missing, **money(currency, total=total_minor))

    @property
    def _epoch(self) -> int:
        return self._client.welcome.epoch

    def _answer(self, event: str, tag: Any, *, if_lost: str = "", **fields: Any) -> None:
        record = {"event": event, "epoch": self._epoch, "lot": None, "seq": None, "id": tag, **fields}
        self._say_record(record, if_lost=if_lost)
