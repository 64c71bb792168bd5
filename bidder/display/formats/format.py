"""The display of a format: the words and the fields that depend on the way in which a lot is sold.

`bidder.display.wording` and `bidder.display.records` say all else about a lot (its number, status, clock and buyers) in
the same words for all formats.
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
    """A format's fields of a lot, grouped by the three places in which a record has them."""

    amounts: Record
    bidding: Record
    reserve: Record


class FormatDisplay(Protocol[Terms, Board, Own]):
    """The display of one format. `paddle` is the reader's, 0 for an observer; `own` is the reader's own position."""

    has_secret_positions: bool
    """Whether only the house can tell a bidder its own position, because the public state does not show it."""
    sells_at_once: bool
    """Whether an accepted offer is a purchase: a bidder with a position on an open lot has then bought."""
    mine_key: str
    """The key of the bidder's positions in a record of its own affairs."""

    # --- amounts ----------------------------------------------------------------------------------------------------

    def least_minor(self, board: Board) -> int:
        """Return the least amount that a bidder can offer."""

    def price_minor(self, board: Board) -> int | None:
        """Return the public price; None if there is none."""

    def buy_now_minor(self, board: Board) -> int | None:
        """Return the price at which a bidder can buy the lot at once; None if there is none."""

    # --- for people -------------------------------------------------------------------------------------------------

    def bidding_words(self, board: Board, own: Own | None, paddle: int, currency: Currency) -> str:
        """Return the leader of a lot that is not over, or what the format says instead."""

    def reserve_words(self, terms: Terms, board: Board) -> str:
        """Return the public words about the reserve; empty without one."""

    def standing_words(self, terms: Terms, board: Board, own: Own | None, paddle: int, currency: Currency) -> list[str]:
        """Return the state of the bidding on a lot that is not over, with its amounts. Callers skip empty texts."""

    def status_words(self, board: Board, own: Own | None, paddle: int, currency: Currency) -> str:
        """Return the same in a few words, for a line about several lots."""

    def move_words(self, before: Board, board: Board, bidder: int | None, paddle: int) -> str:
        """Return the last move of the bidding, if the new board does not show it. `bidder` is None for a clock."""

    def terms_words(self, terms: Terms) -> list[str]:
        """Return the clauses about the lot's terms that a bidder has to know."""

    def passed_words(self, board: Board) -> str:
        """Return the reason why a lot passed."""

    def position_words(self, lot: str, terms: Terms, board: Board, own: Own, currency: Currency) -> str:
        """Return the bidder's own position on a lot."""

    def binding_words(self, board: Board, own: Own | None, currency: Currency) -> str:
        """Return the price or the offer by which a leaving bidder can still win."""

    def accepted_line(self, verdict: Accepted, lot: str, currency: Currency) -> Line:
        """Return the verdict on an offer that counts."""

    def refused_words(self, lot: str, board: Board, currency: Currency) -> str:
        """Return the state of a lot, for a bidder whose offer did not fit it."""

    def caution_words(self, lot: str, board: Board, amount_minor: int, currency: Currency) -> str:
        """Return a warning before an offer of this amount, other than about its height; empty: none."""

    # --- for programs -----------------------------------------------------------------------------------------------

    def verdict_fields(self, verdict: Accepted | Rejected, currency: Currency) -> Record:
        """Return the fields of a verdict on an offer."""

    def unknown_fields(self, *, is_refused: bool) -> Record:
        """Return the same fields without a verdict: the house refused the bidder, or did not answer."""

    def lot_fields(
        self, terms: Terms, board: Board, own: Own | None, paddle: int, currency: Currency, *, is_over: bool
    ) -> LotFields:
        """Return all fields of a lot."""

    def change_fields(self, board: Board, currency: Currency, *, is_over: bool) -> LotFields:
        """Return the fields of a lot that can change."""

    def position_fields(self, board: Board, own: Own, currency: Currency) -> Record:
        """Return the bidder's own position on a lot."""

    def binding_fields(self, board: Board, own: Own | None, currency: Currency) -> Record:
        """Return the price or the offer by which a leaving bidder can still win."""
