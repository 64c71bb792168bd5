"""Answers to hello: who joins, under which name and paddle, and what a welcome says.

A sale may have conditions. A bidder whose hello does not accept them gets no paddle, and uses no code up. Whoever has
accepted them, by a hello or on paper at the desk, is welcome until they change. Observers accept nothing.

The code of a paddle that has a key replaces that key: a phone was lost. The old key is out at once, as if it had never
been here, and the bids stand.

A hello with a paddle code comes in whatever the admission, since the desk let its person in. A code is wrong, used or
expired: the answer is the same, so that nobody learns which codes there are or were. A repeat by the key that used the
code is welcome, as every repeat is.
"""

from typing import NamedTuple

from auctioneer.house.admission import HOW_TO_ACCEPT, NOT_LISTED, ONLY_LOOKS_ON, TOO_MANY_GUESSES, TURNED_OUT, Admission
from auctioneer.house.budgets import WRONG_CODE_COST
from auctioneer.house.paddle_codes import Guesses, digest_of
from auctioneer.house.register import APPROVAL_POLL_MS, ENROLMENT_RETRY_MS, Enrolled, Register, observer
from auctioneer.house.sessions import Session, Sessions
from auctioneer.house.settings import HouseSettings
from auctioneer.rules.engine import Engine
from auctioneer.rules.facts import BidderEnrolled, ConditionsAccepted, KeyBound
from auctioneer.rules.sale_settings import AdmissionMode
from common.errors import RejectCode
from common.limits import HEARTBEAT_MS, PROTOCOL_VERSION
from common.messages import AnyAnswer, Hello, Rejected, Role, Welcome
from common.paddle_codes import plain_code


class NameRejected(NamedTuple):
    """The hello of a key that is not enrolled was rejected; `name` is the name in it."""

    at_ms: int
    name: str
    code: RejectCode


class Greeted(NamedTuple):
    """The answer to a hello, with the facts if a key joined or accepted by it, or the name if that was rejected."""

    answer: AnyAnswer
    facts: tuple[BidderEnrolled | KeyBound | ConditionsAccepted, ...] = ()
    replaced: Enrolled | None = None
    """The bidder as it was, if this key took the place of another: that one is out."""
    rejected: NameRejected | None = None


class Greeting:
    """Answers each hello."""

    def __init__(self, engine: Engine, register: Register, sessions: Sessions, settings: HouseSettings) -> None:
        self._engine = engine
        self._register = register
        self._sessions = sessions
        self.settings = settings
        self._guesses = Guesses()

    def answer(self, principal: str, hello: Hello, admission: Admission, conditions: str, now_ms: int) -> Greeted:
        """Enrol a principal if it is new, and return a welcome, or the reason why it gets none.

        `conditions` is the digest of the sale's conditions; empty: none.
        """
        if PROTOCOL_VERSION not in hello.versions:
            detail = f"the house speaks version {PROTOCOL_VERSION}"
            return Greeted(Rejected(id=hello.id, code=RejectCode.UNSUPPORTED_VERSION, detail=detail))
        if hello.key and self.settings.is_encrypted:
            detail = "`key` is for houses without CURVE; here the connection's key identifies you"
            return Greeted(Rejected(id=hello.id, code=RejectCode.MALFORMED, detail=detail))
        if hello.role not in (Role.BIDDER, Role.OBSERVER):
            return Greeted(Rejected(id=hello.id, code=RejectCode.FORBIDDEN))
        if principal in admission.partners:
            if hello.role is not Role.OBSERVER:
                return Greeted(Rejected(id=hello.id, code=RejectCode.FORBIDDEN, detail=ONLY_LOOKS_ON))
            return Greeted(self._welcome(self._sessions.observe_as_partner(observer(principal), now_ms), hello, now_ms))
        if hello.code:
            return self._bind(principal, hello, conditions, now_ms)
        session = self._sessions.by_key.get(principal)
        if session is not None:
            return self._greet_again(session, hello, conditions, now_ms)
        if hello.role is Role.OBSERVER and admission.mode is not AdmissionMode.APPROVE:
            code = admission.rejection(principal, hello)
            if code is not None:
                return self._reject(hello, code, now_ms)
            return Greeted(self._welcome(self._sessions.observe(observer(principal), now_ms), hello, now_ms))
        is_bidder = hello.role is Role.BIDDER
        if is_bidder and conditions not in ("", hello.accepts) and admission.rejection(principal, hello) is None:
            return _not_accepted(hello)
        enrolled = self._register.enrol(now_ms, principal, hello, admission)
        if isinstance(enrolled, RejectCode):
            return self._reject(hello, enrolled, now_ms)
        accepted = self._accept(enrolled.paddle, conditions if is_bidder else "", now_ms)
        session = self._sessions.enter(self._register.entry(enrolled.paddle), now_ms)
        return Greeted(self._welcome(session, hello, now_ms), (enrolled, *accepted))

    def _greet_again(self, session: Session, hello: Hello, conditions: str, now_ms: int) -> Greeted:
        """Answer a key that has joined before: it accepts conditions that have changed since, or is not welcome."""
        session.heard_ms = now_ms
        bidder = session.bidder
        if not bidder.admitted and not bidder.waiting:
            return Greeted(not_admitted(bidder, hello.id))
        if self._must_accept(bidder, conditions):
            if hello.accepts != conditions:
                return _not_accepted(hello)
            accepted = self._accept(bidder.paddle, conditions, now_ms)
            session = self._sessions.enter(self._register.entry(bidder.paddle), now_ms)
            return Greeted(self._welcome(session, hello, now_ms), accepted)
        return Greeted(self._welcome(session, hello, now_ms))

    @staticmethod
    def _must_accept(bidder: Enrolled, conditions: str) -> bool:
        return bool(conditions) and bidder.role is Role.BIDDER and bidder.accepted != conditions

    def _accept(self, paddle: int, conditions: str, now_ms: int) -> tuple[ConditionsAccepted, ...]:
        """Note that a bidder accepted the conditions, if there are any and it had not. Return the facts."""
        if not conditions or self._register.entry(paddle).accepted == conditions:
            return ()
        accepted = self._register.accept(now_ms, paddle, conditions)
        assert isinstance(accepted, ConditionsAccepted), "it is a bidder's paddle"
        return (accepted,)

    def _bind(self, principal: str, hello: Hello, conditions: str, now_ms: int) -> Greeted:
        """Bind a new key to the paddle whose code it shows, and return a welcome, or the reason why it gets none."""
        if hello.role is not Role.BIDDER:
            return Greeted(Rejected(id=hello.id, code=RejectCode.FORBIDDEN, detail="a paddle code is for bidders"))
        digest = digest_of(self._engine.sale.sale, plain_code(hello.code))
        session = self._sessions.by_key.get(principal)
        if session is not None:
            used = self._register.code_of(session.bidder.paddle)
            if used is None or used.digest != digest:
                detail = f"your key has paddle {session.bidder.paddle} already; join without a code"
                return Greeted(Rejected(id=hello.id, code=RejectCode.WRONG_CODE, detail=detail))
            return self._greet_again(session, hello, conditions, now_ms)
        wait_ms = self._guesses.wait_ms(now_ms, principal)
        if wait_ms:
            return Greeted(Rejected(id=hello.id, code=RejectCode.SLOW_DOWN, retry_ms=wait_ms, detail=TOO_MANY_GUESSES))
        entry = self._register.bindable(now_ms, digest)
        if entry is not None and self._must_accept(entry, conditions) and hello.accepts != conditions:
            return _not_accepted(hello)
        bound = self._register.bind(now_ms, principal, digest)
        if bound is None:
            self._guesses.note(now_ms, principal)
            self._sessions.budget_of(principal, now_ms).charge(WRONG_CODE_COST)
            return self._reject(hello, RejectCode.WRONG_CODE, now_ms)
        accepted = self._accept(bound.paddle, conditions, now_ms)
        session = self._sessions.enter(self._register.entry(bound.paddle), now_ms)
        replaced = entry if entry is not None and entry.key else None
        return Greeted(self._welcome(session, hello, now_ms), (bound, *accepted), replaced)

    @staticmethod
    def _reject(hello: Hello, code: RejectCode, now_ms: int) -> Greeted:
        if code is RejectCode.SLOW_DOWN:
            return Greeted(Rejected(id=hello.id, code=code, retry_ms=ENROLMENT_RETRY_MS))
        detail = NOT_LISTED if code is RejectCode.NOT_ADMITTED else ""
        rejected = Rejected(id=hello.id, code=code, detail=detail)
        return Greeted(rejected, rejected=NameRejected(now_ms, hello.name, code))

    def _welcome(self, session: Session, hello: Hello, now_ms: int) -> AnyAnswer:
        bidder = session.bidder
        session.heard_ms = now_ms
        if not bidder.admitted:
            return not_admitted(bidder, hello.id)
        return Welcome(
            id=hello.id,
            version=PROTOCOL_VERSION,
            epoch=self._engine.epoch,
            instance=self.settings.instance,
            term=self.settings.term,
            paddle=bidder.paddle,
            name=bidder.name,
            role=bidder.role,
            sale=self._engine.sale,
            publish_port=self.settings.publish_port,
            server_time_ms=now_ms,
            heartbeat_ms=HEARTBEAT_MS,
            requests_per_s=session.budget.requests_per_s,
            last_id=session.last_id,
        )


def _not_accepted(hello: Hello) -> Greeted:
    return Greeted(Rejected(id=hello.id, code=RejectCode.CONDITIONS_NOT_ACCEPTED, detail=HOW_TO_ACCEPT))


def not_admitted(bidder: Enrolled, request_id: int) -> Rejected:
    """Return the answer to a bidder who waits for approval, or was turned out."""
    if bidder.waiting:
        return Rejected(id=request_id, code=RejectCode.AWAITING_APPROVAL, retry_ms=APPROVAL_POLL_MS)
    return Rejected(id=request_id, code=RejectCode.NOT_ADMITTED, detail=TURNED_OUT)
