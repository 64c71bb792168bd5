"""`auctioneer run`: hold a sale, from its catalogue or from its data directory."""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, get_args

import click
import msgspec

from auctioneer.cli.context import data_option
from auctioneer.house.budgets import DEFAULT_REQUESTS_PER_S, JOIN_COST, REQUESTS_PER_S_MAX, REQUESTS_PER_S_MIN
from auctioneer.journal.postgres.address import parse_address
from auctioneer.monitoring.logs import LogFormat, LogLevel
from auctioneer.network.addresses import PORT_MAX, checked_host, is_loopback, parse_advertised
from auctioneer.process.folder import DataFolder, MachineSettings
from auctioneer.process.folder.machine import DEFAULT_HOST, DEFAULT_PORT
from auctioneer.process.options import RunOptions
from auctioneer.rules.sale_settings import AdmissionMode, is_valid_invite
from common.errors import UsageError
from common.limits import INVITE_CHARS_MAX
from common.terminal.commands import WholeNumber, examples
from common.terminal.output import tell_person

PORT: Final = WholeNumber(0, PORT_MAX)
_OFF: Final = -1
_NONE: Final = "off"
_WEB_PACKAGES: Final = ("segno", "starlette", "uvicorn", "websockets")
"""What the extra `[web]` installs. The gateway needs them in a process of its own; here it is only looked for them."""


class _CheckedType(click.ParamType[Any]):
    """A text that a function checks. The function returns the option's value, or raises UsageError."""

    def __init__(self, name: str, check: Callable[[str], Any]) -> None:
        self.name = name
        self._check = check

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return self._check(value)
        except UsageError as error:
            self.fail(str(error), param, ctx)


def _advertised(text: str) -> str:
    if text:
        parse_advertised(text)
    return text


def _invite(text: str) -> str:
    if not is_valid_invite(text):
        raise UsageError(f"an invite code has 1 to {INVITE_CHARS_MAX} letters, digits and '-', '_', '.', '~'.")
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


HOST: Final = _CheckedType("host", checked_host)
_ADVERTISED: Final = _CheckedType("address", _advertised)
_INVITE: Final = _CheckedType("code", _invite)
_METRICS_PORT: Final = _CheckedType("port", _metrics_port)
_STORE: Final = _CheckedType("url", _store)
_RATE: Final = _CheckedType("number", _rate)
_WEB: Final = _CheckedType("place", _web)


def _kept(what: str, at_first: object) -> str:
    """Return the help of an option whose value is kept from run to run."""
    return f"{what}  [default: as before; at first: {at_first}]"


@click.command(
    short_help="Hold a sale until it is stopped.",
    epilog=examples(
        "auctioneer run --example                         # an example sale, for this machine only",
        "auctioneer run evening.toml --host 0.0.0.0       # bidders come from other machines",
        "auctioneer run evening.toml --web 0.0.0.0:8080   # guests bid on their phones, in a browser",
        "auctioneer run evening.toml --admit invite       # only with the link's invite code",
        "auctioneer run                                   # later: continue the sale, with the same options",
    ),
)
@click.argument("catalogue", required=False, type=click.Path(path_type=Path))
@data_option
@click.option("--example", "is_example", is_flag=True, help="Hold the example sale that comes with the program.")
@click.option(
    "--corrections", is_flag=True, help="Begin a sale in which bids and closes can be taken back, until `finish`."
)
@click.option("--paused", is_flag=True, help="Begin a sale that stands still, until `resume`: bidders can join first.")
@click.option(
    "--store",
    type=_STORE,
    metavar="URL",
    help=_kept("A PostgreSQL database for the record, postgresql://...?sale=NAME.", "the data directory"),
)
@click.option("--host", type=HOST, help=_kept("Address to listen on; 0.0.0.0 for all.", DEFAULT_HOST))
@click.option("--port", type=PORT, help=_kept("For requests; 0 for any free one.", DEFAULT_PORT))
@click.option("--publish-port", type=PORT, help=_kept("For broadcasts.", "the one after --port"))
@click.option(
    "--advertise",
    type=_ADVERTISED,
    metavar="HOST[:PORT[:PUBLISH_PORT]]",
    help=_kept("The address that bidders use, if another; '' removes it.", "--host and the ports"),
)
@click.option("--control-host", type=HOST, help=_kept("Address for commands, also of clerks elsewhere.", DEFAULT_HOST))
@click.option("--control-port", type=PORT, help=_kept("For commands; 0 for any free one.", 0))
@click.option(
    "--admit",
    type=click.Choice([mode.value for mode in AdmissionMode], case_sensitive=False),
    callback=lambda _ctx, _parameter, mode: None if mode is None else AdmissionMode(mode),
    help=_kept(
        "Who may join: everybody, those with the invite code, those you approve, or the keys in admitted-keys.txt.",
        AdmissionMode.OPEN.value,
    ),
)
@click.option("--invite", type=_INVITE, metavar="CODE", help=_kept("The invite code.", "one is made"))
@click.option(
    "--requests-per-second",
    "requests_per_s",
    type=_RATE,
    help=_kept("Requests that one bidder may make.", DEFAULT_REQUESTS_PER_S),
)
@click.option(
    "--web",
    type=_WEB,
    metavar="HOST:PORT",
    help=_kept("Have guests bid on their phones there, in a browser; off for nowhere.", "off"),
)
@click.option("--exit-when-ended", is_flag=True, help="Stop when the sale has ended.")
@click.option("--unlisted", is_flag=True, help="Bidders on this machine don't find the house without its link.")
@click.option("--log-format", type=click.Choice(get_args(LogFormat)), default="human", show_default=True)
@click.option("--log-level", type=click.Choice(get_args(LogLevel)), default="info", show_default=True)
@click.option(
    "--metrics-port",
    type=_METRICS_PORT,
    help=_kept("Offer /metrics and /healthz over HTTP; 0 for any free port, off for none.", "off"),
)
@click.option("--metrics-host", type=HOST, help=_kept("Address for them. There is no password.", DEFAULT_HOST))
@click.option(
    "--no-encryption",
    is_flag=True,
    help="For measurements: no encryption and no proof of identity. Only on a loopback --host.",
)
def run(
    folder: DataFolder,
    *,
    catalogue: Path | None,
    is_example: bool,
    corrections: bool,
    paused: bool,
    store: str | None,
    admit: AdmissionMode | None,
    invite: str | None,
    exit_when_ended: bool,
    unlisted: bool,
    log_format: LogFormat,
    log_level: LogLevel,
    no_encryption: bool,
    **of_machine: Any,
) -> int:
    """Hold the sale of CATALOGUE (.toml, .csv or .xlsx), or continue the one in the data directory.

    Prints the join link for bidders. A crash, a stop or a full disk loses nothing: run it again and the sale continues,
    with open lots extended by the outage. Ctrl-C stops the house; `auctioneer end` ends the sale.

    Options are remembered: one that is not given is as before, and one that is given again changes.
    """
    if is_example and catalogue is not None:
        raise UsageError("Name a catalogue or use --example, not both.")
    before = folder.machine.read() or MachineSettings()
    given = {name: value for name, value in of_machine.items() if value is not None}
    if given.get("metrics_port") == _OFF:
        given["metrics_port"] = None
    if catalogue is not None and given.get("web", before.web):
        given["web_images"] = str(catalogue.resolve().parent)
    machine = msgspec.structs.replace(before, **given)
    if no_encryption and not is_loopback(machine.host):
        raise UsageError("--no-encryption is for this machine only: use --host 127.0.0.1.")
    options = RunOptions(
        folder.path,
        catalogue,
        is_example,
        corrections,
        admit,
        invite or "",
        is_encrypted=not no_encryption,
        exit_when_ended=exit_when_ended,
        is_listed=not unlisted,
        store=store or "",
        log_format=log_format,
        log_level=log_level,
        **msgspec.structs.asdict(machine),
    )
    # Imported only here, since the server's modules would slow the start of every other command.
    from auctioneer.process.startup import begin_paused, has_begun, load_spec
    from auctioneer.process.watchdog import run_watched

    spec = load_spec(options, tell_person)
    if paused and spec is None:
        raise UsageError("A sale can only begin paused: give --paused with a catalogue. `pause` pauses a running sale.")
    if paused and spec is not None and not has_begun(options.folder):
        begin_paused(options.folder, spec)
    return run_watched(options)
