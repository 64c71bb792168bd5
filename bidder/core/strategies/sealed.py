"""The decisions of simple bots on sealed lots. They depend only on the terms, the time and what the bot alone knows.

Nobody sees the others' offers, so only time changes a bidder's aim. `aim_minor` returns the offer that the bidder wants
to have at a time, and `decide` returns the action that leads to it. The caller must ask again at `acts_from_ms`. All
bots uphold:

- A bot never offers more than its private value, nor less than the least offer.
- If the winner pays its own offer, a bidder shades: it offers less than its value, and gains the difference if it wins.
- If the winner pays the second offer (Vickrey), each offer is the value itself. No other offer does better, whatever
  the others do (Vickrey, Journal of Finance 16, 1961).
"""

from enum import Enum
from typing import Final

from msgspec import Struct

from common.formats.sealed import Pays, SealedBoard, SealedOwn, SealedTerms
from common.lot import LotStatus, LotView

SHADE_MAX: Final = 0.9
"""The largest part of its value by which a bidder shades."""


class Mind(Enum):
    """Whether a bidder changes its mind about a lot."""

    STEADY = "steady"
    """Makes one offer and keeps it."""
    RAISES = "raises"
    """Offers less at first, and replaces that offer. In a Vickrey lot as `STEADY`: each offer there is the value."""
    RETHINKS = "rethinks"
    """Takes its offer back, and makes it again later."""
    LEAVES = "leaves"
    """Takes its offer back, and makes no other."""


class SealedPlan(Struct, frozen=True, kw_only=True):
    """A bidder's plan for one sealed lot. Nobody else knows it. Its times are the house's, in rising order."""

    value_minor: int
    shade: float = 0.0
    """The part of its value by which the bidder shades, from 0 to `SHADE_MAX`."""
    mind: Mind = Mind.STEADY
    begins_at_ms: int = 0
    changes_at_ms: int = 0
    """When the bidder replaces its offer or takes it back. `STEADY` ignores it."""
    returns_at_ms: int = 0
    """When `RETHINKS` makes its offer again."""


class Seal(Struct, frozen=True):
    """Make an offer, in place of an earlier one."""

    lot: str
    amount_minor: int

    @property
    def most_minor(self) -> int:
        """The most that the bidder may have to pay for it."""
        return self.amount_minor


class Unseal(Struct, frozen=True):
    """Take the offer back."""

    lot: str

    @property
    def most_minor(self) -> int:
        """The most that the bidder may have to pay for it: nothing."""
        return 0


SealedIntent = Seal | Unseal


def aim_minor(terms: SealedTerms, plan: SealedPlan, now_ms: int) -> int | None:
    """Return the offer that the bidder wants to have at a server time; None: no offer."""
    if plan.value_minor < terms.starting_minor or now_ms < plan.begins_at_ms:
        return None
    has_changed = now_ms >= plan.changes_at_ms
    match plan.mind:
        case Mind.LEAVES if has_changed:
            return None
        case Mind.RETHINKS if has_changed and now_ms < plan.returns_at_ms:
            return None
        case Mind.RAISES if not has_changed and terms.pays is Pays.OWN_OFFER:
            return terms.starting_minor + (_best_minor(terms, plan) - terms.starting_minor) // 2
        case _:
            return _best_minor(terms, plan)


def acts_from_ms(view: LotView, plan: SealedPlan, own: SealedOwn | None, now_ms: int) -> int | None:
    """Return the server time from which the bidder acts on the lot as it stands; None: never."""
    terms = view.terms.format
    if view.status.is_final or not isinstance(terms, SealedTerms):
        return None
    moments = sorted({now_ms, plan.begins_at_ms, plan.changes_at_ms, plan.returns_at_ms})
    standing_minor = _standing_minor(own)
    return next(
        (at_ms for at_ms in moments if at_ms >= now_ms and aim_minor(terms, plan, at_ms) != standing_minor), None
    )


def decide(view: LotView, now_ms: int, own: SealedOwn | None, plan: SealedPlan) -> SealedIntent | None:
    """Return the action on a lot, at a server time, of a bidder whose offer is `own`; None: no action."""
    terms = view.terms.format
    if not isinstance(view.board, SealedBoard) or not isinstance(terms, SealedTerms):
        return None
    is_running = view.status is LotStatus.OPEN and (view.ends_at_ms is None or now_ms < view.ends_at_ms)
    wanted_minor, standing_minor = aim_minor(terms, plan, now_ms), _standing_minor(own)
    if not is_running or wanted_minor == standing_minor:
        return None
    return Unseal(view.lot) if wanted_minor is None else Seal(view.lot, wanted_minor)


def _best_minor(terms: SealedTerms, plan: SealedPlan) -> int:
    """Return the bidder's final offer."""
    if terms.pays is Pays.SECOND_OFFER:
        return plan.value_minor
    return max(terms.starting_minor, plan.value_minor - int(plan.value_minor * plan.shade))


def _standing_minor(own: SealedOwn | None) -> int | None:
    return None if own is None else own.amount_minor
