"""What the display asks of a format: the words and the fields that depend on how a lot is sold.

All else about a lot (its number, its status, its clock, who bought it) is said in the same words for all formats, by
`bidder.display.wording` and `bidder.display.records`.
"""

from typing import NamedTuple, Protocol, TypeVar

from bidder.display.amounts import Record
from bidder.display.lines import Line
from common.messages import Accepted, Rejected
from common.money import Currency

Terms = TypeVar("Terms", contravariant=True)
Board = TypeVar("Board", contravariant=True)
Own = TypeVar("Own", contravariant=True)


class LotFields(NamedTuple):
    """A format's fields of a lot, in the three places of a record where they stand."""

    amounts: Record
    bidding: Record
    reserve: Record


class FormatDisplay(Protocol[Terms, Board, Own]):
    """How one format is shown. `paddle` is the reader's, 0 of those that only look on; `own` is its own position."""

    has_secret_positions: bool
    """Only the house can tell a bidder its own position: what everybody sees does not."""
    sells_at_once: bool
    """An accepted offer is a purchase: who has a position on an open lot has bought."""
    mine_key: str
    """Where a program finds the bidder's positions among its own affairs."""

    # --- amounts ----------------------------------------------------------------------------------------------------

    def least_minor(self, board: Board) -> int:
        """Return the least that can be offered."""

    def price_minor(self, board: Board) -> int | None:
        """Return the price that everybody sees; None where there is none."""

    def buy_now_minor(self, board: Board) -> int | None:
        """Return the price at which the lot can be bought at once; None where it can't."""

    # --- for people -------------------------------------------------------------------------------------------------

    def bidding_words(self, board: Board, own: Own | None, paddle: int, currency: Currency) -> str:
        """Return who leads, or what may be said in the place of that, on a lot that is not over."""

    def reserve_words(self, terms: Terms, board: Board) -> str:
        """Return what everybody may know about the reserve; empty without one."""

    def standing_words(self, terms: Terms, board: Board, own: Own | None, paddle: int, currency: Currency) -> list[str]:
        """Return how the bidding on a lot that is not over stands, with its amounts; empty texts are left out."""

    def status_words(self, board: Board, own: Own | None, paddle: int, currency: Currency) -> str:
        """Return the same in a few words, for a line about several lots."""

    def move_words(self, before: Board, board: Board, bidder: int | None, paddle: int) -> str:
        """Return what a move of the bidding was, where the new board does not tell it; `bidder` is None for a clock."""

    def terms_words(self, terms: Terms) -> list[str]:
        """Return what a bidder has to know of how the lot is sold, a clause each."""

    def passed_words(self, board: Board) -> str:
        """Return why a lot passed."""

    def position_words(self, lot: str, terms: Terms, board: Board, own: Own, currency: Currency) -> str:
        """Return the bidder's own position on a lot."""

    def binding_words(self, board: Board, own: Own | None, currency: Currency) -> str:
        """Return at what price, or by what offer, a bidder that leaves can still win."""

    def accepted_line(self, verdict: Accepted, lot: str, currency: Currency) -> Line:
        """Return the verdict on an offer that counts."""

    def refused_words(self, lot: str, board: Board, currency: Currency) -> str:
        """Return how a lot stands, for a bidder whose offer did not fit that."""

    def caution_words(self, lot: str, board: Board, amount_minor: int, currency: Currency) -> str:
        """Return a warning before this amount is offered, other than that it is high; empty: none."""

    # --- for programs -----------------------------------------------------------------------------------------------

    def verdict_fields(self, verdict: Accepted | Rejected, currency: Currency) -> Record:
        """Return the fields of a verdict on an offer."""

    def unknown_fields(self, *, is_refused: bool) -> Record:
        """Return the same fields where there is no verdict: the bidder was not let in, or the house did not answer."""

    def lot_fields(
        self, terms: Terms, board: Board, own: Own | None, paddle: int, currency: Currency, *, is_over: bool
    ) -> LotFields:
        """Return all fields of a lot."""

    def change_fields(self, board: Board, currency: Currency, *, is_over: bool) -> LotFields:
        """Return the fields of a lot that can change."""

    def position_fields(self, board: Board, own: Own, currency: Currency) -> Record:
        """Return the bidder's own position on a lot."""

    def binding_fields(self, board: Board, own: Own | None, currency: Currency) -> Record:
        """Return at what price, or by what offer, a bidder that leaves can still win."""
