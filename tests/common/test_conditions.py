"""What can be the conditions of a sale, and the digest that names them."""

import pytest

from common.conditions import DIGEST_CHARS, conditions_fault, digest_of
from common.limits import CONDITIONS_CHARS_MAX


def test_the_digest_is_what_sha256sum_prints() -> None:
    assert digest_of("Pay within a week.\n") == "ab80e4772954f602466df4dd4aa883584e222f60d8693d8e7cd0accf1572b411"
    assert (len(digest_of("ö")), digest_of("")) == (DIGEST_CHARS, "")


def test_what_fits_can_be_conditions() -> None:
    for text in ("", "One line.", "1. Pay.\n2. Collect.", "ö" * CONDITIONS_CHARS_MAX):
        assert conditions_fault(text) == ""


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("x" * (CONDITIONS_CHARS_MAX + 1), "at most 32,000 fit"),
        (" \n ", "It is empty"),
        ("left\u202eright", "can't be seen"),
        ("a\tb", "such as a tab"),
        ("a\x1b[2Jb", "steer a terminal"),
    ],
)
def test_what_can_not_be_conditions(text: str, fault: str) -> None:
    assert fault in conditions_fault(text)
