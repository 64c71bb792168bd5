"""One bidder's requests. A desk sends each of them, over any number of connections, until it has a verdict. No IO.

A desk owns the hello of its key, the paddle that the house gave to the key, the unanswered requests and the last id.
An input (a connection, an answer, time, a request of the application) changes the desk and leaves effects. After each
input the shell must take the effects with `pop_effects` and carry them out in order. It must call `tick` at
`next_deadline_ms`. Times are milliseconds of any steady clock. Rules:

- Each connection begins with hello, because the house may be another process, or may know the client by its connection
  only. Other requests wait for the welcome. Then they go out (again) at once, with the same id and bytes.
- Only `welcome` says which sale and epoch count. A desk tells its listener about each welcome, and resets only its own
  requests. A request made in one sale is never sent to another sale, which a house with the same key may hold.
- Where the house wants the bidder to accept conditions, the desk asks for them and ends with them in `conditions`: a
  person has to accept them.
- An offer without a verdict at its deadline is `Unanswered`. The desk never drops it silently.
- A verdict may belong to a history that the follower does not hold yet. The desk then holds the verdict until the
  follower has that history, or until the request's deadline: earlier, the application would read it in the wrong
  history.
- The desk asks for the house's words to this bidder as long as the bidder is welcome (`bidder.core.news`).
- The desk pings only while a `while_connected` maximum of its bidder leads and the bidder's person is there.

A follower can ask its questions over a desk (`bidder.core.follower`) and gets the answers to them.
"""

from collections.abc import Callable, Iterable
from typing import Final, Protocol

from msgspec.structs import replace

from bidder.core.effects import Effect, Outcome, Send, Settled, Unanswered
from bidder.core.news import WordsToBidder
from bidder.core.notices import Joined
from bidder.core.pending import RETRY_MIN_MS, Pending, PendingRequests
from bidder.core.presence import Presence, Views
from common.codec import decode_answer, encode
from common.conditions import digest_of
from common.errors import ProtocolError, RejectCode, UsageError
from common.formats import AnyOffer
from common.limits import INTEGER_MAX, REMEMBERED_REQUESTS_MAX
from common.messages import (
    Accepted,
    Answer,
    AnyRequest,
    Conditions,
    ConditionsRequest,
    Hello,
    LotRequest,
    Mine,
    MineRequest,
    News,
    Ping,
    Pong,
    Rejected,
    Replay,
    ReplayRequest,
    Snapshot,
    SnapshotRequest,
    Welcome,
    WordKind,
)
from common.wire import OfferRequest, Request

APPROVAL_MS: Final = 2000
"""The pause between hellos while the bidder awaits approval, if the house names no other pause."""
APPROVAL_MAX_MS: Final = 60_000
"""The longest pause between these hellos, even if the house names a longer one."""
GREET_AGAIN_MS: Final = 1000
"""The least pause before a hello in reply to an odd message, so that house and client can't chase each other."""

ID_ROOM: Final = 2**48
"""New ids continue above a known id only if this many are left above it: nine years of microseconds."""

Entropy = Callable[[int], bytes]
"""Takes a number and returns that many random bytes, as `os.urandom` does."""

_NOT_TAKEN_UP: Final = frozenset({RejectCode.UNAVAILABLE, RejectCode.SLOW_DOWN})
_NOT_IN: Final = frozenset({RejectCode.HELLO_FIRST, RejectCode.NOT_ADMITTED, RejectCode.AWAITING_APPROVAL})

_ANSWERS_TO: Final[dict[type[Answer], tuple[type[Request], ...]]] = {
    Pong: (Ping,),
    Snapshot: (SnapshotRequest, LotRequest),
    Replay: (ReplayRequest,),
    Accepted: (OfferRequest,),
    Mine: (MineRequest,),
}


class Listener(Protocol):
    """Hears what a desk learns from its house. In a client this is the session, which has the follower."""

    def welcomed(self, welcome: Welcome, known: Welcome | None, hello: Pending, now_ms: int) -> None:
        """Note the house's answer to a hello; `known` is the one before. The desk has settled the requests it ends."""

    def answered(self, answer: Pong | Snapshot | Replay, asked: Pending, now_ms: int) -> None:
        """Read the answer to a follower's question. Raises ProtocolError."""

    def refused(self, answer: Rejected, now_ms: int) -> None:
        """Read the rejection of a follower's question. Raises ProtocolError."""

    def accepted(self, verdict: Accepted) -> None:
        """Note that the house accepted an offer of this desk."""

    def is_outdated(self, welcome: Welcome) -> bool:
        """Return whether the follower knows a later owner of this sale than the house that sent this welcome."""

    def is_history(self, sale: str, epoch: int) -> bool:
        """Return whether the follower holds this sale in this epoch."""


class Desk:
    """One key's requests to one house, over any number of connections.

    `hello` introduces the bidder; the desk replaces its id. `now_us` is the time of day at `now_ms`, in microseconds
    since 1970. Request ids follow it, so that they rise even across runs and programs that share a key. If that clock
    is behind, ids continue above `last_id`, the highest that the key is known to have used (0: none), and above the
    highest that the house remembers. `views` returns the lots as the follower has them.
    """

    def __init__(
        self,
        hello: Hello,
        listener: Listener,
        views: Views,
        *,
        now_ms: int,
        now_us: int,
        entropy: Entropy,
        last_id: int = 0,
    ) -> None:
        self.welcome: Welcome | None = None
        self.rejection: Rejected | None = None
        self.conditions: Conditions | None = None
        """The conditions of the sale, if the house refused this bidder for not accepting them."""
        self.awaiting: Rejected | None = None
        """The last answer to hello while the auctioneer has not admitted the bidder yet; else None."""
        self.is_welcome = False
        """Whether the house has answered hello on this connection."""
        self.served_ms = now_ms
        """When the house last answered anything but `unavailable`; the start before that."""
        self.presence = Presence(views)
        self._introduction = hello
        self._listener = listener
        self._id_offset_us = now_us - now_ms * 1000
        self._last_id = 0
        self._last_ticket = 0
        self._entropy = entropy
        self._pending = PendingRequests(self.jitter)
        self.news = WordsToBidder(self.new_request_id, self.jitter)
        """The words of the house to this bidder alone."""
        self._held: list[tuple[Pending, Outcome]] = []
        self._effects: list[Effect] = []
        self._hello: Pending | None = None
        """A hello without an answer; after `conditions_not_accepted` the question for the conditions in its place."""
        self._next_greeting_ms = now_ms
        self._go_on_above(last_id, now_ms)

    @property
    def paddle(self) -> int:
        """The bidder's number in this sale; 0 before the first welcome, and of an observer."""
        return 0 if self.welcome is None else self.welcome.paddle

    @property
    def is_greeting(self) -> bool:
        """Whether a hello has no answer yet. Its answer will count for the connection that carried it."""
        return self._hello is not None

    # --- for the shell ----------------------------------------------------------------------------------------------

    def pop_effects(self) -> list[Effect]:
        """Return the effects since the last call, in order."""
        effects, self._effects = self._effects, []
        return effects

    @property
    def next_deadline_ms(self) -> int | None:
        """When the shell must call `tick` next; None if only input can change anything."""
        if self.rejection is not None:
            return None
        moments = [
            None if self._hello is None else max(self._hello.next_ms, self._pending.resume_ms),
            self._pending.next_deadline_ms(may_send=self.is_welcome),
            self.presence.next_ms if self.is_welcome else None,
            self._news_ms,
            *(pending.deadline_ms for pending, _ in self._held),
        ]
        return min((moment for moment in moments if moment is not None), default=None)

    @property
    def _news_ms(self) -> int | None:
        """When the question for news is due; None if none is due, or if other requests go first."""
        if not self.is_welcome or self.news.next_ms is None or self._pending.is_slowed:
            return None
        return max(self.news.next_ms, self._pending.resume_ms)

    def tick(self, now_ms: int) -> None:
        """Do what is due now. An early or late call is harmless."""
        if self.rejection is not None:
            return
        for pending in self._pending.pop_expired(now_ms):
            self._give_up(pending)
        if self._held:
            self._tell_held(now_ms)
        if self._hello is not None and max(self._hello.next_ms, self._pending.resume_ms) <= now_ms:
            self._effects.append(Send(self._pending.send(self._hello, now_ms)))
            self.presence.note_sent(now_ms)
        if not self.is_welcome:
            return
        bodies = self._pending.send_due(now_ms)
        if not bodies and self.presence.is_ping_due(now_ms, self.paddle):
            self.ping(now_ms)
            bodies = self._pending.send_due(now_ms)
        if self._news_ms is not None and self._news_ms <= now_ms:
            question = self.news.question(now_ms)
            assert question is not None, "it was due"
            bodies.append(encode(question))
        if bodies:
            self._effects += [Send(body) for body in bodies]
            self.presence.note_sent(now_ms)

    def connected(self, now_ms: int) -> None:
        """Note that the request path is up, the first time or again. Earlier requests may never have arrived.

        Requests that were about to go out wait for the welcome, because this may be another sale.
        """
        self._effects = [effect for effect in self._effects if not isinstance(effect, Send)]
        self.is_welcome = False
        self._hello = None
        self._greet(now_ms)
        self.tick(now_ms)

    def answer_received(self, body: bytes, now_ms: int) -> None:
        """Take one body from the request path; the caller then calls `tick`. Raises ProtocolError."""
        answer = decode_answer(body)
        if not self._is_no_service(answer):
            self.served_ms = now_ms
        match answer:
            case Accepted() | Mine():
                asked = self._pop_pending(answer)
                if asked is not None:
                    self._settle(asked, answer)
            case Rejected():
                self._read_rejected(answer, now_ms)
            case Pong() | Snapshot() | Replay():
                asked = self._pop_pending(answer)
                if asked is not None:
                    self._listener.answered(answer, asked, now_ms)
            case News():
                self._read_news(answer, now_ms)
            case Welcome():
                self._read_welcome(answer, now_ms)
            case Conditions():
                self._read_conditions(answer, now_ms)

    def _is_no_service(self, answer: Answer) -> bool:
        """Return whether an answer shows that this house does not hold the sale, at least not now."""
        if isinstance(answer, Welcome):
            return self._listener.is_outdated(answer)
        return isinstance(answer, Rejected) and answer.code is RejectCode.UNAVAILABLE

    # --- for the application ----------------------------------------------------------------------------------------

    def new_request_id(self, now_ms: int) -> int:
        """Return an unused request id. It follows the time of day, and is larger than all ids before."""
        self._last_id = min(max(self._last_id + 1, now_ms * 1000 + self._id_offset_us), INTEGER_MAX)
        return self._last_id

    def _go_on_above(self, last_id: int, now_ms: int) -> None:
        """Continue ids above one that the key has used, if the clock is behind it.

        A random gap keeps two machines that share a key from choosing the same ids. An id near the largest possible
        one leaves no room above it; then only the clock counts.
        """
        if self.new_request_id(now_ms) <= last_id <= INTEGER_MAX - ID_ROOM:
            self._last_id = last_id + int.from_bytes(self._entropy(2))

    def submit(
        self,
        request: AnyOffer | MineRequest,
        now_ms: int,
        timeout_ms: int,
        *,
        may_renew_id: bool = False,
    ) -> int:
        """Send a request until it has an outcome; return the ticket that `Settled` will name. Call `tick` after it.

        `may_renew_id` says that nobody knows the request by its id yet. If the house then calls the id stale, and has
        certainly decided nothing, the desk sends the request again under a higher id, which the outcome names.

        A repeated request that has no answer yet waits for the same verdict. Raises UsageError if another unanswered
        request has this id, or if too many requests wait for an answer.
        """
        self._last_ticket += 1
        ticket, deadline_ms = self._last_ticket, now_ms + timeout_ms
        if self.rejection is not None:
            self._effects.append(Settled(ticket, replace(self.rejection, id=request.id)))
            return ticket
        known = self._pending.get(request.id)
        if known is not None:
            if known.request != request:
                raise UsageError("This request id belongs to another request, which has no answer yet.")
            known.tickets.append(ticket)
            known.may_renew_id = False
            known.deadline_ms = max(known.deadline_ms or 0, deadline_ms)
            return ticket
        if sum(bool(pending.tickets) for pending in self._pending) >= REMEMBERED_REQUESTS_MAX:
            raise UsageError(f"{REMEMBERED_REQUESTS_MAX} requests wait for an answer; wait for one of them first.")
        self._last_id = max(self._last_id, request.id)
        self.presence.note_asked(request)
        self._pending.add(Pending(request, now_ms, deadline_ms, ticket, may_renew_id=may_renew_id))
        return ticket

    # --- hello ------------------------------------------------------------------------------------------------------

    def _greet(self, now_ms: int, pause_ms: int = 0) -> None:
        """Send hello, unless one has no answer yet."""
        if self._hello is None:
            request = replace(self._introduction, id=self.new_request_id(now_ms))
            self._hello = Pending(request, now_ms + pause_ms, None, None)

    def greet(self, now_ms: int) -> None:
        """Send hello at once, because the house has been silent for long."""
        self._greet(now_ms)

    def greet_again(self, now_ms: int) -> None:
        """Send hello because a message does not fit: only the welcome says what counts now."""
        self._greet(now_ms, max(0, self._next_greeting_ms - now_ms))

    def _read_welcome(self, answer: Welcome, now_ms: int) -> None:
        hello = self._hello
        if hello is None or answer.id != hello.request.id:
            return
        if answer.version not in self._introduction.versions:
            raise ProtocolError(f"The house chose version {answer.version}, which this client did not offer.")
        if self._listener.is_outdated(answer):
            return  # the desk repeats hello until the sale's owner answers it
        known, self.welcome = self.welcome, answer
        self._hello, self.awaiting, self.is_welcome = None, None, True
        self._next_greeting_ms = now_ms + GREET_AGAIN_MS
        self._effects.append(Joined(answer))
        if known is not None and known.sale.sale != answer.sale.sale:
            self._leave_sale()
        self._go_on_above(answer.last_id, now_ms)
        self._pending.renew_stale(lambda: self.new_request_id(now_ms), now_ms)
        self._pending.hurry(now_ms)
        self.news.read_welcome(answer, now_ms)
        self._listener.welcomed(answer, known, hello, now_ms)

    def _leave_sale(self) -> None:
        """Give up the application's requests of another sale: there, the same number names another lot."""
        self.presence.forget()
        for pending in list(self._pending):
            if pending.tickets:
                self._pending.remove(pending.request.id)
                self._settle(pending, Unanswered(pending.request.id, may_count=not pending.is_undecided))

    def _read_hello_rejected(self, answer: Rejected, hello: Pending, now_ms: int) -> None:
        if answer.code in _NOT_TAKEN_UP or answer.code is RejectCode.AWAITING_APPROVAL:
            self.awaiting = answer if answer.code is RejectCode.AWAITING_APPROVAL else self.awaiting
            self.is_welcome = self.is_welcome and self.awaiting is None
            if answer.code is RejectCode.SLOW_DOWN:
                self._pending.slow_down(answer.retry_ms, now_ms)
                hello.next_ms = now_ms
            else:
                pause_ms = min(max(answer.retry_ms or APPROVAL_MS, RETRY_MIN_MS), APPROVAL_MAX_MS)
                hello.next_ms = now_ms + self.jitter(pause_ms)
            return
        self.is_welcome = False
        if answer.code is RejectCode.CONDITIONS_NOT_ACCEPTED:
            self._hello = Pending(ConditionsRequest(id=self.new_request_id(now_ms)), now_ms, None, None)
            return
        self._refuse(answer)

    def _read_conditions(self, answer: Conditions, now_ms: int) -> None:
        """End with the conditions in hand; if they are those that hello accepts, or none, say hello again."""
        asked = self._hello
        if asked is None or answer.id != asked.request.id:
            return
        if answer.digest != digest_of(answer.text):
            raise ProtocolError("The house sent conditions that its digest does not name.")
        if answer.digest in ("", self._introduction.accepts):
            self._hello, self._next_greeting_ms = None, now_ms + GREET_AGAIN_MS
            self.greet_again(now_ms)
            return
        self.conditions = answer
        self._refuse(Rejected(id=answer.id, code=RejectCode.CONDITIONS_NOT_ACCEPTED))

    def _refuse(self, answer: Rejected) -> None:
        """Settle all requests: the house does not let this bidder in."""
        self.rejection = answer
        self._hello, self.is_welcome = None, False
        for pending in list(self._pending):
            self._pending.remove(pending.request.id)
            if pending.is_undecided:
                self._settle(pending, replace(answer, id=pending.request.id))
            else:
                self._give_up(pending)
        self._tell_all_held()

    # --- requests ---------------------------------------------------------------------------------------------------

    def ask(self, request: AnyRequest, now_ms: int) -> None:
        """Send a follower's question until it is answered."""
        self._pending.add(Pending(request, now_ms, None, None))

    def withdraw(self, *types: type[Request]) -> None:
        """Stop sending the follower's questions of these types."""
        for pending in list(self._pending):
            if isinstance(pending.request, types):
                self._pending.remove(pending.request.id)

    def ping(self, now_ms: int) -> None:
        """Ask for the house's time, which also shows that the bidder is there. Replaces an unanswered ping."""
        self.withdraw(Ping)
        self.ask(Ping(id=self.new_request_id(now_ms)), now_ms)

    def _read_news(self, answer: News, now_ms: int) -> None:
        """Tell the house's words to the bidder. After words of another epoch, send hello: the welcome asks again."""
        if self.welcome is not None and answer.epoch == self.welcome.epoch:
            told = self.news.read(answer, now_ms)
            for one in told:
                if one.word.kind is WordKind.LEAD_BACK:
                    self.presence.note_leads(one.word.lot)
            self._effects += told
        elif self.news.is_asked(answer.id):
            self.greet_again(now_ms)

    def _read_news_rejected(self, answer: Rejected, now_ms: int) -> None:
        self.news.read_rejected(answer, now_ms)
        if answer.code is RejectCode.SLOW_DOWN:
            self._pending.slow_down(answer.retry_ms, now_ms)
        elif answer.code in _NOT_IN:
            self.is_welcome = False
            self.greet_again(now_ms)

    def _pop_pending(self, answer: Answer) -> Pending | None:
        """Return the request that `answer` answers; None for a second answer to the same request."""
        pending = self._pending.get(answer.id)
        if pending is None:
            return None
        if not isinstance(pending.request, _ANSWERS_TO[type(answer)]):
            raise ProtocolError("The house answered a request with something that is no answer to it.")
        return self._pending.remove(answer.id)

    def _read_rejected(self, answer: Rejected, now_ms: int) -> None:
        if self._hello is not None and answer.id == self._hello.request.id:
            self._read_hello_rejected(answer, self._hello, now_ms)
            return
        if answer.id == 0 and answer.code not in _NOT_TAKEN_UP:
            raise ProtocolError(f"The house could not read a request of this client: {answer.detail or answer.code}.")
        if self.news.is_asked(answer.id):
            self._read_news_rejected(answer, now_ms)
            return
        pending = self._pending.get(answer.id)
        if pending is None:
            return
        is_not_in = answer.code is RejectCode.HELLO_FIRST or (answer.code in _NOT_IN and not pending.tickets)
        if is_not_in or answer.code in _NOT_TAKEN_UP:
            self._pending.decline(answer.id, answer, now_ms)
            if is_not_in:
                self.is_welcome = False
                self.greet_again(now_ms)
            return
        if answer.code is RejectCode.ID_STALE and pending.may_be_renewed:
            self._pending.put_aside(answer)
            self.greet_again(now_ms)
            return
        self._pending.remove(answer.id)
        if pending.tickets:
            self._settle(pending, answer)
        else:
            self._listener.refused(answer, now_ms)

    def _give_up(self, pending: Pending) -> None:
        """Settle a request at its deadline. If the house only ever put it off, that rejection is the outcome."""
        request_id, declined = pending.request.id, pending.last_declined
        if pending.is_undecided and declined is not None and declined.code in _NOT_TAKEN_UP:
            self._tell(pending, declined)
        else:
            self._tell(pending, Unanswered(request_id, may_count=not pending.is_undecided))

    def _settle(self, pending: Pending, outcome: Outcome) -> None:
        """Tell an outcome, or hold it until the follower has its history."""
        if isinstance(outcome, Accepted):
            self.presence.note_accepted(pending.request, outcome)
            self._listener.accepted(outcome)
        elif isinstance(outcome, Rejected):
            self.presence.note_rejected(pending.request)
        welcome = self.welcome
        if isinstance(outcome, Unanswered) or welcome is None:
            self._tell(pending, outcome)
        elif self._held or not self._listener.is_history(welcome.sale.sale, welcome.epoch):
            self._held.append((pending, outcome))
        else:
            self._tell(pending, outcome)

    def _tell_held(self, now_ms: int) -> None:
        """Tell the held outcomes if the follower has their history now; else those whose deadline has come."""
        welcome = self.welcome
        if welcome is not None and self._listener.is_history(welcome.sale.sale, welcome.epoch):
            self._tell_all_held()
            return
        due = [held for held in self._held if held[0].deadline_ms is not None and held[0].deadline_ms <= now_ms]
        self._held = [held for held in self._held if held not in due]
        for pending, outcome in due:
            self._tell(pending, outcome)

    def _tell_all_held(self) -> None:
        held, self._held = self._held, []
        for pending, outcome in held:
            self._tell(pending, outcome)

    def _tell(self, pending: Pending, outcome: Outcome) -> None:
        self._effects += [Settled(ticket, outcome) for ticket in pending.tickets]

    # --- small things -----------------------------------------------------------------------------------------------

    def do(self, effect: Effect) -> None:
        """Leave an effect for the shell."""
        self._effects.append(effect)

    def do_all(self, effects: Iterable[Effect]) -> None:
        """Leave effects for the shell, in their order."""
        self._effects += effects

    def new_nonce(self) -> str:
        """Return random characters that nobody can guess."""
        return self._entropy(16).hex()

    def jitter(self, pause_ms: int) -> int:
        """Return a random pause, from three quarters to five quarters of `pause_ms`."""
        return pause_ms * (768 + 2 * self._entropy(1)[0]) // 1024
