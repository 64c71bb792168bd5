"""A bot that does not know what it has taken takes no more."""

from bidder.core.strategies.dutch import DutchPlan, Stop
from common.formats.dutch import DutchBoard, DutchOwn, DutchTerms
from common.lot import LotStatus, LotTerms, LotView
from rehearsal.bots.formats.dutch import DutchPlayer
from rehearsal.bots.formats.player import Shopping, Situation

PLAN = DutchPlan(value_minor=900, units=2)
VIEW = LotView(
    LotTerms("1", "Tulips", DutchTerms(1_000, 100, 100, 1_000, 5)), DutchBoard(900, 5), status=LotStatus.OPEN
)


def no_shopping() -> Shopping:
    raise AssertionError("a bot without a purse for several lots asks for none")


def situation(*, own: DutchOwn | None = None, is_unsettled: bool = False) -> Situation:
    return Situation(now_ms=5, me=7, own=own, is_unsettled=is_unsettled, chance=0.5, shopping=no_shopping)


def test_a_stop_without_an_answer_is_the_last() -> None:
    player = DutchPlayer()
    assert player.decide(VIEW, PLAN, situation()) == Stop("1", 900, 2)
    assert player.decide(VIEW, PLAN, situation(own=DutchOwn(1, 900))) == Stop("1", 900, 1)
    assert player.decide(VIEW, PLAN, situation(is_unsettled=True)) is None
    assert player.looks_from_ms(VIEW, PLAN, DutchOwn(2, 1_800), 5) is None
