"""The parts that full screens of a terminal share: a table, questions, notices, and a way in and out.

They need the extra `tui` (textual). So only code that has asked `is_installed` imports the modules here, and the other
commands start without loading it.
"""

from importlib.util import find_spec
from typing import Final

HOW_TO_INSTALL: Final = "For the full screen: pip install 'auction-house[tui]'."


def is_installed() -> bool:
    """Return whether full screens can be shown on this machine."""
    try:
        return find_spec("textual") is not None
    except ValueError:  # a program that hides it
        return False
