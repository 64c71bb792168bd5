"""Each command is done once: a repeat gets the same answer, also after a crash, and changes nothing."""

import msgspec
import pytest

from auctioneer.audit.verify import verify
from auctioneer.house.commands import (
    MYSELF,
    AddLots,
    AddPaddle,
    Admit,
    Announce,
    AnyCommand,
    AnyControlAnswer,
    Appoint,
    Ask,
    CloseLot,
    Dismiss,
    Done,
    EndSale,
    Extend,
    IssueCode,
    OpenLot,
    Pause,
    Report,
    Resume,
    Withdraw,
)
from auctioneer.house.control.carry_out import carry_out
from auctioneer.house.house import House
from auctioneer.rules.facts import CommandDone
from auctioneer.rules.sale_settings import Controller
from common.codec import encode
from common.errors import RejectCode
from common.formats.english import BidRequest
from common.limits import REMEMBERED_REQUESTS_MAX
from common.messages import Accepted, Rejected, Role
from tests.auctioneer.house.house_examples import ANN, BOB, CHAIR, CLERK, HOUR_MS, SmallSale, code_of, lot

CODE = "K7QM2XFA"
EVERY_KIND: list[AnyCommand] = [
    Extend(id=7, lot="1", extra_ms=5000),
    CloseLot(id=7, lot="1"),
    Pause(id=7),
    Withdraw(id=7, lot="1", reason="Broken"),
    EndSale(id=7),
    AddLots(id=7, lots=(lot("4"), lot("5"))),
    Announce(id=7, text="Tea"),
    Admit(id=7, bidder="Ann", admitted=False),
    AddPaddle(id=7, name="Dan"),
    IssueCode(id=7, bidder="Eve", code=CODE, valid_ms=HOUR_MS),
    Appoint(id=7, name="cat", key="c" * 40, rights=(), valid_ms=HOUR_MS),
]


@pytest.fixture
def sale() -> SmallSale:
    """Return a sale in which Ann (1) leads lot 1, and Eve (2) has a paddle but no key."""
    sale = SmallSale(lot("1"), lot("2"), lot("3", by_hand=True))
    sale.join(ANN, "Ann")
    assert isinstance(sale.ask(ANN, BidRequest(id=10, lot="1", amount_minor=1500, maximum_minor=8000)), Accepted)
    assert isinstance(sale.order(AddPaddle(name="Eve")), Done)
    return sale


def restarted(sale: SmallSale, *, by_snapshot: bool) -> House:
    return sale.rebuilt(sale.house.snapshot(), len(sale.record)) if by_snapshot else sale.rebuilt()


def repeat(sale: SmallSale, command: AnyCommand, who: Controller = CHAIR) -> AnyControlAnswer:
    """Return the answer to a command that must change nothing."""
    before, facts = sale.house.snapshot(), len(sale.record)
    answer = sale.order(command, who)
    assert (sale.house.snapshot(), len(sale.record)) == (before, facts)
    return answer


@pytest.mark.parametrize("command", EVERY_KIND, ids=lambda command: type(command).__name__)
def test_a_repeat_gets_the_same_answer_and_changes_nothing(sale: SmallSale, command: AnyCommand) -> None:
    answer = sale.order(command)
    assert isinstance(answer, Done)
    assert repeat(sale, command) == answer
    sale.now_ms += 1000
    sale.order(Announce(text="Later"))
    for by_snapshot in (False, True):
        sale.house = restarted(sale, by_snapshot=by_snapshot)
        assert repeat(sale, command) == answer
    assert verify(enumerate(sale.record, 1)).mismatch is None


def test_an_answer_stays_as_it_was_whatever_came_after(sale: SmallSale) -> None:
    closing = CloseLot(id=7, lot="1")
    answer = sale.order(closing)
    assert isinstance(answer, Done)
    assert answer.results[0]["winner"] == "Ann"
    sale.order(EndSale())
    assert repeat(sale, closing) == answer


def test_two_copies_in_one_batch_are_done_once(sale: SmallSale) -> None:
    body = encode(Extend(id=7, lot="1", extra_ms=5000))
    first, second = (carry_out(sale.house, CHAIR, body, sale.now_ms) for _ in range(2))
    sale.commit()
    assert first == second == Done(id=7, lots=("1",), title="Lot 1")
    assert sale.house.engine.lots["1"].view.ends_at_ms == sale.now_ms + HOUR_MS + 5000


def test_the_same_id_with_other_content_is_refused(sale: SmallSale) -> None:
    sale.order(Extend(id=7, lot="1", extra_ms=5000))
    for other in (Extend(id=7, lot="1", extra_ms=5001), Extend(id=7, lot="2", extra_ms=5000), OpenLot(id=7, lot="3")):
        assert code_of(repeat(sale, other)) is RejectCode.ID_CONFLICT


def test_a_refusal_is_not_kept_so_a_repeat_is_decided_again(sale: SmallSale) -> None:
    opening = OpenLot(id=7, lot="3")
    sale.order(Pause())
    assert code_of(repeat(sale, opening)) is RejectCode.WRONG_STATE
    sale.order(Resume())
    assert isinstance(sale.order(opening), Done)


def test_each_person_has_ids_of_their_own(sale: SmallSale) -> None:
    extend = Extend(id=7, lot="1", extra_ms=5000)
    assert sale.order(extend) == sale.order(extend, CLERK)
    assert sale.house.engine.lots["1"].view.ends_at_ms == sale.now_ms + HOUR_MS + 10_000


def test_the_last_commands_of_each_person_are_remembered_and_no_more(sale: SmallSale) -> None:
    first = Extend(id=2001, lot="1", extra_ms=1)
    sale.order(first, CLERK)
    for number in range(REMEMBERED_REQUESTS_MAX - 1):
        sale.order(Extend(id=2002 + number, lot="1", extra_ms=1), CLERK)
    assert isinstance(repeat(sale, first, CLERK), Done)
    assert code_of(repeat(sale, Extend(id=2000, lot="1", extra_ms=1), CLERK)) is RejectCode.ID_STALE
    sale.order(Extend(id=3000, lot="1", extra_ms=1), CLERK)
    for by_snapshot in (False, True):
        sale.house = restarted(sale, by_snapshot=by_snapshot)
        assert code_of(repeat(sale, first, CLERK)) is RejectCode.ID_STALE
        assert isinstance(repeat(sale, Extend(id=2002, lot="1", extra_ms=1), CLERK), Done)
        kept = [done.command_id for done in sale.house.commands_done.kept if done.by == CLERK.name]
        assert kept == [*range(2002, 2002 + REMEMBERED_REQUESTS_MAX - 1), 3000]


def test_a_person_learns_the_last_id(sale: SmallSale) -> None:
    def last_id() -> object:
        answer = sale.order(Ask(id=1, report=MYSELF), CLERK)
        assert isinstance(answer, Report)
        return answer.report

    assert last_id() == {"name": "bea", "role": "clerk", "rights": ["desk", "hammer"], "last_id": 0}
    sale.order(Extend(id=2**53 - 1, lot="1", extra_ms=1), CLERK)
    sale.order(Extend(id=9, lot="1", extra_ms=1), CLERK)
    assert last_id() == {"name": "bea", "role": "clerk", "rights": ["desk", "hammer"], "last_id": 2**53 - 1}


def test_who_is_dismissed_is_forgotten(sale: SmallSale) -> None:
    """So what is remembered is bounded, however many clerks come and go."""
    sale.order(Extend(id=7, lot="1", extra_ms=1), CLERK)
    sale.order(Dismiss(name=CLERK.name))
    for by_snapshot in (False, True):
        assert sale.house.commands_done.last_id(CLERK.name) == 0
        sale.house = restarted(sale, by_snapshot=by_snapshot)
    assert verify(enumerate(sale.record, 1)).mismatch is None


def test_a_repeat_of_what_may_not_be_done_any_more_gets_its_answer(sale: SmallSale) -> None:
    """As for bids: what was done stays done, whoever the sender is now."""
    closing = CloseLot(id=7, lot="1")
    answer = sale.order(closing, CLERK)
    nobody = Controller(CLERK.name, Role.OBSERVER, CLERK.key)
    assert repeat(sale, closing, nobody) == answer
    assert code_of(repeat(sale, Withdraw(id=8, lot="2"), nobody)) is RejectCode.FORBIDDEN


def test_a_command_needs_an_id(sale: SmallSale) -> None:
    for body in (encode(Pause()), encode({"type": "pause", "id": 0}), encode({"type": "ask", "report": "status"})):
        facts = len(sale.record)
        answer = sale.send_command(body)
        assert isinstance(answer, Rejected)
        assert (answer.code, len(sale.record)) == (RejectCode.MALFORMED, facts)


def test_questions_are_not_kept(sale: SmallSale) -> None:
    facts = len(sale.record)
    for report in ("status", "lots", MYSELF):
        assert isinstance(sale.order(Ask(id=7, report=report)), Report)
    assert len(sale.record) == facts
    assert isinstance(sale.order(Pause(id=7)), Done)


def test_the_record_names_who_did_what_and_no_code(sale: SmallSale) -> None:
    sale.now_ms += 5
    sale.order(IssueCode(id=7, bidder="Eve", code=CODE, valid_ms=HOUR_MS), CLERK)
    done = sale.record[-1]
    assert isinstance(done, CommandDone)
    assert (done.at_ms, done.by, done.command_id, done.kind) == (sale.now_ms, "bea", 7, "paddle code")
    assert done.answer == {"paddle": 2, "name": "Eve", "expires_at_ms": sale.now_ms + HOUR_MS}
    assert CODE.encode() not in msgspec.json.encode(sale.record) + sale.house.snapshot()


def test_a_command_by_the_house_itself_is_none(sale: SmallSale) -> None:
    sale.join(BOB, "Bob")
    facts = len(sale.record)
    sale.now_ms += 2 * HOUR_MS
    sale.house.advance(sale.now_ms)
    sale.commit()
    assert len(sale.record) > facts
    assert not any(isinstance(fact, CommandDone) for fact in sale.record[facts:])
