import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.limits import NAME_CHARS_MAX
from common.names import folded, is_valid_name, is_valid_text, skeletons

DEFAULT_IGNORABLES = (
    (0xAD, 0xAD),
    (0x34F, 0x34F),
    (0x61C, 0x61C),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x200B, 0x200F),
    (0x202A, 0x202E),
    (0x2060, 0x206F),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFF8),
    (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A),
    (0xE0000, 0xE0FFF),
)
"""Default_Ignorable_Code_Point, from Unicode's DerivedCoreProperties.txt."""


def alike(one: str, other: str) -> bool:
    return not set(skeletons(one)).isdisjoint(skeletons(other))


@pytest.mark.parametrize(
    "name",
    [
        "Ann",
        "a",
        "x" * NAME_CHARS_MAX,
        "José María",
        "李小龍",
        "Ann-Marie (2)",
        "№ 7",
        "7",
        "Nguyễn Thị Ánh",
        "मीना कुमारी",
        "சரஸ்வதி",
        "สมชาย",
        "רָחֵל",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",  # Persian, with a ZWNJ
        "\u0936\u094d\u200d\u0930\u0940",  # Hindi, with a ZWJ
        "\u30ce\u30ce",
        "\u13e3\u13b3\u13a9",
    ],
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
        "\u3164",  # a Hangul filler: a letter that is not drawn
        "Ada2\u3164",
        "\u115fAda",
        "A\uffa0da",
        "Ada\ufe0f",  # a variation selector
        "Ada\U000e0101",
        "\u2800",  # a braille pattern without dots
        "Ada\u2800",
        "Ada\U0001d159",
        "An\u200cn",  # ZWNJ between letters that never join
        "\u0645\u200c",  # ZWNJ after the last letter
        "\u200c\u0645",
        "\u0645\u200c\u200c\u0645",
        "\u0645\u200c\u060c",  # ZWNJ before a comma
        "\u0301Ann",  # an accent that stands on nothing
        "Ann \u0301",
        "\u20dd",
        "A\u0330\u0331\u0332\u0333\u0334nn",  # more accents than a letter can have
        "\ufe70",  # a vowel sign of Arabic on nothing
    ],
)
def test_names_that_would_mislead(name: str) -> None:
    assert not is_valid_name(name)


@pytest.mark.parametrize("place", ["{}", "Ada{}", "{}Ada", "A{}da", "\u0645{}", "{}\u0645"])
def test_nothing_that_is_never_drawn_is_part_of_a_name(place: str) -> None:
    taken = [
        f"U+{code:04X}"
        for first, last in DEFAULT_IGNORABLES
        for code in range(first, last + 1)
        if is_valid_name(place.format(chr(code)))
    ]
    assert taken == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "two\nlines",
        "“quoted” — 50 %",
        "日本語",
        "\u2764\ufe0f a red heart",
        "\u845b\U000e0100",
        "\u0645\u06cc\u200c\u062e\u0648",
        "\u0d15\u0d4d\u200d\u0d15",
    ],
)
def test_texts(text: str) -> None:
    assert is_valid_text(text)


@pytest.mark.parametrize(
    "text",
    ["\r\n", "\u2066a", "\x07", "\ufeff", "\ud800", "\u3164", "a\u115f", "\u2800", "\ufe0f", " \ufe0f", "a\u200cb"],
)
def test_texts_that_would_mislead(text: str) -> None:
    assert not is_valid_text(text)


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
        "\u13aann",  # a Cherokee go
        "\u237ann",  # an alpha of APL
        "A\u03b7n",  # a Greek eta
        "Ann\u3164",  # should it ever come from a catalogue
    ],
)
def test_names_that_look_like_ann(other: str) -> None:
    assert alike(other, "Ann")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Bo1", "Bol"),
        ("B0b", "Bob"),
        ("Bi|l", "Bill"),
        ("Straße", "Strasse"),
        ("Ian", "lan"),
        ("IAN", "ian"),
        ("Bernie", "Bemie"),
        ("MAX", "max"),
        ("Łódź", "Lodz"),
        ("\u0639\u0644\u064a", "\u0639\u0644\u06cc"),  # Ali, with the yeh of Arabic and that of Persian
        ("\u0645\u06cc\u200c\u062e\u0648", "\u0645\u06cc\u062e\u0648"),  # with a ZWNJ and without
    ],
)
def test_names_that_look_alike(one: str, other: str) -> None:
    assert alike(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ann", "Anna"),
        ("Ann", "Anm"),
        ("Ann 2", "Ann 3"),
        ("李", "王"),
        ("Elia", "Ella"),
        ("मीना", "मानी"),
        ("\u30ce", "\u30bd"),
    ],
)
def test_names_that_differ(one: str, other: str) -> None:
    assert not alike(one, other)


@pytest.mark.parametrize("other", ["\U0001d400nn", "\u1d2cnn"])
def test_mathematical_and_raised_letters_look_like_plain_ones(other: str) -> None:
    assert is_valid_name(other)
    assert alike(other, "Ann")


@pytest.mark.parametrize("step", [13, pytest.param(1, marks=pytest.mark.torture)])
def test_every_name_of_one_letter_has_a_skeleton_and_a_key_of_its_own(step: int) -> None:
    bare = [
        chr(code)
        for code in range(0, sys.maxunicode + 1, step)
        if is_valid_name(chr(code)) and not (skeletons(chr(code)) and folded(chr(code)))
    ]
    assert bare == []


def test_the_table_of_look_alikes_is_whole() -> None:
    """Samples from its beginning, its middle and its end, so that a table that was cut short is noticed."""
    samples = ((0x7C, 0x6C), (0x4E9, 0x6F), (0x13DA, 0x53), (0x1D7CB, 0x3DD), (0x1FBF9, 0x39), (0x2D161, 0x5351))
    for one, other in samples:
        assert alike(f"x{chr(one)}", f"x{chr(other)}"), (hex(one), hex(other))


@given(st.text(max_size=NAME_CHARS_MAX + 5))
def test_any_text_is_judged(name: str) -> None:
    if is_valid_name(name):
        assert 0 < len(name) <= NAME_CHARS_MAX
        assert not any(unicodedata.category(char).startswith("C") for char in name)
