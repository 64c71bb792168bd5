"""What the auctioneer reads at the terminal of `auctioneer run`: the sale in words for people, line by line.

It gets the same facts as the log (`auctioneer.monitoring.logs`), after they are durable. However fast bids come, it
writes few lines. It gathers facts for a moment, consecutive bids on a lot become one line, and for each kind of fact it
counts what does not fit. Nothing here waits for the terminal (`auctioneer.monitoring.log_writer`), and no line has a
reserve or a maximum.
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Final

from auctioneer.house.formats.table import board_bidding, is_told, offer_made, terms_bidding
from auctioneer.house.house import Batch, House
from auctioneer.monitoring.structured_logs import structlog
from auctioneer.rules.account_facts import AccountFact, DepositNoted, LimitSet, PaddlesLinked
from auctioneer.rules.facts import (
    AnyFact,
    BidConfirmed,
    BidderAdmitted,
    BidderEnrolled,
    BidderFact,
    BidderTold,
    BidTaken,
    ClockStepped,
    CodeIssued,
    ConditionsAccepted,
    ConditionsSet,
    ContactErased,
    CorrectionMade,
    HouseStarted,
    HouseStoodStill,
    KeyBound,
    LotDecided,
    LotListed,
    LotRewritten,
    OfferLate,
    OfferTaken,
    PaddleGiven,
    PositionReleased,
    RegisterFact,
    Rejection,
    SaleDecided,
    SaleRestored,
    SettingsChanged,
)
from auctioneer.rules.sources import Source
from common.durations import format_duration
from common.formats import AnyBoard
from common.lot import CloseCause, CorrectionCause, Result
from common.lot_events import (
    Announced,
    AnyLotEvent,
    Called,
    LotClosed,
    LotExtended,
    LotOpened,
    LotPaused,
    LotResumed,
    LotsReordered,
    LotWithdrawn,
    SaleEnded,
    SalePaused,
    SaleResumed,
)
from common.messages import Role
from common.names import printable
from common.the_house import HOUSE_NAME, HOUSE_PADDLE
from common.words import counted

if TYPE_CHECKING:
    from structlog.typing import EventDict

WRITE_EVERY_MS: Final = 250
"""How long facts are gathered at most while more keep coming."""
KIND_LINES_MAX: Final = 8
"""The most lines of one kind that are written at a time."""

_BIDS: Final = ("bid", "bids")
_REFUSED: Final = ("refused bid", "refused bids")
_PEOPLE: Final = ("arrival", "arrivals")
_LOTS: Final = ("change of lots", "changes of lots")
_ENDS: Final = ("lot that ended", "lots that ended")
_SALE: Final = ("piece of news", "pieces of news")
_Kind = tuple[str, str]

_PROCESS_LINES: Final = {
    "stopped": "The house has stopped; unfinished lots: {unfinished_lots}. To continue, run the same command.",
    "frozen": "Nothing can be stored, so the sale stands still and bids are refused: {reason}",
    "still_frozen": "The sale still stands still: {reason}",
    "option_changed": "{option} is {now} now; it was {before}.",
    "standing_by": "This house stands by. Another one holds the sale (term {term}, fact {position}).",
    "store_away": "The record can't be watched: {reason}",
    "taking_over": "Taking the sale over: {reason}.",
    "not_taken_over": "The sale was not taken over: {reason}",
    "took_over": "This house holds the sale now (term {term}), {after_ms} ms after it began to take it over.",
    "handed_over": "The sale is handed over.",
    "stepped_down": "This house holds the sale no longer: {reason}",
    "clock_differs": "The sale's time is {sale_ahead_ms} ms ahead of this machine's time. The sale keeps its own; look "
    "which machine is wrong.",
    "thawed": "Storing works again, and the sale continues.",
}
"""What the process itself logs, in words for people; anything else is shown as it is logged."""
_TOLD_ELSEWHERE: Final = ("listening",)


def clock_time(at_ms: int) -> str:
    """Return a server time as this machine's time of day."""
    return time.strftime("%H:%M:%S", time.localtime(at_ms / 1000))


_HOW: Final = {Source.FLOOR: ", from the floor", Source.TELEPHONE: ", by telephone"}
"""How a bid that a clerk made reached the house."""


class _Bids:
    """Consecutive bids on one lot, of which the last is shown."""

    __slots__ = ("count", "last")

    def __init__(self, first: BidTaken) -> None:
        self.last = first
        self.count = 1


class Screen:
    """Turns facts into lines and passes them to `write`, which must not block."""

    def __init__(self, write: Callable[[str], object], time_of: Callable[[int], str] = clock_time) -> None:
        self._write = write
        self._time_of = time_of
        self._lines: list[tuple[int, str] | _Bids] = []
        self._bids: dict[str, _Bids] = {}
        """By lot: the bids after its last other change."""
        self._shown: Counter[_Kind] = Counter()
        self._left_out: Counter[_Kind] = Counter()
        self._extended_ms: dict[str, int] = {}
        """By lot: how much bids had extended it when that was last shown."""
        self._write_ms = 0
        self._house: House | None = None

    def opened(self, house: House, first_position: int, batch: Batch, now_ms: int) -> None:
        """Report the batch with which the house began to hold the sale, but not the settings: the banner has them."""
        facts: list[AnyFact] = [fact for fact in batch.facts if not isinstance(fact, SettingsChanged)]
        self._extended_ms = {lot.view.lot: lot.extended_ms for lot in house.engine.catalogue if lot.extended_ms}
        self.tell(house, first_position, batch._replace(facts=facts), (), now_ms)

    def tell(
        self,
        house: House,
        first_position: int,  # noqa: ARG002 -- FactLog's
        batch: Batch,
        others: Sequence[int],  # noqa: ARG002 -- FactLog's
        now_ms: int,
    ) -> None:
        """Report a committed batch."""
        self._house = house
        for fact in batch.facts:
            if type(fact) is BidTaken:
                if fact.public:
                    self._note_bid(fact)
            else:
                self._note_fact(house, fact)
        for rejection in batch.rejections:
            if is_told(rejection.request) and self._has_room(_REFUSED):
                self._lines.append((rejection.at_ms, _refused(house, rejection)))
        for refused in batch.names_rejected:
            if self._has_room(_PEOPLE):
                why = refused.code.value.replace("_", " ")
                name = printable(refused.name) or "Somebody without a name"
                self._lines.append((refused.at_ms, f"{name} could not join: {why}."))
        self.pause(now_ms)

    def pause(self, now_ms: int) -> None:
        """Write the gathered lines, unless some were written a moment ago."""
        if now_ms >= self._write_ms and (self._lines or self._left_out):
            self.write_rest(now_ms)

    def write_rest(self, now_ms: int) -> None:
        """Write the gathered lines."""
        lines = [(one.last.at_ms, self._bids_words(one)) if isinstance(one, _Bids) else one for one in self._lines]
        for at_ms, text in sorted(lines, key=itemgetter(0)):  # a line of many bids has the time of the last
            self._write(f"{self._time_of(at_ms)}  {text}\n")
        for (one, many), count in self._left_out.items():
            self._write(f"{self._time_of(now_ms)}  ... and {counted(count, f'more {one}', f'more {many}')}.\n")
        self._lines.clear()
        self._bids.clear()
        self._shown.clear()
        self._left_out.clear()
        self._write_ms = now_ms + WRITE_EVERY_MS

    def process_line(self, logger: object, level: str, fields: "EventDict") -> str:  # noqa: ARG002 -- structlog's
        """Return what the process logs as a line for people. This is the last of structlog's processors."""
        fact = str(fields.pop("event"))
        if fact in _TOLD_ELSEWHERE:
            raise structlog.DropEvent
        words = _PROCESS_LINES.get(fact)
        if words is not None:
            text = words.format_map(fields)
        else:
            rest = ", ".join(f"{name} {value}" for name, value in fields.items() if name != "level")
            text = f"{fact.replace('_', ' ').capitalize()}: {rest}"
        mark = f"{level.capitalize()}: " if level in ("warning", "error") else ""
        return f"{self._time_of(time.time_ns() // 1_000_000)}  {mark}{printable(text)}"

    def _has_room(self, kind: _Kind) -> bool:
        """Return whether one more line of this kind may be written; count it in either case."""
        if self._shown[kind] < KIND_LINES_MAX:
            self._shown[kind] += 1
            return True
        self._left_out[kind] += 1
        return False

    def _note_bid(self, fact: BidTaken) -> None:
        bids = self._bids.get(fact.lot)
        if bids is not None:
            bids.last = fact
            bids.count += 1
        elif self._has_room(_BIDS):
            self._bids[fact.lot] = bids = _Bids(fact)
            self._lines.append(bids)

    def _note_fact(self, house: House, fact: AnyFact) -> None:
        self._bids.pop(fact.lot, None)
        kind = _kind(fact)
        if kind is None or not self._has_room(kind):
            return
        text = _words(house, fact, self._time_of)
        self._lines.append((fact.at_ms, text))

    def _bids_words(self, bids: _Bids) -> str:
        assert self._house is not None, "there are lines only after a house reported a batch"
        fact, house = bids.last, self._house
        price = house.engine.sale.currency.show(fact.price_minor)
        text = f"Lot {fact.lot}: {_person(house, fact.leader)} leads at {price}"
        if bids.count > 1:
            text += f" after {bids.count:,} bids"
        elif fact.paddle != fact.leader:
            text = f"Lot {fact.lot}: {_person(house, fact.paddle)} bid; {_person(house, fact.leader)} leads at {price}"
        if fact.reserve_met is not None:
            text += ", the reserve is met" if fact.reserve_met else ", the reserve is not met yet"
        more_ms = fact.extended_ms - self._extended_ms.get(fact.lot, 0)
        if more_ms and fact.ends_at_ms is not None:
            self._extended_ms[fact.lot] = fact.extended_ms
            text += f"; extended by {format_duration(more_ms)}, until {self._time_of(fact.ends_at_ms)}"
        return text + "."


def _kind(fact: AnyFact) -> _Kind | None:
    """Return the kind of a fact; None if it is not shown, because another fact shows the same."""
    match fact:
        case (
            LotDecided(event=LotClosed() | LotWithdrawn())
            | OfferTaken(cause=CloseCause())
            | CorrectionMade()
            | BidConfirmed()
        ):
            return _ENDS
        case LotDecided(event=LotOpened()):
            return _LOTS
        case LotDecided() if fact.with_sale:
            return None  # the pause of the sale shows it, or the outage that extended all lots
        case (
            LotDecided() | LotListed() | LotRewritten() | PositionReleased() | ClockStepped() | OfferTaken(public=True)
        ):
            return _LOTS
        case OfferLate():
            return _REFUSED
        case _ if isinstance(fact, BidderFact | AccountFact):
            return _PEOPLE
        case HouseStarted(outage_ms=0):
            return None
        case HouseStarted() | HouseStoodStill() | SaleRestored() | SettingsChanged() | ConditionsSet() | SaleDecided():
            return _SALE
        case _:
            return None


def _words(house: House, fact: AnyFact, time_of: Callable[[int], str]) -> str:
    """Return the line for a fact that is not an accepted bid."""
    match fact:
        case LotDecided():
            return f"Lot {fact.lot} {_lot_words(house, fact.lot, fact.event, time_of)}"
        case CorrectionMade() | BidConfirmed():
            return f"Lot {fact.lot} {_correction_words(house, fact)}"
        case LotRewritten():
            return f"Lot {fact.lot} is changed: {printable(fact.spec.terms.title)}."
        case OfferTaken(cause=CloseCause()):
            return f"Lot {fact.lot} is bought by {_buyers(house, fact.results)}."
        case OfferTaken():
            return f"Lot {fact.lot}: {_offer_words(house, fact)}."
        case ClockStepped():
            return f"Lot {fact.lot} is at {_price(house, fact.board)}."
        case OfferLate():
            return f"Lot {fact.lot}: a bid by {_person(house, fact.paddle)} came {fact.late_ms:,} ms too late."
        case PositionReleased():
            person = _person(house, fact.paddle)
            return f"Lot {fact.lot}: {person} fell silent, so the rest of the maximum is dropped, as the bidder asked."
        case BidderTold():
            return f"{_person(house, fact.paddle)} is told: {printable(fact.text)}"
        case _ if isinstance(fact, RegisterFact):
            return _arrival(house, fact)
        case _ if isinstance(fact, AccountFact):
            return _account_words(house, fact)
        case _:
            return _sale_words(house, fact)


def _offer_words(house: House, fact: OfferTaken) -> str:
    """Return what a public offer did that left the lot open."""
    told, price = board_bidding(fact.board), _price(house, fact.board)
    how = _HOW.get(fact.source, "")
    person = _person(house, fact.paddle)
    if told.leader is None:
        return f"{person} takes from it at {price}{how}"
    if told.leader == fact.paddle:
        return f"{person} leads at {price}{how}"
    return f"{person} bid{how}; {_person(house, told.leader)} leads at {price}"


def _sale_words(house: House, fact: AnyFact) -> str:
    match fact:
        case LotListed():
            return f"Lot {fact.spec.terms.lot} is added: {printable(fact.spec.terms.title)}."
        case HouseStarted():
            return f"The house is back after {format_duration(fact.outage_ms)}; open lots end as much later."
        case HouseStoodStill():
            return f"The house stood still for {format_duration(fact.outage_ms)}; open lots end as much later."
        case SaleRestored():
            return "The sale continues from a backup; what happened after the backup is lost."
        case SettingsChanged():
            names = ", ".join(controller.name for controller in fact.settings.controllers)
            partners = ", ".join(partner.name for partner in fact.settings.partners)
            shown = f" Partners: {partners}." if partners else ""
            return f"Who may join: {fact.settings.admission.value}. Who gives commands: {names or 'nobody'}.{shown}"
        case ConditionsSet():
            return (
                "Bidders accept other conditions from now on." if fact.text else "The sale has no conditions any more."
            )
        case SaleDecided():
            return _decision_words(house, fact)
        case _:
            return type(fact).__name__


def _decision_words(house: House, fact: SaleDecided) -> str:
    match fact.event:
        case Announced() as event:
            return f"Announced: {printable(event.text)}"
        case LotsReordered() as event:
            place = f"comes before lot {event.before}" if event.before else "is the last"
            return f"Lot {event.lot} {place}."
        case Called() as event:
            return f"Lot {event.lot}: {event.call.value.replace('_', ' ')}."
        case SalePaused():
            return "The sale is paused."
        case SaleResumed():
            return "The sale resumes."
        case SaleEnded():
            paid = (lot.view.paid_minor for lot in house.engine.catalogue)
            sold = [paid_minor for paid_minor in paid if paid_minor is not None]
            return f"The sale has ended. Lots sold: {len(sold):,}, for {house.engine.sale.currency.show(sum(sold))}."


def _lot_words(house: House, number: str, event: AnyLotEvent, time_of: Callable[[int], str]) -> str:
    currency, lot = house.engine.sale.currency, house.engine.lots[number]
    match event:
        case LotOpened():
            ends = "" if event.ends_at_ms is None else f", until {time_of(event.ends_at_ms)}"
            starting_minor = terms_bidding(lot.spec).starting_minor
            price = "" if starting_minor is None else f", from {currency.show(starting_minor)}"
            return f"is open: {printable(lot.spec.terms.title)}{price}{ends}."
        case LotPaused():
            return "is paused."
        case LotResumed():
            return "resumes." if event.ends_at_ms is None else f"resumes, until {time_of(event.ends_at_ms)}."
        case LotExtended():
            if event.ends_at_ms is not None:
                return f"has more time, until {time_of(event.ends_at_ms)}."
            return f"has more time: {format_duration(event.remaining_ms or 0)} once it resumes."
        case LotClosed() if event.results:
            how = "" if event.cause is CloseCause.TIME else " by the hammer"
            return f"is sold to {_buyers(house, event.results)}{how}."
        case LotClosed():
            had_bids = board_bidding(event.board).bids
            return f"passed, since {'the reserve was not met' if had_bids else 'nobody had bid'}."
        case LotWithdrawn():
            return f"is withdrawn: {printable(event.reason)}" if event.reason else "is withdrawn."
        case _:
            return "opens at another time."


def _correction_words(house: House, fact: CorrectionMade | BidConfirmed) -> str:
    person = "nobody" if fact.paddle is None else _person(house, fact.paddle)
    if isinstance(fact, BidConfirmed):
        said = f", says {fact.by}" if fact.by else ""
        return f"goes on: {person} stands by its bid{said}."
    told = _CORRECTED[fact.cause].format(person=person, bids=counted(len(fact.void), "bid"))
    if fact.event is not None and not fact.event.status.is_final:
        told += f"; {_price(house, fact.event.board)} now"
    if fact.event is not None and fact.event.asked is not None:
        told += f"; {_person(house, fact.event.asked.paddle)} is asked whether the bid stands"
    if fact.request is not None or fact.cause is CorrectionCause.UNANSWERED:
        return f"{told}."
    return f"{told}, by {fact.by}" + (f": {printable(fact.reason)}" if fact.reason else ".")


_CORRECTED: Final = {
    CorrectionCause.REOPEN: "is open again",
    CorrectionCause.VOID: "is no longer sold to {person}",
    CorrectionCause.AWARD: "is sold by agreement to {person}",
    CorrectionCause.TURNED_OUT: "is corrected: {bids} of {person}, who is turned out, no longer count",
    CorrectionCause.RETRACTED: "is corrected: {person} retracted {bids}",
    CorrectionCause.UNDO: "is corrected: {bids} taken back",
    CorrectionCause.DECLINED: "is corrected: {person} does not stand by its bid, so {bids} no longer count",
    CorrectionCause.UNANSWERED: "is corrected: {person} did not answer in time, so {bids} no longer count",
}


def _arrival(house: House, fact: RegisterFact) -> str:
    person = _person(house, fact.paddle)
    match fact:
        case BidderAdmitted():
            return f"{person} is let in." if fact.admitted else f"{person} is turned out."
        case PaddleGiven():
            return f"{person} has a paddle."
        case CodeIssued():
            return f"{person} gets a code."
        case KeyBound():
            return f"{person} joined by a code."
        case ConditionsAccepted():
            return f"{person} accepted the conditions of the sale{' on paper' if fact.by else ''}."
        case ContactErased():
            return f"What was known of {person} besides the name is erased."
        case BidderEnrolled(admitted=False):
            return f"{person} waits to be let in: auctioneer admit {fact.paddle}"
        case BidderEnrolled():
            return f"{person} looks on." if fact.role is Role.OBSERVER else f"{person} joined."


def _account_words(house: House, fact: AccountFact) -> str:
    """Return what was noted of a bidder's account. A limit is secret, and others in the room may see the screen."""
    match fact:
        case LimitSet():
            return f"{_person(house, fact.paddle)} has {'no' if fact.limit_minor is None else 'another'} limit now."
        case DepositNoted():
            return f"The deposit of {_person(house, fact.paddle)} is noted."
        case PaddlesLinked():
            people = [_person(house, paddle) for paddle in fact.paddles]
            seller = [f"the seller {printable(fact.seller)}"] if fact.seller else []
            are = "are linked" if fact.linked else "are no longer linked"
            return f"{' and '.join([*people, *seller])} {are}."


def _price(house: House, board: AnyBoard) -> str:
    price_minor = board_bidding(board).price_minor
    return "no price" if price_minor is None else house.engine.sale.currency.show(price_minor)


def _buyers(house: House, results: Sequence[Result]) -> str:
    """Return who buys, and for how much, and who else has to pay."""
    currency = house.engine.sale.currency
    rows = (
        f"{_person(house, result.paddle)} {'for' if result.units else 'pays'} {currency.show(result.amount_minor)}"
        for result in sorted(results, key=lambda result: not result.units)
    )
    return ", ".join(rows)


def _refused(house: House, rejection: Rejection) -> str:
    request = rejection.request
    amount_minor = offer_made(request).amount_minor
    amount = "" if amount_minor is None else f" of {house.engine.sale.currency.show(amount_minor)}"
    why = rejection.verdict.code.value.replace("_", " ")
    return f"Lot {request.lot}: a bid{amount} by {_person(house, rejection.paddle)} was refused: {why}."


def _person(house: House, paddle: int) -> str:
    if paddle == HOUSE_PADDLE:
        return HOUSE_NAME.capitalize()
    entry = house.register.by_paddle(paddle)
    return f"{printable(entry.name)} ({paddle})" if entry is not None else f"({paddle})"
