"""A list gives paddles to all its people or to none, and to nobody twice."""

import msgspec
import pytest

from auctioneer.audit.verify import verify
from auctioneer.house.admission import Admission
from auctioneer.house.commands import AddPaddle, AddPaddles, Forget, Placing
from auctioneer.house.paddle_lists import PEOPLE_AT_ONCE_MAX, Listed, Placed
from auctioneer.rules.contacts import COMPANY_CHARS_MAX, Contact
from auctioneer.rules.sale_settings import AdmissionMode
from common.errors import RejectCode
from common.limits import PADDLE_CHOSEN_MAX
from common.messages import Role
from tests.auctioneer.house.house_examples import ANN, BOB, CLERK, SmallSale, code_of


def bring(sale: SmallSale, *people: Listed, is_check: bool = False) -> Placing:
    answer = sale.order(AddPaddles(people=people, is_check=is_check), CLERK)
    assert isinstance(answer, Placing), answer
    return answer


def placed(sale: SmallSale, *people: Listed) -> list[tuple[int, str, bool]]:
    return [(one.paddle, one.name, one.is_new) for one in bring(sale, *people).placed]


GUESTS = (Listed("Ann", 7, "Lee & Sons", "ann@example.org"), Listed("Ben"), Listed("Cat", 3), Listed("Dan"))


def test_chosen_numbers_are_kept_and_the_others_come_after_the_highest() -> None:
    sale = SmallSale()
    assert placed(sale, *GUESTS) == [(7, "Ann", True), (8, "Ben", True), (3, "Cat", True), (9, "Dan", True)]
    assert sale.house.contacts == {7: Contact("Lee & Sons", "ann@example.org")}
    assert verify(enumerate(sale.record, 1)).mismatch is None
    assert sale.rebuilt().register.entries == sale.house.register.entries


def test_the_same_list_again_does_nothing() -> None:
    sale = SmallSale()
    bring(sale, *GUESTS)
    before = len(sale.record)
    assert placed(sale, *GUESTS) == [(7, "Ann", False), (8, "Ben", False), (3, "Cat", False), (9, "Dan", False)]
    assert (len(sale.record), sale.house.has_batch) == (before, False)


def test_a_longer_list_adds_those_who_are_new() -> None:
    sale = SmallSale()
    sale.join(ANN, "Eve")
    bring(sale, *GUESTS)
    people = (*GUESTS, Listed("Fay"), Listed("Eve", 1, "", "eve@example.org"))
    assert [name for _, name, is_new in placed(sale, *people) if is_new] == ["Fay"]
    assert sale.house.contacts[1] == Contact("", "eve@example.org"), "of whoever came alone too"


def test_a_contact_that_changed_is_noted_and_an_empty_cell_changes_nothing() -> None:
    sale = SmallSale()
    bring(sale, *GUESTS)
    answer = bring(sale, Listed("Ann", 7, contact="by post"), Listed("Ben"))
    assert answer.placed[0] == Placed(7, "Ann", False, Contact("Lee & Sons", "by post"), False)
    assert sale.house.contacts == {7: Contact("Lee & Sons", "by post")}


def test_no_list_brings_back_what_was_forgotten() -> None:
    sale = SmallSale()
    bring(sale, *GUESTS)
    sale.order(Forget(bidder="7"))
    answer = bring(sale, *GUESTS)
    assert [one.paddle for one in answer.placed if one.is_forgotten] == [7]
    assert sale.house.contacts == {}


def test_a_look_does_nothing_and_says_the_same() -> None:
    sale = SmallSale()
    before = len(sale.record)
    looked = bring(sale, *GUESTS, is_check=True)
    assert (len(sale.record), sale.house.contacts, len(sale.house.register)) == (before, {}, 0)
    assert bring(sale, *GUESTS).placed == looked.placed


@pytest.mark.parametrize(
    ("person", "field", "reason"),
    [
        (Listed(""), "name", "It is missing"),
        (Listed("\u202eAnn"), "name", "A name has 1 to 40 visible characters"),
        (Listed("x" * 41), "name", "A name has 1 to 40 visible characters"),
        (Listed("FAY"), "name", "'FAY' is, or looks like, 'Fay' further up"),
        (Listed("Gil", 50), "paddle", "Paddle 50 is that of 'Fay' further up"),
        (Listed("Gil", 2), "paddle", "Paddle 2 is that of 'Bob' already"),
        (Listed("Bob", 9), "paddle", "'Bob' has paddle 2 already"),
        (Listed("BOB"), "name", "'Bob' has paddle 2, and 'BOB' looks the same"),
        (Listed("Watcher"), "name", "'Watcher' has paddle 1"),
        (Listed("Gil", 0), "paddle", "There is no paddle 0"),
        (Listed("Gil", PADDLE_CHOSEN_MAX + 1), "paddle", "There is no paddle 100000"),
        (Listed("Gil", 9, "x" * (COMPANY_CHARS_MAX + 1)), "company", "at most 100 fit"),
        (Listed("Gil", 9, "", "a\nb"), "contact", "a line break"),
    ],
)
def test_one_wrong_row_and_nobody_gets_a_paddle(person: Listed, field: str, reason: str) -> None:
    sale = SmallSale(admission=Admission(AdmissionMode.APPROVE))
    sale.hello(ANN, "Watcher", role=Role.OBSERVER)
    sale.hello(BOB, "Bob")
    before = list(sale.record)
    answer = bring(sale, Listed("Fay", 50), person, Listed("Hal"))
    assert [(fault.row, fault.field) for fault in answer.faults] == [(1, field)]
    assert reason in answer.faults[0].reason
    assert (answer.placed, sale.record, sale.house.has_batch) == ((), before, False)


def test_all_faults_are_told_at_once() -> None:
    answer = bring(SmallSale(), Listed(""), Listed("Ann", 7), Listed("Ben", 7), Listed("ann"))
    assert [(fault.row, fault.field) for fault in answer.faults] == [(0, "name"), (2, "paddle"), (3, "name")]


def test_the_most_people_at_once() -> None:
    sale = SmallSale()
    people = tuple(Listed(f"Guest {number}") for number in range(PEOPLE_AT_ONCE_MAX))
    assert len(bring(sale, *people).placed) == PEOPLE_AT_ONCE_MAX
    assert code_of(sale.order(AddPaddles(people=(*people, Listed("One more"))))) is RejectCode.MALFORMED
    assert code_of(sale.order(AddPaddles(people=()))) is RejectCode.MALFORMED


def test_a_list_that_the_house_has_no_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("register", "paddle_lists"):
        monkeypatch.setattr(f"auctioneer.house.{module}.BIDDERS_MAX", 3)
    sale = SmallSale()
    sale.order(AddPaddle(name="Zoe", paddle=3))
    assert "at most 3 bidders" in bring(sale, Listed("Ann"), Listed("Ben"), Listed("Cat")).faults[0].reason
    assert placed(sale, Listed("Ann"), Listed("Ben")) == [(1, "Ann", True), (2, "Ben", True)]


def test_a_row_is_small_on_the_wire() -> None:
    assert msgspec.json.encode(Listed("Ann")) == b'{"name":"Ann"}'
