"""The house without its sockets, disk and clock: requests in, answers and facts out.

The shell (`auctioneer.process.server`) calls `handle` for each request it drained, then `flush` for what the batch did,
commits that, and only then sends the answers and the broadcasts. If the commit fails the house is ahead of the
truth: the shell drops it and makes a new one by `rebuild`.
"""

from collections import OrderedDict
from collections.abc import Iterable
from itertools import islice
from typing import Final, NamedTuple

import msgspec

from auctioneer.house.history import History, told_of
from auctioneer.house.pages import page_of_events, page_of_lots
from auctioneer.house.record_reader import RecordReader
from auctioneer.house.register import (
    APPROVAL_POLL_MS,
    ENROLMENT_RETRY_MS,
    NOT_LISTED,
    TURNED_OUT,
    Admission,
    Enrolled,
    Register,
    observer,
)
from auctioneer.house.sessions import (
    DEFAULT_REQUESTS_PER_S,
    MALFORMED_COST,
    REPLAY_COST,
    SNAPSHOT_COST,
    Budget,
    Budgets,
    Session,
)
from auctioneer.house.state import HouseState, SessionState, state_of
from auctioneer.rules import decisions
from auctioneer.rules.engine import Engine
from auctioneer.rules.facts import (
    AnyFact,
    BidderAdmitted,
    BidderEnrolled,
    BidLate,
    BidTaken,
    LotBought,
    Rejection,
    SaleCreated,
    SettingsChanged,
    bid_accepted,
    verdict_of,
)
from auctioneer.rules.lots import LotState
from auctioneer.rules.sale_settings import AdmissionMode, SaleSettings
from common.codec import RejectedBody, decode_request
from common.errors import RejectCode, StorageError
from common.limits import (
    BIDDERS_MAX,
    HEARTBEAT_LOTS_MAX,
    HEARTBEAT_MS,
    MINE_LOTS_MAX,
    PROTOCOL_VERSION,
    REPLAY_EVENTS_MAX,
)
from common.lot import SALE_STREAM, StreamEvent
from common.messages import (
    AnyAnswer,
    AnyRequest,
    BidRequest,
    BuyRequest,
    Heartbeat,
    Hello,
    LotRequest,
    Maximum,
    Mine,
    MineRequest,
    Ping,
    Pong,
    Rejected,
    Replay,
    ReplayRequest,
    Role,
    Snapshot,
    SnapshotRequest,
    Welcome,
)

_BIDDER: Final = Role.BIDDER
"""By a name of its own: looking a member up in its Enum costs as much as all else in a comparison."""
SILENT_MS: Final = 10_000
"""A bidder who was not heard from for this long is disconnected, as far as `while_connected` maxima go."""


class HouseSettings(msgspec.Struct, frozen=True):
    """What an operator chose for this process; none of it is part of the sale's record."""

    instance: str
    publish_port: int
    requests_per_s: int = DEFAULT_REQUESTS_PER_S
    is_encrypted: bool = True


class NameRejected(NamedTuple):
    """Somebody who is not enrolled said hello with `name`, and was refused."""

    at_ms: int
    name: str
    code: RejectCode


class Batch(NamedTuple):
    """What the requests since the last `flush` did; to be committed in one transaction."""

    facts: list[AnyFact]
    rejections: list[Rejection]
    events: list[StreamEvent]
    """What of the facts everybody may know, each with its stream; to be broadcast after the commit."""
    names_rejected: list[NameRejected]
    """Who could not join, at most one for each request of the batch; nothing of it is stored."""


class House:
    """One sale being held. Begin with `rebuild`."""

    def __init__(self, state: HouseState[LotState], settings: HouseSettings, now_ms: int) -> None:
        self.engine = Engine(state.engine)
        self.register = Register(state.bidders)
        self.settings = settings
        self._listed: frozenset[str] = frozenset()
        self._run_by(state.settings)
        self._sessions: dict[str, Session] = {}
        self._by_paddle: dict[int, Session] = {}
        self._observers: OrderedDict[str, Session] = OrderedDict()
        self._strangers = Budgets(settings.requests_per_s)
        self._history = History()
        self._batch = Batch([], [], [], [])
        self._changed: dict[str, object] = {}  # its keys are the lots that changed since they were last named
        self._awake_ms = now_ms  # since when bidders could be heard
        self._turn = 0  # where the heartbeat's round over all lots stands
        for entry in state.bidders:
            self._open_session(entry, now_ms)
        for kept in state.sessions:
            self._session_of(kept.paddle).restore(kept.remembered)

    @classmethod
    def rebuild(
        cls,
        settings: HouseSettings,
        snapshot: bytes | None,
        facts: Iterable[AnyFact],
        rejections: Iterable[Rejection],
        now_ms: int,
    ) -> "House":
        """Return the house as a journal tells it: a snapshot, the facts after it, and the rejections kept.

        Without a snapshot the facts begin with the sale's creation. Raises StorageError if they don't.
        """
        following = iter(facts)
        if snapshot is not None:
            state = state_of(snapshot)
        else:
            created = next(following, None)
            if not isinstance(created, SaleCreated):
                raise StorageError("The journal does not begin with the creation of a sale.")
            state = HouseState(Engine.create(created).state, [], [], SaleSettings())
        house = cls(state, settings, now_ms)
        reader = RecordReader(house.engine, lambda fact: house._apply(fact, now_ms))
        reader.read(following)
        for bid in reader.bids():
            house._session_of(bid.paddle).remember(bid)
        for rejection in rejections:
            house._session_of(rejection.paddle).remember(rejection)
        return house

    def _apply(self, fact: AnyFact, now_ms: int) -> None:
        """Take a journaled fact into the state."""
        if isinstance(fact, (BidderEnrolled, BidderAdmitted)):
            self.register.apply(fact)
            self._refresh(fact.paddle, now_ms)
            return
        if isinstance(fact, SettingsChanged):
            self._run_by(fact.settings)
            return
        self.engine.apply(fact)
        if isinstance(fact, (BidTaken, LotBought, BidLate)):
            self._session_of(fact.paddle).remember(fact)

    def recall_history(self, facts: Iterable[AnyFact]) -> None:
        """Keep the last facts of the record at hand, so that clients can fill holes over a restart."""
        self._keep(list(told_of(list(facts))))

    def snapshot(self) -> bytes:
        """Return the whole state, for `rebuild`."""
        sessions = [SessionState(session.bidder.paddle, session.remembered) for session in self._sessions.values()]
        return msgspec.msgpack.encode(
            HouseState(self.engine.state, self.register.entries, sessions, self.sale_settings)
        )

    # --- requests ----------------------------------------------------------------------------------------------

    def handle(self, principal: str, body: bytes, now_ms: int) -> AnyAnswer | None:
        """Decide one request of a principal, received at `now_ms`; None where silence is the answer.

        The answer may leave only after the batch is durable.
        """
        session = self._sessions.get(principal) or self._observers.get(principal)
        budget = session.budget if session is not None else self._strangers.of(principal, now_ms)
        in_budget = budget.spend(now_ms)
        if not in_budget and budget.is_exhausted:
            return None
        try:
            request = decode_request(body)
        except RejectedBody as refused:
            (budget.charge if in_budget else budget.refuse)(MALFORMED_COST)
            return Rejected(id=refused.request_id, code=refused.code, detail=refused.detail[:200])
        if not in_budget:
            return Rejected(id=request.id, code=RejectCode.SLOW_DOWN, retry_ms=budget.retry_ms)
        if session is not None and (type(request) is BidRequest or type(request) is BuyRequest):
            return self._bid(session, request, now_ms)
        if isinstance(request, Hello):
            return self._hello(principal, session, request, now_ms)
        if session is None:
            return Rejected(id=request.id, code=RejectCode.HELLO_FIRST)
        session.heard_ms = now_ms
        if not session.bidder.admitted:
            return self._not_admitted(session.bidder, request.id)
        return self._read(session, request, now_ms)

    def is_admitted(self, principal: str) -> bool:
        """Return whether a principal may see the broadcasts."""
        session = self._sessions.get(principal) or self._observers.get(principal)
        return session is not None and session.bidder.admitted

    def spend(self, principal: str, now_ms: int) -> bool:
        """Charge a principal for something other than a request; return whether it is in the budget."""
        session = self._sessions.get(principal) or self._observers.get(principal)
        return (session.budget if session is not None else self._strangers.of(principal, now_ms)).spend(now_ms)

    def _bid(self, session: Session, request: BidRequest | BuyRequest, now_ms: int) -> AnyAnswer:
        session.heard_ms = now_ms
        bidder = session.bidder
        known = session.recall(request)
        if known is not None and not isinstance(known, RejectCode):
            return known  # also to a bidder who was turned out since: what was accepted stands
        if not bidder.admitted:
            return self._not_admitted(bidder, request.id)
        if bidder.role is not _BIDDER:
            return Rejected(id=request.id, code=RejectCode.FORBIDDEN, detail="observers don't bid")
        if known is not None:
            return Rejected(id=request.id, code=known, lot=request.lot)
        if self.engine.may_be_due(now_ms):
            self.advance(now_ms)
        outcome: BidTaken | LotBought | BidLate | Rejected
        if isinstance(request, BidRequest):
            outcome = self.engine.bid(now_ms, session.who, request)
        else:
            outcome = self.engine.buy(now_ms, session.who, request)
        if type(outcome) is Rejected:
            rejection = Rejection(now_ms, bidder.paddle, request, outcome)
            self._batch.rejections.append(rejection)
            session.remember(rejection)
            return outcome
        self._batch.facts.append(outcome)
        session.remember(outcome)
        return bid_accepted(outcome) if type(outcome) is BidTaken else verdict_of(outcome)

    def _read(self, session: Session, request: AnyRequest, now_ms: int) -> AnyAnswer:
        match request:
            case Ping():
                return Pong(id=request.id, server_time_ms=now_ms)
            case SnapshotRequest():
                session.budget.charge(SNAPSHOT_COST)
                return self._snapshot_page(request, now_ms)
            case LotRequest():
                lot = self.engine.lots.get(request.lot)
                if lot is None:
                    return Rejected(id=request.id, code=RejectCode.UNKNOWN_LOT, lot=request.lot)
                return Snapshot(
                    id=request.id,
                    epoch=self.engine.epoch,
                    server_time_ms=now_ms,
                    sale=self.engine.sale,
                    lots=(lot.view,),
                )
            case ReplayRequest():
                session.budget.charge(REPLAY_COST)
                return self._replay(request)
            case _:
                assert isinstance(request, MineRequest), "the others were decided before"
                session.budget.charge(SNAPSHOT_COST)
                return self._mine(session.bidder.paddle, request)

    def _snapshot_page(self, request: SnapshotRequest, now_ms: int) -> Snapshot:
        lots = page_of_lots(self.engine.catalogue, request.start)
        stop = request.start + len(lots)
        return Snapshot(
            id=request.id,
            epoch=self.engine.epoch,
            server_time_ms=now_ms,
            sale=self.engine.sale,
            lots=lots,
            next=stop if stop < len(self.engine.catalogue) else None,
        )

    def _replay(self, request: ReplayRequest) -> Replay | Rejected:
        stream = request.lot
        if stream != SALE_STREAM and stream not in self.engine.lots:
            return Rejected(id=request.id, code=RejectCode.UNKNOWN_LOT, lot=stream)
        seq = self.engine.sale.seq if stream == SALE_STREAM else self.engine.lots[stream].view.seq
        if request.after_seq >= seq:
            return Replay(id=request.id, epoch=self.engine.epoch, lot=stream)
        events = self._history.after(stream, request.after_seq, REPLAY_EVENTS_MAX)
        if events is None:
            return Rejected(id=request.id, code=RejectCode.HISTORY_GONE, lot=stream, seq=seq)
        events = page_of_events(events)
        more = bool(events) and events[-1].seq < seq  # what this very batch did is told by its broadcast
        answer = Replay(id=request.id, epoch=self.engine.epoch, lot=stream, more=more)
        field = "sale_events" if stream == SALE_STREAM else "lot_events"
        return msgspec.structs.replace(answer, **{field: tuple(events)})

    def _mine(self, paddle: int, request: MineRequest) -> Mine:
        stop = request.start + MINE_LOTS_MAX
        lots = self.engine.catalogue[request.start : stop]
        maxima = tuple(
            Maximum(lot.view.lot, lot.book.leader_maximum_minor)
            for lot in lots
            if lot.view.leader == paddle and lot.book is not None and not lot.view.status.is_final
        )
        won = [lot.view for lot in lots if lot.view.winner == paddle]
        return Mine(
            id=request.id,
            paddle=paddle,
            maxima=maxima,
            won=tuple(view.lot for view in won),
            total_minor=sum(view.hammer_minor or 0 for view in won),
            next=stop if stop < len(self.engine.catalogue) else None,
        )

    # --- identity ----------------------------------------------------------------------------------------------

    def _hello(self, principal: str, session: Session | None, hello: Hello, now_ms: int) -> AnyAnswer:
        if PROTOCOL_VERSION not in hello.versions:
            detail = f"the house speaks version {PROTOCOL_VERSION}"
            return Rejected(id=hello.id, code=RejectCode.UNSUPPORTED_VERSION, detail=detail)
        if hello.key and self.settings.is_encrypted:
            detail = "`key` is for houses without CURVE; here the connection's key says who you are"
            return Rejected(id=hello.id, code=RejectCode.MALFORMED, detail=detail)
        if hello.role not in (Role.BIDDER, Role.OBSERVER):
            return Rejected(id=hello.id, code=RejectCode.FORBIDDEN)
        if session is not None and session.bidder.paddle:
            return self._hello_again(session, hello, now_ms)
        entry = self._admit_newcomer(principal, hello, now_ms)
        if isinstance(entry, RejectCode):
            retry_ms = ENROLMENT_RETRY_MS if entry is RejectCode.SLOW_DOWN else None
            if retry_ms is None:
                self._batch.names_rejected.append(NameRejected(now_ms, hello.name, entry))
            detail = NOT_LISTED if entry is RejectCode.NOT_ADMITTED else ""
            return Rejected(id=hello.id, code=entry, retry_ms=retry_ms, detail=detail)
        if entry.paddle:
            self._observers.pop(principal, None)
            opened = self._open_session(entry, now_ms)
        else:
            opened = self._observers.get(principal) or self._observe(entry, now_ms)
        return self._welcome(opened, hello, now_ms)

    def _admit_newcomer(self, principal: str, hello: Hello, now_ms: int) -> Enrolled | RejectCode:
        admission = self.admission
        if hello.role is Role.OBSERVER and admission.mode is not AdmissionMode.APPROVE:
            return admission.rejection(principal, hello) or observer(principal)
        fact = self.register.enrol(now_ms, principal, hello, admission)
        if isinstance(fact, RejectCode):
            return fact
        self._batch.facts.append(fact)
        return self._entry(fact.paddle)

    def _hello_again(self, session: Session, hello: Hello, now_ms: int) -> AnyAnswer:
        session.heard_ms = now_ms
        bidder = session.bidder
        if not bidder.admitted:
            return self._not_admitted(bidder, hello.id)
        return self._welcome(session, hello, now_ms)

    def _welcome(self, session: Session, hello: Hello, now_ms: int) -> AnyAnswer:
        bidder = session.bidder
        if not bidder.admitted:
            return self._not_admitted(bidder, hello.id)
        return Welcome(
            id=hello.id,
            version=PROTOCOL_VERSION,
            epoch=self.engine.epoch,
            instance=self.settings.instance,
            paddle=bidder.paddle,
            name=bidder.name,
            role=bidder.role,
            sale=self.engine.sale,
            publish_port=self.settings.publish_port,
            server_time_ms=now_ms,
            heartbeat_ms=HEARTBEAT_MS,
            requests_per_s=self.settings.requests_per_s,
            last_id=session.last_id,
        )

    @staticmethod
    def _not_admitted(bidder: Enrolled, request_id: int) -> Rejected:
        if bidder.waiting:
            return Rejected(id=request_id, code=RejectCode.AWAITING_APPROVAL, retry_ms=APPROVAL_POLL_MS)
        return Rejected(id=request_id, code=RejectCode.NOT_ADMITTED, detail=TURNED_OUT)

    def admit(self, now_ms: int, by: str, paddle: int, *, admitted: bool) -> BidderAdmitted:
        """Let a waiting bidder in, or turn one out."""
        fact = BidderAdmitted(at_ms=now_ms, paddle=paddle, admitted=admitted, by=by)
        self.register.apply(fact)
        self._refresh(paddle, now_ms)
        self._batch.facts.append(fact)
        return fact

    def _entry(self, paddle: int) -> Enrolled:
        entry = self.register.by_paddle(paddle)
        if entry is None:
            raise StorageError(f"The record speaks of paddle {paddle}, which nobody has.")
        return entry

    def _session_of(self, paddle: int) -> Session:
        session = self._by_paddle.get(paddle)
        if session is None:
            raise StorageError(f"The record speaks of paddle {paddle}, which nobody has.")
        return session

    def _refresh(self, paddle: int, now_ms: int) -> None:
        entry = self._entry(paddle)
        session = self._sessions.get(entry.key)
        if session is None:
            self._open_session(entry, now_ms)
        else:
            session.enter(entry)

    def _open_session(self, entry: Enrolled, now_ms: int) -> Session:
        session = Session(entry, Budget(self.settings.requests_per_s, now_ms), now_ms)
        self._sessions[entry.key] = session
        self._by_paddle[entry.paddle] = session
        return session

    def _observe(self, entry: Enrolled, now_ms: int) -> Session:
        session = Session(entry, self._strangers.hand_over(entry.key, now_ms), now_ms)
        self._observers[entry.key] = session
        if len(self._observers) > BIDDERS_MAX:
            self._observers.popitem(last=False)
        return session

    # --- how the sale is run -----------------------------------------------------------------------------------

    def change_settings(self, now_ms: int, by: str, settings: SaleSettings) -> SettingsChanged:
        """Run the sale by other settings, which have no fault."""
        fact = SettingsChanged(at_ms=now_ms, settings=settings, by=by)
        self._run_by(settings)
        self._batch.facts.append(fact)
        return fact

    def admit_listed(self, keys: frozenset[str]) -> None:
        """Take these keys as the list that counts with `AdmissionMode.LIST`; it is in no record."""
        self._listed = keys
        self._run_by(self.sale_settings)

    def _run_by(self, settings: SaleSettings) -> None:
        """Take settings into the state. The door's thread reads what is made of them."""
        self.sale_settings = settings
        self.admission = Admission(settings.admission, settings.invite, self._listed)
        self.controllers = {controller.key: controller for controller in settings.controllers}

    # --- facts -------------------------------------------------------------------------------------------------

    def advance(self, now_ms: int) -> None:
        """Do what is due by the clock."""
        self.record(self.engine.advance(now_ms))

    def record(self, facts: Iterable[AnyFact]) -> None:
        """Put facts that the engine has applied into the batch."""
        self._batch.facts.extend(facts)

    def _keep(self, events: list[StreamEvent]) -> None:
        self._history.extend(events)
        self._changed.update(events)
        self._changed.pop(SALE_STREAM, None)

    def stood_still(self, now_ms: int, stood_ms: int) -> None:
        """Note that nobody could be heard for a time: open lots get it back, and it is nobody's silence.

        What was due before comes first: a lot that opens then was open all the time.
        """
        self._awake_ms = now_ms
        self.advance(now_ms - stood_ms)
        self.record(decisions.stand_still(self.engine, now_ms, stood_ms))

    def drop_silent(self, now_ms: int) -> None:
        """Drop the maxima of those who asked for it and fell silent."""
        for paddle in self.engine.paddles_to_watch():
            if now_ms - max(self._session_of(paddle).heard_ms, self._awake_ms) > SILENT_MS:
                self.record(self.engine.drop_maxima(now_ms, paddle))

    def flush(self) -> Batch:
        """Return what was done since the last call, to be committed."""
        batch, self._batch = self._batch, Batch([], [], [], [])
        events = self.engine.pop_events()
        self._keep(events)
        return batch._replace(events=events)

    def heartbeat(self, now_ms: int) -> Heartbeat:
        """Return the next heartbeat: lots that changed since they were last named, and a turn over all lots.

        At least half of the places are for the turn, so that a busy sale does not keep the quiet lots out. What does
        not fit waits for the next one.
        """
        lots = self.engine.lots
        named: dict[str, None] = dict.fromkeys(islice(self._changed, HEARTBEAT_LOTS_MAX // 2))
        for name in named:
            del self._changed[name]
        catalogue = self.engine.catalogue
        for _ in range(len(catalogue)):
            if len(named) == HEARTBEAT_LOTS_MAX:
                break
            self._turn = (self._turn + 1) % len(catalogue)
            named[catalogue[self._turn].view.lot] = None
        return Heartbeat(
            epoch=self.engine.epoch,
            instance=self.settings.instance,
            server_time_ms=now_ms,
            sale_seq=self.engine.sale.seq,
            lots={name: lots[name].view.seq for name in named},
        )
