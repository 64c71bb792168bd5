"""The house's machine: its disk, its clocks, and its process, which ends and is started again.

The process runs the real code from the server down: `open_sale`, `Server.run`, `House`, `Engine`. Only its sockets, its
clocks, the process that makes snapshots and (except with some seeds) the files of journal and snapshots are simulated,
and some of its limits are small.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

import zmq

from auctioneer.audit.invariants import check as check_engine
from auctioneer.house import house
from auctioneer.house.admission import Admission
from auctioneer.house.history import History as EventHistory
from auctioneer.house.house import House
from auctioneer.house.settings import HouseSettings
from auctioneer.journal import ChainEnd, Store
from auctioneer.journal.memory import MemoryStore
from auctioneer.journal.sqlite import SqliteStore
from auctioneer.monitoring.logs import FactLog
from auctioneer.network.door import TurnedAway
from auctioneer.process import held_sale, startup
from auctioneer.process.clock import Clock
from auctioneer.process.folder import DataFolder, SaleMark
from auctioneer.process.held_sale import COMMIT_MS_MAX
from auctioneer.process.server import Server
from auctioneer.rules.facts import AnyFact, HouseStarted
from auctioneer.rules.sale_settings import Chosen
from auctioneer.rules.terms import SaleSpec
from common.codec import decode_answer, decode_broadcast, decode_request
from common.errors import StorageError
from common.limits import HEARTBEAT_MS
from common.lot import LotStatus
from common.messages import Accepted, Heartbeat, LotEvents, ManyLots, NewsRequest, ReplayRequest
from tests.checking.history import STANDSTILL_MS, WIRE, Heard
from tests.simulation.disk import WAIT_S_MAX, FaultyJournal, FaultyStore, MemorySnapshots, Snapshots, SpoiltFiles
from tests.simulation.log import log_heard_by
from tests.simulation.plan import Plan
from tests.simulation.snapshots import SimulatedSnapshots
from tests.simulation.sockets import Line, Poller, Publisher, Router, endpoints_of
from tests.simulation.world import START_MS, Clocks, World

CHAIR = "chair's key"
STOP_HANDLE = 7
STORE_HANDLE = 9
COMMITS_MS = (0, 1, 2, 5, 20, 100, 400, 900, 1100)
"""The times that late commits take; the last of them is too late."""
RECENT_EVENTS = 4
HISTORY_EVENTS = 9
SNAPSHOT_EVERY_FACTS = 8
MEAN_CALLS_TO_CRASH = 900
MEAN_CALLS_TO_STALL = 1200
CALLS_BETWEEN_STALLS = 300
"""More calls than a turn makes, so that two pauses do not count as one standstill."""
TURNS_AT_ONCE_MAX = 1000
"""The most turns without any time between them; a house with more never waits again."""
LATE_MS_MAX = 600
"""The longest time in which a healthy house tells the clock's acts: it may hold broadcasts for half a second."""
_MAKE_LATE = frozenset({"crash", "disk", "late", "stall", "standstill", "wall"})
CRASH_AT_WRITE = 0.004
PAUSES_MS = (300, 1000, 2200)
STANDSTILLS_MS = (3200, 6000)


class Crash(BaseException):
    """The process ends at once."""


class Folder(DataFolder):
    """The part of the data directory that the server uses. It has no path, so any access to a file fails."""

    has_sale = True
    was_held = False

    def __init__(self, store: Store, snapshots: Snapshots) -> None:
        self._given = store
        self._snapshots = snapshots

    @property
    def store(self) -> Store:
        return self._given

    @property
    def snapshots(self) -> Snapshots:
        return self._snapshots

    def keep_store(self) -> None:
        """Keep nothing: there is one store."""

    def keep_sale(self, mark: SaleMark) -> None:
        """Keep nothing: the disk has only one sale."""


class Premises:
    """The machine. `run` starts the process again and again until `stop`; all that it sends and stores is kept."""

    def __init__(self, world: World, plan: Plan, spec: SaleSpec, admission: Admission, folder: Path) -> None:
        self.world = world
        self.plan = plan
        self.clocks = Clocks(world)
        self.disk: Store = SqliteStore(folder / "journal.sqlite3") if plan.uses_sqlite else MemoryStore()
        self.sent_messages: list[Heard] = []
        self.outages_ms: list[tuple[int, int]] = []
        self.standstills: list[tuple[int, int]] = []
        self.durable: list[int] = []
        """The moment at which each position was durable."""
        self.house: House | None = None
        """The house that now holds the sale; None if none runs."""
        self.requests: Router | None = None
        self.publisher: Publisher | None = None
        self.control: Router | None = None
        self.is_told_to_stop = False
        self.stop_handle = STOP_HANDLE
        self.is_calm = False
        self.has_hole: Callable[[], bool] = lambda: False
        """Returns whether any client misses a message."""
        self._spec = spec
        self._admission = admission
        self.snapshots: Snapshots = SpoiltFiles(folder) if plan.uses_sqlite else MemorySnapshots()
        self._snapshot_process: SimulatedSnapshots | None = None
        self._folder = Folder(FaultyStore(self.disk, self._take_over), self.snapshots)
        self._chance = world.chance("premises")
        self._instances = 0
        self._open_fails = 0
        self._journal: FaultyJournal | None = None
        self._is_opening = False
        self._outage_ms = (0, 0)
        self._beat_ms = START_MS
        self._asked: dict[tuple[str, int], ReplayRequest | NewsRequest] = {}
        self._clock: Clock | None = None
        self._stood_still: list[tuple[int, int]] = []
        """Standstills of this process without a later durable fact."""
        self._calls_to_crash = self._calls_to(MEAN_CALLS_TO_CRASH)
        self._calls_to_stall = self._calls_to(MEAN_CALLS_TO_STALL)
        self._turns = self._turns_now = self._turn_ms = 0
        self._told_by: dict[tuple[str, int], int] = {}
        """The process that first sent each acceptance."""
        self._offset_before_ms = 0

    # --- the process and its end --------------------------------------------------------------------------------------

    def run(self) -> None:
        """Hold the sale, over any number of processes, until `stop` is called."""
        with self._in_place():
            while not self.is_told_to_stop:
                try:
                    self._run_process()
                except Crash:
                    self.world.reached["crash"] += 1
                except StorageError:
                    self.world.reached["start failed"] += 1
                self._end_process()
                if not self.is_told_to_stop:
                    self.world.pass_time(self._chance.choice((1, 50, 400, 3000)))

    def is_busy_soon(self) -> bool:
        """Return whether the house will act on its own within a second."""
        if self.house is None or self._clock is None:
            return True
        due_ms = self.house.engine.next_deadline_ms()
        return due_ms is not None and due_ms < self._clock.now_ms() + 1000

    def stop(self) -> None:
        """End the process as a signal does."""
        self.is_told_to_stop = True

    def _run_process(self) -> None:
        self._instances += 1
        is_first = not self.durable
        settings = HouseSettings(f"process {self._instances}", 7001)
        requests, publisher, control = Router(self), Publisher(self), Router(self)
        sale = self._hold_sale(settings, self._spec if is_first else None)
        snapshots = SimulatedSnapshots(self.world, self.snapshots, self, settings.instance)
        self._snapshot_process = snapshots

        def take_up_again(stored: ChainEnd) -> startup.OpenSale:
            snapshots.close()
            return self._hold_sale(settings, None, sale.clock, stored)

        log = log_heard_by(self._count_line)
        holder = Server(
            endpoints_of(requests, publisher, control, TurnedAway()),
            sale,
            take_up_again,
            snapshots,
            log,
            is_encrypted=True,
            exit_when_ended=False,
            facts=FactLog(log, logs_bids=False),
        )
        holder.stop_on(self.stop_handle)
        self.requests, self.publisher, self.control = requests, publisher, control
        holder.run()

    def _hold_sale(
        self,
        settings: HouseSettings,
        spec: SaleSpec | None,
        own_clock: Clock | None = None,
        stored: ChainEnd | None = None,
    ) -> startup.OpenSale:
        chosen = Chosen(self._admission.mode, self._admission.invite, auctioneer_key=CHAIR)
        self._is_opening = True
        sale = startup.open_sale(self._folder, settings, spec, own_clock, chosen, stored)
        self._is_opening = False
        self.house = sale.house
        self._clock = sale.clock
        self._count_start(sale)
        return sale

    def _count_line(self, fact: str, _more: dict[str, object]) -> None:
        self.world.reached[f"log: {fact}"] += 1

    def _count_start(self, sale: startup.OpenSale) -> None:
        is_set, self._offset_before_ms = (
            self.clocks.wall_offset_ms != self._offset_before_ms,
            self.clocks.wall_offset_ms,
        )
        reached = self.world.reached
        if any(lot.view.status is LotStatus.OPEN for lot in sale.house.engine.catalogue):
            reached["a restart with another wall clock while a lot was open"] += is_set
        if 0 < sale.snapshot_position < sale.journal.position - 1:
            reached["a restart from a snapshot and what followed"] += 1
        if sale.passed_over:
            reached[f"a restart from {'the snapshot before' if sale.snapshot_position else 'no sound snapshot'}"] += 1
        if self.has_hole():
            reached["a restart with a hole open at a client"] += 1

    def _end_process(self) -> None:
        """Drop everything that only the process had."""
        for socket in (self.requests, self.publisher, self.control):
            for line in list(socket.peers.values()) if socket is not None else ():
                line.cut()
        self.requests = self.publisher = self.control = None
        self._clock = None
        if self._snapshot_process is not None:
            self._snapshot_process.end_house()
            self._snapshot_process = None
        self._stood_still = []
        if not self.is_told_to_stop:
            self.house = None

    @contextmanager
    def _in_place(self) -> Iterator[None]:
        """Put the simulated parts in place of the real ones."""
        identities = SimpleNamespace(token_hex=lambda size: "5a1e" * (size // 2))
        with ExitStack() as stack:
            for place, name, part in (
                (startup, "RECENT_EVENTS", RECENT_EVENTS),
                (startup, "secrets", identities),
                (startup, "Clock", self.clocks.clock),
                (house, "History", partial(EventHistory, HISTORY_EVENTS)),
                (held_sale, "SNAPSHOT_EVERY_FACTS", SNAPSHOT_EVERY_FACTS),
                (held_sale, "SNAPSHOT_FACTS_PER_ENTRY", 1),
                (zmq, "Poller", partial(Poller, self.world, self)),
            ):
                stack.enter_context(patch.object(place, name, part))
            yield

    # --- what the process is told at its calls ------------------------------------------------------------------------

    def at_call(self, what: str) -> None:
        """Let the process end or stand still here, if the plan and chance say so."""
        if self.is_calm:
            return
        self._calls_to_crash -= 1
        if self._calls_to_crash <= 0 and "crash" in self.plan.faults:
            self._calls_to_crash = self._calls_to(MEAN_CALLS_TO_CRASH)
            self.world.reached[f"crash at {what}"] += 1
            raise Crash
        self._calls_to_stall -= 1
        if self._calls_to_stall <= 0:
            self._calls_to_stall = CALLS_BETWEEN_STALLS + self._calls_to(MEAN_CALLS_TO_STALL)
            durations_ms = PAUSES_MS * ("stall" in self.plan.faults)
            durations_ms += STANDSTILLS_MS * ("standstill" in self.plan.faults)
            if durations_ms:
                self.world.reached[f"stall at {what}"] += 1
                self._stand_still(self._chance.choice(durations_ms))

    def _stand_still(self, duration_ms: int) -> None:
        """Do nothing for a time. Lots get a long time back, and (by another rule) any time if the process then ends."""
        from_ms = None if self._clock is None else self._clock.now_ms()
        self.world.pass_time(duration_ms)
        if from_ms is not None and duration_ms > STANDSTILL_MS:
            self._stood_still.append((from_ms, from_ms + duration_ms))

    def _calls_to(self, mean: int) -> int:
        return int(self._chance.expovariate(1 / mean)) + 1

    def before_poll(self) -> None:
        """Check between two turns that the house's state follows the rules."""
        self._turns += 1
        self._turns_now = 0 if self.world.now_ms > self._turn_ms else self._turns_now + 1
        self._turn_ms = self.world.now_ms
        assert self._turns_now < TURNS_AT_ONCE_MAX, "the house spins: turn after turn, and no time passes"
        if self.house is not None and self._turns % 6 == 0:
            check_engine(self.house.engine)

    def before_reading(self) -> None:
        """Let more messages arrive before the process reads."""
        self.world.pass_time(self._chance.randrange(4))

    def received(self, peer: Line, body: bytes) -> None:
        """Keep a request if its answer alone does not show it."""
        if b"replay" in body or b"news" in body:
            request = decode_request(body)
            if isinstance(request, ReplayRequest | NewsRequest):
                self._asked[peer.key, request.id] = request

    def sent(self, peer: Line | None, body: bytes) -> None:
        """Keep a message that left the house."""
        if peer is None:
            message = decode_broadcast(body)
            each = message.each if isinstance(message, ManyLots) else (message,)
            self.world.reached["many lots in a frame"] += isinstance(message, ManyLots)
            self.sent_messages += [Heard(self.world.moment(), WIRE, one) for one in each]
            if isinstance(message, Heartbeat) and not message.frozen:
                self._beat_ms = message.server_time_ms
            if isinstance(message, LotEvents) and not self.plan.faults & _MAKE_LATE:
                self._look_for_lateness(message)
        elif peer.key != CHAIR:
            answer = decode_answer(body)
            asked = self._asked.get((peer.key, answer.id))
            self.sent_messages.append(Heard(self.world.moment(), peer.key, answer, asked))
            if isinstance(answer, Accepted):
                told_by = self._told_by.setdefault((peer.key, answer.id), self._instances)
                self.world.reached["a verdict again, from another process"] += told_by != self._instances

    def _look_for_lateness(self, message: LotEvents) -> None:
        """Require that the house tells the clock's acts in time, if nothing delayed the house."""
        assert self._clock is not None
        now_ms = self._clock.now_ms()
        late = [fact for fact in message.events if fact.at_ms < now_ms - LATE_MS_MAX]
        assert not late, f"lot {message.lot}: {late[0]} is told at {now_ms} only"

    # --- the disk -----------------------------------------------------------------------------------------------------

    def _take_over(self, disk: Store, holder: str) -> FaultyJournal:
        if self._open_fails > 0 and not self.is_calm:
            self._open_fails -= 1
            raise StorageError("The journal can't be opened: no space left.")
        if self._journal is not None:
            self._journal.close()  # this settles the unfinished write of the ended process
        inner = disk.take_over(holder)
        self.stored(inner.position, (), 0)
        now_ms = self.clocks.time_ns() // 1_000_000 if self._clock is None else self._clock.now_ms()
        if inner.position == 0:
            self._beat_ms = now_ms  # nobody can receive anything from the house before its first write
        least_ms = max(0, now_ms - inner.alive_ms) if inner.position else 0
        self._outage_ms = (least_ms, max(0, now_ms - self._beat_ms + HEARTBEAT_MS + self._unheard_ms))
        self._journal = FaultyJournal(inner, self, STORE_HANDLE if "late" in self.plan.faults else None)
        return self._journal

    @property
    def _unheard_ms(self) -> int:
        """The longest time by which the last stored drain of requests may come before a heartbeat, in ms.

        The process may pause between the two. Heartbeats continue during a commit, and all requests of that time are
        lost if the commit never finishes. The commit before it may have begun while the house was full.
        """
        faults = self.plan.faults
        paused_ms = max(PAUSES_MS) * ("stall" in faults) + max(STANDSTILLS_MS) * ("standstill" in faults)
        return paused_ms + (2 * COMMIT_MS_MAX + self.plan.grain_ms) * ("late" in faults)

    @property
    def is_faulty(self) -> bool:
        """Whether the disk may fail now."""
        return "disk" in self.plan.faults and not self.is_calm

    @property
    def stored_events(self) -> int:
        """The number of durable facts."""
        return len(self.durable)

    def before_write(self, what: str) -> None:
        """Let time pass before a write is durable; the write may fail, or the process end."""
        self.world.pass_time(self._chance.choice((0, 0, 1, 2)))
        self._fail(what, "before")

    def after_write(self, what: str) -> None:
        """Let the write fail, or the process end, after the write is durable."""
        self._fail(what, "after")

    def postpone(self, land: Callable[[], None], wake: Callable[[], None]) -> bool:
        """Return True if the store finishes a write later, or sometimes never, as chance decides."""
        if self.is_calm or self._is_opening or self._chance.random() < 0.5:
            return False
        if self._chance.random() < 0.01:
            self.world.reached["a commit never finished"] += 1
            return True
        took_ms = self._chance.choices(COMMITS_MS, (30, 30, 30, 20, 20, 10, 4, 2, 1))[0]
        self.world.reached["a commit finished late"] += 1
        self.world.after(took_ms, land)
        if self._chance.random() < 0.3:
            self.world.reached["a commit finished twice"] += 1
            self.world.after(took_ms + self._chance.choice((0, 1, 30)), wake)
        return True

    def lands_anyway(self) -> bool:
        """Return whether a write that nobody waits for becomes durable."""
        lands = self._chance.random() < 0.5
        self.world.reached[f"a commit that nobody waited for was {'durable' if lands else 'lost'}"] += 1
        return lands

    def wait_for(self, is_done: Callable[[], bool], wait_s: float) -> None:
        """Let time pass while the process stops."""
        until_ms = self.world.now_ms + round(1000 * min(wait_s, WAIT_S_MAX))
        while not is_done() and self.world.step(until_ms):
            pass

    def is_readable(self, handle: int) -> bool:
        """Return whether the store has woken the house."""
        return handle == STORE_HANDLE and self._journal is not None and self._journal.is_readable

    def _fail(self, what: str, when: str) -> None:
        self.at_call(f"{what}, {when} it is durable")
        if "crash" in self.plan.faults and not self.is_calm and self._chance.random() < CRASH_AT_WRITE:
            self.world.reached[f"crash at {what}, {when} it is durable"] += 1
            raise Crash
        if not self.is_faulty or self._chance.random() > 0.012:
            return
        self._open_fails = self._chance.choice((0, 0, 1, 3, 8))
        self.world.reached[f"{what} failed {when} it was durable"] += 1
        raise StorageError("The journal can't be written (disk I/O error).")

    def stored(self, position: int, facts: Sequence[AnyFact], now_ms: int) -> None:
        """Note that all facts up to `position` are durable from now on; `facts` are the last of them."""
        if any(isinstance(fact, HouseStarted) for fact in facts):
            self.outages_ms.append(self._outage_ms)
        self.standstills += [(from_ms, to_ms) for from_ms, to_ms in self._stood_still if to_ms <= now_ms]
        self._stood_still = [(from_ms, to_ms) for from_ms, to_ms in self._stood_still if to_ms > now_ms]
        moment = self.world.moment() if position > len(self.durable) else 0
        self.durable.extend([moment] * (position - len(self.durable)))
