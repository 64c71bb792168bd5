"""Names of people and lots: which are allowed, and when two are too alike to tell apart.

A name is shown to others, so it may not steer their screens (control and bidirectional characters), hide (nothing
visible), start a formula in a spreadsheet, or pass for another's: two names with the same `skeleton` are the same.
"""

import unicodedata

from common.limits import LOT_CHARS_MAX, NAME_CHARS_MAX

_FORBIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_FORMULA_STARTS = ("=", "+", "-", "@")
_LOOK_ALIKES = str.maketrans(
    "аеорсухіјѕԁԛԝ" + "νοαρτικμ" + "01|",  # noqa: RUF001 -- Cyrillic and Greek letters that look Latin are the point
    "aeopcyxijsdqw" + "voaptiku" + "oll",
)
_LOT_PUNCTUATION = frozenset("-_.")


def is_valid_text(text: str) -> bool:
    """Return whether `text` is free of control, direction and unassigned characters; line breaks are allowed."""
    return not any(unicodedata.category(char) in _FORBIDDEN_CATEGORIES for char in text if char != "\n")


def is_valid_name(name: str) -> bool:
    """Return whether `name` can be a bidder's: 1 to 40 characters, normalised (NFC), visible, not a formula."""
    return (
        0 < len(name) <= NAME_CHARS_MAX
        and name == name.strip()
        and "\n" not in name
        and is_valid_text(name)
        and unicodedata.is_normalized("NFC", name)
        and not name.startswith(_FORMULA_STARTS)
        and skeleton(name) != ""
    )


def is_valid_lot(lot: str) -> bool:
    """Return whether `lot` can be a lot number: 1 to 16 letters, digits, `-`, `_` or `.`, all ASCII."""
    return 0 < len(lot) <= LOT_CHARS_MAX and all(
        char.isascii() and (char.isalnum() or char in _LOT_PUNCTUATION) for char in lot
    )


def skeleton(name: str) -> str:
    """Return what is left of a name when case, spaces, accents and common look-alike letters are taken away."""
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", name.casefold()).casefold())
    bare = "".join(char for char in folded if char.isalnum() or char == "|")
    return bare.translate(_LOOK_ALIKES)
