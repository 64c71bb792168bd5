"""Shared fixtures of the bots' tests: a small sale, and a separate home for all files that houses leave behind."""

from pathlib import Path

import pytest

SMALL_SALE = """
[sale]
title = "Small sale"
currency = "USD"
ends = "after last lot"

[defaults]
increment = "5"
estimate_low = "400"
estimate_high = "600"
soft_close = { window = "1s", extension = "1s", cap = "2s" }

[[lot]]
title = "Brass telescope"
starting_price = "10"
duration = "6s"

[[lot]]
title = "Ship in a bottle"
starting_price = "100"
reserve = "200"
duration = "6s"

[[lot]]
title = "Sextant"
starting_price = "50"
duration = "7s"

[[lot]]
title = "Chart of the coast"
starting_price = "20"
buy_now = "40"
duration = "7s"
"""


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("AUCTIONEER_DATA", raising=False)


@pytest.fixture
def small_sale(tmp_path: Path) -> Path:
    path = tmp_path / "small.toml"
    path.write_text(SMALL_SALE)
    return path


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder for the programs' temporary files; it must be empty after their end."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder
