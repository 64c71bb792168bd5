"""The house's words to one bidder alone. The desk asks for them, and the house answers when it has some. No IO.

While the bidder is welcome, one question at a time waits for an answer. It names the last word that came, so that no
word is missed and none is told twice. Rules:

- After an answer with words the next question follows at once. After an answer without words it follows when the
  house's waiting time is over. An empty answer before that time shows that another program asks with this key; if both
  asked at once, each would only end the other's question.
- The desk repeats a question that has no answer in the house's waiting time. It also repeats the open question after a
  new connection.
- Another epoch or another sale has its own words, from the first on.
"""

from collections import deque
from collections.abc import Callable
from typing import Final

from bidder.core.notices import Told
from bidder.core.pending import RESEND_MAX_MS, RESEND_MS, Jitter
from common.errors import RejectCode
from common.limits import NEWS_WAIT_MS, NEWS_WORDS_MAX
from common.messages import News, NewsRequest, Rejected, Role, Welcome, Word

UNANSWERED_MS: Final = NEWS_WAIT_MS + 5000
"""The question or its answer counts as lost after this time."""
ASK_AGAIN_MS: Final = 50
"""The least pause between two questions, whatever the house answers."""


class WordsToBidder:
    """The words that one desk has heard, and its question. Methods take the time and return what to send."""

    def __init__(self, new_id: Callable[[int], int], jitter: Jitter) -> None:
        self.words: deque[Word] = deque(maxlen=NEWS_WORDS_MAX)
        """The last words that came, in order."""
        self.next_ms: int | None = None
        """When the question is due; None if the bidder can get no news."""
        self._new_id = new_id
        self._jitter = jitter
        self._history: tuple[str, int] | None = None
        self._last_seq = 0
        self._request_id = 0
        self._sent_ms = 0

    def read_welcome(self, welcome: Welcome, now_ms: int) -> None:
        """Ask at once: the house may be another one, or the last question may be lost. Observers have no news."""
        history = welcome.sale.sale, welcome.epoch
        if history != self._history:
            self._history = history
            self._last_seq = 0
            self.words.clear()
        self._request_id = 0
        self.next_ms = now_ms if welcome.role is Role.BIDDER else None

    def question(self, now_ms: int) -> NewsRequest | None:
        """Return the question if it is due, and count it as sent."""
        if self.next_ms is None or now_ms < self.next_ms:
            return None
        self._request_id = self._new_id(now_ms)
        self._sent_ms = now_ms
        self.next_ms = now_ms + UNANSWERED_MS
        return NewsRequest(id=self._request_id, after_seq=self._last_seq)

    def is_asked(self, request_id: int) -> bool:
        """Return whether the unanswered question has this id."""
        return request_id == self._request_id

    def read(self, answer: News, now_ms: int) -> list[Told]:
        """Return the new words of an answer. The caller must ensure that it has the epoch of the welcome."""
        if not self.is_asked(answer.id):
            return []
        self._request_id = 0
        told = []
        for word in answer.words:
            if word.seq > self._last_seq:
                told.append(Told(answer.epoch, word, word.seq - self._last_seq - 1))
                self._last_seq = word.seq
                self.words.append(word)
        self.next_ms = max(now_ms + ASK_AGAIN_MS, 0 if told else self._sent_ms + NEWS_WAIT_MS)
        return told

    def read_rejected(self, answer: Rejected, now_ms: int) -> None:
        """Put the next question off if the house put this one off. After any other rejection, ask no more."""
        self._request_id = 0
        if answer.code not in (RejectCode.UNAVAILABLE, RejectCode.SLOW_DOWN):
            self.next_ms = None
            return
        pause_ms = min(max(answer.retry_ms or RESEND_MS, ASK_AGAIN_MS), RESEND_MAX_MS)
        self.next_ms = now_ms + self._jitter(pause_ms)
