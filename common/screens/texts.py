"""Texts on a full screen. Titles, names and announcements come from strangers, so nothing in them is markup.

textual reads `[...]` in a plain `str` as markup, which can colour, link, and even call actions. So every text goes to a
widget as `Content`, which has no markup, and without the characters that could steer a terminal.
"""

from collections.abc import Iterable
from typing import Final

from textual.content import Content

from common.names import printable

STYLES: Final = {"plain": "", "good": "bold $text-success", "bad": "bold $text-error", "note": "$text-accent"}
"""The style of each tone of a line. The words say everything that a colour says."""


def shown(text: str, style: str = "") -> Content:
    """Return a text of one line as it may stand on a screen."""
    return Content.styled(printable(text), style)


def shown_lines(lines: Iterable[tuple[str, str]]) -> Content:
    """Return texts with their tones, each a line."""
    return Content("\n").join([shown(text, STYLES[tone]) for text, tone in lines])
