"""One process that holds a sale: everything put together, from the options to the last log line."""

import gc
import os
import resource
import secrets
import shlex
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from functools import cache, cached_property
from typing import TYPE_CHECKING, Final, NamedTuple

from auctioneer.house.house import House
from auctioneer.house.settings import HouseSettings
from auctioneer.journal import ChainEnd, FencedError
from auctioneer.journal.lease import Beside
from auctioneer.journal.snapshot_writer import SnapshotWriter
from auctioneer.monitoring.health import AnyCollector, HealthEndpoint
from auctioneer.monitoring.log_writer import LogWriter
from auctioneer.monitoring.logs import FactLog, Voice, new_log, rendered_as
from auctioneer.monitoring.metrics import ServerCollector, StandbyCollector
from auctioneer.monitoring.screen import Screen
from auctioneer.network.addresses import is_every_address, parse_advertised
from auctioneer.network.endpoints import LOOPBACK, Endpoints, Listening
from auctioneer.network.held_ports import HeldPorts
from auctioneer.process.beside import HousesBeside
from auctioneer.process.folder import DataFolder, MachineSettings, RunningHouse
from auctioneer.process.held_sale import SteppedDownError
from auctioneer.process.options import Change, RunOptions, changes
from auctioneer.process.server import Server
from auctioneer.process.startup import OpenSale, has_begun, load_spec, open_sale
from auctioneer.rules.sale_settings import AdmissionMode, Chosen
from auctioneer.rules.terms import SaleSpec
from common.collector import calm_collector, collect_rarely
from common.errors import AuctionError, UsageError
from common.links import JoinLink, Place, zmq_address
from common.local_houses import LocalHouse, local_houses_folder, publish_local_house
from common.open_files import raise_file_limit
from common.own_address import own_address
from common.steady_time import steady_ms
from common.words import counted

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

    from auctioneer.process.standing_by import TakenOver

CONNECTIONS_MAX: Final = 200_000
"""Two for each of as many bidders as there may be."""

_WHO_MAY_JOIN: Final = {
    AdmissionMode.OPEN: "everybody",
    AdmissionMode.INVITE: "everybody who has the link, since the invite code is in it",
    AdmissionMode.APPROVE: "whom you let in: auctioneer admit NAME",
    AdmissionMode.LIST: "the keys in admitted-keys.txt, as it was at this start",
}


class Watched(NamedTuple):
    """What ties a server to its watchdog."""

    pid: int
    """Of the watchdog."""
    handle: int
    """Can be read once the watchdog is gone."""
    on_up: Callable[[int], None]
    """To be called once the server serves, and once it stands by, with how far the sale's time is ahead of the steady
    clock, in ms; 0 while that is not known."""
    restarts: int
    was_held: bool
    """Whether a server of this watchdog served: none may begin another sale, whatever the directory has."""
    instances: tuple[str, ...]
    """The names of the servers that this watchdog started. The last is this one's, and the others are gone."""
    stands_by: bool = False
    """Whether this server is to hold the sale only once no other house does."""
    ahead_ms: int = 0
    """What the last one told by `on_up`."""


def serve(options: RunOptions, watched: Watched) -> None:
    """Hold the sale until a signal, the watchdog's end, or the end of the sale if the options say so.

    Raises AuctionError for what the operator must put right, and SteppedDownError where another house may hold the sale
    from now on. The caller holds the data directory.
    """
    writer = LogWriter(sys.stderr)
    try:
        _serve(options, _voice(options, writer), watched)
    finally:
        writer.close()


def _serve(options: RunOptions, voice: Voice, watched: Watched) -> None:
    _allow_connections(voice.log)
    with ExitStack() as resources:
        stop_handles = (resources.enter_context(_stop_signals()), watched.handle)
        stood_by = None
        if watched.stands_by:
            stood_by = _stand_by(options, voice.log, watched, stop_handles, resources)
            if stood_by.taken is None:
                return
        try:
            _Serving(options, voice, watched, resources).run(stop_handles, stood_by)
        except FencedError as error:
            if not watched.stands_by:
                raise
            raise SteppedDownError(str(error)) from error  # another house was faster


class _StoodBy(NamedTuple):
    """What a process has when its standing by is over. `taken` is None if it was told to stop."""

    taken: "TakenOver | None"
    listening: Listening
    """Where the house is to listen, with the ports that were kept for it."""
    endpoint: HealthEndpoint | None


def _stand_by(
    options: RunOptions,
    log: "FilteringBoundLogger",
    watched: Watched,
    stop_handles: tuple[int, ...],
    resources: ExitStack,
) -> _StoodBy:
    """Stand by until this process owns the record, or is told to stop."""
    from auctioneer.process.standing_by import StandingBy  # it needs the extra `postgres`

    collect_rarely()
    folder, instance = options.folder, watched.instances[-1]
    ports = HeldPorts(_listening(options, folder))
    with closing(ports), closing(SnapshotWriter(folder.snapshots)) as snapshots:
        place = _place(options, ports.listening)
        settings = _settings(options, instance)
        standing = StandingBy(folder, settings, place, watched.instances, watched.ahead_ms or None, snapshots, log)
        endpoint = resources.enter_context(_health_endpoint(options, folder, StandbyCollector(standing.vitals), log))
        _keep_standing_by(options, watched, ports.listening, endpoint)
        watched.on_up(watched.ahead_ms)
        return _StoodBy(standing.run(stop_handles), ports.listening, endpoint)


def _keep_standing_by(
    options: RunOptions, watched: Watched, listening: Listening, endpoint: HealthEndpoint | None
) -> None:
    """Write down that the house of this directory stands by for which record, and at which ports it would be."""
    options.folder.keep_store()
    options.folder.whereabouts.write(
        RunningHouse(
            pid=os.getpid(),
            watchdog_pid=watched.pid,
            instance=watched.instances[-1],
            control=zmq_address(LOOPBACK, listening.control_port),
            link="",
            port=listening.port,
            publish_port=listening.publish_port or 0,
            control_place=str(Place(listening.control_host, listening.control_port)),
            metrics=endpoint.url if endpoint else "",
            stands_by=True,
        )
    )
    if options.folder.machine.read() != options.machine:
        options.folder.machine.write(options.machine)


def _place(options: RunOptions, listening: Listening) -> str:
    """Return where bidders would find this house."""
    if options.advertise:
        at = parse_advertised(options.advertise)
        return str(Place(at.host, at.port or listening.port))
    return str(Place(own_address() if is_every_address(options.host) else options.host, listening.port))


def _settings(options: RunOptions, instance: str, publish_port: int = 0) -> HouseSettings:
    return HouseSettings(
        instance=instance,
        publish_port=publish_port,
        requests_per_s=options.requests_per_s,
        is_encrypted=options.is_encrypted,
    )


class _Serving:
    """One server, from its sockets to its last log line. What must be closed at the end is among `resources`."""

    def __init__(self, options: RunOptions, voice: Voice, watched: Watched, resources: ExitStack) -> None:
        self._options = options
        self._voice = voice
        self._watched = watched
        self._resources = resources
        self._folder = options.folder
        self._is_restart = watched.restarts > 0
        self._snapshots = SnapshotWriter(self._folder.snapshots)

    def run(self, stop_handles: tuple[int, ...], stood_by: _StoodBy | None) -> None:
        """Hold the sale, which was taken over from another house, or is begun or continued here."""
        log, facts = self._voice
        gc.disable()  # while a long record is read in, there is nothing to collect and much to look through
        taken = None if stood_by is None else stood_by.taken
        spec = None if taken is not None else self._spec()
        machine_before = self._folder.machine.read()
        endpoints = self._bind(stood_by)
        sale = self._open(endpoints, spec, taken)
        _admit_by(endpoints, sale)
        self._resources.enter_context(closing(self._snapshots))
        server = Server(
            endpoints,
            sale,
            lambda stored: self._take_up_again(endpoints, sale, stored),
            self._snapshots,
            log,
            is_encrypted=self._options.is_encrypted,
            exit_when_ended=self._options.exit_when_ended,
            facts=facts,
            restarts=self._watched.restarts,
            has_others=self._options.has_others,
            beside=self._beside(),
        )
        for handle in stop_handles:
            server.stop_on(handle)
        journal = None if self._folder.store_url else self._folder.journal
        collector = ServerCollector(server.counters, server.vitals, self._folder.path, journal)
        endpoint = self._health_endpoint(stood_by, collector)
        link = endpoints.link(_code(sale.house))
        start = _Start(self._options, self._folder, sale, endpoints, link, endpoint.url if endpoint else "")
        start.keep(self._watched.pid, machine_before, log)

        def on_serving() -> None:
            self._watched.on_up(sale.clock.now_ms() - steady_ms())
            if taken is not None:
                after_ms = steady_ms() - taken.began_ms
                log.info("took_over", term=sale.house.settings.term, after_ms=after_ms)
            start.tell(machine_before, log, is_first=not self._is_restart)

        if taken is None:
            gc.collect()  # a house that stood by collected all the time, and bidders wait
        calm_collector()
        try:
            server.run(on_serving)
        except (FencedError, SteppedDownError) as error:
            if not self._options.has_others:
                raise
            endpoints.drop()
            log.warning("stepped_down", term=sale.house.settings.term, reason=str(error))
            raise SteppedDownError(str(error)) from error
        if server.has_handed_over:
            endpoints.leave()
            log.info("handed_over", term=sale.house.settings.term)
            raise SteppedDownError("The sale was handed over.")

    @cached_property
    def _chosen(self) -> Chosen:
        """What this start says of how the sale is run. It makes keys, so it is asked only once there may be a sale."""
        return _chosen(self._options, self._folder)

    def _health_endpoint(self, stood_by: _StoodBy | None, collector: ServerCollector) -> HealthEndpoint | None:
        """Return the endpoint for monitoring, which may be there since this process stood by."""
        if stood_by is None:
            return self._resources.enter_context(
                _health_endpoint(self._options, self._folder, collector, self._voice.log)
            )
        if stood_by.endpoint is not None:
            stood_by.endpoint.tell_of(collector)
        return stood_by.endpoint

    def _beside(self) -> Callable[[], Sequence[Beside]]:
        """Return how to know which houses stand by."""
        if not self._options.has_others:
            return tuple
        way = self._folder.shared_store.stand_by(self._watched.instances[-1])
        return self._resources.enter_context(closing(HousesBeside(way.beside))).now

    def _spec(self) -> SaleSpec | None:
        """Return the catalogue of the sale that is to begin; None where one is to go on."""
        if self._is_restart and has_begun(self._folder, was_held=self._watched.was_held):
            return None
        return load_spec(self._options)

    def _bind(self, stood_by: _StoodBy | None) -> Endpoints:
        listening = _listening(self._options, self._folder) if stood_by is None else stood_by.listening
        try:
            endpoints = Endpoints(listening, self._folder.keys.house())
        except BaseException:
            if stood_by is not None and stood_by.taken is not None:
                stood_by.taken.journal.close()  # so that another house can go on at once
            raise
        return self._resources.enter_context(closing(endpoints))

    def _open(self, endpoints: Endpoints, spec: SaleSpec | None, taken: "TakenOver | None") -> OpenSale:
        *gone, instance = self._watched.instances
        settings = _settings(self._options, instance, endpoints.reached_at.publish_port)
        if taken is None:
            return open_sale(self._folder, settings, spec, chosen=self._chosen, gone=gone)
        from auctioneer.process.standing_by import continue_sale  # it needs the extra `postgres`

        return continue_sale(self._folder, settings, taken, self._chosen)

    def _take_up_again(self, endpoints: Endpoints, sale: OpenSale, stored: ChainEnd) -> OpenSale:
        self._snapshots.close()
        again = open_sale(self._folder, sale.house.settings, None, sale.clock, self._chosen, stored)
        _admit_by(endpoints, again)
        return again


def _admit_by(endpoints: Endpoints, sale: OpenSale) -> None:
    """Have the door go by the house of a sale."""
    endpoints.admit_by(sale.house.may_connect, lambda key: sale.house.may_command(key, sale.clock.now_ms()))


def _listening(options: RunOptions, folder: DataFolder) -> Listening:
    """Return where the house is to listen: as chosen, and for a free port that of the last run."""
    before = folder.whereabouts.read()
    return Listening(
        options.host,
        options.port,
        options.publish_port,
        options.advertise,
        options.is_encrypted,
        before.port if before else 0,
        before.publish_port if before else 0,
        options.control_host,
        options.control_port,
        before.control_port if before else 0,
        tuple(Place(at.host, at.port or 0) for at in map(parse_advertised, options.also)),
    )


def _chosen(options: RunOptions, folder: DataFolder) -> Chosen:
    """Return what this start says of how the sale is run. The list of keys is read once in each process."""
    return Chosen(
        options.admit,
        options.invite,
        secrets.token_urlsafe(9),
        folder.keys.make_control().public,
        cache(folder.keys.admitted),
        folder.keys.gateway().public if options.web else "",
    )


def _code(house: House) -> str:
    """Return the invite code for the link; empty where none is asked for."""
    return house.sale_settings.invite if house.sale_settings.admission is AdmissionMode.INVITE else ""


class _Start(NamedTuple):
    """A start that went well: what is kept of it, and told."""

    options: RunOptions
    folder: DataFolder
    sale: OpenSale
    endpoints: Endpoints
    link: JoinLink
    metrics: str

    def keep(self, watchdog_pid: int, machine_before: MachineSettings | None, log: "FilteringBoundLogger") -> None:
        """Write down where the house is, and how it is run here."""
        self.folder.whereabouts.write(
            RunningHouse(
                pid=os.getpid(),
                watchdog_pid=watchdog_pid,
                instance=self.sale.house.settings.instance,
                control=self.endpoints.control_address,
                link=str(self.link),
                port=self.endpoints.port,
                publish_port=self.endpoints.publish_port,
                control_place=str(self.endpoints.control_place),
                metrics=self.metrics,
            )
        )
        if machine_before != self.options.machine:
            self.folder.machine.write(self.options.machine)
        title = self.sale.house.engine.sale.title
        if self.options.is_listed:
            _list_house(LocalHouse(title, str(self.link), str(self.folder.path.resolve())), log)

    def tell(self, machine_before: MachineSettings | None, log: "FilteringBoundLogger", *, is_first: bool) -> None:
        """Say that the house can be joined, how it is run, and what of that is not as it was before."""
        settings = self.sale.house.sale_settings
        for option, before, now in self._changes(machine_before):
            log.info("option_changed", option=option, before=before, now=now)
        log.info(
            "listening",
            link=str(self.link),
            data=str(self.folder.path),
            pid=os.getpid(),
            metrics=self.metrics,
            control=str(self.endpoints.control_place),
            admit=settings.admission.value,
            controllers=[controller.name for controller in settings.controllers],
        )
        if is_first and self.options.log_format == "human":
            _print_banner(self._banner(), log)

    def _changes(self, machine_before: MachineSettings | None) -> Iterator[Change]:
        before, now = self.sale.settings_before, self.sale.house.sale_settings
        if before is not None and before.admission is not now.admission:
            yield Change("--admit", before.admission.value, now.admission.value)
        if before is not None and before.invite and before.invite != now.invite:
            yield Change("--invite", before.invite, now.invite)
        if machine_before is not None:
            yield from changes(machine_before, self.options.machine)

    def _banner(self) -> str:
        house, link = self.sale.house, self.link
        sale, settings = house.engine.sale, house.sale_settings
        names = ", ".join(controller.name for controller in settings.controllers)
        metrics = f"; metrics at {self.metrics}" if self.metrics else ""
        return (
            f"\n  {sale.title}: {counted(sale.lots, 'lot')} in {sale.currency.code}\n\n"
            f"  Join link         {link}\n"
            f"  For guests        bidder join --name NAME --to {shlex.quote(str(link))}\n"
            f"  On this machine   bidder join --name NAME\n"
            f"  Who may join      {_WHO_MAY_JOIN[settings.admission]}\n"
            f"  Who commands      {names}, at {self.endpoints.control_place}\n"
            f"  Listens on        {self.options.host}, ports {self.endpoints.port} and "
            f"{self.endpoints.publish_port}{metrics}\n"
            f"  To run the sale   auctioneer status, open, close, announce, ... --data {self.folder.path}\n"
            f"  To stop           Ctrl-C; auctioneer run --data {self.folder.path} continues the sale\n\n"
        )


def _voice(options: RunOptions, writer: LogWriter) -> Voice:
    """Return how the house speaks: to a person at a terminal in people's words, else to who keeps logs."""
    if options.log_format == "human" and options.log_level == "info" and sys.stderr.isatty():
        screen = Screen(writer.write)
        return Voice(new_log(writer, [screen.process_line], options.log_level), screen)
    log = new_log(writer, rendered_as(options.log_format), options.log_level)
    return Voice(log, FactLog(log, logs_bids=options.log_level == "debug"))


@contextmanager
def _health_endpoint(
    options: RunOptions, folder: DataFolder, collector: AnyCollector, log: "FilteringBoundLogger"
) -> Iterator[HealthEndpoint | None]:
    """Offer the metrics if the options say so, and yield the endpoint; if need be, the sale is held without."""
    if options.metrics_port is None:
        yield None
        return
    before = folder.whereabouts.read()
    port_before = 0 if before is None else before.metrics_port
    try:
        endpoint = HealthEndpoint(options.metrics_host, options.metrics_port, port_before, collector, log)
    except UsageError as error:
        log.warning("metrics_unavailable", reason=str(error))
        yield None
        return
    try:
        yield endpoint
    finally:
        endpoint.close()


def _allow_connections(log: "FilteringBoundLogger") -> None:
    """Have as many files open as the system lets this process: each bidder takes two, and few are the default."""
    try:
        raise_file_limit(CONNECTIONS_MAX)
    except (OSError, ValueError) as error:
        log.warning("few_connections", files=resource.getrlimit(resource.RLIMIT_NOFILE)[0], reason=str(error))


def _list_house(local: LocalHouse, log: "FilteringBoundLogger") -> None:
    """Make the house known on this machine. That is a convenience: where it can't be, bidders need the link."""
    try:
        publish_local_house(local_houses_folder(), local)
    except (AuctionError, OSError) as error:
        log.warning("not_listed", reason=str(error))


def _print_banner(banner: str, log: "FilteringBoundLogger") -> None:
    try:
        sys.stdout.write(banner)
        sys.stdout.flush()
    except OSError as error:  # a closed pipe, a full disk: the log has the link, too
        log.warning("banner_not_shown", reason=str(error))


@contextmanager
def _stop_signals() -> Iterator[int]:
    """Turn SIGINT and SIGTERM into a handle that can be read; the loop polls it among its sockets.

    SIGHUP is the watchdog's to judge, to which it came too, or alone.
    """
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    before = {number: signal.signal(number, _noted) for number in (signal.SIGINT, signal.SIGTERM)}
    wakeup_before = signal.set_wakeup_fd(writing)
    try:
        yield reading
    finally:
        signal.set_wakeup_fd(wakeup_before)
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(reading)
        os.close(writing)


def _noted(number: int, frame: object) -> None:
    """Do nothing: that the signal came is in the pipe."""
