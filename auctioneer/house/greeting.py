"""Answers to hello: who joins, under which name and paddle, and what a welcome says.

A hello with a paddle code comes in whatever the admission, since the desk let its person in. A code is wrong, used or
expired: the answer is the same, so that nobody learns which codes there are or were. A repeat by the key that used the
code is welcome, as every repeat is.
"""

from typing import NamedTuple

from auctioneer.house.admission import NOT_LISTED, ONLY_LOOKS_ON, TOO_MANY_GUESSES, TURNED_OUT, Admission
from auctioneer.house.budgets import WRONG_CODE_COST
from auctioneer.house.paddle_codes import Guesses, digest_of
from auctioneer.house.register import APPROVAL_POLL_MS, ENROLMENT_RETRY_MS, Enrolled, Register, observer
from auctioneer.house.sessions import Session, Sessions
from auctioneer.house.settings import HouseSettings
from auctioneer.rules.engine import Engine
from auctioneer.rules.facts import BidderEnrolled, KeyBound
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
    """The answer to a hello, with the fact if a key joined by it, or the name if that was rejected."""

    answer: AnyAnswer
    joined: BidderEnrolled | KeyBound | None = None
    rejected: NameRejected | None = None


class Greeting:
    """Answers each hello."""

    def __init__(self, engine: Engine, register: Register, sessions: Sessions, settings: HouseSettings) -> None:
        self._engine = engine
        self._register = register
        self._sessions = sessions
        self._settings = settings
        self._guesses = Guesses()

    def answer(self, principal: str, hello: Hello, admission: Admission, now_ms: int) -> Greeted:
        """Enrol a principal if it is new, and return a welcome, or the reason why it gets none."""
        if PROTOCOL_VERSION not in hello.versions:
            detail = f"the house speaks version {PROTOCOL_VERSION}"
            return Greeted(Rejected(id=hello.id, code=RejectCode.UNSUPPORTED_VERSION, detail=detail))
        if hello.key and self._settings.is_encrypted:
            detail = "`key` is for houses without CURVE; here the connection's key identifies you"
            return Greeted(Rejected(id=hello.id, code=RejectCode.MALFORMED, detail=detail))
        if hello.role not in (Role.BIDDER, Role.OBSERVER):
            return Greeted(Rejected(id=hello.id, code=RejectCode.FORBIDDEN))
        if principal in admission.partners:
            if hello.role is not Role.OBSERVER:
                return Greeted(Rejected(id=hello.id, code=RejectCode.FORBIDDEN, detail=ONLY_LOOKS_ON))
            return Greeted(self._welcome(self._sessions.observe_as_partner(observer(principal), now_ms), hello, now_ms))
        if hello.code:
            return self._bind(principal, hello, now_ms)
        session = self._sessions.by_key.get(principal)
        if session is not None:
            return Greeted(self._welcome(session, hello, now_ms))
        if hello.role is Role.OBSERVER and admission.mode is not AdmissionMode.APPROVE:
            code = admission.rejection(principal, hello)
            if code is not None:
                return self._reject(hello, code, now_ms)
            return Greeted(self._welcome(self._sessions.observe(observer(principal), now_ms), hello, now_ms))
        enrolled = self._register.enrol(now_ms, principal, hello, admission)
        if isinstance(enrolled, RejectCode):
            return self._reject(hello, enrolled, now_ms)
        session = self._sessions.enter(self._register.entry(enrolled.paddle), now_ms)
        return Greeted(self._welcome(session, hello, now_ms), joined=enrolled)

    def _bind(self, principal: str, hello: Hello, now_ms: int) -> Greeted:
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
            return Greeted(self._welcome(session, hello, now_ms))
        wait_ms = self._guesses.wait_ms(now_ms)
        if wait_ms:
            return Greeted(Rejected(id=hello.id, code=RejectCode.SLOW_DOWN, retry_ms=wait_ms, detail=TOO_MANY_GUESSES))
        bound = self._register.bind(now_ms, principal, digest)
        if bound is None:
            self._guesses.note(now_ms)
            self._sessions.budget_of(principal, now_ms).charge(WRONG_CODE_COST)
            return self._reject(hello, RejectCode.WRONG_CODE, now_ms)
        session = self._sessions.enter(self._register.entry(bound.paddle), now_ms)
        return Greeted(self._welcome(session, hello, now_ms), joined=bound)

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
            instance=self._settings.instance,
            term=self._settings.term,
            paddle=bidder.paddle,
            name=bidder.name,
            role=bidder.role,
            sale=self._engine.sale,
            publish_port=self._settings.publish_port,
            server_time_ms=now_ms,
            heartbeat_ms=HEARTBEAT_MS,
            requests_per_s=session.budget.requests_per_s,
            last_id=session.last_id,
        )


def not_admitted(bidder: Enrolled, request_id: int) -> Rejected:
    """Return the answer to a bidder who waits for approval, or was turned out."""
    if bidder.waiting:
        return Rejected(id=request_id, code=RejectCode.AWAITING_APPROVAL, retry_ms=APPROVAL_POLL_MS)
    return Rejected(id=request_id, code=RejectCode.NOT_ADMITTED, detail=TURNED_OUT)
