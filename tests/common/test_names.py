import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.limits import LOT_CHARS_MAX, NAME_CHARS_MAX
from common.names import is_valid_lot, is_valid_name, is_valid_text, skeleton


@pytest.mark.parametrize(
    "name", ["Ann", "a", "x" * NAME_CHARS_MAX, "José María", "李小龍", "Ann-Marie (2)", "№ 7", "7"]
)
def test_names_that_people_have(name: str) -> None:
    assert is_valid_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "x" * (NAME_CHARS_MAX + 1),
        " Ann",
        "Ann ",
        "An\nn",
        "An\tn",
        "An\x00n",
        "An\x1b[31mn",
        "\u202eAnn",  # right-to-left override
        "An\u200bn",  # a space of no width
        "An\u2028n",  # line separator
        "An\ud800n",  # half a surrogate pair
        "An\ue000n",  # private use
        "An\U0003fff0n",  # not assigned
        "Jose\u0301",  # not normalised
        "=SUM(A1)",
        "+1",
        "-1",
        "@Ann",
        "...",
        "—",
        "\u00ad",
    ],
)
def test_names_that_would_mislead(name: str) -> None:
    assert not is_valid_name(name)


@pytest.mark.parametrize("text", ["", "two\nlines", "“quoted” — 50 %", "日本語"])
def test_texts(text: str) -> None:
    assert is_valid_text(text)


@pytest.mark.parametrize("text", ["\r\n", "\u2066a", "\x07", "\ufeff", "\ud800"])
def test_texts_that_would_mislead(text: str) -> None:
    assert not is_valid_text(text)


@pytest.mark.parametrize("lot", ["1", "12a", "A-1_b.2", "x" * LOT_CHARS_MAX])
def test_lot_numbers(lot: str) -> None:
    assert is_valid_lot(lot)


@pytest.mark.parametrize("lot", ["", "x" * (LOT_CHARS_MAX + 1), "1 2", "1/2", "é", "٣", "1\x00", "~", "1\n"])
def test_what_is_not_a_lot_number(lot: str) -> None:
    assert not is_valid_lot(lot)


@pytest.mark.parametrize(
    "other",
    [
        "ann",
        "ANN",
        "A N N",
        "Ánn",
        "A.n.n",
        "\u24b6nn",  # a letter in a circle
        "\u0410nn",  # a Cyrillic A
        "\u0391nn",  # a Greek alpha
        "\uff21\uff4e\uff4e",  # letters of full width
    ],
)
def test_names_that_look_like_ann(other: str) -> None:
    assert skeleton(other) == skeleton("Ann")


@pytest.mark.parametrize(("one", "other"), [("Bo1", "Bol"), ("B0b", "Bob"), ("Bi|l", "Bill"), ("Straße", "Strasse")])
def test_names_that_look_alike(one: str, other: str) -> None:
    assert skeleton(one) == skeleton(other)


@pytest.mark.parametrize(("one", "other"), [("Ann", "Anna"), ("Ann", "Anm"), ("Ann 2", "Ann 3"), ("李", "王")])
def test_names_that_differ(one: str, other: str) -> None:
    assert skeleton(one) != skeleton(other)


@pytest.mark.parametrize("other", ["\U0001d400nn", "\u1d2cnn"])
def test_mathematical_and_raised_letters_look_like_plain_ones(other: str) -> None:
    assert is_valid_name(other)
    assert skeleton(other) == skeleton("Ann")


def test_every_name_of_one_letter_has_a_skeleton_so_that_no_two_bidders_share_an_empty_one() -> None:
    bare = [chr(code) for code in range(sys.maxunicode + 1) if is_valid_name(chr(code)) and not skeleton(chr(code))]
    assert bare == []


@given(st.text(max_size=NAME_CHARS_MAX + 5))
def test_any_text_is_judged(name: str) -> None:
    if is_valid_name(name):
        assert 0 < len(name) <= NAME_CHARS_MAX
        assert not any(unicodedata.category(char).startswith("C") for char in name)
