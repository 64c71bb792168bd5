"""Who is who in the house: hello, names, roles and observers."""

import pytest

from auctioneer.house import register as register_module
from auctioneer.house import sessions
from auctioneer.house.admission import Admission
from auctioneer.house.commands import Admit, Done
from auctioneer.house.greeting import NameRejected
from auctioneer.house.register import ENROLMENT_RETRY_MS
from auctioneer.rules.facts import BidderEnrolled
from auctioneer.rules.sale_settings import AdmissionMode
from common.codec import encode
from common.errors import RejectCode
from common.formats.english import BidRequest, BuyRequest
from common.limits import HEARTBEAT_MS, PROTOCOL_VERSION
from common.messages import (
    Accepted,
    AnyRequest,
    Hello,
    LotRequest,
    MineRequest,
    Ping,
    Rejected,
    ReplayRequest,
    Role,
    Snapshot,
    SnapshotRequest,
    Welcome,
)
from tests.auctioneer.house.house_examples import ANN, BOB, CAT, SmallSale, code_of

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
    assert isinstance(sale.effects[-1], BidderEnrolled)
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


def test_who_is_refused_a_name_is_told_to_the_auctioneer_and_not_stored() -> None:
    sale = SmallSale()
    sale.join(ANN, "Ann")
    sale.send(BOB, encode(Hello(id=1, versions=(PROTOCOL_VERSION,), name="ann")))
    batch = sale.commit()
    assert batch.names_rejected == [NameRejected(sale.now_ms, "ann", RejectCode.NAME_TAKEN)]
