"""The checks at the end of a demo find what they are there to find."""

import pytest
from msgspec.structs import replace

from benchmarks.bots.checks import Check, differences, differences_from_reports, digest, report_check
from common.lot import LotStatus, LotTerms, LotView, SaleView, Step
from common.money import Currency

SOLD = LotView(
    terms=LotTerms(lot="1", title="A vase", starting_minor=100, increments=(Step(0, 10),)),
    minimum_minor=130,
    seq=5,
    status=LotStatus.SOLD,
    price_minor=120,
    leader=2,
    bids=3,
    winner=2,
    hammer_minor=120,
)
LOTS_ROW = {"lot": "1", "status": "sold", "price_minor": 120, "hammer_minor": 120, "bids": 3, "seq": 5}
RESULTS_ROW = {"lot": "1", "status": "sold", "price_minor": 120, "hammer_minor": 120, "bids": 3, "paddle": 2}


def test_equal_copies_have_no_differences() -> None:
    assert differences({"1": SOLD}, {"1": replace(SOLD)}) == []
    assert differences_from_reports({"1": SOLD}, [LOTS_ROW], [RESULTS_ROW]) == []


def test_a_lot_that_was_bought_at_once_has_no_price_of_bids_and_one_that_was_paid() -> None:
    bought = replace(SOLD, price_minor=None, leader=None, bids=0, hammer_minor=600)
    told = {"bids": 0, "hammer_minor": 600}
    rows = [LOTS_ROW | told | {"price_minor": None}], [RESULTS_ROW | told | {"price_minor": 600}]
    assert differences_from_reports({"1": bought}, *rows) == []


@pytest.mark.parametrize(
    "change", [{"seq": 6}, {"leader": 3}, {"minimum_minor": 140}, {"status": LotStatus.OPEN}, {"hammer_minor": 110}]
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
        ({"winner": 3}, "winner"),
        ({"hammer_minor": 110}, "hammer"),
        ({"price_minor": 110}, "price"),
        ({"bids": 4}, "bids"),
    ],
)
def test_what_the_house_reports_otherwise_is_found(change: dict[str, object], field: str) -> None:
    problems = differences_from_reports({"1": replace(SOLD, **change)}, [LOTS_ROW], [RESULTS_ROW])
    assert len(problems) == 1
    assert problems[0].startswith(f"lot 1: {field} is ")


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
