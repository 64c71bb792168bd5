"""How figures are written: short enough to compare at a glance, and exact where they are small."""

import pytest

from benchmarks.report.findings import alike, shown_figure, shown_setting
from benchmarks.report.results import Row


@pytest.mark.parametrize(
    ("value", "expected"),
    [(4.711, "4.71"), (4.0, "4"), (99.99, "99.99"), (100.4, "100"), (212_345.6, "212,346"), (-0.5, "-0.50"), (0, "0")],
)
def test_figures_have_decimals_only_where_they_are_small(value: float, expected: str) -> None:
    assert shown_figure(value) == expected


def test_settings_are_words_or_numbers() -> None:
    assert [shown_setting(value) for value in ("on", 100_000, 0.5)] == ["on", "100,000", "0.5"]


def test_rows_share_a_table_where_they_follow_one_another_and_have_the_same_columns() -> None:
    one, two = Row({"lots": 1}, {"ratio": 1.0}), Row({"lots": 2}, {"ratio": 2.0})
    other = Row({"lots": 1}, {"seconds": 1.0})
    assert alike([one, two, other, one]) == [[one, two], [other], [one]]
