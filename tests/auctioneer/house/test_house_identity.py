"""Who is who in the house: hello, names, roles, admission, and the budget of each."""

import pytest

from auctioneer.house import budgets, sessions
from auctioneer.house import register as register_module
from auctioneer.house.admission import NOT_LISTED, TURNED_OUT, Admission
from auctioneer.house.budgets import BURST_S, FLOOD_REQUESTS_MIN, MALFORMED_COST, REPLAY_COST, SNAPSHOT_COST
from auctioneer.house.commands import Admit, Done
from auctioneer.house.greeting import NameRejected
from auctioneer.house.register import APPROVAL_POLL_MS, ENROLMENT_RETRY_MS
from auctioneer.rules.facts import BidderAdmitted, BidderEnrolled
from auctioneer.rules.sale_settings import AdmissionMode
from common.codec import encode
from common.errors import RejectCode, RejectedError
from common.limits import HEARTBEAT_MS, PROTOCOL_VERSION
from common.messages import (
    Accepted,
    AnyRequest,
    BidRequest,
    BuyRequest,
    Hello,
    LotRequest,
    Mine,
    MineRequest,
    Ping,
    Pong,
    Rejected,
    ReplayRequest,
    Role,
    Snapshot,
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


# --- hello ---------------------------------------------------------------------------------------------------------


def test_a_welcome_tells_all_that_a_client_needs() -> None:
    sale = SmallSale()
    welcome = sale.join(ANN, "Ann")
    assert welcome == Welcome(
        id=1,
        version=PROTOCOL_VERSION,
        epoch=1,
        instance="first",
        term=1,
        paddle=1,
        name="Ann",
        role=Role.BIDDER,
        sale=sale.house.engine.sale,
        publish_port=7001,
        server_time_ms=sale.now_ms,
        heartbeat_ms=HEARTBEAT_MS,
        requests_per_s=1_000_000,
    )
    assert isinstance(sale.record[-1], BidderEnrolled)
    assert sale.house.may_hear(ANN)
    assert not sale.house.may_hear(BOB)


@pytest.mark.parametrize("request_", ALL_BUT_HELLO, ids=lambda request: type(request).__name__)
def test_nothing_is_answered_before_hello(request_: AnyRequest) -> None:
    sale = SmallSale()
    assert sale.ask(ANN, request_) == Rejected(id=10, code=RejectCode.HELLO_FIRST)
    assert not sale.rejections, "and nothing of it is kept"


def test_hello_again_is_the_same_bidder_and_no_event() -> None:
    sale = SmallSale()
    first = sale.join(ANN, "Ann")
    record = len(sale.record)
    assert sale.hello(ANN, "Ann") == sale.hello(ANN) == first
    assert len(sale.record) == record
    sale.house = sale.rebuilt()
    assert sale.hello(ANN) == first


@pytest.mark.parametrize("name", ["Anna", "ann", "Bob", " \n"])
def test_hello_again_under_any_name_is_welcome_under_the_first(name: str) -> None:
    sale = SmallSale()
    sale.join(ANN, "Ann")
    sale.join(BOB, "Bob")
    enrolled = len(sale.record)
    answer = sale.hello(ANN, name)
    assert isinstance(answer, Welcome)
    assert (answer.name, answer.paddle) == ("Ann", 1)
    assert answer == sale.hello(ANN)
    assert len(sale.record) == enrolled, "nothing changes by it"


def test_another_name_admits_nobody_who_waits_or_is_out() -> None:
    sale = SmallSale(admission=APPROVE)
    sale.hello(ANN, "Ann")
    assert code_of(sale.hello(ANN, "Anna")) is RejectCode.AWAITING_APPROVAL
    sale.order(Admit(id=1, bidder="Ann", admitted=False))
    assert code_of(sale.hello(ANN, "Anna")) is RejectCode.NOT_ADMITTED


def test_a_welcome_tells_the_highest_id_that_is_remembered() -> None:
    sale = SmallSale()
    assert sale.join(ANN, "Ann").last_id == 0
    for request_id in (500, 200, 900):
        sale.ask(ANN, BidRequest(id=request_id, lot="1", amount_minor=1))
    welcomes = [sale.hello(ANN)]
    sale.house = sale.rebuilt()
    welcomes.append(sale.hello(ANN))
    sale.house = sale.rebuilt(sale.house.snapshot(), len(sale.record))
    welcomes.append(sale.hello(ANN))
    assert [welcome.last_id for welcome in welcomes if isinstance(welcome, Welcome)] == [900, 900, 900]
    assert sale.join(BOB, "Bob").last_id == 0, "a key's ids are its own"


@pytest.mark.parametrize(
    ("name", "code"),
    [("ANN", RejectCode.NAME_TAKEN), ("Аnn", RejectCode.NAME_TAKEN), ("", RejectCode.INVALID_NAME)],  # noqa: RUF001
)
def test_a_name_that_another_has_or_nobody_may_have_is_refused(name: str, code: RejectCode) -> None:
    sale = SmallSale()
    sale.join(ANN, "Ann")
    assert code_of(sale.hello(BOB, name)) is code
    assert not sale.house.may_hear(BOB)
    assert sale.join(BOB, "Bob").paddle == 2, "the key is free to choose another"


@pytest.mark.parametrize("versions", [(PROTOCOL_VERSION + 1,), (0,), (2, 3)])
def test_versions_must_have_one_in_common(versions: tuple[int, ...]) -> None:
    sale = SmallSale()
    answer = sale.ask(ANN, Hello(id=1, versions=versions, name="Ann"))
    assert code_of(answer) is RejectCode.UNSUPPORTED_VERSION
    assert not sale.house.may_hear(ANN)
    assert isinstance(sale.ask(ANN, Hello(id=1, versions=(*versions, PROTOCOL_VERSION), name="Ann")), Welcome)


def test_a_key_in_the_payload_is_refused_where_the_connection_has_one() -> None:
    sale = SmallSale()
    sale.join(BOB, "Bob")
    assert code_of(sale.hello(ANN, "", key=BOB)) is RejectCode.MALFORMED
    assert not sale.house.may_hear(ANN)
    plain = SmallSale(encrypted=False)
    assert isinstance(plain.hello(ANN, "Ann", key=ANN), Welcome)


@pytest.mark.parametrize("role", [Role.AUCTIONEER, Role.CLERK])
def test_nobody_becomes_auctioneer_by_saying_so(role: Role) -> None:
    sale = SmallSale()
    assert code_of(sale.hello(ANN, "Ann", role=role)) is RejectCode.FORBIDDEN
    assert not sale.house.may_hear(ANN)
    assert not sale.house.register.entries
    sale.join(BOB, "Bob")
    for name in ("", "Bob", "Cat"):
        assert code_of(sale.hello(BOB, name, role=role)) is RejectCode.FORBIDDEN


def test_the_house_is_full_at_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(register_module, "BIDDERS_MAX", 2)
    sale = SmallSale()
    sale.join(ANN, "Ann")
    sale.join(BOB, "Bob")
    assert code_of(sale.hello(CAT, "Cat")) is RejectCode.HOUSE_FULL
    assert isinstance(sale.hello(ANN), Welcome), "who is in stays in"


# --- observers -----------------------------------------------------------------------------------------------------


def test_a_crowd_of_new_names_is_slowed_down_and_nobody_else_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(register_module, "ENROLMENTS_BURST", 1)
    sale = SmallSale()
    sale.join(ANN, "Ann")
    refused = sale.hello(BOB, "Bob")
    assert isinstance(refused, Rejected)
    assert (refused.code, refused.retry_ms) == (RejectCode.SLOW_DOWN, ENROLMENT_RETRY_MS)
    assert isinstance(sale.ask(ANN, BID), Accepted)
    assert sale.join(CAT, "", Role.OBSERVER).paddle == 0, "looking on takes no place"
    sale.now_ms += ENROLMENT_RETRY_MS
    assert sale.join(BOB, "Bob").paddle == 2, "nor did the refused one"


def test_an_observer_sees_everything_and_does_nothing() -> None:
    sale = SmallSale()
    welcome = sale.join(ANN, "", Role.OBSERVER)
    assert (welcome.paddle, welcome.role) == (0, Role.OBSERVER)
    assert sale.house.may_hear(ANN)
    assert isinstance(sale.ask(ANN, SnapshotRequest(id=2)), Snapshot)
    record = len(sale.record)
    for request in (BID, BuyRequest(id=11, lot="1", price_minor=1500)):
        assert code_of(sale.ask(ANN, request)) is RejectCode.FORBIDDEN
    assert (len(sale.record), sale.rejections) == (record, [])
    assert sale.house.register.entries == [], "and leaves no trace"
    sale.house = sale.rebuilt()
    assert code_of(sale.ask(ANN, Ping(id=3))) is RejectCode.HELLO_FIRST


def test_an_observer_may_become_a_bidder() -> None:
    sale = SmallSale()
    sale.join(ANN, "", Role.OBSERVER)
    assert sale.join(ANN, "Ann").paddle == 1
    assert isinstance(sale.ask(ANN, BID), Accepted)


def test_observers_are_bounded_and_the_first_to_come_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "BIDDERS_MAX", 2)
    sale = SmallSale()
    for key in (ANN, BOB, CAT):
        sale.join(key, "", Role.OBSERVER)
    assert [sale.house.may_hear(key) for key in (ANN, BOB, CAT)] == [False, True, True]


@pytest.mark.parametrize(
    ("admission", "code"),
    [
        (Admission(AdmissionMode.INVITE, invite="xyz"), RejectCode.WRONG_INVITE),
        (Admission(AdmissionMode.LIST), RejectCode.NOT_ADMITTED),
        (APPROVE, RejectCode.AWAITING_APPROVAL),
    ],
)
def test_an_observer_passes_the_same_door(admission: Admission, code: RejectCode) -> None:
    sale = SmallSale(admission=admission)
    assert code_of(sale.hello(ANN, "Ann", role=Role.OBSERVER)) is code
    assert not sale.house.may_hear(ANN)
    for request in ALL_BUT_HELLO:
        assert isinstance(sale.ask(ANN, request), Rejected)


def test_an_observer_who_was_approved_still_does_not_bid() -> None:
    sale = SmallSale(admission=APPROVE)
    sale.hello(ANN, "Ann", role=Role.OBSERVER)
    assert isinstance(sale.order(Admit(bidder="Ann")), Done)
    assert sale.join(ANN, "Ann", Role.OBSERVER).role is Role.OBSERVER
    assert code_of(sale.ask(ANN, BID)) is RejectCode.FORBIDDEN
    assert sale.join(ANN, "Ann", Role.BIDDER).role is Role.OBSERVER, "the role stays what was approved"
    assert code_of(sale.ask(ANN, BID)) is RejectCode.FORBIDDEN


# --- admission -----------------------------------------------------------------------------------------------------


def test_the_invite_code_lets_in_and_is_asked_once() -> None:
    sale = SmallSale(admission=Admission(AdmissionMode.INVITE, invite="xyz"))
    for wrong in ("", "xy", "XYZ"):
        assert code_of(sale.hello(ANN, "Ann", invite=wrong)) is RejectCode.WRONG_INVITE
    assert not sale.house.may_hear(ANN)
    assert isinstance(sale.hello(ANN, "Ann", invite="xyz"), Welcome)
    assert isinstance(sale.hello(ANN), Welcome), "who is enrolled needs it no more"


def test_only_listed_keys_are_let_in() -> None:
    sale = SmallSale(admission=Admission(AdmissionMode.LIST, listed=frozenset({ANN})))
    assert code_of(sale.hello(BOB, "Bob")) is RejectCode.NOT_ADMITTED
    assert isinstance(sale.hello(ANN, "Ann"), Welcome)
    assert [entry.key for entry in sale.house.register.entries] == [ANN]


def test_not_admitted_says_which_it_is() -> None:
    """Who was turned out is not to be told how to get on a list: that would not let them in."""
    by_list = SmallSale(admission=Admission(AdmissionMode.LIST, listed=frozenset({ANN})))
    refused = by_list.hello(BOB, "Bob")
    assert isinstance(refused, Rejected)
    assert (refused.code, refused.detail) == (RejectCode.NOT_ADMITTED, NOT_LISTED)
    by_list.join(ANN, "Ann")
    by_list.order(Admit(bidder="Ann", admitted=False))
    for answer in (by_list.hello(ANN), by_list.ask(ANN, Ping(id=20))):
        assert isinstance(answer, Rejected)
        assert (answer.code, answer.detail) == (RejectCode.NOT_ADMITTED, TURNED_OUT)
    assert "bidder key --name" in str(RejectedError(refused.code, refused.detail))
    sentence = str(RejectedError(RejectCode.NOT_ADMITTED, TURNED_OUT))
    assert ("list" in sentence, "bidder key" in sentence) == (False, False)


def test_approval_is_awaited_given_and_kept() -> None:
    sale = SmallSale(admission=APPROVE)
    waiting = Rejected(id=1, code=RejectCode.AWAITING_APPROVAL, retry_ms=APPROVAL_POLL_MS)
    assert sale.hello(ANN, "Ann") == waiting
    assert sale.hello(ANN, "Ann") == waiting
    assert sum(isinstance(fact, BidderEnrolled) for fact in sale.record) == 1
    for request in ALL_BUT_HELLO:
        assert code_of(sale.ask(ANN, request)) is RejectCode.AWAITING_APPROVAL
    assert not sale.rejections
    assert not sale.house.may_hear(ANN)
    sale.house = sale.rebuilt()
    assert sale.hello(ANN) == waiting

    assert isinstance(sale.order(Admit(bidder="1")), Done)
    assert isinstance(sale.record[-1], BidderAdmitted)
    assert sale.house.may_hear(ANN)
    assert isinstance(sale.ask(ANN, BID), Accepted), "the bid that was refused while waiting was never decided"
    sale.house = sale.rebuilt()
    assert isinstance(sale.hello(ANN), Welcome)


def test_who_is_turned_out_is_out_at_once_and_may_come_back() -> None:
    sale = SmallSale()
    sale.join(ANN, "Ann")
    accepted = sale.ask(ANN, BID)
    sale.order(Admit(bidder="Ann", admitted=False))
    assert not sale.house.may_hear(ANN)
    assert code_of(sale.hello(ANN)) is RejectCode.NOT_ADMITTED
    for request in ALL_BUT_HELLO:
        if request != BID:
            assert code_of(sale.ask(ANN, request)) in (RejectCode.NOT_ADMITTED, RejectCode.ID_CONFLICT), request
    assert sale.house.engine.lots["1"].view.leader == 1, "what was bid before stands"
    sale.house = sale.rebuilt()
    assert code_of(sale.ask(ANN, Ping(id=20))) is RejectCode.NOT_ADMITTED
    assert code_of(sale.hello(BOB, "Ann")) is RejectCode.NAME_TAKEN
    sale.order(Admit(bidder="Ann"))
    assert isinstance(sale.ask(ANN, Ping(id=20)), Pong)
    assert sale.ask(ANN, BID) == accepted


def test_who_was_turned_out_still_learns_whether_an_earlier_bid_counted() -> None:
    """Its answer may have been lost, and the bid stands: `not_admitted` would be a lie about it."""
    sale = SmallSale()
    sale.join(ANN, "Ann")
    accepted = sale.ask(ANN, BID)
    sale.order(Admit(bidder="Ann", admitted=False))
    assert sale.ask(ANN, BID) == accepted
    assert code_of(sale.ask(ANN, BidRequest(id=11, lot="1", maximum_minor=9000))) is RejectCode.NOT_ADMITTED
    assert code_of(sale.ask(ANN, BidRequest(id=10, lot="1", maximum_minor=9000))) is RejectCode.NOT_ADMITTED
    assert len(sale.rejections) == 0, "nothing was decided"


# --- the budget ----------------------------------------------------------------------------------------------------


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


def test_who_is_refused_a_name_is_told_to_the_auctioneer_and_not_stored() -> None:
    sale = SmallSale()
    sale.join(ANN, "Ann")
    sale.send(BOB, encode(Hello(id=1, versions=(PROTOCOL_VERSION,), name="ann")))
    batch = sale.commit()
    assert batch.names_rejected == [NameRejected(sale.now_ms, "ann", RejectCode.NAME_TAKEN)]
    assert (batch.facts, batch.rejections, batch.events) == ([], [], [])
