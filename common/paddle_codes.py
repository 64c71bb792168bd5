"""The form of a paddle code: `CODE_CHARS` characters of an alphabet without look-alikes (no 0 and O, no 1, I and L)."""

from collections.abc import Callable
from typing import Final

CODE_ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
CODE_CHARS: Final = 8
CODE_FORM: Final = f"It has {CODE_CHARS} letters and digits, none of them 0, O, 1, I or L."
"""The form of a code, for people."""
_LEFT_OUT: Final = str.maketrans("", "", " -\u00a0\u2010\u2011\u2012\u2013\u2014")
"""Spaces and hyphens, also those that a phone writes in their place."""


def draw_code(choose: Callable[[str], str]) -> str:
    """Return a new code; `choose` returns a random character of a text, such as `secrets.choice`."""
    return "".join(choose(CODE_ALPHABET) for _ in range(CODE_CHARS))


def plain_code(typed: str) -> str:
    """Return a code as it was issued: a person may type small letters, spaces and hyphens."""
    return typed.upper().translate(_LEFT_OUT)


def is_valid_code(code: str) -> bool:
    """Return whether a text has the form of an issued code."""
    return len(code) == CODE_CHARS and all(character in CODE_ALPHABET for character in code)
