"""Dutch lots in a simulated sale: people stop the clock when the price has fallen to their value of a unit."""

from random import Random

from common.formats import AnyOffer
from common.formats.dutch import DutchBoard, DutchTerms, StopRequest
from common.limits import UNITS_MAX
from common.lot import LotStatus, LotView
from tests.must_be import must_be
from tests.simulation.formats.format import Deed, Drawn, Moment


def price_minor(view: LotView) -> int:
    """Return the price on the clock."""
    return must_be(DutchBoard, view.board).price_minor


class DutchMind:
    """A bidder's value of a unit, and the number of units that it wants at a time."""

    def __init__(self, value_minor: int, units: int) -> None:
        self._value_minor = value_minor
        self._units = units
        self._wants_more = True

    def offer(self, moment: Moment) -> AnyOffer | None:
        """Stop the clock at the value, or a little later, once or several times."""
        view, chance = moment.view, moment.chance
        if view.status is not LotStatus.OPEN or not self._wants_more or price_minor(view) > self._value_minor:
            return None
        if chance.random() < 0.4:
            return None
        self._wants_more = chance.random() < 0.5
        return StopRequest(id=moment.new_id(), lot=view.lot, price_minor=price_minor(view), units=self._units)

    def again_ms(self, moment: Moment) -> None:
        """Return None: the bidder looks again when the price falls."""


def _stop(moment: Moment) -> AnyOffer:
    return StopRequest(id=moment.new_id(), lot=moment.view.lot, price_minor=price_minor(moment.view))


def _stop_low(moment: Moment) -> AnyOffer:
    less = moment.chance.choice((1, 50, 500))
    return StopRequest(id=moment.new_id(), lot=moment.view.lot, price_minor=max(1, price_minor(moment.view) - less))


def _stop_dear(moment: Moment) -> AnyOffer:
    units = moment.chance.choice((1, 2, UNITS_MAX))
    most = must_be(DutchTerms, moment.view.terms.format).starting_minor + 1
    return StopRequest(id=moment.new_id(), lot=moment.view.lot, price_minor=most, units=units)


def _stop_if_seq(moment: Moment) -> AnyOffer:
    seq = max(0, moment.view.seq - moment.chance.choice((0, 0, 1)))
    return StopRequest(id=moment.new_id(), lot=moment.view.lot, price_minor=price_minor(moment.view), if_seq=seq)


class SimulatedDutch:
    """Dutch lots of one unit or several."""

    deeds: tuple[Deed, ...] = (_stop, _stop_low, _stop_low, _stop_dear, _stop_if_seq)

    def draw(self, chance: Random) -> Drawn:
        """Return a clock of three to twelve prices; its last step may be smaller."""
        step_minor = chance.choice((1, 250, 1000))
        whole_minor = step_minor * chance.randrange(2, 11) + chance.randrange(step_minor)
        floor_minor = chance.choice((1, 100, 2000))
        step_ms = 100 * chance.randrange(5, 30)
        terms = DutchTerms(floor_minor + whole_minor, floor_minor, step_minor, step_ms, chance.choice((1, 1, 3, 5, 12)))
        return Drawn(terms, terms.duration_ms)

    def mind(self, view: LotView, chance: Random) -> DutchMind:
        """Return a mind with any value, from just below the floor to halfway up the clock's fall."""
        terms = must_be(DutchTerms, view.terms.format)
        value_minor = chance.randrange(terms.floor_minor - 1, (terms.floor_minor + terms.starting_minor + 1) // 2)
        return DutchMind(value_minor, chance.randrange(1, 5))
