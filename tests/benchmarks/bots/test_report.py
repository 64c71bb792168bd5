"""What the bots' requests and the sale came to, in lines for people and as JSON."""

import pytest

from benchmarks.bots.report import Kill, print_kills, print_revenue, print_tally, revenue_fields, tally_fields
from benchmarks.bots.tally import MeasuredTally
from common.errors import RejectCode
from common.formats.english import EnglishBoard, EnglishTerms, Step
from common.lot import LotStatus, LotTerms, LotView, Result
from common.money import Currency
from rehearsal.bots.tally import Acknowledged

DOLLARS = Currency("USD", 2)


def lot(number: str, hammer_minor: int | None) -> LotView:
    terms = LotTerms(lot=number, title=f"A vase\x1b[2J {number}", format=EnglishTerms(100, (Step(0, 10),)))
    status = LotStatus.PASSED if hammer_minor is None else LotStatus.SOLD
    results = () if hammer_minor is None else (Result(2, hammer_minor),)
    return LotView(terms, EnglishBoard(100, bids=3), status=status, results=results)


LOTS = [lot("1", 123_400), lot("2", None), lot("3", 6_600)]


def tally() -> MeasuredTally:
    made = MeasuredTally([Acknowledged(1, 2, "3")], {RejectCode.NO_BUY_NOW: 1, RejectCode.BELOW_MINIMUM: 2}, repairs=4)
    made.latencies.note_s(0.002)
    return made


def test_a_tally_is_told_with_the_most_frequent_rejection_first(capsys: pytest.CaptureFixture[str]) -> None:
    print_tally(tally())
    requests, verdicts, broadcasts = capsys.readouterr().out.splitlines()
    assert requests == "Requests   1 accepted, 3 refused (2 below_minimum, 1 no_buy_now)"
    assert verdicts == "Verdicts   p50 2.0, p90 2.0, p99 2.0, p99.9 2.0, max 2.0 ms, from the bot's decision"
    assert broadcasts.startswith("Broadcasts 4 gaps repaired (0 events), 0 lots jumped")
    fields = tally_fields(tally())
    assert list(fields["refused"].items()) == [("below_minimum", 2), ("no_buy_now", 1)]
    assert fields["latency_ms"]["max"] == pytest.approx(2, rel=0.01)


def test_what_was_not_answered_or_seen_is_told_only_where_it_happened(capsys: pytest.CaptureFixture[str]) -> None:
    print_tally(MeasuredTally(unanswered=5, events_dropped=6))
    requests, broadcasts = capsys.readouterr().out.splitlines()
    assert requests == "Requests   0 accepted, 0 refused, 5 without a verdict"
    assert broadcasts.endswith("6 events dropped unread")


def test_the_revenue_is_the_sum_of_the_hammer_prices(capsys: pytest.CaptureFixture[str]) -> None:
    print_revenue(LOTS, DOLLARS)
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    *_, last = shown.splitlines()
    assert last.split() == ["Revenue", "2", "sold", "1,300.00", "9"]
    fields = revenue_fields(LOTS, DOLLARS)
    assert fields["revenue_minor"] == 130_000
    assert [one["hammer_minor"] for one in fields["lots"]] == [123_400, None, 6_600]
    assert [one["winner"] for one in fields["lots"]] == [2, None, 2]


def test_each_death_of_the_house_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    print_kills([Kill(1.0, 0.25, 2.0, 7)])
    assert "at 1.0 s, after 7 accepted bids; back after 0.2 s" in capsys.readouterr().out
