"""Names of people, and texts: which are allowed, and when two names are too alike to tell apart.

Others see a name on their screens. So it may not steer a screen (control and bidirectional characters), hide
(characters that can't be seen), start a formula in a spreadsheet, or pass for the name of somebody else: two names that
share a skeleton count as the same.

Skeletons follow UTS 39, with the Unicode consortium's table of look-alikes (`confusables.txt` beside this file).
Another version of Unicode can give other skeletons. So the skeletons of a name are computed once and then recorded.
"""

import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import groupby
from pathlib import Path
from typing import Final

from common.limits import NAME_CHARS_MAX

_FORBIDDEN_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"
_FORMULA_STARTS: Final = ("=", "+", "-", "@")

_VARIATION_SELECTORS: Final = frozenset(
    chr(code)
    for first, last in ((0x180B, 0x180D), (0x180F, 0x180F), (0xFE00, 0xFE0F), (0xE0100, 0xE01EF))
    for code in range(first, last + 1)
)
"""Characters that choose the form of the one before them, as in an emoji; they are invisible themselves."""
_UNSEEN: Final = _VARIATION_SELECTORS | frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0"  # Default_Ignorable_Code_Point that is in no forbidden category
    "\u2800\ufffc\U00013441\U00013442\U00016fe4\U0001d159"  # drawn as nothing: a braille blank, fillers and the like
)
_JOINERS: Final = frozenset("\u200c\u200d")
"""ZWNJ and ZWJ; within words of some scripts they are part of the spelling."""
_JOINING_SCRIPTS: Final = (
    *("ARABIC", "SYRIAC", "MANDAIC", "MONGOLIAN", "NKO"),
    *("DEVANAGARI", "BENGALI", "GURMUKHI", "GUJARATI", "ORIYA", "TAMIL", "TELUGU", "KANNADA", "MALAYALAM", "SINHALA"),
    *("KHMER", "MYANMAR", "BALINESE", "JAVANESE", "SUNDANESE", "TIBETAN"),
)
"""The first word in the Unicode name of each character of the script; Unicode never changes a name."""
_SKELETONS_KEPT: Final = 1024
"""How many names' skeletons are cached; a seller often has many lots."""
_MARKS_RUN_MAX: Final = 4
"""The most marks on one letter (UTS 39, 5.4); more would reach into the lines above and below."""
_ACCENT_CLASS_MIN: Final = 200
_OVERLAY_CLASS: Final = 1
"""Unicode's combining classes of accents (200 and up) and of strokes (1). Other classes belong to a spelling."""


def is_valid_text(text: str) -> bool:
    """Return whether `text` looks like what it is: no control, direction, unassigned or invisible characters.

    Allowed are line breaks, ZWNJ and ZWJ within words of scripts that need them, and a variation selector after a
    visible character.
    """
    return next(misleading_places(text), None) is None


def printable(text: str, *, keep_lines: bool = False) -> str:
    """Return `text` with each character replaced that could steer a terminal or mislead a reader.

    Line breaks become spaces unless `keep_lines` is set.
    """
    chars = list(text if keep_lines else text.replace("\n", " "))
    for place in misleading_places(text):
        chars[place] = _REPLACEMENT
    return "".join(chars)


def misleading_places(text: str) -> Iterator[int]:
    """Yield the places in `text` of the characters that `is_valid_text` does not allow."""
    if text.isascii() and text.isprintable():
        return
    for place, char in enumerate(text):
        if char.isascii():
            misleads = not char.isprintable() and char != "\n"
        elif char in _JOINERS:
            misleads = not _is_within_word(text, place)
        elif char in _VARIATION_SELECTORS:
            misleads = place == 0 or not _is_seen(text[place - 1])
        else:
            misleads = char in _UNSEEN or unicodedata.category(char) in _FORBIDDEN_CATEGORIES
        if misleads:
            yield place


def _is_within_word(text: str, place: int) -> bool:
    """Return whether a joiner stands between two characters of scripts that join."""
    return 0 < place < len(text) - 1 and all(
        unicodedata.name(neighbour, "").partition(" ")[0] in _JOINING_SCRIPTS and _is_letter_or_mark(neighbour)
        for neighbour in (text[place - 1], text[place + 1])
    )


def _is_letter_or_mark(char: str) -> bool:
    return unicodedata.category(char)[0] in "LM"


def _is_seen(char: str) -> bool:
    category = unicodedata.category(char)
    return char not in _UNSEEN and category not in _FORBIDDEN_CATEGORIES and category[0] != "Z"


def is_valid_name(name: str) -> bool:
    """Return whether `name` can be a bidder's: 1 to 40 characters, normalised (NFC), all visible, no formula.

    It needs a letter or a digit, and no mark may stand alone.
    """
    return (
        0 < len(name) <= NAME_CHARS_MAX
        and name == name.strip()
        and "\n" not in name
        and is_valid_text(name)
        and _VARIATION_SELECTORS.isdisjoint(name)
        and unicodedata.is_normalized("NFC", name)
        and not name.startswith(_FORMULA_STARTS)
        and any(char.isalnum() for char in folded(name))
        and _has_marks_in_place(name)
    )


def _has_marks_in_place(name: str) -> bool:
    """Return whether each mark follows a character, and no character has more marks than a spelling needs."""
    words = name.split()
    return not any(_is_mark(word[0]) for word in words) and all(
        not are_marks or len(list(run)) <= _MARKS_RUN_MAX for are_marks, run in groupby(name, _is_mark)
    )


def _is_mark(char: str) -> bool:
    return unicodedata.category(char)[0] == "M"


def folded(name: str) -> str:
    """Return a name without case, spaces, punctuation and accents.

    Unicode promises that later versions give the same result for each name that is valid in this one.
    """
    return "".join(char for char in _in_small_letters(name) if _is_spelt(char))


@lru_cache(maxsize=_SKELETONS_KEPT)
def skeletons(name: str) -> tuple[str, ...]:
    """Return the skeletons of a name: without case, spaces, accents and differences that the eye may miss.

    One is made from the name in small letters and one from the name as written: `Ian` looks like `lan` only as
    written. Two names that share a skeleton are too alike.
    """
    found = dict.fromkeys((_skeleton(_in_small_letters(name)), _skeleton(name)))
    return tuple(skeleton for skeleton in found if skeleton)


def _skeleton(text: str) -> str:
    table = _confusables()
    kept = []
    for char in unicodedata.normalize("NFD", text):
        for part in char if char in table else _decomposed(char):
            prototype = table.get(part, part)
            if _is_spelt(part) or prototype.isalnum():
                kept.append(prototype)
    return "".join(char for char in _in_small_letters("".join(kept)) if not _is_accent(char))


def _in_small_letters(text: str) -> str:
    return _decomposed(_decomposed(text).casefold())


def _decomposed(text: str) -> str:
    """Return the plain characters of which a text is composed, without invisible ones."""
    return "".join(char for char in unicodedata.normalize("NFKD", text) if char not in _UNSEEN)


def _is_spelt(char: str) -> bool:
    """Return whether a character of a decomposed name is part of its spelling."""
    return char.isalnum() or (_is_mark(char) and not _is_accent(char))


def _is_accent(char: str) -> bool:
    combining_class = unicodedata.combining(char)
    return combining_class == _OVERLAY_CLASS or combining_class >= _ACCENT_CLASS_MIN


@cache
def _confusables() -> dict[str, str]:
    """Return the table of look-alikes: from a character to the characters that it looks like."""
    table = {}
    for line in Path(__file__).with_name("confusables.txt").read_text("utf-8").splitlines():
        fields = line.partition("#")[0].split(";")
        if len(fields) > 1:
            table[chr(int(fields[0], 16))] = "".join(chr(int(code, 16)) for code in fields[1].split())
    return table
