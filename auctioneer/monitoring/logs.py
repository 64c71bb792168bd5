"""Logs: one line for each fact on standard error, as text or as JSON.

At a terminal, `auctioneer.monitoring.screen` replaces `FactLog` and tells the same in words for people.
"""

import logging
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, Protocol, TextIO, cast

from auctioneer.house.house import Batch, House
from auctioneer.monitoring.log_writer import LogWriter
from auctioneer.monitoring.structured_logs import structlog
from auctioneer.rules.account_facts import AccountFact, DepositNoted, LimitSet, PaddlesLinked
from auctioneer.rules.facts import (
    AnyFact,
    BidConfirmed,
    BidderAdmitted,
    BidderEnrolled,
    BidderFact,
    BidderTold,
    BidLeft,
    BidTaken,
    ClockStepped,
    CodeIssued,
    CommandDone,
    ConditionsAccepted,
    ConditionsSet,
    ContactErased,
    CorrectionMade,
    DeskFact,
    HouseStarted,
    HouseStoodStill,
    KeyBound,
    LeftBidVoid,
    LotDecided,
    LotListed,
    LotRewritten,
    OfferLate,
    OfferTaken,
    PaddleGiven,
    PositionReleased,
    Rejection,
    SaleCreated,
    SaleDecided,
    SaleRestored,
    SettingsChanged,
    kind_of,
)
from common.conditions import digest_of
from common.lot_events import LotAsked, LotClosed
from common.names import printable

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger, Processor

_NOT_LOGGED: Final = frozenset({"at_ms", "board", "results"})
"""The fields of events that no line has."""

LogFormat = Literal["human", "json"]
LogLevel = Literal["debug", "info", "warning", "error"]


class Teller(Protocol):
    """Reports committed facts to the operator: the log or the screen."""

    def opened(self, house: House, first_position: int, batch: Batch, now_ms: int) -> None:
        """Report the batch with which the house began to hold the sale; its first fact has `first_position`."""

    def tell(self, house: House, first_position: int, batch: Batch, others: Sequence[int], now_ms: int) -> None:
        """Report a batch; `others` are the indexes of its facts that are not accepted bids."""

    def pause(self, now_ms: int) -> None:
        """Report facts that were held back, if it is time; called at each heartbeat."""

    def write_rest(self, now_ms: int) -> None:
        """Report all facts that were held back, because the house stops."""


class FactLog:
    """Logs facts; bids only if `logs_bids`."""

    def __init__(self, log: "FilteringBoundLogger", *, logs_bids: bool) -> None:
        self._log = log
        self._logs_bids = logs_bids

    def opened(self, house: House, first_position: int, batch: Batch, now_ms: int) -> None:
        """Log the batch with which the house began to hold the sale."""
        self.tell(house, first_position, batch, range(len(batch.facts)), now_ms)

    def tell(self, house: House, first_position: int, batch: Batch, others: Sequence[int], now_ms: int) -> None:  # noqa: ARG002 -- Teller's
        """Log a batch."""
        facts = batch.facts
        for place in range(len(facts)) if self._logs_bids else others:
            log_fact(self._log, first_position + place, facts[place])
        if self._logs_bids:
            for rejection in batch.rejections:
                log_rejection(self._log, rejection)
        for refused in batch.names_rejected:
            self._log.debug("name_refused", name=printable(refused.name), code=refused.code.value)

    def pause(self, now_ms: int) -> None:
        """Do nothing; nothing is held back."""

    def write_rest(self, now_ms: int) -> None:
        """Do nothing; nothing is held back."""


class Voice(NamedTuple):
    """What a house uses to speak to its operator: `log` for the process, `facts` for the sale."""

    log: "FilteringBoundLogger"
    facts: Teller


def new_log(writer: LogWriter, rendering: "list[Processor]", log_level: LogLevel) -> "FilteringBoundLogger":
    """Return the logger of a house; `rendering` makes its lines, and `writer` receives them."""
    log: FilteringBoundLogger = structlog.wrap_logger(
        structlog.WriteLogger(cast("TextIO", writer)),
        processors=[structlog.processors.add_log_level, *rendering],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, log_level.upper())),
    )
    return log


def rendered_as(log_format: LogFormat) -> "list[Processor]":
    """Return the processors that make a line: text with this machine's time of day, or JSON with the time in UTC."""
    if log_format == "json":
        return [structlog.processors.TimeStamper(fmt="iso"), structlog.processors.JSONRenderer()]
    return [
        structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False),
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=24),
    ]


def log_fact(log: "FilteringBoundLogger", position: int, fact: AnyFact) -> None:
    """Log a committed fact: a bid at level debug, any other fact at info. No line has a reserve or a maximum."""
    match fact:
        case BidTaken():
            log.debug(
                "bid",
                lot=fact.lot,
                seq=fact.seq,
                paddle=fact.paddle,
                request=fact.request.id,
                price=fact.price_minor,
                position=position,
            )
        case OfferTaken():
            _log_offer(log, position, fact)
        case OfferLate():
            log.info(
                "late_bid",
                lot=fact.lot,
                seq=fact.seq,
                paddle=fact.paddle,
                request=fact.request.id,
                late_ms=fact.late_ms,
                source=fact.source.value,
                by=fact.by,
                position=position,
            )
        case BidLeft() | LeftBidVoid():
            log.debug("left_bid", lot=fact.lot, seq=fact.seq, paddle=fact.paddle, position=position)
        case PositionReleased():
            log.info("position_released", lot=fact.lot, seq=fact.seq, paddle=fact.paddle, position=position)
        case ClockStepped():
            log.debug("clock_stepped", lot=fact.lot, seq=fact.seq, position=position)
        case LotDecided() | SaleDecided():
            _log_decision(log, position, fact)
        case _:
            _log_of_the_house(log, position, fact)


def _log_offer(log: "FilteringBoundLogger", position: int, fact: OfferTaken) -> None:
    """Log an accepted offer. One that closed the lot is news; of any other the log does not say how much it was."""
    if fact.cause is None:
        log.debug(
            "offer",
            lot=fact.lot,
            seq=fact.seq,
            paddle=fact.paddle,
            request=fact.request.id,
            source=fact.source.value,
            by=fact.by,
            position=position,
        )
        return
    log.info(
        "lot_bought",
        lot=fact.lot,
        seq=fact.seq,
        paddle=fact.paddle,
        request=fact.request.id,
        price=sum(result.amount_minor for result in fact.results),
        source=fact.source.value,
        by=fact.by,
        position=position,
    )


def log_rejection(log: "FilteringBoundLogger", rejection: Rejection) -> None:
    """Log a refused bid at level debug. It has no position, since it is kept beside the chain of facts."""
    verdict = rejection.verdict
    log.debug(
        "bid_refused",
        lot=verdict.lot,
        seq=verdict.seq,
        paddle=rejection.paddle,
        request=verdict.id,
        code=verdict.code.value,
    )


def _log_of_the_house(
    log: "FilteringBoundLogger",
    position: int,
    fact: SaleCreated
    | SaleRestored
    | SettingsChanged
    | ConditionsSet
    | HouseStarted
    | HouseStoodStill
    | LotListed
    | CorrectionMade
    | BidConfirmed
    | LotRewritten
    | AccountFact
    | DeskFact,
) -> None:
    match fact:
        case SaleCreated():
            log.info("sale_created", sale=fact.sale, title=fact.title, position=position)
        case SaleRestored():
            log.info("sale_restored", epoch=fact.epoch, position=position)
        case SettingsChanged():
            names = [controller.name for controller in fact.settings.controllers]
            admit = fact.settings.admission.value
            partners = [partner.name for partner in fact.settings.partners]
            log.info(
                "settings_changed", admit=admit, controllers=names, partners=partners, by=fact.by, position=position
            )
        case ConditionsSet():
            log.info("conditions_set", digest=digest_of(fact.text), by=fact.by, position=position)
        case HouseStarted():
            log.info("house_started", instance=fact.instance, outage_ms=fact.outage_ms, position=position)
        case HouseStoodStill():
            log.warning("standstill", ms=fact.outage_ms, position=position)
        case CorrectionMade():
            log.info(
                "lot_corrected",
                lot=fact.lot,
                seq=fact.seq,
                cause=fact.cause.value,
                void=len(fact.void),
                by=fact.by,
                position=position,
            )
        case BidConfirmed():
            log.info("bid_confirmed", lot=fact.lot, seq=fact.seq, paddle=fact.paddle, by=fact.by, position=position)
        case LotRewritten():
            log.info("lot_rewritten", lot=fact.lot, seq=fact.seq, by=fact.by, position=position)
        case LotListed():
            terms = fact.spec.terms
            log.info("lot_added", lot=terms.lot, seq=fact.seq, title=terms.title, by=fact.by, position=position)
        case CommandDone():
            log.debug("command_done", kind=fact.kind, command=fact.command_id, by=fact.by, position=position)
        case _:
            _log_of_bidder(log, position, fact)


def _log_of_bidder(log: "FilteringBoundLogger", position: int, fact: BidderFact | AccountFact) -> None:
    """Log a fact about a bidder. Limits and deposits are between the bidder and the desk, so no line has an amount."""
    match fact:
        case LimitSet():
            log.info("limit_set", paddle=fact.paddle, by=fact.by, position=position)
        case DepositNoted():
            log.info("deposit_noted", paddle=fact.paddle, by=fact.by, position=position)
        case PaddlesLinked():
            log.info(
                "paddles_linked" if fact.linked else "paddles_unlinked",
                paddles=fact.paddles,
                seller=fact.seller,
                by=fact.by,
                position=position,
            )
        case BidderEnrolled():
            log.info("bidder", paddle=fact.paddle, name=fact.name, admitted=fact.admitted, position=position)
        case PaddleGiven():
            log.info("paddle_given", paddle=fact.paddle, name=fact.name, by=fact.by, position=position)
        case CodeIssued():
            log.info("code_issued", paddle=fact.paddle, by=fact.by, replaces_key=fact.replaces_key, position=position)
        case KeyBound():
            log.info("key_bound", paddle=fact.paddle, position=position)
        case BidderAdmitted():
            log.info(
                "bidder_admitted" if fact.admitted else "bidder_turned_out",
                paddle=fact.paddle,
                by=fact.by,
                position=position,
            )
        case ConditionsAccepted():
            log.info("conditions_accepted", paddle=fact.paddle, by=fact.by, position=position)
        case ContactErased():
            log.info("contact_erased", paddle=fact.paddle, by=fact.by, position=position)
        case BidderTold():
            log.info("bidder_told", paddle=fact.paddle, by=fact.by, position=position)


def _log_decision(log: "FilteringBoundLogger", position: int, fact: LotDecided | SaleDecided) -> None:
    """Log a decision with the fields of its event; the line of a close says who bought in place of the results."""
    fields: dict[str, Any] = {
        name: getattr(value, "value", value)
        for name in fact.event.__struct_fields__
        if name not in _NOT_LOGGED and (value := getattr(fact.event, name)) not in (None, "")
    }
    if isinstance(fact.event, LotClosed) and fact.event.results:
        fields["hammer_minor"] = sum(result.amount_minor for result in fact.event.results)
        buyers = [result.paddle for result in fact.event.results if result.units]
        if len(buyers) == 1:
            fields["winner"] = buyers[0]
    if isinstance(fact.event, LotAsked):
        fields["asked"] = fact.event.asked.paddle
    if fact.lot:
        fields["lot"] = fact.lot
    log.info(kind_of(fact), by=fact.by, position=position, **fields)
