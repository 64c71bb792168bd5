"""What the trials in a browser share, for each module: one Chromium, a house with every format, and a gateway."""

from collections.abc import Iterator
from typing import Any, Final

import pytest

from tests.bidder.web.gateways import GatewayProcess, running_gateway
from tests.house_process import HouseProcess, running_house
from tests.web.browser import PHONE, Guest, running_chromium

HOSTILE: Final = """<img src=x onerror="window.acted=1"><script>window.acted=1</script>"""
CATALOGUE: Final = f"""
[sale]
title = "Evening {HOSTILE.replace('"', "'")}"
currency = "USD"
corrections = "on"
retractions = "on"
[defaults]
increment = "10"
opens = "at start"
duration = "2h"
[[lot]]
title = '''{HOSTILE}'''
description = '''{HOSTILE}'''
seller = '''{HOSTILE}'''
starting_price = "120"
estimate_low = "150"
estimate_high = "200"
buy_now = "5000"
[[lot]]
title = "Sealed crate"
format = "sealed"
starting_price = "40"
[[lot]]
title = "Tulip bulbs"
format = "dutch"
starting_price = "120"
floor = "20"
decrement = "5"
every = "10m"
units = 3
[[lot]]
title = "Teapot"
starting_price = "25"
[[lot]]
title = "Painting"
starting_price = "25"
opens = "by hand"
"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """Run Chromium for the tests of one module; no longer, since Playwright holds the thread's event loop meanwhile."""
    with running_chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HouseProcess]:
    with running_house(tmp_path_factory.mktemp("pages"), catalogue=CATALOGUE) as running:
        yield running


@pytest.fixture(scope="module")
def gateway(house: HouseProcess) -> Iterator[GatewayProcess]:
    with running_gateway(house.link, house.data.parent / "gateway") as running:
        yield running


@pytest.fixture
def phone(gateway: GatewayProcess, chromium: Any, request: pytest.FixtureRequest) -> Iterator[Guest]:
    """Return the phone of a guest that has joined under the name of the test."""
    with_paddle = Guest(chromium, f"{gateway.origin}/#join", **PHONE)
    with_paddle.join(request.node.name[5:45])
    yield with_paddle
    with_paddle.close()
