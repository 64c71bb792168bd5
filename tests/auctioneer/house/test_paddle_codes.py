"""Paddles before phones: the desk gives a paddle, a code binds one key to it, and guessing leads nowhere."""

import msgspec
import pytest

from auctioneer.audit.verify import verify
from auctioneer.house.admission import TOO_MANY_GUESSES, TURNED_OUT, Admission
from auctioneer.house.budgets import WRONG_CODE_COST
from auctioneer.house.commands import (
    CODES_AT_ONCE_MAX,
    AddPaddle,
    AddPartner,
    Admit,
    Ask,
    Done,
    IssueCode,
    IssueCodes,
    NewCode,
    Report,
    Tell,
)
from auctioneer.house.greeting import NameRejected
from auctioneer.house.house import House
from auctioneer.house.news import Parked
from auctioneer.house.paddle_codes import WRONG_CODES_MAX, WRONG_CODES_MS, WRONG_CODES_OF_A_KEY_MAX, Guesses, digest_of
from auctioneer.house.register import CODE_VALID_MS_MAX
from auctioneer.rules.facts import CodeIssued, KeyBound, PaddleGiven
from auctioneer.rules.sale_settings import AdmissionMode
from common.codec import encode
from common.errors import RejectCode
from common.limits import BIDDERS_MAX, PADDLE_CHOSEN_MAX, PROTOCOL_VERSION
from common.messages import Accepted, Hello, News, NewsRequest, Ping, Pong, Rejected, Role, Welcome
from common.names import skeletons
from tests.auctioneer.house.house_examples import ANN, BOB, CAT, CLERK, HOUR_MS, START_MS, SmallSale, bid, code_of

CODE, OTHER = "K7QM2XFA", "Z9Z9Z9Z9"
EVERY_MODE = (
    None,
    Admission(AdmissionMode.INVITE, invite="xyz"),
    Admission(AdmissionMode.APPROVE),
    Admission(AdmissionMode.LIST),
)
each_mode = pytest.mark.parametrize("admission", EVERY_MODE, ids=lambda one: "open" if one is None else one.mode.value)


def add(sale: SmallSale, name: str = "Ann", paddle: int | None = None) -> int:
    done = sale.order(AddPaddle(name=name, paddle=paddle), CLERK)
    assert isinstance(done, Done), done
    assert done.paddle is not None
    return done.paddle


def issue(sale: SmallSale, bidder: str = "Ann", code: str = CODE, valid_ms: int = HOUR_MS) -> Done:
    done = sale.order(IssueCode(bidder=bidder, code=code, valid_ms=valid_ms), CLERK)
    assert isinstance(done, Done), done
    return done


def at_the_desk(admission: Admission | None = None) -> SmallSale:
    """Return a sale in which Ann has paddle 1 and a code."""
    sale = SmallSale(admission=admission)
    add(sale)
    issue(sale)
    return sale


def refused(sale: SmallSale, key: str, code: str) -> RejectCode:
    return code_of(sale.hello(key, code=code))


# --- paddles ---------------------------------------------------------------------------------------------------------


def test_the_desk_gives_the_next_paddle_or_a_chosen_one() -> None:
    sale = SmallSale()
    assert [add(sale, "Ann"), add(sale, "Ben", 40), add(sale, "Cat"), add(sale, "Dan", 7)] == [1, 40, 41, 7]
    assert sale.join(ANN, "Eve").paddle == 42, "those who come by themselves are numbered after the highest too"
    assert [entry.paddle for entry in sale.house.register.entries] == [1, 7, 40, 41, 42]
    assert sale.effects[-2] == PaddleGiven(at_ms=START_MS, paddle=7, name="Dan", skeletons=skeletons("Dan"), by="bea")
    assert verify(enumerate(sale.record, 1)).mismatch is None


def test_after_the_highest_number_the_lowest_free_one_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auctioneer.house.register.BIDDERS_MAX", 4)
    sale = SmallSale()
    assert [add(sale, "Ann", 4), add(sale, "Ben", 2), add(sale, "Cat"), add(sale, "Dan")] == [4, 2, 1, 3]
    assert code_of(sale.order(AddPaddle(name="Eve"))) is RejectCode.HOUSE_FULL


@pytest.mark.parametrize(
    ("command", "code", "detail"),
    [
        (AddPaddle(name="ann"), RejectCode.NAME_TAKEN, "Ann has paddle 1"),
        (AddPaddle(name="Ben", paddle=1), RejectCode.WRONG_STATE, "paddle 1 is Ann's"),
        (AddPaddle(name=" Ben"), RejectCode.INVALID_NAME, ""),
        (IssueCode(bidder="7", code=CODE, valid_ms=1), RejectCode.UNKNOWN_BIDDER, "7"),
        (IssueCode(bidder="Bob", code=CODE, valid_ms=1), RejectCode.WRONG_STATE, "Bob has joined already"),
        (IssueCode(bidder="1", code="k7qm2xfa", valid_ms=1), RejectCode.MALFORMED, "no paddle code"),
        (IssueCode(bidder="Cat", code=CODE, valid_ms=1), RejectCode.WRONG_STATE, "another paddle has this code"),
    ],
)
def test_what_the_desk_can_t_do(command: AddPaddle | IssueCode, code: RejectCode, detail: str) -> None:
    sale = at_the_desk()
    sale.join(BOB, "Bob")
    add(sale, "Cat")
    before = len(sale.record)
    answer = sale.order(command)
    assert isinstance(answer, Rejected)
    assert answer.code is code
    assert detail in answer.detail
    assert len(sale.record) == before


@pytest.mark.parametrize("paddle", [0, PADDLE_CHOSEN_MAX + 1])
def test_a_chosen_number_has_up_to_five_digits(paddle: int) -> None:
    assert PADDLE_CHOSEN_MAX < BIDDERS_MAX
    assert code_of(SmallSale().order(AddPaddle(name="Ann", paddle=paddle))) is RejectCode.MALFORMED
    assert add(SmallSale(), "Ann", PADDLE_CHOSEN_MAX) == PADDLE_CHOSEN_MAX


def test_a_name_of_the_desk_is_taken_for_those_who_come_by_themselves() -> None:
    assert code_of(at_the_desk().hello(BOB, "ANN")) is RejectCode.NAME_TAKEN


# --- codes -----------------------------------------------------------------------------------------------------------


@each_mode
def test_a_code_binds_a_key_in_every_mode(admission: Admission | None) -> None:
    sale = at_the_desk(admission)
    assert not sale.house.may_hear(BOB)
    welcome = sale.hello(BOB, code="k7qm-2xfa")
    assert isinstance(welcome, Welcome)
    assert (welcome.paddle, welcome.name, welcome.role) == (1, "Ann", Role.BIDDER)
    assert sale.effects[-1] == KeyBound(at_ms=START_MS, paddle=1, key=BOB)
    assert (sale.house.may_hear(BOB), sale.house.may_connect(BOB)) == (True, True)
    assert isinstance(sale.ask(BOB, bid(2, 1000)), Accepted)
    assert isinstance(sale.hello(BOB), Welcome), "from now on the key is enough"
    assert verify(enumerate(sale.record, 1)).mismatch is None


def test_the_record_has_no_code() -> None:
    sale = at_the_desk()
    issued = sale.effects[-1]
    assert issued == CodeIssued(
        at_ms=START_MS, paddle=1, digest=digest_of("5a1e", CODE), expires_at_ms=START_MS + HOUR_MS, by="bea"
    )
    assert CODE.encode() not in msgspec.json.encode(sale.record)
    assert CODE.encode() not in sale.house.snapshot()
    assert digest_of("5a1f", CODE) != digest_of("5a1e", CODE), "the same code in another sale"


def test_wrong_used_expired_and_replaced_codes_get_one_answer() -> None:
    sale = at_the_desk()
    add(sale, "Ben")
    issue(sale, "Ben", "BBBBBBBB", valid_ms=1000)
    issue(sale, "Ben", "CCCCCCCC", valid_ms=2000)
    sale.join(BOB, code=CODE)
    before = len(sale.record)
    answers = [sale.hello(CAT, code=code) for code in (OTHER, "x", CODE, "BBBBBBBB")]
    sale.now_ms += 2000
    answers.append(sale.hello(CAT, code="CCCCCCCC"))
    assert answers == [Rejected(id=1, code=RejectCode.WRONG_CODE)] * 5
    assert len(sale.record) == before
    assert code_of(sale.ask(CAT, Ping(id=2))) is RejectCode.HELLO_FIRST


def test_a_code_counts_until_just_before_its_end() -> None:
    sale = at_the_desk()
    sale.now_ms += HOUR_MS - 1
    assert isinstance(sale.hello(BOB, code=CODE), Welcome)


def test_the_hello_that_used_a_code_may_be_repeated() -> None:
    """A client says the same hello on each new connection, and after it lost the answer."""
    sale = at_the_desk()
    first = sale.hello(BOB, code=CODE)
    sale.now_ms += 2 * HOUR_MS
    again = sale.hello(BOB, code=CODE)
    assert isinstance(first, Welcome)
    assert again == msgspec.structs.replace(first, server_time_ms=sale.now_ms)
    assert sum(isinstance(fact, KeyBound) for fact in sale.record) == 1


@pytest.mark.parametrize("code", [CODE, OTHER])
def test_a_key_with_a_paddle_is_told_so_whatever_the_code(code: str) -> None:
    sale = SmallSale()
    sale.join(BOB, "Bob")
    add(sale)
    issue(sale)
    answer = sale.hello(BOB, code=code)
    assert answer == Rejected(
        id=1, code=RejectCode.WRONG_CODE, detail="your key has paddle 1 already; join without a code"
    )
    assert isinstance(sale.hello(CAT, code=CODE), Welcome), "the code was not used up"


def test_an_observer_becomes_the_bidder_of_the_code() -> None:
    sale = at_the_desk()
    assert isinstance(sale.hello(BOB, role=Role.OBSERVER), Welcome)
    assert code_of(sale.hello(BOB, role=Role.OBSERVER, code=CODE)) is RejectCode.FORBIDDEN
    assert sale.join(BOB, code=CODE).paddle == 1
    assert isinstance(sale.ask(BOB, bid(2, 1000)), Accepted)


def test_a_partner_can_t_be_bound() -> None:
    sale = at_the_desk()
    sale.order(AddPartner(name="hall", key=CAT))
    assert refused(sale, CAT, CODE) is RejectCode.FORBIDDEN


# --- guessing --------------------------------------------------------------------------------------------------------


def test_guesses_are_limited_for_all_keys_together() -> None:
    sale = at_the_desk()
    for number in range(WRONG_CODES_MAX):
        assert refused(sale, f"{number:040}", OTHER) is RejectCode.WRONG_CODE
        sale.now_ms += 10
    waited_ms = WRONG_CODES_MAX * 10
    limited = Rejected(id=1, code=RejectCode.SLOW_DOWN, retry_ms=WRONG_CODES_MS - waited_ms, detail=TOO_MANY_GUESSES)
    assert [sale.hello(BOB, code=code) for code in (OTHER, CODE)] == [limited, limited], "the right one too"
    assert isinstance(sale.hello(CAT, "Cat"), Welcome), "who needs no code waits for nobody"
    sale.now_ms += WRONG_CODES_MS - waited_ms
    assert isinstance(sale.hello(BOB, code=CODE), Welcome)


def test_a_key_that_used_its_code_may_repeat_it_while_others_guess() -> None:
    sale = at_the_desk()
    sale.join(BOB, code=CODE)
    for number in range(WRONG_CODES_MAX):
        refused(sale, f"{number:040}", OTHER)
    assert refused(sale, CAT, OTHER) is RejectCode.SLOW_DOWN
    assert isinstance(sale.hello(BOB, code=CODE), Welcome)


def test_one_guest_who_guesses_keeps_nobody_else_from_the_desk() -> None:
    sale = at_the_desk()
    guesses = [refused(sale, CAT, OTHER) for _ in range(10 * WRONG_CODES_MAX)]
    assert guesses[:WRONG_CODES_OF_A_KEY_MAX] == [RejectCode.WRONG_CODE] * WRONG_CODES_OF_A_KEY_MAX
    assert set(guesses[WRONG_CODES_OF_A_KEY_MAX:]) == {RejectCode.SLOW_DOWN}
    assert refused(sale, CAT, CODE) is RejectCode.SLOW_DOWN, "the right one of that key too"
    assert isinstance(sale.hello(BOB, code=CODE), Welcome)


def test_the_guesses_of_a_key_are_counted_within_a_moving_minute() -> None:
    guesses = Guesses()
    for number in range(WRONG_CODES_OF_A_KEY_MAX):
        assert guesses.wait_ms(number * 1000, CAT) == 0
        guesses.note(number * 1000, CAT)
    last_ms = (WRONG_CODES_OF_A_KEY_MAX - 1) * 1000
    assert (guesses.wait_ms(last_ms, CAT), guesses.wait_ms(last_ms, BOB)) == (WRONG_CODES_MS - last_ms, 0)
    assert (guesses.wait_ms(WRONG_CODES_MS - 1, CAT), guesses.wait_ms(WRONG_CODES_MS, CAT)) == (1, 0)
    guesses.note(WRONG_CODES_MS, CAT)
    assert guesses.wait_ms(WRONG_CODES_MS, CAT) == 1000, "the next one leaves a second later"


def test_as_many_keys_as_it_takes_close_the_desk_and_one_fewer_does_not() -> None:
    keys = [f"{number:040}" for number in range(WRONG_CODES_MAX // WRONG_CODES_OF_A_KEY_MAX)]
    guesses = Guesses()
    for key in [*keys] * (WRONG_CODES_OF_A_KEY_MAX - 1) + keys[:-1]:
        guesses.note(0, key)
    assert guesses.wait_ms(0, BOB) == 0
    guesses.note(0, keys[-1])
    assert guesses.wait_ms(0, BOB) == WRONG_CODES_MS


def test_guesses_are_counted_within_a_moving_minute() -> None:
    guesses = Guesses()
    for number in range(WRONG_CODES_MAX):
        assert guesses.wait_ms(number * 1000, BOB) == 0
        guesses.note(number * 1000, f"{number:040}")
    last_ms = (WRONG_CODES_MAX - 1) * 1000
    assert guesses.wait_ms(last_ms, BOB) == WRONG_CODES_MS - last_ms
    assert (guesses.wait_ms(WRONG_CODES_MS - 1, BOB), guesses.wait_ms(WRONG_CODES_MS, BOB)) == (1, 0)
    guesses.note(WRONG_CODES_MS, BOB)
    assert guesses.wait_ms(WRONG_CODES_MS, BOB) == 1000, "the next one leaves a second later"


def test_a_wrong_code_is_expensive() -> None:
    rate = 20
    sale = SmallSale(requests_per_s=rate)
    codes = [refused(sale, CAT, OTHER) for _ in range(2 * rate // (1 + WRONG_CODE_COST) + 2)]
    assert codes[-1] is RejectCode.SLOW_DOWN
    assert codes[:-1] == [RejectCode.WRONG_CODE] * (len(codes) - 1)


def test_the_operator_is_told_of_a_wrong_code() -> None:
    sale = SmallSale()
    sale.send(CAT, encode(Hello(id=1, versions=(PROTOCOL_VERSION,), name="Cat", code=OTHER)))
    assert sale.commit().names_rejected == [NameRejected(START_MS, "Cat", RejectCode.WRONG_CODE)]


# --- people without a key --------------------------------------------------------------------------------------------


def test_somebody_at_the_desk_is_told_once_bound() -> None:
    sale = at_the_desk()
    assert isinstance(sale.order(Tell(bidder="Ann", text="Your seat is 12.")), Done)
    sale.join(BOB, code=CODE)
    news = sale.ask(BOB, NewsRequest(id=2, after_seq=0))
    assert isinstance(news, News)
    assert [word.text for word in news.words] == ["Your seat is 12."]


def test_somebody_turned_out_at_the_desk_stays_out() -> None:
    sale = at_the_desk()
    assert isinstance(sale.order(Admit(bidder="1", admitted=False)), Done)
    answer = sale.hello(BOB, code=CODE)
    assert isinstance(answer, Rejected)
    assert (answer.code, answer.detail) == (RejectCode.NOT_ADMITTED, TURNED_OUT)
    assert not sale.house.may_hear(BOB)
    assert isinstance(sale.order(Admit(bidder="1")), Done)
    assert isinstance(sale.hello(BOB, code=CODE), Welcome)
    assert verify(enumerate(sale.record, 1)).mismatch is None


def test_nobody_s_connection_ends_when_a_paddle_without_a_key_is_turned_out() -> None:
    sale = at_the_desk()
    sale.house.admit(START_MS, "auctioneer", 1, admitted=False)
    assert sale.commit().turned_out == []


def test_the_reports_show_who_is_at_the_desk() -> None:
    sale = at_the_desk()
    add(sale, "Ben", 9)
    sale.join(CAT, "Cat")

    def report(name: str) -> list[dict[str, object]]:
        answer = sale.order(Ask(report=name))
        assert isinstance(answer, Report)
        rows: list[dict[str, object]] = answer.report
        return rows

    people = [(row["paddle"], row["name"], row["state"], row["key"]) for row in report("bidders")]
    assert people == [(1, "Ann", "at the desk", None), (9, "Ben", "at the desk", None), (10, "Cat", "admitted", CAT)]
    assert [row["code_expires_at_ms"] for row in report("paddles")] == [START_MS + HOUR_MS, None, None]
    status = sale.order(Ask(report="status"))
    assert isinstance(status, Report)
    assert (status.report["bidders"], status.report["at_the_desk"], status.report["waiting"]) == (3, 2, 0)
    sale.join(BOB, code=CODE)
    assert report("bidders")[0]["state"] == "admitted"
    assert report("paddles")[0]["code_expires_at_ms"] is None


# --- after a restart -------------------------------------------------------------------------------------------------


def rebuilt(sale: SmallSale, *, by_snapshot: bool) -> House:
    return sale.rebuilt(sale.house.snapshot(), len(sale.record)) if by_snapshot else sale.rebuilt()


@pytest.mark.parametrize("by_snapshot", [False, True])
def test_an_open_code_outlives_a_restart(*, by_snapshot: bool) -> None:
    sale = at_the_desk()
    add(sale, "Ben", 40)
    sale.order(Tell(bidder="Ann", text="Your seat is 12."))
    sale.house = rebuilt(sale, by_snapshot=by_snapshot)
    assert add(sale, "Cat") == 41
    assert refused(sale, CAT, OTHER) is RejectCode.WRONG_CODE
    assert sale.join(BOB, code=CODE).paddle == 1
    news = sale.ask(BOB, NewsRequest(id=2, after_seq=0))
    assert isinstance(news, News)
    assert len(news.words) == 1
    assert verify(enumerate(sale.record, 1)).mismatch is None


@pytest.mark.parametrize("by_snapshot", [False, True])
def test_a_used_code_and_a_replaced_one_stay_so_after_a_restart(*, by_snapshot: bool) -> None:
    sale = at_the_desk()
    add(sale, "Ben")
    issue(sale, "Ben", "BBBBBBBB")
    issue(sale, "Ben", "CCCCCCCC")
    sale.join(BOB, code=CODE)
    verdict = sale.ask(BOB, bid(2, 1000))
    sale.house = rebuilt(sale, by_snapshot=by_snapshot)
    assert [refused(sale, CAT, code) for code in (CODE, "BBBBBBBB")] == [RejectCode.WRONG_CODE] * 2
    assert isinstance(sale.hello(BOB, code=CODE), Welcome), "a repeat"
    assert isinstance(sale.ask(BOB, Ping(id=3)), Pong)
    assert sale.ask(BOB, bid(2, 1000)) == verdict
    assert sale.join(CAT, code="CCCCCCCC").paddle == 2


def test_a_code_is_valid_for_a_week_at_most() -> None:
    sale = SmallSale()
    add(sale)
    assert issue(sale, valid_ms=CODE_VALID_MS_MAX).expires_at_ms == START_MS + CODE_VALID_MS_MAX
    longer = IssueCode(bidder="Ann", code=CODE, valid_ms=CODE_VALID_MS_MAX + 1)
    assert code_of(sale.order(longer)) is RejectCode.MALFORMED


# --- several codes at once -------------------------------------------------------------------------------------------


def test_several_codes_are_issued_together_or_not_at_all() -> None:
    sale = SmallSale()
    for name in ("Ann", "Ben", "Cat"):
        add(sale, name)
    sale.join(ANN, "Dan")
    done = sale.order(IssueCodes(codes=(NewCode(1, CODE), NewCode(3, OTHER)), valid_ms=HOUR_MS), CLERK)
    assert isinstance(done, Done)
    assert done.expires_at_ms == START_MS + HOUR_MS
    assert [fact.paddle for fact in sale.record if isinstance(fact, CodeIssued)] == [1, 3]
    assert verify(enumerate(sale.record, 1)).mismatch is None
    before = len(sale.record)
    for codes in (
        (NewCode(2, "A2345678"), NewCode(9, "B2345678")),
        (NewCode(2, "A2345678"), NewCode(4, "B2345678")),
        (NewCode(2, "A2345678"), NewCode(2, "B2345678")),
        (NewCode(2, "A2345678"), NewCode(1, "A2345678")),
        (NewCode(2, "A2345678"), NewCode(1, "01345678")),
        (NewCode(2, "A2345678"), NewCode(1, OTHER)),
    ):
        assert isinstance(sale.order(IssueCodes(codes=codes, valid_ms=1)), Rejected), codes
    assert len(sale.record) == before


def test_the_most_codes_at_once() -> None:
    codes = tuple(NewCode(1 + number, CODE) for number in range(CODES_AT_ONCE_MAX + 1))
    assert "$.codes" in str(SmallSale().order(IssueCodes(codes=codes, valid_ms=1)))
    assert "$.codes" not in str(SmallSale().order(IssueCodes(codes=codes[1:], valid_ms=1)))


# --- a lost phone ----------------------------------------------------------------------------------------------------


def with_a_lost_phone() -> SmallSale:
    """Return a sale in which Ann (1) leads lot 1, and a code is out that replaces her key."""
    sale = SmallSale()
    sale.join(ANN, "Ann")
    assert isinstance(sale.ask(ANN, bid(5, 1000)), Accepted)
    done = sale.order(IssueCode(bidder="Ann", code=CODE, valid_ms=HOUR_MS, replaces_key=True), CLERK)
    assert isinstance(done, Done)
    return sale


def test_another_phone_takes_the_place_of_a_lost_one() -> None:
    sale = with_a_lost_phone()
    assert sale.house.may_hear(ANN), "until the code is shown nothing changes"
    assert isinstance(sale.ask(ANN, Ping(id=6)), Pong)
    hello = Hello(id=1, versions=(PROTOCOL_VERSION,), code=CODE)
    welcome = sale.send(BOB, encode(hello))
    assert isinstance(welcome, Welcome)
    assert (welcome.paddle, welcome.name, welcome.last_id) == (1, "Ann", 5)
    batch = sale.commit()
    assert batch.turned_out == [ANN]
    assert batch.facts == [KeyBound(at_ms=START_MS, paddle=1, key=BOB)]
    assert (sale.house.may_hear(ANN), sale.house.may_hear(BOB)) == (False, True)
    assert code_of(sale.ask(ANN, Ping(id=7))) is RejectCode.HELLO_FIRST
    assert code_of(sale.hello(ANN, "Ann")) is RejectCode.NAME_TAKEN
    assert refused(sale, ANN, CODE) is RejectCode.WRONG_CODE
    assert isinstance(sale.hello(BOB, code=CODE), Welcome), "a repeat"
    assert sale.house.engine.lots["1"].view.board.leader == 1, "the bid stands"
    assert isinstance(sale.ask(BOB, bid(6, 2000, "2")), Accepted)


def test_a_code_for_a_lost_phone_counts_once_too() -> None:
    sale = with_a_lost_phone()
    sale.join(BOB, code=CODE)
    assert refused(sale, CAT, CODE) is RejectCode.WRONG_CODE
    rebuilt, again = sale.rebuilt(), sale.rebuilt(sale.house.snapshot(), len(sale.record))
    assert rebuilt.register.entries == again.register.entries == sale.house.register.entries
    assert rebuilt.register.codes == again.register.codes == sale.house.register.codes
    for house in (rebuilt, again):
        assert (house.may_hear(ANN), house.register.by_key(ANN)) == (False, None)
        assert not house.register.may_bind(sale.now_ms, 1)
    assert verify(enumerate(sale.record, 1)).mismatch is None


def test_the_lost_phone_hears_no_more_words_to_its_bidder() -> None:
    sale = with_a_lost_phone()
    parked = sale.send(ANN, encode(NewsRequest(id=8, after_seq=0)))
    assert isinstance(parked, Parked)
    parked.routing_id = b"lost"
    sale.send(BOB, encode(Hello(id=1, versions=(PROTOCOL_VERSION,), code=CODE)))
    ((routing_id, answer),) = sale.commit().released
    assert (routing_id, answer.words) == (b"lost", ())
    assert isinstance(sale.order(Tell(bidder="Ann", text="Your lamp is ready")), Done)
    news = sale.ask(BOB, NewsRequest(id=9, after_seq=0))
    assert isinstance(news, News)
    assert [word.text for word in news.words] == ["Your lamp is ready"]


def test_a_lost_key_may_come_back_by_a_code_of_its_own() -> None:
    sale = with_a_lost_phone()
    sale.join(BOB, code=CODE)
    sale.order(IssueCode(bidder="Ann", code=OTHER, valid_ms=HOUR_MS, replaces_key=True), CLERK)
    assert sale.join(ANN, code=OTHER).paddle == 1
    assert not sale.house.may_hear(BOB)
    assert verify(enumerate(sale.record, 1)).mismatch is None


def test_only_a_key_that_is_there_is_replaced() -> None:
    sale = with_a_lost_phone()
    add(sale, "Ben")
    for bidder in ("Ben", "9"):
        command = IssueCode(bidder=bidder, code=OTHER, valid_ms=HOUR_MS, replaces_key=True)
        assert code_of(sale.order(command)) in (RejectCode.WRONG_STATE, RejectCode.UNKNOWN_BIDDER)
    assert code_of(sale.order(IssueCode(bidder="Ann", code=OTHER, valid_ms=HOUR_MS))) is RejectCode.WRONG_STATE
