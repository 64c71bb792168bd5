"""The numbers and the worked examples in docs/rules.md and the pages of rules beside it are those of the code."""

import re
from pathlib import Path

import pytest

from auctioneer.catalogue.formats.dutch import PRICES_MAX, STEP_MS_MAX, STEP_MS_MIN
from auctioneer.house.house import SILENT_MS
from auctioneer.rules.formats.english import default_increments
from common.limits import AMOUNT_MINOR_MAX, DURATION_MS_MAX, UNITS_MAX
from common.money import Currency
from tests.auctioneer.rules.scenarios import Scenario, Stage, read

DOCS = Path(__file__).parents[3] / "docs"
TEXT = (DOCS / "rules.md").read_text()
PAGES = {page.name: page.read_text() for page in sorted(DOCS.glob("rules*.md"))}
DOLLARS = Currency("USD", 2)
SOURCES = r"\[(eBay|live|ours|Vickrey 1961|Cassady 1967|Milgrom & Weber 1982)"


def examples() -> list[Scenario]:
    """Return the worked examples, in the order of the pages."""
    return [
        scenario for name, text in PAGES.items() if "```text" in text for scenario in read(name, _only_blocks(text))
    ]


def _only_blocks(text: str) -> str:
    """Return a page without what is outside its blocks; the lines keep their numbers."""
    lines, is_inside = [], False
    for line in text.splitlines():
        is_fence = line.startswith("```")
        lines.append(line if is_inside and not is_fence else "")
        is_inside = line == "```text" if is_fence else is_inside
    return "\n".join(lines)


@pytest.mark.parametrize("example", examples(), ids=str)
def test_the_worked_examples(example: Scenario) -> None:
    Stage(example, restores=False).play()


@pytest.mark.parametrize("name", ["rules-sealed.md", "rules-dutch.md"])
def test_each_other_page_has_worked_examples(name: str) -> None:
    assert len([example for example in examples() if example.place.startswith(name)]) >= 6


def test_the_increment_table() -> None:
    rows = [[cell.strip() for cell in line.split("|")[2:-1]] for line in TEXT.splitlines() if line.startswith("   |")]
    head, _, steps = rows
    told = [(DOLLARS.parse(start), DOLLARS.parse(step)) for start, step in zip(head, steps, strict=True)]
    assert told == [(step.from_minor, step.step_minor) for step in default_increments(DOLLARS)]


def test_the_limits() -> None:
    assert f"after {SILENT_MS // 1000} seconds of silence" in TEXT
    assert f"10^{len(str(AMOUNT_MINOR_MAX)) - 1} minor units" in TEXT


def test_the_bounds_of_a_dutch_clock() -> None:
    text = " ".join(PAGES["rules-dutch.md"].split())
    assert STEP_MS_MAX == 24 * 3_600_000
    assert f"A price holds from {STEP_MS_MIN} ms to a day" in text
    days = DURATION_MS_MAX // STEP_MS_MAX
    assert f"a clock has at most {PRICES_MAX:,} prices and runs for at most {days} days" in text
    assert f"a lot has at most {UNITS_MAX} units" in text


@pytest.mark.parametrize("name", PAGES)
def test_each_rule_has_a_number_and_a_source(name: str) -> None:
    rules = re.split(r"^(\d+)\. ", PAGES[name], flags=re.MULTILINE)[1:]
    assert [int(number) for number in rules[::2]] == list(range(1, len(rules) // 2 + 1))
    assert len(rules) // 2 >= 5
    for number, rule in zip(rules[::2], rules[1::2], strict=True):
        assert re.search(SOURCES, rule), f"rule {number} has no source"
