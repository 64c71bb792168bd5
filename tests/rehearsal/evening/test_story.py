"""What is told of a sale: what a watcher wants to know, and not each bid."""

from bidder.core.notices import LotChanged
from common.evolve import evolve
from common.formats.dutch import DutchBoard, DutchTerms
from common.formats.english import EnglishBoard, EnglishTerms, Step
from common.formats.sealed import Pays, SealedBoard, SealedTerms
from common.lot import CloseCause, LotTerms, LotView, Result
from common.lot_events import AnyLotEvent, LotClosed, LotMoved, LotOpened
from common.money import Currency
from rehearsal.bots.formats.lot import Kind, Line
from rehearsal.evening.story import Story

NAMES = {1: "Ada", 2: "Bruno"}
TERMS = LotTerms(lot="4", title="A vase", format=EnglishTerms(1_000, (Step(0, 100),), has_reserve=True))
SEALED = LotTerms(lot="4", title="A vase", format=SealedTerms(1_000, Pays.OWN_OFFER, has_reserve=True))
SCHEDULED = LotView(TERMS, EnglishBoard(1_000, reserve_met=False))
ONE_BID = EnglishBoard(1_100, 1_000, 1, 1, reserve_met=False)


class Teller:
    """Plays events on one lot and collects what is told."""

    def __init__(self, view: LotView = SCHEDULED) -> None:
        self.view = view
        self._story = Story(Currency("USD", 2), NAMES.__getitem__)

    def play(self, event: AnyLotEvent) -> Line | None:
        before, self.view = self.view, evolve(self.view, event)
        return self._story.tell(LotChanged(1, "4", event.seq, before, self.view, event))

    def open(self, ends_at_ms: int = 60_000) -> Line | None:
        return self.play(LotOpened(1, 0, ends_at_ms))

    def bid(self, at_ms: int, leader: int, price_minor: int, ends_at_ms: int = 60_000, *, met: bool = False) -> str:
        seq = self.view.seq + 1
        board = EnglishBoard(price_minor + 100, price_minor, leader, seq - 1, reserve_met=met)
        line = self.play(LotMoved(seq, at_ms, board, ends_at_ms, leader))
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
    line = teller.play(LotMoved(5, 60_600, EnglishBoard(1_500, 1_400, 1, 4, reserve_met=True), 61_600, 2))
    assert line == Line(Kind.EXTENDED, "Lot 4: Bruno bids with 0.4 s left, Ada still leads at USD 14.00; 0.6 s more")


def test_each_end_is_told_in_its_own_words() -> None:
    ends = {
        LotClosed(
            3, 60_000, CloseCause.TIME, ONE_BID, (Result(1, 1_000),)
        ): "Lot 4 SOLD to Ada for USD 10.00, after 1 bid",
        LotClosed(
            3, 60_000, CloseCause.BUY_NOW, ONE_BID, (Result(2, 9_000),)
        ): "Lot 4 BUY-NOW: Bruno takes it for USD 90.00, after 1 bid",
        LotClosed(3, 60_000, CloseCause.TIME, ONE_BID): "Lot 4 PASSED: USD 10.00 is below the reserve, after 1 bid",
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
    line = teller.play(LotClosed(2, 60_000, CloseCause.TIME, EnglishBoard(1_000, reserve_met=False)))
    assert line == Line(Kind.PASSED, "Lot 4 PASSED without a bid")


def test_of_a_sealed_lot_the_opening_and_the_end_are_told() -> None:
    ends = {
        LotClosed(2, 60_000, CloseCause.TIME, SealedBoard(1_000, 2), (Result(1, 1_500),)): (
            "Lot 4 SOLD to Ada for USD 15.00, of 2 offers"
        ),
        LotClosed(2, 60_000, CloseCause.TIME, SealedBoard(1_000, 1)): (
            "Lot 4 PASSED: none is as high as the reserve, of 1 offer"
        ),
        LotClosed(2, 60_000, CloseCause.TIME, SealedBoard(1_000, 0)): "Lot 4 PASSED without an offer",
    }
    for closed, text in ends.items():
        teller = Teller(LotView(SEALED, SealedBoard(1_000)))
        assert teller.open() == Line(Kind.OPENED, "Lot 4 opens for sealed offers from USD 10.00: A vase")
        line = teller.play(closed)
        assert line is not None
        assert line.text == text


def test_of_a_dutch_lot_who_takes_units_is_told_and_no_fall_of_the_price() -> None:
    terms = LotTerms(lot="4", title="Tulips", format=DutchTerms(3_000, 1_000, 500, step_ms=1_000, units=5))
    teller = Teller(LotView(terms, DutchBoard(3_000, 5)))
    assert teller.open() == Line(Kind.OPENED, "Lot 4 opens at USD 30.00, which falls to USD 10.00: Tulips")
    assert teller.play(LotMoved(2, 1_000, DutchBoard(2_500, 5), 5_000)) is None
    taken = teller.play(LotMoved(3, 1_500, DutchBoard(2_500, 3), 5_000, 2))
    assert taken == Line(Kind.SOLD, "Lot 4: Bruno takes 2 at USD 25.00, 3 left")
    closed = teller.play(LotClosed(4, 5_000, CloseCause.TIME, DutchBoard(1_000, 3), (Result(2, 5_000, units=2),)))
    assert closed == Line(Kind.SOLD, "Lot 4 SOLD to Bruno for USD 50.00, the clock at USD 10.00")
    untouched = Teller(LotView(terms, DutchBoard(3_000, 5)))
    untouched.open()
    passed = untouched.play(LotClosed(2, 5_000, CloseCause.TIME, DutchBoard(1_000, 5)))
    assert passed == Line(Kind.PASSED, "Lot 4 PASSED: nobody stopped the clock, the clock at USD 10.00")


def test_several_who_share_a_lot_are_told_together() -> None:
    teller = Teller(LotView(SEALED, SealedBoard(1_000)))
    teller.open()
    line = teller.play(
        LotClosed(2, 60_000, CloseCause.HAMMER, SealedBoard(1_000, 2), (Result(1, 1_500), Result(2, 1_200)))
    )
    assert line == Line(Kind.SOLD, "Lot 4 SOLD to Ada for USD 15.00 and Bruno for USD 12.00, of 2 offers")
