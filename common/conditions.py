"""The conditions of a sale: a text that each bidder accepts before it gets a paddle, named by its digest."""

from hashlib import sha256
from typing import Final

from common.limits import CONDITIONS_CHARS_MAX
from common.names import is_valid_text

DIGEST_CHARS: Final = 64


def digest_of(text: str) -> str:
    """Return the SHA-256 of conditions in UTF-8, in small hexadecimal digits; empty for no conditions."""
    return sha256(text.encode()).hexdigest() if text else ""


def conditions_fault(text: str) -> str:
    """Return why a text can't be the conditions of a sale, as a sentence; empty if it can. No text means none."""
    if len(text) > CONDITIONS_CHARS_MAX:
        return f"It has {len(text):,} characters; at most {CONDITIONS_CHARS_MAX:,} fit."
    if text and not text.strip():
        return "It is empty."
    if not is_valid_text(text):
        return "It has characters that steer a terminal or can't be seen, such as a tab; remove them."
    return ""
