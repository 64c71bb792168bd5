"""A second implementation of the rules of Dutch lots, from docs/rules-dutch.md.

A lot keeps every sale of units, and the number of the price's falls. It computes the units left and the prices to pay
again each time.
"""

from dataclasses import dataclass, field, replace

from tests.checking.formats.bidding import Body, Taken
from tests.checking.wrong import require


@dataclass(slots=True)
class DutchBidding:
    """The clock of one lot, and the units sold: each sale is a paddle, a number of units, and the price of one."""

    terms: Body
    reserve_minor: int | None
    falls: int = 0
    sales: list[tuple[int, int, int]] = field(default_factory=list)

    asks = frozenset({"stop"})
    refolds = False

    def copy(self) -> "DutchBidding":
        return replace(self, sales=list(self.sales))

    def price(self) -> int:
        price: int = self.terms["starting_minor"]
        for _ in range(self.falls):
            price = max(self.terms["floor_minor"], price - self.terms["step_minor"])
        return price

    def left(self) -> int:
        return int(self.terms["units"]) - sum(units for _, units, _ in self.sales)

    def board(self, *, is_over: bool) -> Body:
        return {"format": "dutch", "price_minor": self.price(), "units_left": self.left()}

    def own(self, paddle: int) -> Body | None:
        mine = [(units, units * price) for buyer, units, price in self.sales if buyer == paddle]
        if not mine:
            return None
        return {
            "format": "dutch",
            "units": sum(units for units, _ in mine),
            "amount_minor": sum(minor for _, minor in mine),
        }

    def results(self) -> tuple[Body, ...]:
        """Rule 12: one row for each buyer, in the order of their first purchases."""
        rows = []
        for paddle in dict.fromkeys(buyer for buyer, _, _ in self.sales):
            bought = self.own(paddle)
            assert bought is not None
            rows.append({"paddle": paddle, "amount_minor": bought["amount_minor"], "units": bought["units"]})
        return tuple(rows)

    def offer_left(self, request: Body) -> None:
        """Return None: a bidder has to be there."""

    def rejection(self, paddle: int, request: Body) -> str | None:
        """Rule 9: refuse a bidder who would pay more than the price it saw."""
        return "below_minimum" if request["price_minor"] < self.price() else None

    def take(self, paddle: int, request: Body) -> Taken:
        """Rules 7, 11 and 14: sell at most the units left, at the price on the clock."""
        units = min(request.get("units", 1), self.left())
        self.sales.append((paddle, units, self.price()))
        return Taken(True, _entry(paddle, units, units * self.price()), None if self.left() else "sold_out")

    def exposure(self, paddle: int) -> int:
        return sum(units * price for buyer, units, price in self.sales if buyer == paddle)

    def wants(self, paddle: int, request: Body) -> int:
        return self.exposure(paddle) + min(int(request.get("units", 1)), self.left()) * self.price()

    def is_bound(self) -> bool:
        """Rule 15."""
        return bool(self.sales)

    def due_ms(self) -> int | None:
        """Rules 1 and 2."""
        return None if self.price() == self.terms["floor_minor"] else (self.falls + 1) * int(self.terms["step_ms"])

    def step(self) -> Body:
        self.falls += 1
        return _entry(None, 0, 0)

    def may_drop(self, paddle: int) -> bool:
        """Return False: a taken unit is bought."""
        return False

    def drop(self, paddle: int) -> Body:
        raise AssertionError(f"paddle {paddle} asked for no release")

    def book(self) -> Body:
        bought = {row["paddle"]: self.own(row["paddle"]) for row in self.results()}
        return {
            "format": "dutch",
            "price_minor": self.price(),
            "units_left": self.left(),
            "steps": self.falls,
            "taken": bought,
        }

    def again(self, paddle: int, request: Body) -> bool:
        raise AssertionError(f"paddle {paddle} bought at a price that can't come again: {request}")

    def take_back(self, paddle: int) -> None:
        self.sales = [sale for sale in self.sales if sale[0] != paddle]

    def reopen(self, price_minor: int | None) -> int | None:
        """Let the price fall from the beginning until it is there."""
        require(self.left() > 0, "nothing is left to sell")
        stood = self.price()
        if price_minor is not None:
            self.falls, stood = 0, price_minor
            while self.price() > price_minor and self.price() > self.terms["floor_minor"]:
                self.falls += 1
        require(self.price() == stood, f"the clock never shows {price_minor}")
        return self.falls * int(self.terms["step_ms"])

    def may_revise(self, spec: Body) -> bool:
        """Return False: the clock has begun."""
        return False

    def revise(self, spec: Body) -> None:
        raise AssertionError("the terms of a price clock that has begun can't change")


def _entry(paddle: int | None, units: int, amount_minor: int) -> Body:
    return {"format": "dutch", "paddle": paddle, "units": units, "amount_minor": amount_minor}
