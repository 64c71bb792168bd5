"""One simulated sale from its plan to the verdict of the checker."""

import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import msgspec

from auctioneer.audit.invariants import InvariantError, check_same_state
from auctioneer.audit.verify import verify
from auctioneer.house.admission import Admission
from auctioneer.house.house import House
from auctioneer.house.settings import HouseSettings
from auctioneer.house.state import HouseState
from auctioneer.journal import Record
from auctioneer.process.startup import read_house
from auctioneer.rules.lots import LotState
from auctioneer.rules.sale_settings import AdmissionMode
from common.errors import AuctionError
from tests.checking.checker import check
from tests.checking.history import Fact, History, plain
from tests.simulation import coverage
from tests.simulation.mischief import Auctioneer, be_naughty
from tests.simulation.person import Person
from tests.simulation.plan import Plan, catalogue_of
from tests.simulation.premises import Premises
from tests.simulation.world import START_MS, World

NAMES = ("Ann", "Bob", "Cat", "Dan", "Eve")
INVITE = "come-in"
SETTLE_MS = 60_000
LOOK_EVERY_MS = 500
_BUGS = (AssertionError, AuctionError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""Errors that the house or a client raises only by mistake; they are reported with the seed, and the run continues."""


@dataclass
class Result:
    """The result of a simulated sale."""

    plan: Plan
    history: History
    faults: list[str] = field(default_factory=list)
    reached: Counter[str] = field(default_factory=Counter)
    simulated_ms: int = 0


class SimulatedSale:
    """All people and parts of one sale."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self.plan = plan
        self.world = World(plan.seed, plan.grain_ms)
        names = list(NAMES[: plan.bidders])
        self._chance = self.world.chance("fortune")
        mode = self._chance.choice(
            (AdmissionMode.OPEN, AdmissionMode.OPEN, AdmissionMode.INVITE, AdmissionMode.APPROVE)
        )
        admission = Admission(mode, INVITE if mode is AdmissionMode.INVITE else "")
        self.premises = Premises(self.world, plan, catalogue_of(plan, names), admission, folder)
        self.people = [Person(self.world, plan, self.premises, name, admission.invite) for name in names]
        self.auctioneer = Auctioneer(self.world, plan, self.premises, names)
        self.premises.has_hole = lambda: any(person.has_hole for person in self.people)
        self.is_over = False

    def run(self) -> None:
        """Hold the sale with all faults of the plan, and then let everybody come to rest."""
        world = self.world
        for person in self.people:
            world.after(self._chance.randrange(2000), partial(self._bring_back, person))
        self._keep_doing(self._admit_newcomers, 3000, None)
        self._keep_doing(self._let_somebody_be_naughty, 1200, "mischief")
        self._keep_doing(self.auctioneer.meddle, 3500, "orders")
        self._keep_doing(self.auctioneer.move, 2000, "orders")
        self._keep_doing(self.auctioneer.correct, 2500, "corrections")
        self._keep_doing(self.auctioneer.keep_accounts, 2500, "accounts")
        self._keep_doing(self._cut_somebody, 5000, "cut")
        self._keep_doing(self._send_somebody_away, 8000, "leave")
        self._keep_doing(self._set_the_clock, 6000, "wall")
        world.after(self.plan.duration_ms, self._come_to_rest)
        self.premises.run()

    def _keep_doing(self, deed: Callable[[], None], mean_ms: int, fault: str | None) -> None:
        if fault is not None and fault not in self.plan.faults:
            return
        chance = self.world.chance(f"deeds/{deed.__name__}")

        def go_on() -> None:
            if self.is_over:
                return
            deed()
            self.world.after(1 + int(chance.expovariate(1 / mean_ms)), go_on)

        self.world.after(1 + int(chance.expovariate(1 / mean_ms)), go_on)

    # --- deeds --------------------------------------------------------------------------------------------------------

    def _admit_newcomers(self) -> None:
        house = self.premises.house
        if house is not None and any(entry.waiting for entry in house.register.entries):
            self.auctioneer.admit_all()

    def _let_somebody_be_naughty(self) -> None:
        person = self._chance.choice(self.people)
        if not person.is_away:
            be_naughty(person)

    def _cut_somebody(self) -> None:
        person = self._chance.choice(self.people)
        if not person.is_away:
            person.cut(self._chance.choice(("requests", "feed")))

    def _send_somebody_away(self) -> None:
        person = self._chance.choice(self.people)
        if person.is_away:
            return
        person.end()
        self.world.reached["client ended while it waited"] += bool(person.waits_for)
        self.world.after(self._chance.choice((10, 2000, 14_000, 16_000)), lambda: self._bring_back(person))

    @staticmethod
    def _bring_back(person: Person) -> None:
        if person.is_away:
            person.start()

    def _set_the_clock(self) -> None:
        """Set the machine's wall clock, forward or back."""
        self.premises.clocks.wall_offset_ms += self._chance.choice((-3_600_000, -5000, -200, 200, 5000, 600_000))

    # --- the end ------------------------------------------------------------------------------------------------------

    def _come_to_rest(self) -> None:
        """End all faults, and let everybody learn all outcomes."""
        self.is_over = True
        self.premises.is_calm = True
        for person in self.people:
            person.calm()
            self._bring_back(person)
        self.auctioneer.admit_all()
        if self._chance.random() < 0.5:
            self.auctioneer.end_sale()
        self.world.after(3000, self._ask_again)
        self._look(self.world.now_ms + SETTLE_MS)

    def _ask_again(self) -> None:
        """Have everybody repeat the requests without an outcome, so that they get one, and stop bidding."""
        self.auctioneer.admit_all()
        for person in self.people:
            person.is_content = True
            known = {call.request for call in person.calls if call.outcome is not None}
            for request in {call.request: None for call in person.calls if call.request not in known}:
                self.world.reached["asked again for an unknown outcome"] += 1
                person.ask(request)

    def _look(self, until_ms: int) -> None:
        is_early = self.world.now_ms < until_ms - SETTLE_MS + 4000
        if self.world.now_ms >= until_ms or (not is_early and self._is_settled()):
            self.premises.stop()
        else:
            self.world.after(LOOK_EVERY_MS, lambda: self._look(until_ms))

    def _is_settled(self) -> bool:
        house = self.premises.house
        if house is None or self.premises.is_busy_soon() or not all(person.is_settled for person in self.people):
            return False
        seqs = {lot: state.view.seq for lot, state in house.engine.lots.items()}
        return all(
            {lot: view.seq for lot, view in person.session.replica.lots.items()} == seqs
            and person.session.replica.sale is not None
            and person.session.replica.sale.seq == house.engine.sale.seq
            and person.last_word == house._news.next_seq(person.session.desk.paddle) - 1
            for person in self.people
            if person.is_in
        )

    # --- the results --------------------------------------------------------------------------------------------------

    def history(self, journal: Record) -> History:
        """Return everything observed."""
        durable = self.premises.durable
        return History(
            calls=sorted((call for person in self.people for call in person.calls), key=lambda call: call.invoked),
            facts=[Fact(position, plain(event), durable[position - 1]) for position, event in journal.read()],
            rejections=[plain(rejection) for rejection in journal.rejections()],
            heard=self.premises.sent_messages,
            replicas=[replica for person in self.people for replica in person.finish()],
            standstills=self.premises.standstills,
            offers_for_others=self.auctioneer.offers_for_others,
            outages_ms=self.premises.outages_ms,
        )

    def unsettled(self) -> list[str]:
        """Return a sentence for each person who did not come to rest after the end of all faults."""
        return [
            f"settled: {person.name} is {person.session.state.value} and waits for {len(person.waits_for)} verdicts"
            for person in self.people
            if not person.is_settled
        ]


def simulate(plan: Plan) -> Result:
    """Run a plan and return its result with all faults."""
    with tempfile.TemporaryDirectory(prefix="simulated-sale-") as folder:
        sale = SimulatedSale(plan, Path(folder))
        try:
            sale.run()
            result = _judged(sale, Path(folder))
        except _BUGS as error:
            result = Result(plan, History(), [f"bug: {type(error).__name__}: {error}"])
        result.reached = sale.world.reached
        result.simulated_ms = sale.world.now_ms - START_MS
        return result


def _judged(sale: SimulatedSale, folder: Path) -> Result:
    premises = sale.premises
    journal = premises.disk.read()
    try:
        history = sale.history(journal)
        coverage.count(history, sale.world.reached)
        faults = [str(fault) for fault in check(history)] + sale.unsettled()
        report = verify(journal.read())
        if report.mismatch is not None:
            faults.append(f"verify: {report.mismatch}")
        faults += sale.auctioneer.faults(fact for _, fact in journal.read())
        faults += _differences(premises, journal)
        journal.verify_chain()
    finally:
        journal.close()
    return Result(sale.plan, history, faults)


def _differences(premises: Premises, journal: Record) -> list[str]:
    """Return the differences between the ended house and one rebuilt from its journal, with a snapshot and without."""
    held = premises.house
    if held is None:
        return ["rebuilt: nobody held the sale in the end"]
    settings, now_ms = HouseSettings("rebuilt", 0), premises.world.now_ms
    events = (event for _, event in journal.read())
    from_start = House.rebuild(settings, None, events, journal.rejections(), now_ms)
    faults = []
    from_snapshot = read_house(journal, premises.snapshots.load(journal), settings, now_ms)
    for name, rebuilt in (("from the start", from_start), ("from a snapshot", from_snapshot)):
        ours, theirs = _state(held), _state(rebuilt)
        try:
            check_same_state(ours.engine, theirs.engine)
        except InvariantError as error:
            faults.append(f"rebuilt: {name}: {error}")
        if (ours.bidders, ours.sessions) != (theirs.bidders, theirs.sessions):
            faults.append(f"rebuilt: {name}: the bidders or their verdicts differ")
        if ours.commands != theirs.commands:
            faults.append(f"rebuilt: {name}: the commands that were done differ")
    return faults


def _state(house: House) -> HouseState[LotState]:
    return msgspec.msgpack.decode(house.snapshot(), type=HouseState[LotState])
