"""What is said of a Dutch lot: the clock and what is left, what the reader took, and after the close who bought."""

import pytest
from msgspec.structs import replace

from bidder.core.notices import LotChanged, Won
from bidder.display.formats.dutch import DUTCH
from bidder.display.lines import Line
from bidder.display.lot_table import lot_cells
from bidder.display.orders import StopOrder, json_order, typed_order
from bidder.display.records import lot_record, mine_record, no_verdict_record, notice_record, verdict_record
from bidder.display.shown import ShownLot
from bidder.display.voices import ForPeople, ForPrograms
from bidder.display.wording import lot_lines, mine_lines, notice_line, outcome_words, standing_words, verdict_line
from common.errors import RejectCode, UnreachableError, UsageError
from common.evolve import evolve
from common.formats.dutch import DutchBoard, DutchOwn, DutchTerms
from common.formats.english import EnglishOwn
from common.formats.sealed import SealedOwn
from common.lot import CloseCause, LotStatus, LotTerms, LotView, Result
from common.lot_events import LotClosed, LotMoved
from common.messages import Accepted, Mine, Position, Rejected
from common.money import Currency
from tests.bidder.core.small_house import bid_moved
from tests.bidder.display.test_following import Page

USD = Currency("USD", 0)
ME, RIVAL, OTHER = 7, 9, 11
BOARD = DutchBoard(10_000, 3)
TERMS = LotTerms("3", "Tulips", DutchTerms(12_000, 5_000, 1_000, 10_000, 5))
VIEW = LotView(TERMS, BOARD, 2, LotStatus.OPEN)
OWN = DutchOwn(2, 20_000)
GONE = Accepted("3", 3, 0, DutchBoard(10_000, 0), own=OWN, results=(Result(RIVAL, 9), Result(ME, 20_000, 2)), id=1)


def accepted(own: DutchOwn, price_minor: int = 10_000) -> Accepted:
    return Accepted("3", 3, 0, DutchBoard(price_minor, 1), own=own, id=1)


def moved(board: DutchBoard, bidder: int | None = None) -> LotChanged:
    event = LotMoved(3, 0, board, None, bidder)
    return LotChanged(1, "3", 3, VIEW, evolve(VIEW, event), event)


def closed(*results: Result, cause: CloseCause = CloseCause.TIME) -> LotChanged:
    event = LotClosed(3, 0, cause, BOARD, results)
    return LotChanged(1, "3", 3, VIEW, evolve(VIEW, event), event)


# --- words -----------------------------------------------------------------------------------------------------------


def test_a_lot_says_what_its_clock_shows_and_how_it_falls() -> None:
    assert standing_words(ShownLot(VIEW, 42_000), ME, USD) == (
        "USD 10,000 on the clock, falls by 1,000 every 10s to 5,000, 3 units left, 42s left"
    )
    assert standing_words(ShownLot(VIEW, 42_000, OWN), ME, USD).endswith(
        "3 units left, you took 2 units for USD 20,000, 42s left"
    )
    lowest = replace(VIEW, board=DutchBoard(5_000, 1))
    assert standing_words(ShownLot(lowest), ME, USD) == "USD 5,000 on the clock, which falls no more, 1 unit left"
    assert [line.text for line in lot_lines(ShownLot(VIEW), ME, USD)][2:] == [
        "  whoever stops the clock has bought, at the price that it shows then"
    ]
    cells = lot_cells(ShownLot(VIEW, None, OWN), ME, USD)
    assert cells == ["3", "Tulips", "10,000", "10,000", "", "3 units left, you took 2 units for USD 20,000", ""]
    assert DUTCH.status_words(BOARD, None, ME, USD) == "10000 on the clock, 3 units left"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (moved(DutchBoard(9_000, 3)), "Lot 3: USD 9,000 on the clock"),
        (moved(DutchBoard(10_000, 1), RIVAL), "Lot 3: paddle 9 takes 2 units, USD 10,000 on the clock"),
        (moved(DutchBoard(10_000, 2), ME), "Lot 3: you take 1 unit, USD 10,000 on the clock"),
    ],
)
def test_a_move_is_a_fall_or_says_who_took_what(change: LotChanged, expected: str) -> None:
    line = notice_line(change, ME, USD)
    assert line is not None
    assert line.text.startswith(expected + ", falls by")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (closed(Result(ME, 10_000)), "sold to you at USD 10,000"),
        (closed(Result(RIVAL, 27_000, 3)), "sold to paddle 9: 3 units for USD 27,000"),
        (
            closed(Result(ME, 20_000, 2), Result(RIVAL, 9_000), Result(OTHER, 9_000), cause=CloseCause.SOLD_OUT),
            "sold to you: 2 units for USD 20,000, and to 2 others (nothing is left)",
        ),
        (closed(Result(RIVAL, 9_000), Result(OTHER, 18_000, 2)), "sold to 2 bidders for USD 27,000"),
        (closed(), "passed, nobody stopped the clock"),
    ],
)
def test_after_the_close_everybody_hears_who_bought(change: LotChanged, expected: str) -> None:
    line = notice_line(change, ME, USD)
    assert line is not None
    assert line.text == f"Lot 3: {expected}"


def test_who_won_units_hears_how_many() -> None:
    assert notice_line(Won("3", 4, 20_000, 2), ME, USD) == (
        notice_line(Won("3", 4, 20_000), ME, USD) or Line("")
    )._replace(text=">>> WON: lot 3, 2 units are yours for USD 20,000.")


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        (accepted(OWN), "You took 2 units of lot 3 at USD 10,000 each."),
        (accepted(DutchOwn(1, 10_000)), "You took 1 unit of lot 3 at USD 10,000."),
        (accepted(DutchOwn(3, 29_000), 9_000), "You have taken 3 units of lot 3, for USD 29,000 in all."),
        (GONE, "You took 2 units of lot 3 at USD 10,000 each."),
    ],
)
def test_a_verdict_is_a_sentence(verdict: Accepted, expected: str) -> None:
    assert verdict_line(verdict, "3", USD).text == expected


def test_a_stop_below_the_clock_hears_what_it_shows() -> None:
    rejected = Rejected(id=1, code=RejectCode.BELOW_MINIMUM, lot="3", board=BOARD)
    assert verdict_line(rejected, "3", USD).text.endswith(" The clock of lot 3 shows USD 10,000, with 3 units left.")


# --- fields ----------------------------------------------------------------------------------------------------------


def test_a_record_of_a_verdict_has_the_clock_and_what_was_taken() -> None:
    record = verdict_record(GONE, USD, "3", "said", DUTCH)
    names = ("price_minor", "units_left", "own_units", "own_amount", "own_amount_minor")
    assert [record[name] for name in names] == [10_000, 0, 2, "20000", 20_000]
    assert "leading" not in record
    unknown = no_verdict_record(UnreachableError("no answer"), "3", 1, DUTCH)
    assert list(unknown) == list(record)
    assert unknown["price"] is None
    assert verdict_record(Rejected(id=1, code=RejectCode.UNKNOWN_LOT), USD, "3", "said", DUTCH)["units_left"] is None


def test_a_record_of_a_lot_has_its_clock() -> None:
    record = lot_record(ShownLot(VIEW, None, OWN), USD, ME)
    told = {
        "format": "dutch",
        "price_minor": 10_000,
        "starting_minor": 12_000,
        "floor_minor": 5_000,
        "decrement_minor": 1_000,
        "every_ms": 10_000,
        "units": 5,
        "units_left": 3,
        "own_units": 2,
        "own_amount_minor": 20_000,
        "results": [],
    }
    assert {name: record[name] for name in told} == told
    assert not {"bids", "leader", "leading", "has_reserve", "minimum"} & record.keys()


def test_records_after_the_close_have_a_row_for_each_buyer() -> None:
    change = closed(Result(RIVAL, 9_000), Result(ME, 20_000, 2), cause=CloseCause.SOLD_OUT)
    rows = [
        {"paddle": RIVAL, "units": 1, "amount": "9000", "amount_minor": 9_000},
        {"paddle": ME, "units": 2, "amount": "20000", "amount_minor": 20_000},
    ]
    event = notice_record(change, 1, USD)
    assert (event["event"], event["cause"], event["winner"], event["hammer"]) == ("lot_closed", "sold_out", None, None)
    assert event["results"] == rows
    record = lot_record(ShownLot(change.view), USD, ME)
    assert (record["results"], record["won"]) == (rows, True)


def test_own_affairs_have_what_was_taken_and_what_was_won() -> None:
    over = replace(closed(Result(ME, 20_000, 2)).view, terms=replace(TERMS, lot="4"))
    views = {"3": VIEW, "4": over}
    mine = Mine(id=1, paddle=ME, positions=(Position("3", OWN),), won=("4",), total_minor=20_000)
    assert [line.text for line in mine_lines(mine, "Ada", views, USD)] == [
        "Ada, paddle 7",
        "  you took 2 units for USD 20,000 of lot 3: Tulips",
        "  you won lot 4, 2 units for USD 20,000: Tulips",
        "  total USD 20,000",
    ]
    record = mine_record(mine, "Ada", views, USD)
    taken = {"lot": "3", "title": "Tulips", "own_units": 2, "own_amount": "20000", "own_amount_minor": 20_000}
    assert (record["leading"], record["taken"]) == ([], [taken])
    assert [(one["lot"], one["hammer_minor"]) for one in record["won"]] == [("4", 20_000)]


# --- orders ----------------------------------------------------------------------------------------------------------


def test_orders_as_they_are_typed_and_as_json() -> None:
    assert typed_order("stop 3") == StopOrder("3")
    assert typed_order("stop 3 9000") == StopOrder("3", "9000")
    assert typed_order("stop 3 USD 9000 x2") == StopOrder("3", "USD 9000", 2)
    assert typed_order("STOP 3 X12") == StopOrder("3", None, 12)
    assert json_order(b'{"stop": {"lot": "3"}}') == StopOrder("3")
    line = b'{"stop": {"lot": "3", "price": "9000", "units": 2, "request_id": 5}}'
    assert json_order(line) == StopOrder("3", "9000", 2, 5)


def test_an_order_that_is_not_complete_says_what_is_missing() -> None:
    with pytest.raises(UsageError, match="as in `stop 3`"):
        typed_order("stop")
    with pytest.raises(UsageError, match="units"):
        json_order(b'{"stop": {"lot": "3", "units": "two"}}')


# --- what a client keeps ---------------------------------------------------------------------------------------------


class Told:
    """A sale with a Dutch lot, a sealed lot and an English lot, and what its bidder is told."""

    def __init__(self) -> None:
        self.page = Page(1)
        self.page.house.add_sealed_lot("2")
        self.page.house.add_dutch_lot("3", 3)
        for lot in ("1", "2", "3"):
            self.page.house.open(lot)
        self.people = ForPeople(self.page, self.page.say, self.page.show_lots)
        self.programs = ForPrograms(self.page, self.page.say_record)

    def note_taken(self) -> None:
        view = self.page.lot("3")
        own = DutchOwn(2, 2_000)
        for voice in (self.people, self.programs):
            voice.note_accepted(Accepted("3", view.seq, 0, view.board, own=own, id=1))


def test_what_was_taken_is_known_however_far_the_price_falls() -> None:
    told = Told()
    told.note_taken()
    told.page.house.fall("3", 800)
    assert told.people.own_position(told.page.lot("3")) == DutchOwn(2, 2_000)


def test_who_leaves_hears_what_was_bought() -> None:
    told = Told()
    told.note_taken()
    told.people.left()
    told.programs.left()
    assert told.page.lines == [
        "You leave the sale. Bids bind: you have bought,",
        "  lot 3 with 2 units for USD 20.00: Lot 3",
    ]
    taken = {"lot": "3", "own_units": 2, "own_amount": "20.00", "own_amount_minor": 2_000}
    assert told.page.records[0]["taken"] == [taken]


@pytest.mark.parametrize(
    ("lot", "own", "clause"),
    [
        ("1", EnglishOwn(100), "you have bought, and you still lead, and can still win,"),
        ("2", SealedOwn(100), "you have bought, and you can still win,"),
    ],
)
def test_who_leaves_hears_what_can_still_be_won(lot: str, own: EnglishOwn | SealedOwn, clause: str) -> None:
    told = Told()
    told.note_taken()
    if lot == "1":
        told.page.house.publish("1", bid_moved(2, told.page.paddle, 100))
    view = told.page.lot(lot)
    told.people.note_accepted(Accepted(lot, view.seq, 0, view.board, own=own, id=2))
    told.people.left()
    assert told.page.lines[0] == f"You leave the sale. Bids bind: {clause}"


def test_the_end_tells_how_many_units_were_won() -> None:
    told = Told()
    event = LotClosed(2, 0, CloseCause.TIME, DutchBoard(500, 1), (Result(told.page.paddle, 2_000, 2),))
    told.page.house.publish("3", event)
    told.people.ended(0)
    assert told.page.lines[1:] == ["You won 1 lot:", "  lot 3, 2 units for USD 20.00: Lot 3", "  total USD 20.00"]


def test_outcome_words_name_nobody_to_those_who_look_on() -> None:
    view = closed(Result(RIVAL, 9_000), Result(ME, 20_000, 2)).view
    assert outcome_words(view, 0, USD) == "sold to 2 bidders for USD 29,000"
