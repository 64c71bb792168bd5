"""The notices on a full screen: what concerns the reader stays in sight until it was seen; the rest passes by."""

from collections import deque
from typing import Final, NamedTuple

from rich.cells import cell_len

UNSEEN_MAX: Final = 200
"""The most notices that wait to be seen. After that the oldest are only counted."""
PASSED_MAX: Final = 1000
"""The most lines that are kept to be read again."""


class KeptLine(NamedTuple):
    """A line and its tone: `plain`, `good`, `bad` or `note`."""

    text: str
    tone: str


class KeptNotices:
    """The lines of one screen."""

    def __init__(self) -> None:
        self._unseen: deque[KeptLine] = deque()
        self._uncounted = 0
        self._passed: deque[KeptLine] = deque(maxlen=PASSED_MAX)
        self._passing: KeptLine | None = None

    @property
    def unseen(self) -> int:
        """The number of notices that were not seen yet."""
        return len(self._unseen) + self._uncounted

    @property
    def all(self) -> list[KeptLine]:
        """All lines that are kept, the oldest first."""
        return list(self._passed)

    def add(self, text: str, tone: str, *, stays: bool) -> None:
        """Add a line. One that `stays` is shown until `see`; any other until the next one comes."""
        line = KeptLine(text, tone)
        self._passed.append(line)
        if not stays:
            self._passing = line
            return
        if len(self._unseen) >= UNSEEN_MAX:
            self._unseen.popleft()
            self._uncounted += 1
        self._unseen.append(line)

    def see(self) -> None:
        """Count all notices as seen."""
        self._unseen.clear()
        self._uncounted = 0
        self._passing = None

    def shown(self, width: int, height: int) -> list[KeptLine]:
        """Return what fits: the unseen notices, the newest first, then the line that passes by.

        A long line is wrapped and takes several. The newest notice is always there, and others that don't fit are
        counted.
        """
        lines: list[KeptLine] = []
        left = height
        for line in reversed(self._unseen):
            is_last = len(lines) + 1 == self.unseen
            if lines and _height(line, width) + (not is_last) > left:
                break
            lines.append(line)
            left -= _height(line, width)
        if hidden := self.unseen - len(lines):
            lines.append(KeptLine(f"... and {hidden:,} more that you have not seen", "note"))
            left -= 1
        if self._passing is not None and _height(self._passing, width) <= left:
            lines.append(self._passing)
        return lines


def _height(line: KeptLine, width: int) -> int:
    """Return about how many lines a text takes if it is wrapped at this width."""
    return max(1, -(-cell_len(line.text) // max(1, width)))
