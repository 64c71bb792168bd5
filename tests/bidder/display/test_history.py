"""What was heard of a lot, in words, and its prices."""

from msgspec.structs import replace

from bidder.core.notices import LotCaughtUp, LotChanged
from bidder.display.history import CHANGES_MAX, History
from common.evolve import evolve
from common.formats.english import EnglishBoard, EnglishTerms, Step
from common.lot import CloseCause, CorrectionCause, LotStatus, LotTerms, LotView, Result
from common.lot_events import AnyLotEvent, LotClosed, LotCorrected, LotMoved, LotOpened
from common.money import Currency

USD = Currency("USD", 2)
ME, RIVAL = 1, 2
NEW = LotView(LotTerms("3", "Vase", EnglishTerms(10_000, (Step(0, 1_000),))), EnglishBoard(10_000))


def play(*events: AnyLotEvent) -> tuple[History, LotView]:
    history, view = History(), NEW
    for event in events:
        after = evolve(view, event)
        history.note(LotChanged(1, "3", event.seq, view, after, event), ME, USD)
        view = after
    return history, view


def bid(seq: int, price_minor: int, paddle: int) -> LotMoved:
    return LotMoved(seq, seq, EnglishBoard(price_minor + 1_000, price_minor, paddle, seq), None, paddle)


def test_each_change_is_told_with_its_price_the_newest_first() -> None:
    undone = LotCorrected(4, 4, CorrectionCause.UNDO, LotStatus.OPEN, EnglishBoard(11_000, 10_000, RIVAL, 1))
    sold = LotClosed(5, 5, CloseCause.HAMMER, EnglishBoard(11_000, 10_000, RIVAL, 1), (Result(RIVAL, 10_000),))
    history, view = play(LotOpened(1, 1), bid(2, 10_000, RIVAL), bid(3, 11_000, ME), undone, sold)
    assert [heard.words for heard in history.of("3")] == [
        "sold",
        "USD 100.00, corrected by the house",
        "USD 110.00, your bid",
        "USD 100.00, paddle 2",
        "open",
    ]
    assert [heard.at_ms for heard in history.of("3")] == [5, 4, 3, 2, 1]
    assert history.prices_minor(view) == [10_000, 11_000, 10_000, 10_000]


def test_the_present_price_ends_the_chart_also_of_a_lot_of_which_nothing_was_heard() -> None:
    history = History()
    assert history.of("3") == []
    assert history.prices_minor(NEW) == []
    assert history.prices_minor(replace(NEW, board=EnglishBoard(2_000, 1_000, 2, 1))) == [1_000]


def test_a_gap_is_told() -> None:
    history, view = play(LotOpened(1, 1))
    history.note(LotCaughtUp(1, "3", 9, view, replace(view, seq=9)), ME, USD)
    assert history.of("3")[0].words == "some changes were missed"
    history.forget()
    assert history.of("3") == []


def test_of_very_many_changes_the_last_are_kept() -> None:
    history, _ = play(LotOpened(1, 1), *(bid(seq, 1_000 * seq, ME) for seq in range(2, CHANGES_MAX + 3)))
    heard = history.of("3")
    assert len(heard) == CHANGES_MAX
    assert heard[-1].at_ms == 3
