"""A simulated bidder: the client's real core, a shell that moves its bytes over simulated lines, and its decisions.

The format's mind (`tests.simulation.formats`) decides on a lot's offers from the state of the replica. Other acts, such
as repeating or contradicting oneself, are in `tests.simulation.mischief`.
"""

from collections.abc import Iterator
from random import Random

from bidder.core.effects import ConnectFeed, Outcome, Send, Settled, Subscribe, Unsubscribe
from bidder.core.notices import ConnectionState, LotCaughtUp, LotChanged, Notice, Repaired, StateReady
from bidder.core.session import Session
from common.confirming import ConfirmRequest
from common.errors import UsageError
from common.formats import AnyOffer
from common.limits import PROTOCOL_VERSION
from common.lot import LotStatus, LotView
from common.messages import Accepted, Hello, MineRequest, Rejected
from common.retraction import RetractRequest
from tests.checking.history import Call, Replica
from tests.simulation.formats.format import Mind, Moment, left_bid
from tests.simulation.formats.table import format_of
from tests.simulation.links import Link
from tests.simulation.plan import Plan as SalePlan
from tests.simulation.premises import Premises
from tests.simulation.sockets import Line
from tests.simulation.world import World

RECONNECT_MS = 300
FORGOTTEN_MS = 10_000
_DONE = (ConnectionState.LIVE, ConnectionState.ENDED)


class Person:
    """One bidder, over any number of connections and runs of the client program."""

    def __init__(self, world: World, plan: SalePlan, premises: Premises, name: str, invite: str) -> None:
        self.world = world
        self.premises = premises
        self.name = name
        self.key = f"{name}'s key"
        self.chance: Random = world.chance(f"person/{name}")
        self.calls: list[Call] = []
        self.replicas: list[Replica] = []
        self.waits_for: dict[int, Call] = {}
        self._own_tickets: set[int] = set()
        self.seals_more_minor = 0
        """The amount that this bidder adds to its planned offers on sealed lots."""
        self.is_away = True
        self.is_content = False
        """Whether this bidder never bids again, whatever happens."""
        self.session: Session
        self._invite = invite
        self._offset_ms = self.chance.randrange(10**6)
        self._lines: dict[str, Line | None] = {"requests": None, "feed": None}
        self._links = {
            "requests": Link(world, plan, f"{name}/requests", self._answered, loses_broadcasts=False),
            "feed": Link(world, plan, f"{name}/feed", self._heard, loses_broadcasts=True),
        }
        self._feed_wanted = False
        self._topics: set[bytes] = set()
        self._alarm_ms: int | None = None
        self._minds: dict[str, Mind] = {}
        self._thinks_about: set[str] = set()
        self._settled_ms: dict[AnyOffer, int] = {}
        self._life = 0
        self._absent: Random = world.chance(f"person/{name}/absent")
        self._regrets: Random = world.chance(f"person/{name}/regrets")
        self._answers: Random = world.chance(f"person/{name}/answers")
        self._chance_of_a_word = 0.01 if plan.answer_ms is not None else 0.0
        """How often this bidder says that its bid stands though nobody asks it."""
        self._chance_of_regret = 0.15 if plan.has_retractions else 0.01

    # --- the program --------------------------------------------------------------------------------------------------

    @property
    def now_ms(self) -> int:
        """The client's own clock."""
        return self.world.now_ms + self._offset_ms

    def start(self) -> None:
        """Run the client program, with only its key to start from."""
        self._life += 1
        self.is_away = False
        self.session = Session(
            Hello(id=1, versions=(PROTOCOL_VERSION,), name=self.name, invite=self._invite),
            now_ms=self.now_ms,
            now_us=(self.world.now_ms - 10**12) * 1000,
            entropy=self.chance.randbytes,
        )
        self.replicas.append(Replica(self.key))
        self.waits_for = {}
        self._own_tickets = set()
        self._topics = set()
        self._feed_wanted = False
        self._alarm_ms = None
        self._connect("requests")

    def end(self) -> None:
        """End the program; the outcomes that it waited for stay unknown."""
        self.is_away = True
        self._life += 1
        self._note_state()
        for which in self._lines:
            self._drop(which)

    def calm(self) -> None:
        """End all faults of the connections."""
        for link in self._links.values():
            link.is_calm = True

    @property
    def is_settled(self) -> bool:
        """Whether the bidder waits for nothing more."""
        if self.is_away or self.session.state in (ConnectionState.REFUSED, ConnectionState.AWAITING_APPROVAL):
            return True
        return self.session.state in _DONE and not self.waits_for and not self.session.replica.behind

    @property
    def last_word(self) -> int:
        """The number of the last word that this client has received; 0 before the first."""
        words = self.session.desk.news.words
        return words[-1].seq if words else 0

    @property
    def has_hole(self) -> bool:
        """Whether this client misses a message."""
        return not self.is_away and bool(self.session.replica.behind)

    @property
    def is_in(self) -> bool:
        """Whether this client should have the complete state by now."""
        return not self.is_away and self.session.state in _DONE

    def _note_state(self) -> None:
        self.replicas[-1].sale = self.session.replica.sale
        self.replicas[-1].lots = dict(self.session.replica.lots)
        self.replicas[-1].last_word = self.last_word

    def finish(self) -> list[Replica]:
        """Return the last copy of every run of the client."""
        if not self.is_away:
            self._note_state()
            self.replicas[-1].is_current = self.is_in
        return self.replicas

    # --- connections --------------------------------------------------------------------------------------------------

    def _connect(self, which: str) -> None:
        """Connect one socket; try again until a house runs."""
        if self.is_away or self._lines[which] is not None:
            return
        premises = self.premises
        socket = premises.requests if which == "requests" else premises.publisher
        if socket is None:
            self._retry(which)
            return
        line = self._lines[which] = Line(self.key, socket, self._links[which])
        if which == "requests":
            self.session.connected(self.now_ms)
        else:
            for topic in sorted(self._topics):
                line.send(b"\x01" + topic)
            self.session.feed_connected(self.now_ms)
        self._carry_out()

    def _retry(self, which: str) -> None:
        life = self._life
        pause_ms = 1 + self.chance.randrange(RECONNECT_MS)
        self.world.after(pause_ms, lambda: self._connect(which) if life == self._life else None)

    def _drop(self, which: str) -> None:
        line, self._lines[which] = self._lines[which], None
        if line is not None:
            line.cut()

    def cut(self, which: str) -> None:
        """Break a connection; the library notices and connects again."""
        if self._lines[which] is not None:
            self._drop(which)
            self._retry(which)

    def _line(self, which: str) -> Line | None:
        """Return a live connection; this also notices a connection that the house's end has broken."""
        line = self._lines[which]
        if line is not None and not line.is_up:
            self._lines[which] = None
            self._retry(which)
            return None
        return line

    # --- bytes in and out ---------------------------------------------------------------------------------------------

    def _answered(self, body: bytes) -> None:
        self.session.answer_received(body, self.now_ms)
        self._carry_out()

    def _heard(self, frame: bytes) -> None:
        self.session.broadcast_received(frame, self.now_ms)
        self._carry_out()

    def _ring(self, life: int, at_ms: int) -> None:
        if life != self._life or at_ms != self._alarm_ms:
            return
        self._alarm_ms = None
        for which in self._lines:
            if which == "requests" or self._feed_wanted:
                self._line(which)
        self.session.tick(self.now_ms)
        self._carry_out()

    def _carry_out(self) -> None:
        session = self.session
        while effects := session.pop_effects():
            for effect in effects:
                match effect:
                    case Send(body):
                        line = self._line("requests")
                        if line is not None:
                            line.send(body)
                    case Subscribe(topic):
                        self._topics.add(topic)
                        self._subscribe(b"\x01" + topic)
                    case Unsubscribe(topic):
                        self._topics.discard(topic)
                        self._subscribe(b"\x00" + topic)
                    case ConnectFeed():
                        self._feed_wanted = True
                        self._drop("feed")
                        self._retry("feed")
                    case Settled(ticket, _) if ticket in self._own_tickets:
                        self._own_tickets.remove(ticket)
                    case Settled(ticket, outcome):
                        self._settled(self.waits_for.pop(ticket), outcome)
                    case _:
                        self._told(effect)
        self._set_alarm()

    def _subscribe(self, message: bytes) -> None:
        line = self._line("feed") if self._feed_wanted else None
        if line is not None:
            line.send(message)

    def _set_alarm(self) -> None:
        deadline_ms = self.session.next_deadline_ms
        if deadline_ms is None or (self._alarm_ms is not None and self._alarm_ms <= max(deadline_ms, self.now_ms)):
            return
        at_ms = self._alarm_ms = max(deadline_ms, self.now_ms)
        life = self._life
        self.world.after(at_ms - self.now_ms, lambda: self._ring(life, at_ms))

    # --- requests -----------------------------------------------------------------------------------------------------

    def ask(self, request: AnyOffer) -> None:
        """Make an offer, and record its outcome."""
        call = Call(self.key, request, self.world.moment())
        try:
            ticket = self.session.submit(request, self.now_ms, self.chance.choice((3_000, 8_000, 20_000)))
        except UsageError:
            return
        self.calls.append(call)
        self.waits_for[ticket] = call
        self._carry_out()

    def ask_for_mine(self) -> None:
        """Ask for its own positions."""
        request = MineRequest(id=self.session.new_request_id(self.now_ms))
        try:
            self._own_tickets.add(self.session.submit(request, self.now_ms, 3_000))
        except UsageError:
            return
        self._carry_out()

    @property
    def settled_long_ago(self) -> list[AnyOffer]:
        """Return the offers whose answers must all have come by now."""
        latest_ms = self.world.now_ms - FORGOTTEN_MS
        return [request for request, at_ms in self._settled_ms.items() if at_ms <= latest_ms]

    def _settled(self, call: Call, outcome: Outcome) -> None:
        call.returned = self.world.moment()
        self._settled_ms[call.request] = self.world.now_ms
        if isinstance(outcome, Accepted | Rejected):
            call.outcome = outcome
            code = "accepted" if isinstance(outcome, Accepted) else outcome.code.value
            self.world.reached[f"verdict: {code}"] += 1
        else:
            call.cannot_count = not getattr(outcome, "may_count", True)
            self.world.reached["outcome unknown"] += 1

    # --- the bidder's mind --------------------------------------------------------------------------------------------

    def _told(self, event: Notice) -> None:
        self.replicas[-1].told.append(event)
        match event:
            case StateReady():
                for view in self.session.replica.lots.values():
                    self._consider(view)
            case LotChanged() | LotCaughtUp():
                self._consider(event.view)
            case Repaired():
                self.world.reached["hole repaired"] += 1

    def _consider(self, view: LotView, pause_ms: int | None = None) -> None:
        """Think once about a lot, after a while."""
        if view.lot in self._thinks_about or view.status.is_final:
            return
        self._thinks_about.add(view.lot)
        life = self._life
        if pause_ms is None:
            pause_ms = self.chance.choice((20, 100, 400, 1500))
        self.world.after(pause_ms, lambda: self._think(view.lot, life))

    def _think(self, lot: str, life: int) -> None:
        self._thinks_about.discard(lot)
        view = self.session.replica.lots.get(lot)
        if life != self._life or self.is_content or view is None:
            return
        moment = self.moment(view)
        if moment is None:
            return
        is_asked = view.asked is not None and view.asked.paddle == moment.paddle
        if self._answers.random() < (0.4 if is_asked else self._chance_of_a_word):
            self.ask(self._answer(moment))
        if view.status is LotStatus.SCHEDULED and self._absent.random() < 0.4:
            self.ask(left_bid(moment, self._absent))
        if view.status is not LotStatus.SCHEDULED and self._regrets.random() < self._chance_of_regret:
            self.ask(self._regret(moment))
        mind = self._minds.get(lot)
        if mind is None:
            mind = self._minds[lot] = format_of(view).mind(view, self.chance)
        request = mind.offer(moment)
        if request is not None:
            self.ask(request)
        again_ms = mind.again_ms(moment)
        if again_ms is not None:
            self._consider(view, again_ms)

    def _answer(self, moment: Moment) -> ConfirmRequest:
        """Return whether a bid stands, for the lot as it was seen or as it is."""
        seen = moment.view.seq if self._answers.random() < 0.5 else None
        stands = self._answers.random() < 0.6
        return ConfirmRequest(id=moment.new_id(), lot=moment.view.lot, stands=stands, if_seq=seen)

    def _regret(self, moment: Moment) -> RetractRequest:
        """Return the taking back of the last bid on a lot, or only of one that is still as it was seen."""
        seen = moment.view.seq if self._regrets.random() < 0.2 else None
        return RetractRequest(id=moment.new_id(), lot=moment.view.lot, if_seq=seen)

    def moment(self, view: LotView) -> Moment | None:
        """Return a look at a lot; None before the house has sent this bidder's paddle."""
        welcome = self.session.welcome
        if welcome is None:
            return None
        return Moment(
            view,
            self.session.clock.server_time_ms(self.now_ms),
            welcome.paddle,
            self.chance,
            lambda: self.session.new_request_id(self.now_ms),
            self.seals_more_minor,
        )

    def known_lots(self) -> Iterator[LotView]:
        """Yield this bidder's views of the lots."""
        yield from self.session.replica.lots.values()
