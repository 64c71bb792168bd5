"""What is said of an evening that was held: its lots, its length, and what an organiser should know."""

import pytest
from msgspec.structs import replace

from bidder.core.notices import LotChanged
from common.errors import RejectCode
from common.evolve import evolve
from common.formats.english import EnglishBoard, EnglishTerms, Step
from common.lot import CloseCause, LotTerms, LotView, Result, SaleView
from common.lot_events import LotClosed, LotMoved, LotOpened
from common.money import Currency
from rehearsal.bots.tally import Acknowledged, Tally
from rehearsal.evening.course import Course
from rehearsal.evening.rehearsal import Held, Plan
from rehearsal.evening.report import notes, print_report, report_fields

SPEED = 60
PLAN = Plan(
    speed=SPEED,
    bidders=2,
    seed=1,
    by_hand=frozenset(),
    ends_by="",
    planned_ms=120_000,
    untimed_ms=45_000,
    quiet_ms=10_000,
)
BOARD = EnglishBoard(1_100, 1_000, 1, 1)


def held(*views: LotView, course: Course | None = None, tally: Tally | None = None) -> Held:
    sale = SaleView("a", "Evening", Currency("USD", 2), lots=len(views))
    return Held(sale, list(views), course or Course(SPEED), tally or Tally(), {1: "Ada", 2: "Bruno"}, 5000)


def scheduled(lot: str = "1", **terms: int | None) -> LotView:
    base = LotTerms(lot=lot, title="A vase", format=EnglishTerms(1_000, (Step(0, 100),)), duration_ms=2000)
    return LotView(replace(base, **terms), EnglishBoard(1_000))


def sold() -> tuple[Course, LotView]:
    course, view = Course(SPEED), scheduled()
    for event in (
        LotOpened(1, 0, 2000),
        LotMoved(2, 1900, BOARD, 2400, 1),
        LotClosed(3, 2400, CloseCause.TIME, BOARD, (Result(1, 1_000),)),
    ):
        before, view = view, evolve(view, event)
        course.note(LotChanged(1, "1", event.seq, before, view, event))
    return course, view


def test_the_report_has_the_evenings_times_the_price_and_the_buyer(capsys: pytest.CaptureFixture[str]) -> None:
    course, view = sold()
    tally = Tally([Acknowledged(1, 5, "1")], {RejectCode.BELOW_MINIMUM: 2}, slowest_s=0.012)
    print_report(held(view, course=course, tally=tally), PLAN)
    lines = capsys.readouterr().out.splitlines()
    assert " ".join(lines[1].split()) == "1 A vase 0s 2m 24s 1 x, 24s 1 10.00 sold to Ada"
    length = "takes 2m 24s at the catalogue's own durations; late bids extended 1 lot"
    assert f"Evening    {length}; its clocks alone would make it 2m" in lines
    assert "Rehearsal  took 5s at speed 60, with 2 bots" in lines
    assert "Offers     1 accepted, 2 refused; the slowest verdict came after 12 ms" in lines
    assert not [line for line in lines if line.startswith("Note")]


def test_programs_get_the_same() -> None:
    course, view = sold()
    tally = Tally([Acknowledged(1, 5, "1")], {RejectCode.BELOW_MINIMUM: 2}, slowest_s=0.012)
    fields = report_fields(held(view, course=course, tally=tally), PLAN)
    assert (fields["evening_ms"], fields["planned_ms"], fields["took_ms"]) == (144_000, 120_000, 5000)
    assert (fields["accepted"], fields["refused"], fields["slowest_verdict_ms"]) == (1, {"below_minimum": 2}, 12)
    (lot,) = fields["lots"]
    assert (lot["format"], lot["status"], lot["cause"], lot["buyers"]) == ("english", "sold", "time", ["Ada"])
    assert (lot["opened_after_ms"], lot["open_for_ms"]) == (0, 144_000)
    assert (lot["extensions"], lot["extended_ms"]) == (1, 24_000)
    assert (lot["offers"], lot["paid"], lot["paid_minor"]) == (1, "10.00", 1_000)


def test_a_lot_without_an_offer_is_named_and_why_if_the_catalogue_says_it() -> None:
    dear = scheduled("2", estimate_low_minor=500, estimate_high_minor=900)
    assert list(notes(held(scheduled(), dear), PLAN)) == [
        "Lot 1 got no offer.",
        "Lot 2 got no offer: USD 10.00 is the least, above its high estimate of USD 9.00.",
    ]


def test_what_is_done_by_hand_is_named() -> None:
    tally = Tally([Acknowledged(1, 1, "1"), Acknowledged(1, 2, "2")])
    views = scheduled("1", duration_ms=None), scheduled("2", duration_ms=None)
    plan = replace(PLAN, by_hand=frozenset({"2"}), ends_by="end")
    untimed, opened, end = notes(held(*views, tally=tally), plan)
    assert untimed.startswith("Lots 1 and 2 have no clock. Here the hammer fell after 45s or more, and 10s without a")
    assert opened == "Lot 2 has to be opened by hand: `auctioneer open LOT`."
    assert end == "The sale does not end by itself. End it with `auctioneer end`."


@pytest.mark.parametrize(("speed", "is_told"), [(1, False), (20, False), (21, True)])
def test_a_speed_at_which_bots_are_slower_than_people_is_told(speed: int, is_told: bool) -> None:
    tally = Tally([Acknowledged(1, 1, "1")], slowest_s=0.1)
    told = list(notes(held(scheduled(), tally=tally), replace(PLAN, speed=speed)))
    assert bool(told) is is_told
    assert all("A lower --speed gives a truer picture." in note for note in told)
