"""What is told of a sale: what a watcher wants to know, and not each bid."""

from benchmarks.bots.story import Kind, Line, Story
from bidder.core.notices import LotChanged
from common.lot import (
    AnyLotEvent,
    BidPlaced,
    CloseCause,
    LotClosed,
    LotOpened,
    LotTerms,
    LotView,
    Step,
    evolve,
)
from common.money import Currency

NAMES = {1: "Ada", 2: "Bruno"}
TERMS = LotTerms(lot="4", title="A vase", starting_minor=1_000, increments=(Step(0, 100),), has_reserve=True)


class Teller:
    """Plays events on one lot and collects what is told."""

    def __init__(self) -> None:
        self.view = LotView(terms=TERMS, minimum_minor=1_000, reserve_met=False)
        self._story = Story(Currency("USD", 2), NAMES.__getitem__)

    def play(self, event: AnyLotEvent) -> Line | None:
        before, self.view = self.view, evolve(self.view, event)
        return self._story.tell(LotChanged(1, "4", event.seq, before, self.view, event))

    def open(self, ends_at_ms: int = 60_000) -> Line | None:
        return self.play(LotOpened(1, 0, ends_at_ms))

    def bid(self, at_ms: int, leader: int, price_minor: int, ends_at_ms: int = 60_000, *, met: bool = False) -> str:
        seq = self.view.seq + 1
        line = self.play(BidPlaced(seq, at_ms, leader, leader, price_minor, price_minor + 100, ends_at_ms, met))
        return "" if line is None else line.text


def test_opening_is_told_with_the_starting_price() -> None:
    assert Teller().open() == Line(Kind.OPENED, "Lot 4 opens at USD 10.00: A vase")


def test_outbids_are_told_now_and_then_and_jumps_always() -> None:
    teller = Teller()
    teller.open()
    assert teller.bid(1_000, 1, 1_000) == ""
    assert teller.bid(2_000, 2, 1_100) == "Lot 4: Bruno outbids Ada at USD 11.00"
    assert teller.bid(3_000, 1, 1_200) == ""
    assert teller.bid(3_100, 2, 1_800) == "Lot 4: Bruno jumps past Ada at USD 18.00"
    assert teller.bid(5_599, 1, 1_900) == ""
    assert teller.bid(5_600, 2, 2_000) == "Lot 4: Bruno outbids Ada at USD 20.00"
    assert teller.bid(9_000, 2, 2_100) == ""


def test_the_reserve_and_extensions_are_told() -> None:
    teller = Teller()
    teller.open()
    assert teller.bid(1_000, 1, 1_000) == ""
    assert teller.bid(1_100, 2, 1_100, met=True) == "Lot 4: the reserve is met, Bruno leads at USD 11.00"
    told = teller.bid(59_500, 1, 1_200, 61_000, met=True)
    assert told == "Lot 4: Ada bids with 0.5 s left, leads at USD 12.00; 1.0 s more"
    line = teller.play(BidPlaced(5, 60_600, 2, 1, 1_400, 1_500, 61_600, reserve_met=True))
    assert line == Line(Kind.EXTENDED, "Lot 4: Bruno bids with 0.4 s left, Ada still leads at USD 14.00; 0.6 s more")


def test_each_end_is_told_in_its_own_words() -> None:
    ends = {
        LotClosed(3, 60_000, CloseCause.TIME, 1, 1_000): "Lot 4 SOLD to Ada for USD 10.00, after 1 bid",
        LotClosed(3, 60_000, CloseCause.BUY_NOW, 2, 9_000): "Lot 4 BUY-NOW: Bruno takes it for USD 90.00, after 1 bid",
        LotClosed(3, 60_000, CloseCause.TIME): "Lot 4 PASSED: USD 10.00 is below the reserve, after 1 bid",
    }
    for closed, text in ends.items():
        teller = Teller()
        teller.open()
        teller.bid(1_000, 1, 1_000)
        line = teller.play(closed)
        assert line is not None
        assert line.text == text
    teller = Teller()
    teller.open()
    line = teller.play(LotClosed(2, 60_000, CloseCause.TIME))
    assert line == Line(Kind.PASSED, "Lot 4 PASSED without a bid")
