"""The sentences that a bidder reads: verdicts, lots, and events of the sale.

No function here decides or waits. A title or an announcement is text from a stranger, and `common.terminal.output`
removes its misleading characters. A lot's price always comes with its leader, the state of the reserve and the time
left.
"""

from collections.abc import Callable
from typing import Final

from bidder.core.notices import (
    ConnectionChanged,
    ConnectionState,
    HistoryLost,
    Lost,
    LotCaughtUp,
    LotChanged,
    Notice,
    NoticesDropped,
    Outbid,
    SaleCaughtUp,
    SaleChanged,
    Told,
    Won,
)
from bidder.display.formats import display_of
from bidder.display.lines import Line, Tone, time_left
from bidder.display.shown import ShownLot
from common.errors import ADVICE, RejectCode
from common.formats import AnyOwn
from common.lot import CloseCause, CorrectionCause, ExtendCause, LotStatus, LotView, Result
from common.lot_events import (
    Announced,
    AnySaleEvent,
    Call,
    Called,
    LotAdded,
    LotAsked,
    LotConfirmed,
    LotCorrected,
    LotExtended,
    LotMoved,
    LotOpened,
    LotPaused,
    LotRescheduled,
    LotResumed,
    LotRevised,
    LotsReordered,
    SaleEnded,
    SalePaused,
    SaleResumed,
)
from common.messages import Accepted, Mine, Rejected, Word, WordKind
from common.money import Currency
from common.spending import Spending
from common.the_house import paddle_words
from common.words import counted

_CONNECTION: Final = {
    ConnectionState.CONNECTING: Line("*** Connecting to the house again.", Tone.BAD),
    ConnectionState.AWAITING_APPROVAL: Line(
        "*** Waiting: the auctioneer has to admit you first. You will be let in automatically; press Ctrl-C to leave.",
        Tone.NOTE,
    ),
    ConnectionState.LIVE: Line("*** Connected; everything shown is up to date.", Tone.GOOD),
    ConnectionState.FROZEN: Line(
        "*** The house can't store bids now, and all clocks stand still. Bidding resumes when it can.", Tone.BAD
    ),
    ConnectionState.SILENT: Line(
        "*** The house is silent: what is shown may be out of date. Trying to reach it.", Tone.BAD
    ),
}
_CAUSES: Final = {
    CloseCause.HAMMER: " (the auctioneer closed it)",
    CloseCause.BUY_NOW: " (its buy-now price)",
    CloseCause.SOLD_OUT: " (nothing is left)",
}
_CORRECTED: Final = {
    WordKind.OFFER_VOID: ("The house took back your bid on lot {lot}.", Tone.BAD),
    WordKind.LEAD_BACK: ("You lead lot {lot} again, since the house took back a bid.", Tone.GOOD),
    WordKind.ASKED: (
        "You lead lot {lot} again, since the house took back a bid. Does your bid stand? Answer by `confirm {lot}`. "
        "Without an answer in time it is void.",
        Tone.BAD,
    ),
    WordKind.LEAD_LOST: ("You no longer lead lot {lot}, since the house corrected its bids.", Tone.BAD),
    WordKind.SALE_VOID: ("Lot {lot} is no longer sold to you.", Tone.BAD),
    WordKind.AWARDED: ("The house sold lot {lot} to you, as agreed.", Tone.GOOD),
}
"""What a correction means to one bidder."""
_WHY_VOID: Final = {
    RejectCode.BELOW_MINIMUM: "Earlier bids lead as high or higher. You can bid more.",
    RejectCode.OVER_SPENDING_LIMIT: (
        "It would have taken you over your spending limit. Bid less, or ask the desk for a higher limit."
    ),
}
"""Why a bid that waited for the opening does not count, where a refusal has other words."""
_CORRECTIONS: Final = {
    CorrectionCause.UNDO: "corrected: a bid was taken back",
    CorrectionCause.RETRACTED: "corrected: a bidder retracted a bid",
    CorrectionCause.TURNED_OUT: "corrected: the bids of a bidder who was turned out no longer count",
    CorrectionCause.REOPEN: "open again",
    CorrectionCause.VOID: "corrected: a sale was undone",
    CorrectionCause.AWARD: "corrected after the close",
    CorrectionCause.DECLINED: "corrected: the bidder who was asked does not stand by its bid",
    CorrectionCause.UNANSWERED: "corrected: the bidder who was asked did not answer in time",
}
_CALLS: Final = {
    Call.FAIR_WARNING: "fair warning, the hammer is about to fall.",
    Call.SELLING_NOW: "selling now.",
    Call.RESERVE_MET: "the reserve is met, so it will be sold.",
}
"""The sentences for the auctioneer's calls; the house sends only which call it is."""
_AWAY: Final = (ConnectionState.CONNECTING, ConnectionState.SILENT)


def connection_line(state: ConnectionState, paddle: int) -> Line | None:
    """Return the line about a connection's state; None for a state without one. `paddle` is 0 for an observer."""
    line = _CONNECTION.get(state)
    if line is None or not paddle or state not in _AWAY:
        return line
    return line._replace(text=f"{line.text} Your bids stand.")


def verdict_line(verdict: Accepted | Rejected, lot: str, currency: Currency) -> Line:
    """Return the house's verdict on an offer as a sentence."""
    if isinstance(verdict, Rejected):
        return Line(_rejection(verdict, lot, currency), Tone.BAD)
    return display_of(verdict.board).accepted_line(verdict, lot, currency)


LineOf = Callable[[Accepted | Rejected, str, Currency], Line]
"""Returns the house's verdict on an offer as a sentence: `verdict_line`, or another for what is no bid."""


def retraction_line(verdict: Accepted | Rejected, lot: str, currency: Currency) -> Line:
    """Return the house's verdict on a retraction as a sentence."""
    if isinstance(verdict, Rejected):
        return Line(_rejection(verdict, lot, currency), Tone.BAD)
    position = "you don't lead it" if verdict.own is None else "you lead it by an earlier bid"
    price = _price_words(verdict, currency)
    return Line(f"Accepted: your last bid is taken back. Lot {lot} {price} now, and {position}.", Tone.GOOD)


def answer_line(verdict: Accepted | Rejected, lot: str, currency: Currency) -> Line:
    """Return the house's verdict on the answer of a bidder who was asked whether its bid stands, as a sentence."""
    if isinstance(verdict, Rejected):
        return Line(_rejection(verdict, lot, currency), Tone.BAD)
    price = _price_words(verdict, currency)
    if verdict.own is None:
        return Line(f"Accepted: your bids on lot {lot} are void. It {price} now.", Tone.GOOD)
    return Line(f"Accepted: your bid stands. Lot {lot} {price}, and you lead it.", Tone.GOOD)


def _price_words(verdict: Accepted, currency: Currency) -> str:
    price_minor = display_of(verdict.board).price_minor(verdict.board)
    return "has no bid" if price_minor is None else f"is at {currency.show(price_minor)}"


def _rejection(verdict: Rejected, lot: str, currency: Currency) -> str:
    sentence = ADVICE[verdict.code] + (f" ({verdict.detail})" if verdict.detail else "")
    if verdict.late_ms is not None:
        sentence += f" Your bid came {verdict.late_ms:,} ms too late."
    if verdict.code in (RejectCode.BELOW_MINIMUM, RejectCode.STATE_CHANGED) and verdict.board is not None:
        sentence += f" {display_of(verdict.board).refused_words(lot, verdict.board, currency)}"
    return sentence


def outcome_words(view: LotView, paddle: int, currency: Currency) -> str:
    """Return the outcome of a lot that is over."""
    if view.status is LotStatus.SOLD:
        by_agreement = " by agreement" if view.close_cause is CloseCause.AWARDED else ""
        return _sold_words(view, paddle, currency) + by_agreement
    if view.status is LotStatus.PASSED:
        if view.close_cause is CloseCause.VOIDED:
            return "passed, its sale is void"
        return f"passed, {display_of(view).passed_words(view.board)}"
    return "withdrawn" + (f": {view.reason}" if view.reason else "")


def _sold_words(view: LotView, paddle: int, currency: Currency) -> str:
    buyers, own = view.buyers, view.result_of(paddle)
    if len(buyers) == 1:
        buyer = buyers[0]
        who = "you" if buyer.paddle == paddle else f"paddle {buyer.paddle}"
        words = f"sold to {who}{_bought_words(buyer, currency)}"
        return words if own is None or own.units else f"{words}, and you pay {currency.show(own.amount_minor)}"
    if own is not None and own.units:
        others = counted(len(buyers) - 1, "other")
        return f"sold to you: {counted(own.units, 'unit')} for {currency.show(own.amount_minor)}, and to {others}"
    words = f"sold to {counted(len(buyers), 'bidder')} for {currency.show(view.paid_minor or 0)}"
    return words if own is None else f"{words}, of which you pay {currency.show(own.amount_minor)}"


def _bought_words(bought: Result, currency: Currency) -> str:
    """Return the units and the amount of a purchase, as the words after its buyer."""
    amount = currency.show(bought.amount_minor)
    return f" at {amount}" if bought.units == 1 else f": {counted(bought.units, 'unit')} for {amount}"


def standing_words(lot: ShownLot, paddle: int, currency: Currency) -> str:
    """Return the state of a lot in one line, without its number."""
    view = lot.view
    if view.status.is_final:
        return outcome_words(view, paddle, currency)
    parts = [
        "" if view.status is LotStatus.OPEN else view.status.value,
        asked_words(lot, paddle),
        *display_of(view).standing_words(view.terms.format, view.board, lot.own, paddle, currency),
        "" if lot.remaining_ms is None else f"{time_left(lot.remaining_ms)} left",
    ]
    return ", ".join(part for part in parts if part)


def asked_words(lot: ShownLot, paddle: int) -> str:
    """Return who is asked whether its bid stands, and how long it has; empty if nobody is."""
    if lot.view.asked is None:
        return ""
    asked = lot.view.asked.paddle
    who, whose = ("you are", "your") if asked == paddle else (f"paddle {asked} is", "its")
    words = f"{who} asked whether {whose} bid stands"
    return words if lot.answer_ms is None else f"{words}, {time_left(lot.answer_ms)} to answer"


def lot_lines(lot: ShownLot, paddle: int, currency: Currency) -> list[Line]:
    """Return all about one lot."""
    view, terms = lot.view, lot.view.terms
    lines = [
        f"Lot {view.lot}  {terms.title}",
        f"  {standing_words(lot, paddle, currency)}",
        *(f"  {clause}" for clause in display_of(view).terms_words(terms.format)),
    ]
    if terms.estimate_low_minor is not None and terms.estimate_high_minor is not None:
        high = currency.plain(terms.estimate_high_minor)
        lines.append(f"  estimate {currency.show(terms.estimate_low_minor)} to {high}")
    if terms.soft_close is not None:
        window, extension = time_left(terms.soft_close.window_ms), time_left(terms.soft_close.extension_ms)
        lines.append(f"  a bid in the last {window} keeps it open {extension} longer")
    if terms.seller:
        lines.append(f"  from {terms.seller}")
    if terms.description:
        lines += [f"  | {line}" for line in terms.description.split("\n")]
    return [Line(line) for line in lines]


def mine_lines(mine: Mine, name: str, lots: dict[str, LotView], currency: Currency) -> list[Line]:
    """Return a bidder's positions and the lots that it won."""
    lines = [Line(f"{name}, paddle {mine.paddle}")]
    for one in mine.positions:
        view = lots[one.lot]
        position = display_of(view).position_words(one.lot, view.terms.format, view.board, one.own, currency)
        lines.append(Line(f"  {position}: {view.terms.title}"))
    lines += [Line(f"  you won {won_words(lots[lot], mine.paddle, currency)}", Tone.GOOD) for lot in mine.won]
    if not mine.positions and not mine.won:
        lines.append(Line("  you lead no lot and won none"))
    if mine.won or mine.total_minor:
        lines.append(Line(f"  total {currency.show(mine.total_minor)}"))
    if mine.spending is not None:
        lines.append(Line(f"  {_spending_words(mine.spending, currency)}"))
    return lines


def _spending_words(spending: Spending, currency: Currency) -> str:
    """Return what is left of a bidder's limit, and what counts against it."""
    won, exposed = currency.show(spending.won_minor), currency.show(spending.exposed_minor)
    limit, left = currency.show(spending.limit_minor), currency.show(spending.left_minor)
    return f"limit {limit}: {won} for lots won, up to {exposed} on lots that are not over, {left} left"


def won_words(view: LotView, paddle: int, currency: Currency) -> str:
    """Return the units that a bidder won of a lot, and the amount for them."""
    result = view.result_of(paddle)
    assert result is not None, "the bidder won the lot"
    amount = currency.show(result.amount_minor)
    got = f" at {amount}" if result.units == 1 else f", {counted(result.units, 'unit')} for {amount}"
    return f"lot {view.lot}{got}: {view.terms.title}"


def won_minor(view: LotView, paddle: int) -> int | None:
    """Return the amount that a bidder pays for a lot that it won; None if it did not win."""
    return next((result.amount_minor for result in view.buyers if result.paddle == paddle), None)


def notice_line(
    notice: Notice, paddle: int, currency: Currency, remaining_ms: int | None = None, own: AnyOwn | None = None
) -> Line | None:
    """Return the line about a notice; None for a notice without one.

    `remaining_ms` is the time left on the lot's clock, and `own` is the reader's position on the lot.
    """
    match notice:
        case LotChanged() | LotCaughtUp():
            return Line(f"Lot {notice.lot}: {_lot_change(notice, paddle, currency, remaining_ms, own)}")
        case SaleChanged():
            return _sale_change(notice.event)
        case SaleCaughtUp():
            return Line("*** The sale continued while you were away; what is shown is up to date again.", Tone.NOTE)
        case Outbid():
            price_minor = display_of(notice.board).price_minor(notice.board)
            price = "" if price_minor is None else f" at {currency.show(price_minor)}"
            return Line(f">>> OUTBID on lot {notice.lot}: {paddle_words(notice.by)} leads{price}.", Tone.BAD)
        case Won():
            amount = currency.show(notice.amount_minor)
            got = f" is yours at {amount}" if notice.units == 1 else f", {notice.units:,} units are yours for {amount}"
            return Line(f">>> WON: lot {notice.lot}{got}.", Tone.GOOD)
        case Lost():
            return Line(f">>> LOST: lot {notice.lot} {_lost_to(notice, currency)}.", Tone.BAD)
        case Told():
            return _word_line(notice)
        case ConnectionChanged():
            return connection_line(notice.state, paddle)
        case HistoryLost(is_other_sale=True):
            return Line(
                "*** The house now holds another sale. What was shown before belongs to the earlier one.", Tone.BAD
            )
        case HistoryLost():
            return Line("*** The house lost a part of its history. Look at your lots and bids again.", Tone.BAD)
        case NoticesDropped():
            dropped = counted(notice.dropped, "change")
            return Line(f"*** {dropped} came too fast to show. What is shown is right.", Tone.NOTE)
        case _:
            return None


def _word_line(told: Told) -> Line:
    missing = f" ({counted(told.missing, 'word')} before this can't be had any more)" if told.missing else ""
    match told.word.kind:
        case WordKind.MESSAGE:
            return Line(f">>> The auctioneer says to you alone: {told.word.text}{missing}", Tone.NOTE)
        case WordKind.ADMITTED:
            return Line(f"*** The auctioneer let you in.{missing}", Tone.GOOD)
        case WordKind.TURNED_OUT:
            return Line(
                f"*** The auctioneer turned you out. Your bids stand unless they are taken back.{missing}",
                Tone.BAD,
            )
        case WordKind.LEFT_BID_VOID:
            return Line(f"*** {_left_bid_void(told.word)}{missing}", Tone.BAD)
        case kind:
            text, tone = _CORRECTED[kind]
            why = f" The reason: {told.word.text}" if told.word.text else ""
            return Line(f"*** {text.format(lot=told.word.lot)}{why}{missing}", tone)


def _left_bid_void(word: Word) -> str:
    """Return that a bid which waited for the opening does not count. A later house may give codes unknown here."""
    codes = {code.value: code for code in RejectCode}
    code = codes.get(word.text)
    why = f"({word.text})" if code is None else _WHY_VOID.get(code, ADVICE[code])
    return f"Your bid that waited for lot {word.lot} to open does not count. {why}"


def _lost_to(notice: Lost, currency: Currency) -> str:
    pays = f", and you pay {currency.show(notice.pays_minor)}" if notice.pays_minor else ""
    if notice.winner is not None and notice.amount_minor is not None:
        return f"went to paddle {notice.winner} at {currency.show(notice.amount_minor)}{pays}"
    return f"went to several others{pays}" if notice.is_shared else "passed and was not sold"


def _lot_change(
    notice: LotChanged | LotCaughtUp, paddle: int, currency: Currency, remaining_ms: int | None, own: AnyOwn | None
) -> str:
    standing = standing_words(ShownLot(notice.view, remaining_ms, own), paddle, currency)
    if isinstance(notice, LotCaughtUp):
        return standing
    match notice.event:
        case LotMoved(bidder=bidder):
            shown, before = display_of(notice.view), notice.before.board
            move = shown.move_words(before, notice.view.board, bidder, paddle)
            return ", ".join(filter(None, [move, standing]))
        case LotOpened():
            return f"open. {notice.view.terms.title}; {standing}"
        case LotPaused() | LotRescheduled():
            return standing
        case LotResumed():
            return f"resumed, {standing}"
        case LotExtended(cause=cause):
            why = "by the auctioneer" if cause is ExtendCause.AUCTIONEER else "by the time that the house was away"
            return f"extended {why}, {standing}"
        case LotCorrected(cause=cause):
            return f"{_CORRECTIONS[cause]}; {standing}"
        case LotAsked():
            return f"another time to answer; {standing}"
        case LotConfirmed():
            return f"its leader says that the bid stands; {standing}"
        case LotRevised():
            return f"changed by the house: {notice.view.terms.title}; {standing}"
        case _:
            return standing + _CAUSES.get(notice.view.close_cause or CloseCause.TIME, "")


def _sale_change(event: AnySaleEvent) -> Line:
    match event:
        case LotAdded():
            return Line(f"*** Lot {event.terms.lot} joins the sale: {event.terms.title}", Tone.NOTE)
        case LotsReordered():
            place = f"comes before lot {event.before}" if event.before else "is the last"
            return Line(f"*** Lot {event.lot} {place} now.", Tone.NOTE)
        case SalePaused():
            return Line("*** The auctioneer has paused the sale; all clocks stand still.", Tone.NOTE)
        case SaleResumed():
            return Line("*** The sale continues.", Tone.NOTE)
        case Announced():
            return Line(f"*** The auctioneer says: {event.text}", Tone.NOTE)
        case Called():
            return Line(f"*** Lot {event.lot}: {_CALLS[event.call]}", Tone.NOTE)
        case SaleEnded():
            return Line("*** The sale has ended.", Tone.NOTE)
