"""A house that stands still decides nothing, and keeps everybody to a budget all the same."""

import pytest

from auctioneer.house.budgets import BURST_S, MALFORMED_COST
from auctioneer.house.commands import Announce
from auctioneer.house.frozen import FrozenHouse
from auctioneer.house.settings import HouseSettings
from common.codec import encode
from common.errors import RejectCode
from common.formats.english import BidRequest
from common.messages import Heartbeat, Ping, Rejected
from tests.auctioneer.house.house_examples import ANN, BOB, START_MS

REQUESTS_PER_S = 50
BURST = REQUESTS_PER_S * BURST_S
RETRY_MS = 500


@pytest.fixture
def frozen() -> FrozenHouse:
    return FrozenHouse(HouseSettings("first", 7001, term=3, requests_per_s=REQUESTS_PER_S), 2, 9, RETRY_MS)


def code_of(answer: Rejected | None) -> RejectCode | None:
    return None if answer is None else answer.code


def test_a_request_is_answered_with_its_id_and_when_to_come_back(frozen: FrozenHouse) -> None:
    unavailable = Rejected(id=7, code=RejectCode.UNAVAILABLE, retry_ms=RETRY_MS)
    assert frozen.handle(ANN, encode(BidRequest(id=7, lot="1", amount_minor=100)), 0) == unavailable


def test_who_asks_too_often_is_slowed_down_then_silenced_and_nobody_else_is(frozen: FrozenHouse) -> None:
    codes = [code_of(frozen.handle(ANN, encode(Ping(id=1)), 0)) for _ in range(2 * BURST + 1)]
    assert codes == [RejectCode.UNAVAILABLE] * BURST + [RejectCode.SLOW_DOWN] * (BURST - 1) + [None] * 2
    assert code_of(frozen.handle(BOB, encode(Ping(id=1)), 0)) is RejectCode.UNAVAILABLE
    assert code_of(frozen.handle(ANN, encode(Ping(id=1)), 1000 * (BURST_S + 1))) is RejectCode.UNAVAILABLE


def test_what_is_malformed_costs_more(frozen: FrozenHouse) -> None:
    codes = [code_of(frozen.handle(ANN, b"junk", 0)) for _ in range(BURST // (1 + MALFORMED_COST) + 2)]
    assert codes[-2:] == [RejectCode.UNAVAILABLE, RejectCode.SLOW_DOWN]


def test_a_command_is_answered_with_its_id_whatever_it_asks_and_has_no_budget(frozen: FrozenHouse) -> None:
    unavailable = Rejected(id=3, code=RejectCode.UNAVAILABLE, retry_ms=RETRY_MS)
    command = encode(Announce(id=3, text="We are back soon."))
    assert [frozen.answer_command(command) for _ in range(2 * BURST + 1)] == [unavailable] * (2 * BURST + 1)
    assert frozen.answer_command(b"junk").id == 0


def test_what_is_no_request_is_charged_too(frozen: FrozenHouse) -> None:
    assert [frozen.spend(ANN, 0) for _ in range(BURST + 1)] == [True] * BURST + [False]
    assert code_of(frozen.handle(ANN, encode(Ping(id=1)), 0)) is RejectCode.SLOW_DOWN


def test_nothing_of_it_moves(frozen: FrozenHouse) -> None:
    """A loop treats it as any house: nothing is due, nothing is decided, nobody is let in."""
    frozen.advance(START_MS)
    frozen.stood_still(START_MS, 5000)
    frozen.drop_silent(START_MS)
    batch = frozen.flush()
    frozen.stored(batch)
    assert not any(batch)
    assert frozen.next_deadline_ms() is None
    assert (frozen.has_batch, frozen.has_ended, frozen.grants, frozen.may_hear(ANN)) == (False,) * 4
    assert frozen.sale_seq == 9


def test_its_heartbeat_tells_what_was_last_true(frozen: FrozenHouse) -> None:
    beat = Heartbeat(epoch=2, instance="first", term=3, server_time_ms=START_MS, sale_seq=9, lots=(), frozen=True)
    assert frozen.heartbeat(START_MS) == beat
