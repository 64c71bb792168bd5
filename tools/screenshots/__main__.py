"""Makes all pictures again, or those of the parts that are named: `python -m tools.screenshots web`."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tools.screenshots.terminal import terminal_pictures
from tools.screenshots.web import web_pictures

PICTURES: Final = Path(__file__).parents[2] / "docs" / "pictures"
_PARTS: Final[dict[str, Callable[[Path], None]]] = {"terminal": terminal_pictures, "web": web_pictures}


def main(names: list[str]) -> None:
    """Make the pictures of these parts; all without names."""
    PICTURES.mkdir(exist_ok=True)
    for name in names or _PARTS:
        _PARTS[name](PICTURES)


if __name__ == "__main__":
    main(sys.argv[1:])
