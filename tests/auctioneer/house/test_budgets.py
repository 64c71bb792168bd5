"""The budget of each: what a request costs, when it is slowed down, when silence is the answer."""

import pytest

from auctioneer.house import budgets
from auctioneer.house.admission import Admission
from auctioneer.house.budgets import BURST_S, FLOOD_REQUESTS_MIN, MALFORMED_COST, REPLAY_COST, SNAPSHOT_COST
from auctioneer.rules.sale_settings import AdmissionMode
from common.codec import encode
from common.errors import RejectCode
from common.formats.english import BidRequest, BuyRequest
from common.limits import PROTOCOL_VERSION
from common.messages import (
    Accepted,
    AnyRequest,
    Hello,
    LotRequest,
    Mine,
    MineRequest,
    Ping,
    Pong,
    Rejected,
    ReplayRequest,
    Role,
    SnapshotRequest,
    Welcome,
)
from tests.auctioneer.house.house_examples import ANN, BOB, CAT, SmallSale, code_of, lot

APPROVE = Admission(AdmissionMode.APPROVE)
BID = BidRequest(id=10, lot="1", amount_minor=1500)
ALL_BUT_HELLO: list[AnyRequest] = [
    Ping(id=10),
    SnapshotRequest(id=10),
    LotRequest(id=10, lot="1"),
    ReplayRequest(id=10, lot="1", after_seq=0),
    BID,
    BuyRequest(id=10, lot="1", price_minor=1500),
    MineRequest(id=10),
]


def spend_all(sale: SmallSale, key: str) -> int:
    """Ping until the house says slow down; return how often it answered."""
    answered = 0
    while isinstance(sale.ask(key, Ping(id=5)), Pong):
        answered += 1
    return answered


def test_over_the_budget_one_is_slowed_down_then_not_answered_and_time_mends_it() -> None:
    sale = SmallSale(requests_per_s=10)
    sale.join(ANN, "Ann")
    assert spend_all(sale, ANN) == 10 * BURST_S
    answer = sale.ask(ANN, BID)
    assert code_of(answer) is RejectCode.SLOW_DOWN
    assert isinstance(answer, Rejected)
    assert answer.retry_ms == 200, "after the ping that was refused before it"
    assert not sale.rejections, "slow_down is no verdict"

    silent = 0
    for _ in range(FLOOD_REQUESTS_MIN):
        silent += sale.send(ANN, encode(BID)) is None
    assert silent > 0
    assert sale.send(ANN, encode(BID)) is None
    sale.now_ms += 1000 * FLOOD_REQUESTS_MIN // 10 + 100
    assert isinstance(sale.ask(ANN, BID), Accepted), "the same id is decided once there is budget"


def test_an_observer_who_says_hello_again_has_no_new_budget() -> None:
    sale = SmallSale(requests_per_s=10)
    sale.join(ANN, "", Role.OBSERVER)
    for _ in range(5):
        assert isinstance(sale.ask(ANN, Ping(id=5)), Pong)
    sale.join(ANN, "", Role.OBSERVER)
    assert spend_all(sale, ANN) == 10 * BURST_S - 1 - 5 - 1, "each hello and each ping took one"


def test_an_observer_has_no_affairs() -> None:
    sale = SmallSale(lot("1"))
    sale.join(ANN, "", Role.OBSERVER)
    assert sale.ask(ANN, MineRequest(id=2)) == Mine(id=2, paddle=0)


def test_the_time_that_slow_down_tells_is_enough() -> None:
    sale = SmallSale(requests_per_s=10)
    sale.join(ANN, "Ann")
    spend_all(sale, ANN)
    answer = sale.ask(ANN, Ping(id=5))
    assert isinstance(answer, Rejected)
    assert answer.retry_ms is not None
    sale.now_ms += answer.retry_ms
    assert isinstance(sale.ask(ANN, Ping(id=5)), Pong)


def test_one_bidders_budget_is_not_anothers() -> None:
    sale = SmallSale(requests_per_s=10)
    sale.join(ANN, "Ann")
    sale.join(BOB, "Bob")
    spend_all(sale, ANN)
    while sale.send(ANN, encode(BID)) is not None:
        continue
    assert spend_all(sale, BOB) == 10 * BURST_S
    assert isinstance(sale.hello(CAT, "Cat"), Welcome)


@pytest.mark.parametrize(
    "body", [b"", b"\xc1", b"\xff" * 100, encode({"type": "bid"}), encode({"type": "bid", "id": 4})]
)
def test_what_is_malformed_costs_more(body: bytes) -> None:
    sale = SmallSale(requests_per_s=100)
    sale.join(ANN, "Ann")
    answer = sale.send(ANN, body)
    assert code_of(answer) is RejectCode.MALFORMED
    assert spend_all(sale, ANN) == 100 * BURST_S - MALFORMED_COST - 1


@pytest.mark.parametrize(
    ("request_", "cost"),
    [
        (SnapshotRequest(id=2), SNAPSHOT_COST),
        (ReplayRequest(id=2, lot="1", after_seq=0), REPLAY_COST),
        (MineRequest(id=2), SNAPSHOT_COST),
        (Ping(id=2), 0),
        (BID, 0),
    ],
)
def test_what_takes_the_houses_time_costs_more(request_: AnyRequest, cost: int) -> None:
    sale = SmallSale(requests_per_s=100)
    sale.join(ANN, "Ann")
    sale.ask(ANN, request_)
    assert spend_all(sale, ANN) == 100 * BURST_S - cost - 1


def test_subscriptions_come_out_of_the_same_budget() -> None:
    sale = SmallSale(requests_per_s=10)
    sale.join(ANN, "Ann")
    assert [sale.house.spend(ANN, sale.now_ms) for _ in range(10 * BURST_S + 1)] == [True] * 10 * BURST_S + [False]
    assert code_of(sale.ask(ANN, Ping(id=2))) is RejectCode.SLOW_DOWN


def test_a_stranger_has_a_budget_too() -> None:
    sale = SmallSale(requests_per_s=10, admission=Admission(AdmissionMode.LIST))
    codes = [code_of(sale.hello(ANN, "Ann")) for _ in range(10 * BURST_S + 1)]
    assert codes == [RejectCode.NOT_ADMITTED] * 10 * BURST_S + [RejectCode.SLOW_DOWN]
    for _ in range(10 * BURST_S):
        sale.send(ANN, b"junk")
    assert sale.send(ANN, b"junk") is None


def test_strangers_are_bounded_and_the_longest_silent_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budgets, "STRANGERS_MAX", 2)
    sale = SmallSale(requests_per_s=1, admission=Admission(AdmissionMode.LIST))

    def is_in_budget(key: str) -> bool:
        answer = sale.send(key, encode(Hello(id=1, versions=(PROTOCOL_VERSION,), name="Somebody")))
        return answer is not None and code_of(answer) is RejectCode.NOT_ADMITTED

    for key in (ANN, BOB):
        assert [is_in_budget(key) for _ in range(BURST_S + 1)] == [True] * BURST_S + [False]
    assert not is_in_budget(ANN), "Bob is the one longer silent now"
    assert is_in_budget(CAT)
    assert not is_in_budget(ANN), "who is remembered gets no new budget"
    assert is_in_budget(BOB), "who was forgotten does"


def test_looking_on_does_not_renew_a_strangers_budget() -> None:
    sale = SmallSale(lot("1"), requests_per_s=10)
    for _ in range(10):
        sale.ask(ANN, Ping(id=3))
    sale.join(ANN, "", Role.OBSERVER)
    assert spend_all(sale, ANN) == 10 * BURST_S - 11
