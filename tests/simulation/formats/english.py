"""English lots in a simulated sale. `bidder.core.strategies.english` makes the decisions of sensible bidders."""

from random import Random
from typing import Unpack

from bidder.core.strategies.english import SNIPE_MS, BuyNow, Plan, Strategy, decide
from common.formats import AnyOffer
from common.formats.english import BidRequest, BuyRequest, EnglishTerms, Step
from common.limits import AMOUNT_MINOR_MAX
from common.lot import LotView, SoftClose
from tests.auctioneer.rules.keywords import OfferWords
from tests.english import english, english_terms
from tests.simulation.formats.format import ON_THE_WAY_MS, Deed, Drawn, Moment, duration_of, reserve_of


class EnglishMind:
    """A strategy and a value."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    def offer(self, moment: Moment) -> AnyOffer | None:
        """Return the strategy's offer."""
        view, chance = moment.view, moment.chance
        intent = decide(view, moment.now_ms, moment.paddle, self._plan, chance.random())
        if intent is None:
            return None
        if isinstance(intent, BuyNow):
            return BuyRequest(id=moment.new_id(), lot=view.lot, price_minor=intent.price_minor)
        is_while_connected = chance.random() < 0.3
        return _bid(
            moment,
            amount_minor=intent.amount_minor,
            maximum_minor=intent.maximum_minor,
            while_connected=is_while_connected,
        )

    def again_ms(self, moment: Moment) -> None:
        """Return None: the bidder looks again when the lot changes."""


def _bid(moment: Moment, **fields: Unpack[OfferWords]) -> BidRequest:
    return BidRequest(id=moment.new_id(), lot=moment.view.lot, **fields)


def _minimum_minor(moment: Moment) -> int:
    return english(moment.view).minimum_minor


def _bid_if_seq(moment: Moment) -> AnyOffer:
    seq = max(0, moment.view.seq - moment.chance.choice((0, 0, 1)))
    return _bid(moment, maximum_minor=_minimum_minor(moment) + 300, if_seq=seq)


def _bid_if_price(moment: Moment) -> AnyOffer:
    return _bid(moment, amount_minor=_minimum_minor(moment), if_price_minor=english(moment.view).price_minor or 0)


def _bid_low(moment: Moment) -> AnyOffer:
    return _bid(moment, amount_minor=max(1, _minimum_minor(moment) - moment.chance.randrange(200)))


def _bid_oddly(moment: Moment) -> AnyOffer:
    least, most = _minimum_minor(moment), AMOUNT_MINOR_MAX
    amount, maximum = moment.chance.choice(((None, None), (least + 5, least), (most, None), (None, most)))
    return _bid(moment, amount_minor=amount, maximum_minor=maximum)


def _raise_maximum(moment: Moment) -> AnyOffer:
    least = _minimum_minor(moment)
    amount = moment.chance.choice((None, least))
    return _bid(moment, amount_minor=amount, maximum_minor=least + moment.chance.randrange(3000))


def _bid_the_minimum(moment: Moment) -> AnyOffer:
    return _bid(moment, amount_minor=_minimum_minor(moment))


def _bid_while_connected(moment: Moment) -> AnyOffer:
    maximum = _minimum_minor(moment) + moment.chance.randrange(5000)
    return _bid(moment, maximum_minor=maximum, while_connected=True)


def _buy(moment: Moment) -> AnyOffer:
    price_minor = (english_terms(moment.view.terms).buy_now_minor or 1234) + moment.chance.choice((0, 0, 1))
    return BuyRequest(id=moment.new_id(), lot=moment.view.lot, price_minor=price_minor)


class SimulatedEnglish:
    """English lots with any terms that a catalogue allows."""

    deeds: tuple[Deed, ...] = (
        _bid_if_seq,
        _bid_if_price,
        _bid_low,
        _bid_oddly,
        _raise_maximum,
        _bid_the_minimum,
        _bid_while_connected,
        _bid_while_connected,
        _buy,
    )

    def draw(self, chance: Random) -> Drawn:
        """Return terms with or without a reserve, a buy-now price, a clock and a soft close."""
        starting_minor = chance.choice((1, 100, 1000, 2500))
        steps = chance.choice(
            (
                (Step(0, 100),),
                (Step(0, 1),),
                (Step(0, 5), Step(100, 25), Step(500, 50), Step(2500, 100), Step(10_000, 250)),
                (Step(0, 500), Step(3000, 50)),
            )
        )
        reserve_minor = reserve_of(chance, starting_minor)
        buy_now_minor = None
        if chance.random() < 0.3:
            buy_now_minor = max(starting_minor, reserve_minor or 0) + chance.randrange(1, 3000)
        duration_ms = duration_of(chance)
        return Drawn(
            EnglishTerms(
                starting_minor,
                steps,
                has_reserve=reserve_minor is not None,
                buy_now_minor=buy_now_minor,
                house_bids=reserve_minor is not None and reserve_minor % 4 > 0,
            ),
            duration_ms,
            reserve_minor,
            _soft_close_of(chance) if duration_ms is not None else None,
        )

    def mind(self, view: LotView, chance: Random) -> EnglishMind:
        """Return a mind with any strategy and any value."""
        steps = chance.randrange(1, 25)
        terms = english_terms(view.terms)
        value_minor = terms.starting_minor + steps * terms.step_at(terms.starting_minor)
        value_minor += chance.choice((0, 0, 2000, 5000))
        strategy = chance.choice(list(Strategy))
        soft = view.terms.soft_close
        moments_ms = (SNIPE_MS, ON_THE_WAY_MS, ON_THE_WAY_MS + (soft.window_ms if soft else 0))
        return EnglishMind(
            Plan(strategy=strategy, value_minor=value_minor, snipe_ms=chance.choice(moments_ms), jump_steps_max=3)
        )


def _soft_close_of(chance: Random) -> SoftClose | None:
    if chance.random() < 0.3:
        return None
    extension_ms = chance.choice((500, 2000, 4000))
    cap_ms = extension_ms + 100 * chance.randrange(20) if chance.random() < 0.6 else None
    return SoftClose(chance.choice((500, 2000, 4000)), extension_ms, cap_ms)
