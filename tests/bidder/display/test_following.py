"""Following a sale without a terminal, as a screen or a page would: each change once, whatever it is shown on."""

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from bidder.core.notices import ConnectionChanged, ConnectionState, HistoryLost, LotCaughtUp, SaleChanged, StateReady
from bidder.display.following import Following
from bidder.display.lines import Line
from bidder.display.orders import FollowOrder
from bidder.display.shown import ShownLot
from bidder.display.voices import ForPeople, ForPrograms
from common.errors import RejectCode, RejectedError, UsageError
from common.lot import LotView, SaleView
from common.lot_events import Call, Called
from common.messages import Hello, Rejected, Welcome
from common.money import Currency
from tests.bidder.core.small_house import RIVAL, SmallHouse
from tests.english import english


class Page:
    """What a sale is shown on, and the sale as a house has it."""

    def __init__(self, lots: int) -> None:
        self.house = SmallHouse(lots)
        welcome = self.house.answer("ada", Hello(id=1, versions=(1,), name="Ada"))
        assert isinstance(welcome, Welcome)
        self.welcome = welcome
        self.lines: list[str] = []
        self.tables: list[list[str]] = []
        self.records: list[dict[str, object]] = []

    # the sale
    @property
    def paddle(self) -> int:
        return self.welcome.paddle

    @property
    def sale(self) -> SaleView:
        return self.house.sale

    def lots(self) -> dict[str, LotView]:
        return dict(self.house.lots)

    def lot(self, number: str) -> LotView:
        if number not in self.house.lots:
            raise UsageError(f"There is no lot {number}.")
        return self.house.lots[number]

    def server_now_ms(self) -> int:
        return self.house.now_ms

    def remaining_ms(self, lot: str) -> int | None:
        return self.lot(lot).remaining_at(self.house.now_ms)

    # where it is shown
    def say(self, line: Line, *, if_lost: str = "") -> None:
        assert not if_lost, "an answer, and nothing was asked"
        self.lines.append(line.text)

    def show_lots(self, lots: Sequence[ShownLot], paddle: int, currency: Currency) -> None:
        assert (paddle, currency) == (self.paddle, self.sale.currency)
        self.tables.append([lot.view.lot for lot in lots])

    def say_record(self, record: dict[str, object], *, if_lost: str = "") -> None:
        assert not if_lost, "an answer, and nothing was asked"
        self.records.append(record)

    # what happens
    def bid(self, lot: str, paddle: int = RIVAL) -> LotCaughtUp:
        before = self.house.lots[lot]
        self.house.bid(lot, english(before).minimum_minor, paddle)
        view = self.house.lots[lot]
        return LotCaughtUp(1, lot, view.seq, before, view)

    def call(self, lot: str, call: Call) -> SaleChanged:
        event = Called(self.sale.seq + 1, self.house.now_ms, lot, call)
        self.house.publish_sale(event)
        return SaleChanged(1, event.seq, self.house.sale, event)

    def close(self, lot: str) -> LotCaughtUp:
        before = self.house.lots[lot]
        self.house.close_lot(lot)
        view = self.house.lots[lot]
        return LotCaughtUp(1, lot, view.seq, before, view)


@pytest.fixture
def page() -> Page:
    return Page(2)


def for_people(page: Page) -> Following:
    return Following(page, ForPeople(page, page.say, page.show_lots))


def begin(following: Following, page: Page) -> None:
    following.show(StateReady(1, page.sale, len(page.lots())))


def test_what_the_state_shows_is_not_told_again(page: Page) -> None:
    following = for_people(page)
    known = page.bid("1")
    begin(following, page)
    assert page.tables == [["1", "2"]]
    told = len(page.lines)
    following.show(known)
    assert len(page.lines) == told
    following.show(page.bid("1"))
    assert len(page.lines) == told + 1


def test_the_lots_that_have_not_ended_are_counted_until_they_have(page: Page) -> None:
    following = for_people(page)
    begin(following, page)
    assert following.lots_missing == 2
    following.show(page.close("1"))
    assert following.lots_missing == 1
    following.show(ConnectionChanged(ConnectionState.ENDED))
    assert following.has_ended


def test_another_history_is_told_from_its_beginning(page: Page) -> None:
    following = for_people(page)
    begin(following, page)
    change = page.bid("1")
    following.show(change)
    told = len(page.lines)
    following.show(HistoryLost(2))
    following.show(replace(change, epoch=2))
    assert len(page.lines) == told + 2


def test_a_bidder_that_is_turned_out_hears_why(page: Page) -> None:
    following = for_people(page)
    begin(following, page)
    rejected = Rejected(id=1, code=RejectCode.NOT_ADMITTED)
    with pytest.raises(RejectedError):
        following.show(ConnectionChanged(ConnectionState.REFUSED, "", rejected))


def test_only_the_lots_that_are_followed_are_told(page: Page) -> None:
    voice = ForPrograms(page, page.say_record)
    following = Following(page, voice)
    begin(following, page)
    page.records.clear()
    voice.follow(FollowOrder(("2",)))
    following.show(page.bid("1"))
    following.show(page.bid("2"))
    assert [record["lot"] for record in page.records] == ["2"]
    with pytest.raises(UsageError):
        voice.follow(FollowOrder(("9",)))


def test_a_call_about_a_lot_is_told_in_words_to_who_follows_the_lot(page: Page) -> None:
    following = for_people(page)
    begin(following, page)
    told = len(page.lines)
    sentences = {
        Call.FAIR_WARNING: "*** Lot 1: fair warning, the hammer is about to fall.",
        Call.SELLING_NOW: "*** Lot 1: selling now.",
        Call.RESERVE_MET: "*** Lot 1: the reserve is met, so it will be sold.",
    }
    assert sentences.keys() == set(Call)
    for call in Call:
        following.show(page.call("1", call))
    assert page.lines[told:] == list(sentences.values())


def test_a_call_about_a_lot_that_is_not_followed_is_left_out_for_people(page: Page) -> None:
    voice = ForPeople(page, page.say, page.show_lots)
    following = Following(page, voice)
    begin(following, page)
    voice.choice = FollowOrder(("2",))
    told = len(page.lines)
    following.show(page.call("1", Call.FAIR_WARNING))
    assert len(page.lines) == told
    following.show(page.call("2", Call.FAIR_WARNING))
    assert len(page.lines) == told + 1


def test_a_program_gets_the_code_of_each_call(page: Page) -> None:
    voice = ForPrograms(page, page.say_record)
    following = Following(page, voice)
    begin(following, page)
    voice.choice = FollowOrder(("2",))
    following.show(page.call("1", Call.FAIR_WARNING))
    record = page.records[-1]
    assert (record["event"], record["lot"], record["seq"]) == ("called", None, page.sale.seq)
    assert (record["called"], record["call"]) == ("1", "fair_warning")
