"""Plays the text tables in `scenarios/`: each row is a command, and its last column the required outcome.

A file holds scenarios. `== TITLE` begins a scenario; then follow the lots, then rows of four cells:

    lot 1: from 100, step 5, reserve 2500, buy 300, for 60s, soft 10s 30s cap 60s, opens previous, seller Ann
     10s | ann        | bid 1 max 52     | leads 35, minimum 40
         | auctioneer | pause 1          | done, remaining 50s
     20s | clock      | look 1           | paused

A time counts from the sale's start; a row without a time has the time of the row before. The outcome is a list. It
begins with the house's answer: `leads PRICE` or `trails PRICE`, each with `hidden` if nobody may notice, `buys PRICE`,
a reject code, `done`, or `refused CODE`. A sealed offer has `stands AMOUNT` or `gone`, a Dutch one `takes UNITS for
AMOUNT` in all; `look` has no answer. Then follow facts about the lot of the command, about another lot if its number
comes first (`2 open`), or about the `sale`. Amounts are in dollars.

A sale that says `sale that asks` has all of these, and gives a bidder whom a correction makes lead 60s for its answer:
`stand LOT` or `decline LOT`; the auctioneer has `answer LOT yes` and `answer LOT no` for one in the room. `asked ann
until 80s`, `asked ann left 20s` and `asked none` say who is asked.

A sale that says `sale with corrections` takes them: `undo LOT`, `undo LOT NUMBER ...` (the offers that were accepted on
a lot count from 1), `undo LOT back to NUMBER`, `reopen LOT for TIME`, `reopen LOT from PRICE`, `void LOT`, `void LOT
WHO`, `award LOT WHO AMOUNT`, `turn out WHO` and `finish sale`. `told ann offer_void` says who heard what of the last
one, and `void 2 3` which offers it took back. With `sale with retractions` a bidder may `retract LOT`. On a lot with
`house bids` the house may bid; then WHO is `house`.

The auctioneer also keeps accounts: `limit ann 50`, `limit ann none`, `deposit ann 10`, `link ann bob`, `unlink ann bob`
(the last two also with `seller NAME` at the end). `ann spent 20 of 50 exposed 30` says what counts against a limit.

After every row the invariants are checked. At the end the record is replayed and decided again.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from auctioneer.audit.invariants import Watcher, check
from auctioneer.audit.verify import verify
from auctioneer.rules import corrections, decisions, limits
from auctioneer.rules.applying import EngineState
from auctioneer.rules.corrected import Corrected
from auctioneer.rules.decisions import Refused
from auctioneer.rules.engine import THE_HOUSE, Bidder, Engine
from auctioneer.rules.fact_events import verdict_of
from auctioneer.rules.facts import (
    AnyFact,
    BidConfirmed,
    BidderEnrolled,
    BidderTold,
    BidLeft,
    BidTaken,
    CorrectionMade,
    LeftBidVoid,
    OfferLate,
    OfferTaken,
    Taken,
)
from auctioneer.rules.formats.english import default_increments
from auctioneer.rules.lots import LotState
from auctioneer.rules.retractions import retract
from auctioneer.rules.revivals import answer_for, confirm
from auctioneer.rules.sources import Placer, Source
from auctioneer.rules.terms import LotSpec, Opening, OpeningRule
from common.absentee import LeaveBidRequest
from common.confirming import ConfirmRequest
from common.formats import AnyOffer
from common.formats.dutch import DutchOwn, DutchTerms, StopRequest
from common.formats.english import BidRequest, BuyRequest, Step
from common.formats.sealed import Pays, SealedOwn, SealedTerms, SealRequest, UnsealRequest
from common.lot import CorrectionCause, LotTerms, LotView, SoftClose
from common.lot_events import Call
from common.messages import Accepted, Rejected, Role, WordKind
from common.names import skeletons
from common.retraction import RetractRequest
from common.the_house import HOUSE_PADDLE
from tests.auctioneer.house.house_examples import DOLLARS, START_MS, sale_created
from tests.auctioneer.rules.keywords import LotWords, OfferWords, english_lot
from tests.auctioneer.rules.replays import check_replay
from tests.english import english_terms
from tests.must_be import must_be


def void_told(fact: LeftBidVoid, news_seq: int) -> BidderTold:
    """Return the word to a bidder whose bid that was left is void."""
    return BidderTold(
        at_ms=fact.at_ms,
        lot=fact.lot,
        seq=fact.seq,
        paddle=fact.paddle,
        news_seq=news_seq,
        text=fact.code.value,
        by="house",
        kind=WordKind.LEFT_BID_VOID,
    )


WITH_RETRACTIONS = frozenset({"sale with retractions", "sale that asks"})
FOLDER = Path(__file__).parent / "scenarios"


@dataclass
class Row:
    place: str
    at_ms: int
    who: str
    command: str
    outcome: list[str]


@dataclass
class Scenario:
    place: str
    title: str
    setup: list[str] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.place} {self.title}"


def load(*names: str) -> list[Scenario]:
    return [scenario for name in names for scenario in read(f"{name}.txt", (FOLDER / f"{name}.txt").read_text())]


def read(name: str, text: str) -> Iterator[Scenario]:
    """Yield the scenarios in a text; `name` is its file."""
    scenario: Scenario | None = None
    at_ms = 0
    for number, line in enumerate(text.splitlines(), start=1):
        place = f"{name}:{number}"
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith("== "):
            if scenario is not None:
                yield scenario
            scenario, at_ms = Scenario(place, line.removeprefix("== ")), 0
            continue
        assert scenario is not None, f"{place}: a scenario begins with `== TITLE`"
        if "|" not in line:
            scenario.setup.append(line.strip())
            continue
        time, who, command, outcome = (cell.strip() for cell in line.split("|"))
        at_ms = duration_ms(time) if time else at_ms
        scenario.rows.append(Row(place, at_ms, who, command, [part.strip() for part in outcome.split(",")]))
    assert scenario is not None, f"{name} holds no scenario"
    yield scenario


# --- words and values ----------------------------------------------------------------------------------------------


def duration_ms(text: str) -> int:
    match = re.fullmatch(r"(\d+)(ms|s|m|h)", text)
    assert match is not None, f"{text} is no duration"
    return int(match[1]) * {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000}[match[2]]


def show_ms(value_ms: int | None) -> str:
    if value_ms is None:
        return "none"
    return f"{value_ms}ms" if value_ms % 1000 else f"{value_ms // 1000}s"


def show_time(at_ms: int | None) -> str:
    return show_ms(None if at_ms is None else at_ms - START_MS)


def amount(text: str) -> int:
    return DOLLARS.parse(text)


def show(amount_minor: int | None) -> str:
    return "none" if amount_minor is None else DOLLARS.plain(amount_minor).removesuffix(".00")


def lot_spec(line: str) -> LotSpec:
    """Read `lot NUMBER: word value, ...`; the defaults are: from 1, the default table, no clock, at start."""
    head, _, rest = line.partition(":")
    number = head.removeprefix("lot ")
    terms: LotWords = {"title": f"Lot {number}", "starting_minor": 100, "increments": default_increments(DOLLARS)}
    reserve_minor, opening, form = None, Opening(), ["english"]
    for part in filter(None, (part.strip() for part in rest.split(","))):
        match part.split():
            case ["from", value]:
                terms["starting_minor"] = amount(value)
            case ["step", value]:
                terms["increments"] = (Step(0, amount(value)),)
            case ["reserve", value]:
                reserve_minor, terms["has_reserve"] = amount(value), True
            case ["buy", value]:
                terms["buy_now_minor"] = amount(value)
            case ["for", value]:
                terms["duration_ms"] = duration_ms(value)
            case ["soft", window, extension, *cap]:
                terms["soft_close"] = SoftClose(
                    duration_ms(window), duration_ms(extension), duration_ms(cap[1]) if cap else None
                )
            case ["house", "bids"]:
                terms["house_bids"] = True
            case ["seller", *words]:
                terms["seller"] = " ".join(words)
            case ["opens", *words]:
                opening = _opening(words)
            case ["sealed" | "vickrey" | "dutch", *_] as form:
                pass
            case _:
                raise AssertionError(f"{line}: what is {part!r}?")
    return LotSpec(_in_format(english_lot(number, terms), form, reserve_minor), reserve_minor, opening)


def _in_format(lot: LotTerms, form: list[str], reserve_minor: int | None) -> LotTerms:
    """Return the terms in another format: `sealed`, `vickrey`, or `dutch by STEP every TIME to FLOOR of UNITS`."""
    starting_minor = english_terms(lot).starting_minor
    match form:
        case ["sealed" | "vickrey" as word]:
            pays = Pays.OWN_OFFER if word == "sealed" else Pays.SECOND_OFFER
            return msgspec.structs.replace(lot, format=SealedTerms(starting_minor, pays, reserve_minor is not None))
        case ["dutch", "by", step, "every", time, "to", floor, *units]:
            dutch = DutchTerms(
                starting_minor, amount(floor), amount(step), duration_ms(time), int(units[1]) if units else 1
            )
            return msgspec.structs.replace(lot, format=dutch, duration_ms=dutch.duration_ms)
    return lot


def _opening(words: list[str]) -> Opening:
    match words:
        case ["previous"]:
            return Opening(OpeningRule.AFTER_PREVIOUS)
        case ["hand"]:
            return Opening(OpeningRule.BY_HAND)
        case ["at", time]:
            return Opening(OpeningRule.AT_TIME, at_ms=START_MS + duration_ms(time))
        case ["after", delay]:
            return Opening(OpeningRule.AT_TIME, delay_ms=duration_ms(delay))
    raise AssertionError(f"a lot does not open {' '.join(words)}")


def on_board(view: LotView, field: str) -> Any:
    """Return a field of a lot's board, in any format."""
    assert hasattr(view.board, field), f"the board of lot {view.lot} has no {field}"
    return getattr(view.board, field)


# --- the play ------------------------------------------------------------------------------------------------------


class Stage:
    """A sale that plays one scenario; with `restores` it is rebuilt from a snapshot before every row."""

    def __init__(self, scenario: Scenario, *, restores: bool) -> None:
        self._restores = restores
        created = sale_created(
            ends_after_last_lot="sale ends after last lot" in scenario.setup,
            corrections=bool({"sale with corrections", *WITH_RETRACTIONS}.intersection(scenario.setup)),
            retractions=bool(WITH_RETRACTIONS.intersection(scenario.setup)),
            revived_answer_ms=60_000 if "sale that asks" in scenario.setup else None,
        )
        self.engine = Engine.create(created)
        self.facts: list[AnyFact] = [created]
        self._watcher = Watcher(self.engine)
        self._paddles: dict[str, int] = {}
        self._requests = 0
        self._lot = "1"  # facts concern this lot until a command names another
        lots = tuple(lot_spec(line) for line in scenario.setup if line.startswith("lot "))
        if lots:
            self._decided(decisions.add(self.engine, START_MS, "auctioneer", lots))
        self._happened(self.engine.advance(START_MS))
        self._rows = scenario.rows
        self._words: dict[int, int] = {}  # to each bidder: how many
        self._corrected: list[Corrected] = []

    def play(self) -> None:
        for row in self._rows:
            if self._restores:
                copy = msgspec.msgpack.decode(msgspec.msgpack.encode(self.engine.state), type=EngineState[LotState])
                self.engine = Engine(copy)
            answer = self.do(row)
            check(self.engine)
            expected = list(row.outcome)
            if answer is not None:
                assert answer == expected.pop(0), f"{row.place}: {row.command}"
            for fact in expected:
                assert self._fact(fact) == fact, f"{row.place}: {row.command}"
        check_replay(self.engine, self.facts)
        report = verify(enumerate(self.facts, start=1))
        assert report.mismatch is None, f"{report.mismatch}"

    def do(self, row: Row) -> str | None:
        now_ms = START_MS + row.at_ms
        name, *words = row.command.split()
        if name == "outage":
            self._happened(decisions.start(self.engine, now_ms, now_ms - duration_ms(words[0]), "again"))
        if name == "standstill":
            lasted_ms = duration_ms(words[0])
            self._happened(self.engine.advance(now_ms - lasted_ms))
            self._happened(decisions.stand_still(self.engine, now_ms, lasted_ms))
        self._happened(self.engine.advance(now_ms))
        answer = None
        if row.who == "auctioneer":
            answer = self._decided(self._decide(now_ms, name, words))
        elif row.who != "clock":
            answer = self._act(now_ms, row.who, name, words)
        elif name == "look":
            self._lot = words[0] if words else self._lot
        self._happened(self.engine.advance(now_ms))
        return answer

    def _decide(self, now_ms: int, name: str, words: list[str]) -> decisions.Decision:
        engine, by = self.engine, "auctioneer"
        if words == ["sale"]:
            of_sale = {
                "pause": decisions.pause_sale,
                "resume": decisions.resume_sale,
                "end": decisions.end,
                "finish": decisions.finish,
            }
            return of_sale[name](engine, now_ms, by)
        if name in ("undo", "reopen", "void", "award", "turn", "answer"):
            return self._correct(now_ms, name, words)
        if name in ("limit", "deposit", "link", "unlink"):
            return self._keep_account(now_ms, name, words)
        if name == "add":
            return decisions.add(engine, now_ms, by, (lot_spec(" ".join(words)),))
        if name == "announce":
            return decisions.announce(engine, now_ms, by, " ".join(words))
        self._lot = words[0]
        if name == "call":
            return decisions.call(engine, now_ms, by, words[0], Call(words[1]))
        if name == "extend":
            return decisions.extend(engine, now_ms, by, words[0], duration_ms(words[1]))
        if name == "withdraw":
            return decisions.withdraw(engine, now_ms, by, words[0], " ".join(words[1:]))
        of_lot: dict[str, Callable[[Engine, int, str, str], decisions.Decision]] = {
            "open": decisions.open_lot,
            "pause": decisions.pause,
            "resume": decisions.resume,
            "close": decisions.close,
        }
        return of_lot[name](engine, now_ms, by, words[0])

    def _keep_account(self, now_ms: int, name: str, words: list[str]) -> decisions.Decision:
        engine, by, bidder = self.engine, "auctioneer", self._bidder(now_ms, words[0])
        if name == "limit":
            limit_minor = None if words[1] == "none" else amount(words[1])
            return limits.set_limit(engine, now_ms, by, bidder.paddle, limit_minor)
        if name == "deposit":
            return limits.note_deposit(engine, now_ms, by, bidder.paddle, amount(words[1]))
        people, _, seller = " ".join(words).partition(" seller ")
        linked = tuple(self._bidder(now_ms, who) for who in people.split())
        alike = skeletons(seller) if seller else ()
        return limits.link(engine, now_ms, by, linked, seller, alike, linked=name == "link")

    def _correct(self, now_ms: int, name: str, words: list[str]) -> decisions.Decision:
        outcome = self._work_out(now_ms, name, words)
        if isinstance(outcome, Refused):
            return outcome
        return self._carry_out(outcome, "" if name == "answer" else "a slip", "auctioneer")

    def _carry_out(self, corrected: list[Corrected], why: str, by: str) -> list[AnyFact]:
        self._corrected = corrected
        facts: list[AnyFact] = []
        for one in corrected:
            self.engine.apply(one.fact)
            facts += [one.fact, *self._told(one, why, by)]
        return facts

    def _told(self, corrected: Corrected, why: str, by: str) -> Iterator[BidderTold]:
        fact = corrected.fact
        for paddle, kind in corrected.words:
            seq = self._words[paddle] = self._words.get(paddle, 0) + 1
            yield BidderTold(
                at_ms=fact.at_ms,
                lot=fact.lot,
                seq=fact.seq,
                paddle=paddle,
                news_seq=seq,
                text=why,
                by=by,
                kind=kind,
            )

    def _work_out(self, now_ms: int, name: str, words: list[str]) -> list[Corrected] | Refused:
        engine, by, why = self.engine, "auctioneer", "a slip"
        if name == "turn":
            return corrections.void_offers(engine, now_ms, by, self._paddles[words[1]], why)
        lot = self._lot = words[0]
        match [name, *words[1:]]:
            case ["undo", "back", "to", number]:
                numbers = corrections.numbers_back_to(engine, lot, int(number))
                outcome = corrections.undo(engine, now_ms, by, lot, why, numbers)
            case ["undo", "if", "seq", seq]:
                outcome = corrections.undo(engine, now_ms, by, lot, why, if_seq=int(seq))
            case ["undo", *chosen]:
                outcome = corrections.undo(engine, now_ms, by, lot, why, tuple(map(int, chosen)))
            case ["reopen", "for", time]:
                outcome = corrections.reopen(engine, now_ms, by, lot, why, duration_ms(time))
            case ["reopen", "from", price]:
                outcome = corrections.reopen(engine, now_ms, by, lot, why, None, amount(price))
            case ["reopen"]:
                outcome = corrections.reopen(engine, now_ms, by, lot, why)
            case ["void", *who]:
                outcome = corrections.void(engine, now_ms, by, lot, why, self._paddles[who[0]] if who else None)
            case ["answer", word, *seq]:
                if_seq = int(seq[-1]) if seq else None
                outcome = answer_for(engine, now_ms, by, lot, stands=word == "yes", if_seq=if_seq)
            case ["award", who, price]:
                outcome = corrections.award(engine, now_ms, by, lot, why, self._paddles[who], amount(price))
            case _:
                raise AssertionError(f"what is {name} {words}?")
        return outcome if isinstance(outcome, Refused) else [outcome]

    def _act(self, now_ms: int, who: str, name: str, words: list[str]) -> str:
        bidder = self._bidder(now_ms, who)
        if name == "vanish":
            dropped = self.engine.release_silent(now_ms, bidder.paddle)
            self._happened(dropped)
            return " ".join(["drops", *(fact.lot for fact in dropped)])
        self._lot, self._requests = words[0], self._requests + 1
        if name in ("retract", "stand", "decline"):
            return self._correct_own(now_ms, bidder, name, words)
        outcome = self._place(now_ms, bidder, self._offer(name, words))
        if isinstance(outcome, Rejected):
            return self._rejection(bidder, outcome)
        self._happened([outcome])
        return self._in_table(bidder, outcome)

    def _in_table(self, bidder: Bidder, outcome: Taken | BidLeft | OfferLate) -> str:
        """Return how a table tells what became of an offer."""
        match outcome:
            case OfferLate():
                return f"lot_closed late {outcome.late_ms}ms"
            case BidLeft():
                return "left" if outcome.own is not None else "gone"
            case OfferTaken(own=SealedOwn(amount_minor=amount_minor)):
                return f"stands {show(amount_minor)}"
            case OfferTaken(own=DutchOwn(units=units, amount_minor=amount_minor)):
                return f"takes {units} for {show(amount_minor)}"
            case OfferTaken(source=Source.HOUSE):
                return f"leads {show(on_board(self.engine.lots[outcome.lot].view, 'price_minor'))}"
            case OfferTaken(cause=None):
                return "gone"
            case OfferTaken():
                return f"buys {show(outcome.results[0].amount_minor)}"
            case BidTaken():
                verb = "leads" if outcome.leader == bidder.paddle else "trails"
                return f"{verb} {show(outcome.price_minor)}" + ("" if outcome.public else " hidden")

    def _place(self, now_ms: int, bidder: Bidder, offer: AnyOffer) -> Taken | BidLeft | OfferLate | Rejected:
        if bidder is THE_HOUSE:
            return self.engine.offer_for(now_ms, bidder, offer, Placer(Source.HOUSE, "auctioneer"))
        return self.engine.offer(now_ms, bidder, offer)

    def _correct_own(self, now_ms: int, bidder: Bidder, name: str, words: list[str]) -> str:
        if_seq = int(words[3]) if words[1:3] == ["if", "seq"] else None
        number, named = self._requests, words[0]
        if name == "retract":
            outcome = retract(self.engine, now_ms, bidder, RetractRequest(id=number, lot=named, if_seq=if_seq))
        else:
            request = ConfirmRequest(id=number, lot=named, if_seq=if_seq, stands=name == "stand")
            outcome = confirm(self.engine, now_ms, bidder, request)
        if isinstance(outcome, Rejected):
            return self._rejection(bidder, outcome)
        self._happened(self._carry_out([outcome], "", ""))
        assert isinstance(outcome.fact, CorrectionMade | BidConfirmed)
        verdict = verdict_of(outcome.fact)
        lot = self.engine.lots[words[0]]
        told = must_be(Accepted, verdict)
        assert (told.seq, told.board, told.own) == (lot.view.seq, lot.view.board, self.engine.own(lot, bidder.paddle))
        assert told.ends_at_ms == lot.view.ends_at_ms
        return {"retract": "retracted", "stand": "stands by", "decline": "declined"}[name]

    def _offer(self, name: str, words: list[str]) -> AnyOffer:
        number, lot = self._requests, words[0]
        match name:
            case "buy":
                return BuyRequest(id=number, lot=lot, price_minor=amount(words[1]))
            case "seal":
                return SealRequest(id=number, lot=lot, amount_minor=amount(words[1]))
            case "stop":
                units = int(words[2]) if len(words) > 2 else 1
                return StopRequest(id=number, lot=lot, price_minor=amount(words[1]), units=units)
            case "unseal":
                return UnsealRequest(id=number, lot=lot)
            case "leave":
                return LeaveBidRequest(id=number, lot=lot, amount_minor=amount(words[1]) if len(words) > 1 else None)
            case _:
                return self._bid_request(words)

    def _bid_request(self, words: list[str]) -> BidRequest:
        fields: OfferWords = {}
        rest = words[1:]
        while rest:
            match rest:
                case ["max", value, *rest]:
                    fields["maximum_minor"] = amount(value)
                case ["if", "seq", value, *rest]:
                    fields["if_seq"] = int(value)
                case ["if", "price", value, *rest]:
                    fields["if_price_minor"] = amount(value)
                case ["while", "connected", *rest]:
                    fields["while_connected"] = True
                case [value, *rest]:
                    fields["amount_minor"] = amount(value)
        return BidRequest(id=self._requests, lot=words[0], **fields)

    def _rejection(self, bidder: Bidder, rejected: Rejected) -> str:
        lot = self.engine.lots.get(rejected.lot)
        if lot is not None:  # a rejection shows the lot's state
            own = self.engine.own(lot, bidder.paddle)
            assert (rejected.seq, rejected.board, rejected.own) == (lot.view.seq, lot.view.board, own)
        return rejected.code.value + ("" if rejected.retry_ms is None else f" wait {show_ms(rejected.retry_ms)}")

    def _bidder(self, now_ms: int, who: str) -> Bidder:
        if who == "house":
            return THE_HOUSE
        if who not in self._paddles:
            paddle = self._paddles[who] = len(self._paddles) + 1
            self.facts.append(
                BidderEnrolled(
                    at_ms=now_ms,
                    paddle=paddle,
                    name=who,
                    key=who * 10,
                    role=Role.BIDDER,
                    admitted=True,
                    skeletons=skeletons(who),
                )
            )
        return Bidder(self._paddles[who], skeletons(who))

    def _decided(self, decision: decisions.Decision) -> str:
        if isinstance(decision, Refused):
            return f"refused {decision.code.value}"
        self._happened(decision)
        return "done"

    def _happened(self, facts: Sequence[AnyFact]) -> None:
        for fact in facts:
            self.facts.append(fact)
            if isinstance(fact, CorrectionMade) and fact.cause is CorrectionCause.UNANSWERED:
                self._corrected = [Corrected(fact)]
                self.facts += self._told(self._corrected[0], "", "house")
            if isinstance(fact, LeftBidVoid):
                seq = self._words[fact.paddle] = self._words.get(fact.paddle, 0) + 1
                self.facts.append(void_told(fact, seq))
        self._watcher.watch(self.engine, facts)

    # --- facts -----------------------------------------------------------------------------------------------------

    def _fact(self, expected: str) -> str:
        """Return the true fact, in the words of the expected one."""
        first, *rest = expected.split()
        if first == "told":
            told = [word for one in self._corrected for word in one.words]
            return " ".join(["told", *(f"{self._name(paddle)} {kind.value}" for paddle, kind in told)])
        if first == "void":
            void = [number for one in self._corrected for number in one.void]
            return " ".join(["void", *map(str, void)])
        if first == "sale":
            sale = self.engine.sale
            return f"sale {rest[0]} {sale.seq}" if rest[0] == "seq" else f"sale {sale.status.value}"
        if first in self.engine.lots:
            return f"{first} {self._lot_fact(first, rest)}"
        if first in self._paddles:
            return f"{first} {self._account_fact(self._paddles[first])}"
        return self._lot_fact(self._lot, expected.split())

    def _account_fact(self, paddle: int) -> str:
        spending = self.engine.accounts.spending(paddle)
        if spending is None:
            return "no limit"
        spent, exposed = show(spending.won_minor), show(spending.exposed_minor)
        return f"spent {spent} of {show(spending.limit_minor)} exposed {exposed}"

    def _asked(self, view: LotView) -> str:
        asked = view.asked
        if asked is None:
            return "none"
        left = f"left {show_ms(asked.remaining_ms)}" if asked.until_ms is None else f"until {show_time(asked.until_ms)}"
        return f"{self._name(asked.paddle)} {left}"

    def _lot_fact(self, lot: str, words: list[str]) -> str:
        view = self.engine.lots[lot].view
        facts: dict[str, Callable[[], str]] = {
            "price": lambda: show(on_board(view, "price_minor")),
            "left": lambda: str(on_board(view, "units_left")),
            "minimum": lambda: show(on_board(view, "minimum_minor")),
            "asked": lambda: self._asked(view),
            "leader": lambda: self._name(on_board(view, "leader")),
            "bids": lambda: str(on_board(view, "bids")),
            "offers": lambda: str(on_board(view, "offers")),
            "seq": lambda: str(view.seq),
            "reserve": lambda: {None: "none", True: "met", False: "not met"}[on_board(view, "reserve_met")],
            "buy": lambda: show(on_board(view, "buy_now_minor")),
            "opens": lambda: show_time(view.opens_at_ms),
            "ends": lambda: show_time(view.ends_at_ms),
            "remaining": lambda: show_ms(view.remaining_ms),
            "closed": lambda: show_time(view.closed_at_ms),
            "cause": lambda: view.close_cause.value if view.close_cause else "none",
            "extended": lambda: show_ms(self.engine.lots[lot].extended_ms),
        }
        return f"{words[0]} {facts[words[0]]()}" if words[0] in facts else self._status(view)

    def _status(self, view: LotView) -> str:
        rows = (
            f"{self._name(row.paddle)} {show(row.amount_minor)}" + (f" x{row.units}" if row.units != 1 else "")
            for row in view.results
        )
        return " ".join([view.status.value, *rows])

    def _name(self, paddle: int | None) -> str:
        names = {number: name for name, number in self._paddles.items()} | {HOUSE_PADDLE: "house"}
        return "nobody" if paddle is None else names[paddle]
