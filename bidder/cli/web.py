"""`bidder web`: a gateway with pages for phones, a board for the room, and the results."""

import asyncio
import io
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from bidder.cli.context import home_option, json_option, local_link, to_option
from common.collector import calm_collector
from common.errors import UsageError
from common.links import JoinLink, zmq_address
from common.terminal.commands import examples
from common.terminal.gateway_options import gateway_options
from common.terminal.output import say, say_drawn, say_record

if TYPE_CHECKING:
    from bidder.web.gateway import Gateway, GatewaySettings

_INPUT_BYTES: Final = 4096
_HOSTS_SHOWN_MAX: Final = 16
"""The most hosts named whose pictures are left out."""
DEFAULT_LISTEN: Final = "127.0.0.1:8080"
MISSING_EXTRA: Final = "For pages on phones, install the extra: pip install 'auction-house[web]'. Nothing was started."


@click.command(
    short_help="Show the sale on phones and on a screen for all.",
    epilog=examples(
        "bidder web --listen 0.0.0.0:8080     # phones on this network open the address that it prints",
        "bidder web --to 'auction://...' --listen 0.0.0.0:8080",
        "bidder web --listen 127.0.0.1:8080 --public-url https://auction.example.org --trusted-proxy 127.0.0.1",
        "bidder web --listen 0.0.0.0:443 --tls-cert cert.pem --tls-key key.pem",
    ),
)
@to_option
@click.option(
    "--listen",
    default=DEFAULT_LISTEN,
    show_default=True,
    metavar="HOST:PORT",
    help="Where phones reach the gateway; 0.0.0.0 for all addresses of this machine, port 0 for any free one.",
)
@gateway_options
@click.option(
    "--images",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="The folder of the pictures that the catalogue names by relative paths.",
)
@click.option("--control", metavar="HOST:PORT", help="Where the house takes commands, for consoles in browsers.")
@click.option(
    "--key",
    "key_file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The gateway's own key.  [default: in --home, made at first use]",
)
@click.option("--tied", is_flag=True, hidden=True, help="End when standard input ends: another program runs this one.")
@click.option("--as-record", is_flag=True, hidden=True, help="As --json, but errors stay sentences: for a log.")
@home_option
@json_option
def web(
    to: JoinLink | None,
    listen: str,
    public_url: str,
    trusted_proxy: str,
    control: str | None,
    pictures_from: tuple[str, ...],
    home: Path,
    *,
    tied: bool,
    as_record: bool,
    as_json: bool,
    **files: Path | None,
) -> None:
    """Show the sale on phones and on a screen for all, and let people bid on their phones.

    Each guest gets a bidder's key, which the gateway keeps in --home. Nothing is lost if the gateway or the house ends:
    start it again, and the phones continue. Ctrl-C ends it.
    """
    try:
        from bidder.web import places
        from bidder.web.gateway import GatewaySettings
        from bidder.web.server import open_socket
    except ImportError as error:
        raise UsageError(MISSING_EXTRA) from error
    if (files["tls_cert"] is None) is not (files["tls_key"] is None):
        raise UsageError("Give both --tls-cert and --tls-key, or neither.")
    link, place = to or local_link(), places.parse_place(listen)
    listener = open_socket(place.host, place.port)
    with listener:
        place = place._replace(port=listener.getsockname()[1])
        url = (
            places.parse_public_url(public_url)
            if public_url
            else places.url_of(place, is_tls=files["tls_cert"] is not None)
        )
        settings = GatewaySettings(
            link,
            home,
            url,
            places.own_names(),
            places.parse_address(trusted_proxy),
            pictures_from=pictures_from,
            control="" if control is None else zmq_address(*places.parse_place(control)),
            **files,
        )
        asyncio.run(_serve(settings, listener, as_json=as_json or as_record, is_tied=tied))


async def _serve(settings: "GatewaySettings", listener: Any, *, as_json: bool, is_tied: bool) -> None:
    from bidder.web.gateway import Gateway

    gateway = Gateway(settings)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, gateway.stop)
    if is_tied:
        loop.add_reader(sys.stdin.fileno(), _read_to_its_end, gateway)
    _tell(settings, as_json=as_json)

    def begin() -> None:
        calm_collector()
        _tell_left_out(gateway.sale.hosts_left_out(), as_json=as_json)

    await gateway.run(listener, begin)


def _read_to_its_end(gateway: "Gateway") -> None:
    if not os.read(sys.stdin.fileno(), _INPUT_BYTES):
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        gateway.stop()


def _tell(settings: "GatewaySettings", *, as_json: bool) -> None:
    from bidder.web.gateway import gateway_keys
    from bidder.web.pages import join_url

    invite = settings.link.invite
    url, board = join_url(settings.url, invite), join_url(f"{settings.url}board", invite)
    if as_json:
        key = gateway_keys(settings).public
        say_record({"event": "gateway_listening", "url": settings.url, "join": url, "board": board, "key": key})
        return
    import segno

    square = io.StringIO()
    segno.make(url, error="l", micro=False).terminal(square, compact=True, border=2)
    say_drawn(square.getvalue().splitlines())
    say(f"Phones:  {url}")
    say(f"Screen:  {board}")
    say(f"Results: {settings.url}results")


def _tell_left_out(hosts: list[str], *, as_json: bool) -> None:
    """Say whose pictures the catalogue names and the pages don't show."""
    if not hosts:
        return
    shown = hosts[:_HOSTS_SHOWN_MAX]
    if as_json:
        say_record({"event": "pictures_left_out", "hosts": shown, "count": len(hosts)})
        return
    more = f" and {len(hosts) - len(shown)} more" if len(hosts) > len(shown) else ""
    say(
        f"Pictures of {', '.join(shown)}{more} are left out: a page asks no other host. "
        "To show them, name the host: --pictures-from, or --web-pictures-from of `auctioneer run`."
    )
