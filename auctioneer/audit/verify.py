"""The audit: every recorded fact is decided again from its request, its author and its time, and compared.

The audit trusts the record for what was asked: requests, the auctioneer's commands, outages, times and enrolments. (The
journal's chain shows whether somebody changed them there.) It does not trust the record for the outcome: the rules must
give the same prices, leaders, maxima, ends, seqs, lateness, paddles and closings by the clock again.

One pass does the work. It keeps the engine, the register and the 32 highest request ids of each bidder. It ends at the
first fact that is decided differently, since all later facts build on it.
"""

import re
from bisect import insort
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from msgspec import Struct

from auctioneer.audit.accounts_again import account_again
from auctioneer.audit.commands_again import correct_again, decide_of_lot, decide_of_sale, is_by_clock
from auctioneer.audit.done_again import CommandsAgain
from auctioneer.house.register import Register
from auctioneer.rules import decisions
from auctioneer.rules.account_facts import DepositNoted, LimitSet, PaddlesLinked
from auctioneer.rules.corrected import Words
from auctioneer.rules.decisions import Decision, Refused
from auctioneer.rules.engine import THE_HOUSE, Bidder, Engine
from auctioneer.rules.fact import Fact
from auctioneer.rules.facts import (
    AnyFact,
    BidConfirmed,
    BidderAdmitted,
    BidderEnrolled,
    BidderFact,
    BidderTold,
    BidLeft,
    BidTaken,
    ClockStepped,
    CodeIssued,
    CommandDone,
    ConditionsAccepted,
    ConditionsSet,
    ContactErased,
    CorrectionMade,
    DeskFact,
    HouseStarted,
    HouseStoodStill,
    KeyBound,
    LeftBidVoid,
    LotDecided,
    LotListed,
    LotRewritten,
    OfferLate,
    OfferTaken,
    PaddleGiven,
    PositionReleased,
    SaleCreated,
    SaleDecided,
    SaleRestored,
    SettingsChanged,
    named_fields,
)
from auctioneer.rules.sale_settings import AdmissionMode, SaleSettings
from auctioneer.rules.sources import Placer, Source
from common.clerk_names import HOUSE
from common.conditions import conditions_fault, digest_of
from common.errors import RejectCode
from common.limits import PROTOCOL_VERSION, REMEMBERED_REQUESTS_MAX, TEXT_CHARS_MAX
from common.lot import LotStatus
from common.messages import Hello, Rejected, Role, WordKind
from common.names import is_valid_name, is_valid_text


class Mismatch(Struct, frozen=True):
    """The first fact that the rules decide differently.

    `recorded` is None if the record ends too early. `decided` is None if the rules give no fact, or a rejection.
    """

    position: int
    reason: str
    recorded: AnyFact | None
    decided: AnyFact | None

    def __str__(self) -> str:
        return f"Fact {self.position}: {self.reason}. Recorded: {self.recorded}. Decided again: {self.decided}."

    @property
    def fields(self) -> dict[str, object]:
        """The mismatch for programs: the facts have the names of their fields."""
        recorded = None if self.recorded is None else named_fields(self.recorded)
        decided = None if self.decided is None else named_fields(self.decided)
        return {"position": self.position, "reason": self.reason, "recorded": recorded, "decided": decided}


class VerifyReport(Struct, frozen=True):
    """The result of an audit, up to the end of the record or the first mismatch."""

    mismatch: Mismatch | None
    last_position: int
    """The position of the last fact that was decided as recorded; 0: none was."""
    counts: dict[str, int]
    """Verified facts by kind, such as `bid_taken`."""
    paddles: frozenset[int]
    """Those that somebody has."""
    forgotten: frozenset[int]
    """The paddles of which the contact was erased, and is not kept again."""
    lots: int
    sold: int
    hammer_total_minor: int
    """The sum of the hammer prices of the lots that were sold."""


Inspect = Callable[[Engine, list[AnyFact]], None]
"""Checks the engine after the facts of one step."""


def verify(facts: Iterable[tuple[int, AnyFact]], inspect: Inspect | None = None) -> VerifyReport:
    """Decide a whole record again, from the sale's creation on. Each fact comes with its position, from 1 on.

    `inspect` is called after each step that was decided as recorded. If it raises, the audit ends with that error.
    """
    audit = _Audit(iter(facts), inspect)
    try:
        audit.run()
    except _DifferentError as different:
        return audit.report(different.mismatch)
    return audit.report(None)


class _DifferentError(Exception):
    """Ends the audit at the first mismatch."""

    def __init__(self, mismatch: Mismatch) -> None:
        self.mismatch = mismatch
        super().__init__(str(mismatch))


_NOTHING: Final = "the rules don't give this fact here"
_BEFORE: Final = "something else was due before it"
_OTHERWISE: Final = "the rules decide it differently"
_DECIDED_BEFORE: Final = "request {} of paddle {} was decided before"
_DIGEST: Final = re.compile("[0-9a-f]{64}")


class _Audit:
    def __init__(self, record: Iterator[tuple[int, AnyFact]], inspect: Inspect | None) -> None:
        self._record = record
        self._inspect = inspect
        self._step: list[AnyFact] = []
        self._position = 0
        self._verified = 0
        self._last: AnyFact | None = None
        self._counts: Counter[type[Fact]] = Counter()
        self._register = Register()
        self._settings = SaleSettings()
        self._conditions = ""
        self._news_seqs: Counter[int] = Counter()
        """By paddle: the number of the last word to it."""
        self._request_ids: dict[int, list[int]] = {}
        self._commands = CommandsAgain()
        self._engine: Engine | None = None

    def run(self) -> None:
        created = self._next()
        if created is None:
            return
        if not isinstance(created, SaleCreated) or (created.lot, created.seq) != ("", 0):
            raise self._different(created, None, "a record begins with the creation of the sale")
        if conditions_fault(created.conditions):
            raise self._different(created, None, "no sale has such conditions")
        self._conditions = created.conditions
        engine = self._engine = Engine.create(created)
        self._agreed(created)
        self._end_step(engine)
        while (fact := self._next()) is not None:
            self._verify(engine, fact)
            self._end_step(engine)

    def _end_step(self, engine: Engine) -> None:
        engine.pop_events()  # nobody hears them, and they would pile up
        if self._inspect is not None:
            self._inspect(engine, self._step)
        self._step = []

    def report(self, mismatch: Mismatch | None) -> VerifyReport:
        views = [lot.view for lot in self._engine.catalogue] if self._engine is not None else []
        return VerifyReport(
            mismatch,
            self._verified,
            {str(kind.__struct_config__.tag): count for kind, count in self._counts.items()},
            frozenset(entry.paddle for entry in self._register.entries),
            frozenset(entry.paddle for entry in self._register.entries if entry.is_forgotten),
            len(views),
            sum(view.status is LotStatus.SOLD for view in views),
            sum(view.paid_minor or 0 for view in views),
        )

    # --- reading and comparing ---------------------------------------------------------------------------------

    def _next(self) -> AnyFact | None:
        following = next(self._record, None)
        if following is None:
            return None
        position, fact = following
        self._position += 1
        if position != self._position:
            raise self._different(fact, None, f"it has position {position}")
        return fact

    def _agreed(self, fact: AnyFact) -> None:
        self._verified, self._last = self._position, fact
        self._commands.note(fact)
        self._step.append(fact)
        self._counts[type(fact)] += 1

    def _different(self, recorded: AnyFact | None, decided: AnyFact | None, reason: str) -> _DifferentError:
        return _DifferentError(Mismatch(self._position, reason, recorded, decided))

    def _compare(self, recorded: AnyFact, decided: AnyFact | Rejected | RejectCode | None) -> None:
        """Compare one fact with the new decision on it."""
        if decided == recorded:
            self._agreed(recorded)
            return
        if isinstance(decided, Rejected | RejectCode):
            code = decided if isinstance(decided, RejectCode) else decided.code
            raise self._different(recorded, None, f"it is refused with {code.value}")
        raise self._different(recorded, decided, _NOTHING if decided is None else _OTHERWISE)

    def _compare_all(self, recorded: AnyFact, decision: Decision | Sequence[AnyFact]) -> None:
        """Compare a fact, and those after it, with all facts of one decision."""
        if isinstance(decision, Refused):
            raise self._different(recorded, None, f"it is refused with {decision.code.value}: {decision.detail}")
        self._compare(recorded, decision[0] if decision else None)
        for decided in decision[1:]:
            following = self._next()
            if following is None:
                self._position += 1
                raise self._different(None, decided, "the record ends within a decision")
            self._compare(following, decided)

    # --- deciding again ----------------------------------------------------------------------------------------

    def _verify(self, engine: Engine, fact: AnyFact) -> None:  # noqa: C901 -- one case for each kind of fact
        if isinstance(fact, SettingsChanged | ConditionsSet | DeskFact):
            self._verify_at_the_door(fact)
            return
        if fact.at_ms < engine.state.now_ms:
            raise self._different(fact, None, f"it is earlier than the fact before it, at {engine.state.now_ms}")
        match fact:
            case BidTaken() | OfferTaken() | OfferLate() | BidLeft():
                self._verify_request(engine, fact)
            case ClockStepped() | LeftBidVoid() | LotDecided() | SaleDecided() if is_by_clock(fact):
                self._compare(fact, engine.advance_once(fact.at_ms))
                if isinstance(fact, LeftBidVoid):
                    self._expect_word(fact, fact.paddle, WordKind.LEFT_BID_VOID, fact.code.value, HOUSE)
            case LotDecided() | SaleDecided() | LotListed():
                if not self._is_listed_with_last(fact):
                    self._nothing_due(engine, fact)
                decision = decide_of_lot(engine, fact) if isinstance(fact, LotDecided) else decide_of_sale(engine, fact)
                if decision is None:
                    raise self._different(fact, None, _NOTHING)
                self._compare_all(fact, decision)
            case CorrectionMade() if is_by_clock(fact):
                self._compare(fact, engine.advance_once(fact.at_ms))
                self._expect_words(fact, fact.touched, fact.reason, fact.by)
            case CorrectionMade() | BidConfirmed() | LotRewritten():
                self._nothing_due(engine, fact)
                self._verify_correction(engine, fact)
            case PositionReleased():
                self._compare_all(fact, engine.release_silent(fact.at_ms, fact.paddle))
            case LimitSet() | DepositNoted() | PaddlesLinked():
                self._nothing_due(engine, fact)
                self._compare_all(fact, account_again(engine, self._register, fact))
            case HouseStarted() | HouseStoodStill():
                self._verify_outage(engine, fact)
            case SaleRestored():
                self._verify_restored(engine, fact)
            case SaleCreated():
                raise self._different(fact, None, "a sale is created only once")

    def _verify_correction(self, engine: Engine, fact: CorrectionMade | BidConfirmed | LotRewritten) -> None:
        """Repeat a correction or an answer, and expect the words to those whom it touches right after it."""
        bidder = None
        if not isinstance(fact, LotRewritten) and fact.request is not None and fact.paddle is not None:
            entry = self._register.by_paddle(fact.paddle)
            if entry is not None and entry.admitted and entry.role is Role.BIDDER:
                bidder = Bidder(entry.paddle, entry.skeletons)
            if not self._is_first(fact.paddle, fact.request.id):
                raise self._different(fact, None, _DECIDED_BEFORE.format(fact.request.id, fact.paddle))
        corrected = correct_again(engine, fact, bidder)
        if isinstance(corrected, Refused):
            raise self._different(fact, None, f"it is refused with {corrected.code.value}: {corrected.detail}")
        self._compare(fact, corrected.fact)
        engine.apply(fact)
        self._expect_words(fact, corrected.words, "" if isinstance(fact, BidConfirmed) else fact.reason, fact.by)

    def _expect_words(self, fact: Fact, words: Words, text: str, by: str) -> None:
        """Expect the words that tell bidders what a fact about a lot means to them, right after the fact."""
        for paddle, kind in words:
            entry = self._register.by_paddle(paddle)
            if entry is not None and entry.role is Role.BIDDER:
                self._expect_word(fact, paddle, kind, text, by)

    def _expect_word(self, fact: Fact, paddle: int, kind: WordKind, text: str, by: str) -> None:
        """Expect the word that tells one bidder what a fact about a lot means to it, right after the fact."""
        told = self._next()
        due = BidderTold(
            at_ms=fact.at_ms,
            lot=fact.lot,
            seq=fact.seq,
            paddle=paddle,
            news_seq=self._news_seqs[paddle] + 1,
            text=text,
            by=by,
            kind=kind,
        )
        if told != due:
            raise self._different(told, due, "those whom it touches hear of it at once")
        self._news_seqs[paddle] += 1
        self._agreed(due)

    def _verify_request(self, engine: Engine, fact: BidTaken | OfferTaken | OfferLate | BidLeft) -> None:
        if isinstance(fact, OfferTaken) and fact.source is Source.ABSENTEE:
            due = engine.advance_once(fact.at_ms)
            if due is not None:  # it was left before the lot opened
                self._compare(fact, due)
                return
        if not isinstance(fact, BidTaken) and fact.source is Source.HOUSE:
            if fact.paddle != THE_HOUSE.paddle:
                raise self._different(fact, None, f"paddle {fact.paddle} is not the house's")
            self._verify_of_clerk(engine, fact, THE_HOUSE)
            return
        entry = self._register.by_paddle(fact.paddle)
        if entry is None or not entry.admitted or entry.role is not Role.BIDDER:
            raise self._different(fact, None, f"paddle {fact.paddle} belongs to no admitted bidder")
        request, bidder = fact.request, Bidder(entry.paddle, entry.skeletons)
        if not isinstance(fact, BidTaken) and fact.source is not Source.BIDDER:
            self._verify_of_clerk(engine, fact, bidder)
            return
        if not self._is_first(fact.paddle, request.id):
            raise self._different(fact, None, _DECIDED_BEFORE.format(request.id, fact.paddle))
        self._nothing_due(engine, fact)
        self._compare(fact, engine.offer(fact.at_ms, bidder, request))

    def _verify_of_clerk(self, engine: Engine, fact: OfferTaken | OfferLate | BidLeft, bidder: Bidder) -> None:
        """Verify an offer that a clerk made for a bidder. Its id is in the clerk's own space."""
        if not fact.by:
            raise self._different(fact, None, "nobody says who made the offer for the bidder")
        self._nothing_due(engine, fact)
        self._compare(fact, engine.offer_for(fact.at_ms, bidder, fact.request, Placer(fact.source, fact.by)))

    def _is_first(self, paddle: int, request_id: int) -> bool:
        """Note a request id; return False if the house must have known it already, or refused it as too old."""
        ids = self._request_ids.setdefault(paddle, [])
        if ids and request_id <= ids[-1]:
            is_stale = len(ids) > REMEMBERED_REQUESTS_MAX and request_id < ids[0]
            if is_stale or request_id in ids:
                return False
        insort(ids, request_id)
        del ids[: -REMEMBERED_REQUESTS_MAX - 1]  # those that the house remembers, and the highest that it forgot
        return True

    def _is_listed_with_last(self, fact: AnyFact) -> bool:
        """Return whether a lot was added together with the one before it, so that nothing can come between them."""
        last = self._last
        if not isinstance(fact, LotListed) or not isinstance(last, LotListed):
            return False
        return (fact.at_ms, fact.by) == (last.at_ms, last.by)

    def _nothing_due(self, engine: Engine, fact: AnyFact) -> None:
        due = engine.advance_once(fact.at_ms)
        if due is not None:
            raise self._different(fact, due, _BEFORE)

    def _verify_restored(self, engine: Engine, fact: SaleRestored) -> None:
        if fact.epoch <= engine.epoch or (fact.lot, fact.seq) != ("", 0):
            raise self._different(fact, None, f"its epoch is not higher than {engine.epoch}")
        engine.apply(fact)
        self._agreed(fact)

    def _verify_outage(self, engine: Engine, fact: HouseStarted | HouseStoodStill) -> None:
        """Refuse an impossible outage: a negative one, or one while something was recorded."""
        at_ms, outage_ms = fact.at_ms, fact.outage_ms
        if not 0 <= outage_ms <= at_ms - engine.state.now_ms:
            raise self._different(fact, None, f"nobody can have been away for {outage_ms} ms")
        if isinstance(fact, HouseStarted):
            self._compare_all(fact, decisions.start(engine, at_ms, at_ms - outage_ms, fact.instance))
            return
        due = engine.advance_once(at_ms - outage_ms)
        if due is not None:
            raise self._different(fact, due, _BEFORE)
        self._compare_all(fact, decisions.stand_still(engine, at_ms, outage_ms))

    def _verify_done(self, fact: CommandDone) -> None:
        fault = self._commands.fault_of(fact)
        if fault:
            raise self._different(fact, None, fault)
        self._agreed(fact)

    def _verify_at_the_door(self, fact: SettingsChanged | ConditionsSet | DeskFact) -> None:
        if isinstance(fact, CommandDone):
            self._verify_done(fact)
            return
        if isinstance(fact, BidderFact):
            self._verify_bidder(fact)
            return
        if isinstance(fact, ConditionsSet):
            fault = conditions_fault(fact.text) or (_NOTHING if fact.text == self._conditions else "")
            if fault or (fact.lot, fact.seq) != ("", 0):
                raise self._different(fact, None, fault or _NOTHING)
            self._conditions = fact.text
            self._agreed(fact)
            return
        fault = fact.settings.fault
        if any(self._register.by_key(partner.key) is not None for partner in fact.settings.partners):
            fault = "a partner's key is that of a bidder"
        if fault or fact.settings == self._settings or (fact.lot, fact.seq) != ("", 0):
            raise self._different(fact, None, fault or _NOTHING)
        self._settings = fact.settings
        self._agreed(fact)

    def _verify_bidder(self, fact: BidderFact) -> None:
        match fact:
            case BidderEnrolled() | KeyBound():
                self._verify_key(fact)
            case PaddleGiven():
                if not is_valid_name(fact.name):
                    raise self._different(fact, None, "that can't be a name")
                given = self._register.give(fact.at_ms, fact.by, fact.name, fact.skeletons, fact.paddle)
                self._compare_all(fact, given if isinstance(given, Refused) else [given])
            case CodeIssued():
                if _DIGEST.fullmatch(fact.digest) is None:
                    raise self._different(fact, None, "its digest is none")
                issued = self._register.issue(
                    fact.at_ms,
                    fact.by,
                    fact.paddle,
                    fact.digest,
                    fact.expires_at_ms,
                    replaces_key=fact.replaces_key,
                )
                self._compare_all(fact, issued if isinstance(issued, Refused) else [issued])
            case ConditionsAccepted():
                if fact.digest != digest_of(self._conditions) or not fact.digest:
                    raise self._different(fact, None, "the sale has other conditions then")
                accepted = self._register.accept(fact.at_ms, fact.paddle, fact.digest, fact.by)
                self._compare_all(fact, accepted if isinstance(accepted, Refused) else [accepted])
            case ContactErased():
                erased = self._register.erase(fact.at_ms, fact.by, fact.paddle)
                self._compare_all(fact, erased if isinstance(erased, Refused) else [erased])
            case BidderAdmitted() | BidderTold():
                self._verify_word(fact)

    def _verify_key(self, fact: BidderEnrolled | KeyBound) -> None:
        """Verify how a key came in. The audit trusts the record that it knew the code, or was on the list then."""
        if self._register.by_key(fact.key) is not None:
            raise self._different(fact, None, "the key is already enrolled")
        if any(partner.key == fact.key for partner in self._settings.partners):
            raise self._different(fact, None, "the key is a partner's, which only looks on")
        if isinstance(fact, KeyBound):
            code = self._register.code_of(fact.paddle)
            self._compare(fact, None if code is None else self._register.bind(fact.at_ms, fact.key, code.digest))
            return
        hello = Hello(id=1, versions=(PROTOCOL_VERSION,), name=fact.name, role=fact.role)
        is_admitted = self._settings.admission is not AdmissionMode.APPROVE
        decided = self._register.enter(fact.at_ms, fact.key, hello, fact.skeletons, is_admitted=is_admitted)
        self._compare(fact, decided)

    def _verify_word(self, fact: BidderAdmitted | BidderTold) -> None:
        if (fact.lot, fact.seq) != ("", 0) or not self._may_be_told(fact):
            raise self._different(fact, None, _NOTHING)
        self._news_seqs[fact.paddle] += 1
        if fact.news_seq != self._news_seqs[fact.paddle]:
            due = f"the next word to paddle {fact.paddle} is number {self._news_seqs[fact.paddle]}"
            raise self._different(fact, None, due)
        if isinstance(fact, BidderAdmitted):
            self._register.apply(fact)
        self._agreed(fact)

    def _may_be_told(self, fact: BidderAdmitted | BidderTold) -> bool:
        entry = self._register.by_paddle(fact.paddle)
        if entry is None:
            return False
        if isinstance(fact, BidderTold):
            is_text = 0 < len(fact.text) <= TEXT_CHARS_MAX and is_valid_text(fact.text)
            return is_text and entry.role is Role.BIDDER and fact.kind is WordKind.MESSAGE
        return entry.waiting or entry.admitted != fact.admitted
