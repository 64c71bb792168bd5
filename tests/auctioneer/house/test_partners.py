"""Partners: halls, gateways and relays look on in every admission mode, with a budget of their own, and bid in none."""

import pytest

from auctioneer.audit.verify import verify
from auctioneer.house.admission import ONLY_LOOKS_ON, Admission
from auctioneer.house.budgets import PARTNER_BUDGETS
from auctioneer.house.commands import AddPartner, Admit, Done, RemovePartner
from auctioneer.rules.facts import SettingsChanged
from auctioneer.rules.sale_settings import PARTNERS_MAX, AdmissionMode, Controller, Partner
from common.errors import RejectCode
from common.messages import Ping, Pong, Rejected, Role, Snapshot, SnapshotRequest, Welcome
from tests.auctioneer.house.house_examples import ANN, BOB, SmallSale, code_of

HALL = "h" * 40
OTHER = "n" * 40
EVERY_MODE = (
    Admission(AdmissionMode.OPEN),
    Admission(AdmissionMode.INVITE, invite="xyz"),
    Admission(AdmissionMode.APPROVE),
    Admission(AdmissionMode.LIST, listed=frozenset({ANN})),
)
each_mode = pytest.mark.parametrize("admission", EVERY_MODE, ids=lambda one: one.mode.value)


def partner(sale: SmallSale, key: str = HALL, name: str = "hall") -> None:
    assert sale.order(AddPartner(name=name, key=key)) == Done(id=0)


def look_on(sale: SmallSale, key: str = HALL) -> object:
    return sale.hello(key, role=Role.OBSERVER)


@each_mode
def test_a_partner_comes_in_as_an_observer_in_every_mode(admission: Admission) -> None:
    sale = SmallSale(admission=admission)
    partner(sale)
    assert sale.house.may_connect(HALL), "at the door, before it said anything"
    assert not sale.house.may_hear(HALL)
    welcome = look_on(sale)
    assert isinstance(welcome, Welcome)
    assert (welcome.paddle, welcome.role) == (0, Role.OBSERVER)
    assert sale.house.may_hear(HALL)
    assert isinstance(sale.ask(HALL, SnapshotRequest(id=2)), Snapshot)
    assert sale.house.register.entries == []


@each_mode
def test_a_partner_can_t_be_a_bidder(admission: Admission) -> None:
    sale = SmallSale(admission=admission)
    partner(sale)
    for _ in range(2):
        refused = sale.hello(HALL, "Hall", invite="xyz")
        assert isinstance(refused, Rejected)
        assert (refused.code, refused.detail) == (RejectCode.FORBIDDEN, ONLY_LOOKS_ON)
        look_on(sale)
    assert sale.house.register.entries == []


@each_mode
def test_a_partner_that_is_removed_is_out_at_once(admission: Admission) -> None:
    sale = SmallSale(admission=admission)
    partner(sale)
    look_on(sale)
    sale.house.change_settings(sale.now_ms, "auctioneer", sale.house.sale_settings.without_partner("hall"))
    assert sale.commit().turned_out == [HALL]
    assert not sale.house.may_hear(HALL)
    assert sale.house.may_connect(HALL) is (admission.mode is AdmissionMode.OPEN)
    assert code_of(sale.ask(HALL, Ping(id=2))) is RejectCode.HELLO_FIRST
    again = look_on(sale)
    assert isinstance(again, Welcome) is (admission.mode is AdmissionMode.OPEN), "as anybody"


@each_mode
def test_partners_are_known_again_after_a_restart(admission: Admission) -> None:
    sale = SmallSale(admission=admission)
    partner(sale)
    snapshot = sale.house.snapshot()
    for house in (sale.rebuilt(), sale.rebuilt(snapshot, len(sale.record))):
        sale.house = house
        assert sale.house.may_connect(HALL)
        assert isinstance(look_on(sale), Welcome)


def test_nobody_else_comes_in_by_a_partner() -> None:
    sale = SmallSale(admission=EVERY_MODE[3])
    partner(sale)
    assert not sale.house.may_connect(OTHER)
    assert code_of(sale.hello(OTHER, role=Role.OBSERVER)) is RejectCode.NOT_ADMITTED


def test_a_partner_has_the_budget_of_many() -> None:
    sale = SmallSale(requests_per_s=20)
    partner(sale)
    welcome = look_on(sale)
    assert isinstance(welcome, Welcome)
    assert welcome.requests_per_s == 20 * PARTNER_BUDGETS
    answers = [sale.ask(HALL, Ping(id=2)) for _ in range(20 * PARTNER_BUDGETS * 2 + 1)]
    assert [isinstance(answer, Pong) for answer in answers] == [True] * (len(answers) - 1) + [False]
    eve = look_on(sale, OTHER)
    assert isinstance(eve, Welcome)
    assert eve.requests_per_s == 20


def test_an_observer_that_becomes_a_partner_gets_the_budget_of_one() -> None:
    sale = SmallSale(requests_per_s=20)
    look_on(sale)
    partner(sale)
    assert code_of(sale.ask(HALL, Ping(id=2))) is RejectCode.HELLO_FIRST
    welcome = look_on(sale)
    assert isinstance(welcome, Welcome)
    assert welcome.requests_per_s == 20 * PARTNER_BUDGETS


def test_a_new_key_of_a_partner_takes_the_place_of_the_one_before() -> None:
    sale = SmallSale(admission=EVERY_MODE[3])
    partner(sale)
    look_on(sale)
    partner(sale, OTHER)
    assert not sale.house.may_hear(HALL)
    assert isinstance(look_on(sale, OTHER), Welcome)
    facts = len(sale.effects)
    partner(sale, OTHER)
    assert len(sale.effects) == facts, "what is so already is no fact"


def test_a_bidder_who_is_turned_out_is_named_in_the_batch() -> None:
    sale = SmallSale()
    sale.join(ANN, "Ann")
    sale.house.admit(sale.now_ms, "auctioneer", 1, admitted=False)
    assert sale.commit().turned_out == [ANN]
    sale.house.admit(sale.now_ms, "auctioneer", 1, admitted=True)
    assert sale.commit().turned_out == []


def test_what_can_t_be_a_partner_is_refused() -> None:
    sale = SmallSale(admission=EVERY_MODE[2])
    sale.hello(BOB, "Bob")
    facts = len(sale.record)
    taken = sale.order(AddPartner(name="hall", key=BOB))
    assert isinstance(taken, Rejected)
    assert (taken.code, taken.detail) == (RejectCode.WRONG_STATE, "the key is Bob's, who has paddle 1")
    assert code_of(sale.order(AddPartner(name="No name", key=HALL))) is RejectCode.MALFORMED
    assert code_of(sale.order(RemovePartner(name="hall"))) is RejectCode.WRONG_STATE
    clerk = Controller("bea", Role.CLERK, "b" * 40)
    assert code_of(sale.order(AddPartner(name="hall", key=HALL), clerk)) is RejectCode.FORBIDDEN
    assert len(sale.record) == facts
    partner(sale)
    assert code_of(sale.order(AddPartner(name="other", key=HALL))) is RejectCode.WRONG_STATE


def test_there_are_so_many_partners_and_no_more() -> None:
    sale = SmallSale()
    for number in range(PARTNERS_MAX):
        partner(sale, f"{number:040}", f"hall-{number}")
    assert code_of(sale.order(AddPartner(name="one-more", key=HALL))) is RejectCode.WRONG_STATE


def test_the_record_of_partners_is_decided_again_the_same() -> None:
    sale = SmallSale(admission=EVERY_MODE[2])
    partner(sale)
    sale.hello(BOB, "Bob")
    sale.order(Admit(bidder="Bob"))
    sale.order(RemovePartner(name="hall"))
    facts = list(sale.record)
    assert verify(enumerate(facts, 1)).mismatch is None
    settings = sale.house.sale_settings.with_partner(Partner("hall", BOB))
    facts.append(SettingsChanged(at_ms=sale.now_ms, settings=settings, by="auctioneer"))
    mismatch = verify(enumerate(facts, 1)).mismatch
    assert mismatch is not None
    assert "a partner's key is that of a bidder" in mismatch.reason
