"""What each key of the console does: what is shown and asked, the command, and the sentence on its outcome.

The words are those of the commands: `close`, `bid`, `undo`, `reopen` and so on.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

import msgspec

from auctioneer.cli.asking import Plan
from auctioneer.cli.bidding import bid_doubt, bid_outcome, paddle_meant, parsed_amount
from auctioneer.cli.control_client import ControlClient
from auctioneer.cli.corrections import corrected_words, correction_lines
from auctioneer.cli.finals import FINISHED, end_plan, ended, finish_plan, hammer_words, lots_ended, waits_for_finish
from auctioneer.cli.lot_table import person
from auctioneer.cli.sentences import standing
from auctioneer.house.commands import (
    Admit,
    Announce,
    AnswerFor,
    AnyCorrection,
    BidFor,
    CallLot,
    CloseLot,
    Done,
    Extend,
    OpenLot,
    Pause,
    Reopen,
    Resume,
    Tell,
    Undo,
    Withdraw,
)
from auctioneer.house.reports import Row
from auctioneer.rules.sources import Source
from common.durations import DurationError, parse_duration
from common.errors import RejectCode, RejectedError, UsageError
from common.lot import LotStatus, SaleStatus
from common.lot_events import Call
from common.money import Currency

EXTRA_MS: Final = 30_000
HAMMERS_MAX: Final = 10
"""So often a hammer falls again by itself, because the clock of its lot had moved on meanwhile."""
END: Final = "e"
"""The key that ends the sale: first all lots, and where they may be corrected, then the sale for good."""
_ANSWERS: Final = {"yes": True, "no": False}
_RUNNING: Final = (LotStatus.OPEN.value, LotStatus.PAUSED.value)


class Moment(NamedTuple):
    """When the house takes a command about a lot, as far as the lot's state tells."""

    statuses: tuple[LotStatus, ...]
    words: str
    """The lots that it is for."""
    asked: bool | None = None
    """Whether the lot must wait for the answer of a bidder, or must not; None: it may."""
    corrects: bool = False
    """Whether it is only for a sale with corrections."""


_ANY: Final = Moment(tuple(LotStatus), "all lots")
_SCHEDULED: Final = Moment((LotStatus.SCHEDULED,), "lots that were not opened yet")
_OPEN: Final = Moment((LotStatus.OPEN,), "open lots", asked=False)
_UP: Final = Moment((LotStatus.OPEN, LotStatus.PAUSED), "lots that are open or paused")
_TO_CLOSE: Final = _UP._replace(asked=False)
_TO_UNDO: Final = _UP._replace(corrects=True)
_ASKED: Final = _UP._replace(asked=True)
_BEFORE_OR_OPEN: Final = Moment(
    (LotStatus.SCHEDULED, LotStatus.OPEN), "lots that are open, or were not opened yet", asked=False
)
_NOT_OVER: Final = Moment((LotStatus.SCHEDULED, LotStatus.OPEN, LotStatus.PAUSED), "lots that are not over")
_OVER: Final = Moment((LotStatus.SOLD, LotStatus.PASSED, LotStatus.WITHDRAWN), "lots that are over", corrects=True)


class Act(NamedTuple):
    """What a key does. Without a lot it is about the whole sale."""

    key: str
    words: str
    """The words on the button."""
    plan: Callable[[ControlClient, Currency, Row, str], Plan]
    """Makes the plan, from the lot as it stands and the typed text."""
    told: Callable[[ControlClient, Done, Currency, Row], str]
    """Returns the sentence on what was done."""
    moment: Moment = _ANY
    asks: str = ""
    """What the person types first; empty: nothing."""
    may_be_empty: bool = False

    def why_not(self, row: Row, overview: Row) -> str:
        """Return why the house would refuse it on a lot as it stands; an empty text if it may take it."""
        lot = f"lot {row['lot']}"
        if overview["status"] == SaleStatus.ENDED.value:
            return "the sale has ended."
        if row["is_asked"] and self.moment.asked is False:
            who = person(row["leader"], row["paddle"])
            return f"{lot} waits for the answer of {who}. Give it by the key y, or take the lot out by x."
        if self.moment.asked and not row["is_asked"]:
            return f"nobody is asked on {lot}."
        if LotStatus(row["status"]) not in self.moment.statuses:
            return f"{lot} is {row['status']}, and this key is for {self.moment.words}."
        if self.moment.corrects and not overview["corrections"]:
            return 'the sale was begun without corrections = "on", so bids and closes stay as they are.'
        return ""


class Changed(NamedTuple):
    """The lot changed while the person was asked, so nothing was done: the lot as it is now, and the plan for it."""

    row: Row
    plan: Plan


def carried_out(house: ControlClient, act: Act, currency: Currency, row: Row, text: str, plan: Plan) -> str | Changed:
    """Carry out a plan, and return the sentence on it; `text` is what the person typed before.

    A hammer that would still do what was shown is not asked about again: on a lot with a falling price the seq moves
    with each step. Raises what the plan and the house raise.
    """
    for _ in range(HAMMERS_MAX):
        try:
            return act.told(house, house.order(plan.command), currency, row)
        except RejectedError as error:
            if error.reject is not RejectCode.STATE_CHANGED or not plan.question:
                raise
        now = house.ask("lots", (row["lot"],))[0] if row else row  # a sale without lots may be ended, too
        is_same = isinstance(plan.command, CloseLot) and _sold_as(now) == _sold_as(row)
        row, plan = now, act.plan(house, currency, now, text)
        if not is_same:
            break
    return Changed(row, plan)


def _sold_as(row: Row) -> tuple[object, ...]:
    """Return what decides about the hammer. Where nobody leads, the price is no part of it: the clock makes it."""
    price_minor = None if row["paddle"] is None else row["price_minor"]
    return row["status"], row["bids"], row["paddle"], price_minor, row["reserve_met"], row["is_asked"]


# --- the hammer ------------------------------------------------------------------------------------------------------


def _opened(_house: ControlClient, _currency: Currency, row: Row, _text: str) -> Plan:
    return Plan([], "", OpenLot(lot=row["lot"]))


def _hammer(_house: ControlClient, currency: Currency, row: Row, _text: str) -> Plan:
    shown = [standing(row, currency), f"It {hammer_words(row, currency)}"]
    return Plan(shown, "Bring the hammer down?", CloseLot(lot=row["lot"], if_seq=row["seq"]))


def _passed(house: ControlClient, currency: Currency, row: Row, text: str) -> Plan:
    if row["status"] in _RUNNING and row["bids"] and row["reserve_met"] is not False:
        raise UsageError(
            f"Lot {row['lot']} {hammer_words(row, currency)} Withdraw it, or undo its bids, to sell nothing."
        )
    return _hammer(house, currency, row, text)._replace(question="Let it pass?")


def _withdrawn(_house: ControlClient, currency: Currency, row: Row, text: str) -> Plan:
    command = Withdraw(lot=row["lot"], reason=text, if_seq=row["seq"])
    return Plan([standing(row, currency)], "Take it out of the sale?", command)


def _paused(_house: ControlClient, _currency: Currency, row: Row, _text: str) -> Plan:
    is_paused = row["status"] == LotStatus.PAUSED.value
    return Plan([], "", Resume(lot=row["lot"]) if is_paused else Pause(lot=row["lot"]))


def _called(call: Call) -> Callable[[ControlClient, Currency, Row, str], Plan]:
    return lambda _house, _currency, row, _text: Plan([], "", CallLot(lot=row["lot"], call=call))


def _extended(_house: ControlClient, _currency: Currency, row: Row, _text: str) -> Plan:
    return Plan([], "", Extend(lot=row["lot"], extra_ms=EXTRA_MS))


# --- bids ------------------------------------------------------------------------------------------------------------


def _bid(source: Source) -> Callable[[ControlClient, Currency, Row, str], Plan]:
    def plan(house: ControlClient, currency: Currency, row: Row, text: str) -> Plan:
        bidder, _, amount = text.partition(" ")
        if amount.strip():
            amount_minor, if_seq = parsed_amount(currency, amount.strip()), None
        else:
            amount_minor = row["minimum_minor"]
            # Only if what was shown is still so. A price that falls is no reason against it: it is bid at that or less.
            if_seq = None if amount_minor == row["price_minor"] else row["seq"]
        command = BidFor(
            lot=row["lot"],
            paddle=paddle_meant(house, bidder),
            source=source,
            amount_minor=amount_minor,
            if_seq=if_seq,
        )
        doubt = bid_doubt(house, currency, command)
        return Plan([doubt], f"Bid it for paddle {command.paddle}?" if doubt else "", command)

    return plan


# --- corrections -----------------------------------------------------------------------------------------------------


def _correction(house: ControlClient, currency: Currency, row: Row, command: AnyCorrection, question: str) -> Plan:
    would_be = house.preview(command)
    shown = [standing(row, currency), *correction_lines(would_be, currency)]
    return Plan(shown, question, msgspec.structs.replace(command, if_seq=would_be["seq"]))


def _undone(house: ControlClient, currency: Currency, row: Row, _text: str) -> Plan:
    return _correction(house, currency, row, Undo(lot=row["lot"]), "Take the last bid back?")


def _reopened(house: ControlClient, currency: Currency, row: Row, text: str) -> Plan:
    try:
        for_ms = parse_duration(text) if text else None
    except DurationError as error:
        raise UsageError(str(error)) from error
    return _correction(house, currency, row, Reopen(lot=row["lot"], for_ms=for_ms), "Open it again?")


def _answered(_house: ControlClient, currency: Currency, row: Row, text: str) -> Plan:
    if text not in _ANSWERS:
        raise UsageError(f"{text!r} is no answer. Type yes or no.")
    command = AnswerFor(lot=row["lot"], stands=_ANSWERS[text], if_seq=row["seq"])
    question = "" if command.stands else "Make all bids of this bidder on the lot void?"
    return Plan([standing(row, currency)], question, command)


# --- people ----------------------------------------------------------------------------------------------------------


def _said(_house: ControlClient, _currency: Currency, _row: Row, text: str) -> Plan:
    bidder, colon, words = text.partition(":")
    if colon and bidder.strip().isdecimal():
        return Plan([], "", Tell(bidder=bidder.strip(), text=words.strip()))
    return Plan([], "", Announce(text=text))


def _admitted(_house: ControlClient, _currency: Currency, _row: Row, text: str) -> Plan:
    return Plan([], "", Admit(bidder=text))


# --- the sale --------------------------------------------------------------------------------------------------------


def _sale_ended(house: ControlClient, currency: Currency, _row: Row, _text: str) -> Plan:
    return finish_plan(house, currency) if waits_for_finish(house.ask("status")) else end_plan(house, currency)


# --- words -----------------------------------------------------------------------------------------------------------


def _plainly(words: str) -> Callable[[ControlClient, Done, Currency, Row], str]:
    return lambda _house, _done, _currency, row: words.replace("{lot}", str(row.get("lot", "")))


def _of_the_end(_house: ControlClient, done: Done, currency: Currency, _row: Row) -> str:
    return ended(done.results[0], currency)


def _of_the_sale(_house: ControlClient, done: Done, currency: Currency, _row: Row) -> str:
    if not (done.lots or done.goes_on):  # no lot ended: it was the other command of the key
        return FINISHED
    return lots_ended(done, currency, f"The key `{END}`")


def _of_the_bid(_house: ControlClient, done: Done, currency: Currency, _row: Row) -> str:
    return bid_outcome(done, currency)


def _of_the_answer(house: ControlClient, _done: Done, currency: Currency, row: Row) -> str:
    (now,) = house.ask("lots", (row["lot"],))
    return f"Answered. {standing(now, currency)}"


def _of_the_correction(house: ControlClient, done: Done, currency: Currency, row: Row) -> str:
    (now,) = house.ask("lots", (row["lot"],))
    return corrected_words(done, now, currency)


_DOES_IT_STAND: Final = "Does the bid stand, as the bidder says? yes or no"
_COMMISSION: Final = "A commission bid. Paddle and its maximum: 12 300"
_WHO: Final = "Paddle, and an amount unless it is the next bid: 12, or 12 150"
ACTS: Final = {
    act.key: act
    for act in (
        Act("o", "Open", _opened, _plainly("Lot {lot} is open."), _SCHEDULED),
        Act("f", "Floor bid", _bid(Source.FLOOR), _of_the_bid, _OPEN, f"A bid from the floor. {_WHO}"),
        Act("t", "Telephone", _bid(Source.TELEPHONE), _of_the_bid, _OPEN, f"A bid by telephone. {_WHO}"),
        Act("c", "Commission", _bid(Source.ABSENTEE), _of_the_bid, _BEFORE_OR_OPEN, _COMMISSION),
        Act("w", "Warning", _called(Call.FAIR_WARNING), _plainly("Called on lot {lot}: fair warning."), _OPEN),
        Act("s", "Selling", _called(Call.SELLING_NOW), _plainly("Called on lot {lot}: selling now."), _OPEN),
        Act("h", "Hammer", _hammer, _of_the_end, _TO_CLOSE),
        Act("p", "Pass", _passed, _of_the_end, _TO_CLOSE),
        Act("u", "Undo", _undone, _of_the_correction, _TO_UNDO),
        Act(
            "r",
            "Reopen",
            _reopened,
            _of_the_correction,
            _OVER,
            "For how long is it open again? As 30s or 2m",
            may_be_empty=True,
        ),
        Act("y", "Answer", _answered, _of_the_answer, _ASKED, _DOES_IT_STAND),
        Act("z", "Pause", _paused, _plainly("Lot {lot} is paused, or continues."), _TO_CLOSE),
        Act("plus", "+30s", _extended, _plainly("Lot {lot} has 30s more."), _UP),
        Act("x", "Withdraw", _withdrawn, _of_the_end, _NOT_OVER, "Why? All bidders are told", may_be_empty=True),
        Act("m", "Message", _said, _plainly("Said."), _ANY, "To all; or to one paddle, as 12: your parcel is ready"),
        Act("a", "Admit", _admitted, _plainly("Admitted."), _ANY, "Whom? A name or a paddle"),
        Act(END, "End sale", _sale_ended, _of_the_sale),
    )
}
"""The acts by their keys, in the order of their buttons."""
FOR_ALL: Final = ("m", "a", END)
"""The keys that need no lot."""
