"""The house: its rules, its journal and its server."""

from importlib.util import find_spec
from pathlib import Path

if (_found := find_spec("common")) and (
    Path(_found.origin or "").resolve().parent != (_ours := Path(__file__).resolve().parents[1] / "common")
):
    raise ImportError(
        f"`import auctioneer` needs the package `common` that is installed with it ({_ours}), but another one "
        f"comes first: {_found.origin}. Rename that one, or start the program from another folder."
    )
