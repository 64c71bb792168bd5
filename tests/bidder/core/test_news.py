"""What the house says to one bidder alone: asked for again and again, told once each, and none is missed."""

import pytest

from bidder.core.desk import Desk
from bidder.core.effects import Send
from bidder.core.news import ASK_AGAIN_MS, UNANSWERED_MS
from bidder.core.notices import Told
from bidder.core.pending import Pending
from common.codec import decode_request, encode
from common.errors import RejectCode
from common.limits import NEWS_WAIT_MS, NEWS_WORDS_MAX
from common.lot import LotView
from common.messages import (
    Accepted,
    Answer,
    AnyRequest,
    Hello,
    News,
    NewsRequest,
    Rejected,
    Role,
    Welcome,
    Word,
    WordKind,
)
from tests.bidder.core.small_house import SmallHouse

KEY = "bea's key"


def said(seq: int, text: str = "") -> Word:
    return Word(seq, 5, WordKind.MESSAGE, text or f"word {seq}")


class Asking:
    """A desk at a house that answers all but the questions for news, which the test answers."""

    def __init__(self, role: Role = Role.BIDDER) -> None:
        self.house = SmallHouse()
        self.now_ms = 1_000_000
        self.questions: list[NewsRequest] = []
        self.asked_ms: list[int] = []
        self.told: list[Told] = []
        self.hellos = 0
        self.desk = Desk(
            Hello(id=1, versions=(1,), name="Bea", role=role),
            self,
            self.view,
            now_ms=self.now_ms,
            now_us=1_700_000_000_000_000,
            entropy=lambda size: b"\x80" * size,
        )
        self.connect()

    def view(self, lot: str) -> LotView | None:
        return self.house.lots.get(lot)

    def welcomed(self, welcome: Welcome, known: Welcome | None, hello: Pending, now_ms: int) -> None:
        """Note nothing: the follower is elsewhere."""

    def answered(self, answer: Answer, asked: Pending, now_ms: int) -> None:
        raise AssertionError(f"{answer} to {asked.request} at {now_ms}")

    def refused(self, answer: Rejected, now_ms: int) -> None:
        raise AssertionError(f"{answer} at {now_ms}")

    def accepted(self, verdict: Accepted) -> None:
        raise AssertionError(f"{verdict}, and no offer was made")

    def is_outdated(self, welcome: Welcome) -> bool:
        return welcome.epoch < 1

    def is_history(self, sale: str, epoch: int) -> bool:
        return bool(sale and epoch)

    def connect(self) -> None:
        self.desk.connected(self.now_ms)
        self.settle()

    def settle(self) -> None:
        while effects := self.desk.pop_effects():
            for effect in effects:
                if isinstance(effect, Told):
                    self.told.append(effect)
                elif isinstance(effect, Send):
                    self._carry(decode_request(effect.body))

    def _carry(self, request: AnyRequest) -> None:
        if isinstance(request, NewsRequest):
            self.questions.append(request)
            self.asked_ms.append(self.now_ms)
            return
        self.hellos += isinstance(request, Hello)
        answer = self.house.answer(KEY, request)
        if answer is not None:
            self.receive(answer)

    def receive(self, answer: Answer) -> None:
        self.desk.answer_received(encode(answer), self.now_ms)
        self.desk.tick(self.now_ms)
        self.settle()

    def answer(self, *words: Word, epoch: int = 1) -> None:
        """Answer the question that is on its way."""
        self.receive(News(id=self.questions[-1].id, epoch=epoch, words=words))

    def reject(self, code: RejectCode, retry_ms: int | None = None) -> None:
        self.receive(Rejected(id=self.questions[-1].id, code=code, retry_ms=retry_ms))

    def run(self, milliseconds: int) -> None:
        """Let time pass, and ring when the desk wants it."""
        until_ms = self.now_ms + milliseconds
        while (deadline_ms := self.desk.next_deadline_ms) is not None and deadline_ms <= until_ms:
            self.now_ms = max(self.now_ms, deadline_ms)
            self.desk.tick(self.now_ms)
            self.settle()
        self.now_ms = until_ms
        self.desk.tick(self.now_ms)
        self.settle()


def test_it_asks_once_it_is_welcome_and_again_after_each_answer() -> None:
    bea = Asking()
    assert [question.after_seq for question in bea.questions] == [0]
    bea.answer(said(1), said(2))
    assert [told.word for told in bea.told] == [said(1), said(2)]
    bea.run(ASK_AGAIN_MS)
    assert [question.after_seq for question in bea.questions] == [0, 2]
    bea.run(7000)
    bea.answer(said(3))
    bea.run(ASK_AGAIN_MS)
    assert [question.after_seq for question in bea.questions] == [0, 2, 3]
    assert [told.missing for told in bea.told] == [0, 0, 0]
    assert list(bea.desk.news.words) == [said(1), said(2), said(3)]
    ids = [question.id for question in bea.questions]
    assert ids == sorted(set(ids))


def test_one_question_is_on_its_way_and_after_none_in_time_the_next_follows() -> None:
    bea = Asking()
    bea.run(NEWS_WAIT_MS)
    assert len(bea.questions) == 1
    bea.answer()
    bea.run(ASK_AGAIN_MS)
    assert [question.after_seq for question in bea.questions] == [0, 0]
    assert bea.told == []


def test_an_early_answer_without_words_is_that_of_another_program_with_the_key() -> None:
    bea = Asking()
    bea.run(2000)
    bea.answer()
    bea.run(NEWS_WAIT_MS - 2001)
    assert len(bea.questions) == 1
    bea.run(1)
    assert len(bea.questions) == 2


def test_a_question_without_an_answer_is_asked_again() -> None:
    bea = Asking()
    bea.run(UNANSWERED_MS - 1)
    assert len(bea.questions) == 1
    bea.run(1)
    assert len(bea.questions) == 2
    late = News(id=bea.questions[0].id, epoch=1, words=(said(1),))
    bea.receive(late)
    assert bea.told == [], "the answer to the second has it too"
    bea.answer(said(1))
    assert [told.word.seq for told in bea.told] == [1]


def test_a_new_connection_asks_from_the_last_word_on() -> None:
    bea = Asking()
    bea.answer(said(1))
    bea.run(1000)
    bea.connect()
    assert [question.after_seq for question in bea.questions] == [0, 1, 1]
    bea.answer(said(1), said(2))
    assert [told.word.seq for told in bea.told] == [1, 2], "none is told twice"


def test_words_that_are_kept_no_longer_are_counted() -> None:
    bea = Asking()
    bea.answer(said(1))
    bea.run(ASK_AGAIN_MS)
    bea.answer(*(said(seq) for seq in range(10, 10 + NEWS_WORDS_MAX)))
    assert [told.missing for told in bea.told] == [0, 8, *[0] * (NEWS_WORDS_MAX - 1)]
    assert len(bea.desk.news.words) == NEWS_WORDS_MAX


@pytest.mark.parametrize("other", ["epoch", "sale"])
def test_another_history_has_other_words(other: str) -> None:
    bea = Asking()
    bea.answer(said(1), said(2))
    if other == "epoch":
        bea.house.epoch = 2
    else:
        bea.house.hold_another_sale(1)
    bea.run(1000)
    bea.connect()
    assert bea.questions[-1].after_seq == 0
    assert not bea.desk.news.words
    bea.answer(said(1, "of the new history"), epoch=bea.house.epoch)
    assert bea.told[-1] == Told(bea.house.epoch, said(1, "of the new history"), 0)


def test_news_of_another_epoch_makes_the_desk_say_hello() -> None:
    bea = Asking()
    hellos = bea.hellos
    bea.run(2000)
    bea.answer(said(1), epoch=2)
    assert bea.told == []
    assert bea.hellos == hellos + 1
    assert len(bea.questions) == 2, "it asks again by the new welcome"


@pytest.mark.parametrize("code", [RejectCode.UNAVAILABLE, RejectCode.SLOW_DOWN])
def test_a_question_that_was_put_off_is_asked_later(code: RejectCode) -> None:
    bea = Asking()
    bea.reject(code, retry_ms=700)
    bea.run(500)
    assert len(bea.questions) == 1
    bea.run(1000)
    assert len(bea.questions) == 2


def test_who_is_turned_out_hears_of_it_and_asks_no_more() -> None:
    bea = Asking()
    bea.answer(Word(1, 5, WordKind.TURNED_OUT))
    bea.house.hello_answer = RejectCode.NOT_ADMITTED
    bea.run(ASK_AGAIN_MS)
    bea.reject(RejectCode.NOT_ADMITTED)
    bea.run(2 * UNANSWERED_MS)
    assert [told.word.kind for told in bea.told] == [WordKind.TURNED_OUT]
    assert len(bea.questions) == 2
    assert bea.desk.rejection is not None
    assert bea.desk.rejection.code is RejectCode.NOT_ADMITTED


def test_an_observer_asks_for_none() -> None:
    eve = Asking(Role.OBSERVER)
    eve.run(2 * UNANSWERED_MS)
    assert eve.questions == []


@pytest.mark.parametrize("code", [RejectCode.FORBIDDEN, RejectCode.MALFORMED])
def test_a_house_that_gives_no_news_is_asked_no_more(code: RejectCode) -> None:
    bea = Asking()
    bea.reject(code)
    bea.run(2 * UNANSWERED_MS)
    assert len(bea.questions) == 1


def test_however_fast_a_house_answers_it_is_asked_at_a_bounded_rate() -> None:
    bea = Asking()
    for seq in range(1, 200):
        bea.answer(said(seq))
        bea.run(10)
    assert len(bea.questions) <= 200 * 10 // ASK_AGAIN_MS + 1


def test_who_leads_again_pings_since_the_maximum_may_end_with_silence() -> None:
    bea = Asking()
    bea.answer(Word(1, 5, WordKind.OFFER_VOID, lot="1"))
    assert bea.desk.presence.next_ms is None
    bea.now_ms += ASK_AGAIN_MS
    bea.desk.tick(bea.now_ms)
    bea.settle()
    bea.answer(Word(2, 6, WordKind.LEAD_BACK, lot="1"))
    assert bea.desk.presence.next_ms is not None
