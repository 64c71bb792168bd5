"""The numbers in docs/rules.md are those of the code."""

import re
from pathlib import Path

from auctioneer.house.house import SILENT_MS
from auctioneer.rules.terms import default_increments
from common.limits import AMOUNT_MINOR_MAX
from common.money import Currency

TEXT = (Path(__file__).parents[3] / "docs" / "rules.md").read_text()
DOLLARS = Currency("USD", 2)


def test_the_increment_table() -> None:
    rows = [[cell.strip() for cell in line.split("|")[2:-1]] for line in TEXT.splitlines() if line.startswith("   |")]
    head, _, steps = rows
    told = [(DOLLARS.parse(start), DOLLARS.parse(step)) for start, step in zip(head, steps, strict=True)]
    assert told == [(step.from_minor, step.step_minor) for step in default_increments(DOLLARS)]


def test_the_limits() -> None:
    assert f"after {SILENT_MS // 1000} seconds of silence" in TEXT
    assert f"10^{len(str(AMOUNT_MINOR_MAX)) - 1} minor units" in TEXT


def test_each_rule_has_a_number_and_a_source() -> None:
    rules = re.split(r"^(\d+)\. ", TEXT, flags=re.MULTILINE)[1:]
    assert [int(number) for number in rules[::2]] == list(range(1, len(rules) // 2 + 1))
    for number, rule in zip(rules[::2], rules[1::2], strict=True):
        assert re.search(r"\[(eBay|live|ours)", rule), f"rule {number} has no source"
