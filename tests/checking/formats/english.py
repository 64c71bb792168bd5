"""A second implementation of the English rules, from docs/rules.md.

A lot keeps every bid ever made on it, and computes its price from all maxima each time.
"""

from dataclasses import dataclass, field, replace

from common.limits import AMOUNT_MINOR_MAX
from tests.checking.formats.bidding import Body, Taken
from tests.checking.wrong import require

THE_HOUSE = 0
"""The paddle by which the house leads."""
_LARGE = AMOUNT_MINOR_MAX // 4
"""No amount below this can make the next minimum too large, with any table of increments."""


@dataclass(slots=True)
class Maximum:
    """The most that a bidder would pay for a lot; `rank` is its place in the order of bids."""

    minor: int
    rank: int
    while_connected: bool


@dataclass(slots=True)
class EnglishBidding:
    """The bids on one lot."""

    terms: Body
    reserve_minor: int | None
    bids: int = 0
    said: int = 0
    floor_minor: int = 0
    maxima: dict[int, Maximum] = field(default_factory=dict)
    buyer: int | None = None
    settled_minor: int | None = None
    """The price when the terms were revised, until the next bid: no other step changes it by itself."""

    asks = frozenset({"bid", "buy"})
    refolds = True

    def copy(self) -> "EnglishBidding":
        return replace(self, maxima=dict(self.maxima))

    def step_at(self, price_minor: int) -> int:
        """Rule 3."""
        rows = self.terms["increments"]
        return int([rows[0][1], *(step for start, step in rows if start <= price_minor)][-1])

    # --- rules 4, 5 and 13: the price -------------------------------------------------------------------------------

    def ranked(self) -> list[tuple[int, int, int]]:
        """Return every bidder as (minus the maximum, rank, paddle); the first leads."""
        return sorted((-one.minor, one.rank, paddle) for paddle, one in self.maxima.items())

    def leader(self) -> int | None:
        return self.ranked()[0][2] if self.maxima else None

    def price(self) -> int | None:
        if not self.maxima:
            return None
        if self.settled_minor is not None:
            return self.settled_minor
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

    def buy_now(self) -> int | None:
        """Rule 16."""
        if self.maxima and self.reserve_met() is not False:
            return None
        buy_now_minor: int | None = self.terms["buy_now_minor"]
        return buy_now_minor

    def board(self, *, is_over: bool) -> Body:
        return {
            "format": "english",
            "minimum_minor": self.minimum(),
            "price_minor": self.price(),
            "leader": self.leader(),
            "bids": self.bids,
            "reserve_met": self.reserve_met(),
            "buy_now_minor": None if is_over else self.buy_now(),
        }

    def own(self, paddle: int) -> Body | None:
        """Only the leader has a position."""
        if self.leader() != paddle or paddle == THE_HOUSE:
            return None
        return {"format": "english", "maximum_minor": self.maxima[paddle].minor}

    def results(self) -> tuple[Body, ...]:
        """Rules 14 and 25."""
        if self.buyer is not None:
            return ({"paddle": self.buyer, "amount_minor": self.terms["buy_now_minor"], "units": 1},)
        if not self.maxima or self.reserve_met() is False or self.leader() == THE_HOUSE:
            return ()
        return ({"paddle": self.leader(), "amount_minor": self.price(), "units": 1},)

    # --- bids ---------------------------------------------------------------------------------------------------------

    def offer_left(self, request: Body) -> Body:
        return {
            "type": "bid",
            "id": request["id"],
            "lot": request["lot"],
            "maximum_minor": request.get("amount_minor"),
        }

    def rejection(self, paddle: int, request: Body) -> str | None:
        refused = self._why_not_the_house(request) if paddle == THE_HOUSE else None
        if refused is not None:
            return refused
        if request["type"] == "buy":
            return None if self.buy_now() == request["price_minor"] else "no_buy_now"
        if request.get("if_price_minor", self.price() or 0) != (self.price() or 0):
            return "state_changed"
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

    def _why_not_the_house(self, request: Body) -> str | None:
        """Rules 56 and 57: tell why the house may not make a bid."""
        is_open = request["type"] == "bid" and request.get("amount_minor") and not request.get("maximum_minor")
        if not self.terms["house_bids"] or not is_open or request.get("while_connected") or not self.reserve_minor:
            return "no_house_bids"
        return "house_bid_too_high" if request["amount_minor"] >= self.reserve_minor else None

    def _minimum_after(self, paddle: int, request: Body) -> int:
        later = self.copy()
        later._say(paddle, request)
        return later.minimum()

    def _say(self, paddle: int, request: Body) -> None:
        amount, maximum = request.get("amount_minor"), request.get("maximum_minor")
        self.said, self.settled_minor = self.said + 1, None
        highest = maximum if maximum is not None else amount
        assert highest is not None
        self.maxima[paddle] = Maximum(highest, self.said, request.get("while_connected", False))
        self.floor_minor = max(self.floor_minor, amount or 0)

    def take(self, paddle: int, request: Body) -> Taken:
        """Take a bid; rule 7 decides whether everybody may see it."""
        if request["type"] == "buy":
            self.buyer = paddle
            return Taken(is_seen=True, cause="buy_now")
        before = (self.leader(), self.price())
        self._say(paddle, request)
        is_seen = before != (self.leader(), self.price())
        self.bids += is_seen
        return Taken(is_seen, entry=self.book())

    def exposure(self, paddle: int) -> int:
        return self.maxima[paddle].minor if self.leader() == paddle else 0

    def wants(self, paddle: int, request: Body) -> int:
        named = [request.get(field) for field in ("amount_minor", "maximum_minor", "price_minor")]
        return max(int(minor) for minor in named if minor is not None)

    def is_bound(self) -> bool:
        """Return False: a bid may still be beaten."""
        return False

    def due_ms(self) -> None:
        """Return None: only the lot's end is due."""

    def step(self) -> Body:
        raise AssertionError("an English lot has no clock of its own")

    def may_drop(self, paddle: int) -> bool:
        """Rule 8: whether the leader's latest maximum holds only while the bidder is connected."""
        return self.leader() == paddle and self.maxima[paddle].while_connected

    def drop(self, paddle: int) -> Body:
        """Lower the leader's maximum to the price."""
        one = self.maxima[paddle]
        price = self.price()
        self.maxima[paddle] = Maximum(price or one.minor, one.rank, while_connected=False)
        fallen = {"price_minor": price, "leader": paddle, "leader_maximum_minor": price, "bids": self.bids}
        return fallen | {"while_connected": False}

    # --- corrections --------------------------------------------------------------------------------------------------

    def book(self) -> Body | None:
        leader = self.leader()
        if leader is None:
            return None
        one = self.maxima[leader]
        others = [-minus for minus, _, paddle in self.ranked() if paddle != leader]
        book = {"format": "english", "price_minor": self.price(), "leader": leader, "leader_maximum_minor": one.minor}
        book |= {"rival_maximum_minor": max(others, default=None)}
        return book | {"bids": self.bids, "while_connected": one.while_connected}

    def again(self, paddle: int, request: Body) -> bool:
        """Rule 32: a leader's own open bid becomes its maximum, and changes nothing if that is no higher."""
        bid = {field: value for field, value in request.items() if field not in ("if_seq", "if_price_minor")}
        code = self.rejection(paddle, bid)
        if code in ("already_leading", "maximum_not_raised") and paddle != THE_HOUSE:
            highest = bid["maximum_minor"] if bid.get("maximum_minor") is not None else bid["amount_minor"]
            bid |= {"amount_minor": None, "maximum_minor": highest}
            code = self.rejection(paddle, bid)
            if code == "maximum_not_raised":
                return True
        if code is None:
            self.take(paddle, bid)
        return code is None

    def take_back(self, paddle: int) -> None:
        raise AssertionError(f"paddle {paddle} bought nothing at once")

    def reopen(self, price_minor: int | None) -> int | None:
        """Rule 34. A purchase at the buy-now price was the close, so it is undone."""
        require(price_minor is None, "an English lot has no clock with a price")
        self.buyer = None
        return None

    def may_revise(self, spec: Body) -> bool:
        """Rule 37."""
        if not self.maxima:
            return True
        terms = spec["terms"]["format"]
        free = {"increments": terms["increments"], "starting_minor": terms["starting_minor"]}
        is_same = terms == self.terms | free and spec["reserve_minor"] == self.reserve_minor
        return bool(is_same and terms["starting_minor"] <= (self.price() or 0))

    def revise(self, spec: Body) -> None:
        """Rule 37: keep the price, whatever step led there."""
        price = self.price()
        self.terms, self.reserve_minor = spec["terms"]["format"], spec["reserve_minor"]
        if price is not None:
            self.settled_minor = self.floor_minor = price
