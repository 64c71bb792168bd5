"""A second, plain implementation of every lot's rules, written from docs/rules.md without any code of the house.

The rules of the bidding are in `tests.checking.formats`. All data is plain, as in the journal's JSON. `Lot.rejection`
tells why an offer does not count; `Lot.take` takes an offer that counts.

This is the only second implementation of the rules. Recorded sales are compared with it, and so is the engine after
every step of random sales (`tests/auctioneer/rules/test_engine_model.py`).
"""

from dataclasses import dataclass, replace
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


class Shown(NamedTuple):
    """The public state of a lot at one seq, without its terms."""

    status: str
    board: dict[str, Any]
    opens_at_ms: int | None
    ends_at_ms: int | None
    remaining_ms: int | None
    results: tuple[dict[str, Any], ...]
    closed_at_ms: int | None
    close_cause: str | None


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
            self.status,
            self.board(),
            self.opens_at_ms,
            self.ends_at_ms,
            self.remaining_ms,
            self.results(),
            self.closed_at_ms,
            self.close_cause,
        )

    def board(self) -> dict[str, Any]:
        """Return the public board of the bidding."""
        return self.bidding.board(is_over=self.status in FINAL)

    def own(self, paddle: int) -> dict[str, Any] | None:
        """Return the position that a bidder may see as its own."""
        return self.bidding.own(paddle)

    def results(self) -> tuple[dict[str, Any], ...]:
        """Return the buyers of the lot and the prices."""
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
        """Rule 20: give an open lot the time in which nobody could bid; return whether that is public."""
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

    def rejection(self, paddle: int, name: str, request: dict[str, Any]) -> str | None:
        """Return the code of an offer's rejection in the lot's present state; None if the offer counts."""
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

    def take(self, at_ms: int, paddle: int, request: dict[str, Any]) -> Taken:
        """Take an offer that counts."""
        taken = self.bidding.take(paddle, request)
        if taken.cause is not None:
            self.finish(at_ms, "sold", taken.cause)
        elif taken.is_seen:
            self.seq += 1
            self._keep_open(at_ms)
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
        has_clock = self.terms["duration_ms"] is not None
        return self.status in _ALLOWED[command] and (has_clock or command != "extend")

    def may_drop(self, paddle: int) -> bool:
        """Rule 8: whether a bidder's silence has an effect."""
        return self.status not in FINAL and self.bidding.may_drop(paddle)

    def as_it_stands(self) -> "Lot":
        """Return a copy that later offers do not change."""
        return replace(self, bidding=self.bidding.copy())

    def close(self, at_ms: int, cause: str) -> None:
        """Close the lot: it is sold, or passes."""
        self.finish(at_ms, "sold" if self.bidding.results() else "passed", cause)

    def finish(self, at_ms: int, status: str, cause: str | None) -> None:
        """Close or withdraw the lot."""
        self.status, self.closed_at_ms, self.close_cause = status, at_ms, cause
        self.seq += 1
        self.ends_at_ms = self.remaining_ms = None
