"""The light on the board: a finger somewhere, on lots with open bids, and nothing else."""

from msgspec.structs import replace

from bidder.web.interest import Interest
from bidder.web.limits import FINGER_MS_MAX
from common.formats.sealed import SealedBoard
from common.lot import LotStatus
from tests.bidder.web.lots import lot

LOTS = {
    "1": lot("1"),
    "2": lot("2"),
    "3": lot("3", LotStatus.SOLD),
    "4": replace(lot("4"), board=SealedBoard(100)),
}


def test_a_finger_is_told_once_whoever_and_however_many_it_is() -> None:
    interest = Interest()
    assert interest.news(LOTS, 0) is None
    interest.touch("ada", "1", 0, is_on=True)
    interest.touch("bea", "1", 0, is_on=True)
    assert interest.news(LOTS, 0) == ("1",)
    assert interest.news(LOTS, 0) is None
    interest.touch("ada", "1", 0, is_on=False)
    assert interest.news(LOTS, 0) is None, "another finger is still there"
    interest.forget("bea")
    assert interest.news(LOTS, 0) == ()


def test_a_finger_moves_and_one_that_is_never_lifted_does_not_count_forever() -> None:
    interest = Interest()
    interest.touch("ada", "1", 0, is_on=True)
    interest.touch("ada", "2", 0, is_on=True)
    assert interest.news(LOTS, FINGER_MS_MAX) == ("2",)
    assert interest.news(LOTS, FINGER_MS_MAX + 1) == ()


def test_nothing_is_told_of_lots_that_are_over_secret_or_unknown() -> None:
    interest = Interest()
    for number in ("3", "4", "none"):
        interest.touch(number, number, 0, is_on=True)
    assert interest.news(LOTS, 0) is None
