"""Records of whole random sales, for tests that dissect or load a record."""

import random
from collections.abc import Sequence

from msgspec.structs import replace

from auctioneer.house.paddle_codes import digest_of
from auctioneer.rules import corrections, decisions, limits
from auctioneer.rules.corrected import Corrected
from auctioneer.rules.decisions import Decision, Refused
from auctioneer.rules.engine import THE_HOUSE, Bidder, Engine
from auctioneer.rules.facts import (
    AnyFact,
    BidConfirmed,
    BidderAdmitted,
    BidderEnrolled,
    BidderTold,
    CodeIssued,
    CommandDone,
    ConditionsAccepted,
    ConditionsSet,
    ContactErased,
    CorrectionMade,
    KeyBound,
    LeftBidVoid,
    PaddleGiven,
    SaleRestored,
    SettingsChanged,
)
from auctioneer.rules.formats.english import default_increments
from auctioneer.rules.revivals import answer_for, confirm
from auctioneer.rules.sale_settings import AdmissionMode, Controller, SaleSettings
from auctioneer.rules.sources import Placer, Source
from auctioneer.rules.terms import LotSpec, Opening, OpeningRule
from common.absentee import LeaveBidRequest
from common.conditions import digest_of as conditions_digest
from common.confirming import ConfirmRequest
from common.formats import AnyBoard, AnyOffer, AnyTerms
from common.formats.dutch import DutchBoard, DutchTerms, StopRequest
from common.formats.english import BidRequest, BuyRequest, EnglishBoard, EnglishTerms, Step
from common.formats.sealed import Pays, SealedBoard, SealedTerms, SealRequest, UnsealRequest
from common.lot import LotStatus, LotTerms, SoftClose
from common.messages import Rejected, Role
from tests.auctioneer.house.house_examples import DOLLARS, START_MS, sale_created
from tests.auctioneer.rules.scenarios import void_told

BIDDERS = 6
ANSWER_MS = 1_500
OPENINGS = (Opening(), Opening(), Opening(OpeningRule.AFTER_PREVIOUS), Opening(OpeningRule.AT_TIME, delay_ms=9_000))


class SaleMaker:
    """Makes the record of a whole random sale with the engine, as a house would, if it likes with corrections.

    With `asks` a bidder whom a correction makes lead is asked whether its bid stands.
    """

    def __init__(self, seed: int, *, corrects: bool = False, asks: bool = False) -> None:
        self._random = random.Random(seed)
        self._clerk, self._desk, self._answers = random.Random(seed), random.Random(seed), random.Random(seed)
        self._now_ms = START_MS
        self._requests = self._commands = 0
        self._lots = self._starts = 0
        self._corrects = corrects
        self._told = {1: 3, 2: 1}
        created = sale_created(corrections=corrects, revived_answer_ms=ANSWER_MS if corrects and asks else None)
        self.engine = Engine.create(created)
        self.facts: list[AnyFact] = [created]
        self._take(decisions.start(self.engine, START_MS, None, "first"))

    def make(self, steps: int) -> list[AnyFact]:
        self.facts.append(admitting(AdmissionMode.APPROVE))
        self.facts.append(enrolled(1, admitted=False))
        self.facts.append(admitting(AdmissionMode.OPEN))
        for paddle in range(2, BIDDERS):
            self.facts.append(enrolled(paddle))
        self.facts += [given(BIDDERS), code_issued(BIDDERS), key_bound(BIDDERS), contact_erased(BIDDERS)]
        self.facts += [conditions_set(), conditions_accepted(BIDDERS), conditions_accepted(1)]
        self.facts.append(BidderAdmitted(at_ms=START_MS, paddle=1, news_seq=1, admitted=True, by="clerk"))
        for paddle, news_seq in ((1, 2), (2, 1), (1, 3)):
            self.facts.append(told(paddle, news_seq))
        self._take(limits.note_deposit(self.engine, START_MS, "clerk", 2, 5_000))
        self._take(limits.link(self.engine, START_MS, "clerk", (_bidder(2), _bidder(3)), "Old House", ("oldhouse",)))
        self._take(decisions.add(self.engine, START_MS, "clerk", tuple(self._spec() for _ in range(8))))
        for _ in range(steps):
            if self._desk.random() < 0.02:
                self._keep_accounts()
            self._now_ms += self._random.choice((0, 0, 1, 50, 400))
            self._take(self.engine.advance(self._now_ms))
            if self._random.random() < 0.9:
                self._take(self._bid())
            else:
                self._take_command(self._decide())
            if self._corrects and self._random.random() < 0.15:
                self._correct()
            if self._answers.random() < 0.05:
                self._answer_one(stands=self._answers.random() < 0.6)
            if self._random.random() < 0.02:
                self._take(self.engine.release_silent(self._now_ms, self._random.randint(1, BIDDERS)))
        self._take(self.engine.advance(self._now_ms))
        while self._answer_one(stands=False):
            pass
        self._take(decisions.end(self.engine, self._now_ms, "clerk"))
        if self._corrects:
            self._take(decisions.finish(self.engine, self._now_ms, "clerk"))
        return self.facts

    def _keep_accounts(self) -> None:
        """Have the clerk set a limit, mostly one that matters, or link paddles, or link them no longer."""
        engine, now_ms, pick = self.engine, self._now_ms, self._desk
        self._take(engine.advance(now_ms))
        if pick.random() < 0.7:
            limit_minor = pick.choice((None, 0, 4_000, 9_000, 20_000))
            self._take(limits.set_limit(engine, now_ms, "clerk", pick.randint(1, BIDDERS), limit_minor))
            return
        linked = tuple(_bidder(paddle) for paddle in pick.sample(range(1, BIDDERS + 1), 2))
        self._take(limits.link(engine, now_ms, "clerk", linked, linked=pick.random() < 0.5))

    def _correct(self) -> None:
        self._take(self.engine.advance(self._now_ms))
        if self._random.random() < 0.15:
            self._take(decisions.move(self.engine, self._now_ms, "clerk", self._lot(), self._lot()))
            return
        corrected = self._correction()
        if not isinstance(corrected, Refused):
            self.engine.apply(corrected.fact)
            self._take([corrected.fact])

    def _answer_one(self, *, stands: bool) -> bool:
        """Have the first bidder who is asked answer, itself or by the clerk; return whether one was asked."""
        self._take(self.engine.advance(self._now_ms))
        lot = next((lot for lot in self.engine.catalogue if lot.view.asked is not None), None)
        if lot is None or lot.view.asked is None:
            return False
        self._requests += 1
        name, paddle = lot.view.lot, lot.view.asked.paddle
        if self._answers.random() < 0.5:
            request = ConfirmRequest(id=self._requests, lot=name, stands=stands)
            answered = confirm(self.engine, self._now_ms, _bidder(paddle), request)
            assert isinstance(answered, Corrected)
        else:
            for_it = answer_for(self.engine, self._now_ms, "clerk", name, stands=stands)
            assert isinstance(for_it, Corrected)
            answered = for_it
        self.engine.apply(answered.fact)
        self._take([answered.fact])
        return True

    def _tell(self, corrected: Corrected) -> None:
        fact = corrected.fact
        for paddle, kind in corrected.words:
            seq = self._told[paddle] = self._told.get(paddle, 0) + 1
            self.facts.append(
                BidderTold(
                    at_ms=fact.at_ms,
                    lot=fact.lot,
                    seq=fact.seq,
                    paddle=paddle,
                    news_seq=seq,
                    text="" if isinstance(fact, BidConfirmed) else fact.reason,
                    by=fact.by,
                    kind=kind,
                )
            )

    def _correction(self) -> Corrected | Refused:
        engine, now_ms, name, pick = self.engine, self._now_ms, self._lot(), self._random
        lot = engine.lots[name]
        match pick.randint(0, 6):
            case 0 | 1:
                return corrections.undo(engine, now_ms, "clerk", name, "A slip")
            case 2:
                kept = [offer.number for offer in lot.kept.offers if offer.offer] if lot.kept else []
                chosen = tuple(pick.sample(kept, min(len(kept), pick.randint(1, 3))))
                return corrections.undo(engine, now_ms, "clerk", name, "A slip", chosen)
            case 3:
                clock_minor = pick.choice((None, 3_600, 2_000)) if isinstance(lot.view.board, DutchBoard) else None
                for_ms = None if isinstance(lot.view.board, DutchBoard) else 3_000
                return corrections.reopen(engine, now_ms, "clerk", name, "A slip", for_ms, clock_minor)
            case 4:
                return corrections.void_offers_on(engine, now_ms, "clerk", name, pick.randint(1, BIDDERS), "A slip")
            case 5:
                if pick.random() < 0.5:
                    return corrections.award(engine, now_ms, "clerk", name, "A slip", pick.randint(1, BIDDERS), 700)
                buyers = [result.paddle for result in lot.view.results] or [1]
                return corrections.void(engine, now_ms, "clerk", name, "A slip", pick.choice(buyers))
            case _:
                return corrections.rewrite(engine, now_ms, "clerk", name, "A slip", self._rewritten(lot.spec), ())

    def _rewritten(self, spec: LotSpec) -> LotSpec:
        pick, terms = self._random, spec.terms
        terms = replace(terms, title=f"Lot, {pick.choice(('restored', 'signed', 'as it is'))}")
        if pick.random() < 0.3:
            return replace(spec, terms=replace(terms, duration_ms=4_000), opening=pick.choice(OPENINGS))
        if isinstance(terms.format, EnglishTerms) and pick.random() < 0.5:
            form = replace(terms.format, increments=(Step(0, pick.choice((25, 75))),))
            return replace(spec, terms=replace(terms, format=form))
        return replace(spec, terms=terms)

    def _take(self, facts: Sequence[AnyFact] | Refused) -> None:
        for fact in () if isinstance(facts, Refused) else facts:
            self.facts.append(fact)
            if isinstance(fact, CorrectionMade | BidConfirmed):
                self._tell(Corrected(fact))
            if isinstance(fact, LeftBidVoid):
                seq = self._told[fact.paddle] = self._told.get(fact.paddle, 0) + 1
                self.facts.append(void_told(fact, seq))

    def _take_command(self, facts: Sequence[AnyFact] | Refused) -> None:
        """Take the effects of a clerk's command, and that it was done. What nobody ordered is taken as it is."""
        self._take(facts)
        if isinstance(facts, Refused) or getattr(facts[-1], "by", "") != "clerk":
            return
        self._commands += 1
        self.facts.append(command_done(self._commands, self._now_ms))

    def _spec(self) -> LotSpec:
        self._lots += 1
        chance = self._random.random
        reserve_minor = 3_000 if chance() < 0.4 else None
        form: AnyTerms = EnglishTerms(
            starting_minor=100,
            increments=default_increments(DOLLARS),
            has_reserve=reserve_minor is not None,
            buy_now_minor=9_000 if chance() < 0.5 else None,
            house_bids=reserve_minor is not None,
        )
        duration_ms, soft_close = 6_000, SoftClose(3_000, 4_000, 20_000) if chance() < 0.7 else None
        if chance() < 0.2:
            pays = self._random.choice(list(Pays))
            form, soft_close = SealedTerms(100, pays, reserve_minor is not None), None
        elif chance() < 0.2:
            form = DutchTerms(4_000, 500, 400, 600, self._random.randint(1, 4))
            reserve_minor, duration_ms, soft_close = None, form.duration_ms, None
        terms = LotTerms(str(self._lots), "Lot", form, duration_ms=duration_ms, soft_close=soft_close)
        return LotSpec(terms, reserve_minor, self._random.choice(OPENINGS))

    def _lot(self) -> str:
        return str(self._random.randint(max(1, self._lots - 8), self._lots))

    def _bid(self) -> Decision:
        paddle, name = self._random.randint(1, BIDDERS), self._lot()
        self._requests += 1
        bidder = _bidder(paddle)
        request = self._offer(name, self.engine.lots[name].view.board)
        if self.engine.lots[name].view.status is LotStatus.SCHEDULED and self._clerk.random() < 0.8:
            amount_minor = self._clerk.choice((None, 500, 900, 900, 950, 3_000, 3_000, 3_050))
            request = LeaveBidRequest(id=self._requests, lot=name, amount_minor=amount_minor)
        if self._clerk.random() < 0.1 and isinstance(request, BidRequest):
            house_bid = replace(request, maximum_minor=None, while_connected=False)
            made = self.engine.offer_for(self._now_ms, THE_HOUSE, house_bid, Placer(Source.HOUSE, "clerk"))
            return [] if isinstance(made, Rejected) else [made]
        if self._clerk.random() < 0.1:
            placer = Placer(self._clerk.choice((Source.FLOOR, Source.TELEPHONE)), "clerk")
            made = self.engine.offer_for(self._now_ms, bidder, request, placer)
            return [] if isinstance(made, Rejected) else [made]
        outcome = self.engine.offer(self._now_ms, bidder, request)
        return [] if isinstance(outcome, Rejected) else [outcome]

    def _offer(self, lot: str, board: AnyBoard) -> AnyOffer:
        pick, number = self._random, self._requests
        match board:
            case SealedBoard():
                if pick.random() < 0.2:
                    return UnsealRequest(id=number, lot=lot)
                return SealRequest(id=number, lot=lot, amount_minor=pick.randint(50, 6_000))
            case DutchBoard(price_minor=price_minor):
                if pick.random() < 0.8:  # otherwise the first bidder to look would take everything
                    price_minor -= 1
                return StopRequest(id=number, lot=lot, price_minor=price_minor, units=pick.randint(1, 3))
            case EnglishBoard(minimum_minor=least_minor):
                if pick.random() < 0.03:
                    return BuyRequest(id=number, lot=lot, price_minor=9_000)
                open_minor = least_minor + pick.choice((0, 10, 500)) if pick.random() < 0.5 else None
                secret_minor = least_minor + pick.choice((500, 900, 2_000)) if pick.random() < 0.8 else None
                return BidRequest(
                    id=number,
                    lot=lot,
                    amount_minor=open_minor,
                    maximum_minor=secret_minor,
                    while_connected=pick.random() < 0.3,
                )

    def _restored(self) -> list[AnyFact]:
        """Return the facts of a restored backup, at every second start of a house."""
        self._starts += 1
        if self._starts % 2 == 0:
            return []
        restored = SaleRestored(at_ms=self.engine.state.now_ms, epoch=self.engine.epoch + 10)
        self.engine.apply(restored)
        return [restored]

    def _decide(self) -> Decision:
        engine, now_ms, name = self.engine, self._now_ms, self._lot()
        match self._random.randint(0, 14):
            case 0:
                return decisions.pause(engine, now_ms, "clerk", name)
            case 1:
                return decisions.resume(engine, now_ms, "clerk", name)
            case 2:
                return decisions.extend(engine, now_ms, "clerk", name, 700)
            case 3:
                return decisions.close(engine, now_ms, "clerk", name)
            case 4:
                return decisions.withdraw(engine, now_ms, "clerk", name, "broken")
            case 5:
                return decisions.pause_sale(engine, now_ms, "clerk")
            case 6 | 7:
                return decisions.resume_sale(engine, now_ms, "clerk")
            case 8:
                return decisions.announce(engine, now_ms, "clerk", "Hear, hear")
            case 9:
                self._now_ms += 5_000
                return self._restored() + decisions.start(engine, self._now_ms, now_ms + 1, "again")
            case 10:
                self._now_ms += 5_000
                return engine.advance(now_ms + 1_000) + decisions.stand_still(engine, self._now_ms, 4_000)
            case _:
                return decisions.add(engine, now_ms, "clerk", (self._spec(), self._spec()))


def _bidder(paddle: int) -> Bidder:
    return Bidder(paddle, (f"bidder{paddle}",))


def admitting(mode: AdmissionMode) -> SettingsChanged:
    clerk = Controller("clerk", Role.CLERK, "k" * 40)
    return SettingsChanged(at_ms=START_MS, settings=SaleSettings(mode, "code", (clerk,)), by="auctioneer")


def command_done(command_id: int, at_ms: int = START_MS, digest: str = "d" * 64) -> CommandDone:
    return CommandDone(at_ms=at_ms, by="clerk", command_id=command_id, kind="pause", digest=digest, answer={})


def told(paddle: int = 1, seq: int = 1, text: str = "Your lot is ready.") -> BidderTold:
    return BidderTold(at_ms=START_MS, paddle=paddle, news_seq=seq, text=text, by="clerk")


def given(paddle: int) -> PaddleGiven:
    name = f"Bidder {paddle}"
    return PaddleGiven(at_ms=START_MS, paddle=paddle, name=name, skeletons=(f"bidder{paddle}",), by="clerk")


def code_issued(paddle: int, valid_ms: int = 60_000) -> CodeIssued:
    digest = digest_of("sale", f"code {paddle}")
    return CodeIssued(at_ms=START_MS, paddle=paddle, digest=digest, expires_at_ms=START_MS + valid_ms, by="clerk")


CONDITIONS = "Pay within a week."


def conditions_set(text: str = CONDITIONS) -> ConditionsSet:
    return ConditionsSet(at_ms=START_MS, text=text, by="auctioneer")


def conditions_accepted(paddle: int, text: str = CONDITIONS) -> ConditionsAccepted:
    return ConditionsAccepted(at_ms=START_MS, paddle=paddle, digest=conditions_digest(text))


def contact_erased(paddle: int) -> ContactErased:
    return ContactErased(at_ms=START_MS, paddle=paddle, by="auctioneer")


def key_bound(paddle: int, at_ms: int = START_MS) -> KeyBound:
    return KeyBound(at_ms=at_ms, paddle=paddle, key=f"key{paddle}")


def enrolled(paddle: int, *, admitted: bool = True) -> BidderEnrolled:
    return BidderEnrolled(
        at_ms=START_MS,
        paddle=paddle,
        name=f"Bidder {paddle}",
        key=f"key{paddle}",
        role=Role.BIDDER,
        admitted=admitted,
        skeletons=(f"bidder{paddle}",),
    )
