"""Houses that several tests of the gateway share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house_process import HouseProcess, running_house

CATALOGUE = """
[sale]
title = "An evening"
currency = "EUR"
[defaults]
duration = "1h"
increment = "10"
[[lot]]
title = "Clock"
starting_price = "100"
image = "clock.jpg"
[[lot]]
title = "<img src=x onerror=alert(1)>"
starting_price = "100"
image = "https://pictures.example/letter.jpg"
"""


@pytest.fixture(scope="module")
def open_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HouseProcess]:
    """Run a house that everybody may join. Tests share it, so each joins under names of its own."""
    with running_house(tmp_path_factory.mktemp("house"), catalogue=CATALOGUE) as house:
        yield house


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return the folder of a gateway."""
    return tmp_path / "home"
