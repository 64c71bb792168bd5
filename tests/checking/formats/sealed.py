"""A second implementation of the rules of sealed lots, first price and Vickrey, from docs/rules-sealed.md.

A lot keeps every offer and every withdrawal, in order. It computes the standing offers from all of them.
"""

from dataclasses import dataclass, field, replace

from tests.checking.formats.bidding import Body, Taken
from tests.checking.wrong import require


@dataclass(slots=True)
class SealedBidding:
    """All offers on one lot: each is a paddle and an amount, or None for a withdrawal."""

    terms: Body
    reserve_minor: int | None
    said: list[tuple[int, int | None]] = field(default_factory=list)

    asks = frozenset({"seal", "unseal"})
    refolds = True

    def copy(self) -> "SealedBidding":
        return replace(self, said=list(self.said))

    def standing(self) -> list[tuple[int, int, int]]:
        """Return each bidder's standing offer as (minus the amount, rank, paddle); the first wins.

        Rule 9: a repeated amount is no new offer, so the earlier one keeps its place.
        """
        last: dict[int, tuple[int, int, int]] = {}
        for rank, (paddle, amount_minor) in enumerate(self.said):
            if amount_minor is None:
                del last[paddle]
            elif paddle not in last or last[paddle][0] != -amount_minor:
                last[paddle] = (-amount_minor, rank, paddle)
        return sorted(last.values())

    def offer_of(self, paddle: int) -> int | None:
        return next((-minus for minus, _, other in self.standing() if other == paddle), None)

    def board(self, *, is_over: bool) -> Body:
        """Rule 15."""
        offers = len(self.standing()) if is_over else None
        return {"format": "sealed", "minimum_minor": self.terms["starting_minor"], "offers": offers}

    def own(self, paddle: int) -> Body | None:
        amount_minor = self.offer_of(paddle)
        return None if amount_minor is None else {"format": "sealed", "amount_minor": amount_minor}

    def results(self) -> tuple[Body, ...]:
        """Rules 8 to 12."""
        standing = self.standing()
        least = max(self.terms["starting_minor"], self.reserve_minor or 0)
        if not standing or -standing[0][0] < least:
            return ()
        highest, *others = [-minus for minus, _, _ in standing]
        pays = highest if self.terms["pays"] == "own_offer" else max([least, *others])
        return ({"paddle": standing[0][2], "amount_minor": pays, "units": 1},)

    def offer_left(self, request: Body) -> Body:
        return {
            "type": "seal",
            "id": request["id"],
            "lot": request["lot"],
            "amount_minor": request.get("amount_minor"),
        }

    def rejection(self, paddle: int, request: Body) -> str | None:
        if request["type"] == "unseal":
            return "no_offer" if self.offer_of(paddle) is None else None
        return "below_minimum" if request["amount_minor"] < self.terms["starting_minor"] else None

    def take(self, paddle: int, request: Body) -> Taken:
        amount_minor: int | None = request.get("amount_minor")
        changes = amount_minor != self.offer_of(paddle)
        self.said.append((paddle, amount_minor))
        entry = {"format": "sealed", "paddle": paddle, "amount_minor": amount_minor}
        return Taken(is_seen=False, entry=entry if changes else None)

    def exposure(self, paddle: int) -> int:
        return self.offer_of(paddle) or 0

    def wants(self, paddle: int, request: Body) -> int:
        return int(request.get("amount_minor", 0))

    def is_bound(self) -> bool:
        """Rule 4."""
        return False

    def due_ms(self) -> None:
        """Return None: only the lot's end is due."""

    def step(self) -> Body:
        raise AssertionError("a sealed lot has no clock of its own")

    def may_drop(self, paddle: int) -> bool:
        """Rule 5."""
        return False

    def drop(self, paddle: int) -> Body:
        raise AssertionError(f"paddle {paddle} asked for no release")

    def book(self) -> Body:
        return {"format": "sealed", "offers_minor": {paddle: -minus for minus, _, paddle in self.standing()}}

    def again(self, paddle: int, request: Body) -> bool:
        is_good = self.rejection(paddle, request) is None
        if is_good:
            self.take(paddle, request)
        return is_good

    def take_back(self, paddle: int) -> None:
        raise AssertionError(f"paddle {paddle} bought nothing at once")

    def reopen(self, price_minor: int | None) -> int | None:
        require(price_minor is None, "a sealed lot has no clock with a price")
        return None

    def may_revise(self, spec: Body) -> bool:
        return not self.standing()

    def revise(self, spec: Body) -> None:
        self.terms, self.reserve_minor = spec["terms"]["format"], spec["reserve_minor"]
