"""The options of a house on a machine: where and how it serves. `auctioneer run` and `stand-by` share them."""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, get_args

import click
import msgspec

from auctioneer.house.budgets import DEFAULT_REQUESTS_PER_S, JOIN_COST, REQUESTS_PER_S_MAX, REQUESTS_PER_S_MIN
from auctioneer.journal.postgres.address import parse_address
from auctioneer.monitoring.logs import LogFormat, LogLevel
from auctioneer.network.addresses import PORT_MAX, checked_host, is_loopback, parse_advertised
from auctioneer.process.folder import DataFolder, MachineSettings
from auctioneer.process.folder.machine import DEFAULT_HOST, DEFAULT_PORT
from common.errors import UsageError
from common.links import PLACES_MAX, Place
from common.terminal.commands import WholeNumber
from common.terminal.gateway_options import GATEWAY_OPTIONS, GatewayOption

_Callback = Callable[..., Any]

PORT: Final = WholeNumber(0, PORT_MAX)
_OFF: Final = -1
_NONE: Final = "off"
_WEB_PACKAGES: Final = ("segno", "starlette", "uvicorn", "websockets")
"""What the extra `[web]` installs. The gateway needs them in a process of its own; here it is only looked for them."""


class CheckedType(click.ParamType[Any]):
    """A text that a function checks. The function returns the option's value, or raises UsageError."""

    def __init__(self, name: str, check: Callable[[str], Any]) -> None:
        self.name = name
        self._check = check

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the value of a text."""
        try:
            return self._check(value)
        except UsageError as error:
            self.fail(str(error), param, ctx)


def _place(text: str) -> str:
    if not text:
        return ""
    at = parse_advertised(text)
    if at.port is None or at.publish_port != at.port + 1:
        raise UsageError(f"{text!r} is not a place of another house. Write HOST:PORT, with its --port.")
    return str(Place(at.host, at.port))


def _advertised(text: str) -> str:
    if text:
        parse_advertised(text)
    return text


def _metrics_port(text: str) -> int:
    if text == _NONE:
        return _OFF
    if not (text.isascii() and text.isdigit() and int(text) <= PORT_MAX):
        raise UsageError(f"{text!r} is neither a port (0 to {PORT_MAX}) nor off.")
    return int(text)


def _rate(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= REQUESTS_PER_S_MAX):
        raise UsageError(f"{text!r} is not a number of requests up to {REQUESTS_PER_S_MAX:,}.")
    if int(text) < REQUESTS_PER_S_MIN:
        raise UsageError(
            f"with {text} requests a second nobody could join: joining alone takes {JOIN_COST} at once, which "
            f"{REQUESTS_PER_S_MIN} a second allow. Choose {REQUESTS_PER_S_MIN} or more."
        )
    return int(text)


def _store(text: str) -> str:
    return parse_address(text).url


def _file(text: str) -> str:
    """Return the whole path of a file: the next run may begin in another directory."""
    if text and not Path(text).is_file():
        raise UsageError(f"{text!r} is no file.")
    return str(Path(text).resolve()) if text else ""


def _of_gateway(option: GatewayOption) -> Callable[[_Callback], _Callback]:
    """Return an option of the gateway as one of a house."""
    return click.option(
        f"--web-{option.name}",
        option.house_key,
        type=_FILE if option.is_file else str,
        multiple=option.is_many,
        metavar=option.metavar,
        help=kept(f"For --web: {option.help}", "none"),
    )


def _web(text: str) -> str:
    host, colon, port = text.rpartition(":")
    if text == _NONE:
        return ""
    if not (colon and port.isascii() and port.isdigit() and int(port) <= PORT_MAX):
        raise UsageError(f"{text!r} is neither HOST:PORT, such as 0.0.0.0:8080, nor {_NONE}.")
    checked_host(host.removeprefix("[").removesuffix("]"))
    if any(find_spec(package) is None for package in _WEB_PACKAGES):
        raise UsageError("For pages on phones, install the extra: pip install 'auction-house[web]'.")
    return text


HOST: Final = CheckedType("host", checked_host)
_PLACE: Final = CheckedType("place", _place)
_ADVERTISED: Final = CheckedType("address", _advertised)
_METRICS_PORT: Final = CheckedType("port", _metrics_port)
_STORE: Final = CheckedType("url", _store)
_RATE: Final = CheckedType("number", _rate)
_WEB: Final = CheckedType("place", _web)
_FILE: Final = CheckedType("file", _file)


def kept(what: str, at_first: object) -> str:
    """Return the help of an option whose value is kept from run to run."""
    return f"{what}  [default: as before; at first: {at_first}]"


_MACHINE: Final[tuple[Callable[[_Callback], _Callback], ...]] = (
    click.option("--host", type=HOST, help=kept("Address to listen on; 0.0.0.0 for all.", DEFAULT_HOST)),
    click.option("--port", type=PORT, help=kept("For requests; 0 for any free one.", DEFAULT_PORT)),
    click.option("--publish-port", type=PORT, help=kept("For broadcasts.", "the one after --port")),
    click.option(
        "--advertise",
        type=_ADVERTISED,
        metavar="HOST[:PORT[:PUBLISH_PORT]]",
        help=kept("The address that bidders use, if another; '' removes it.", "--host and the ports"),
    ),
    click.option(
        "--also",
        type=_PLACE,
        multiple=True,
        metavar="HOST:PORT",
        help=kept("Another place where the house may be; repeatable, and '' for none.", "none"),
    ),
    click.option(
        "--control-host", type=HOST, help=kept("Address for commands, also of clerks elsewhere.", DEFAULT_HOST)
    ),
    click.option("--control-port", type=PORT, help=kept("For commands; 0 for any free one.", 0)),
    click.option(
        "--requests-per-second",
        "requests_per_s",
        type=_RATE,
        help=kept("Requests that one bidder may make.", DEFAULT_REQUESTS_PER_S),
    ),
    click.option(
        "--web",
        type=_WEB,
        metavar="HOST:PORT",
        help=kept("Have guests bid on their phones there, in a browser; off for nowhere.", "off"),
    ),
    *map(_of_gateway, GATEWAY_OPTIONS),
    click.option("--exit-when-ended", is_flag=True, help="Stop when the sale has ended."),
    click.option("--unlisted", is_flag=True, help="Bidders on this machine don't find the house without its link."),
    click.option("--log-format", type=click.Choice(get_args(LogFormat)), default="human", show_default=True),
    click.option("--log-level", type=click.Choice(get_args(LogLevel)), default="info", show_default=True),
    click.option(
        "--metrics-port",
        type=_METRICS_PORT,
        help=kept("Offer /metrics and /healthz over HTTP; 0 for any free port, off for none.", "off"),
    ),
    click.option("--metrics-host", type=HOST, help=kept("Address for them. There is no password.", DEFAULT_HOST)),
    click.option(
        "--no-encryption",
        is_flag=True,
        help="For measurements: no encryption and no proof of identity. Only on a loopback --host.",
    ),
)


def store_option(command: _Callback) -> _Callback:
    """Give a command the option --store, the URL of a database."""
    return click.option(
        "--store",
        type=_STORE,
        metavar="URL",
        help=kept("A PostgreSQL database for the record, postgresql://...?sale=NAME.", "the data directory"),
    )(command)


def machine_options(command: _Callback) -> _Callback:
    """Give a command the options of where and how a house serves on this machine, which are kept from run to run."""
    for option in reversed(_MACHINE):
        command = option(command)
    return command


def machine_settings(folder: DataFolder, given: dict[str, Any], *, no_encryption: bool) -> MachineSettings:
    """Return the settings of a house: those that were given, and for all else those of the last run.

    Raises UsageError for what does not go together.
    """
    before = folder.machine.read() or MachineSettings()
    chosen = {name: value for name, value in given.items() if value is not None}
    if chosen.get("metrics_port") == _OFF:
        chosen["metrics_port"] = None
    for name in ("also", *(option.house_key for option in GATEWAY_OPTIONS if option.is_many)):
        values = chosen.pop(name, ())
        if values:
            chosen[name] = tuple(filter(None, values))
    machine = msgspec.structs.replace(before, **chosen)
    if bool(machine.web_tls_cert) is not bool(machine.web_tls_key):
        raise UsageError("Give both --web-tls-cert and --web-tls-key, or neither; '' removes one.")
    if len(machine.also) >= PLACES_MAX:
        raise UsageError(f"A join link has at most {PLACES_MAX} places.")
    if no_encryption and not is_loopback(machine.host):
        raise UsageError("--no-encryption is for this machine only: use --host 127.0.0.1.")
    return machine
