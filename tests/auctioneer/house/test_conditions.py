"""Conditions of sale: no paddle without them, on the record by whom and when, and asked again when they change."""

import msgspec
import pytest

from auctioneer.audit.verify import verify
from auctioneer.house.admission import HOW_TO_ACCEPT, Admission
from auctioneer.house.budgets import SNAPSHOT_COST
from auctioneer.house.commands import (
    AddPaddle,
    AddPaddles,
    Admit,
    AnyCommand,
    Ask,
    BidFor,
    Done,
    IssueCode,
    NoteSigned,
    OpenLot,
    Placing,
    Report,
    SetConditions,
)
from auctioneer.house.paddle_lists import Listed
from auctioneer.rules.facts import BidderEnrolled, ConditionsAccepted, ConditionsSet, KeyBound, PaddleGiven
from auctioneer.rules.sale_settings import AdmissionMode
from auctioneer.rules.sources import Source
from common.conditions import digest_of
from common.errors import RejectCode
from common.messages import (
    Accepted,
    AnyAnswer,
    Conditions,
    ConditionsRequest,
    Rejected,
    Role,
    Welcome,
)
from tests.auctioneer.house.house_examples import ANN, BOB, CLERK, HOUR_MS, START_MS, SmallSale, bid, code_of, lot

TEXT, OTHER = "1. Pay within a week.\n2. Collect by Friday.", "Pay at once."
DIGEST = digest_of(TEXT)
CODE = "K7QM2XFA"


def with_conditions(admission: Admission | None = None) -> SmallSale:
    sale = SmallSale(admission=admission)
    assert isinstance(sale.order(SetConditions(text=TEXT)), Done)
    return sale


def hello(sale: SmallSale, key: str, name: str = "", accepts: str = "", code: str = "") -> AnyAnswer:
    return sale.hello(key, name, accepts=accepts, code=code)


def accepted(sale: SmallSale) -> list[ConditionsAccepted]:
    return [fact for fact in sale.record if isinstance(fact, ConditionsAccepted)]


def is_sound(sale: SmallSale) -> bool:
    rebuilt, again = sale.rebuilt(), sale.rebuilt(sale.house.snapshot(), len(sale.record))
    assert rebuilt.register.entries == again.register.entries == sale.house.register.entries
    assert rebuilt.conditions == again.conditions == sale.house.conditions
    return verify(enumerate(sale.record, 1)).mismatch is None


def test_nobody_gets_a_paddle_without_accepting() -> None:
    sale = with_conditions()
    before = len(sale.record)
    refused = hello(sale, ANN, "Ann")
    assert refused == Rejected(id=1, code=RejectCode.CONDITIONS_NOT_ACCEPTED, detail=HOW_TO_ACCEPT)
    assert code_of(hello(sale, ANN, "Ann", digest_of(OTHER))) is RejectCode.CONDITIONS_NOT_ACCEPTED
    assert (len(sale.record), len(sale.house.register)) == (before, 0)
    asked = sale.ask(ANN, ConditionsRequest(id=2))
    assert asked == Conditions(id=2, digest=DIGEST, text=TEXT)
    assert isinstance(hello(sale, ANN, "Ann", DIGEST), Welcome)
    assert sale.record[-2:] == [
        BidderEnrolled(
            at_ms=START_MS, paddle=1, name="Ann", key=ANN, role=Role.BIDDER, admitted=True, skeletons=("ann",)
        ),
        ConditionsAccepted(at_ms=START_MS, paddle=1, digest=DIGEST),
    ]
    assert isinstance(hello(sale, ANN), Welcome), "the house remembers it"
    assert len(accepted(sale)) == 1
    assert is_sound(sale)


def test_who_is_in_bids_on_and_is_asked_at_the_next_hello() -> None:
    sale = SmallSale()
    sale.join(ANN, "Ann")
    sale.order(SetConditions(text=TEXT))
    assert isinstance(sale.ask(ANN, bid(2, 1000)), Accepted)
    assert code_of(hello(sale, ANN)) is RejectCode.CONDITIONS_NOT_ACCEPTED
    assert isinstance(hello(sale, ANN, accepts=DIGEST), Welcome)
    sale.order(SetConditions(text=OTHER))
    assert code_of(hello(sale, ANN, accepts=DIGEST)) is RejectCode.CONDITIONS_NOT_ACCEPTED
    assert isinstance(hello(sale, ANN, accepts=digest_of(OTHER)), Welcome)
    sale.order(SetConditions(text=""))
    assert isinstance(hello(sale, ANN), Welcome), "there are none any more"
    assert [fact.digest for fact in accepted(sale)] == [DIGEST, digest_of(OTHER)]
    assert is_sound(sale)


def test_observers_accept_nothing_and_a_sale_without_conditions_needs_nothing() -> None:
    sale = with_conditions()
    assert isinstance(sale.hello(ANN, role=Role.OBSERVER), Welcome)
    plain = SmallSale()
    assert plain.ask(ANN, ConditionsRequest(id=2)) == Conditions(id=2, digest="", text="")
    assert isinstance(hello(plain, ANN, "Ann", DIGEST), Welcome)
    assert accepted(plain) == []


def test_an_observer_who_must_be_approved_accepts_nothing_either() -> None:
    sale = with_conditions(Admission(AdmissionMode.APPROVE))
    assert code_of(sale.hello(ANN, "Ann", role=Role.OBSERVER)) is RejectCode.AWAITING_APPROVAL
    sale.order(Admit(bidder="Ann"))
    assert isinstance(sale.hello(ANN, role=Role.OBSERVER), Welcome)
    assert accepted(sale) == []


def test_the_rule_of_admission_comes_first() -> None:
    sale = with_conditions(Admission(AdmissionMode.INVITE, invite="xyz"))
    assert code_of(hello(sale, ANN, "Ann")) is RejectCode.WRONG_INVITE
    approve = with_conditions(Admission(AdmissionMode.APPROVE))
    assert code_of(hello(approve, ANN, "Ann")) is RejectCode.CONDITIONS_NOT_ACCEPTED
    assert code_of(hello(approve, ANN, "Ann", DIGEST)) is RejectCode.AWAITING_APPROVAL
    assert len(accepted(approve)) == 1, "the auctioneer sees it before the bidder is let in"
    approve.order(Admit(bidder="Ann", admitted=False))
    approve.order(SetConditions(text=OTHER))
    assert code_of(hello(approve, ANN)) is RejectCode.NOT_ADMITTED


def test_a_code_is_not_used_up_before_the_conditions_are_accepted() -> None:
    sale = with_conditions()
    sale.order(AddPaddle(name="Ann"), CLERK)
    sale.order(IssueCode(bidder="Ann", code=CODE, valid_ms=HOUR_MS), CLERK)
    assert code_of(hello(sale, ANN, code=CODE)) is RejectCode.CONDITIONS_NOT_ACCEPTED
    assert code_of(hello(sale, BOB, code="Z9Z9Z9Z9", accepts=DIGEST)) is RejectCode.WRONG_CODE
    welcome = hello(sale, ANN, code=CODE, accepts=DIGEST)
    assert isinstance(welcome, Welcome)
    assert welcome.paddle == 1
    assert sale.record[-2:] == [
        KeyBound(at_ms=START_MS, paddle=1, key=ANN),
        ConditionsAccepted(at_ms=START_MS, paddle=1, digest=DIGEST),
    ]
    assert isinstance(hello(sale, ANN, code=CODE), Welcome), "a repeat"
    assert is_sound(sale)


def test_who_signed_on_paper_is_not_asked() -> None:
    sale = with_conditions()
    sale.order(AddPaddle(name="Ann", is_signed=True), CLERK)
    assert sale.effects[-1] == ConditionsAccepted(at_ms=START_MS, paddle=1, digest=DIGEST, by="bea")
    sale.order(IssueCode(bidder="Ann", code=CODE, valid_ms=HOUR_MS), CLERK)
    assert isinstance(hello(sale, ANN, code=CODE), Welcome)
    assert len(accepted(sale)) == 1
    assert is_sound(sale)


def test_several_sign_later_and_a_list_at_once() -> None:
    sale = with_conditions()
    for name in ("Ann", "Ben", "Cat"):
        sale.order(AddPaddle(name=name), CLERK)
    assert isinstance(sale.order(NoteSigned(bidders=("Ann", "3")), CLERK), Done)
    assert isinstance(sale.order(NoteSigned(bidders=("Ann", "2")), CLERK), Done)
    placing = sale.order(AddPaddles(people=(Listed("Dan"), Listed("Cat")), is_signed=True), CLERK)
    assert isinstance(placing, Placing)
    assert [fact.paddle for fact in accepted(sale)] == [1, 3, 2, 4], "each once"
    assert is_sound(sale)


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (SetConditions(text=TEXT), RejectCode.WRONG_STATE),
        (SetConditions(text="left\u202eright"), RejectCode.MALFORMED),
        (NoteSigned(bidders=("Ann", "9")), RejectCode.UNKNOWN_BIDDER),
        (NoteSigned(bidders=("Ann", "Watcher")), RejectCode.WRONG_STATE),
        (NoteSigned(bidders=()), RejectCode.MALFORMED),
    ],
)
def test_what_can_t_be_ordered(command: AnyCommand, code: RejectCode) -> None:
    sale = with_conditions(Admission(AdmissionMode.APPROVE))
    sale.order(AddPaddle(name="Ann"))
    sale.hello(BOB, "Watcher", role=Role.OBSERVER)
    before = list(sale.record)
    assert code_of(sale.order(command)) is code
    assert (sale.record, sale.house.has_batch) == (before, False)


@pytest.mark.parametrize(
    "command",
    [
        AddPaddle(name="Ben", is_signed=True),
        AddPaddles(people=(Listed("Ben"),), is_signed=True),
        NoteSigned(bidders=("Ann",)),
    ],
)
def test_nobody_signs_where_there_is_nothing_to_sign(command: AnyCommand) -> None:
    sale = SmallSale()
    sale.order(AddPaddle(name="Ann"))
    answer = sale.order(command)
    assert isinstance(answer, Rejected)
    assert "has no conditions" in answer.detail
    assert sum(isinstance(fact, PaddleGiven) for fact in sale.record) == 1


def test_only_the_auctioneer_sets_them() -> None:
    assert code_of(SmallSale().order(SetConditions(text=TEXT), CLERK)) is RejectCode.FORBIDDEN


def test_the_reports_tell_who_has_accepted() -> None:
    sale = with_conditions(Admission(AdmissionMode.APPROVE))
    hello(sale, ANN, "Ann", DIGEST)
    sale.hello(BOB, "Watcher", role=Role.OBSERVER)
    sale.order(AddPaddle(name="Cat"))
    asked = sale.order(Ask(report="conditions"))
    assert isinstance(asked, Report)
    assert asked.report == {"digest": DIGEST, "text": TEXT, "accepted": 1, "not_accepted": 1}
    paddles = sale.order(Ask(report="paddles"))
    assert isinstance(paddles, Report)
    assert [(row["paddle"], row["accepted"]) for row in paddles.report] == [(1, True), (3, False)]


def test_the_first_conditions_are_in_the_first_fact() -> None:
    sale = SmallSale()
    created = msgspec.structs.replace(sale.record[0], conditions=TEXT)
    house = sale.house.rebuild(sale.settings, None, [created], (), START_MS)
    assert (house.conditions, house.conditions_digest) == (TEXT, DIGEST)
    assert verify([(1, created)]).mismatch is None
    spoilt = msgspec.structs.replace(created, conditions="a\tb")
    mismatch = verify([(1, spoilt)]).mismatch
    assert mismatch is not None
    assert "such conditions" in mismatch.reason


def test_asking_for_them_costs_as_much_as_a_page() -> None:
    sale = SmallSale(requests_per_s=10)
    sale.order(SetConditions(text=TEXT))
    answers = [sale.send(ANN, msgspec.msgpack.encode(ConditionsRequest(id=number))) for number in range(1, 60)]
    told = sum(isinstance(answer, Conditions) for answer in answers)
    assert 0 < told <= 1 + 20 * 10 // (1 + SNAPSHOT_COST)
    assert isinstance(sale.order(SetConditions(text=OTHER)), Done)
    assert ConditionsSet(at_ms=START_MS, text=OTHER, by="auctioneer") in sale.record


# --- bids of clerks --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", [Source.FLOOR, Source.TELEPHONE, Source.ABSENTEE])
def test_a_clerk_bids_for_nobody_who_has_not_accepted_the_conditions(source: Source) -> None:
    sale = with_conditions()
    sale.order(AddPaddle(name="Ben"))
    command = BidFor(lot="1", paddle=1, source=source, amount_minor=2000)
    before = list(sale.record)
    told = sale.order(command)
    assert isinstance(told, Rejected)
    assert (told.code, sale.record) == (RejectCode.CONDITIONS_NOT_ACCEPTED, before)
    assert told.detail == (
        "Ben (1) has not accepted the conditions of the sale; `auctioneer paddle signed 1` notes a signature on paper"
    )
    sale.order(NoteSigned(bidders=("1",)))
    assert isinstance(sale.order(command), Done)
    sale.order(SetConditions(text=OTHER))
    assert code_of(sale.order(BidFor(lot="2", paddle=1, source=source, amount_minor=2000))) is (
        RejectCode.CONDITIONS_NOT_ACCEPTED
    ), "the present ones count"


def test_who_accepted_on_a_phone_needs_no_paper() -> None:
    sale = with_conditions()
    hello(sale, ANN, "Ann", DIGEST)
    assert isinstance(sale.order(BidFor(lot="1", paddle=1, source=Source.FLOOR, amount_minor=2000)), Done)


def test_a_bid_that_was_left_can_be_taken_back_whatever_the_conditions_are_now() -> None:
    sale = SmallSale(lot("1", by_hand=True))
    sale.order(AddPaddle(name="Ben"))
    assert isinstance(sale.order(BidFor(lot="1", paddle=1, source=Source.ABSENTEE, amount_minor=2000)), Done)
    sale.order(SetConditions(text=TEXT))
    assert isinstance(sale.order(BidFor(lot="1", paddle=1, source=Source.ABSENTEE, amount_minor=None)), Done)
    assert isinstance(sale.order(OpenLot(lot="1")), Done)
    assert is_sound(sale)
