"""What bidders do besides bidding sensibly, and what the auctioneer does, as the mood takes them."""

from collections.abc import Callable
from random import Random
from typing import Final, Unpack

import msgspec

from auctioneer.house.commands import (
    AddLots,
    Admit,
    Announce,
    AnyCommand,
    CloseLot,
    EndSale,
    Extend,
    OpenLot,
    Pause,
    Resume,
    Tell,
    Withdraw,
)
from common.codec import encode
from common.limits import AMOUNT_MINOR_MAX
from common.lot import LotView
from common.messages import BidRequest, BuyRequest
from tests.auctioneer.rules.keywords import OfferWords
from tests.simulation.links import Link
from tests.simulation.person import Person
from tests.simulation.plan import Plan, lot_of
from tests.simulation.premises import CHAIR, Premises
from tests.simulation.sockets import Line
from tests.simulation.world import World

AnyBid = BidRequest | BuyRequest


def be_naughty(person: Person) -> None:
    """Do one thing that a sensible bidder would not, or not often."""
    views = list(person.known_lots())
    if person.is_away or not views:
        return
    deed = person.chance.choice(_DEEDS)
    request = deed(person, person.chance.choice(views))
    if request is not None:
        person.ask(request)


def _new(person: Person, view: LotView, **fields: Unpack[OfferWords]) -> BidRequest:
    return BidRequest(id=person.session.new_request_id(person.now_ms), lot=view.lot, **fields)


def _repeat(person: Person, _: LotView) -> AnyBid | None:
    return person.chance.choice(person.calls).request if person.calls else None


def _contradict(person: Person, _: LotView) -> AnyBid | None:
    """Use an old id for something else. Sooner, an answer to the first could be taken for one to the second."""
    if not person.settled_long_ago:
        return None
    earlier = person.chance.choice(person.settled_long_ago)
    return msgspec.structs.replace(earlier, amount_minor=(earlier.amount_minor or 0) + 1)


def _use_an_old_id(person: Person, view: LotView) -> AnyBid:
    return BidRequest(id=person.chance.randrange(1, 1000), lot=view.lot, amount_minor=view.minimum_minor)


def _bid_if_seq(person: Person, view: LotView) -> AnyBid:
    seq = max(0, view.seq - person.chance.choice((0, 0, 1)))
    return _new(person, view, maximum_minor=view.minimum_minor + 300, if_seq=seq)


def _bid_if_price(person: Person, view: LotView) -> AnyBid:
    return _new(person, view, amount_minor=view.minimum_minor, if_price_minor=view.price_minor or 0)


def _bid_low(person: Person, view: LotView) -> AnyBid:
    return _new(person, view, amount_minor=max(1, view.minimum_minor - person.chance.randrange(200)))


def _bid_oddly(person: Person, view: LotView) -> AnyBid:
    least, most = view.minimum_minor, AMOUNT_MINOR_MAX
    amount, maximum = person.chance.choice(((None, None), (least + 5, least), (most, None), (None, most)))
    return _new(person, view, amount_minor=amount, maximum_minor=maximum)


def _raise_maximum(person: Person, view: LotView) -> AnyBid:
    least = view.minimum_minor
    amount = person.chance.choice((None, least))
    return _new(person, view, amount_minor=amount, maximum_minor=least + person.chance.randrange(3000))


def _bid_the_minimum(person: Person, view: LotView) -> AnyBid:
    return _new(person, view, amount_minor=view.minimum_minor)


def _bid_while_connected(person: Person, view: LotView) -> AnyBid:
    maximum = view.minimum_minor + person.chance.randrange(5000)
    return _new(person, view, maximum_minor=maximum, while_connected=True)


def _bid_on_nothing(person: Person, view: LotView) -> AnyBid:
    return BidRequest(id=person.session.new_request_id(person.now_ms), lot="none", amount_minor=view.minimum_minor)


def _buy(person: Person, view: LotView) -> AnyBid:
    request_id = person.session.new_request_id(person.now_ms)
    price_minor = (view.terms.buy_now_minor or 1234) + person.chance.choice((0, 0, 1))
    return BuyRequest(id=request_id, lot=view.lot, price_minor=price_minor)


_DEEDS: Final[tuple[Callable[[Person, LotView], AnyBid | None], ...]] = (
    _repeat,
    _repeat,
    _contradict,
    _use_an_old_id,
    _bid_if_seq,
    _bid_if_price,
    _bid_low,
    _bid_oddly,
    _raise_maximum,
    _bid_the_minimum,
    _bid_while_connected,
    _bid_while_connected,
    _bid_on_nothing,
    _buy,
)


class Auctioneer:
    """Gives commands on the control endpoint."""

    def __init__(self, world: World, plan: Plan, premises: Premises, names: list[str]) -> None:
        self._premises = premises
        self._names = names
        self._chance = world.chance("auctioneer")
        self._link = Link(world, plan, "auctioneer", lambda _: None, loses_broadcasts=False)
        self._line: Line | None = None
        self._ids = 0
        self._added = 0

    def order(self, command: AnyCommand) -> None:
        """Send a command, if there is a house."""
        control = self._premises.control
        if control is None:
            return
        if self._line is None or not self._line.is_up:
            self._line = Line(CHAIR, control, self._link)
        self._ids += 1
        self._line.send(encode(msgspec.structs.replace(command, id=self._ids)))

    def end_sale(self) -> None:
        """End the sale."""
        self.order(EndSale())

    def admit_all(self) -> None:
        """Let everybody in who waits or was turned out."""
        for name in self._names:
            self.order(Admit(bidder=name))

    def meddle(self) -> None:
        """Give some command or other."""
        house, chance = self._premises.house, self._chance
        if house is None:
            return
        if self._added < 2 and chance.random() < 0.06:
            self._added += 1
            self.order(AddLots(lots=(lot_of(chance, f"new-{self._added}", self._names),)))
            return
        lot = chance.choice([state.view.lot for state in house.engine.catalogue])
        self.order(chance.choice(_commands(lot, chance.choice(self._names), chance)))


def _commands(lot: str, name: str, chance: Random) -> tuple[AnyCommand, ...]:
    """Return what may be ordered now; the more often a command stands here, the likelier it is."""
    pause, resume = Pause(lot=lot), Resume(lot=lot)
    hammer = CloseLot(lot=lot) if chance.random() < 0.5 else Withdraw(lot=lot, reason="Broken.")
    admit, turn_out = Admit(bidder=name), Admit(bidder=name, admitted=False)
    extend = Extend(lot=lot, extra_ms=chance.randrange(1, 8000))
    tell = Tell(bidder=name, text=f"Your lot is number {chance.randrange(1000)}.")
    others = (tell, tell, Pause(), Resume(), Resume(), Announce(text="Tea is served."))
    return (OpenLot(lot=lot), pause, pause, resume, resume, extend, hammer, admit, admit, turn_out, *others)
