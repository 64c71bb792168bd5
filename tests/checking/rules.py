"""The English rules once more, from docs/rules.md and from nothing of the house, as plainly as they can be told.

A lot keeps all that was ever bid on it, and its price is worked out from all maxima each time. Everything is plain
data, as the journal's JSON has it. `Lot.rejection` says why a bid does not count; `Lot.take` takes one that does.

The rules are told a second time only here. Recorded sales are held to this, and so is the engine after every step of
random sales (`tests/auctioneer/rules/test_engine_model.py`).
"""

from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from common.limits import AMOUNT_MINOR_MAX
from common.names import skeletons

_LARGE = AMOUNT_MINOR_MAX // 4
"""Below it no amount can make the next minimum too large, whatever the table of increments."""
FINAL = ("sold", "passed", "withdrawn")
_ALLOWED = {
    "open": ("scheduled",),
    "pause": ("open",),
    "resume": ("paused",),
    "extend": ("open", "paused"),
    "close": ("open", "paused"),
    "withdraw": ("scheduled", "open", "paused"),
}
"""In which states of a lot the auctioneer's commands are carried out."""


class Shown(NamedTuple):
    """All that everybody may see of a lot at one seq, but for its terms."""

    status: str
    price_minor: int | None
    leader: int | None
    minimum_minor: int
    bids: int
    reserve_met: bool | None
    buy_now_minor: int | None
    opens_at_ms: int | None
    ends_at_ms: int | None
    remaining_ms: int | None
    winner: int | None
    hammer_minor: int | None
    closed_at_ms: int | None
    close_cause: str | None


@dataclass(slots=True)
class Maximum:
    """What a bidder would pay for a lot; `rank` is when that was said."""

    minor: int
    rank: int
    while_connected: bool


@dataclass(slots=True)
class Lot:
    """One lot. `spec` is that of the journal's `lot_listed`."""

    spec: dict[str, Any]
    opens_at_ms: int | None
    place: int = 0
    """Where it stands in the catalogue; the first lot is 0."""
    status: str = "scheduled"
    seq: int = 0
    bids: int = 0
    said: int = 0
    floor_minor: int = 0
    maxima: dict[int, Maximum] = field(default_factory=dict)
    ends_at_ms: int | None = None
    remaining_ms: int | None = None
    extended_ms: int = 0
    is_stopped_by_sale: bool = False
    closed_at_ms: int | None = None
    close_cause: str | None = None
    buyer: int | None = None

    @property
    def terms(self) -> dict[str, Any]:
        terms: dict[str, Any] = self.spec["terms"]
        return terms

    @property
    def reserve_minor(self) -> int | None:
        reserve_minor: int | None = self.spec.get("reserve_minor")
        return reserve_minor

    def step_at(self, price_minor: int) -> int:
        """Rule 3."""
        rows = self.terms["increments"]
        return int([rows[0][1], *(step for start, step in rows if start <= price_minor)][-1])

    # --- rules 4, 5 and 13: the price -------------------------------------------------------------------------------

    def ranked(self) -> list[tuple[int, int, int]]:
        """Every bidder as (minus the maximum, when it was said, paddle): the first leads."""
        return sorted((-one.minor, one.rank, paddle) for paddle, one in self.maxima.items())

    def leader(self) -> int | None:
        return self.ranked()[0][2] if self.maxima else None

    def price(self) -> int | None:
        if not self.maxima:
            return None
        highest, *others = [-minus for minus, _, _ in self.ranked()]
        price = max(int(self.terms["starting_minor"]), self.floor_minor)
        if others:
            price = max(price, min(highest, others[0] + self.step_at(others[0])))
        if self.reserve_minor is None:
            return price
        return max(price, self.reserve_minor) if highest >= self.reserve_minor else highest

    def minimum(self) -> int:
        """Rule 2."""
        price = self.price()
        return int(self.terms["starting_minor"]) if price is None else price + self.step_at(price)

    def reserve_met(self) -> bool | None:
        return None if self.reserve_minor is None else (self.price() or 0) >= self.reserve_minor

    def offer(self) -> int | None:
        """Rule 16."""
        if self.status in FINAL or (self.maxima and self.reserve_met() is not False):
            return None
        buy_now_minor: int | None = self.terms.get("buy_now_minor")
        return buy_now_minor

    def is_sold(self) -> bool:
        """Rules 14 and 25: whether the hammer would sell it."""
        return bool(self.maxima) and self.reserve_met() is not False

    def shown(self) -> Shown:
        """Return what everybody may see."""
        sold = self.status == "sold"
        bought = self.close_cause == "buy_now"
        winner = self.buyer if bought else self.leader()
        hammer = self.terms.get("buy_now_minor") if bought else self.price()
        return Shown(
            self.status,
            self.price(),
            self.leader(),
            self.minimum(),
            self.bids,
            self.reserve_met(),
            self.offer(),
            self.opens_at_ms,
            self.ends_at_ms,
            self.remaining_ms,
            winner if sold else None,
            hammer if sold else None,
            self.closed_at_ms,
            self.close_cause,
        )

    # --- bids ---------------------------------------------------------------------------------------------------------

    def rejection(self, paddle: int, name: str, request: dict[str, Any]) -> str | None:
        """Return the code with which a bid or purchase is refused as the lot stands; None where it counts."""
        if self.status in ("sold", "passed"):
            return "lot_closed"
        if self.status != "open":
            return {"scheduled": "lot_not_open", "paused": "lot_paused", "withdrawn": "lot_withdrawn"}[self.status]
        if not set(skeletons(self.terms.get("seller", ""))).isdisjoint(skeletons(name)):
            return "own_lot"
        if request["type"] == "buy":
            return None if self.offer() == request["price_minor"] else "no_buy_now"
        if request.get("if_seq", self.seq) != self.seq:
            return "state_changed"
        if request.get("if_price_minor", self.price() or 0) != (self.price() or 0):
            return "state_changed"
        return self._rejection_of_amount(paddle, request)

    def _rejection_of_amount(self, paddle: int, request: dict[str, Any]) -> str | None:
        amount: int | None = request.get("amount_minor")
        maximum: int | None = request.get("maximum_minor")
        highest = amount if maximum is None else maximum
        if highest is None or (amount is not None and highest < amount):
            return "invalid_amount"
        if self.leader() == paddle:
            if amount is not None:
                return "already_leading"
            if highest <= self.maxima[paddle].minor:
                return "maximum_not_raised"
        elif (amount if amount is not None else highest) < self.minimum():
            return "below_minimum"
        return "over_limit" if highest > _LARGE and self._minimum_after(paddle, request) > AMOUNT_MINOR_MAX else None

    def _minimum_after(self, paddle: int, request: dict[str, Any]) -> int:
        floor_minor, maxima = self.floor_minor, dict(self.maxima)
        self._say(paddle, request)
        minimum = self.minimum()
        self.floor_minor, self.maxima = floor_minor, maxima
        return minimum

    def _say(self, paddle: int, request: dict[str, Any]) -> None:
        amount, maximum = request.get("amount_minor"), request.get("maximum_minor")
        self.said += 1
        highest = maximum if maximum is not None else amount
        assert highest is not None
        self.maxima[paddle] = Maximum(highest, self.said, request.get("while_connected", False))
        self.floor_minor = max(self.floor_minor, amount or 0)

    def take(self, at_ms: int, paddle: int, request: dict[str, Any]) -> bool:
        """Take a bid that counts; return whether everybody may know of it (rule 7)."""
        before = (self.leader(), self.price())
        self._say(paddle, request)
        if before == (self.leader(), self.price()):
            return False
        self.seq, self.bids = self.seq + 1, self.bids + 1
        self._keep_open(at_ms)
        return True

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
        """Rules 21 to 26: whether a command of the auctioneer suits the lot as it stands."""
        has_clock = self.terms["duration_ms"] is not None
        return self.status in _ALLOWED[command] and (has_clock or command != "extend")

    def may_drop(self, paddle: int) -> bool:
        """Rule 8: whether the leader's latest maximum was only for as long as the bidder is connected."""
        return self.leader() == paddle and self.status not in FINAL and self.maxima[paddle].while_connected

    def drop(self, paddle: int) -> None:
        """Let the leader's maximum fall to the price."""
        one = self.maxima[paddle]
        self.maxima[paddle] = Maximum(self.price() or one.minor, one.rank, while_connected=False)

    def as_it_stands(self) -> "Lot":
        """Return a copy that later bids do not change."""
        return replace(self, maxima=dict(self.maxima))

    def finish(self, at_ms: int, status: str, cause: str | None) -> None:
        """Close or withdraw the lot."""
        self.status, self.closed_at_ms, self.close_cause = status, at_ms, cause
        self.seq += 1
        self.ends_at_ms = self.remaining_ms = None
