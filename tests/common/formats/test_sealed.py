"""Sealed terms and boards: nobody leads, and their size in a message."""

import pytest

from common.codec import encode
from common.formats.sealed import Pays, SealedBoard, SealedTerms
from common.limits import AMOUNT_MINOR_MAX, INTEGER_MAX


@pytest.mark.parametrize("pays", Pays)
def test_terms_are_no_larger_than_they_say(pays: Pays) -> None:
    widest = SealedTerms(AMOUNT_MINOR_MAX, pays, has_reserve=True)
    assert len(encode(widest)) <= widest.bytes_max <= len(encode(widest)) + 32
    assert widest.shared() is widest


def test_a_board_is_no_larger_than_it_says_and_names_no_leader() -> None:
    widest = SealedBoard(AMOUNT_MINOR_MAX, INTEGER_MAX)
    assert len(encode(widest)) <= SealedBoard.BYTES_MAX <= len(encode(widest)) + 32
    assert widest.leader is None
