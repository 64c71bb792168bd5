"""The register: names, keys and who is let in."""

import pytest

from auctioneer.house import register as register_module
from auctioneer.house.admission import Admission
from auctioneer.house.register import Register
from auctioneer.rules.facts import BidderAdmitted, BidderEnrolled
from auctioneer.rules.sale_settings import AdmissionMode
from common.errors import RejectCode
from common.messages import Hello, Role

ANN, BOB, CAT = "a" * 40, "b" * 40, "c" * 40
OPEN = Admission()


def hello(name: str, role: Role = Role.BIDDER, invite: str = "") -> Hello:
    return Hello(id=1, versions=(1,), name=name, role=role, invite=invite)


def test_a_key_gets_the_next_paddle_and_keeps_it() -> None:
    register = Register([])
    for paddle, (key, name) in enumerate([(ANN, "Ann"), (BOB, "Bob")], start=1):
        fact = register.enrol(5, key, hello(name), OPEN)
        assert fact == BidderEnrolled(
            at_ms=5,
            paddle=paddle,
            name=name,
            key=key,
            role=Role.BIDDER,
            admitted=True,
            skeletons=(name.lower(),),
        )
    assert [entry.paddle for entry in register.entries] == [1, 2]
    assert register.by_key(BOB) == register.by_paddle(2) == register.find("2") == register.find("bob")
    assert register.by_key(CAT) is register.by_paddle(3) is register.find("cat") is register.find("99999999999") is None
    assert register.find("²") is None, "a digit, but no number that anybody types"


@pytest.mark.parametrize("alike", ["Ann", "ANN", "A n n", "Änn", "Аnn", "a.n.n"])  # noqa: RUF001 -- one is Cyrillic
def test_a_name_takes_those_that_look_like_it(alike: str) -> None:
    register = Register([])
    register.enrol(0, ANN, hello("Ann"), OPEN)
    assert register.enrol(0, BOB, hello(alike), OPEN) is RejectCode.NAME_TAKEN
    assert len(register.entries) == 1


def test_a_name_as_it_is_written_takes_those_that_look_like_it_in_either_order() -> None:
    for first, second in (("Ian", "lan"), ("lan", "Ian")):
        register = Register([])
        register.enrol(0, ANN, hello(first), OPEN)
        assert register.enrol(0, BOB, hello(second), OPEN) is RejectCode.NAME_TAKEN
        assert isinstance(register.enrol(0, CAT, hello("Elia"), OPEN), BidderEnrolled)
        assert isinstance(register.enrol(0, BOB, hello("Ella"), OPEN), BidderEnrolled)


def test_a_name_stays_taken_where_another_version_of_unicode_gives_other_skeletons() -> None:
    recorded = BidderEnrolled(
        at_ms=0, paddle=1, name="Ann", key=ANN, role=Role.BIDDER, admitted=True, skeletons=("bob",)
    )
    register = Register([])
    register.apply(recorded)
    assert register.enrol(0, BOB, hello("Bob"), OPEN) is RejectCode.NAME_TAKEN
    assert Register([]).enter(0, ANN, hello("Ann"), ("bob",), is_admitted=True) == recorded


@pytest.mark.parametrize("name", ["", " ", "x" * 41, "=1+1", "a\nb", "a\u202eb", "...", "\u3164", "Ada\u3164"])
def test_a_name_that_steers_or_hides_is_refused(name: str) -> None:
    register = Register([])
    assert register.enrol(0, ANN, hello(name), OPEN) is RejectCode.INVALID_NAME
    assert register.entries == []


def test_who_waits_or_was_turned_out_keeps_name_and_paddle() -> None:
    register = Register([])
    register.enrol(0, ANN, hello("Ann"), Admission(AdmissionMode.APPROVE))
    entry = register.by_paddle(1)
    assert entry is not None
    assert (entry.admitted, entry.waiting) == (False, True)
    assert register.enrol(0, BOB, hello("ann"), OPEN) is RejectCode.NAME_TAKEN
    for admitted in (True, False):
        register.apply(BidderAdmitted(at_ms=1, paddle=1, news_seq=1, admitted=admitted, by="auctioneer"))
        entry = register.by_key(ANN)
        assert entry is not None
        assert (entry.admitted, entry.waiting) == (admitted, False)
        assert entry == register.find("Ann") == register.by_paddle(1)
    assert register.enrol(0, BOB, hello("Bob"), OPEN) != RejectCode.NAME_TAKEN
    assert [entry.paddle for entry in register.entries] == [1, 2]


def test_the_register_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(register_module, "BIDDERS_MAX", 2)
    register = Register([])
    for key, name in ((ANN, "Ann"), (BOB, "Bob")):
        assert isinstance(register.enrol(0, key, hello(name), OPEN), BidderEnrolled)
    assert register.enrol(0, CAT, hello("Cat"), OPEN) is RejectCode.HOUSE_FULL
    assert register.enrol(0, CAT, hello("Ann"), OPEN) is RejectCode.NAME_TAKEN
    assert len(register.entries) == 2


def test_a_register_is_rebuilt_from_its_entries() -> None:
    register = Register([])
    register.enrol(0, ANN, hello("Ann"), OPEN)
    register.enrol(0, BOB, hello("Bob"), Admission(AdmissionMode.APPROVE))
    again = Register(register.entries)
    assert again.entries == register.entries
    assert again.enrol(0, CAT, hello("BOB"), OPEN) is RejectCode.NAME_TAKEN
    fact = again.enrol(0, CAT, hello("Cat"), OPEN)
    assert isinstance(fact, BidderEnrolled)
    assert fact.paddle == 3


@pytest.mark.parametrize(
    ("admission", "key", "invite", "rejection"),
    [
        (OPEN, ANN, "", None),
        (Admission(AdmissionMode.INVITE, invite="xyz"), ANN, "xyz", None),
        (Admission(AdmissionMode.INVITE, invite="xyz"), ANN, "", RejectCode.WRONG_INVITE),
        (Admission(AdmissionMode.INVITE, invite="xyz"), ANN, "XYZ", RejectCode.WRONG_INVITE),
        (Admission(AdmissionMode.LIST, listed=frozenset({ANN})), ANN, "", None),
        (Admission(AdmissionMode.LIST, listed=frozenset({ANN})), BOB, "", RejectCode.NOT_ADMITTED),
        (Admission(AdmissionMode.LIST), BOB, "", RejectCode.NOT_ADMITTED),
        (Admission(AdmissionMode.APPROVE), BOB, "", None),
        (Admission(), BOB, "of another house", None),
        (Admission(AdmissionMode.APPROVE), BOB, "of another house", None),
    ],
)
def test_who_may_ask_to_be_enrolled(admission: Admission, key: str, invite: str, rejection: RejectCode | None) -> None:
    assert admission.rejection(key, hello("Ann", invite=invite)) is rejection
    outcome = Register([]).enrol(0, key, hello("Ann", invite=invite), admission)
    assert outcome is rejection if rejection else isinstance(outcome, BidderEnrolled)


def test_a_bidder_named_like_a_paddle_is_not_mistaken_for_it() -> None:
    register = Register([])
    register.enrol(0, ANN, hello("2"), OPEN)
    register.enrol(0, BOB, hello("Bob"), OPEN)
    found = register.find("2")
    assert found is not None
    assert found.name == "Bob", "a number is a paddle first"


def test_so_many_enrol_at_once_and_then_at_a_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(register_module, "ENROLMENTS_BURST", 3)
    register = Register([])
    step_ms = 1000 // register_module.ENROLMENTS_PER_S
    numbers = iter(range(100))

    def enrols(now_ms: int) -> bool:
        number = next(numbers)
        answer = register.enrol(now_ms, f"{number:040}", hello(f"Bidder {number}"), OPEN)
        assert isinstance(answer, BidderEnrolled) or answer is RejectCode.SLOW_DOWN
        return isinstance(answer, BidderEnrolled)

    assert [enrols(1000) for _ in range(4)] == [True, True, True, False]
    assert [enrols(1000 + step_ms - 1), enrols(1000 + step_ms), enrols(1000 + step_ms)] == [False, True, False]
    assert not enrols(500), "a clock that was set back gives no places"
    assert [enrols(1_000_000) for _ in range(4)] == [True, True, True, False], "the burst does not grow beyond itself"


def test_who_is_refused_takes_nobodys_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(register_module, "ENROLMENTS_BURST", 2)
    register = Register([])
    assert isinstance(register.enrol(5, ANN, hello("Ann"), OPEN), BidderEnrolled)
    for _ in range(5):
        assert register.enrol(5, BOB, hello("ann"), OPEN) is RejectCode.NAME_TAKEN
    assert isinstance(register.enrol(5, BOB, hello("Bob"), OPEN), BidderEnrolled)
    assert register.enrol(5, CAT, hello("Cat"), OPEN) is RejectCode.SLOW_DOWN
