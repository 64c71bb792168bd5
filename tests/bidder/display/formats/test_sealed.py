"""What is said of a sealed lot: before the close only its least offer and the reader's own, after it who bought."""

from typing import Any

import pytest
from msgspec.structs import replace

from bidder.core import notices
from bidder.core.notices import LotChanged
from bidder.display.following import Following
from bidder.display.formats.sealed import SEALED
from bidder.display.lines import Line
from bidder.display.lot_table import lot_cells
from bidder.display.orders import SealOrder, UnsealOrder, json_order, typed_order
from bidder.display.records import lot_record, mine_record, no_verdict_record, notice_record, verdict_record
from bidder.display.shown import ShownLot
from bidder.display.voices import ForPeople, ForPrograms
from bidder.display.wording import lot_lines, mine_lines, notice_line, outcome_words, standing_words, verdict_line
from common.errors import RejectCode, UnreachableError, UsageError
from common.evolve import evolve
from common.formats.english import EnglishBoard, EnglishOwn
from common.formats.sealed import Pays, SealedBoard, SealedOwn, SealedTerms
from common.lot import CloseCause, LotStatus, LotTerms, LotView, Result
from common.lot_events import LotClosed
from common.messages import Accepted, Mine, Position, Rejected, Word, WordKind
from common.money import Currency
from tests.bidder.display.test_following import Page

USD = Currency("USD", 2)
ME, RIVAL = 7, 9
BOARD = SealedBoard(5_000)
TERMS = LotTerms("3", "Vase", SealedTerms(5_000, Pays.SECOND_OFFER, has_reserve=True))
VIEW = LotView(TERMS, BOARD, 1, LotStatus.OPEN)
OWN = SealedOwn(8_000)


def closed(*results: Result, offers: int = 2) -> LotChanged:
    event = LotClosed(2, 0, CloseCause.TIME, SealedBoard(5_000, offers), results)
    return LotChanged(1, "3", 2, VIEW, evolve(VIEW, event), event)


def accepted(request_id: int, own: SealedOwn | None) -> Accepted:
    return Accepted("3", 1, 0, BOARD, own=own, id=request_id)


# --- words -----------------------------------------------------------------------------------------------------------


def test_before_the_close_only_the_least_and_the_own_offer_are_told() -> None:
    assert standing_words(ShownLot(VIEW, 5_000), ME, USD) == (
        "sealed offers, at least USD 50.00, has a reserve, 5s left"
    )
    assert standing_words(ShownLot(VIEW, 5_000, OWN), ME, USD) == (
        "sealed offers, at least USD 50.00, your offer USD 80.00 stands, has a reserve, 5s left"
    )
    cells = lot_cells(ShownLot(VIEW, None, OWN), ME, USD)
    assert cells == ["3", "Vase", "", "50.00", "", "sealed offers, your offer USD 80.00 stands, has a reserve", ""]
    assert lot_cells(ShownLot(replace(VIEW, status=LotStatus.SCHEDULED)), ME, USD)[5] == "scheduled, has a reserve"


@pytest.mark.parametrize(
    ("pays", "expected"), [(Pays.OWN_OFFER, "its own amount"), (Pays.SECOND_OFFER, "what the second highest offered")]
)
def test_a_lot_says_what_its_winner_pays(pays: Pays, expected: str) -> None:
    view = replace(VIEW, terms=replace(TERMS, format=SealedTerms(5_000, pays)))
    told = [line.text for line in lot_lines(ShownLot(view), ME, USD)]
    assert told[1:] == [
        "  sealed offers, at least USD 50.00",
        f"  the highest sealed offer wins and pays {expected}; nobody sees any offer before the close",
    ]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (closed(Result(ME, 6_000)), "Lot 3: sold to you at USD 60.00"),
        (closed(Result(RIVAL, 9_000)), "Lot 3: sold to paddle 9 at USD 90.00"),
        (closed(), "Lot 3: passed, the reserve was not met"),
        (closed(offers=0), "Lot 3: passed, there were no offers"),
    ],
)
def test_after_the_close_everybody_hears_who_bought(change: LotChanged, expected: str) -> None:
    line = notice_line(change, ME, USD)
    assert line is not None
    assert line.text == expected


def test_a_lot_that_several_share_names_only_what_the_reader_pays() -> None:
    view = closed(Result(RIVAL, 9_000), Result(ME, 6_000)).view
    assert outcome_words(view, ME, USD) == "sold to you: 1 unit for USD 60.00, and to 1 other"
    assert outcome_words(view, 0, USD) == "sold to 2 bidders for USD 150.00"
    record = lot_record(ShownLot(view), USD, ME)
    assert (record["winner"], record["hammer_minor"], record["won"]) == (None, None, True)


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        (
            accepted(1, OWN),
            "Accepted: your sealed offer of USD 80.00 for lot 3 stands. Until the close you can replace it, or take it "
            "back: `unseal 3`.",
        ),
        (accepted(1, None), "Accepted: you have no offer for lot 3 any more."),
    ],
)
def test_a_verdict_is_a_sentence(verdict: Accepted, expected: str) -> None:
    assert verdict_line(verdict, "3", USD).text == expected


def test_an_offer_that_is_too_low_hears_the_least() -> None:
    rejected = Rejected(id=1, code=RejectCode.BELOW_MINIMUM, lot="3", board=BOARD)
    assert verdict_line(rejected, "3", USD).text.endswith(" The least that you can offer for lot 3 is USD 50.00.")


# --- fields ----------------------------------------------------------------------------------------------------------


def test_a_record_of_a_verdict_has_the_offer_that_stands() -> None:
    record = verdict_record(accepted(1, OWN), USD, "3", "said", SEALED)
    assert [record["minimum_minor"], record["offer"], record["offer_minor"]] == [5_000, "80.00", 8_000]
    assert "leading" not in record
    unknown = no_verdict_record(UnreachableError("no answer"), "3", 1, SEALED)
    assert list(unknown) == list(record)
    assert unknown["offer"] is None


def test_a_record_of_a_lot_has_no_price_before_the_close() -> None:
    record = lot_record(ShownLot(VIEW, None, OWN), USD, ME)
    assert not {"price", "bids", "leader", "leading", "buy_now", "reserve_met"} & record.keys()
    told = {name: record[name] for name in ("minimum_minor", "starting_minor", "offer_minor", "pays", "offers")}
    assert told == {
        "minimum_minor": 5_000,
        "starting_minor": 5_000,
        "offer_minor": 8_000,
        "pays": "second_offer",
        "offers": None,
    }
    assert record["has_reserve"]


def test_a_record_of_the_close_has_who_bought() -> None:
    record = notice_record(closed(Result(RIVAL, 9_000)), 1, USD)
    names = ["event", "cause", "status", "minimum", "hammer_minor", "offers", "winner"]
    assert [record[name] for name in names] == ["lot_closed", "time", "sold", None, 9_000, 2, RIVAL]


def test_own_affairs_have_sealed_offers_beside_leads() -> None:
    house = Page(1).house
    views = {"1": replace(house.lots["1"], board=EnglishBoard(11_000, 10_000, ME, 1)), "3": VIEW}
    mine = Mine(id=1, paddle=ME, positions=(Position("1", EnglishOwn(20_000)), Position("3", OWN)))
    assert [line.text for line in mine_lines(mine, "Ada", views, USD)] == [
        "Ada, paddle 7",
        "  you lead lot 1 at USD 100.00, up to USD 200.00: Lot 1",
        "  your sealed offer of USD 80.00 for lot 3 stands: Vase",
    ]
    record = mine_record(mine, "Ada", views, USD)
    assert [one["lot"] for one in record["leading"]] == ["1"]
    assert record["sealed"] == [{"lot": "3", "title": "Vase", "offer": "80.00", "offer_minor": 8_000}]
    assert "sealed" not in mine_record(mine, "Ada", {"1": views["1"]}, USD)


# --- orders ----------------------------------------------------------------------------------------------------------


def test_orders_as_they_are_typed_and_as_json() -> None:
    assert typed_order("seal 3 80") == SealOrder("3", "80")
    assert typed_order("seal 3 USD 80") == SealOrder("3", "USD 80")
    assert typed_order("unseal 3") == UnsealOrder("3")
    assert json_order(b'{"seal": {"lot": "3", "amount": "80", "request_id": 5}}') == SealOrder("3", "80", 5)
    assert json_order(b'{"unseal": {"lot": "3"}}') == UnsealOrder("3")


@pytest.mark.parametrize(
    ("line", "match"),
    [("seal", "as in `seal 3 80`"), ("seal 3", "Say how much"), ("unseal", "as in `unseal 3`"), ("unseal 3 4", "need")],
)
def test_an_order_that_is_not_complete_says_what_is_missing(line: str, match: str) -> None:
    with pytest.raises(UsageError, match=match):
        typed_order(line)


# --- what a client keeps ---------------------------------------------------------------------------------------------


class Told:
    """A sale with one sealed lot, and what its bidder is told."""

    def __init__(self) -> None:
        self.page = Page(0)
        self.page.house.add_sealed_lot("3")
        self.page.house.open("3")
        self.lines: list[str] = []
        self.records: list[dict[str, Any]] = []
        self.people = ForPeople(self.page, self.say, self.page.show_lots)
        self.programs = ForPrograms(self.page, self.say_record)

    def say(self, line: Line, *, if_lost: str = "") -> None:
        assert not if_lost
        self.lines.append(line.text)

    def say_record(self, record: dict[str, Any], *, if_lost: str = "") -> None:
        assert not if_lost
        self.records.append(record)

    def note(self, request_id: int, amount_minor: int | None) -> None:
        view = self.page.lot("3")
        own = None if amount_minor is None else SealedOwn(amount_minor)
        for voice in (self.people, self.programs):
            voice.note_accepted(Accepted("3", view.seq, 0, view.board, own=own, id=request_id))

    @property
    def own(self) -> object:
        return self.people.own_position(self.page.lot("3"))


def test_who_leaves_hears_which_sealed_offers_bind() -> None:
    told = Told()
    told.note(1, 8_000)
    told.people.left()
    told.programs.left()
    assert told.lines == [
        "You leave the sale. Bids bind: you can still win,",
        "  lot 3 by your sealed offer of USD 80.00: Lot 3",
    ]
    assert told.records[0]["leading"] == []
    assert told.records[0]["sealed"] == [{"lot": "3", "offer": "80.00", "offer_minor": 8_000}]


def test_the_last_verdict_tells_the_own_offer() -> None:
    told = Told()
    told.note(1, 8_000)
    told.note(2, 9_000)
    told.note(1, 8_000)  # a repeated request: the verdict is that of then
    assert told.own == SealedOwn(9_000)
    told.note(3, None)
    assert told.own is None
    told.people.left()
    assert told.lines == ["You leave the sale; you lead no lot."]


def test_offers_that_were_made_elsewhere_come_from_the_house() -> None:
    told = Told()
    told.people.note_positions(Mine(id=5, paddle=1, positions=(Position("3", SealedOwn(7_000)),)))
    assert told.own == SealedOwn(7_000)
    told.note(6, 8_000)
    assert told.own == SealedOwn(8_000)
    told.people.note_positions(Mine(id=7, paddle=1))
    assert told.own is None
    told.people.note_positions(Mine(id=8, paddle=1, positions=(Position("3", SealedOwn(7_000)),)))
    told.note(9, None)
    assert told.own is None
    told.people.note_positions(Mine(id=10, paddle=1, positions=(Position("3", SealedOwn(7_000)),)))
    told.people.forget_positions()
    assert told.own is None


def test_a_position_that_a_correction_may_have_changed_is_shown_no_more() -> None:
    def void(at_ms: int, lot: str = "3") -> Word:
        return Word(1, at_ms, WordKind.OFFER_VOID, lot=lot)

    told = Told()
    told.note(1, 8_000)
    told.people.note_word(void(0, "2"))
    assert told.own == SealedOwn(8_000)
    told.people.note_word(void(-1))
    assert told.own == SealedOwn(8_000), "the verdict is later than the correction"
    told.people.note_word(void(0))
    assert told.own is None
    told.people.note_positions(Mine(id=5, paddle=1, positions=(Position("3", SealedOwn(7_000)),)))
    assert told.own == SealedOwn(7_000)
    following = Following(told.page, told.people)
    following.show(notices.Told(1, void(0), 0))
    assert told.own is None
