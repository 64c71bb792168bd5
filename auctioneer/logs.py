"""Logs: one line an event on standard error, for people or as JSON for machines."""

import logging
import sys
from typing import TYPE_CHECKING, Any, TextIO, cast

import structlog

from auctioneer.events import (
    AnyEvent,
    BidderAdmitted,
    BidderEnrolled,
    BidLate,
    BidTaken,
    HouseStarted,
    HouseStoodStill,
    LotBought,
    LotDecided,
    LotListed,
    MaximumDropped,
    Refusal,
    SaleCreated,
    SaleDecided,
    SaleRestored,
    kind_of,
)
from auctioneer.log_writer import LogWriter
from auctioneer.options import LogFormat, LogLevel

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger, Processor


def new_log(writer: LogWriter, log_format: LogFormat, log_level: LogLevel) -> "FilteringBoundLogger":
    """Return the logger of a house, whose lines go to `writer`."""
    shared: list[Processor] = [structlog.processors.add_log_level, structlog.processors.TimeStamper(fmt="iso")]
    if log_format == "json":
        last: Processor = structlog.processors.JSONRenderer()
    else:
        shared[1] = structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False)
        last = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=24)
    log: FilteringBoundLogger = structlog.wrap_logger(
        structlog.WriteLogger(cast("TextIO", writer)),
        processors=[*shared, last],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, log_level.upper())),
    )
    return log


def log_event(log: "FilteringBoundLogger", position: int, event: AnyEvent) -> None:
    """Log a fact that was committed: bids at level debug, all else at info. No line has a reserve or a maximum."""
    match event:
        case BidTaken():
            log.debug(
                "bid",
                lot=event.lot,
                seq=event.seq,
                paddle=event.paddle,
                request=event.request.id,
                price=event.price_minor,
                position=position,
            )
        case LotBought():
            log.info(
                "lot_bought",
                lot=event.lot,
                seq=event.seq,
                paddle=event.paddle,
                request=event.request.id,
                price=event.price_minor,
                position=position,
            )
        case BidLate():
            log.info(
                "late_bid",
                lot=event.lot,
                seq=event.seq,
                paddle=event.paddle,
                request=event.request.id,
                late_ms=event.late_ms,
                position=position,
            )
        case MaximumDropped():
            log.info("maximum_dropped", lot=event.lot, seq=event.seq, paddle=event.paddle, position=position)
        case LotDecided() | SaleDecided():
            _log_decision(log, position, event)
        case _:
            _log_of_the_house(log, position, event)


def log_refusal(log: "FilteringBoundLogger", refusal: Refusal) -> None:
    """Log a bid that was refused, at level debug. It has no position: it stands beside the chain of events."""
    verdict = refusal.verdict
    log.debug(
        "bid_refused",
        lot=verdict.lot,
        seq=verdict.seq,
        paddle=refusal.paddle,
        request=verdict.id,
        code=verdict.code.value,
    )


def _log_of_the_house(
    log: "FilteringBoundLogger",
    position: int,
    event: SaleCreated | SaleRestored | HouseStarted | HouseStoodStill | LotListed | BidderEnrolled | BidderAdmitted,
) -> None:
    match event:
        case SaleCreated():
            log.info("sale_created", sale=event.sale, title=event.title, position=position)
        case SaleRestored():
            log.info("sale_restored", epoch=event.epoch, position=position)
        case HouseStarted():
            log.info("house_started", instance=event.instance, outage_ms=event.outage_ms, position=position)
        case HouseStoodStill():
            log.warning("standstill", ms=event.outage_ms, position=position)
        case LotListed():
            terms = event.spec.terms
            log.info("lot_added", lot=terms.lot, seq=event.seq, title=terms.title, by=event.by, position=position)
        case BidderEnrolled():
            log.info("bidder", paddle=event.paddle, name=event.name, admitted=event.admitted, position=position)
        case BidderAdmitted():
            log.info(
                "bidder_admitted" if event.admitted else "bidder_turned_out",
                paddle=event.paddle,
                by=event.by,
                position=position,
            )


def _log_decision(log: "FilteringBoundLogger", position: int, event: LotDecided | SaleDecided) -> None:
    fields: dict[str, Any] = {
        name: getattr(value, "value", value)
        for name in event.change.__struct_fields__
        if name != "at_ms" and (value := getattr(event.change, name)) not in (None, "")
    }
    if event.lot:
        fields["lot"] = event.lot
    log.info(kind_of(event), by=event.by, position=position, **fields)
