"""A server on simulated sockets, clock and disk, run until a moment chosen by the test.

One list, `told`, has all that the server stores and sends, in order.
"""

import socket
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Generic, NamedTuple, Protocol, TypedDict, TypeVar, Unpack

import msgpack
import msgspec
import pytest
import zmq

from auctioneer.house.commands import AnyCommand
from auctioneer.house.settings import HouseSettings
from auctioneer.journal import ChainEnd, DamagedJournalError, Journal, JournalGoneError, Store, append
from auctioneer.journal.chain import GENESIS_HASH
from auctioneer.journal.lease import Beside
from auctioneer.journal.memory import MemoryStore
from auctioneer.journal.snapshots import Made
from auctioneer.monitoring.logs import FactLog, Teller
from auctioneer.network.door import TurnedAway
from auctioneer.process import startup
from auctioneer.process.server import Server
from auctioneer.rules.facts import AnyFact
from auctioneer.rules.sale_settings import Chosen
from auctioneer.rules.terms import LotSpec, SaleSpec
from common.codec import decode_answer, decode_broadcast, encode
from common.errors import StorageError
from common.formats.english import BidRequest
from common.limits import PROTOCOL_VERSION
from common.messages import AnyAnswer, AnyBroadcast, AnyRequest, Hello, ManyLots
from common.money import Currency
from tests.auctioneer.house.house_examples import lots
from tests.must_be import must_be
from tests.simulation.disk import WAIT_S_MAX, FaultyJournal, FaultyStore, MemorySnapshots
from tests.simulation.log import log_heard_by
from tests.simulation.premises import CHAIR, Folder
from tests.simulation.sockets import Frame, Line, Poller, Publisher, Router, endpoints_of
from tests.simulation.world import Clocks, World

STOP_HANDLE = 7
STORE_HANDLE = 9
NEVER_MS = 10**9
"""The duration of a commit that never finishes."""


class Stored(NamedTuple):
    """A batch became durable."""

    at_ms: int
    what: str
    facts: tuple[AnyFact, ...]
    position: int


class Answered(NamedTuple):
    """An answer left for a key; an answer of the control endpoint is in its form on the wire."""

    at_ms: int
    key: str
    answer: AnyAnswer | bytes
    reads: int
    """The number of requests that the server had read by then."""

    @property
    def request_id(self) -> int:
        """The id of the request or command that this answers."""
        if isinstance(self.answer, bytes):
            return must_be(int, msgpack.unpackb(self.answer)["id"])
        return self.answer.id


Told = TypeVar("Told", bound=AnyBroadcast, covariant=True)


class Published(NamedTuple, Generic[Told]):
    """A message left for all subscribers of its topic; a frame about many lots is split by lot here."""

    at_ms: int
    topic: bytes
    message: Told


class Logged(NamedTuple):
    """A line of the log."""

    what: str
    more: dict[str, object]


class _Router(Router):
    """A ROUTER with peers that may not read."""

    def __init__(self, sale: "ServedSale") -> None:
        super().__init__(sale)
        self.full: set[bytes] = set()
        self.frames: dict[str, int] = {}
        """The number of frames in the messages of a key, if it is not one."""
        self._following = 0

    def recv(self, flags: int = 0, copy: bool = True) -> "bytes | Frame":
        if self._following:
            assert not copy
            self._following -= 1
            received: bytes | Frame = Frame(b"more", "")
        else:
            received = super().recv(flags, copy)
            if isinstance(received, Frame) and self.frames:
                self._following = self.frames.get(str(received.get(b"User-Id")), 1) - 1
        if isinstance(received, Frame):
            received.more = self._following > 0
        return received

    def send(self, data: bytes, flags: int = 0, copy: bool = True) -> None:
        if flags & zmq.SNDMORE and data in self.full:
            raise zmq.Again
        super().send(data, flags, copy)


class _FrameOf(Frame):
    """A frame that came over a connection."""

    def __init__(self, content: bytes, key: str, handle: int) -> None:
        super().__init__(content, key)
        self._handle = handle

    def get(self, name: bytes | int) -> "str | int":
        return self._handle if name == zmq.SRCFD else super().get(name)


class _Publisher(Publisher):
    """An XPUB whose listeners each have a real connection, so that a test can ask whether it is open."""

    def __init__(self, sale: "ServedSale", port: int) -> None:
        super().__init__(sale)
        self._port = port
        self.handles: dict[Line, int] = {}

    def getsockopt_string(self, option: int) -> str:
        assert option == zmq.LAST_ENDPOINT
        return f"tcp://simulated:{self._port}"

    def recv(self, flags: int = 0, copy: bool = True) -> "bytes | Frame":
        message = super().recv(flags, copy=True)
        assert isinstance(message, bytes)
        assert self._last is not None
        return _FrameOf(message, self._last.key, self.handles[self._last])


class _Journal(FaultyJournal):
    """A journal that knows whether it was closed."""

    def __init__(self, sale: "ServedSale", inner: Journal) -> None:
        super().__init__(inner, sale, None if sale.commit_ms is None else STORE_HANDLE)
        self._sale = sale
        self._is_open = True

    def require_in_place(self) -> None:
        if "gone" in self._sale.failing:
            self._break()
            raise JournalGoneError("The journal was removed.")

    def close(self) -> None:
        super().close()
        self._sale.closed += self._is_open
        self._is_open = False


class _SnapshotMaker:
    """Makes a snapshot at once; the server learns of it when it asks."""

    def __init__(self, sale: "ServedSale", files: MemorySnapshots) -> None:
        self._sale = sale
        self._files = files
        self._made: Made | None = None

    def start(self, end: ChainEnd, encode: Callable[[], bytes]) -> None:
        self._made = self.save(end, encode)

    def finished(self) -> Made | None:
        made, self._made = self._made, None
        return made

    def save(self, end: ChainEnd, encode: Callable[[], bytes]) -> Made:
        self._files.put(end, encode())
        self._files.prune()
        self._sale.told.append(Stored(self._sale.world.now_ms, "snapshot", (), end.position))
        return Made(end.position, self._sale.snapshot_fault)

    def close(self) -> None:
        """Nothing is at work."""


class ServedSale:
    """One server and its peers. Begin with `bidder` and `at`, then call `run`."""

    def __init__(
        self,
        patched: pytest.MonkeyPatch,
        folder: Path,
        specs: tuple[LotSpec, ...] = (),
        *,
        is_encrypted: bool = True,
        ends_after_last_lot: bool = False,
        exit_when_ended: bool = False,
        logs_bids: bool = False,
        facts: Teller | None = None,
        commit_ms: int | None = None,
        has_others: bool = False,
    ) -> None:
        self.world = World(0)
        self.disk = MemoryStore()
        self.told: list[Stored | Answered | Published[AnyBroadcast]] = []
        self.frames: list[AnyBroadcast] = []
        """The broadcasts, frame by frame."""
        self.logged: list[Logged] = []
        self.turned_away: list[str] = []
        self.failing: set[str] = set()
        """The present faults: `append` and `mark` fail before they are durable, `open` fails, the journal is `damaged`
        when opened, or `gone`."""
        self.reads = self._command_ids = 0
        self.read_ms = 0
        """The time of each reading; each request needs two."""
        self.slow_ms = 0
        """The time of the next write."""
        self.commit_ms = commit_ms
        """The time that the store takes for each commit from now on; None for a store that finishes at once."""
        self.wakes = 1
        """The number of times that the store wakes the house for a commit."""
        self.lands = False
        """Whether a write that nobody waits for any more becomes durable."""
        self._opened_journal: _Journal | None = None
        self.failed = 0
        self.opened = 0
        self.closed = 0
        self.snapshot_fault = ""
        """The reason why snapshots fail now."""
        self.beside: list[Beside] = []
        """Who stands by."""
        self.is_told_to_stop = False
        self.is_serving = False
        self.stop_handle = STOP_HANDLE
        self._door = socket.create_server(("127.0.0.1", 0))
        self.connections: list[socket.socket] = [self._door]
        patched.setattr(startup, "Clock", Clocks(self.world).clock)
        patched.setattr(zmq, "Poller", partial(Poller, self.world, self))
        turned_away = TurnedAway()
        patched.setattr(turned_away, "add", self.turned_away.append)
        self.requests, self.control = _Router(self), _Router(self)
        self.publisher = _Publisher(self, self._door.getsockname()[1])
        settings = HouseSettings("instance", 7001, is_encrypted=is_encrypted)
        self.snapshots = snapshots = MemorySnapshots()
        journal = Folder(FaultyStore(self.disk, self._take_over), snapshots)
        spec = SaleSpec("A sale", Currency("USD", 2), specs or lots(2), ends_after_last_lot=ends_after_last_lot)
        chosen = Chosen(auctioneer_key=CHAIR)
        sale = startup.open_sale(journal, settings, spec, chosen=chosen)
        log = log_heard_by(self._hear)
        self.server = Server(
            endpoints_of(self.requests, self.publisher, self.control, turned_away),
            sale,
            lambda stored: startup.open_sale(journal, settings, None, sale.clock, chosen, stored),
            _SnapshotMaker(self, snapshots),
            log,
            is_encrypted=is_encrypted,
            exit_when_ended=exit_when_ended,
            facts=facts or FactLog(log, logs_bids=logs_bids),
            has_others=has_others,
            beside=lambda: self.beside,
        )
        self.is_serving = True
        self.server.stop_on(STOP_HANDLE)
        self.began_ms = self.world.now_ms

    # --- what the test does -------------------------------------------------------------------------------------------

    def at(self, delay_ms: int, *actions: Callable[[], object]) -> None:
        """Carry out the actions, one right after the other, `delay_ms` after the server's begin."""

        def act() -> None:
            for action in actions:
                action()

        self.world.after(self.began_ms + delay_ms - self.world.now_ms, act)

    def run(self, duration_ms: int) -> None:
        """Run the server until `duration_ms` after its begin, and then stop it."""
        self.at(duration_ms, self.stop)
        self.server.run()

    def lose_last_batch(self) -> None:
        """Replace the disk by an older, equally sound copy."""
        last = self.disk.rows.pop()
        with closing(self.disk.read()) as record:
            facts = [fact for position, fact in record.read(upto=last.first - 1)]
        self.disk.rows, self.disk.end = [], ChainEnd(0, GENESIS_HASH)
        with closing(self.disk.take_over("copy")) as copy:
            append(copy, facts, (), self.disk.alive_ms)

    def stop(self) -> None:
        self.is_told_to_stop = True

    def line(self, key: str) -> Line:
        """Return a new connection to the socket for requests."""
        return Line(key, self.requests, self)

    def bidder(self, key: str, name: str) -> Line:
        """Return a connection that has sent a hello; the server receives it in its first turn."""
        line = self.line(key)
        self.ask(line, Hello(id=1, versions=(PROTOCOL_VERSION,), name=name))
        return line

    def ask(self, line: Line, request: AnyRequest) -> None:
        line.send(encode(request))

    def order(self, command: AnyCommand, key: str = CHAIR) -> None:
        """Give a command over a new connection. One without an id gets the next."""
        self._command_ids += 1
        numbered = command if command.id else msgspec.structs.replace(command, id=self._command_ids)
        Line(key, self.control, self).send(encode(numbered))

    def listener(self, key: str, *topics: bytes) -> tuple[Line, socket.socket]:
        """Return a connection to the broadcasts that asks for topics, and its far end."""
        far = socket.create_connection(self._door.getsockname())
        near, _ = self._door.accept()
        self.connections += [far, near]
        line = Line(key, self.publisher, self)
        self.publisher.handles[line] = near.fileno()
        for topic in topics:
            line.send(b"\x01" + topic)
        return line, far

    def close(self) -> None:
        for one in self.connections:
            one.close()

    # --- what was seen ------------------------------------------------------------------------------------------------

    def answers(self, key: str) -> list[AnyAnswer]:
        """Return the answers to a key, without the welcome."""
        mine = [one.answer for one in self.told if isinstance(one, Answered) and one.key == key]
        return [answer for answer in mine if not isinstance(answer, bytes) and answer.id != 1]

    def published(self, kind: type[Told]) -> list[Published[Told]]:
        """Return the broadcasts after the first moment, in which the lots open."""
        frames = [one for one in self.told if isinstance(one, Published) and one.at_ms > self.began_ms]
        return [Published(at_ms, head, message) for at_ms, head, message in frames if isinstance(message, kind)]

    def writes(self, what: str) -> list[Stored]:
        return [one for one in self.told if isinstance(one, Stored) and one.what == what]

    # --- what the simulated parts call --------------------------------------------------------------------------------

    def at_call(self, what: str) -> None:
        """Let time pass while the server reads, if the test wants it."""
        if what == "recv" and self.read_ms:
            self.world.pass_time(self.read_ms)

    def before_poll(self) -> None:
        """Check nothing between turns."""

    def before_reading(self) -> None:
        """Let nothing more arrive before the server reads."""

    def received(self, peer: Line, body: bytes) -> None:
        self.reads += 1

    def sent(self, peer: Line | None, body: bytes) -> None:
        if peer is None:
            head, message = body.partition(b"\0")[0], decode_broadcast(body)
            self.frames.append(message)
            each = message.each if isinstance(message, ManyLots) else (message,)
            self.told += [Published(self.world.now_ms, head, one) for one in each]
        else:
            answer = decode_answer(body) if peer in self.requests.peers.values() else body
            self.told.append(Answered(self.world.now_ms, peer.key, answer, self.reads))

    def carry(self, line: Line, body: bytes, *, to_house: bool) -> None:
        """Carry messages to the house; all others were noted when they left."""
        if to_house and line.is_up:
            line.arrive_at_house(body)

    def before_write(self, what: str) -> None:
        self._what = what
        slow_ms, self.slow_ms = self.slow_ms, 0
        if slow_ms:
            self.world.pass_time(slow_ms)
        if what in self.failing:
            self.failed += 1
            raise StorageError("The journal can't be written (disk I/O error).")

    def after_write(self, what: str) -> None:
        """Let nothing fail after it is durable."""

    def postpone(self, land: Callable[[], None], wake: Callable[[], None]) -> bool:
        took_ms = self.commit_ms if self.is_serving else None
        if took_ms is None:
            return False
        if took_ms < NEVER_MS:
            self.world.after(took_ms, land)
        for number in range(1, self.wakes):
            self.world.after(min(took_ms, 1000) + number, wake)
        return True

    def lands_anyway(self) -> bool:
        return self.lands

    def wait_for(self, is_done: Callable[[], bool], wait_s: float) -> None:
        until_ms = self.world.now_ms + round(1000 * min(wait_s, WAIT_S_MAX))
        while not is_done() and self.world.step(until_ms):
            pass

    def is_readable(self, handle: int) -> bool:
        """Return whether the store has woken the house."""
        return handle == STORE_HANDLE and self._opened_journal is not None and self._opened_journal.is_readable

    def stored(self, position: int, facts: Sequence[AnyFact], now_ms: int) -> None:
        self.told.append(Stored(self.world.now_ms, self._what, tuple(facts), position))

    def _hear(self, fact: str, more: dict[str, object]) -> None:
        self.logged.append(Logged(fact, more))

    def _take_over(self, disk: Store, holder: str) -> FaultyJournal:
        if "open" in self.failing:
            self.failed += 1
            raise StorageError("The journal can't be opened: no space left.")
        if "damaged" in self.failing:
            raise DamagedJournalError("in memory", "as the test wants it")
        self.opened += 1
        self._opened_journal = _Journal(self, disk.take_over(holder))
        return self._opened_journal


class SaleOptions(TypedDict, total=False):
    """The options of the sale for a test; `ServedSale` has the defaults."""

    is_encrypted: bool
    ends_after_last_lot: bool
    exit_when_ended: bool
    logs_bids: bool
    facts: Teller
    has_others: bool
    commit_ms: int | None


class Opens(Protocol):
    """Begins a sale that is closed when the test ends."""

    def __call__(self, specs: tuple[LotSpec, ...] = (), **options: Unpack[SaleOptions]) -> ServedSale:
        """Return the sale, with two lots if none are given."""


def bid(number: int, amount_minor: int | None, lot: str = "1", *, maximum_minor: int | None = None) -> BidRequest:
    return BidRequest(id=number, lot=lot, amount_minor=amount_minor, maximum_minor=maximum_minor)
