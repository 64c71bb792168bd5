"""Dutch lots in words and in fields: the price on the clock, the units left, and the units that the bidder took."""

from typing import Final

from bidder.display.amounts import Record, bare, money
from bidder.display.formats.format import LotFields
from bidder.display.lines import Line, Tone
from common.durations import format_duration
from common.formats import AnyBoard
from common.formats.dutch import DutchBoard, DutchOwn, DutchTerms
from common.messages import Accepted, Rejected
from common.money import Currency
from common.words import counted


class Dutch:
    """The display of Dutch lots. Units taken are bought, so it tells a bidder's units as long as the lot is open."""

    has_secret_positions = True
    sells_at_once = True
    mine_key = "taken"

    # --- amounts ----------------------------------------------------------------------------------------------------

    def least_minor(self, board: DutchBoard) -> int:
        """Return the price on the clock: a stop that names less is refused."""
        return board.price_minor

    def price_minor(self, board: DutchBoard) -> int:
        """Return the price on the clock."""
        return board.price_minor

    def buy_now_minor(self, board: DutchBoard) -> None:
        """Return None: a Dutch lot has no second price."""

    # --- for people -------------------------------------------------------------------------------------------------

    def bidding_words(self, board: DutchBoard, own: DutchOwn | None, paddle: int, currency: Currency) -> str:
        """Return the number of units left, and the number that the bidder has taken."""
        return ", ".join([_left_words(board), *_own_words(own, currency)])

    def reserve_words(self, terms: DutchTerms, board: DutchBoard) -> str:
        """Return nothing: the floor is public."""
        return ""

    def standing_words(
        self, terms: DutchTerms, board: DutchBoard, own: DutchOwn | None, paddle: int, currency: Currency
    ) -> list[str]:
        """Return the price on the clock, its steps down, the units left, and the units that the bidder has taken."""
        falls = f"falls by {bare(terms.step_minor, currency)} every {format_duration(terms.step_ms)} to "
        is_lowest = board.price_minor == terms.floor_minor
        return [
            f"{currency.show(board.price_minor)} on the clock",
            "which falls no more" if is_lowest else falls + bare(terms.floor_minor, currency),
            _left_words(board),
            *_own_words(own, currency),
        ]

    def status_words(self, board: DutchBoard, own: DutchOwn | None, paddle: int, currency: Currency) -> str:
        """Return the price on the clock and the units left."""
        return f"{currency.plain(board.price_minor)} on the clock, {self.bidding_words(board, own, paddle, currency)}"

    def move_words(self, before: DutchBoard, board: DutchBoard, bidder: int | None, paddle: int) -> str:
        """Return the bidder and the number of units taken; nothing if the price fell."""
        if bidder is None:
            return ""
        who = "you take" if bidder == paddle else f"paddle {bidder} takes"
        return f"{who} {counted(before.units_left - board.units_left, 'unit')}"

    def terms_words(self, terms: DutchTerms) -> list[str]:
        """Return the effect of a stop."""
        return ["whoever stops the clock has bought, at the price that it shows then"]

    def passed_words(self, board: DutchBoard) -> str:
        """Return that nobody took anything."""
        return "nobody stopped the clock"

    def position_words(self, lot: str, terms: DutchTerms, board: DutchBoard, own: DutchOwn, currency: Currency) -> str:
        """Return the units that the bidder has taken."""
        return f"you took {_units_for(own, currency)} of lot {lot}"

    def binding_words(self, board: DutchBoard, own: DutchOwn | None, currency: Currency) -> str:
        """Return the units that the bidder has taken."""
        assert own is not None, "nothing but what was taken binds"
        return f"with {_units_for(own, currency)}"

    def accepted_line(self, verdict: Accepted, lot: str, currency: Currency) -> Line:
        """Return the units that the bidder has taken, by this stop and by earlier ones."""
        board, own = _board_of(verdict.board), _own_of(verdict)
        assert own is not None, "an accepted stop takes something"
        each = " each" if own.units > 1 else ""
        if own.amount_minor == own.units * board.price_minor:
            took = f"You took {counted(own.units, 'unit')} of lot {lot} at {currency.show(board.price_minor)}{each}."
            return Line(took, Tone.GOOD)
        amount = currency.show(own.amount_minor)
        return Line(f"You have taken {counted(own.units, 'unit')} of lot {lot}, for {amount} in all.", Tone.GOOD)

    def refused_words(self, lot: str, board: DutchBoard, currency: Currency) -> str:
        """Return the price on the clock and the units left."""
        return f"The clock of lot {lot} shows {currency.show(board.price_minor)}, with {_left_words(board)}."

    def caution_words(self, lot: str, board: DutchBoard, amount_minor: int, currency: Currency) -> str:
        """Return nothing: nobody pays more than the clock shows."""
        return ""

    # --- for programs -----------------------------------------------------------------------------------------------

    def verdict_fields(self, verdict: Accepted | Rejected, currency: Currency) -> Record:
        """Return the price on the clock, the units left, and the units that the bidder has taken so far."""
        board, own = None if verdict.board is None else _board_of(verdict.board), _own_of(verdict)
        return {
            **money(currency, price=None if board is None else board.price_minor),
            "units_left": None if board is None else board.units_left,
            **_own_fields(own, currency),
        }

    def unknown_fields(self, *, is_refused: bool) -> Record:
        """Return the same fields with unknown values."""
        return dict.fromkeys(("price", "price_minor", "units_left", "own_units", "own_amount", "own_amount_minor"))

    def lot_fields(
        self,
        terms: DutchTerms,
        board: DutchBoard,
        own: DutchOwn | None,
        paddle: int,
        currency: Currency,
        *,
        is_over: bool,
    ) -> LotFields:
        """Return the clock, the units left of all units, and the units that the bidder has taken, if known."""
        change = self.change_fields(board, currency, is_over=is_over)
        clock = money(currency, starting=terms.starting_minor, floor=terms.floor_minor, decrement=terms.step_minor)
        return LotFields(
            {**change.amounts, **clock, "every_ms": terms.step_ms},
            {"units": terms.units, **change.bidding, **_own_fields(own, currency)},
            {},
        )

    def change_fields(self, board: DutchBoard, currency: Currency, *, is_over: bool) -> LotFields:
        """Return the price on the clock and the units left."""
        return LotFields(money(currency, price=board.price_minor), {"units_left": board.units_left}, {})

    def position_fields(self, board: DutchBoard, own: DutchOwn, currency: Currency) -> Record:
        """Return the units that the bidder has taken."""
        return _own_fields(own, currency)

    def binding_fields(self, board: DutchBoard, own: DutchOwn | None, currency: Currency) -> Record:
        """Return the units that the bidder has taken."""
        assert own is not None, "nothing but what was taken binds"
        return self.position_fields(board, own, currency)


DUTCH: Final = Dutch()


def _left_words(board: DutchBoard) -> str:
    return f"{counted(board.units_left, 'unit')} left"


def _own_words(own: DutchOwn | None, currency: Currency) -> list[str]:
    return [] if own is None else [f"you took {_units_for(own, currency)}"]


def _units_for(own: DutchOwn, currency: Currency) -> str:
    return f"{counted(own.units, 'unit')} for {currency.show(own.amount_minor)}"


def _own_fields(own: DutchOwn | None, currency: Currency) -> Record:
    return {
        "own_units": None if own is None else own.units,
        **money(currency, own_amount=None if own is None else own.amount_minor),
    }


def _board_of(board: AnyBoard) -> DutchBoard:
    assert isinstance(board, DutchBoard), "the table of formats goes by the board"
    return board


def _own_of(verdict: Accepted | Rejected) -> DutchOwn | None:
    assert verdict.own is None or isinstance(verdict.own, DutchOwn), "a Dutch lot has Dutch positions"
    return verdict.own
