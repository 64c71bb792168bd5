import random

import pytest

from common.paddle_codes import CODE_ALPHABET, CODE_CHARS, draw_code, is_valid_code, plain_code


def test_a_drawn_code_has_the_form_of_a_code() -> None:
    draw = random.Random(1).choice
    codes = {draw_code(draw) for _ in range(1000)}
    assert len(codes) == 1000
    assert all(is_valid_code(code) for code in codes)
    assert set("".join(codes)) == set(CODE_ALPHABET), "every character is drawn"


def test_no_two_characters_look_alike() -> None:
    assert not set(CODE_ALPHABET) & set("01ILO")
    assert (len(CODE_ALPHABET), len(set(CODE_ALPHABET)), CODE_CHARS) == (31, 31, 8)


@pytest.mark.parametrize("typed", ["K7QM2XFA", "k7qm2xfa", "K7QM-2XFA", " k7qm 2xfa "])
def test_a_code_may_be_typed_in_several_ways(typed: str) -> None:
    assert plain_code(typed) == "K7QM2XFA"


@pytest.mark.parametrize("text", ["", "K7QM2XF", "K7QM2XFAA", "K7QM2XF0", "K7QM2XFI", "k7qm2xfa", "K7QM2XFÄ"])
def test_other_texts_are_no_codes(text: str) -> None:
    assert not is_valid_code(text)
