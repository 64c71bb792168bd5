"""A journal checked from its first fact to the last by the rules alone: what each must say, and its effect on a lot.

`Record` takes one fact after another. If a fact breaks the rules, it adds a sentence to `faults` and stops, since all
later facts build on this one. It keeps the data that needs no rules (bidders, public events) of all facts. A test that
follows a running engine passes each fact to `add` and calls `settle` after each step. `next_due` and `allows` tell what
comes next.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import NamedTuple

from tests.checking.accounts import Accounts, Held
from tests.checking.asking import confirm, put_off
from tests.checking.corrections import Words, WordsDue, correct, rewrite
from tests.checking.heard import Body, board_of, public_event, word_of
from tests.checking.history import Fact
from tests.checking.rules import FINAL, Lot, Shown
from tests.checking.wrong import WrongFactError, require, require_equal

HOUSE = "house"
SILENT_MS = 10_000
AT_THE_DOOR = (
    *("command_done", "settings_changed", "bidder_enrolled", "bidder_admitted", "bidder_told"),
    *("paddle_given", "code_issued", "key_bound", "contact_erased", "conditions_set", "conditions_accepted"),
)
"""The facts that change no lot."""
BY_THE_DESK = ("limit_set", "deposit_noted", "paddles_linked")
"""The facts about accounts."""
_LEFT = "a bid that was left"
BY_CLERKS = ("floor", "telephone", "absentee")
"""The sources of the offers that clerks make for bidders."""


class Version(NamedTuple):
    """The state of a lot after one fact."""

    fact: Fact
    lot: Lot
    shown: Shown


class Public(NamedTuple):
    """The public part of a fact, as plain data, and the fact."""

    event: Body
    fact: Fact


class Moment(NamedTuple):
    """The accounts as they stood after the fact at a position, with what counted against the limits then."""

    position: int
    accounts: Accounts


class Due(NamedTuple):
    """An automatic event: its time, its lot, and its kind; the sale is the empty name.

    A lot whose turn has come is due at once.
    """

    at_ms: int
    lot: str
    what: str


class Bidder(NamedTuple):
    """The bidder with a paddle."""

    paddle: int
    name: str
    key: str
    role: str


THE_HOUSE = Bidder(0, "", "", "house")
"""Who bids for the seller; it has no entry in the register."""


def _require_outcome(lot: Lot, told: Body) -> None:
    """Require that the fact that closed a lot tells the public board after it, and the buyers."""
    require_equal("the board", told["board"], lot.board())
    require_equal("the results", told["results"], lot.results())


class Record:
    """The journal, decided again. A maximum may be dropped after more than `silent_ms` of silence."""

    def __init__(
        self, facts: Iterable[Fact], outages_ms: list[tuple[int, int]] | None = None, *, silent_ms: int = SILENT_MS
    ) -> None:
        self.facts: list[Fact] = []
        self.faults: list[str] = []
        self.versions: dict[str, list[Version]] = {}
        self.public: dict[tuple[str, int], Public] = {}
        self.decided: dict[tuple[str, int], list[Fact]] = {}
        self.made_by_clerks: list[Fact] = []
        """The offers that clerks made for bidders."""
        self.words: dict[int, list[Public]] = {}
        """The words to each paddle alone, in order."""
        self.bidders: dict[int, Bidder] = {}
        self.paddles: dict[str, int] = {}
        self.lots: dict[str, Lot] = {}
        self._catalogue: list[Lot] = []
        self._live: dict[str, Lot] = {}
        """The lots that are not over."""
        self.sale_status = "running"
        self.sale_seq = 0
        self.epochs: list[int] = []
        """The first epoch of the sale, and its later epochs after restored backups."""
        self._last_seqs: dict[str, int] = {"": 0}
        self.is_sound = True
        self._outages_ms = list(outages_ms) if outages_ms is not None else None
        self._admitted: dict[int, bool] = {}
        self._codes_until: dict[int, int] = {}
        self._forgotten: set[int] = set()
        self._conditions = ""
        self._admission = "open"
        self._paused_at_ms = self._stood_ms = self._started_at_ms = 0
        self._is_ending = False
        """Whether the hammer fell for the sale's end, which must follow."""
        self._to_reschedule: set[str] = set()
        """Lots whose opening the end of the sale's pause must still move."""
        self._ends_after_last_lot = False
        self._has_corrections = self._has_retractions = False
        self._answer_ms: int | None = None
        self._words_due = WordsDue()
        self._accounts = Accounts()
        self.moments: list[Moment] = []
        """The accounts after each fact, from the first on that is about one."""
        self._now_ms = 0
        self._silent_ms = silent_ms
        self._asked_ms: dict[int, int] = {}
        self._runs = 0
        for fact in facts:
            self.add(fact)
        self.settle()

    def seq_of(self, stream: str) -> int:
        """Return the last seq of a stream."""
        return self._last_seqs.get(stream, 0)

    @property
    def streams(self) -> set[str]:
        """The streams of public events: each lot's, and the sale's under the empty name."""
        return set(self._last_seqs)

    def shown_at(self, lot: str, seq: int) -> Shown | None:
        """Return the public state of a lot at a seq; None if there never was such a state."""
        versions = self.versions.get(lot, [])
        index = bisect_left(versions, seq, key=lambda version: version.lot.seq)
        return versions[index].shown if index < len(versions) and versions[index].lot.seq == seq else None

    def next_due(self) -> Due | None:
        """Rule 29: return the next automatic event; None if there is none."""
        scheduled = [lot for lot in self._live.values() if lot.status == "scheduled" and self.sale_status == "running"]
        for lot in scheduled:
            if lot.spec["opening"]["rule"] == "after previous" and self._has_turn(lot):
                return Due(self._now_ms, lot.terms["lot"], "lot_opened")
        if self._ends_after_last_lot and self.lots and not self._live and self.sale_status != "ended":
            return Due(self._now_ms, "", "sale_ended")
        clocks = [(lot.opens_at_ms, lot, "lot_opened") for lot in scheduled]
        clocks += [(lot.ends_at_ms, lot, "lot_closed") for lot in self._live.values()]
        clocks += [(lot.opens_at_ms, lot, _LEFT) for lot in self._live.values() if lot.status == "open" and lot.left]
        clocks += [(lot.steps_at_ms(), lot, "clock_stepped") for lot in self._live.values()]
        clocks += [(lot.asked["until_ms"], lot, "lot_corrected") for lot in self._live.values() if lot.asked]
        due = [
            (at_ms, lot.place, Due(at_ms, lot.terms["lot"], what)) for at_ms, lot, what in clocks if at_ms is not None
        ]
        return min(due, key=lambda one: one[:2])[2] if due else None

    def _has_turn(self, lot: Lot) -> bool:
        """Rule 21."""
        for place in range(lot.place - 1, -1, -1):
            status = self._catalogue[place].status
            if status != "withdrawn":
                return status in FINAL
        return True

    def allows(self, command: str, lot: str = "") -> bool:
        """Rules 21 to 28: whether the house would now carry out a command of the auctioneer."""
        match command:
            case "add":
                return self.sale_status != "ended" and lot not in self.lots
            case "end":
                return self.sale_status != "ended" and not any(lot.asked for lot in self._live.values())
            case "resume_sale":
                return self.sale_status == "paused"
            case "pause_sale":
                return self.sale_status == "running"
            case "open" | "resume" if self.sale_status != "running":
                return False
            case _:
                return self.lots[lot].allows(command)

    # --- one fact -----------------------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Require that nothing is half done when no further fact follows."""
        self._walk(lambda: self._require_settled("the record's end"))
        self._walk(self._words_due.settle)
        self._walk(self._require_ended)

    def add(self, fact: Fact) -> None:
        """Take the next fact."""
        self.facts.append(fact)
        number = len(self.facts)
        if fact.position != number:
            self.faults.append(f"position {number} is missing or doubled: there is {fact.position}")
            self.is_sound = False
        body = fact.body
        if "request" in body and body.get("by"):
            self.made_by_clerks.append(fact)
        elif "request" in body and body["fact"] != "left_bid_void" and body.get("source") != "absentee":
            bidder = self.bidders.get(body["paddle"])
            key = bidder.key if bidder is not None else ""
            self.decided.setdefault((key, body["request"]["id"]), []).append(fact)
        public = public_event(body)
        if public is not None:
            stream = body.get("lot", "")
            self.public.setdefault((stream, public["seq"]), Public(public, fact))
            self._last_seqs[stream] = max(public["seq"], self._last_seqs.get(stream, 0))
            if body["fact"] == "lot_listed":
                self._last_seqs.setdefault(body["spec"]["terms"]["lot"], 0)
        word = word_of(body)
        if word is not None:
            self.words.setdefault(body["paddle"], []).append(Public(word, fact))
        if body["fact"] == "bidder_enrolled":
            self.bidders[body["paddle"]] = Bidder(body["paddle"], body["name"], body["key"], body["role"])
            self.paddles[body["key"]] = body["paddle"]
        if body["fact"] == "paddle_given":
            self.bidders[body["paddle"]] = Bidder(body["paddle"], body["name"], "", "bidder")
        if body["fact"] == "key_bound":
            before = self.bidders[body["paddle"]]
            self.paddles.pop(before.key, None)
            self.bidders[body["paddle"]] = Bidder(body["paddle"], before.name, body["key"], before.role)
            self.paddles[body["key"]] = body["paddle"]
        self._walk(lambda: self._decide(fact), fact)

    def _walk(self, step: Callable[[], None], fact: Fact | None = None) -> None:
        if not self.is_sound:
            return
        try:
            step()
        except WrongFactError as wrong:
            self.is_sound = False
            self.faults.append(f"{wrong}" if fact is None else f"{wrong}; fact {fact.position}: {fact.body}")

    def _require_ended(self) -> None:
        """Require that the hammer fell on all lots, and that the sale ended with it unless it has corrections."""
        if self._has_corrections:
            require(not (self._is_ending and self._live), "the hammer fell for the whole sale, but not on all lots")
        else:
            require(not self._is_ending, "the lots are over, and the sale is not")

    def _decide(self, fact: Fact) -> None:
        body = fact.body
        self._words_due.check(body)
        if body["fact"] in AT_THE_DOOR:
            self._decide_at_the_door(body)
            return
        at_ms = body["at_ms"]
        require(at_ms >= self._now_ms, f"the time runs back from {self._now_ms}")
        if not body.get("with_sale", False):
            self._require_settled(body["fact"])
        self._require_in_order(body)
        getattr(self, f"_{body['fact']}")(body)
        self._now_ms = at_ms
        if body["fact"] in ("house_started", "house_stood_still"):
            self._give_back(fact)
        name = body["spec"]["terms"]["lot"] if body["fact"] == "lot_listed" else body.get("lot", "")
        if name:
            lot = self.lots[name]
            if body["fact"] != "lot_listed":
                require_equal("seq", body.get("seq", 0), lot.seq)
            self.versions[name].append(Version(fact, lot.as_it_stands(), lot.shown()))
            if lot.status in FINAL:
                self._live.pop(name, None)
            else:
                self._live[name] = lot
        elif body["fact"] in ("lot_listed", "sale_decided"):
            require_equal("seq", body.get("seq", 0), self.sale_seq)
        if self.moments or body["fact"] in BY_THE_DESK:
            self.moments.append(Moment(fact.position, self._accounts.look(self.lots)))

    def _decide_at_the_door(self, body: Body) -> None:
        match body["fact"]:
            case "command_done":
                return
            case "settings_changed":
                self._admission = body["settings"]["admission"]
                return
            case "code_issued":
                is_bound = bool(self.bidders[body["paddle"]].key)
                require(is_bound == body.get("replaces_key", False), "a code for a paddle that has a key")
                self._codes_until[body["paddle"]] = body["expires_at_ms"]
                return
            case "key_bound":
                require(body["at_ms"] < self._codes_until.pop(body["paddle"], 0), "a key is bound without a code")
                return
            case "conditions_set":
                self._conditions = body["text"]
                return
            case "conditions_accepted":
                digest = sha256(self._conditions.encode()).hexdigest()
                require_equal("the digest of the conditions", body["digest"], digest)
                return
            case "contact_erased":
                require(body["paddle"] not in self._forgotten, "a contact is erased twice")
                self._forgotten.add(body["paddle"])
                return
            case "paddle_given":
                self._admitted[body["paddle"]] = True
                return
            case "bidder_enrolled":
                require_equal("admitted", body["admitted"], self._admission != "approve")
            case _:
                require_equal("the word's number", body["news_seq"], len(self.words[body["paddle"]]))
        if body["fact"] != "bidder_told":
            self._admitted[body["paddle"]] = body["admitted"]

    def _require_settled(self, before: str) -> None:
        """Require that a change of the whole sale reaches each lot before anything else happens."""
        for name, lot in self._live.items():
            if self.sale_status == "paused":
                require(lot.status != "open", f"before {before}, lot {name} is open in a paused sale")
                stands = lot.asked is None or lot.asked["until_ms"] is None
                require(stands, f"before {before}, the time for an answer on lot {name} runs in a paused sale")
            elif self.sale_status == "running":
                require(not lot.is_stopped_by_sale, f"before {before}, lot {name} still waits for the sale to go on")
                runs = lot.asked is None or lot.asked["until_ms"] is not None
                require(runs, f"before {before}, the time for an answer on lot {name} stands still")
                require(name not in self._to_reschedule, f"before {before}, the opening of lot {name} has not moved")
            else:
                raise WrongFactError(f"before {before}, lot {name} is not over in a sale that is")

    def _require_in_order(self, body: Body) -> None:
        """Rules 17 and 29: all due events have happened, and an automatic event is the one due first."""
        if body["fact"] in ("house_started", "sale_restored", "lot_listed"):
            return  # lots are added together, and the first may be due before the last is listed
        change, with_sale, was_ending = (
            (body.get("event") or {}).get("event", body["fact"]),
            body.get("with_sale", False),
            self._is_ending,
        )
        self._is_ending = with_sale and change in ("lot_closed", "lot_withdrawn")
        require(not with_sale or body["by"] != HOUSE, "the house does nothing to the whole sale but end it")
        if was_ending and (self._is_ending or not self._has_corrections):
            require(self._is_ending or change == "sale_ended", "the lots are over, and the sale is not")
            return
        require(not (was_ending and self._live), "the hammer fell for the whole sale, but not on all lots")
        if with_sale and not self._is_ending:
            return
        due = self.next_due()
        if due is not None and due.what == _LEFT and self._is_left(body):
            change = _LEFT
        elif body.get("by") != HOUSE and change != "clock_stepped":
            require(due is None or due.at_ms > body["at_ms"] - body.get("outage_ms", 0), f"due before it is {due}")
            return
        if due is None:
            raise WrongFactError("the house did what was not due")
        require_equal("what is due first", body.get("lot", ""), due.lot)
        require_equal("the time of what was due", body["at_ms"], max(due.at_ms, self._now_ms))
        require_equal("what the house did", change, due.what)

    @staticmethod
    def _is_left(body: Body) -> bool:
        """Return whether a fact is about a bid that was left before the lot opened."""
        return body["fact"] == "left_bid_void" or (body["fact"], body.get("source")) == ("offer_taken", "absentee")

    # --- the house and its bidders ------------------------------------------------------------------------------------

    def _sale_created(self, body: Body) -> None:
        require(self._runs == 0 and not self.lots, "a sale is created once")
        self._conditions = body.get("conditions", "")
        self._started_at_ms = body["at_ms"]
        self._has_corrections = body["corrections"]
        self._has_retractions = self._has_corrections and body["retractions"]
        self._answer_ms = body["revived_answer_ms"]
        self._ends_after_last_lot = body["ends_after_last_lot"] and not self._has_corrections
        self.epochs.append(body["epoch"])

    def _sale_restored(self, body: Body) -> None:
        require(body["epoch"] > self.epochs[-1], f"the epoch does not rise above {self.epochs[-1]}")
        self.epochs.append(body["epoch"])

    def _house_started(self, body: Body) -> None:
        outage_ms = body["outage_ms"]
        require(0 <= outage_ms <= body["at_ms"] - self._now_ms, f"nobody can have been away for {outage_ms} ms")
        if self._outages_ms is not None:
            least_ms, most_ms = self._outages_ms.pop(0) if self._outages_ms else (0, outage_ms)
            lasted = f"the outage lasted from {least_ms} to {most_ms} ms"
            require(least_ms <= outage_ms <= most_ms, f"{lasted}, and {outage_ms} ms were given back")
        self._runs += 1

    def _house_stood_still(self, body: Body) -> None:
        outage_ms = body["outage_ms"]
        require(0 < outage_ms <= body["at_ms"] - self._now_ms, f"nobody can have stood still for {outage_ms} ms")

    def _give_back(self, fact: Fact) -> None:
        """Rules 20 and 62: one fact, with a separate event for each open lot, and each on which somebody is asked."""
        at_ms, outage_ms = fact.body["at_ms"], fact.body["outage_ms"]
        require((fact.body.get("lot", ""), fact.body.get("seq", 0)) == ("", 0), "an outage is in no stream")
        for name, lot in self._live.items():
            if not outage_ms or not lot.give_back(outage_ms):
                continue
            self.versions[name].append(Version(fact, lot.as_it_stands(), lot.shown()))
            told = {"event": "lot_extended", "seq": lot.seq, "at_ms": at_ms, "cause": "outage"}
            told |= {"ends_at_ms": lot.ends_at_ms, "remaining_ms": None}
            if lot.asked is not None:
                told = {"event": "lot_asked", "seq": lot.seq, "at_ms": at_ms, "asked": lot.asked}
            self.public.setdefault((name, lot.seq), Public(told, fact))
            self._last_seqs[name] = lot.seq

    def _lot_listed(self, body: Body) -> None:
        spec = body["spec"]
        name, at_ms = spec["terms"]["lot"], body["at_ms"]
        require(name not in self.lots, f"lot {name} is there already")
        require(self.sale_status != "ended", "nothing is added to a sale that is over")
        opens_at_ms = self._opening(spec, at_ms)
        require_equal("the opening", body["opens_at_ms"], opens_at_ms)
        self.lots[name] = self._live[name] = Lot.listed(spec, opens_at_ms, len(self._catalogue))
        self.lots[name].has_retractions = self._has_retractions
        self.lots[name].answer_ms = self._answer_ms
        self._catalogue.append(self.lots[name])
        require_equal("the board", body["board"], self.lots[name].board())
        self.versions[name] = []
        self.sale_seq += 1

    # --- accounts -----------------------------------------------------------------------------------------------------

    def _keep_account(self, body: Body) -> None:
        require((body.get("lot", ""), body.get("seq", 0)) == ("", 0), "an account is in no stream")
        paddles = body["paddles"] if body["fact"] == "paddles_linked" else (body["paddle"],)
        for paddle in paddles:
            require(self._is_bidder(paddle), f"paddle {paddle} is not a bidder's")
        self._accounts.note(body, {paddle: self.bidders[paddle].name for paddle in paddles})

    _limit_set = _deposit_noted = _paddles_linked = _keep_account

    def held_now(self) -> dict[int, dict[str, Held]]:
        """Return what counts against each limit, by paddle and lot."""
        return self._accounts.look(self.lots).held

    def rejection(self, paddle: int, name: str, request: Body) -> str | None:
        """Return the code of an offer's rejection as the sale stands; None if the offer counts."""
        lot = self.lots[request["lot"]]
        refused = lot.rejection(paddle, name, request)
        if refused is not None or self._accounts.are_empty:
            return refused
        return self._accounts.look(self.lots).bars(lot, paddle, request)

    # --- requests -----------------------------------------------------------------------------------------------------

    def _requested(self, body: Body) -> tuple[Lot, Bidder]:
        if body.get("source") == "house":
            require(bool(body["by"]), "nobody says who bid for the house")
            require_equal("the paddle of the house", body["paddle"], THE_HOUSE.paddle)
            return self.lots[body["lot"]], THE_HOUSE
        bidder = self.bidders.get(body["paddle"])
        if bidder is None or not self._admitted[bidder.paddle] or bidder.role != "bidder":
            raise WrongFactError(f"paddle {body['paddle']} is not that of an admitted bidder")
        if body.get("by"):
            require(body["source"] in BY_CLERKS, f"a clerk can't be the source {body['source']}")
        else:
            require_equal("the source", body.get("source", "bidder"), "bidder")
            self._asked_ms[bidder.paddle] = body["at_ms"]
        require_equal("the request's lot", body["request"]["lot"], body["lot"])
        return self.lots[body["lot"]], bidder

    def _bid_taken(self, body: Body) -> None:
        lot, bidder = self._requested(body)
        refused = self.rejection(bidder.paddle, bidder.name, body["request"])
        require(refused is None, f"the bid is to be refused with {refused}")
        taken = lot.take(body["at_ms"], bidder.paddle, body["request"])
        by_rule = {"public": taken.is_seen, "ends_at_ms": lot.ends_at_ms, "extended_ms": lot.extended_ms}
        for what, value in by_rule.items():
            require_equal(what, body[what], value)
        require_equal("the board", board_of(body), lot.board())
        leads = {"format": "english", "maximum_minor": body["leader_maximum_minor"]}
        require_equal("what the leader has", leads, lot.own(body["leader"]))

    def _bid_left(self, body: Body) -> None:
        lot, bidder = self._requested(body)
        refused = self.rejection(bidder.paddle, bidder.name, body["request"])
        require(refused is None, f"the bid that is left is to be refused with {refused}")
        lot.leave(bidder.paddle, body["request"])
        for what, value in (("board", lot.board()), ("own", lot.own(bidder.paddle))):
            require_equal(what, body[what], value)

    def _left_bid_void(self, body: Body) -> None:
        lot = self.lots[body["lot"]]
        paddle, request = lot.next_left()
        require_equal("who left the bid", (body["paddle"], body["request"]), (paddle, request))
        offer = lot.bidding.offer_left(request) or {}
        refused = lot.bidding.rejection(paddle, offer) or self._accounts.look(self.lots).bars(lot, paddle, offer)
        require_equal("the reason", body["code"], refused)
        self._words_due.expect({**body, "reason": refused, "by": HOUSE}, [(paddle, "left_bid_void")])

    def _offer_taken(self, body: Body) -> None:
        lot = self.lots[body["lot"]]
        if body["source"] == "absentee" and lot.left:
            paddle, left = lot.next_left()
            require_equal("who left the bid", (body["paddle"], body["request"]), (paddle, lot.bidding.offer_left(left)))
            bidder = self.bidders[paddle]
        else:
            lot, bidder = self._requested(body)
        may_be_house = lot.terms["format"].get("house_bids", False) or body["source"] != "house"
        require(may_be_house, "the house may not bid on this lot")
        has_own_fact = body["request"]["type"] == "bid" and body["source"] == "bidder"
        require(not has_own_fact, "a bidder's own bid has a fact of its own")
        refused = self.rejection(bidder.paddle, bidder.name, body["request"])
        require(refused is None, f"the offer is to be refused with {refused}")
        is_left = body["source"] == "absentee"
        taken = lot.take(body["at_ms"], bidder.paddle, body["request"], is_left=is_left)
        by_rule = {
            "public": taken.is_seen,
            "cause": taken.cause,
            "ends_at_ms": lot.ends_at_ms,
            "extended_ms": lot.extended_ms,
            "entry": taken.entry,
            "own": lot.own(bidder.paddle),
        }
        for what, value in by_rule.items():
            require_equal(what, body[what], value)
        _require_outcome(lot, body)

    def _offer_late(self, body: Body) -> None:
        lot, bidder = self._requested(body)
        require(lot.status in ("sold", "passed"), f"the lot is {lot.status}, so nothing can be late")
        require_equal("late_ms", body["late_ms"], body["at_ms"] - (lot.closed_at_ms or 0))
        require_equal("the board", body["board"], lot.board())
        require_equal("own", body["own"], lot.own(bidder.paddle))

    def _position_released(self, body: Body) -> None:
        lot, paddle = self.lots[body["lot"]], body["paddle"]
        require(lot.may_drop(paddle), f"paddle {paddle} does not lead with a maximum that may be dropped")
        silent_ms = body["at_ms"] - self._asked_ms[paddle]
        require(silent_ms > self._silent_ms, f"paddle {paddle} was heard {silent_ms} ms ago")
        for what, value in lot.drop(paddle).items():
            require_equal(what, body["entry"][what], value)

    def _clock_stepped(self, body: Body) -> None:
        lot = self.lots[body["lot"]]
        entry = lot.bidding.step()
        lot.seq += 1
        for what, value in (("entry", entry), ("board", lot.board()), ("ends_at_ms", lot.ends_at_ms)):
            require_equal(what, body[what], value)

    # --- decisions ----------------------------------------------------------------------------------------------------

    def _is_bidder(self, paddle: int) -> bool:
        bidder = self.bidders.get(paddle)
        return bidder is not None and bidder.role == "bidder"

    def _correction_made(self, body: Body) -> None:
        lot, paddle = self.lots[body["lot"]], body["paddle"]
        require(self._has_corrections, "this sale was begun without corrections")
        require(paddle is None or self._is_bidder(paddle), f"paddle {paddle} is not a bidder's")
        if body["cause"] == "turned_out":
            require(not self._admitted.get(paddle, True), f"paddle {paddle} was not turned out")
        if body["cause"] == "retracted" or "request" in body:
            words = self._correct_own(lot, body)
        else:
            require(body["by"] != "", "only a retraction and an answer are a bidder's")
            is_by_house = body["by"] == HOUSE
            require_equal("whether the clock corrects", is_by_house, body["cause"] == "unanswered")
            words = correct(lot, body, self.sale_status)
        self._words_due.expect(body, words)

    def _correct_own(self, lot: Lot, body: Body) -> Words:
        """Rules 46 and 61: a bidder takes its last bid back, or says that none stands. Its verdict tells it so."""
        require_equal("who corrects", (body["by"], body["reason"]), ("", ""))
        bidder = self._answering(lot, body)
        if body["cause"] == "retracted":
            require_equal("what is asked", body["request"]["type"], "retract")
            require_equal("the bid", tuple(body["asked"]), (lot.last_number_of(bidder.paddle),))
        else:
            answer = (body["cause"], body["request"]["type"], body["request"].get("stands"))
            require_equal("the answer", answer, ("declined", "confirm", False))
        words = correct(lot, body, self.sale_status)
        self._require_told(lot, bidder, body)
        return [(paddle, kind) for paddle, kind in words if paddle != bidder.paddle]

    def _bid_confirmed(self, body: Body) -> None:
        """Rules 60 and 63: the bidder itself, or a clerk for it, says that its bid stands."""
        lot, sale_paused = self.lots[body["lot"]], self.sale_status == "paused"
        if "request" not in body:
            require(body["by"] not in ("", HOUSE), "nobody said that the bid stands")
            confirm(lot, body, is_sale_paused=sale_paused)
            self._words_due.expect({**body, "reason": ""}, [(body["paddle"], "lead_back")])
            return
        require_equal("who answers", body["by"], "")
        bidder = self._answering(lot, body)
        require_equal("the answer", (body["request"]["type"], body["request"]["stands"]), ("confirm", True))
        confirm(lot, body, is_sale_paused=sale_paused)
        self._require_told(lot, bidder, body)

    def _answering(self, lot: Lot, body: Body) -> Bidder:
        """Return the bidder who asked for a change of the lot itself, which must not be refused."""
        require("request" in body, "nobody asked for it")
        _, bidder = self._requested(body)
        refused = lot.rejection(bidder.paddle, bidder.name, body["request"], body["at_ms"])
        require(refused is None, f"the request is to be refused with {refused}")
        return bidder

    @staticmethod
    def _require_told(lot: Lot, bidder: Bidder, body: Body) -> None:
        """Require that the verdict in a fact is what its bidder is to be told."""
        told = {"board": lot.board(), "ends_at_ms": lot.ends_at_ms, "own": lot.own(bidder.paddle)}
        require_equal("what the bidder is told", {what: body["verdict"].get(what) for what in told}, told)

    def _lot_rewritten(self, body: Body) -> None:
        lot = self.lots[body["lot"]]
        is_same = body["spec"]["opening"] == lot.spec["opening"]
        rewrite(lot, body, self.sale_status, lot.opens_at_ms if is_same else self._opening(body["spec"], body["at_ms"]))

    def _opening(self, spec: Body, at_ms: int) -> int | None:
        """Return when a lot opens that has this spec from now on."""
        opening = spec["opening"]
        if opening["delay_ms"] is not None:
            return int(self._started_at_ms + self._stood_ms + opening["delay_ms"])
        opens_at_ms: int | None = {"at start": at_ms, "at time": opening["at_ms"]}.get(opening["rule"])
        return opens_at_ms

    def _lot_decided(self, body: Body) -> None:
        lot, change = self.lots[body["lot"]], body["event"]
        require_equal("the change's seq", change["seq"], body["seq"])
        require_equal("the change's time", change["at_ms"], body["at_ms"])
        getattr(self, f"_{change['event']}")(lot, body, change)

    def _lot_rescheduled(self, lot: Lot, body: Body, change: Body) -> None:
        require(body["lot"] in self._to_reschedule, "only openings counted from the sale's beginning are put off")
        self._to_reschedule.remove(body["lot"])
        stood_ms = body["at_ms"] - self._paused_at_ms
        require_equal("the opening", change["opens_at_ms"], (lot.opens_at_ms or 0) + stood_ms)
        lot.opens_at_ms, lot.seq = change["opens_at_ms"], lot.seq + 1

    def _lot_opened(self, lot: Lot, body: Body, change: Body) -> None:
        require_equal("the status", lot.status, "scheduled")
        require_equal("the sale", self.sale_status, "running")
        lot.open(body["at_ms"])
        require_equal("the end", change["ends_at_ms"], lot.ends_at_ms)

    def _lot_paused(self, lot: Lot, body: Body, change: Body) -> None:
        require_equal("the status", lot.status, "open")
        with_sale = body.get("with_sale", False)
        require_equal("the sale", self.sale_status, "paused" if with_sale else "running")
        lot.pause(body["at_ms"])
        require_equal("what is left", change["remaining_ms"], lot.remaining_ms)
        lot.is_stopped_by_sale = with_sale

    def _lot_resumed(self, lot: Lot, body: Body, change: Body) -> None:
        require_equal("the status", lot.status, "paused")
        require(lot.asked is None, "the lot waits for an answer")
        require_equal("the sale", self.sale_status, "running")
        require_equal("being stopped by the sale", lot.is_stopped_by_sale, body.get("with_sale", False))
        lot.resume(body["at_ms"])
        require_equal("the end", change["ends_at_ms"], lot.ends_at_ms)
        lot.is_stopped_by_sale = False

    def _lot_asked(self, lot: Lot, body: Body, change: Body) -> None:
        require(body.get("with_sale", False), "only the sale's pause, or its end, moves the time for an answer")
        put_off(lot, body["at_ms"], is_sale_paused=self.sale_status == "paused")
        require_equal("who is asked", change["asked"], lot.asked)

    def _lot_extended(self, lot: Lot, body: Body, change: Body) -> None:
        require(change["cause"] == "auctioneer", "an outage is a fact of its own")
        require(lot.allows("extend"), "it has no clock, or is not open")
        for what in ("ends_at_ms", "remaining_ms"):
            before, after = getattr(lot, what), change[what]
            require((before is None) == (after is None), f"{what} was {before}")
            require(before is None or after > before, f"{what} was {before} and did not rise")
            setattr(lot, what, after)
        lot.seq += 1

    def _lot_closed(self, lot: Lot, body: Body, change: Body) -> None:
        require(lot.status in ("open", "paused"), f"a lot that is {lot.status} can't be closed")
        require(lot.asked is None, "the lot waits for an answer")
        require_equal("the cause", change["cause"], "time" if body["by"] == HOUSE else "hammer")
        lot.close(body["at_ms"], change["cause"])
        _require_outcome(lot, change)
        lot.is_stopped_by_sale = False

    def _lot_withdrawn(self, lot: Lot, body: Body, change: Body) -> None:
        require(lot.allows("withdraw"), f"a lot that is {lot.status} can't be withdrawn, or one that is bought in part")
        lot.finish(body["at_ms"], "withdrawn", None)
        require_equal("the board", change["board"], lot.board())
        lot.is_stopped_by_sale = False

    def _sale_decided(self, body: Body) -> None:
        change = body["event"]
        self.sale_seq += 1
        require_equal("the change's seq", change["seq"], self.sale_seq)
        match change["event"]:
            case "sale_paused":
                require_equal("the sale", self.sale_status, "running")
                self.sale_status, self._paused_at_ms = "paused", body["at_ms"]
            case "sale_resumed":
                require_equal("the sale", self.sale_status, "paused")
                self.sale_status = "running"
                self._stood_ms += body["at_ms"] - self._paused_at_ms
                scheduled = (name for name, lot in self._live.items() if lot.status == "scheduled")
                self._to_reschedule = {name for name in scheduled if self.lots[name].spec["opening"]["delay_ms"]}
            case "lots_reordered":
                self._move(change["lot"], change["before"])
            case "sale_ended":
                require(self.sale_status != "ended", "the sale is over already")
                self.sale_status = "ended"

    def _move(self, name: str, before: str) -> None:
        """Rule 38: give a lot another place in the catalogue."""
        require(self.sale_status != "ended", "no lot moves in a sale that is over")
        moved, following = self.lots[name], self.lots[before] if before else None
        for lot in (moved, following):
            require(lot is None or lot.status == "scheduled", "a lot that was opened keeps its place")
        require(following is not moved, f"lot {name} can't come before itself")
        others = [lot for lot in self._catalogue if lot is not moved]
        place = len(others) if following is None else others.index(following)
        require(place != moved.place, f"lot {name} is there already")
        self._catalogue = [*others[:place], moved, *others[place:]]
        for index, lot in enumerate(self._catalogue):
            lot.place = index
