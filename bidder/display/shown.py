"""The sale as the display reads it. A client provides it, and so may any stand-in for a client."""

from typing import NamedTuple, Protocol

from common.formats import AnyOwn
from common.lot import LotView, SaleView
from common.messages import Welcome


class ShownLot(NamedTuple):
    """A lot as a reader sees it now."""

    view: LotView
    remaining_ms: int | None = None
    """The milliseconds left on its clock; None if no clock runs."""
    own: AnyOwn | None = None
    """The reader's own position, if it is known and the view does not show it; else None."""
    answer_ms: int | None = None
    """The milliseconds that whoever is asked has left to answer; None if nobody is, or that time stands still."""


def shown_at(view: LotView, server_now_ms: int, remaining_ms: int | None, own: AnyOwn | None) -> ShownLot:
    """Return a lot as a reader sees it at a moment of the house's time."""
    until_ms = None if view.asked is None else view.asked.until_ms
    return ShownLot(view, remaining_ms, own, None if until_ms is None else max(0, until_ms - server_now_ms))


class Shown(Protocol):
    """A sale as one bidder or observer has it."""

    @property
    def welcome(self) -> Welcome:
        """The house's last answer to hello."""

    @property
    def paddle(self) -> int:
        """The bidder's number in this sale; 0 for an observer."""

    @property
    def sale(self) -> SaleView:
        """The sale as it stands."""

    def lots(self) -> dict[str, LotView]:
        """Return all lots by number, in catalogue order."""

    def lot(self, number: str) -> LotView:
        """Return one lot. Raises UsageError if no lot has this number."""

    def server_now_ms(self) -> int:
        """Return the house's time, in milliseconds since 1970."""

    def remaining_ms(self, lot: str) -> int | None:
        """Return the milliseconds left on a lot's clock; None if none runs. Raises UsageError for an unknown lot."""
