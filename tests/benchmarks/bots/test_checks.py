"""The checks at the end of a demo find what they are there to find."""

from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from auctioneer.journal import append
from auctioneer.journal.sqlite import FILE_NAME, SqliteStore
from auctioneer.rules.facts import BidTaken, OfferTaken
from benchmarks.bots.checks import Check, differences, differences_from_reports, digest, record_check, report_check
from common.formats.dutch import DutchBoard, DutchTerms
from common.formats.english import EnglishBoard, EnglishTerms, Step
from common.lot import LotStatus, LotTerms, LotView, Result, SaleView
from common.money import Currency
from rehearsal.bots.tally import Acknowledged
from tests.auctioneer.journal.journal_examples import AT_MS, EVERY_EVENT

SOLD = LotView(
    terms=LotTerms(lot="1", title="A vase", format=EnglishTerms(100, (Step(0, 10),))),
    board=EnglishBoard(130, 120, 2, 3),
    seq=5,
    status=LotStatus.SOLD,
    results=(Result(2, 120),),
)
LOTS_ROW = {"lot": "1", "status": "sold", "price_minor": 120, "hammer_minor": 120, "bids": 3, "seq": 5}
RESULTS_ROW = {"lot": "1", "status": "sold", "price_minor": 120, "hammer_minor": 120, "bids": 3, "paddle": 2}


def test_equal_copies_have_no_differences() -> None:
    assert differences({"1": SOLD}, {"1": replace(SOLD)}) == []
    assert differences_from_reports({"1": SOLD}, [LOTS_ROW], [RESULTS_ROW]) == []


def test_a_lot_that_was_bought_at_once_has_no_price_of_bids_and_one_that_was_paid() -> None:
    bought = replace(SOLD, board=EnglishBoard(100), results=(Result(2, 600),))
    told = {"bids": 0, "hammer_minor": 600}
    rows = [LOTS_ROW | told | {"price_minor": None}], [RESULTS_ROW | told | {"price_minor": 600}]
    assert differences_from_reports({"1": bought}, *rows) == []


@pytest.mark.parametrize(
    "change",
    [
        {"seq": 6},
        {"board": EnglishBoard(130, 120, 3, 3)},
        {"board": EnglishBoard(140, 120, 2, 3)},
        {"status": LotStatus.OPEN},
        {"results": (Result(2, 110),)},
    ],
)
def test_any_field_that_differs_between_copies_is_found(change: dict[str, object]) -> None:
    assert len(differences({"1": replace(SOLD, **change)}, {"1": SOLD})) == 1


def test_a_lot_that_one_side_does_not_know_is_found() -> None:
    assert differences({}, {"1": SOLD}) == ["lot 1 is unknown here and sold at 120 after 3 bids (seq 5) there"]
    assert len(differences_from_reports({}, [LOTS_ROW], [RESULTS_ROW])) > 0


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"seq": 6}, "seq"),
        ({"status": LotStatus.PASSED}, "status"),
        ({"results": (Result(3, 120),)}, "winner"),
        ({"results": (Result(2, 110),)}, "hammer"),
        ({"board": EnglishBoard(130, 110, 2, 3)}, "price"),
        ({"board": EnglishBoard(130, 120, 2, 4)}, "bids"),
    ],
)
def test_what_the_house_reports_otherwise_is_found(change: dict[str, object], field: str) -> None:
    problems = differences_from_reports({"1": replace(SOLD, **change)}, [LOTS_ROW], [RESULTS_ROW])
    assert len(problems) == 1
    assert problems[0].startswith(f"lot 1: {field} is ")


@pytest.mark.parametrize(("results", "winner"), [((Result(2, 90), Result(3, 80)), None), ((Result(2, 170, 2),), 2)])
def test_what_others_are_not_shown_is_not_compared(results: tuple[Result, ...], winner: int | None) -> None:
    """Of a Dutch lot nobody is shown how many bidders took something before it is over."""
    terms = LotTerms(lot="1", title="Tulips", format=DutchTerms(100, 50, 10, 1_000, 2))
    sold = LotView(terms, DutchBoard(80, 0), 5, LotStatus.SOLD, results=results)
    told = {"lot": "1", "status": "sold", "hammer_minor": 170, "bids": 2, "seq": 5}
    rows = [told | {"price_minor": 80}], [told | {"price_minor": 170, "paddle": winner}]
    assert differences_from_reports({"1": sold}, *rows) == []
    assert len(differences_from_reports({"1": replace(sold, board=DutchBoard(70, 0))}, *rows)) == 1
    assert len(differences_from_reports({}, *rows)) >= 5


def test_every_accepted_offer_is_found_in_the_record_and_what_is_not_there_is_told(tmp_path: Path) -> None:
    with closing(SqliteStore(tmp_path / FILE_NAME).take_over("")) as journal:
        append(journal, EVERY_EVENT, (), AT_MS)
    taken = [fact for fact in EVERY_EVENT if isinstance(fact, BidTaken | OfferTaken)]
    assert {type(fact) for fact in taken} == {BidTaken, OfferTaken}
    there = [Acknowledged(fact.paddle, fact.request_id, fact.lot) for fact in taken]
    assert record_check(tmp_path, there).problems == []
    missing = Acknowledged(there[0].paddle, 999, "1")
    assert record_check(tmp_path, [*there, missing]).problems == [
        f"request 999 of paddle {missing.paddle} on lot 1 was acknowledged and is not in the record"
    ]
    assert record_check(tmp_path, [*there, there[0]]).problems == ["1 are there twice"]


def test_a_check_says_whether_it_held(capsys: pytest.CaptureFixture[str]) -> None:
    assert report_check(Check("All is well", []))
    assert not report_check(Check("All is well", [f"problem {number}" for number in range(7)]))
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == ["OK    All is well", "FAIL  All is well", "      problem 0"]
    assert lines[-1] == "      and 2 more"


def test_equal_copies_have_the_same_digest_and_others_another() -> None:
    sale = SaleView(sale="s", title="A sale", currency=Currency("USD", 2))
    assert digest(sale, {"1": SOLD}) == digest(replace(sale), {"1": replace(SOLD)})
    others = [digest(replace(sale, seq=1), {"1": SOLD}), digest(sale, {"1": replace(SOLD, seq=6)}), digest(sale, {})]
    assert len({digest(sale, {"1": SOLD}), *others}) == 4
