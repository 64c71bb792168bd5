"""The voice of a full screen: it says what the line mode says, and puts each thing where the screen has it."""

from typing import Any, Protocol

from bidder.core.notices import Lost, Notice, Outbid, Told, Won
from bidder.display.lines import Line, Tone
from bidder.display.orders import ALL, OWN, FollowOrder, help_lines
from bidder.display.shown import Shown
from bidder.display.voices import ForPeople, Say
from bidder.display.watch_list import WatchList
from bidder.display.wording import LineOf, mine_lines, verdict_line
from common.errors import AuctionError
from common.lot import LotView
from common.messages import Accepted, Mine, Rejected

_STAYING = (Outbid, Won, Lost, Told)
"""The notices that concern the reader alone."""


class Places(Protocol):
    """The places of a screen to which a voice speaks."""

    def tell(self, line: Line, *, stays: bool) -> None:
        """Show a line among the notices. One that `stays` waits until it was seen."""

    def show_page(self, lines: list[Line]) -> None:
        """Show lines over the screen, to be read."""

    def show_lot(self, lot: str) -> None:
        """Choose a lot."""

    def show_all_lots(self) -> None:
        """Show the lots, all of them."""

    def draw_soon(self, *, at_once: bool = False) -> None:
        """Draw again what may have changed; `at_once` where a person waits for it."""


class ScreenVoice(ForPeople):
    """Tells the events of a sale on a screen. Without a choice, it tells changes of own and watched lots."""

    def __init__(self, client: Shown, places: Places, watched: WatchList) -> None:
        super().__init__(client, self._tell, lambda *_: None)
        self._places = places
        self._watched = watched
        self._stays = False
        self.choice = OWN

    def speak_by(self, say: Say) -> None:
        """Say everything in lines from now on, since the screen is closed."""
        self._say = say

    def _tell(self, line: Line, *, if_lost: str = "") -> None:  # noqa: ARG002 -- a screen loses no line
        self._places.tell(line, stays=self._stays)

    def is_followed(self, view: LotView) -> bool:
        """Return whether to tell changes of this lot."""
        return super().is_followed(view) or view.lot in self._watched.lots

    def follow(self, choice: FollowOrder) -> None:
        """Tell only the changes of these lots, and watch them if they are named. Raises UsageError."""
        super().follow(choice)
        if self.choice not in (ALL, OWN):
            self._watched.lots |= set(self.choice.lots)

    def state(self) -> None:
        """Tell the last announcement; the table shows the lots."""
        announcement = self._client.sale.announcement
        if announcement:
            self._tell(Line(f"*** The auctioneer says: {announcement}", Tone.NOTE))
        self._places.draw_soon()

    def notice(self, notice: Notice) -> None:
        """Tell a line, which stays if it concerns the reader alone."""
        if isinstance(notice, Outbid | Lost):
            self.last_word = ""  # that the bidder leads no longer holds, and must not stand beside the key
        self._stays = isinstance(notice, _STAYING)
        super().notice(notice)
        self._stays = False

    def verdict(self, verdict: Accepted | Rejected, lot: str, tag: Any, *, line_of: LineOf = verdict_line) -> None:
        """Tell the verdict. A refusal stays until it was seen."""
        self._stays = isinstance(verdict, Rejected)
        super().verdict(verdict, lot, tag, line_of=line_of)
        self._stays = False
        self._places.draw_soon(at_once=True)

    def failure(self, error: AuctionError, tag: Any) -> None:
        """Tell why an order can't be carried out; it stays until it was seen."""
        self._stays = True
        super().failure(error, tag)
        self._stays = False
        self._places.draw_soon(at_once=True)

    def mine(self, mine: Mine, tag: Any) -> None:  # noqa: ARG002 -- people need no tag
        """Show the lots led and won on a page."""
        client = self._client
        self._places.show_page(mine_lines(mine, client.welcome.name, client.lots(), client.sale.currency))

    def lots(self, tag: Any) -> None:  # noqa: ARG002 -- people need no tag
        """Show all lots."""
        self._places.show_all_lots()

    def lot(self, number: str) -> None:
        """Choose a lot. Raises UsageError if no lot has this number."""
        self._places.show_lot(self._client.lot(number).lot)

    def help(self) -> None:
        """Show all orders that can be typed on a page."""
        self._places.show_page([Line(line) for line in help_lines(self._client.sale)])
