"""Every format has its place in each of the bots' tables."""

from typing import get_args

from common.formats import AnyBoard, AnyTerms
from common.formats.dutch import DutchBoard, DutchTerms
from common.formats.english import EnglishBoard, EnglishTerms, Step
from common.formats.sealed import Pays, SealedBoard, SealedTerms
from rehearsal.bots.formats.lot import Bidding
from rehearsal.bots.formats.table import PLAYERS, TELLERS, bidding_of, start_of

TERMS = EnglishTerms(1_000, (Step(0, 100),), buy_now_minor=9_000)


def test_every_format_has_a_teller() -> None:
    assert set(TELLERS) == set(get_args(AnyTerms))


def test_every_format_has_a_player() -> None:
    assert set(PLAYERS) == set(get_args(AnyTerms))


def test_every_format_says_what_a_bot_goes_by() -> None:
    dutch = DutchTerms(3_000, 1_000, 150, 500)
    started = {
        EnglishTerms: (start_of(TERMS), (1_000, 12_000, 100, 9_000)),
        SealedTerms: (start_of(SealedTerms(2_000, Pays.OWN_OFFER)), (2_000, 24_000, 100, None)),
        DutchTerms: (start_of(dutch), (1_000, 2_000, 150, None)),
    }
    assert set(started) == set(get_args(AnyTerms))
    for found, expected in started.values():
        assert (found.least_minor, found.usual_minor, found.step_at(5_000), found.buy_now_minor) == expected


def test_a_value_below_a_small_least_offer_is_still_named_in_whole_units() -> None:
    assert start_of(SealedTerms(1, Pays.OWN_OFFER)).step_at(1) == 1


def test_every_format_says_how_the_bidding_stands() -> None:
    shown = {
        EnglishBoard: (bidding_of(EnglishBoard(1_100, 1_000, 1, 3, reserve_met=False)), Bidding(1_000, 3, False)),
        SealedBoard: (bidding_of(SealedBoard(1_000, 2)), Bidding(bids=2)),
        DutchBoard: (bidding_of(DutchBoard(2_500, 3)), Bidding(2_500)),
    }
    assert set(shown) == set(get_args(AnyBoard))
    assert all(found == expected for found, expected in shown.values())
