"""The sentences that a bidder reads: verdicts, lots, and what happens in the sale.

Nothing here decides or waits. A title or an announcement is text from a stranger; `common.terminal.output` removes what
could mislead. A lot's price always comes with its leader, whether the reserve is met, and the time left.
"""

from enum import Enum
from typing import Final, NamedTuple

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
from common.errors import ADVICE, RejectCode
from common.lot import (
    Announced,
    AnySaleEvent,
    BidPlaced,
    CloseCause,
    ExtendCause,
    LotAdded,
    LotExtended,
    LotOpened,
    LotPaused,
    LotRescheduled,
    LotResumed,
    LotStatus,
    LotView,
    SaleEnded,
    SalePaused,
    SaleResumed,
)
from common.messages import Accepted, Mine, Rejected, WordKind
from common.money import Currency
from common.words import counted

_UNITS: Final = (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000))


class Tone(Enum):
    """How much a line should stand out."""

    PLAIN = "plain"
    GOOD = "good"
    BAD = "bad"
    NOTE = "note"


class Line(NamedTuple):
    """A line for a person."""

    text: str
    tone: Tone = Tone.PLAIN


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
_AWAY: Final = (ConnectionState.CONNECTING, ConnectionState.SILENT)


def connection_line(state: ConnectionState, paddle: int) -> Line | None:
    """Return the line about a connection's state; `paddle` is 0 for an observer."""
    line = _CONNECTION.get(state)
    if line is None or not paddle or state not in _AWAY:
        return line
    return line._replace(text=f"{line.text} Your bids stand.")


def time_left(remaining_ms: int) -> str:
    """Return the time left in whole seconds, by its two largest units, such as `2d 3h` or `45s`."""
    parts: list[str] = []
    rest_ms = remaining_ms
    for unit, unit_ms in _UNITS:
        count, rest_ms = divmod(rest_ms, unit_ms)
        if count or parts:
            parts.append(f"{count}{unit}")
    return " ".join(part for part in parts[:2] if not part.startswith("0")) or "0s"


def verdict_line(verdict: Accepted | Rejected, lot: str, currency: Currency) -> Line:
    """Return the house's verdict on a bid or a purchase as a sentence."""
    if isinstance(verdict, Rejected):
        return Line(_rejection(verdict, lot, currency), Tone.BAD)
    price = currency.show(verdict.price_minor)
    if verdict.bought:
        return Line(f"Bought: lot {lot} is yours at {price}.", Tone.GOOD)
    if not verdict.leading:
        minimum = currency.show(verdict.minimum_minor)
        return Line(
            f"Accepted, but another bidder's maximum is as high or higher: lot {lot} is at {price} and you don't lead. "
            f"The least that you can bid now is {minimum}.",
            Tone.BAD,
        )
    reserve = ""
    if verdict.reserve_met is not None:
        reserve = " The reserve is met." if verdict.reserve_met else " The reserve is not met yet."
    held = ""
    if verdict.maximum_minor is not None and verdict.maximum_minor > verdict.price_minor:
        held = f", ready to go up to {currency.show(verdict.maximum_minor)}"
    return Line(f"Accepted: you lead lot {lot} at {price}{held}.{reserve}", Tone.GOOD)


def _rejection(verdict: Rejected, lot: str, currency: Currency) -> str:
    sentence = ADVICE[verdict.code] + (f" ({verdict.detail})" if verdict.detail else "")
    if verdict.late_ms is not None:
        sentence += f" Your bid came {verdict.late_ms:,} ms too late."
    if verdict.code in (RejectCode.BELOW_MINIMUM, RejectCode.STATE_CHANGED) and verdict.minimum_minor is not None:
        price = "has no bid yet" if verdict.price_minor is None else f"is at {currency.show(verdict.price_minor)}"
        sentence += f" Lot {lot} {price}; the minimum is {currency.show(verdict.minimum_minor)}."
    return sentence


def reserve_words(view: LotView) -> str:
    """Return what everybody may know about a lot's reserve."""
    if view.reserve_met is None:
        return ""
    if view.price_minor is None:
        return "has a reserve"
    return "reserve met" if view.reserve_met else "reserve not met"


def leader_words(view: LotView, paddle: int) -> str:
    """Return the leader of a lot, in words."""
    if view.leader is None:
        return "no bids"
    return "you lead" if paddle and view.leader == paddle else f"paddle {view.leader} leads"


def outcome_words(view: LotView, paddle: int, currency: Currency) -> str:
    """Return how a lot that is over ended."""
    if view.status is LotStatus.SOLD:
        who = "you" if view.winner == paddle else f"paddle {view.winner}"
        return f"sold to {who} at {currency.show(view.hammer_minor or 0)}"
    if view.status is LotStatus.PASSED:
        return "passed, " + ("the reserve was not met" if view.bids else "there were no bids")
    return "withdrawn" + (f": {view.reason}" if view.reason else "")


def standing_words(view: LotView, paddle: int, currency: Currency, remaining_ms: int | None) -> str:
    """Return how a lot stands in one line, without its number."""
    if view.status.is_final:
        return outcome_words(view, paddle, currency)
    price = "" if view.price_minor is None else currency.show(view.price_minor)
    parts = [
        "" if view.status is LotStatus.OPEN else view.status.value,
        price,
        leader_words(view, paddle),
        reserve_words(view),
        f"next bid {currency.show(view.minimum_minor)}",
        "" if view.buy_now_minor is None else f"buy now at {currency.show(view.buy_now_minor)}",
        "" if remaining_ms is None else f"{time_left(remaining_ms)} left",
    ]
    return ", ".join(part for part in parts if part)


def lot_lines(view: LotView, paddle: int, currency: Currency, remaining_ms: int | None) -> list[Line]:
    """Return all about one lot."""
    terms = view.terms
    lines = [
        f"Lot {view.lot}  {terms.title}",
        f"  {standing_words(view, paddle, currency, remaining_ms)}",
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
    """Return the lots that a bidder leads and won."""
    lines = [Line(f"{name}, paddle {mine.paddle}")]
    for one in mine.maxima:
        view = lots[one.lot]
        reserve = f", {reserve_words(view)}" if reserve_words(view) else ""
        price, maximum = currency.show(view.price_minor or 0), currency.show(one.maximum_minor)
        lines.append(Line(f"  you lead lot {one.lot} at {price}, up to {maximum}{reserve}: {view.terms.title}"))
    for lot in mine.won:
        view = lots[lot]
        hammer = currency.show(view.hammer_minor or 0)
        lines.append(Line(f"  you won lot {lot} at {hammer}: {view.terms.title}", Tone.GOOD))
    if not mine.maxima and not mine.won:
        lines.append(Line("  you lead no lot and won none"))
    if mine.won:
        lines.append(Line(f"  total {currency.show(mine.total_minor)}"))
    return lines


def notice_line(notice: Notice, paddle: int, currency: Currency, remaining_ms: int | None) -> Line | None:
    """Return the line about a notice; None where there is none.

    `remaining_ms` is the time left of the notice's lot.
    """
    match notice:
        case LotChanged() | LotCaughtUp():
            return Line(f"Lot {notice.lot}: {_lot_change(notice, paddle, currency, remaining_ms)}")
        case SaleChanged():
            return _sale_change(notice.event)
        case SaleCaughtUp():
            return Line("*** The sale continued while you were away; what is shown is up to date again.", Tone.NOTE)
        case Outbid():
            price = "" if notice.price_minor is None else f" at {currency.show(notice.price_minor)}"
            return Line(f">>> OUTBID on lot {notice.lot}: paddle {notice.by} leads{price}.", Tone.BAD)
        case Won():
            return Line(f">>> WON: lot {notice.lot} is yours at {currency.show(notice.hammer_minor)}.", Tone.GOOD)
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
            return Line(f"*** The auctioneer turned you out. Your bids stand.{missing}", Tone.BAD)


def _lost_to(notice: Lost, currency: Currency) -> str:
    if notice.winner is None or notice.hammer_minor is None:
        return "passed and was not sold"
    return f"went to paddle {notice.winner} at {currency.show(notice.hammer_minor)}"


def _lot_change(notice: LotChanged | LotCaughtUp, paddle: int, currency: Currency, remaining_ms: int | None) -> str:
    standing = standing_words(notice.view, paddle, currency, remaining_ms)
    if isinstance(notice, LotCaughtUp):
        return standing
    match notice.event:
        case BidPlaced():
            return standing
        case LotOpened():
            return f"open. {notice.view.terms.title}; {standing}"
        case LotPaused() | LotRescheduled():
            return standing
        case LotResumed():
            return f"resumed, {standing}"
        case LotExtended(cause=cause):
            why = "by the auctioneer" if cause is ExtendCause.AUCTIONEER else "by the time that the house was away"
            return f"extended {why}, {standing}"
        case _:
            how = {CloseCause.HAMMER: " (the auctioneer closed it)", CloseCause.BUY_NOW: " (its buy-now price)"}
            return standing + how.get(notice.view.close_cause or CloseCause.TIME, "")


def _sale_change(event: AnySaleEvent) -> Line:
    match event:
        case LotAdded():
            return Line(f"*** Lot {event.terms.lot} joins the sale: {event.terms.title}", Tone.NOTE)
        case SalePaused():
            return Line("*** The auctioneer has paused the sale; all clocks stand still.", Tone.NOTE)
        case SaleResumed():
            return Line("*** The sale continues.", Tone.NOTE)
        case Announced():
            return Line(f"*** The auctioneer says: {event.text}", Tone.NOTE)
        case SaleEnded():
            return Line("*** The sale has ended.", Tone.NOTE)
