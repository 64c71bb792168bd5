"""One process that holds a sale: everything put together, from the options to the last log line."""

import gc
import os
import resource
import secrets
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple

from auctioneer.data_folder import AUCTIONEER, DataFolder, HouseRecord
from auctioneer.endpoints import Endpoints
from auctioneer.health import HealthEndpoint
from auctioneer.house import House, HouseSettings
from auctioneer.log_writer import LogWriter
from auctioneer.logs import FactLog, Voice, new_log, rendered_as
from auctioneer.metrics import ServerCollector
from auctioneer.options import RunOptions
from auctioneer.register import Admission, AdmissionMode
from auctioneer.screen import Screen
from auctioneer.server import Server
from auctioneer.snapshot_writer import SnapshotWriter
from auctioneer.startup import OpenSale, has_begun, load_spec, take_up_sale
from common.errors import AuctionError, UsageError
from common.keys import JoinLink, LocalHouse, local_houses_folder, publish_local_house
from common.messages import Role

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

CONNECTIONS_MAX: Final = 200_000
"""Two for each of as many bidders as there may be."""
GC_ALLOCATIONS: Final = 50_000
"""New containers between two looks of the garbage collector; Python's 700 would have it look every few bids."""


class Watched(NamedTuple):
    """What ties a server to its watchdog."""

    pid: int
    """Of the watchdog."""
    handle: int
    """Can be read once the watchdog is gone."""
    on_serving: Callable[[], None]
    """To be called once the server serves."""
    restarts: int


def serve(options: RunOptions, watched: Watched) -> None:
    """Hold the sale until a signal, the watchdog's end, or the end of the sale if the options say so.

    Raises AuctionError for what the operator must mend. The caller holds the data directory.
    """
    writer = LogWriter(sys.stderr)
    try:
        _serve(options, _voice(options, writer), watched)
    finally:
        writer.close()


def _serve(options: RunOptions, voice: Voice, watched: Watched) -> None:
    log, facts = voice
    _allow_connections(log)
    folder = DataFolder(options.data)
    is_restart = watched.restarts > 0
    spec = None if is_restart and has_begun(folder) else load_spec(options)
    keys = folder.house_keys()
    folder.add_controller(AUCTIONEER, Role.AUCTIONEER)
    admission = _admission(options, folder)
    with ExitStack() as resources:
        stop_handle = resources.enter_context(_stop_signals())
        endpoints = resources.enter_context(closing(Endpoints(options, folder, keys, admission)))
        settings = HouseSettings(
            instance=secrets.token_hex(8),
            publish_port=endpoints.publish_port,
            admission=admission,
            requests_per_s=options.requests_per_s,
            is_encrypted=options.is_encrypted,
        )

        gc.disable()  # while a long record is read in, there is nothing to collect and much to look through
        sale = take_up_sale(folder, settings, spec)
        endpoints.audience.is_of(sale.house)
        snapshots = resources.enter_context(closing(SnapshotWriter(folder.snapshots)))

        def take_up_again() -> OpenSale:
            snapshots.close()
            again = take_up_sale(folder, settings, None, sale.clock)
            endpoints.audience.is_of(again.house)
            return again

        link = endpoints.link(options, keys, admission.invite)
        server = Server(
            endpoints,
            folder,
            sale,
            take_up_again,
            snapshots,
            log,
            is_encrypted=options.is_encrypted,
            exit_when_ended=options.exit_when_ended,
            facts=facts,
            restarts=watched.restarts,
        )
        server.stop_on(stop_handle)
        server.stop_on(watched.handle)
        collector = ServerCollector(server.counters, server.vitals, folder.journal)
        with _health_endpoint(options, folder, collector, log) as metrics:
            _announce_house(folder, sale.house, endpoints, link, watched.pid, metrics)
            _list_house(LocalHouse(sale.house.engine.sale.title, str(link), str(folder.path.resolve())), log)

            def on_serving() -> None:
                watched.on_serving()
                log.info("listening", link=str(link), data=str(folder.path), pid=os.getpid(), metrics=metrics)
                if not is_restart and options.log_format == "human":
                    _print_banner(folder, sale.house, link, log)

            _calm_collector()
            server.run(on_serving)


def _voice(options: RunOptions, writer: LogWriter) -> Voice:
    """Return how the house speaks: to a person at a terminal in people's words, else to who keeps logs."""
    if options.log_format == "human" and options.log_level == "info" and sys.stderr.isatty():
        screen = Screen(writer.write)
        return Voice(new_log(writer, [screen.process_line], options.log_level), screen)
    log = new_log(writer, rendered_as(options.log_format), options.log_level)
    return Voice(log, FactLog(log, logs_bids=options.log_level == "debug"))


@contextmanager
def _health_endpoint(
    options: RunOptions, folder: DataFolder, collector: ServerCollector, log: "FilteringBoundLogger"
) -> Iterator[str]:
    """Offer the metrics if the options say so, and yield their address; if need be, the sale is held without."""
    if options.metrics_port is None:
        yield ""
        return
    before = folder.house_record()
    port_before = 0 if before is None else before.metrics_port
    try:
        endpoint = HealthEndpoint(options.metrics_host, options.metrics_port, port_before, collector, log)
    except UsageError as error:
        log.warning("metrics_unavailable", reason=str(error))
        yield ""
        return
    try:
        yield endpoint.url
    finally:
        endpoint.close()


def _allow_connections(log: "FilteringBoundLogger") -> None:
    """Have as many files open as the system lets this process: each bidder takes two, and few are the default."""
    allowed, allowed_max = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS_MAX if allowed_max == resource.RLIM_INFINITY else min(allowed_max, CONNECTIONS_MAX)
    if allowed != resource.RLIM_INFINITY and allowed < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, allowed_max))
        except (OSError, ValueError) as error:  # a system may allow less than it says
            log.warning("few_connections", files=allowed, reason=str(error))


def _calm_collector() -> None:
    """Have the garbage collector leave what a long sale keeps alone: messages and events hold no cycles."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_ALLOCATIONS, 20, 50)
    gc.enable()


def _admission(options: RunOptions, folder: DataFolder) -> Admission:
    return Admission(
        options.admit,
        folder.invite() if options.admit is AdmissionMode.INVITE else "",
        folder.admitted_keys() if options.admit is AdmissionMode.LIST else frozenset(),
    )


def _announce_house(
    folder: DataFolder, house: House, endpoints: Endpoints, link: JoinLink, watchdog_pid: int, metrics: str
) -> None:
    folder.write_house_record(
        HouseRecord(
            pid=os.getpid(),
            watchdog_pid=watchdog_pid,
            instance=house.settings.instance,
            control=endpoints.control_address,
            link=str(link),
            port=endpoints.port,
            publish_port=endpoints.publish_port,
            metrics=metrics,
        )
    )


def _list_house(local: LocalHouse, log: "FilteringBoundLogger") -> None:
    """Make the house known on this machine. That is a convenience: where it can't be, bidders need the link."""
    try:
        publish_local_house(local_houses_folder(), local)
    except (AuctionError, OSError) as error:
        log.warning("not_listed", reason=str(error))


def _print_banner(folder: DataFolder, house: House, link: JoinLink, log: "FilteringBoundLogger") -> None:
    try:
        sys.stdout.write(_banner(folder, house, link))
        sys.stdout.flush()
    except OSError as error:  # a closed pipe, a full disk: the log has the link, too
        log.warning("banner_not_shown", reason=str(error))


def _banner(folder: DataFolder, house: House, link: JoinLink) -> str:
    sale = house.engine.sale
    return (
        f"\n  {sale.title}: {sale.lots} lots in {sale.currency.code}\n\n"
        f"  Join link     {link}\n"
        f"  On this machine   bidder join --name NAME\n"
        f"  To run the sale   auctioneer status, open, close, announce, ... --data {folder.path}\n"
        f"  To stop           Ctrl-C; the same command goes on with the sale later\n\n"
    )


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
