"""The clock, the chain of lots, and what the auctioneer and outages do to them: the tables."""

import pytest

from tests.auctioneer.rules.scenarios import Scenario, Stage, load

TABLES = load("clock", "openings", "pauses", "hammer", "sale_end", "outages", "calls")


@pytest.mark.parametrize("restores", [False, True], ids=["", "restored"])
@pytest.mark.parametrize("scenario", TABLES, ids=str)
def test_table(scenario: Scenario, restores: bool) -> None:
    Stage(scenario, restores=restores).play()
