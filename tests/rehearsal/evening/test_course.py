"""When lots opened and closed, in the evening's time, whatever the speed of the rehearsal was."""

from bidder.core.notices import LotChanged, Repaired
from common.evolve import evolve
from common.formats.english import EnglishBoard, EnglishTerms, Step
from common.lot import CloseCause, ExtendCause, LotTerms, LotView
from common.lot_events import (
    AnyLotEvent,
    LotClosed,
    LotExtended,
    LotMoved,
    LotOpened,
    LotPaused,
    LotResumed,
    LotWithdrawn,
)
from rehearsal.evening.course import Course, Span, stretched

BOARD = EnglishBoard(100)
FIRST = LotView(LotTerms(lot="1", title="A vase", format=EnglishTerms(100, (Step(0, 10),))), BOARD)
SPEED = 60


class Played:
    """A course to which events of a lot are told."""

    def __init__(self, speed: int = SPEED) -> None:
        self.course = Course(speed)
        self.view = FIRST

    def play(self, *events: AnyLotEvent) -> LotView:
        for event in events:
            before, self.view = self.view, evolve(self.view, event)
            self.course.note(LotChanged(1, "1", event.seq, before, self.view, event))
        return self.view


def test_a_lot_has_its_place_in_the_evening_with_what_extended_it() -> None:
    played = Played()
    view = played.play(
        LotOpened(1, 10_000, 12_000),
        LotMoved(2, 11_000, BOARD, 12_000, 1),
        LotMoved(3, 11_900, BOARD, 12_500, 2),
        LotExtended(4, 12_000, ExtendCause.AUCTIONEER, 13_000),
    )
    assert played.course.span(view) is None, "it is not over"
    assert played.course.length_ms([view]) == 0
    view = played.play(LotClosed(5, 13_000, CloseCause.TIME, BOARD))
    assert played.course.span(view) == Span(0, 3000 * SPEED, 2, 1000 * SPEED)
    assert played.course.length_ms([view]) == 3000 * SPEED
    assert played.course.since_first_ms(10_500) == 500 * SPEED


def test_time_counts_from_the_first_opening() -> None:
    course = Course(2)
    assert course.since_first_ms(99) == 0
    course.note(Repaired(1, "1", 1, 1))
    assert course.since_first_ms(99) == 0
    course.note(_opened(5000))
    assert course.since_first_ms(4000) == 0
    course.note(_opened(7000))
    assert course.since_first_ms(6000) == 2000


def _opened(at_ms: int) -> LotChanged:
    event = LotOpened(1, at_ms, None)
    return LotChanged(1, "1", 1, FIRST, evolve(FIRST, event), event)


def test_a_pause_extends_nothing_and_a_withdrawn_lot_has_no_place() -> None:
    played = Played(1)
    played.play(LotOpened(1, 0, 5000), LotPaused(2, 1000, 4000), LotResumed(3, 9000, 13_000))
    view = played.play(LotClosed(4, 13_000, CloseCause.TIME, BOARD))
    assert played.course.span(view) == Span(0, 13_000, 0, 0)
    played = Played(1)
    view = played.play(LotWithdrawn(1, 500, BOARD))
    assert played.course.span(view) is None


def test_a_stretched_change_has_the_lengths_of_the_evening() -> None:
    opened = evolve(FIRST, LotOpened(1, 100, 1100))
    event = LotMoved(2, 1000, BOARD, 1500, 1)
    change = stretched(LotChanged(1, "1", 2, opened, evolve(opened, event), event), SPEED)
    assert isinstance(change.event, LotMoved)
    assert change.before.ends_at_ms is not None
    assert change.view.ends_at_ms is not None
    assert change.before.ends_at_ms - change.event.at_ms == 100 * SPEED
    assert change.view.ends_at_ms - change.before.ends_at_ms == 400 * SPEED
    assert stretched(change, 1) == change
