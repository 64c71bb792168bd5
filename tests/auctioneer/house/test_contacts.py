"""What the desk knows of a person besides the name stands beside the record, and can be erased."""

import msgspec
import pytest

from auctioneer.audit.verify import verify
from auctioneer.house.commands import AddPaddle, AnyCommand, Ask, Done, Forget, NoteContact, Report
from auctioneer.house.control.carry_out import carry_out
from auctioneer.rules.contacts import Contact, ContactChange
from auctioneer.rules.facts import CommandDone, ContactErased
from common.codec import encode
from common.errors import RejectCode
from tests.auctioneer.house.house_examples import ANN, CLERK, START_MS, SmallSale, code_of

SECRETS = (b"Lee and Sons", b"ann@example.org")


def with_ann() -> SmallSale:
    sale = SmallSale()
    done = sale.order(AddPaddle(name="Ann", company="Lee and Sons", contact="ann@example.org"), CLERK)
    assert isinstance(done, Done)
    return sale


def listed(sale: SmallSale) -> list[tuple[int, str, str]]:
    report = sale.order(Ask(report="paddles"))
    assert isinstance(report, Report)
    return [(row["paddle"], row["company"], row["contact"]) for row in report.report]


def test_it_is_stored_beside_the_facts_and_shown() -> None:
    sale = SmallSale()
    carry_out(sale.house, CLERK, encode(AddPaddle(id=900, name="Ann", company="Lee and Sons")), sale.now_ms)
    assert sale.house.has_batch
    assert sale.commit().contacts == [ContactChange(1, Contact("Lee and Sons", ""))]
    assert listed(sale) == [(1, "Lee and Sons", "")]


def test_neither_the_record_nor_a_snapshot_nor_another_report_has_it() -> None:
    sale = with_ann()
    seen = msgspec.json.encode(sale.record) + sale.house.snapshot() + encode(sale.hello(ANN, "Bob"))
    seen += b"".join(encode(sale.order(Ask(report=name))) for name in ("status", "lots", "results"))
    assert [secret for secret in SECRETS if secret in seen] == []


def test_a_rebuilt_house_has_what_the_store_kept() -> None:
    sale = with_ann()
    assert sale.house.contacts == {1: Contact("Lee and Sons", "ann@example.org")}
    assert sale.rebuilt().contacts == {}, "nothing of it is in the facts"


def test_it_is_erased_and_the_record_says_so() -> None:
    sale = with_ann()
    answer = sale.order(Forget(bidder="ann"))
    assert isinstance(answer, Done)
    assert answer.paddle == 1
    assert sale.effects[-1] == ContactErased(at_ms=START_MS, paddle=1, by="auctioneer")
    assert listed(sale) == [(1, "", "")]
    assert verify(enumerate(sale.record, 1)).forgotten == {1}
    assert sale.rebuilt(sale.house.snapshot(), len(sale.record)).register.entry(1).is_forgotten


def test_whoever_was_forgotten_stays_so() -> None:
    sale = with_ann()
    sale.order(Forget(bidder="1"))
    assert code_of(sale.order(Forget(bidder="1"))) is RejectCode.WRONG_STATE
    assert code_of(sale.order(NoteContact(bidder="1", contact="again"))) is RejectCode.WRONG_STATE
    assert listed(sale) == [(1, "", "")]


def test_a_contact_is_noted_for_whoever_came_alone() -> None:
    sale = SmallSale()
    sale.join(ANN, "Ann")
    assert isinstance(sale.order(NoteContact(bidder="Ann", contact="+1 555 0100"), CLERK), Done)
    assert listed(sale) == [(1, "", "+1 555 0100")]
    carry_out(sale.house, CLERK, encode(NoteContact(id=901, bidder="Ann", contact="by post")), sale.now_ms)
    assert sale.house.has_batch, "though no fact has it"


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (AddPaddle(name="Ben", company="two\nlines"), RejectCode.MALFORMED),
        (NoteContact(bidder="1", contact="left\u202eright"), RejectCode.MALFORMED),
        (NoteContact(bidder="1"), RejectCode.MALFORMED),
        (NoteContact(bidder="7", contact="x"), RejectCode.UNKNOWN_BIDDER),
        (Forget(bidder="7"), RejectCode.UNKNOWN_BIDDER),
    ],
)
def test_what_can_t_be_kept_or_erased(command: AnyCommand, code: RejectCode) -> None:
    sale = with_ann()
    before = list(sale.record)
    assert code_of(sale.order(command)) is code
    assert (sale.record, sale.house.has_batch) == (before, False)


def test_not_even_a_digest_in_the_record_is_of_what_can_be_erased() -> None:
    digests = []
    for contact in ("ann@example.org", "bea@example.org"):
        sale = with_ann()
        sale.order(NoteContact(id=900, bidder="Ann", contact=contact))
        done = sale.record[-1]
        assert isinstance(done, CommandDone)
        digests.append(done.digest)
    assert digests[0] == digests[1]


def test_only_the_auctioneer_erases() -> None:
    assert code_of(with_ann().order(Forget(bidder="1"), CLERK)) is RejectCode.FORBIDDEN
