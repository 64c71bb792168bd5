"""Sealed lots in words and in fields: the least offer, and the bidder's own if it is known."""

from typing import Final

from bidder.display.amounts import Record, money
from bidder.display.formats.format import LotFields
from bidder.display.lines import Line, Tone
from common.formats import AnyBoard
from common.formats.sealed import Pays, SealedBoard, SealedOwn, SealedTerms
from common.messages import Accepted, Rejected
from common.money import Currency


class Sealed:
    """The display of sealed lots. Before the close it shows no offer but the reader's own."""

    has_secret_positions = True
    sells_at_once = False
    mine_key = "sealed"

    # --- amounts ----------------------------------------------------------------------------------------------------

    def least_minor(self, board: SealedBoard) -> int:
        """Return the least offer."""
        return board.minimum_minor

    def price_minor(self, board: SealedBoard) -> None:
        """Return None: a sealed lot has no price before its close."""

    def buy_now_minor(self, board: SealedBoard) -> None:
        """Return None: a sealed lot can't be bought at once."""

    # --- for people -------------------------------------------------------------------------------------------------

    def bidding_words(self, board: SealedBoard, own: SealedOwn | None, paddle: int, currency: Currency) -> str:
        """Return that offers are sealed, and the bidder's own."""
        return ", ".join(["sealed offers", *_own_words(own, currency)])

    def reserve_words(self, terms: SealedTerms, board: SealedBoard) -> str:
        """Return whether there is a reserve."""
        return "has a reserve" if terms.has_reserve else ""

    def standing_words(
        self,
        terms: SealedTerms,
        board: SealedBoard,
        own: SealedOwn | None,
        paddle: int,
        currency: Currency,
    ) -> list[str]:
        """Return the least offer, the bidder's own, and the reserve."""
        least = f"at least {currency.show(board.minimum_minor)}"
        return ["sealed offers", least, *_own_words(own, currency), self.reserve_words(terms, board)]

    def status_words(self, board: SealedBoard, own: SealedOwn | None, paddle: int, currency: Currency) -> str:
        """Return that offers are sealed, and the bidder's own."""
        return self.bidding_words(board, own, paddle, currency)

    def move_words(self, before: SealedBoard, board: SealedBoard, bidder: int | None, paddle: int) -> str:
        """Return nothing: a sealed lot does not move before its close."""
        return ""

    def terms_words(self, terms: SealedTerms) -> list[str]:
        """Return the rules for the winner and for its price."""
        pays = {Pays.OWN_OFFER: "its own amount", Pays.SECOND_OFFER: "what the second highest offered"}[terms.pays]
        return [f"the highest sealed offer wins and pays {pays}; nobody sees any offer before the close"]

    def passed_words(self, board: SealedBoard) -> str:
        """Return whether there were offers."""
        return "the reserve was not met" if board.offers else "there were no offers"

    def position_words(
        self,
        lot: str,
        terms: SealedTerms,
        board: SealedBoard,
        own: SealedOwn,
        currency: Currency,
    ) -> str:
        """Return the bidder's own offer."""
        return f"your sealed offer of {currency.show(own.amount_minor)} for lot {lot} stands"

    def binding_words(self, board: SealedBoard, own: SealedOwn | None, currency: Currency) -> str:
        """Return the bidder's own offer."""
        assert own is not None, "nothing but an own offer binds"
        return f"by your sealed offer of {currency.show(own.amount_minor)}"

    def accepted_line(self, verdict: Accepted, lot: str, currency: Currency) -> Line:
        """Return the offer that stands now, if any."""
        own = _own_of(verdict)
        if own is None:
            return Line(f"Accepted: you have no offer for lot {lot} any more.", Tone.GOOD)
        amount = currency.show(own.amount_minor)
        return Line(
            f"Accepted: your sealed offer of {amount} for lot {lot} stands. Until the close you can replace it, or "
            f"take it back: `unseal {lot}`.",
            Tone.GOOD,
        )

    def refused_words(self, lot: str, board: SealedBoard, currency: Currency) -> str:
        """Return the least offer."""
        return f"The least that you can offer for lot {lot} is {currency.show(board.minimum_minor)}."

    def caution_words(self, lot: str, board: SealedBoard, amount_minor: int, currency: Currency) -> str:
        """Return nothing."""
        return ""

    # --- for programs -----------------------------------------------------------------------------------------------

    def verdict_fields(self, verdict: Accepted | Rejected, currency: Currency) -> Record:
        """Return the least offer, and the bidder's own that stands."""
        own = _own_of(verdict)
        return money(
            currency,
            minimum=None if verdict.board is None else _board_of(verdict.board).minimum_minor,
            offer=None if own is None else own.amount_minor,
        )

    def unknown_fields(self, *, is_refused: bool) -> Record:
        """Return the same fields with unknown values."""
        return dict.fromkeys(("minimum", "minimum_minor", "offer", "offer_minor"))

    def lot_fields(
        self,
        terms: SealedTerms,
        board: SealedBoard,
        own: SealedOwn | None,
        paddle: int,
        currency: Currency,
        *,
        is_over: bool,
    ) -> LotFields:
        """Return the terms, the bidder's own offer if it is known, and after the close the number of offers."""
        change = self.change_fields(board, currency, is_over=is_over)
        offer_minor = None if own is None else own.amount_minor
        return LotFields(
            {**change.amounts, **money(currency, starting=terms.starting_minor, offer=offer_minor)},
            {"pays": terms.pays.value, **change.bidding},
            {"has_reserve": terms.has_reserve},
        )

    def change_fields(self, board: SealedBoard, currency: Currency, *, is_over: bool) -> LotFields:
        """Return the least offer, and after the close the number of offers."""
        minimum_minor = None if is_over else board.minimum_minor
        return LotFields(money(currency, minimum=minimum_minor), {"offers": board.offers}, {})

    def position_fields(self, board: SealedBoard, own: SealedOwn, currency: Currency) -> Record:
        """Return the bidder's own offer."""
        return money(currency, offer=own.amount_minor)

    def binding_fields(self, board: SealedBoard, own: SealedOwn | None, currency: Currency) -> Record:
        """Return the bidder's own offer."""
        assert own is not None, "nothing but an own offer binds"
        return self.position_fields(board, own, currency)


SEALED: Final = Sealed()


def _own_words(own: SealedOwn | None, currency: Currency) -> list[str]:
    return [] if own is None else [f"your offer {currency.show(own.amount_minor)} stands"]


def _board_of(board: AnyBoard) -> SealedBoard:
    assert isinstance(board, SealedBoard), "the table of formats goes by the board"
    return board


def _own_of(verdict: Accepted | Rejected) -> SealedOwn | None:
    assert verdict.own is None or isinstance(verdict.own, SealedOwn), "a sealed lot has sealed positions"
    return verdict.own
