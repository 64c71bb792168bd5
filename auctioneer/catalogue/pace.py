"""A catalogue in less time, for a rehearsal that runs faster than the evening: all durations divided by a number.

The clock of the house stays true: only the catalogue changes, so the bidding, the soft close and the order of the lots
are as in the evening. An opening at a time of day becomes a delay, counted from the first such opening. All lots open a
moment later, so that the sale can be paused before the first of them and resumed when the bidders are there.
"""

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from auctioneer.catalogue.formats.table import format_of
from auctioneer.catalogue.rules import lot_faults
from auctioneer.rules.terms import LotSpec, Opening, OpeningRule, SaleSpec
from common.lot import SoftClose
from common.money import Currency

SPEED_MAX: Final = 10_000
"""The most by which durations can be divided: a week then takes a minute."""
LEAD_MS: Final = 1000
"""How long after the start a faster catalogue opens what would open at the start."""
_AT_START: Final = Opening(OpeningRule.AT_TIME, delay_ms=LEAD_MS)
OPEN_MS_MIN: Final = 1000
"""The shortest time for which a lot is open in a faster catalogue; in less, bidders on real sockets can't bid."""


def at_speed(sale: SaleSpec, speed: int) -> SaleSpec:
    """Return the catalogue with all durations divided by `speed` (1 to SPEED_MAX), and openings LEAD_MS later."""
    first_ms = _first_opening_ms(sale)
    lots = [_faster(lot, speed, first_ms) for lot in sale.lots]
    if lots and lots[0].opening.rule is OpeningRule.AFTER_PREVIOUS:  # there is none before it, so it opens at the start
        lots[0] = replace(lots[0], opening=_AT_START)
    return replace(sale, lots=tuple(lots))


def speed_max(sale: SaleSpec) -> int:
    """Return the highest speed at which people could still bid on each lot: 1 to SPEED_MAX."""
    slow, fast = 1, SPEED_MAX
    while slow < fast:
        speed = (slow + fast + 1) // 2
        faster = at_speed(sale, speed)
        if all(_can_be_bid_on(*pair, sale.currency) for pair in zip(sale.lots, faster.lots, strict=True)):
            slow = speed
        else:
            fast = speed - 1
    return slow


def planned_ms(sale: SaleSpec, by_hand_ms: int) -> int:
    """Return how long the sale takes from its start to its last close if nothing extends a lot.

    A lot without a clock is taken to be open for `by_hand_ms`, and one that is opened by hand to open when all lots
    before it are over.
    """
    return max((end_ms for _, end_ms in _times(sale, by_hand_ms)), default=0)


def _times(sale: SaleSpec, by_hand_ms: int) -> Iterator[tuple[int, int]]:
    """Yield when each lot opens and ends, in milliseconds from the sale's start."""
    first_ms, previous_ms, last_ms = _first_opening_ms(sale), 0, 0
    for lot in sale.lots:
        match lot.opening.rule:
            case OpeningRule.AT_START:
                opens_ms = 0
            case OpeningRule.AFTER_PREVIOUS:
                opens_ms = previous_ms
            case OpeningRule.BY_HAND:
                opens_ms = last_ms
            case OpeningRule.AT_TIME:
                opens_ms = _delay_ms(lot.opening, first_ms)
        duration_ms = lot.terms.duration_ms
        previous_ms = opens_ms + (by_hand_ms if duration_ms is None else duration_ms)
        last_ms = max(last_ms, previous_ms)
        yield opens_ms, previous_ms


def _faster(lot: LotSpec, speed: int, first_ms: int) -> LotSpec:
    bidding = format_of(lot.terms.format).faster(lot, speed)
    duration_ms = lot.terms.duration_ms
    terms = replace(
        lot.terms,
        format=bidding.terms,
        duration_ms=_divided(duration_ms, speed) if bidding.clock_ms is None else bidding.clock_ms,
        soft_close=_faster_soft_close(lot.terms.soft_close, speed),
    )
    return replace(lot, terms=terms, opening=_faster_opening(lot.opening, speed, first_ms))


def _faster_soft_close(soft_close: SoftClose | None, speed: int) -> SoftClose | None:
    if soft_close is None:
        return None
    extension_ms = max(1, soft_close.extension_ms // speed)
    cap_ms = None if soft_close.cap_ms is None else max(extension_ms, soft_close.cap_ms // speed)
    return SoftClose(max(1, soft_close.window_ms // speed), extension_ms, cap_ms)


def _faster_opening(opening: Opening, speed: int, first_ms: int) -> Opening:
    match opening.rule:
        case OpeningRule.AT_START:
            return _AT_START
        case OpeningRule.AT_TIME:
            return Opening(OpeningRule.AT_TIME, delay_ms=LEAD_MS + _delay_ms(opening, first_ms) // speed)
        case _:
            return opening


def _delay_ms(opening: Opening, first_ms: int) -> int:
    """Return how long after the start a lot opens that opens at a time."""
    return opening.delay_ms or 0 if opening.at_ms is None else opening.at_ms - first_ms


def _first_opening_ms(sale: SaleSpec) -> int:
    """Return the first time of day at which a lot opens; 0 if none opens at a time of day."""
    return min((lot.opening.at_ms for lot in sale.lots if lot.opening.at_ms is not None), default=0)


def _divided(duration_ms: int | None, speed: int) -> int | None:
    return None if duration_ms is None else duration_ms // speed


def _can_be_bid_on(lot: LotSpec, faster: LotSpec, currency: Currency) -> bool:
    """Return whether a faster lot is still open for long enough, or for as long as it is in the catalogue itself."""
    duration_ms = lot.terms.duration_ms
    if duration_ms is not None and (faster.terms.duration_ms or 0) < min(OPEN_MS_MIN, duration_ms):
        return False
    return not lot_faults(faster, currency)
