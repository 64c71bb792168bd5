"""The formats of a catalogue together: a default may be for lots of several."""

import pytest

from auctioneer.catalogue.formats.table import BIDDING_KEYS, DEFAULT_FORMAT, FORMATS, format_of
from common.money import Currency

USD = Currency("USD", 2)


def test_a_key_of_two_formats_is_read_in_one_way() -> None:
    assert all(form.keys[key] is BIDDING_KEYS[key] for form in FORMATS.values() for key in form.keys)


@pytest.mark.parametrize("word", FORMATS)
def test_a_lot_keeps_its_format(word: str) -> None:
    form = FORMATS[word]
    assert format_of(form.bidding({}, USD).terms) is form
    assert form.required.keys() <= form.keys.keys()


def test_a_lot_is_english_unless_the_catalogue_says_otherwise() -> None:
    assert DEFAULT_FORMAT == "english"
