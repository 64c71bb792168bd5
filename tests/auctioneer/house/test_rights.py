"""Who may give which command: each command is in the table, and a right counts for what the table says."""

from typing import get_args

import msgspec
import pytest

from auctioneer.audit.verify import verify
from auctioneer.house.commands import (
    MYSELF,
    AddLots,
    AddPaddle,
    AddPaddles,
    AddPartner,
    Admit,
    Announce,
    AnswerFor,
    AnyCommand,
    Appoint,
    Ask,
    Award,
    BidFor,
    CallLot,
    ChangeRights,
    CloseLot,
    Command,
    Dismiss,
    Done,
    EndSale,
    Extend,
    Finish,
    Forget,
    HandOver,
    IssueCode,
    IssueCodes,
    LinkPaddles,
    Move,
    NewCode,
    NoteContact,
    NoteDeposit,
    NoteSigned,
    OpenLot,
    Pause,
    Placing,
    RemovePartner,
    Reopen,
    Report,
    Resume,
    Rewrite,
    SetConditions,
    SetLimit,
    Tell,
    Undo,
    VoidSale,
    Withdraw,
)
from auctioneer.house.paddle_lists import Listed
from auctioneer.house.reports import REPORTS
from auctioneer.house.rights import AUCTIONEER_ONLY, FOR_ALL, NEEDED, NEEDED_TO_READ
from auctioneer.house.standbys import Standby
from auctioneer.rules.facts import SettingsChanged
from auctioneer.rules.sale_settings import Controller, Right
from auctioneer.rules.sources import Source
from common.errors import RejectCode
from common.lot_events import Call
from common.messages import Accepted, Rejected, Role
from tests.auctioneer.house.house_examples import ANN, CHAIR, CLERK, HOUR_MS, SmallSale, bid, code_of, lot

COMMANDS: dict[type[Command], AnyCommand] = {
    type(command): command
    for command in (
        OpenLot(lot="3"),
        Pause(lot="1"),
        Resume(lot="2"),
        Extend(lot="1", extra_ms=1000),
        CloseLot(lot="1"),
        Announce(text="A break"),
        CallLot(lot="1", call=Call.FAIR_WARNING),
        Tell(bidder="Ann", text="Your lamp is ready"),
        Admit(bidder="Ann", admitted=False),
        AddPaddle(name="Dan"),
        AddPaddles(people=(Listed("Fay"),)),
        NoteContact(bidder="Ann", contact="ann@example.org"),
        Forget(bidder="Ann"),
        BidFor(lot="1", paddle=2, source=Source.FLOOR, amount_minor=5000),
        IssueCode(bidder="Eve", code="K7QM2XFA", valid_ms=HOUR_MS),
        IssueCodes(codes=(NewCode(2, "K7QM2XFA"),), valid_ms=HOUR_MS),
        NoteSigned(bidders=("Ann",)),
        SetLimit(bidder="Ann", limit_minor=10_000),
        NoteDeposit(bidder="Eve", amount_minor=5_000),
        LinkPaddles(bidders=("Ann", "Eve"), seller="Old House Ltd"),
        SetConditions(text="Pay at once."),
        AddLots(lots=(lot("4"),)),
        Withdraw(lot="1"),
        Move(lot="7"),
        EndSale(),
        Finish(),
        HandOver(),
        Undo(lot="1"),
        AnswerFor(lot="8", stands=False),
        Reopen(lot="5", for_ms=HOUR_MS),
        VoidSale(lot="5"),
        Award(lot="6", bidder="Ann", amount_minor=1500),
        Rewrite(lot="3", spec=lot("3", by_hand=True, title="A lamp")),
        Appoint(name="cat", key="c" * 40, rights=(Right.BIDS,), valid_ms=HOUR_MS),
        ChangeRights(name="bea", rights=(Right.BIDS,)),
        Dismiss(name="bea"),
        AddPartner(name="hall", key="p" * 40),
        RemovePartner(name="relay"),
    )
}
"""A command of each kind that the sale of `sale` can carry out."""


@pytest.fixture
def sale() -> SmallSale:
    """Return a sale with corrections, with Ann (1), Eve (2) at the desk, and a relay.

    Lot 1 is open with a bid of Ann, lot 2 is paused, lot 3 opens by hand, lot 5 is sold to Ann, lot 6 has passed.
    """
    sale = SmallSale(
        lot("1"),
        lot("2"),
        lot("3", by_hand=True),
        lot("5"),
        lot("6"),
        lot("7", by_hand=True),
        lot("8"),
        corrections=True,
        revived_answer_ms=60_000,
    )
    sale.join(ANN, "Ann")
    for number in ("1", "5"):
        assert isinstance(sale.ask(ANN, bid(10 + int(number), 1500, number)), Accepted)
    for command in (
        Pause(lot="2"),
        CloseLot(lot="5"),
        CloseLot(lot="6"),
        AddPaddle(name="Eve"),
        AddPartner(name="relay", key="r" * 40),
    ):
        assert isinstance(sale.order(command), Done)
    return sale


def prepare(sale: SmallSale, kind: type[Command]) -> None:
    """Bring the sale to where a command of this kind can be carried out."""
    if kind is NoteSigned:
        assert isinstance(sale.order(SetConditions(text="Pay within a week.")), Done)
    if kind is HandOver:
        sale.house.standbys = [Standby("two.example.org:7766", 3)]
    if kind is AnswerFor:
        for paddle, amount_minor in ((1, 1500), (2, 2500)):
            bid_for = BidFor(lot="8", paddle=paddle, source=Source.FLOOR, amount_minor=amount_minor)
            assert isinstance(sale.order(bid_for), Done)
        assert isinstance(sale.order(Undo(lot="8")), Done)
    if kind is Finish:
        assert isinstance(sale.order(EndSale()), Done)


def with_rights(*rights: Right) -> Controller:
    return msgspec.structs.replace(CLERK, rights=rights)


def test_every_command_is_in_the_table() -> None:
    """A new command must say there which right it needs, and have an example here."""
    kinds = set(get_args(AnyCommand)) - set(FOR_ALL)
    assert kinds == NEEDED.keys() == COMMANDS.keys()


@pytest.mark.parametrize("kind", NEEDED, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("right", [*Right, None])
def test_a_right_counts_for_what_the_table_says(sale: SmallSale, kind: type[Command], right: Right | None) -> None:
    who = with_rights() if right is None else with_rights(right)
    prepare(sale, kind)
    facts, before = len(sale.record), sale.house.snapshot()
    answer = sale.order(COMMANDS[kind], who)
    if right in NEEDED[kind]:
        assert isinstance(answer, Done | Placing), answer
        return
    assert isinstance(answer, Rejected)
    assert (answer.code, len(sale.record), sale.house.snapshot()) == (RejectCode.FORBIDDEN, facts, before)
    if NEEDED[kind] == AUCTIONEER_ONLY:
        assert answer.detail == "only the auctioneer may do that"
    else:
        assert all(one.value in answer.detail for one in NEEDED[kind])
        assert "auctioneer clerk rights bea " in answer.detail


@pytest.mark.parametrize("kind", NEEDED, ids=lambda kind: kind.__name__)
def test_the_auctioneer_may_do_all(sale: SmallSale, kind: type[Command]) -> None:
    prepare(sale, kind)
    assert isinstance(sale.order(COMMANDS[kind], CHAIR), Done | Placing)


def test_who_may_turn_out_may_not_take_bids_back_by_that(sale: SmallSale) -> None:
    command = Admit(bidder="Ann", admitted=False, void_bids=True)
    assert code_of(sale.order(command, with_rights(Right.DESK))) is RejectCode.FORBIDDEN
    assert isinstance(sale.order(command, with_rights(Right.CORRECTIONS)), Done)


def test_every_report_is_for_all_or_in_the_table_of_those_that_are_not() -> None:
    assert not NEEDED_TO_READ.keys() & REPORTS.keys()


@pytest.mark.parametrize("report", NEEDED_TO_READ)
@pytest.mark.parametrize("right", [*Right, None])
def test_a_report_that_is_not_for_all_needs_its_right(sale: SmallSale, report: str, right: Right | None) -> None:
    who = with_rights() if right is None else with_rights(right)
    answer = sale.order(Ask(report=report, lots=("1",)), who)
    if right in NEEDED_TO_READ[report]:
        assert isinstance(answer, Report), answer
        return
    assert isinstance(answer, Rejected)
    assert (answer.code, "has not the right bids or corrections" in answer.detail) == (RejectCode.FORBIDDEN, True)
    assert isinstance(sale.order(Ask(report=report, lots=("1",)), CHAIR), Report)


@pytest.mark.parametrize("report", [*REPORTS, MYSELF])
def test_everybody_who_gives_commands_may_read(sale: SmallSale, report: str) -> None:
    assert isinstance(sale.order(Ask(report=report), with_rights()), Report)


def test_the_sentence_tells_what_to_type(sale: SmallSale) -> None:
    answer = sale.order(Admit(bidder="Ann", admitted=False), with_rights(Right.BIDS))
    assert isinstance(answer, Rejected)
    assert answer.detail == (
        "bea has not the right desk. The auctioneer can give it: auctioneer clerk rights bea bids,desk"
    )
    told = sale.order(Tell(bidder="Ann", text="Hello"), with_rights(Right.BIDS))
    assert isinstance(told, Rejected)
    assert "bea has not the right desk or hammer." in told.detail


@pytest.mark.parametrize("by_snapshot", [False, True])
def test_changed_rights_are_a_fact_and_count_at_once(sale: SmallSale, by_snapshot: bool) -> None:
    def clerk() -> Controller:
        return sale.house.controllers[CLERK.key]

    assert isinstance(sale.order(Extend(lot="1", extra_ms=1), clerk()), Done)
    assert isinstance(sale.order(ChangeRights(name="bea", rights=(Right.DESK, Right.BIDS, Right.DESK))), Done)
    fact = sale.effects[-1]
    assert isinstance(fact, SettingsChanged)
    assert fact.by == "auctioneer"
    sale.house = sale.rebuilt(sale.house.snapshot(), len(sale.record)) if by_snapshot else sale.rebuilt()
    assert clerk() == Controller("bea", Role.CLERK, CLERK.key, (Right.BIDS, Right.DESK))
    assert code_of(sale.order(Extend(lot="1", extra_ms=1), clerk())) is RejectCode.FORBIDDEN
    assert isinstance(sale.order(AddPaddle(name="Dan"), clerk()), Done)
    assert verify(enumerate(sale.record, 1)).mismatch is None


def test_rights_are_given_to_a_clerk(sale: SmallSale) -> None:
    assert code_of(sale.order(ChangeRights(name="cat", rights=()))) is RejectCode.WRONG_STATE
    assert code_of(sale.order(ChangeRights(name="auctioneer", rights=()))) is RejectCode.MALFORMED


@pytest.mark.parametrize("command", [AddPartner(name="relay", key="r" * 40), ChangeRights(name="ann", rights=())])
def test_a_command_that_asks_for_what_is_so_already_stands_in_a_sound_record(
    sale: SmallSale, command: AnyCommand
) -> None:
    appoint = Appoint(name="ann", key="d" * 40, rights=(), valid_ms=HOUR_MS)
    assert isinstance(sale.order(appoint), Done)
    sale.now_ms += 1
    assert isinstance(sale.order(command), Done)
    assert verify(enumerate(sale.record, 1)).mismatch is None
