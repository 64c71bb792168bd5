"""Random acts: the bidders' mischief besides sensible bids, and the auctioneer's commands."""

from collections.abc import Callable, Iterable
from random import Random
from typing import Any, Final

import msgspec

from auctioneer.house.commands import (
    AddLots,
    Admit,
    Announce,
    AnyCommand,
    AnyControlAnswer,
    BidFor,
    CloseLot,
    Done,
    EndSale,
    Extend,
    Finish,
    Move,
    OpenLot,
    Pause,
    Resume,
    Tell,
    Withdraw,
    decode_control_answer,
)
from auctioneer.house.formats.table import board_bidding
from auctioneer.rules.facts import AnyFact, CommandDone
from auctioneer.rules.lots import LotState
from auctioneer.rules.sources import FOR_OTHERS, Source
from common.absentee import LeaveBidRequest
from common.codec import encode
from common.formats import AnyOffer
from common.formats.dutch import StopRequest
from common.formats.english import BidRequest, BuyRequest, EnglishTerms
from common.formats.sealed import SealRequest, UnsealRequest
from common.lot import LotStatus
from common.messages import Rejected
from common.the_house import HOUSE_PADDLE
from tests.simulation.clerk import corrections
from tests.simulation.desk import accounts
from tests.simulation.formats.format import Deed, Moment, left_bid
from tests.simulation.formats.table import format_of
from tests.simulation.links import Link
from tests.simulation.person import Person
from tests.simulation.plan import Plan, lot_of
from tests.simulation.premises import CHAIR, Premises
from tests.simulation.sockets import Line
from tests.simulation.world import World


def be_naughty(person: Person) -> None:
    """Do one thing that a sensible bidder would do rarely or never."""
    views = list(person.known_lots())
    if person.is_away or not views:
        return
    moment = person.moment(person.chance.choice(views))
    if moment is None:
        return
    own = format_of(moment.view).deeds
    deed = person.chance.choice((*_DEEDS, *(_of(deed) for deed in own)))
    request = deed(person, moment)
    if request is not None:
        person.ask(request)


def _of(deed: Deed) -> "_Mischief":
    return lambda _, moment: deed(moment)


def _repeat(person: Person, _: Moment) -> AnyOffer | None:
    return person.chance.choice(person.calls).request if person.calls else None


def _contradict(person: Person, _: Moment) -> AnyOffer | None:
    """Use an old id for another request. With a newer id, an answer to the first could pass for one to the second."""
    if not person.settled_long_ago:
        return None
    earlier = person.chance.choice(person.settled_long_ago)
    match earlier:
        case BidRequest() | SealRequest() | LeaveBidRequest():
            return msgspec.structs.replace(earlier, amount_minor=(earlier.amount_minor or 0) + 1)
        case _:
            return msgspec.structs.replace(earlier, if_seq=(earlier.if_seq or 0) + 1)


def _use_an_old_id(person: Person, moment: Moment) -> AnyOffer:
    return msgspec.structs.replace(_any(moment), id=person.chance.randrange(1, 1000))


def _bid_on_nothing(_: Person, moment: Moment) -> AnyOffer:
    return msgspec.structs.replace(_any(moment), lot="none")


def _ask_for_mine(person: Person, _: Moment) -> None:
    person.ask_for_mine()


def _any(moment: Moment) -> AnyOffer:
    """Return the offer of another deed."""
    return moment.chance.choice(format_of(moment.view).deeds)(moment)


def _leave_a_bid(person: Person, moment: Moment) -> AnyOffer:
    """Leave a bid or take it back, on a lot that has not opened, if there is one."""
    waiting = [view for view in person.known_lots() if view.status is LotStatus.SCHEDULED] or [moment.view]
    return left_bid(moment._replace(view=moment.chance.choice(waiting)), moment.chance)


def _offer_by_some_rules(_: Person, moment: Moment) -> AnyOffer:
    """Make an offer of any format, on a lot of any format."""
    request_id, lot, minor = moment.new_id(), moment.view.lot, 1000 + moment.chance.randrange(1000)
    return moment.chance.choice(
        (
            BidRequest(id=request_id, lot=lot, amount_minor=minor),
            BuyRequest(id=request_id, lot=lot, price_minor=minor),
            SealRequest(id=request_id, lot=lot, amount_minor=minor),
            UnsealRequest(id=request_id, lot=lot),
            StopRequest(id=request_id, lot=lot, price_minor=minor),
            LeaveBidRequest(id=request_id, lot=lot, amount_minor=minor),
        )
    )


_Mischief = Callable[[Person, Moment], AnyOffer | None]

_DEEDS: Final[tuple[_Mischief, ...]] = (
    _repeat,
    _repeat,
    _contradict,
    _use_an_old_id,
    _bid_on_nothing,
    _ask_for_mine,
    _leave_a_bid,
    _leave_a_bid,
    _offer_by_some_rules,
)
"""The deeds that any bidder may do, besides the deeds of the lot's format."""


_REPEATED_OF: Final = 40
"""How far back the auctioneer repeats commands: a little further than the house remembers."""


class Auctioneer:
    """Gives commands on the control endpoint."""

    def __init__(self, world: World, plan: Plan, premises: Premises, names: list[str]) -> None:
        self._premises = premises
        self._names = names
        self._chance = world.chance("auctioneer")
        self._chance_of_corrections = world.chance("clerk")
        self._chance_of_accounts = world.chance("desk")
        self._chance_of_moves = world.chance("catalogue")
        self._link = Link(world, plan, "auctioneer", self._receive, loses_broadcasts=False)
        self._line: Line | None = None
        self._reached = world.reached
        self._sent: list[bytes] = []
        self._answers: list[AnyControlAnswer] = []
        self._added = 0
        self.offers_for_others: list[dict[str, Any]] = []

    def order(self, command: AnyCommand) -> None:
        """Send a new command, if there is a house."""
        numbered = msgspec.structs.replace(command, id=1 + len(self._sent))
        if isinstance(numbered, BidFor):
            self.offers_for_others.append(msgspec.to_builtins(numbered))
        self._sent.append(encode(numbered))
        self._send(self._sent[-1])

    def _send(self, body: bytes) -> None:
        control = self._premises.control
        if control is None:
            return
        if self._line is None or not self._line.is_up:
            self._line = Line(CHAIR, control, self._link)
        self._line.send(body)

    def _receive(self, body: bytes) -> None:
        answer = decode_control_answer(body)
        self._answers.append(answer)
        if isinstance(answer, Rejected):
            self._reached[f"the auctioneer was told: {answer.code.value}"] += 1

    def repeat(self) -> None:
        """Send one of the last commands again, whatever became of it."""
        if self._sent:
            self._send(self._chance.choice(self._sent[-_REPEATED_OF:]))

    def faults(self, record: Iterable[AnyFact]) -> list[str]:
        """Return a sentence for each command that was done twice, or was answered otherwise than the record says."""
        faults: list[str] = []
        done: dict[int, CommandDone] = {}
        for fact in record:
            if isinstance(fact, CommandDone):
                if fact.command_id in done:
                    faults.append(f"commands: {fact.command_id} was done twice")
                done[fact.command_id] = fact
        answered: set[int] = set()
        for answer in self._answers:
            if not isinstance(answer, Done):
                continue
            self._reached["a repeated command got its answer again"] += answer.id in answered
            answered.add(answer.id)
            recorded = done.get(answer.id)
            if recorded is None or answer != msgspec.convert({"id": answer.id, **recorded.answer}, Done):
                faults.append(f"commands: {answer} is not what the record says: {recorded}")
        return faults

    def end_sale(self) -> None:
        """End the sale; in a sale with corrections, close its lots and then end it."""
        self.order(EndSale())
        self.order(Finish())

    def correct(self) -> None:
        """Correct a random lot."""
        house = self._premises.house
        if house is not None:
            for command in corrections(house, self._chance_of_corrections):
                self.order(command)

    def keep_accounts(self) -> None:
        """Have the desk set a limit, or link bidders."""
        house = self._premises.house
        if house is not None:
            self.order(accounts(house, self._names, self._chance_of_accounts))

    def admit_all(self) -> None:
        """Admit everybody who waits or was turned out."""
        for name in self._names:
            self.order(Admit(bidder=name))

    def move(self) -> None:
        """Give a random lot that waits for its opening another place."""
        house, chance = self._premises.house, self._chance_of_moves
        if house is None:
            return
        waiting = [state.view.lot for state in house.engine.catalogue if state.view.status is LotStatus.SCHEDULED]
        if waiting:
            self.order(Move(lot=chance.choice(waiting), before=chance.choice(("", *waiting))))

    def meddle(self) -> None:
        """Give a random command."""
        house, chance = self._premises.house, self._chance
        if house is None:
            return
        if chance.random() < 0.2:
            self.repeat()
            return
        if self._added < 2 and chance.random() < 0.06:
            self._added += 1
            self.order(AddLots(lots=(lot_of(chance, f"new-{self._added}", self._names),)))
            return
        for_the_seller = [lot for lot in house.engine.catalogue if _takes_house_bids(lot)]
        if for_the_seller and chance.random() < 0.4:
            self.order(_bid_for_the_seller(chance.choice(for_the_seller), chance))
            return
        if chance.random() < 0.4:
            self.order(_bid_for(chance.choice(house.engine.catalogue), chance.randint(1, len(self._names)), chance))
            return
        lot = chance.choice([state.view.lot for state in house.engine.catalogue])
        self.order(chance.choice(_commands(lot, chance.choice(self._names), chance)))


def _bid_for(lot: LotState, paddle: int, chance: Random) -> BidFor:
    """Return an offer of a clerk for a paddle, near what the lot asks; some of them mean nothing on the lot."""
    told = board_bidding(lot.view.board)
    amount_minor = max(1, (told.minimum_minor or 100) + chance.choice((-1, 0, 0, 100, 500, 3000)))
    if chance.random() < 0.1:
        return BidFor(lot=lot.view.lot, paddle=paddle, source=Source.TELEPHONE, amount_minor=None)
    if lot.spec.reserve_minor is not None and chance.random() < 0.1:
        return _bid_for_the_seller(lot, chance)
    return BidFor(
        lot=lot.view.lot,
        paddle=paddle,
        source=chance.choice(sorted(FOR_OTHERS, key=lambda source: source.value)),
        amount_minor=told.buy_now_minor or amount_minor if chance.random() < 0.1 else amount_minor,
        is_maximum=chance.random() < 0.3,
        is_purchase=chance.random() < 0.1,
        units=chance.choice((None, None, None, 2)),
        if_seq=max(0, lot.view.seq - chance.choice((0, 1))) if chance.random() < 0.2 else None,
    )


def _takes_house_bids(lot: LotState) -> bool:
    terms = lot.spec.terms.format
    return isinstance(terms, EnglishTerms) and terms.house_bids and lot.view.status is LotStatus.OPEN


def _bid_for_the_seller(lot: LotState, chance: Random) -> BidFor:
    """Return a bid of the house near the minimum, or near the reserve, where some may not be."""
    amount_minor = max(1, (board_bidding(lot.view.board).minimum_minor or 100) + chance.choice((-1, 0, 0, 100)))
    near_minor = max(1, (lot.spec.reserve_minor or 1) - chance.choice((0, 1, 1, 300)))
    return BidFor(
        lot=lot.view.lot,
        paddle=HOUSE_PADDLE,
        source=Source.HOUSE,
        amount_minor=chance.choice((amount_minor, amount_minor, near_minor)),
        is_maximum=chance.random() < 0.05,
        if_seq=lot.view.seq if chance.random() < 0.2 else None,
    )


def _commands(lot: str, name: str, chance: Random) -> tuple[AnyCommand, ...]:
    """Return the possible commands; a command that is listed more often is more likely."""
    pause, resume = Pause(lot=lot), Resume(lot=lot)
    hammer = CloseLot(lot=lot) if chance.random() < 0.5 else Withdraw(lot=lot, reason="Broken.")
    admit, turn_out = Admit(bidder=name), Admit(bidder=name, admitted=False)
    extend = Extend(lot=lot, extra_ms=chance.randrange(1, 8000))
    tell = Tell(bidder=name, text=f"Your lot is number {chance.randrange(1000)}.")
    others = (tell, tell, Pause(), Resume(), Resume(), Announce(text="Tea is served."))
    return (OpenLot(lot=lot), pause, pause, resume, resume, extend, hammer, admit, admit, turn_out, *others)
