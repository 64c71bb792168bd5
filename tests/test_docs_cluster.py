"""docs/cluster.md, typed on three machines of its own; then one of them is lost."""

import logging
import os
import shutil
import time
from pathlib import Path
from typing import Final

import pytest

from tests.machines import blocks, machines, type_all, type_until

PAGE: Final = (Path(__file__).parent.parent / "docs" / "cluster.md").read_text()
PROGRAMS: Final = {"With pg_auto_failover": "pg_autoctl", "With Patroni, instead": "patroni"}
CATALOGUE: Final = """
[sale]
title = "Evening"
currency = "EUR"
[[lot]]
title = "Vase"
starting_price = "1"
increment = "1"
duration = "2h"
"""


def section(title: str) -> str:
    """Return the text under a heading."""
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def test_each_block_says_where_it_is_typed() -> None:
    assert PAGE.count("```sh ") == len(blocks(PAGE)) > 0
    assert all(section(title) for title in (*PROGRAMS, "The houses"))


@pytest.mark.torture
@pytest.mark.timeout(900)
@pytest.mark.parametrize("title", PROGRAMS)
def test_the_page_is_typed_and_a_machine_is_lost(title: str, tmp_path: Path) -> None:
    if os.getuid() != 0 or shutil.which(PROGRAMS[title]) is None:
        pytest.skip(f"this needs root, and {PROGRAMS[title]}; the page says how to install it")
    with machines(("db1", "db2", "db3"), tmp_path) as on:
        on["db1"].type("auction", f"cat > evening.toml <<'END'\n{CATALOGUE}END")
        type_all(section(title), on)
        type_all(section("The houses"), on)
        type_until(on["db1"], "auction", "auctioneer status --data evening", r"Stands by +db2:7766\s")
        link = on["db1"].type("auction", "auctioneer link --data evening").strip()
        bid = "bidder bid 1 {} --name {} --home bidder --to '{}'"
        assert "you lead" in on["db1"].type("auction", bid.format(10, "Ada", link))
        lost_s = time.monotonic()
        on["db1"].lose()
        assert "you lead" in type_until(on["db3"], "auction", bid.format(20, "Ben", link), "Accepted")
        logging.info("%s: bids again %.1f s after the machine was lost", title, time.monotonic() - lost_s)
        told = on["db2"].type("auction", "auctioneer verify --data evening && auctioneer bids 1 --data evening")
        assert "Right:" in told
        assert "10.00" in told
