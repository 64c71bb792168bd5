"""By how much a late bid extends a lot, how it closes, and what lots share."""

import msgspec
import pytest

from auctioneer.rules.formats.english import Book
from auctioneer.rules.formats.table import closing
from auctioneer.rules.lots import LotState, lot_of, opening, soft_close_ms, with_shared_terms
from auctioneer.rules.terms import LotSpec
from common.formats.english import EnglishBoard, EnglishTerms, Step
from common.lot import CloseCause, LotTerms, LotView, Result, SoftClose
from common.lot_events import LotOpened
from tests.english import english_terms

SOFT_CLOSE = SoftClose(window_ms=100, extension_ms=150, cap_ms=400)


def lot(soft_close: SoftClose | None = SOFT_CLOSE, *, duration_ms: int | None = 600) -> LotState:
    """Return an open lot that ends at 1000."""
    terms = LotTerms("1", "Lot", EnglishTerms(100, (Step(0, 10),)), duration_ms=duration_ms, soft_close=soft_close)
    return LotState(LotSpec(terms), 0, LotView(terms, EnglishBoard(100), seq=4, ends_at_ms=1000))


@pytest.mark.parametrize(
    ("now_ms", "extended_ms", "expected_ms"),
    [
        (899, 0, 0),  # just before the window
        (900, 0, 50),
        (999, 0, 149),
        (999, 300, 100),  # up to the cap
        (999, 400, 0),
    ],
)
def test_a_bid_in_the_window_keeps_the_lot_open_up_to_the_cap(now_ms: int, extended_ms: int, expected_ms: int) -> None:
    late = lot()
    late.extended_ms = extended_ms
    assert soft_close_ms(late, now_ms) == expected_ms


def test_without_a_cap_there_is_no_bound_and_without_a_soft_close_no_extension() -> None:
    late = lot(msgspec.structs.replace(SOFT_CLOSE, cap_ms=None))
    late.extended_ms = 10**9
    assert soft_close_ms(late, 999) == 149
    assert soft_close_ms(lot(None), 999) == 0


def test_an_extension_shorter_than_what_is_left_moves_nothing() -> None:
    assert soft_close_ms(lot(SoftClose(window_ms=100, extension_ms=20)), 950) == 0


def test_a_lot_without_a_clock_is_not_extended() -> None:
    timeless = lot(duration_ms=None)
    timeless.view = msgspec.structs.replace(timeless.view, ends_at_ms=None)
    assert soft_close_ms(timeless, 999) == 0
    assert opening(timeless, 500) == LotOpened(5, 500, None)
    assert opening(lot(), 500) == LotOpened(5, 500, 1100)


@pytest.mark.parametrize(
    ("book", "reserve_minor", "is_sold"),
    [
        (None, None, False),
        (Book(500, 3, 900), None, True),
        (Book(500, 3, 500), 501, False),
        (Book(500, 3, 900), 500, True),
    ],
)
def test_a_lot_is_sold_to_its_leader_unless_the_reserve_is_not_met(
    book: Book | None, reserve_minor: int | None, is_sold: bool
) -> None:
    over = lot()
    over.spec = msgspec.structs.replace(over.spec, reserve_minor=reserve_minor)
    over.book = book
    closed = closing(over, 1000, CloseCause.TIME)
    assert closed.results == ((Result(3, 500),) if is_sold else ())
    assert (closed.seq, closed.at_ms, closed.cause) == (5, 1000, CloseCause.TIME)


def test_lots_share_equal_tables_and_a_lot_from_a_snapshot_its_terms() -> None:
    one, other = (
        with_shared_terms(LotSpec(LotTerms(number, "Lot", EnglishTerms(100, (Step(0, 10), Step(50, len(number)))))))
        for number in ("1", "2")
    )
    assert english_terms(one.terms).increments is english_terms(other.terms).increments
    assert with_shared_terms(one) is one
    read = lot_of(msgspec.Raw(msgspec.msgpack.encode(lot())))
    assert read == lot()
    assert read.view.terms is read.spec.terms
