"""Sealed lots in a simulated sale: people make, replace and withdraw offers, also at the last moment."""

from random import Random

from common.formats import AnyOffer
from common.formats.sealed import Pays, SealedTerms, SealRequest, UnsealRequest
from common.lot import LotStatus, LotView
from tests.must_be import must_be
from tests.simulation.formats.format import ON_THE_WAY_MS, Deed, Drawn, Moment, duration_of, reserve_of

STEP_MINOR = 500
"""The step between offers, coarse enough that some offers are equal."""


def least_minor(view: LotView) -> int:
    """Return the least offer."""
    return must_be(SealedTerms, view.terms.format).starting_minor


class SealedMind:
    """A bidder's value. The bidder may change an offer, and look at the lot again just before its end."""

    def __init__(self, value_minor: int, *, waits_for_the_end: bool) -> None:
        self._value_minor = value_minor
        self._waits_for_the_end = waits_for_the_end
        self._has_offered = False

    def offer(self, moment: Moment) -> AnyOffer | None:
        """Offer the value first; later perhaps offer another amount, or withdraw."""
        view, chance = moment.view, moment.chance
        if view.status is not LotStatus.OPEN:
            return None
        is_late = view.ends_at_ms is not None and view.ends_at_ms - moment.now_ms <= 2 * ON_THE_WAY_MS
        if self._waits_for_the_end and not is_late:
            return None
        mood = chance.random()
        if self._has_offered and mood < 0.5:
            return None
        if self._has_offered and mood < 0.65:
            self._has_offered = False
            return UnsealRequest(id=moment.new_id(), lot=view.lot)
        if self._has_offered:
            self._value_minor = max(least_minor(view), self._value_minor + chance.choice((-1, 0, 1)) * STEP_MINOR)
        self._has_offered = True
        amount_minor = self._value_minor + moment.seals_more_minor
        return SealRequest(id=moment.new_id(), lot=view.lot, amount_minor=amount_minor)

    def again_ms(self, moment: Moment) -> int | None:
        """Return a time, since such a lot shows no change that would make the bidder look again."""
        view, pause_ms = moment.view, moment.chance.choice((700, 2000, 5000))
        if view.status is not LotStatus.OPEN:
            return None
        if view.ends_at_ms is None:
            return pause_ms
        left_ms = view.ends_at_ms - moment.now_ms - moment.chance.choice((1, 20, ON_THE_WAY_MS))
        return left_ms if left_ms > 0 and (left_ms < 5000 or self._waits_for_the_end) else pause_ms


def _seal(moment: Moment) -> AnyOffer:
    amount_minor = least_minor(moment.view) + STEP_MINOR * moment.chance.randrange(6) + moment.seals_more_minor
    return SealRequest(id=moment.new_id(), lot=moment.view.lot, amount_minor=amount_minor)


def _seal_low(moment: Moment) -> AnyOffer:
    amount_minor = max(1, least_minor(moment.view) - moment.chance.choice((0, 1, 50)))
    return SealRequest(id=moment.new_id(), lot=moment.view.lot, amount_minor=amount_minor)


def _seal_if_seq(moment: Moment) -> AnyOffer:
    seq, amount_minor = max(0, moment.view.seq - moment.chance.choice((0, 0, 1))), least_minor(moment.view)
    return SealRequest(id=moment.new_id(), lot=moment.view.lot, amount_minor=amount_minor, if_seq=seq)


def _unseal(moment: Moment) -> AnyOffer:
    return UnsealRequest(id=moment.new_id(), lot=moment.view.lot)


class SimulatedSealed:
    """Sealed lots, first price or Vickrey."""

    deeds: tuple[Deed, ...] = (_seal, _seal, _seal, _seal_low, _seal_if_seq, _unseal, _unseal)

    def __init__(self, pays: Pays) -> None:
        self._pays = pays

    def draw(self, chance: Random) -> Drawn:
        """Return terms with or without a reserve and a clock."""
        starting_minor = chance.choice((1, 100, 1000))
        reserve_minor = reserve_of(chance, starting_minor)
        terms = SealedTerms(starting_minor, self._pays, has_reserve=reserve_minor is not None)
        return Drawn(terms, duration_of(chance), reserve_minor)

    def mind(self, view: LotView, chance: Random) -> SealedMind:
        """Return a mind with any value, in steps."""
        value_minor = least_minor(view) + STEP_MINOR * chance.randrange(10)
        return SealedMind(value_minor, waits_for_the_end=view.ends_at_ms is not None and chance.random() < 0.3)
