"""A second, plain implementation of limits and links, from docs/rules.md, rules 47 to 54.

Each time it adds up everything again, over all lots: what was won, and what each lot may still cost.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from common.names import skeletons
from tests.checking.rules import FINAL, Lot
from tests.checking.wrong import require, require_equal

Body = dict[str, Any]
LIMIT, LINK = "over_spending_limit", "linked_bidder"
CODES = (LIMIT, LINK)
"""The refusals for an account."""


class Held(NamedTuple):
    """What one lot counts against a paddle's limit, and whether it is won."""

    minor: int
    is_won: bool


@dataclass(slots=True)
class Accounts:
    """What the desk has noted, and what counts against it."""

    limits: dict[int, int] = field(default_factory=dict)
    deposits: dict[int, int] = field(default_factory=dict)
    links: set[frozenset[int]] = field(default_factory=set)
    sellers: dict[int, set[str]] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    """The name of each paddle that is linked."""
    held: dict[int, dict[str, Held]] = field(default_factory=dict)
    """By paddle with a limit, and by lot."""

    @property
    def are_empty(self) -> bool:
        return not (self.limits or self.links or self.sellers)

    def note(self, body: Body, names: Mapping[int, str]) -> None:
        """Take a fact of the desk, which must change something."""
        if body["fact"] == "paddles_linked":
            self._link(body, names)
            return
        book, what = (self.limits, "limit_minor") if body["fact"] == "limit_set" else (self.deposits, "amount_minor")
        before, after = book.pop(body["paddle"], None), body[what]
        if body["fact"] == "deposit_noted":
            before, after = before or None, after or None
        require(before != after, f"paddle {body['paddle']} had that already")
        if after is not None:
            require(after >= 0, "less than nothing")
            book[body["paddle"]] = after

    def _link(self, body: Body, names: Mapping[int, str]) -> None:
        paddles, seller = body["paddles"], body.get("seller", "")
        require(len(set(paddles)) == len(paddles), "a paddle is linked with itself")
        require(len(paddles) > 1 or bool(seller), "nobody is linked with anybody")
        require_equal(
            "the names", [list(one) for one in body["skeletons"]], [list(skeletons(names[one])) for one in paddles]
        )
        pairs = {frozenset((one, other)) for one in paddles for other in paddles if one != other}
        before = (set(self.links), {one: set(known) for one, known in self.sellers.items()})
        self.names.update({paddle: names[paddle] for paddle in paddles})
        self.links = self.links | pairs if body["linked"] else self.links - pairs
        for paddle in paddles if seller else ():
            known = self.sellers.pop(paddle, set())
            known = known | {seller} if body["linked"] else known - {seller}
            if known:
                self.sellers[paddle] = known
        require(before != (self.links, self.sellers), "they were linked, or not, before")

    def look(self, lots: Mapping[str, Lot]) -> "Accounts":
        """Return a copy with what counts now."""
        held = {paddle: {name: _held(lot, paddle) for name, lot in lots.items()} for paddle in self.limits}
        return replace(
            self,
            limits=dict(self.limits),
            links=set(self.links),
            sellers={one: set(known) for one, known in self.sellers.items()},
            held=held,
        )

    def spent(self, paddle: int) -> tuple[int, int, int] | None:
        """Return a bidder's limit, what it has won, and what it may have to pay besides; None without a limit."""
        if paddle not in self.limits:
            return None
        held = self.held[paddle].values()
        won_minor = sum(one.minor for one in held if one.is_won)
        return self.limits[paddle], won_minor, sum(one.minor for one in held if not one.is_won)

    def linked(self, paddle: int) -> set[int]:
        """Return with whom a paddle is linked."""
        return {other for pair in self.links if paddle in pair for other in pair if other != paddle}

    def bars(self, lot: Lot, paddle: int, request: Body) -> str | None:
        """Rules 47 to 54: return the code by which an offer, which else counts, is refused for an account."""
        is_left = request["type"] == "leave_bid"
        if request["type"] in ("retract", "confirm") or (is_left and request.get("amount_minor") is None):
            return None
        offer = lot.bidding.offer_left(request) if is_left else request
        assert offer is not None, "it could be left"
        wanted = lot.bidding.wants(paddle, offer)
        stands = (lot.left.get(paddle, {}).get("amount_minor") or 0) if is_left else lot.bidding.exposure(paddle)
        if not is_left and wanted <= stands:
            return None
        if self._sells(lot, paddle):
            return LINK
        if not is_left and any(lot.bidding.exposure(other) for other in self.linked(paddle)):
            return LINK
        if paddle not in self.limits or wanted <= stands:
            return None
        others = [one for name, one in self.held[paddle].items() if name != lot.terms["lot"]]
        counts = sum(one.minor for one in others if one.is_won or not is_left)
        return LIMIT if counts + wanted > self.limits[paddle] else None

    def _sells(self, lot: Lot, paddle: int) -> bool:
        """Return whether somebody with whom a paddle is linked is the seller."""
        seller = set(skeletons(lot.terms.get("seller", "")))
        known = [self.names[other] for other in self.linked(paddle)] + sorted(self.sellers.get(paddle, ()))
        return any(not seller.isdisjoint(skeletons(name)) for name in known)


def _held(lot: Lot, paddle: int) -> Held:
    if lot.status in FINAL:
        return Held(sum(row["amount_minor"] for row in lot.results() if row["paddle"] == paddle), is_won=True)
    return Held(lot.bidding.exposure(paddle), is_won=False)
