"""Words to one bidder: each bidder's stream of them in the record, and the questions that wait for them.

- A word comes from a fact, which has its number in the bidder's own stream (`news_seq`). The last `NEWS_WORDS_MAX`
  words to each bidder are kept.
- A question for news is answered at once if there is a word after the one that the bidder has. Otherwise it waits until
  a word comes. After `NEWS_WAIT_MS` it is answered with no words. One question waits for each paddle.
- A second question of the same paddle replaces the first, which is answered with no words.
- A late answer is released into the batch of its word, so that it leaves once the word is durable.
"""

from collections import OrderedDict, deque
from collections.abc import Iterable
from typing import Final

from auctioneer.rules.engine import Engine
from auctioneer.rules.fact import Fact
from auctioneer.rules.facts import BidderAdmitted, BidderTold
from common.errors import StorageError
from common.limits import NEWS_WAIT_MS, NEWS_WORDS_MAX
from common.messages import News, NewsRequest, Word, WordKind

Released = tuple[bytes, News]
"""An answer to a question that waited, and the routing id that it goes to."""

_NO_WORDS: Final[deque[Word]] = deque()


class Parked:
    """A question that waits. The server sets `routing_id`, to which the answer will go, when it gets the question."""

    __slots__ = ("expires_ms", "paddle", "request_id", "routing_id")

    def __init__(self, paddle: int, request_id: int, expires_ms: int) -> None:
        self.paddle = paddle
        self.request_id = request_id
        self.expires_ms = expires_ms
        self.routing_id = b""


class BidderNews:
    """The words to all bidders, and the waiting questions, by paddle."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._words: dict[int, deque[Word]] = {}
        self._parked: OrderedDict[int, Parked] = OrderedDict()
        """In the order in which they expire. A plain dict looks past all that was deleted before its first entry."""
        self._released: list[Released] = []

    # --- words -----------------------------------------------------------------------------------------------------

    def next_seq(self, paddle: int) -> int:
        """Return the number of the next word to a bidder, from 1 on."""
        words = self._words.get(paddle)
        return words[-1].seq + 1 if words else 1

    def next_of(self, fact: Fact, paddle: int, kind: WordKind, text: str, by: str) -> BidderTold:
        """Return the next word to a bidder, about what a fact about a lot means to it."""
        return BidderTold(
            at_ms=fact.at_ms,
            lot=fact.lot,
            seq=fact.seq,
            paddle=paddle,
            news_seq=self.next_seq(paddle),
            text=text,
            by=by,
            kind=kind,
        )

    def apply(self, fact: BidderTold | BidderAdmitted) -> None:
        """Add a fact's word to the bidder's stream, and answer the question that waits for it.

        Raises StorageError if the word does not follow the one before it.
        """
        if fact.news_seq != self.next_seq(fact.paddle):
            raise StorageError(f"The record has word {fact.news_seq} to paddle {fact.paddle} out of order.")
        word = word_of(fact)
        self._words.setdefault(fact.paddle, deque(maxlen=NEWS_WORDS_MAX)).append(word)
        parked = self._parked.pop(fact.paddle, None)
        if parked is not None:
            self._release(parked, (word,))

    def kept(self, paddle: int) -> list[Word]:
        """Return the kept words to a bidder, for a snapshot."""
        return list(self._words.get(paddle, _NO_WORDS))

    def restore(self, paddle: int, words: Iterable[Word]) -> None:
        """Set the words to a bidder that a snapshot held."""
        restored = deque(words, NEWS_WORDS_MAX)
        if restored:
            self._words[paddle] = restored

    # --- questions -------------------------------------------------------------------------------------------------

    def ask(self, paddle: int, request: NewsRequest, now_ms: int) -> News | Parked:
        """Answer a bidder's question, or let it wait, in place of an earlier one."""
        self.let_go(paddle)
        words = self._after(paddle, request.after_seq)
        if words:
            return News(id=request.id, epoch=self._engine.epoch, words=words)
        parked = self._parked[paddle] = Parked(paddle, request.id, now_ms + NEWS_WAIT_MS)
        return parked

    def let_go(self, paddle: int) -> None:
        """Answer the question that waits for a bidder, without words: another key asks from now on."""
        parked = self._parked.pop(paddle, None)
        if parked is not None:
            self._release(parked)

    @property
    def next_deadline_ms(self) -> int | None:
        """The server time at which the first waiting question must be answered; None if none waits."""
        return next(iter(self._parked.values())).expires_ms if self._parked else None

    def expire(self, now_ms: int) -> None:
        """Answer the questions that have waited long enough."""
        while (parked := next(iter(self._parked.values()), None)) is not None and parked.expires_ms <= now_ms:
            del self._parked[parked.paddle]
            self._release(parked)

    def release_all(self) -> None:
        """Answer all waiting questions with no words, since this house will not answer again."""
        for parked in self._parked.values():
            self._release(parked)
        self._parked.clear()

    def pop_released(self) -> list[Released]:
        """Return the late answers since the last call; they leave with the batch."""
        released, self._released = self._released, []
        return released

    def _after(self, paddle: int, seq: int) -> tuple[Word, ...]:
        return tuple(word for word in self._words.get(paddle, _NO_WORDS) if word.seq > seq)

    def _release(self, parked: Parked, words: tuple[Word, ...] = ()) -> None:
        self._released.append((parked.routing_id, News(id=parked.request_id, epoch=self._engine.epoch, words=words)))


def word_of(fact: BidderTold | BidderAdmitted) -> Word:
    """Return the word that a fact is to one bidder."""
    if isinstance(fact, BidderTold):
        return Word(fact.news_seq, fact.at_ms, fact.kind, fact.text, fact.lot)
    return Word(fact.news_seq, fact.at_ms, WordKind.ADMITTED if fact.admitted else WordKind.TURNED_OUT)
