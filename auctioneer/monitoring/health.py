"""The health of a server, and the endpoint for monitoring: `/healthz` and `/metrics` over HTTP, in its own thread.

It is off unless an operator names a port. Then it listens on the loopback address by default, since there is no
password, and the numbers show what bidders may not know: a new fact without an event means a raised secret maximum. It
serves one request at a time, each with a time limit. The server's loop never waits for it.
"""

import socket
import sys
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer
from typing import TYPE_CHECKING, Final

import msgspec
from prometheus_client.exposition import choose_encoder

from auctioneer.monitoring.counters import StandbyVitals, Vitals
from auctioneer.monitoring.metrics import ServerCollector, StandbyCollector, new_registry
from common.errors import UsageError

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

TURN_AGE_MS_MAX: Final = 5_000
"""A loop turns at least at each heartbeat, well within a second; one that has not turned for longer hangs."""
LOOK_AGE_MS_MAX: Final = 20_000
"""A house that stands by looks ten times a second; a try to connect or to take over may last some seconds."""
REQUEST_S_MAX: Final = 2.0
"""How long a client may be silent before it is cut off, since the others have to wait for it."""
_STOP_POLL_S: Final = 0.2


AnyCollector = ServerCollector | StandbyCollector


class Health(msgspec.Struct, frozen=True):
    """The body of `/healthz`, with a sentence as its `reason`.

    `status` is `ok`, `frozen` or `stuck`; of a house that stands by `standing_by`, `store_away` or `stuck`.
    """

    status: str
    reason: str
    instance: str
    epoch: int
    last_turn_age_ms: int
    last_commit_age_ms: int

    @property
    def is_well(self) -> bool:
        """Whether bids are accepted, or all is ready for it."""
        return self.status in ("ok", "standing_by")


def judge(vitals: Vitals) -> Health:
    """Return whether a server with these vitals is well, and if not, why."""
    if vitals.turn_age_ms > TURN_AGE_MS_MAX:
        status, reason = "stuck", f"The server's loop has not turned for {vitals.turn_age_ms} ms."
    elif vitals.is_frozen:
        status = "frozen"
        reason = "Nothing can be stored, so no bid is taken. The log says why: look at the disk, or at the database."
    else:
        status, reason = "ok", "Bids are taken."
    return Health(status, reason, vitals.instance, vitals.epoch, vitals.turn_age_ms, vitals.commit_age_ms)


def judge_standby(vitals: StandbyVitals) -> Health:
    """Return whether a house that stands by could take the sale over, and if not, why."""
    if vitals.look_age_ms > LOOK_AGE_MS_MAX:
        status, reason = "stuck", f"The house has not looked at the record for {vitals.look_age_ms} ms."
    elif vitals.is_away:
        status, reason = "store_away", "The database can't be reached, so this house could not take the sale over."
    else:
        status, reason = "standing_by", "Another house holds the sale; this one takes over when that one fails."
    return Health(status, reason, vitals.instance, 0, vitals.look_age_ms, 0)


def health_of(collector: AnyCollector) -> Health:
    """Return the health of the house that a collector is about."""
    if isinstance(collector, StandbyCollector):
        return judge_standby(collector.vitals())
    return judge(collector.vitals())


class HealthEndpoint:
    """An HTTP server; the constructor makes it listen. Raises UsageError if the address is not available.

    Port 0 means the port of the last run if it is still free, so that a scraper finds it again.
    """

    def __init__(
        self, host: str, port: int, port_before: int, collector: AnyCollector, log: "FilteringBoundLogger"
    ) -> None:
        self._server = _bind(host, port, port_before, collector, log)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_STOP_POLL_S,), name="metrics", daemon=True
        )
        self._thread.start()

    def tell_of(self, collector: AnyCollector) -> None:
        """Tell of another house from now on: of that which holds the sale, after the one that stood by."""
        self._server.registry, self._server.collector = new_registry(collector), collector

    @property
    def port(self) -> int:
        """The port on which it listens."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """The address of the metrics."""
        host = str(self._server.server_address[0])
        return f"http://[{host}]:{self.port}/metrics" if ":" in host else f"http://{host}:{self.port}/metrics"

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _bind(host: str, port: int, port_before: int, collector: AnyCollector, log: "FilteringBoundLogger") -> "_Server":
    for candidate in (port,) if port or not port_before else (port_before, 0):
        try:
            return _Server(host, candidate, collector, log)
        except OSError as error:
            if candidate == port:
                raise UsageError(
                    f"The metrics can't be offered on {host}:{port} ({error.strerror}). "
                    "Choose another --metrics-port (0 for any free one), or leave it out."
                ) from error
    raise AssertionError("the last candidate binds or raises")


class _Server(TCPServer):
    """Serves one request at a time. `http.server.HTTPServer` would do, but it asks the name service for its name."""

    allow_reuse_address = True

    def __init__(self, host: str, port: int, collector: AnyCollector, log: "FilteringBoundLogger") -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.collector: AnyCollector = collector
        self.registry = new_registry(collector)
        self._log = log
        super().__init__((host, port), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002 -- socketserver's signature
        """Log a fault, unless the client merely hung up."""
        error = sys.exception()
        if not isinstance(error, ConnectionError | TimeoutError):
            self._log.error("metrics_failed", reason=repr(error))


class _Handler(BaseHTTPRequestHandler):
    """Answers GET on two paths."""

    server: _Server
    timeout = REQUEST_S_MAX
    server_version = "auctioneer"
    sys_version = ""

    def do_GET(self) -> None:
        """Answer a request."""
        match self.path.partition("?")[0]:
            case "/metrics":
                encoder, content_type = choose_encoder(self.headers.get("Accept", ""))
                self._answer(HTTPStatus.OK, content_type, encoder(self.server.registry))
            case "/healthz":
                health = health_of(self.server.collector)
                status = HTTPStatus.OK if health.is_well else HTTPStatus.SERVICE_UNAVAILABLE
                self._answer(status, "application/json", msgspec.json.encode(health) + b"\n")
            case _:
                self._answer(HTTPStatus.NOT_FOUND, "text/plain", b"The paths are /metrics and /healthz.\n")

    def _answer(self, status: HTTPStatus, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- http.server's signature
        """Log nothing: a request every few seconds is no news."""
