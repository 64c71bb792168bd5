import pytest

from common.errors import (
    ADVICE,
    AuctionError,
    CommandRefusedError,
    ProtocolError,
    RejectCode,
    RejectedError,
    StorageError,
    UnreachableError,
    UsageError,
    WrongKeyError,
)
from common.messages import Rejected
from common.money import AmountError


def test_the_sentence_on_the_largest_amount_is_right_for_a_tie_at_it_too() -> None:
    assert "would bring the price so near to it that nobody could bid more" in ADVICE[RejectCode.OVER_LIMIT]


@pytest.mark.parametrize("code", RejectCode)
def test_every_code_has_a_sentence_of_its_own(code: RejectCode) -> None:
    assert ADVICE[code].endswith((".", "!"))
    assert ADVICE[code][0].isupper()
    assert list(ADVICE.values()).count(ADVICE[code]) == 1
    assert code.value == code.name.lower()


@pytest.mark.parametrize(
    ("error", "exit_status", "code"),
    [
        (UsageError("x"), 2, "usage"),
        (AmountError("x"), 2, "usage"),
        (RejectedError(RejectCode.OWN_LOT), 3, "own_lot"),
        (UnreachableError("x"), 4, "unreachable"),
        (WrongKeyError("x"), 4, "wrong_key"),
        (ProtocolError("x"), 5, "protocol"),
        (StorageError("x"), 6, "storage"),
    ],
)
def test_whose_fault_it_is(error: AuctionError, exit_status: int, code: str) -> None:
    assert isinstance(error, AuctionError)
    assert (error.exit_status, error.code) == (exit_status, code)


def test_a_rejection_reads_as_a_sentence() -> None:
    assert str(RejectedError(RejectCode.LOT_WITHDRAWN)) == "The lot was withdrawn from the sale."
    error = RejectedError(RejectCode.WRONG_STATE, "lot 3 is sold")
    assert str(error) == "The lot or the sale is not in a state that allows this. (lot 3 is sold)"
    assert (error.reject, error.detail) == (RejectCode.WRONG_STATE, "lot 3 is sold")
    assert Rejected(id=1, code=error.reject, detail=error.detail).message == str(error)


def test_who_is_unreachable_may_have_another_key() -> None:
    assert issubclass(WrongKeyError, UnreachableError)


def test_whoever_gives_commands_is_not_spoken_to_as_a_bidder() -> None:
    for code in (RejectCode.ALREADY_LEADING, RejectCode.LINKED_BIDDER, RejectCode.STATE_CHANGED, RejectCode.OWN_LOT):
        told = str(CommandRefusedError(code, "lot 3"))
        assert told.endswith(" (lot 3)")
        assert not {"You", "your"} & set(told.split()), told
    assert str(CommandRefusedError(RejectCode.UNKNOWN_LOT)) == str(RejectedError(RejectCode.UNKNOWN_LOT))
