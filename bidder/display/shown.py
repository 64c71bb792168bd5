"""What the display reads of a sale: a client shows it, a hall does, and so may whatever stands in for one."""

from typing import NamedTuple, Protocol

from common.formats import AnyOwn
from common.lot import LotView, SaleView
from common.messages import Welcome


class ShownLot(NamedTuple):
    """A lot as a reader sees it now."""

    view: LotView
    remaining_ms: int | None = None
    """What is left on its clock; None where none runs."""
    own: AnyOwn | None = None
    """The reader's own position, where it is known and is not plain from the view."""


class Shown(Protocol):
    """A sale as one bidder has it, or one who only looks on."""

    @property
    def welcome(self) -> Welcome:
        """The house's last answer to hello."""

    @property
    def paddle(self) -> int:
        """The bidder's number in this sale; 0 of those that only look on."""

    @property
    def sale(self) -> SaleView:
        """The sale as it stands."""

    def lots(self) -> dict[str, LotView]:
        """Return all lots by number, in catalogue order."""

    def lot(self, number: str) -> LotView:
        """Return one lot. Raises UsageError where there is none of this number."""

    def server_now_ms(self) -> int:
        """Return the house's time, milliseconds since 1970."""

    def remaining_ms(self, lot: str) -> int | None:
        """Return what is left on a lot's clock; None where none runs. Raises UsageError."""
