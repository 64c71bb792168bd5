"""The interface of a format's rules to the checker's lot. All data is plain, as in the journal's JSON."""

from typing import Any, NamedTuple, Protocol

Body = dict[str, Any]


class Taken(NamedTuple):
    """The effects of an offer that counts."""

    is_seen: bool
    """Whether everybody may see the offer."""
    entry: Body | None = None
    """The entry in the lot's book that the record must show."""
    cause: str | None = None
    """The cause of the lot's close, if the offer closed it."""


class Bidding(Protocol):
    """The bidding on one lot: the offers, their effects, and the views of everybody and of each bidder."""

    asks: frozenset[str]
    """The requests that such a lot accepts."""
    refolds: bool
    """Whether offers can be taken back one by one; else only all that a bidder bought."""

    def copy(self) -> "Bidding":
        """Return a copy that later offers do not change."""

    def board(self, *, is_over: bool) -> Body:
        """Return the public board."""

    def own(self, paddle: int) -> Body | None:
        """Return the position that a bidder may see as its own."""

    def offer_left(self, request: Body) -> Body | None:
        """Return the offer that a bid becomes which was left before the opening; None if none can be left."""

    def rejection(self, paddle: int, request: Body) -> str | None:
        """Return the code of an offer's rejection on an open lot; None if the offer counts."""

    def take(self, paddle: int, request: Body) -> Taken:
        """Take an offer that counts."""

    def results(self) -> tuple[Body, ...]:
        """Return the buyers and prices if the lot closes now; empty if it passes."""

    def exposure(self, paddle: int) -> int:
        """Return the most that a bidder may have to pay as the bidding stands."""

    def wants(self, paddle: int, request: Body) -> int:
        """Return the most that a bidder may have to pay by an offer, whatever the others have said."""

    def is_bound(self) -> bool:
        """Return whether something is already bought, though the lot is not over."""

    def due_ms(self) -> int | None:
        """Return the lot time at which the format's own clock acts next; None if it never does."""

    def step(self) -> Body:
        """Have that clock act, and return the entry that the record must show."""

    def may_drop(self, paddle: int) -> bool:
        """Return whether a bidder asked to release something when it falls silent."""

    def drop(self, paddle: int) -> Body:
        """Release that, and return the entry that the record must show."""

    def book(self) -> Body | None:
        """Return the house's book, as the record must show it after a correction."""

    def again(self, paddle: int, request: Body) -> bool:
        """Take an accepted offer again after others were taken back. Return whether it still counts."""

    def take_back(self, paddle: int) -> None:
        """Put all that a bidder bought up for sale again."""

    def reopen(self, price_minor: int | None) -> int | None:
        """Continue after the close. Return the lot time at which the format's own clock continues; None: no clock.

        Raises WrongFactError if such a lot can't continue there.
        """

    def may_revise(self, spec: Body) -> bool:
        """Return whether the terms of the bidding may change on a lot that was opened."""

    def revise(self, spec: Body) -> None:
        """Continue under other terms; the offers so far count for good."""
