"""docs/cli.md has every command of `bidder`, every event of its JSON, and every word of its prompt."""

import re
from pathlib import Path
from typing import get_args

from bidder.cli import main
from bidder.display.orders import help_lines
from common.lot import SaleView
from common.lot_events import AnyLotEvent, AnySaleEvent
from common.money import Currency

DOCS = (Path(__file__).parents[3] / "docs" / "cli.md").read_text()
SECTION = DOCS.partition("\n## bidder\n")[2].partition("\n## ")[0]


def test_every_command_is_there() -> None:
    for name in main.commands:
        assert re.search(rf"^\| `{name}\b", SECTION, re.MULTILINE), name


def test_every_change_is_there() -> None:
    for kind in get_args(AnyLotEvent) + get_args(AnySaleEvent):
        assert f"`{kind.__struct_config__.tag}`" in SECTION


def test_every_word_of_the_prompt_is_there() -> None:
    prompt = SECTION.partition("### At the prompt")[2].partition("### ")[0]
    for line in help_lines(SaleView("a", "Evening", Currency("USD", 2), retractions=True)):
        assert re.search(rf"`{line.split()[0]}\b", prompt), line
