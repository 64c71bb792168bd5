"""English lots in words and in fields: the price, the leader, the minimum, the reserve and the buy-now price."""

from typing import Final

from bidder.display.amounts import Record, money
from bidder.display.formats.format import LotFields
from bidder.display.lines import Line, Tone
from common.formats.english import EnglishBoard, EnglishOwn, EnglishTerms
from common.messages import Accepted, Rejected
from common.money import Currency
from common.the_house import paddle_words


class English:
    """The display of English lots."""

    has_secret_positions = False
    sells_at_once = False
    mine_key = "leading"

    # --- amounts ----------------------------------------------------------------------------------------------------

    def least_minor(self, board: EnglishBoard) -> int:
        """Return the minimum."""
        return board.minimum_minor

    def price_minor(self, board: EnglishBoard) -> int | None:
        """Return the price; None before the first bid."""
        return board.price_minor

    def buy_now_minor(self, board: EnglishBoard) -> int | None:
        """Return the buy-now price; None if it is not on offer."""
        return board.buy_now_minor

    # --- for people -------------------------------------------------------------------------------------------------

    def bidding_words(self, board: EnglishBoard, own: EnglishOwn | None, paddle: int, currency: Currency) -> str:
        """Return the leader."""
        if board.leader is None:
            return "no bids"
        return "you lead" if paddle and board.leader == paddle else f"{paddle_words(board.leader)} leads"

    def reserve_words(self, terms: EnglishTerms, board: EnglishBoard) -> str:
        """Return whether the reserve is met."""
        if board.reserve_met is None:
            return ""
        if board.price_minor is None:
            return "has a reserve"
        return "reserve met" if board.reserve_met else "reserve not met"

    def standing_words(
        self, terms: EnglishTerms, board: EnglishBoard, own: EnglishOwn | None, paddle: int, currency: Currency
    ) -> list[str]:
        """Return price, leader, reserve, minimum and buy-now price."""
        return [
            "" if board.price_minor is None else currency.show(board.price_minor),
            self.bidding_words(board, own, paddle, currency),
            self.reserve_words(terms, board),
            f"next bid {currency.show(board.minimum_minor)}",
            "" if board.buy_now_minor is None else f"buy now at {currency.show(board.buy_now_minor)}",
        ]

    def status_words(self, board: EnglishBoard, own: EnglishOwn | None, paddle: int, currency: Currency) -> str:
        """Return price and leader."""
        price = "" if board.price_minor is None else f"{currency.plain(board.price_minor)} "
        return price + self.bidding_words(board, own, paddle, currency)

    def move_words(self, before: EnglishBoard, board: EnglishBoard, bidder: int | None, paddle: int) -> str:
        """Return nothing: the board names the leader."""
        return ""

    def terms_words(self, terms: EnglishTerms) -> list[str]:
        """Return that the house may bid, which a bidder has to know first; everybody expects rising bids."""
        return ["the house may bid for the seller, below the reserve"] if terms.house_bids else []

    def passed_words(self, board: EnglishBoard) -> str:
        """Return whether there were bids."""
        return "the reserve was not met" if board.bids else "there were no bids"

    def position_words(
        self, lot: str, terms: EnglishTerms, board: EnglishBoard, own: EnglishOwn, currency: Currency
    ) -> str:
        """Return the lead, with the secret maximum, or the bid that waits for the opening."""
        if board.leader is None:
            return f"your bid of up to {currency.show(own.maximum_minor)} waits for lot {lot} to open"
        reserve = self.reserve_words(terms, board)
        price, maximum = currency.show(board.price_minor or 0), currency.show(own.maximum_minor)
        return f"you lead lot {lot} at {price}, up to {maximum}" + (f", {reserve}" if reserve else "")

    def binding_words(self, board: EnglishBoard, own: EnglishOwn | None, currency: Currency) -> str:
        """Return the price at which the bidder leads."""
        return f"at {currency.show(board.price_minor or 0)}"

    def accepted_line(self, verdict: Accepted, lot: str, currency: Currency) -> Line:
        """Return whether the bidder leads, and its maximum; for a purchase, its cost."""
        if verdict.results:
            paid = currency.show(verdict.results[0].amount_minor)
            return Line(f"Bought: lot {lot} is yours at {paid}.", Tone.GOOD)
        board, own = _board_of(verdict), _own_of(verdict)
        price_minor = board.price_minor or 0
        price = currency.show(price_minor)
        if board.leader is None:
            kept = (
                "no bid of yours waits"
                if own is None
                else f"your bid of up to {currency.show(own.maximum_minor)} waits"
            )
            return Line(f"Accepted: {kept} for lot {lot} to open.", Tone.GOOD)
        if own is None:
            minimum = currency.show(board.minimum_minor)
            return Line(
                f"Accepted, but another bidder's maximum is as high or higher: lot {lot} is at {price} and you don't "
                f"lead. The least that you can bid now is {minimum}.",
                Tone.BAD,
            )
        reserve = ""
        if board.reserve_met is not None:
            reserve = " The reserve is met." if board.reserve_met else " The reserve is not met yet."
        held = ""
        if own.maximum_minor > price_minor:
            held = f", ready to go up to {currency.show(own.maximum_minor)}"
        return Line(f"Accepted: you lead lot {lot} at {price}{held}.{reserve}", Tone.GOOD)

    def refused_words(self, lot: str, board: EnglishBoard, currency: Currency) -> str:
        """Return price and minimum."""
        price = "has no bid yet" if board.price_minor is None else f"is at {currency.show(board.price_minor)}"
        return f"Lot {lot} {price}; the minimum is {currency.show(board.minimum_minor)}."

    def caution_words(self, lot: str, board: EnglishBoard, amount_minor: int, currency: Currency) -> str:
        """Return that the bidder can buy the lot at once for no more."""
        if board.buy_now_minor is None or amount_minor < board.buy_now_minor:
            return ""
        price = currency.show(board.buy_now_minor)
        return f"Lot {lot} can be bought at once for {price}: `buy {lot}` would end it, a bid does not."

    # --- for programs -----------------------------------------------------------------------------------------------

    def verdict_fields(self, verdict: Accepted | Rejected, currency: Currency) -> Record:
        """Return the lot's price at the verdict (for a purchase, the price paid), and whether the bidder led."""
        if isinstance(verdict, Accepted) and verdict.results:
            paid_minor = verdict.results[0].amount_minor
            amounts = money(currency, price=paid_minor, minimum=paid_minor, maximum=None)
            return {**amounts, "leading": True, "bought": True, "reserve_met": None}
        is_accepted = isinstance(verdict, Accepted)
        board = None if verdict.board is None else _board_of(verdict)
        own = _own_of(verdict)
        return {
            **money(
                currency,
                price=None if board is None else board.price_minor,
                minimum=None if board is None else board.minimum_minor,
                maximum=own.maximum_minor if is_accepted and own is not None else None,
            ),
            "leading": own is not None and board is not None and board.leader is not None,
            "bought": False,
            "reserve_met": board.reserve_met if is_accepted and board is not None else None,
        }

    def unknown_fields(self, *, is_refused: bool) -> Record:
        """Return the fields without a verdict. A refused bidder neither leads nor bought; all else is unknown."""
        unknown = ("price", "price_minor", "minimum", "minimum_minor", "maximum", "maximum_minor")
        answer = False if is_refused else None
        return {**dict.fromkeys(unknown), "leading": answer, "bought": answer, "reserve_met": None}

    def lot_fields(
        self,
        terms: EnglishTerms,
        board: EnglishBoard,
        own: EnglishOwn | None,
        paddle: int,
        currency: Currency,
        *,
        is_over: bool,
    ) -> LotFields:
        """Return the public fields, and whether the bidder leads."""
        change = self.change_fields(board, currency, is_over=is_over)
        is_leading = paddle != 0 and board.leader == paddle and not is_over
        return LotFields(
            {**change.amounts, **money(currency, starting=terms.starting_minor)},
            {**change.bidding, "leading": is_leading},
            {"has_reserve": terms.has_reserve, **change.reserve},
        )

    def change_fields(self, board: EnglishBoard, currency: Currency, *, is_over: bool) -> LotFields:
        """Return the board. A lot that is over has no minimum."""
        minimum_minor = None if is_over else board.minimum_minor
        return LotFields(
            money(currency, price=board.price_minor, minimum=minimum_minor, buy_now=board.buy_now_minor),
            {"bids": board.bids, "leader": board.leader},
            {"reserve_met": board.reserve_met},
        )

    def position_fields(self, board: EnglishBoard, own: EnglishOwn, currency: Currency) -> Record:
        """Return the price at which the bidder leads, and its maximum."""
        amounts = money(currency, price=board.price_minor, maximum=own.maximum_minor)
        return {**amounts, "reserve_met": board.reserve_met}

    def binding_fields(self, board: EnglishBoard, own: EnglishOwn | None, currency: Currency) -> Record:
        """Return the price at which the bidder leads."""
        return money(currency, price=board.price_minor)


ENGLISH: Final = English()


def _board_of(verdict: Accepted | Rejected) -> EnglishBoard:
    assert isinstance(verdict.board, EnglishBoard), "the table of formats goes by the board"
    return verdict.board


def _own_of(verdict: Accepted | Rejected) -> EnglishOwn | None:
    assert verdict.own is None or isinstance(verdict.own, EnglishOwn), "an English lot has English positions"
    return verdict.own
