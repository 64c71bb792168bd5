"""A second, plain implementation of every lot's rules, written from docs/rules.md without any code of the house.

The rules of the bidding are in `tests.checking.formats`. All data is plain, as in the journal's JSON. `Lot.rejection`
tells why an offer does not count; `Lot.take` takes an offer that counts.

This is the only second implementation of the rules. Recorded sales are compared with it, and so is the engine after
every step of random sales (`tests/auctioneer/rules/test_engine_model.py`).
"""

from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from common.names import skeletons
from tests.checking.formats.bidding import Bidding, Taken
from tests.checking.formats.table import bidding_of

FINAL = ("sold", "passed", "withdrawn")
_ALLOWED = {
    "open": ("scheduled",),
    "pause": ("open",),
    "resume": ("paused",),
    "extend": ("open", "paused"),
    "close": ("open", "paused"),
    "withdraw": ("scheduled", "open", "paused"),
}
"""The states of a lot in which the house carries out each of the auctioneer's commands."""


LAST_MS = 60_000
"""Rule 46: how long before its end nobody takes a bid back on a lot without a soft close."""


class Said(NamedTuple):
    """An accepted offer that counts; without a `request`, the bidder's silence, which has the number 0."""

    number: int
    seq: int
    is_public: bool
    paddle: int
    request: dict[str, Any] | None
    is_left: bool = False
    """Whether it is a bid that was left with the house."""


class Shown(NamedTuple):
    """The public state of a lot at one seq."""

    terms: dict[str, Any]
    status: str
    board: dict[str, Any]
    opens_at_ms: int | None
    ends_at_ms: int | None
    remaining_ms: int | None
    results: tuple[dict[str, Any], ...]
    closed_at_ms: int | None
    close_cause: str | None
    asked: dict[str, Any] | None


@dataclass(slots=True)
class Lot:
    """One lot. `spec` comes from the journal's `lot_listed`."""

    spec: dict[str, Any]
    opens_at_ms: int | None
    bidding: Bidding
    place: int = 0
    """The lot's place in the catalogue; the first lot has 0."""
    status: str = "scheduled"
    seq: int = 0
    ran_ms: int = 0
    """How long the lot was open before its clock last stopped."""
    runs_from_ms: int = 0
    """The time at which the lot's clock last began to run, plus all outages since."""
    ends_at_ms: int | None = None
    remaining_ms: int | None = None
    extended_ms: int = 0
    is_stopped_by_sale: bool = False
    closed_at_ms: int | None = None
    close_cause: str | None = None
    base: Bidding | None = None
    """The bidding before the first of the offers that can be taken back; None: nobody had said anything."""
    said: list[Said] = field(default_factory=list)
    numbered: int = 0
    agreed: tuple[dict[str, Any], ...] | None = None
    """The outcome that a person of the house settled; None: the rules' outcome."""
    first_void_seq: int | None = None
    """The seq of the earliest public offer that the last correction took back."""
    left: dict[int, dict[str, Any]] = field(default_factory=dict)
    """The bids that wait for the opening, by paddle, in their order."""
    has_retractions: bool = False
    answer_ms: int | None = None
    """Rule 59: how long a bidder has whom a correction made lead; None: it is bound by its bid."""
    asked: dict[str, Any] | None = None
    """Who is asked whether its bid stands, and until when."""
    is_revived: bool = False
    """Whether the leader leads by a bid that a correction revived, and has not confirmed it."""
    opens_after: bool = False
    """Whether the lot is open again once nobody is asked any more."""

    @classmethod
    def listed(cls, spec: dict[str, Any], opens_at_ms: int | None, place: int) -> "Lot":
        """Return a lot that has just joined the sale."""
        return cls(spec, opens_at_ms, bidding_of(spec), place)

    @property
    def terms(self) -> dict[str, Any]:
        terms: dict[str, Any] = self.spec["terms"]
        return terms

    def shown(self) -> Shown:
        """Return the public state."""
        return Shown(
            self.terms,
            self.status,
            self.board(),
            self.opens_at_ms,
            self.ends_at_ms,
            self.remaining_ms,
            self.results(),
            self.closed_at_ms,
            self.close_cause,
            self.asked,
        )

    def board(self) -> dict[str, Any]:
        """Return the public board of the bidding."""
        return self.bidding.board(is_over=self.status in FINAL)

    def own(self, paddle: int) -> dict[str, Any] | None:
        """Return the position that a bidder may see as its own."""
        if self.status == "scheduled" and paddle in self.left:
            alone = self.bidding.copy()
            offer = alone.offer_left(self.left[paddle])
            if offer is None or alone.rejection(paddle, offer) is not None:
                return None  # the catalogue was corrected since
            alone.take(paddle, offer)
            return alone.own(paddle)
        return self.bidding.own(paddle)

    def results(self) -> tuple[dict[str, Any], ...]:
        """Return the buyers of the lot and the prices."""
        if self.agreed is not None:
            return self.agreed
        return self.bidding.results() if self.status == "sold" else ()

    # --- the clock ----------------------------------------------------------------------------------------------------

    def open(self, at_ms: int) -> None:
        """Begin the bidding."""
        duration_ms = self.terms["duration_ms"]
        self.status, self.opens_at_ms, self.seq = "open", at_ms, self.seq + 1
        self.ends_at_ms = None if duration_ms is None else at_ms + duration_ms
        self.runs_from_ms = at_ms

    def pause(self, at_ms: int) -> None:
        """Stop the clock."""
        left_ms = None if self.ends_at_ms is None else max(0, self.ends_at_ms - at_ms)
        self.status, self.remaining_ms, self.ends_at_ms, self.seq = "paused", left_ms, None, self.seq + 1
        self.ran_ms += at_ms - self.runs_from_ms

    def resume(self, at_ms: int) -> None:
        """Let the clock run again."""
        ends_at_ms = None if self.remaining_ms is None else at_ms + self.remaining_ms
        self.status, self.ends_at_ms, self.remaining_ms, self.seq = "open", ends_at_ms, None, self.seq + 1
        self.runs_from_ms = at_ms

    def give_back(self, outage_ms: int) -> bool:
        """Rule 20: give a lot the time in which nobody could bid, or answer; return whether that is public."""
        if self.asked is not None and self.asked["until_ms"] is not None:
            self.asked = {**self.asked, "until_ms": self.asked["until_ms"] + outage_ms}
            self.seq += 1
            return True
        if self.status != "open":
            return False
        self.runs_from_ms += outage_ms
        if self.ends_at_ms is None:
            return False
        self.ends_at_ms, self.seq = self.ends_at_ms + outage_ms, self.seq + 1
        return True

    def steps_at_ms(self) -> int | None:
        """Return the time at which the format's own clock acts next; it runs while the lot is open."""
        due_ms = self.bidding.due_ms()
        if self.status != "open" or due_ms is None:
            return None
        return self.runs_from_ms + due_ms - self.ran_ms

    # --- offers -------------------------------------------------------------------------------------------------------

    def rejection(self, paddle: int, name: str, request: dict[str, Any], at_ms: int = 0) -> str | None:
        """Return the code of an offer's rejection in the lot's present state; None if the offer counts.

        The time counts only for a bid that its bidder takes back.
        """
        if request["type"] == "leave_bid":
            return self._why_not_left(paddle, name, request)
        if request["type"] == "retract":
            return self._why_not_retracted(paddle, request, at_ms)
        if request["type"] == "confirm":
            return self._why_not_confirmed(paddle, request)
        if request["type"] not in self.bidding.asks:
            return "other_format"
        if self.status in ("sold", "passed"):
            return "lot_closed"
        if self.status != "open":
            return {"scheduled": "lot_not_open", "paused": "lot_paused", "withdrawn": "lot_withdrawn"}[self.status]
        if not set(skeletons(self.terms.get("seller", ""))).isdisjoint(skeletons(name)):
            return "own_lot"
        if request.get("if_seq", self.seq) != self.seq:
            return "state_changed"
        return self.bidding.rejection(paddle, request)

    def _why_not_retracted(self, paddle: int, request: dict[str, Any], at_ms: int) -> str | None:
        """Rule 46."""
        if "bid" not in self.bidding.asks:
            return "other_format"
        if not self.has_retractions:
            return "no_retraction"
        if self.status in ("sold", "passed"):
            return "lot_closed"
        if self.status != "open":
            return {"scheduled": "lot_not_open", "paused": "lot_paused", "withdrawn": "lot_withdrawn"}[self.status]
        if request.get("if_seq", self.seq) != self.seq:
            return "state_changed"
        number = self.last_number_of(paddle)
        if number is None:
            return "no_offer"
        if self.ends_at_ms is None:
            later = (said for said in self.said if said.number > number)
            return "no_retraction" if any(said.is_public and said.paddle != paddle for said in later) else None
        soft = self.terms.get("soft_close")
        too_late_ms = self.ends_at_ms - (LAST_MS if soft is None else soft["window_ms"])
        return "no_retraction" if self.extended_ms or at_ms >= too_late_ms else None

    def _why_not_confirmed(self, paddle: int, request: dict[str, Any]) -> str | None:
        """Rule 60."""
        if self.asked is None or self.asked["paddle"] != paddle:
            return "not_asked"
        return None if request.get("if_seq", self.seq) == self.seq else "state_changed"

    def last_number_of(self, paddle: int) -> int | None:
        """Return the number of a bidder's last offer that counts; None if there is none."""
        numbers = [said.number for said in self.said if said.paddle == paddle and said.request is not None]
        return numbers[-1] if numbers else None

    def _why_not_left(self, paddle: int, name: str, request: dict[str, Any]) -> str | None:
        """Rules 43 and 44: tell why no bid can be left before the opening, or taken back."""
        if self.status != "scheduled":
            codes = {"open": "already_open", "paused": "already_open", "withdrawn": "lot_withdrawn"}
            return codes.get(self.status, "lot_closed")
        if not set(skeletons(self.terms.get("seller", ""))).isdisjoint(skeletons(name)):
            return "own_lot"
        if request.get("if_seq", self.seq) != self.seq:
            return "state_changed"
        if request.get("amount_minor") is None:
            return None if paddle in self.left else "no_offer"
        offer = self.bidding.offer_left(request)
        return "other_format" if offer is None else self.bidding.rejection(paddle, offer)

    def leave(self, paddle: int, request: dict[str, Any]) -> None:
        """Rule 43: leave a bid behind all others, unless it has the amount of the one before, or take it back."""
        before = self.left.get(paddle, {}).get("amount_minor")
        if request.get("amount_minor") is None or request["amount_minor"] != before:
            self.left.pop(paddle, None)
            if request.get("amount_minor") is not None:
                self.left[paddle] = request

    def next_left(self) -> tuple[int, dict[str, Any]]:
        """Return the bid that is due first at the opening; it waits no longer."""
        paddle = next(iter(self.left))
        return paddle, self.left.pop(paddle)

    def take(self, at_ms: int, paddle: int, request: dict[str, Any], *, is_left: bool = False) -> Taken:
        """Take an offer that counts. `is_left` if the bidder left it with the house."""
        taken = self.bidding.take(paddle, request)
        if taken.cause is not None:
            self.finish(at_ms, "sold", taken.cause)
        elif taken.is_seen:
            self.seq += 1
            self._keep_open(at_ms)
        if taken.cause is None:
            self.numbered += 1
            self.said.append(Said(self.numbered, self.seq, taken.is_seen, paddle, request, is_left))
        return taken

    def _keep_open(self, at_ms: int) -> None:
        """Rule 19."""
        soft = self.terms.get("soft_close")
        if soft is None or self.ends_at_ms is None or at_ms < self.ends_at_ms - soft["window_ms"]:
            return
        ends_at_ms = max(self.ends_at_ms, at_ms + soft["extension_ms"])
        if soft.get("cap_ms") is not None:
            ends_at_ms = min(ends_at_ms, self.ends_at_ms + soft["cap_ms"] - self.extended_ms)
        self.extended_ms += ends_at_ms - self.ends_at_ms
        self.ends_at_ms = ends_at_ms

    def allows(self, command: str) -> bool:
        """Rules 21 to 26: whether a command of the auctioneer suits the lot's present state."""
        if command == "withdraw" and self.bidding.is_bound():
            return False
        if self.asked is not None and command in ("resume", "close"):
            return False
        has_clock = self.terms["duration_ms"] is not None
        return self.status in _ALLOWED[command] and (has_clock or command != "extend")

    def may_drop(self, paddle: int) -> bool:
        """Rule 8: whether a bidder's silence has an effect."""
        return self.status not in FINAL and self.bidding.may_drop(paddle)

    def drop(self, paddle: int) -> dict[str, Any]:
        """Rule 8: have a bidder's silence its effect, and return the entry that the record must show."""
        self.said.append(Said(0, self.seq, is_public=False, paddle=paddle, request=None))
        return self.bidding.drop(paddle)

    # --- corrections --------------------------------------------------------------------------------------------------

    def without(self, numbers: frozenset[int]) -> tuple[Bidding, list[Said]]:
        """Rule 32: return the bidding without some offers, and all offers that no longer count."""
        bidding = bidding_of(self.spec) if self.base is None else self.base.copy()
        gone = []
        for said in self.said:
            if said.request is None:
                if bidding.may_drop(said.paddle):
                    bidding.drop(said.paddle)
            elif said.number in numbers or not bidding.again(said.paddle, said.request):
                gone.append(said)
        return bidding, gone

    def reopen(self, at_ms: int, ends_at_ms: int | None) -> None:
        """Rule 34: open a lot that is over again."""
        self.status, self.ends_at_ms, self.runs_from_ms, self.extended_ms = "open", ends_at_ms, at_ms, 0
        self.opens_at_ms = at_ms if self.opens_at_ms is None else self.opens_at_ms
        self.closed_at_ms = self.close_cause = self.agreed = self.first_void_seq = None

    def settle(self, status: str, cause: str, results: tuple[dict[str, Any], ...]) -> None:
        """Rule 35: give a lot that is over another outcome."""
        self.status, self.close_cause, self.agreed = status, cause, results
        if cause == "awarded":
            self.first_void_seq = None

    def begin_anew(self, spec: dict[str, Any], opens_at_ms: int | None) -> None:
        """Rule 37: give a lot that nobody could bid on another spec."""
        self.spec, self.bidding, self.opens_at_ms = spec, bidding_of(spec), opens_at_ms

    def revise(self, spec: dict[str, Any]) -> None:
        """Rule 37: give a lot other terms, under which the earlier bids count for good."""
        if spec["terms"]["format"] != self.terms["format"]:
            self.bidding.revise(spec)
            self.base, self.said = self.bidding.copy(), []
        elif spec["reserve_minor"] != self.spec["reserve_minor"]:
            self.bidding.revise(spec)
        self.spec = spec

    def as_it_stands(self) -> "Lot":
        """Return a copy that later offers do not change."""
        said = list(self.said) if self.has_retractions else []
        return replace(self, bidding=self.bidding.copy(), said=said, left=dict(self.left))

    def close(self, at_ms: int, cause: str) -> None:
        """Close the lot: it is sold, or passes."""
        self.finish(at_ms, "sold" if self.bidding.results() else "passed", cause)

    def finish(self, at_ms: int, status: str, cause: str | None) -> None:
        """Close or withdraw the lot."""
        self.status, self.closed_at_ms, self.close_cause = status, at_ms, cause
        self.seq += 1
        self.left = {}
        self.ends_at_ms = self.remaining_ms = self.asked = None
        self.opens_after = False
