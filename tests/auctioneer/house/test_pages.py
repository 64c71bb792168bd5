"""How much goes into one answer: what is reckoned for a lot or a fact is never less than what it takes."""

from typing import Final

import pytest
from msgspec.structs import replace

from auctioneer.house.pages import PAGE_BYTES_MAX, event_bytes, page_of_events, page_of_lots, view_bytes
from common.codec import encode
from common.formats import AnyBoard
from common.formats.english import EnglishBoard, EnglishTerms
from common.formats.sealed import Pays, SealedBoard, SealedTerms
from common.limits import INTEGER_MAX, LOT_CHARS_MAX, REPLAY_EVENTS_MAX, RESULTS_MAX, SNAPSHOT_LOTS_MAX, TEXT_CHARS_MAX
from common.lot import CloseCause, ExtendCause, LotStatus, LotTerms, LotView, Result, SoftClose
from common.lot_events import (
    Announced,
    AnyLotEvent,
    AnySaleEvent,
    Call,
    Called,
    LotAdded,
    LotClosed,
    LotExtended,
    LotMoved,
    LotOpened,
    LotPaused,
    LotRescheduled,
    LotResumed,
    LotWithdrawn,
    SaleEnded,
    SalePaused,
    SaleResumed,
)
from tests.auctioneer.house.house_examples import SmallSale, largest_lots, lot
from tests.english import english_terms

MOST: Final = INTEGER_MAX
LONG: Final = "\U0001f600" * TEXT_CHARS_MAX
LARGEST_TERMS: Final = largest_lots(1)[0].terms
LARGEST: Final = replace(
    LARGEST_TERMS,
    format=EnglishTerms(MOST, english_terms(LARGEST_TERMS).increments, has_reserve=True, buy_now_minor=MOST),
    estimate_low_minor=MOST,
    estimate_high_minor=MOST,
    duration_ms=MOST,
    soft_close=SoftClose(MOST, MOST, MOST),
)
BOARD: Final = EnglishBoard(MOST, MOST, MOST, MOST, reserve_met=False, buy_now_minor=MOST)
SEALED_BOARD: Final = SealedBoard(MOST, MOST)
RESULTS: Final = (Result(MOST, MOST, MOST),) * RESULTS_MAX
SEALED: Final = LotTerms("1", "", SealedTerms(MOST, Pays.SECOND_OFFER, has_reserve=True))
SMALLEST: Final = LotTerms("1", "", EnglishTerms(0, ()))


@pytest.mark.parametrize("terms", [LARGEST, SMALLEST, SEALED, replace(SMALLEST, description="d"), lot("1").terms])
@pytest.mark.parametrize("board", [BOARD, SEALED_BOARD])
@pytest.mark.parametrize("results", [(), RESULTS])
@pytest.mark.parametrize("reason", ["", LONG])
def test_no_lot_takes_more_than_is_reckoned(
    terms: LotTerms, board: AnyBoard, results: tuple[Result, ...], reason: str
) -> None:
    view = LotView(
        terms=terms,
        board=board,
        seq=MOST,
        status=LotStatus.SCHEDULED,
        opens_at_ms=MOST,
        ends_at_ms=MOST,
        remaining_ms=MOST,
        results=results,
        closed_at_ms=MOST,
        close_cause=CloseCause.BUY_NOW,
        reason=reason,
    )
    assert len(encode(view)) <= view_bytes(view)


@pytest.mark.parametrize(
    "event",
    [
        LotAdded(MOST, MOST, LARGEST, BOARD, MOST),
        LotAdded(MOST, MOST, SMALLEST, BOARD, MOST),
        LotAdded(MOST, MOST, SEALED, SEALED_BOARD, MOST),
        Announced(MOST, MOST, LONG),
        Announced(MOST, MOST, ""),
        Called(MOST, MOST, "9" * LOT_CHARS_MAX, Call.SELLING_NOW),
        SalePaused(MOST, MOST),
        SaleResumed(MOST, MOST),
        SaleEnded(MOST, MOST),
        LotRescheduled(MOST, MOST, MOST),
        LotOpened(MOST, MOST, MOST),
        LotMoved(MOST, MOST, BOARD, MOST, MOST),
        LotPaused(MOST, MOST, MOST),
        LotResumed(MOST, MOST, MOST),
        LotExtended(MOST, MOST, ExtendCause.AUCTIONEER, MOST, MOST),
        LotClosed(MOST, MOST, CloseCause.BUY_NOW, BOARD, RESULTS),
        LotClosed(MOST, MOST, CloseCause.BUY_NOW, SEALED_BOARD),
        LotWithdrawn(MOST, MOST, BOARD, LONG),
        LotWithdrawn(MOST, MOST, SEALED_BOARD, ""),
    ],
    ids=lambda event: type(event).__name__,
)
def test_no_event_takes_more_than_is_reckoned(event: AnyLotEvent | AnySaleEvent) -> None:
    assert len(encode(event)) <= event_bytes(event)


def test_an_ordinary_catalogue_has_as_many_lots_on_a_page_as_are_allowed() -> None:
    """Small pages would cost a crowd that joins the more requests."""
    sale = SmallSale(*(lot(str(number), description="d" * 100) for number in range(SNAPSHOT_LOTS_MAX + 1)))
    assert len(page_of_lots(sale.house.engine.catalogue, 0)) == SNAPSHOT_LOTS_MAX


def test_bids_are_replayed_as_many_at_a_time_as_are_allowed() -> None:
    bids = [LotMoved(seq, 0, EnglishBoard(1, 1, 1, 1), bidder=1) for seq in range(REPLAY_EVENTS_MAX)]
    assert page_of_events(list(bids)) == bids


def test_what_is_too_large_for_a_page_has_one_of_its_own() -> None:
    """Otherwise the page would be empty, and the next one the same again."""
    huge = lot("1", description="d" * PAGE_BYTES_MAX)
    catalogue = SmallSale(huge, lot("2")).house.engine.catalogue
    assert [view.lot for view in page_of_lots(catalogue, 0)] == ["1"]
    assert [view.lot for view in page_of_lots(catalogue, 1)] == ["2"]
    first, second = LotAdded(1, 0, huge.terms, EnglishBoard(1)), Announced(2, 0, "")
    assert page_of_events([first, second]) == [first]
