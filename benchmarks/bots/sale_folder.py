"""The directory in which a house started by this package keeps its sale, and a made-up catalogue for bots."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Final

from common.errors import StorageError

_THINGS: Final = ("Armchair", "Bracelet", "Clock", "Drawing", "Etching", "Figurine", "Globe", "Harp", "Inkwell", "Jug")
ESTIMATES: Final = (100, 2000)
"""The range of the lots' estimates, in whole units of the currency."""
DURATIONS: Final = (0.75, 1.0)
"""The range of the times that lots are open, as a part of the longest."""
DUTCH_PRICES: Final = 20
"""The rough number of prices that a Dutch clock shows."""


@contextmanager
def sale_folder(data: Path | None = None) -> Iterator[Path]:
    """Yield `data`, or a temporary directory that is removed at the end. Raises StorageError."""
    if data is not None:
        yield data
        return
    try:
        folder = Path(tempfile.mkdtemp(prefix="auction-"))
    except OSError as error:
        raise StorageError(f"No temporary directory can be made: {error.strerror}. Choose one with --data.") from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def keep_folder(folder: Path) -> Path:
    """Move a temporary directory so that it is not removed, and return its new path."""
    return folder.rename(folder.with_name(f"{folder.name}-failed"))


def write_catalogue(folder: Path, lots: int, duration_s: float, seed: int) -> Path:
    """Write a catalogue for bots and return its path. The same seed gives the same catalogue.

    All lots open at the start, for up to `duration_s`, with a short soft close. Of ten lots two have a reserve and one
    has a buy-now price; one is sealed, one Vickrey and one Dutch. The sale ends automatically.
    """
    draw = Random(f"{seed}/catalogue")
    window_ms = max(500, round(duration_s * 1000 / 20))
    rows = [
        "[sale]",
        'title = "A sale for bots"',
        'currency = "USD"',
        'ends = "after last lot"',
        "[defaults]",
        f'soft_close = {{ window = "{window_ms}ms", extension = "{window_ms}ms", cap = "{2 * window_ms}ms" }}',
    ]
    for number in range(1, lots + 1):
        middle = draw.randint(*ESTIMATES)
        duration_ms = round(duration_s * 1000 * draw.uniform(*DURATIONS))
        rows += [
            "[[lot]]",
            f'number = "{number}"',
            f'title = "{draw.choice(_THINGS)} {number}"',
            f'estimate_low = "{middle * 8 // 10}"',
            f'estimate_high = "{middle * 12 // 10}"',
            *_bidding(number, middle, duration_ms),
        ]
    path = folder / "catalogue.toml"
    path.write_text("\n".join(rows) + "\n")
    return path


def _bidding(number: int, middle: int, duration_ms: int) -> list[str]:
    """Return the catalogue's lines about the bidding, for a lot worth about `middle`."""
    usual = [f'starting_price = "{middle // 3}"', f'duration = "{duration_ms}ms"']
    english = [*usual, f'increment = "{max(1, middle // 50)}"']
    match number % 10:
        case 0:
            return [
                'format = "dutch"',
                f'starting_price = "{middle * 3 // 2}"',
                f'floor = "{middle // 2}"',
                f'decrement = "{middle // DUTCH_PRICES}"',
                f'every = "{max(100, duration_ms // DUTCH_PRICES)}ms"',
                "units = 3",
            ]
        case 3 | 7:
            return [*english, f'reserve = "{middle * 9 // 10}"']
        case 4:
            return [*usual, 'format = "sealed"']
        case 5:
            return [*english, f'buy_now = "{middle * 3 // 2}"']
        case 8:
            return [*usual, 'format = "vickrey"']
        case _:
            return english
