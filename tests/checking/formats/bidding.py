"""What the checker's lot asks of the rules of its format. Everything is plain data, as the journal's JSON has it."""

from typing import Any, NamedTuple, Protocol

Body = dict[str, Any]


class Taken(NamedTuple):
    """What came of an offer that counts."""

    is_seen: bool
    """Whether everybody may know of it."""
    entry: Body | None = None
    """What the record must say was written into the lot's book."""
    cause: str | None = None
    """How it closed the lot, if it did."""


class Bidding(Protocol):
    """The bidding on one lot: what was offered, what that makes of it, and who may see what."""

    asks: frozenset[str]
    """The requests that such a lot knows."""

    def copy(self) -> "Bidding":
        """Return a copy that later offers do not change."""

    def board(self, *, is_over: bool) -> Body:
        """Return what everybody may see."""

    def own(self, paddle: int) -> Body | None:
        """Return what a bidder may know of its own position."""

    def rejection(self, paddle: int, request: Body) -> str | None:
        """Return the code with which an offer on an open lot is refused; None where it counts."""

    def take(self, paddle: int, request: Body) -> Taken:
        """Take an offer that counts."""

    def results(self) -> tuple[Body, ...]:
        """Return who gets the lot, and for how much, if it closes now; nobody: it passes."""

    def is_bound(self) -> bool:
        """Return whether something is bought already, though the lot is not over."""

    def due_ms(self) -> int | None:
        """Return the lot time at which the format's own clock acts next."""

    def step(self) -> Body:
        """Have that clock act, and return what the record must say of it."""

    def may_drop(self, paddle: int) -> bool:
        """Return whether a bidder asked for something to be released when it falls silent."""

    def drop(self, paddle: int) -> Body:
        """Release that, and return what the record must say of it."""
