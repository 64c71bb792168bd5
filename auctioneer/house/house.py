"""The house without its sockets, disk and clock: requests come in, answers and facts go out.

The shell (`auctioneer.process.server`) calls `handle` for each drained request, and `flush` for the batch that they
made. It commits the batch and calls `stored`; only then it sends the answers and the broadcasts. If the commit fails,
the house is ahead of the record: the shell drops it and makes a new one with `rebuild`.
"""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

import msgspec

from auctioneer.house import reads
from auctioneer.house.admission import Admission
from auctioneer.house.budgets import MALFORMED_COST, REPLAY_COST, RETRACT_COST, SNAPSHOT_COST
from auctioneer.house.commands_done import CommandsDone
from auctioneer.house.greeting import Greeting, NameRejected, not_admitted
from auctioneer.house.heartbeat import HeartbeatRound
from auctioneer.house.history import History, public_events
from auctioneer.house.last_bids import LastBids
from auctioneer.house.news import BidderNews, Parked, Released
from auctioneer.house.record_reader import RecordReader
from auctioneer.house.register import Register
from auctioneer.house.sessions import Session, Sessions
from auctioneer.house.settings import HouseSettings
from auctioneer.house.standbys import Standby
from auctioneer.house.state import HouseState, SessionState, state_of
from auctioneer.rules import decisions
from auctioneer.rules.contacts import Contact, ContactChange
from auctioneer.rules.corrected import Corrected, Words
from auctioneer.rules.engine import THE_HOUSE, Engine
from auctioneer.rules.fact import Fact
from auctioneer.rules.fact_events import bid_accepted, verdict_of
from auctioneer.rules.facts import (
    AnyFact,
    BidConfirmed,
    BidderAdmitted,
    BidderFact,
    BidderTold,
    BidLeft,
    BidTaken,
    CommandDone,
    ConditionsSet,
    CorrectionMade,
    LeftBidVoid,
    OfferLate,
    OfferTaken,
    RegisterFact,
    Rejection,
    SaleCreated,
    SettingsChanged,
)
from auctioneer.rules.lots import LotState
from auctioneer.rules.retractions import retract
from auctioneer.rules.revivals import confirm
from auctioneer.rules.sale_settings import SaleSettings
from auctioneer.rules.sources import Placer, Source
from common.absentee import LeaveBidRequest
from common.clerk_names import HOUSE
from common.codec import RejectedBody, decode_request
from common.conditions import digest_of
from common.confirming import ConfirmRequest
from common.errors import RejectCode, StorageError
from common.formats import AnyOffer
from common.lot import SaleStatus
from common.lot_events import StreamEvent
from common.messages import (
    AnyAnswer,
    AnyRequest,
    Conditions,
    ConditionsRequest,
    Heartbeat,
    Hello,
    LotRequest,
    LotSeq,
    MineRequest,
    NewsRequest,
    Ping,
    Pong,
    Rejected,
    ReplayRequest,
    Role,
    SnapshotRequest,
    WordKind,
)
from common.retraction import RetractRequest
from common.wire import OfferRequest

_BIDDER: Final = Role.BIDDER
"""A constant, because an Enum lookup would double the cost of each comparison."""
_OF_OWN_BIDS: Final = (RetractRequest, ConfirmRequest)
"""What a bidder says of bids that it made, which is carried out as a correction."""
SILENT_MS: Final = 10_000
"""A bidder from whom nothing came for longer counts as disconnected, for `while_connected` maxima."""


class Batch(NamedTuple):
    """All that the requests since the last `flush` did; it must be committed in one transaction."""

    facts: list[AnyFact]
    rejections: list[Rejection]
    events: list[StreamEvent]
    """The public events of the facts, each with its stream; they are broadcast after the commit."""
    names_rejected: list[NameRejected]
    """The hellos that were rejected, at most one for each request of the batch; they are not stored."""
    released: list[Released]
    """Answers to questions that waited; like all answers they leave after the commit."""
    turned_out: list[str]
    """The keys whose connections to broadcasts and commands end after the commit; otherwise these would last."""
    contacts: list[ContactChange]
    """What is stored beside the facts, in the same transaction, since it can be erased."""


class House:
    """One sale that is being held. Make it with `rebuild`."""

    grants = True
    """Whether subscriptions are granted; a frozen house grants none."""

    def __init__(self, state: HouseState[LotState], settings: HouseSettings, now_ms: int) -> None:
        self.engine = Engine(state.engine)
        self.register = Register(state.bidders, state.codes)
        self.settings = settings
        self.commands_done = CommandsDone(state.commands)
        self._listed: frozenset[str] = frozenset()
        self.admission = Admission()
        self._sessions = Sessions(settings.requests_per_s)
        self._by_key, self._observers = self._sessions.by_key, self._sessions.observers
        self._run_by(state.settings)
        self._ask_for(state.conditions)
        self._greeting = Greeting(self.engine, self.register, self._sessions, settings)
        self._history = History()
        self.late_bids = LastBids(OfferLate)
        self.void_bids = LastBids(LeftBidVoid)
        self._heartbeats = HeartbeatRound()
        self._news = BidderNews(self.engine)
        self.contacts: dict[int, Contact] = {}
        """By paddle, what the desk knows of people besides their names; no snapshot has it. Change it by `note`."""
        self.standbys: Sequence[Standby] = ()
        """Who stands by, as the process was last told."""
        self.is_handed_over = False
        """Whether another house is to hold the sale, once all that was decided is durable."""
        self._batch = _empty_batch()
        self._awake_ms = now_ms  # since when bidders could be heard
        for entry in state.bidders:
            self._sessions.enter(entry, now_ms)
        for kept in state.sessions:
            self._sessions.of_paddle(kept.paddle).restore(kept.remembered)
            self._news.restore(kept.paddle, kept.words)

    @classmethod
    def rebuild(
        cls,
        settings: HouseSettings,
        snapshot: bytes | None,
        facts: Iterable[AnyFact],
        rejections: Iterable[Rejection],
        now_ms: int,
        contacts: Mapping[int, Contact] = MappingProxyType({}),
    ) -> "House":
        """Return the house that a journal describes: a snapshot, the facts after it, rejections kept, and contacts.

        Without a snapshot the facts must begin with the sale's creation. Raises StorageError if they don't.
        """
        following = iter(facts)
        if snapshot is not None:
            state = state_of(snapshot)
        else:
            created = next(following, None)
            if not isinstance(created, SaleCreated):
                raise StorageError("The journal does not begin with the creation of a sale.")
            state = HouseState(Engine.create(created).state, [], [], SaleSettings(), [], [], created.conditions)
        house = cls(state, settings, now_ms)
        house.read_on(following, now_ms)
        house.recall_beside(rejections, contacts)
        return house

    def read_on(self, facts: Iterable[AnyFact], now_ms: int) -> None:
        """Apply further facts of the journal, which another house wrote. This one has decided nothing yet."""
        reader = RecordReader(self.engine, lambda fact: self._apply(fact, now_ms))
        reader.read(facts)
        for bid in reader.bids():
            self._sessions.of_paddle(bid.paddle).remember(bid)

    def recall_beside(self, rejections: Iterable[Rejection], contacts: Mapping[int, Contact]) -> None:
        """Take what the journal keeps beside its facts, all of which were read."""
        for rejection in rejections:
            self._sessions.of_paddle(rejection.paddle).remember(rejection)
        self.contacts.update(contacts)

    def begin_term(self, settings: HouseSettings, now_ms: int) -> None:
        """Hold the sale from now on, by these settings, whose budget for requests is as before."""
        self.settings = settings
        self._greeting.settings = settings
        self._awake_ms = now_ms

    def _apply(self, fact: AnyFact, now_ms: int) -> None:
        """Apply a fact of the journal to the state."""
        if isinstance(fact, BidderFact):
            self._apply_to_bidder(fact, now_ms)
            return
        if isinstance(fact, SettingsChanged):
            self._run_by(fact.settings)
            return
        if isinstance(fact, ConditionsSet):
            self._ask_for(fact.text)
            return
        if isinstance(fact, CommandDone):
            self.commands_done.remember(fact)
            return
        self.engine.apply(fact)
        if isinstance(fact, CorrectionMade | BidConfirmed):
            if fact.request is not None and fact.paddle is not None:
                self._sessions.of_paddle(fact.paddle).remember(fact)
        elif type(fact) is BidTaken or (
            isinstance(fact, (OfferTaken, OfferLate, BidLeft)) and fact.source is Source.BIDDER
        ):
            self._sessions.of_paddle(fact.paddle).remember(fact)

    def _apply_to_bidder(self, fact: BidderFact, now_ms: int) -> None:
        if isinstance(fact, BidderTold):
            self.register.entry(fact.paddle)  # somebody has the paddle
        else:
            self.register.apply(fact)
            self._sessions.enter(self.register.entry(fact.paddle), now_ms)
        if isinstance(fact, BidderAdmitted | BidderTold):
            self._news.apply(fact)

    def recall_history(self, facts: Iterable[AnyFact]) -> None:
        """Keep what is at hand of the record's last facts: the public events, and the late and void bids."""
        last = list(facts)
        self._keep(list(public_events(last)))
        self.late_bids.note(last)
        self.void_bids.note(last)

    def snapshot(self) -> bytes:
        """Return the whole state, for `rebuild`."""
        sessions = [
            SessionState(paddle := session.bidder.paddle, session.remembered, self._news.kept(paddle))
            for session in self._sessions
        ]
        return msgspec.msgpack.encode(
            HouseState(
                self.engine.state,
                self.register.entries,
                sessions,
                self.sale_settings,
                self.register.codes,
                self.commands_done.kept,
                self.conditions,
            )
        )

    # --- requests ----------------------------------------------------------------------------------------------

    def handle(self, principal: str, body: bytes, now_ms: int) -> AnyAnswer | Parked | None:
        """Decide one request of a principal, received at `now_ms`; None means that it gets no answer.

        The answer may leave only after the batch is durable. Where the question waits, the caller says where its
        answer is to go, which is in a later batch.
        """
        session = self._by_key.get(principal) or self._observers.get(principal)
        budget = session.budget if session is not None else self._sessions.budget_of(principal, now_ms)
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
        if session is not None and isinstance(request, OfferRequest):
            return self._offer(session, request, now_ms)
        if isinstance(request, Hello):
            return self._hello(principal, request, now_ms)
        if isinstance(request, ConditionsRequest):
            budget.charge(SNAPSHOT_COST)
            return Conditions(id=request.id, digest=self.conditions_digest, text=self.conditions)
        if session is None:
            return Rejected(id=request.id, code=RejectCode.HELLO_FIRST)
        session.heard_ms = now_ms
        if not session.bidder.admitted:
            return not_admitted(session.bidder, request.id)
        return self._read(session, request, now_ms)

    def may_hear(self, principal: str) -> bool:
        """Return whether a principal said hello and may hear the broadcasts."""
        session = self._sessions.of(principal)
        return session is not None and session.bidder.admitted

    def may_connect(self, key: str) -> bool:
        """Return whether a key may connect to the broadcasts. The door's thread calls this."""
        entry = self.register.by_key(key)
        is_admitted = entry.admitted if entry is not None else self.may_hear(key) or None
        return self.admission.may_connect(key, is_admitted=is_admitted)

    def heard_ms(self, paddle: int) -> int | None:
        """Return when this process heard a bidder last, in server time; None: not yet."""
        return self._sessions.of_paddle(paddle).heard_ms or None

    def may_command(self, key: str, now_ms: int) -> bool:
        """Return whether a key may connect to give commands. The door's thread calls this."""
        who = self.controllers.get(key)
        return who is not None and not who.is_over(now_ms)

    def spend(self, principal: str, now_ms: int) -> bool:
        """Charge a principal for something other than a request; return whether the budget was enough."""
        return self._sessions.budget_of(principal, now_ms).spend(now_ms)

    def _offer(self, session: Session, request: AnyOffer, now_ms: int) -> AnyAnswer:
        session.heard_ms = now_ms
        bidder = session.bidder
        known = session.recall(request)
        if known is not None and not isinstance(known, RejectCode):
            return known  # even for a bidder who was turned out since: an accepted bid stands
        if not bidder.admitted:
            return not_admitted(bidder, request.id)
        if bidder.role is not _BIDDER:
            return Rejected(id=request.id, code=RejectCode.FORBIDDEN, detail="observers don't bid")
        if known is not None:
            return Rejected(id=request.id, code=known, lot=request.lot)
        if self.engine.may_be_due(now_ms):
            self.advance(now_ms)
        if isinstance(request, _OF_OWN_BIDS):
            return self._correct_own(session, request, now_ms)
        outcome = self.engine.offer(now_ms, session.who, request)
        if type(outcome) is Rejected:
            return self._refuse(session, request, outcome, now_ms)
        self._batch.facts.append(outcome)
        session.remember(outcome)
        if type(outcome) is BidTaken:
            return bid_accepted(outcome, self.engine.lots[outcome.lot].view.board)
        self.late_bids.note((outcome,))
        return verdict_of(outcome)

    def _refuse(self, session: Session, request: AnyOffer, verdict: Rejected, now_ms: int) -> Rejected:
        rejection = Rejection(now_ms, session.bidder.paddle, request, verdict)
        self._batch.rejections.append(rejection)
        session.remember(rejection)
        return verdict

    def _correct_own(self, session: Session, request: RetractRequest | ConfirmRequest, now_ms: int) -> AnyAnswer:
        """Have a bidder take its last bid back, or say whether it stands by one."""
        if isinstance(request, RetractRequest):
            session.budget.charge(RETRACT_COST)
            corrected = retract(self.engine, now_ms, session.who, request)
        else:
            corrected = confirm(self.engine, now_ms, session.who, request)
        if isinstance(corrected, Rejected):
            return self._refuse(session, request, corrected, now_ms)
        self.correct(now_ms, "", "", [corrected])
        fact = corrected.fact
        assert isinstance(fact, CorrectionMade | BidConfirmed), "no bidder corrects the catalogue"
        session.remember(fact)
        return verdict_of(fact)

    def offer_for(
        self, now_ms: int, placer: Placer, paddle: int, request: AnyOffer
    ) -> OfferTaken | BidLeft | OfferLate | Rejected:
        """Decide an offer that a clerk makes for a paddle; `advance` must have been called for that time.

        The request's id is the clerk's. The paddle's own session remembers nothing of it, so that an id that the
        bidder's program uses later is a new one.
        """
        who = THE_HOUSE if placer.source is Source.HOUSE else self._sessions.of_paddle(paddle).who
        outcome = self.engine.offer_for(now_ms, who, request, placer)
        if not isinstance(outcome, Rejected):
            self._batch.facts.append(outcome)
            self.late_bids.note((outcome,))
        return outcome

    def take_back_all_left(self, now_ms: int, placer: Placer, paddle: int, request_id: int) -> None:
        """Take back all bids that a paddle left on lots that are not open yet."""
        for lot in self.engine.catalogue:
            if lot.left and paddle in lot.left:
                self.offer_for(now_ms, placer, paddle, LeaveBidRequest(id=request_id, lot=lot.view.lot))

    def _read(self, session: Session, request: AnyRequest, now_ms: int) -> AnyAnswer | Parked:
        match request:
            case NewsRequest() if session.bidder.role is not _BIDDER:
                return Rejected(id=request.id, code=RejectCode.FORBIDDEN, detail="observers get no news")
            case NewsRequest():
                return self._news.ask(session.bidder.paddle, request, now_ms)
            case Ping():
                return Pong(id=request.id, server_time_ms=now_ms)
            case SnapshotRequest():
                session.budget.charge(SNAPSHOT_COST)
                return reads.snapshot(self.engine, request, now_ms)
            case LotRequest():
                return reads.lot(self.engine, request, now_ms)
            case ReplayRequest():
                session.budget.charge(REPLAY_COST)
                return reads.replay(self.engine, self._history, request)
            case _:
                assert isinstance(request, MineRequest), "the others were decided before"
                session.budget.charge(SNAPSHOT_COST)
                return reads.mine(self.engine, session.bidder.paddle, request)

    def _hello(self, principal: str, hello: Hello, now_ms: int) -> AnyAnswer:
        greeted = self._greeting.answer(principal, hello, self.admission, self.conditions_digest, now_ms)
        self._batch.facts.extend(greeted.facts)
        if greeted.replaced is not None:
            self._batch.turned_out.append(greeted.replaced.key)
            self._news.let_go(greeted.replaced.paddle)
        if greeted.rejected is not None:
            self._batch.names_rejected.append(greeted.rejected)
        return greeted.answer

    def admit(self, now_ms: int, by: str, paddle: int, *, admitted: bool) -> BidderAdmitted:
        """Admit a waiting bidder, or turn a bidder out."""
        news_seq = self._news.next_seq(paddle)
        fact = BidderAdmitted(at_ms=now_ms, paddle=paddle, news_seq=news_seq, admitted=admitted, by=by)
        self._apply_to_bidder(fact, now_ms)
        self._batch.facts.append(fact)
        if not admitted:
            self._batch.turned_out.extend(filter(None, [self.register.entry(paddle).key]))
        return fact

    def enter(self, now_ms: int, fact: RegisterFact) -> None:
        """Take over what the register has applied: the bidder's session, and the fact for the batch."""
        self._sessions.enter(self.register.entry(fact.paddle), now_ms)
        self._batch.facts.append(fact)

    def note(self, change: ContactChange) -> None:
        """Keep what is known of a person besides the name, or erase it; it is stored with the batch."""
        if change.contact is None:
            self.contacts.pop(change.paddle, None)
        else:
            self.contacts[change.paddle] = change.contact
        self._batch.contacts.append(change)

    def tell(self, now_ms: int, by: str, paddle: int, text: str) -> BidderTold:
        """Send a text to one bidder alone."""
        fact = BidderTold(at_ms=now_ms, paddle=paddle, news_seq=self._news.next_seq(paddle), text=text, by=by)
        self._apply_to_bidder(fact, now_ms)
        self._batch.facts.append(fact)
        return fact

    def correct(self, now_ms: int, by: str, reason: str, corrected: Iterable[Corrected]) -> None:
        """Carry out corrections, and tell each bidder whom one touches.

        Whoever leads then by a maximum that ends with silence counts as heard now: before, it had no reason to speak.
        """
        for one in corrected:
            self.engine.apply(one.fact)
            self._batch.facts.append(one.fact)
            self._after_correction(now_ms, one.fact, one.words, reason, by)

    def _after_correction(self, now_ms: int, fact: Fact, words: Words, reason: str, by: str) -> None:
        watched = self.engine.lots[fact.lot].watched
        if watched is not None:
            self._sessions.of_paddle(watched).heard_ms = now_ms
        for paddle, kind in words:
            entry = self.register.by_paddle(paddle)
            if entry is not None and entry.role is _BIDDER:
                self._tell_of(fact, paddle, kind, reason, by)

    def _tell_of(self, fact: Fact, paddle: int, kind: WordKind, text: str, by: str) -> None:
        """Tell one bidder what a fact about a lot means to it."""
        told = self._news.next_of(fact, paddle, kind, text, by)
        self._apply_to_bidder(told, fact.at_ms)
        self._batch.facts.append(told)

    # --- how the sale is run -----------------------------------------------------------------------------------

    def set_conditions(self, now_ms: int, by: str, text: str) -> ConditionsSet:
        """Have other conditions, or none: bidders accept them at their next hello."""
        fact = ConditionsSet(at_ms=now_ms, text=text, by=by)
        self._ask_for(text)
        self._batch.facts.append(fact)
        return fact

    def _ask_for(self, conditions: str) -> None:
        self.conditions, self.conditions_digest = conditions, digest_of(conditions)

    def change_settings(self, now_ms: int, by: str, settings: SaleSettings) -> SettingsChanged:
        """Replace the sale's settings; the caller must ensure that the new ones have no fault.

        A partner or a clerk that is not among them is out at once.
        """
        fact = SettingsChanged(at_ms=now_ms, settings=settings, by=by)
        before = self.sale_settings
        partners_before = self.admission.partners
        self._run_by(settings)
        self._batch.facts.append(fact)
        self._batch.turned_out.extend(partners_before - self.admission.partners)
        gone = (one.key for one in before.controllers if settings.controller(one.name) is None)
        self._batch.turned_out.extend(gone)
        return fact

    def admit_listed(self, keys: frozenset[str]) -> None:
        """Set the keys that `AdmissionMode.LIST` admits; the record does not have them."""
        self._listed = keys
        self._run_by(self.sale_settings)

    def _run_by(self, settings: SaleSettings) -> None:
        """Apply settings. The door's thread reads the result."""
        partners = frozenset(partner.key for partner in settings.partners)
        for key in self.admission.partners ^ partners:
            self._sessions.forget_observer(key)  # it says hello again, as what it is now
        self.sale_settings = settings
        self.admission = Admission(settings.admission, settings.invite, self._listed, partners)
        self.controllers = {controller.key: controller for controller in settings.controllers}
        self.commands_done.forget_others({controller.name for controller in settings.controllers})

    def note_command(self, done: CommandDone) -> None:
        """Remember a command that was done, and its answer; call it after the command's effects."""
        self.commands_done.remember(done)
        self._batch.facts.append(done)

    # --- facts -------------------------------------------------------------------------------------------------

    def advance(self, now_ms: int) -> None:
        """Do all that is due by `now_ms`."""
        self.record(self.engine.advance(now_ms))
        self._news.expire(now_ms)

    def next_deadline_ms(self) -> int | None:
        """Return the server time at which something is next due; None if nothing is."""
        moments = (self.engine.next_deadline_ms(), self._news.next_deadline_ms)
        return min((moment for moment in moments if moment is not None), default=None)

    def release_questions(self) -> list[Released]:
        """Return an answer to each waiting question, since this house is dropped and would never answer it."""
        self._news.release_all()
        return self._news.pop_released()

    def record(self, facts: Iterable[AnyFact]) -> None:
        """Put facts that the engine has applied into the batch, and tell each bidder whom one touches."""
        for fact in facts:
            self._batch.facts.append(fact)
            if type(fact) is CorrectionMade:
                self._after_correction(fact.at_ms, fact, fact.touched, fact.reason, fact.by)
            elif type(fact) is LeftBidVoid:
                self.void_bids.note((fact,))
                self._tell_of(fact, fact.paddle, WordKind.LEFT_BID_VOID, fact.code.value, HOUSE)

    def _keep(self, events: list[StreamEvent]) -> None:
        self._history.extend(events)
        self._heartbeats.note(events)

    def stood_still(self, now_ms: int, stood_ms: int) -> None:
        """Record that nobody could be heard for `stood_ms`: open lots get it back, and nobody counts as silent for it.

        What was due before comes first: a lot that opens then was open all the time.
        """
        self._awake_ms = now_ms
        self.advance(now_ms - stood_ms)
        self.record(decisions.stand_still(self.engine, now_ms, stood_ms))

    def drop_silent(self, now_ms: int) -> None:
        """Release what silent bidders wanted released in that case (`while_connected`)."""
        for paddle in self.engine.paddles_to_watch():
            if now_ms - max(self._sessions.of_paddle(paddle).heard_ms, self._awake_ms) > SILENT_MS:
                self.record(self.engine.release_silent(now_ms, paddle))

    def flush(self) -> Batch:
        """Return all that was done since the last call, to be committed."""
        batch, self._batch = self._batch, _empty_batch()
        return batch._replace(events=self.engine.pop_events(), released=self._news.pop_released())

    def stored(self, batch: Batch) -> None:
        """Note that a batch is durable. Only from now on may a replay have it, and a heartbeat name its lots."""
        self._keep(batch.events)

    @property
    def has_batch(self) -> bool:
        """Whether anything was decided since the last `flush` that must be stored."""
        return bool(self._batch.facts or self._batch.rejections or self._batch.contacts)

    @property
    def sale_seq(self) -> int:
        """The seq of the sale's last event, which may not be stored yet."""
        return self.engine.sale.seq

    @property
    def has_ended(self) -> bool:
        """Whether the sale is over."""
        return self.engine.sale.status is SaleStatus.ENDED

    def heartbeat(self, now_ms: int) -> Heartbeat:
        """Return the next heartbeat; call it when all decisions are stored."""
        lots = self.engine.lots
        return Heartbeat(
            epoch=self.engine.epoch,
            instance=self.settings.instance,
            term=self.settings.term,
            server_time_ms=now_ms,
            sale_seq=self.engine.sale.seq,
            lots=tuple(LotSeq(name, lots[name].view.seq) for name in self._heartbeats.pop(self.engine.catalogue)),
        )


def _empty_batch() -> Batch:
    return Batch([], [], [], [], [], [], [])
