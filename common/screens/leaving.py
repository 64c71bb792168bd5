"""How a person left a full screen."""

from enum import Enum


class Leaving(Enum):
    """How a person left a screen."""

    QUIT = "quit"
    STOPPED = "stopped"
    """By Ctrl-C, or by a signal."""
