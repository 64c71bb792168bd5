"""The commands about clerks: people who help the auctioneer from any machine, each with some rights."""

import click

from auctioneer.cli.context import (
    DURATION,
    RIGHT_NAMES,
    RIGHTS,
    ControlContext,
    data_option,
    json_option,
    with_control_context,
)
from auctioneer.cli.control_client import client_of
from auctioneer.cli.orders import change_keys
from auctioneer.cli.output import STATUS_STYLES, local_time
from auctioneer.cli.reads import read, say_if_stopped
from auctioneer.house.commands import MYSELF, Appoint, ChangeRights, Dismiss, Redeem
from auctioneer.house.register import CODE_VALID_MS_MAX
from auctioneer.network.addresses import is_loopback
from auctioneer.process.folder import FOR_THE_AUCTIONEER, DataFolder
from auctioneer.process.folder.clerk import ClerkPlace
from auctioneer.rules.sale_settings import Right
from common.clerk_links import ClerkLink, console_address, parse_clerk_link
from common.clerk_names import AUCTIONEER, HOUSE, is_clerk_name
from common.durations import format_duration
from common.errors import RejectCode, RejectedError, UsageError
from common.keys import new_keys
from common.terminal.commands import examples
from common.terminal.output import print_json, say, say_done
from common.terminal.tables import Column, print_table


@click.group(
    short_help="Let others help, also from other machines.",
    epilog=examples(
        "auctioneer clerk add ada --rights desk,bids",
        "auctioneer clerk join 'auctioneer://...'     # on Ada's machine",
        "auctioneer clerk remove ada",
    ),
)
def clerk() -> None:
    """Let people help with the sale, each from a machine and with rights of their own."""


@clerk.command(
    short_help="Make a link by which a clerk joins.",
    epilog=examples(
        "auctioneer clerk add ada --rights desk,bids",
        "auctioneer clerk add ben --rights hammer --for 1h",
        "auctioneer clerk add cleo --rights hammer,bids --lasts 12h --console http://192.168.1.5:8080",
    ),
)
@click.argument("name")
@click.option("--rights", type=RIGHTS, required=True, metavar="LIST", help=f"What the clerk may do, of {RIGHT_NAMES}.")
@click.option(
    "--for",
    "valid_ms",
    type=DURATION,
    default="12h",
    show_default=True,
    metavar="DURATION",
    help=f"How long the link is valid; at most {format_duration(CODE_VALID_MS_MAX)}.",
)
@click.option(
    "--lasts",
    "lasts_ms",
    type=DURATION,
    metavar="DURATION",
    help="For how long the clerk may give commands, from now on. Without it: until `clerk remove`.",
)
@click.option("--console", metavar="URL", help="The address of the gateway in whose console the clerk will work.")
@data_option
@json_option
def add(
    folder: DataFolder,
    name: str,
    *,
    rights: tuple[Right, ...],
    valid_ms: int,
    lasts_ms: int | None,
    console: str | None,
    as_json: bool,
) -> None:
    """Appoint the clerk NAME, and print a link for `auctioneer clerk join`; works while the house runs.

    The link works once, and is shown only now: whoever has it first is the clerk, so send it to nobody else. A new one
    replaces it until it is used.
    """
    folder.require_sale(FOR_THE_AUCTIONEER)
    if not is_clerk_name(name):
        raise UsageError(
            f"{name!r} can't name a clerk: use lower-case letters, digits and hyphens, not {AUCTIONEER!r} or {HOUSE!r}."
        )
    if valid_ms > CODE_VALID_MS_MAX:
        raise click.BadParameter(
            f"a link is valid for at most {format_duration(CODE_VALID_MS_MAX)}.", param_hint="--for"
        )
    house = folder.whereabouts.read()
    if house is None:
        raise UsageError(
            f"No house ever ran on {folder.path}, so it has no address yet. Start it once, then repeat this."
        )
    host, _, port = house.control_place.rpartition(":")
    keys = new_keys()
    change_keys(folder, Appoint(name=name, key=keys.public, rights=rights, valid_ms=valid_ms, lasts_ms=lasts_ms))
    link = ClerkLink(host.strip("[]"), int(port), folder.keys.house().public, name, keys.secret)
    address = None if console is None else console_address(console, link)
    if as_json:
        names = [right.value for right in rights]
        print_json({"name": name, "rights": names, "link": str(link), "console": address})
        return
    say(address or str(link))
    how = "open it in a browser" if address else "auctioneer clerk join LINK"
    say(f"For {name}, once, for {format_duration(valid_ms)}: {how}", err=True)
    if address:
        return
    if is_loopback(link.host):
        say("This house takes commands on this machine only. For others: auctioneer run --control-host", err=True)


@clerk.command(
    short_help="Become a clerk on this machine, by a link.",
    epilog=examples("auctioneer clerk join 'auctioneer://192.168.1.5:7768/...'"),
)
@click.argument("link")
@data_option
@json_option
def join(folder: DataFolder, link: str, *, as_json: bool) -> None:
    """Make a key on this machine and have the house know it in place of LINK, which is used up.

    From then on the commands in the same directory (--data) go to that house, as this clerk. The key stays in its file
    clerk.json, which only you can read; whoever has that file is the clerk.
    """
    wanted = parse_clerk_link(link)
    place = _place_for(folder, wanted)
    folder.prepare()
    folder.clerk.write(place)
    try:
        with client_of(wanted.address, wanted.keys, wanted.house_key) as house:
            house.order(Redeem(key=place.keys.public))
    except RejectedError as error:
        if not _is_known(place):
            folder.clerk.remove()
            raise _refused(error, wanted) from error
    joined = ClerkPlace(place.name, place.host, place.port, place.house_key, place.keys)
    folder.clerk.write(joined)
    with client_of(joined.address, joined.keys, joined.house_key) as house:
        rights = house.ask(MYSELF)["rights"]
    key_file = str(folder.path / "clerk.json")
    document = {"name": joined.name, "rights": rights, "house": joined.place, "key_file": key_file}
    may = f"with the rights {', '.join(rights)}" if rights else "who may read"
    say_done(f"You are the clerk {joined.name} of the house at {joined.place}, {may}.", document, as_json=as_json)


def _place_for(folder: DataFolder, link: ClerkLink) -> ClerkPlace:
    """Return what to keep before the link is redeemed: with the same keys as the last time, if that was cut short."""
    if folder.has_sale or folder.was_held:
        raise UsageError(f"{folder.path} has a sale of its own. Choose another directory with --data.")
    before = folder.clerk.read()
    if before is None:
        return ClerkPlace(link.name, link.host, link.port, link.house_key, new_keys(), str(link))
    if before.link != str(link):
        raise UsageError(
            f"{folder.path} has the key of the clerk {before.name} of the house at {before.place}. Choose another "
            "directory with --data, or remove clerk.json there if that key is not needed any more."
        )
    return before


def _is_known(place: ClerkPlace) -> bool:
    """Return whether the house knows the clerk's own key: then the answer to an earlier try was lost."""
    try:
        with client_of(place.address, place.keys, place.house_key) as house:
            return bool(house.ask(MYSELF)["name"] == place.name)
    except RejectedError as error:
        if error.reject is not RejectCode.FORBIDDEN:
            raise
        return False


def _refused(error: RejectedError, link: ClerkLink) -> RejectedError:
    if error.reject is not RejectCode.FORBIDDEN:
        return error
    return RejectedError(
        error.reject,
        f"the house does not know this link: it was used, has expired, or another replaced it. The auctioneer can "
        f"make a new one: auctioneer clerk add {link.name}",
    )


@clerk.command(short_help="Change a clerk's rights.", epilog=examples("auctioneer clerk rights ada desk,bids,hammer"))
@click.argument("name")
@click.argument("rights", type=RIGHTS, metavar="LIST")
@data_option
@json_option
def rights(folder: DataFolder, name: str, rights: tuple[Right, ...], *, as_json: bool) -> None:
    """Give the clerk NAME the rights in LIST and no others; they count at once."""
    folder.require_sale(FOR_THE_AUCTIONEER)
    change_keys(folder, ChangeRights(name=name, rights=rights))
    names = [right.value for right in rights]
    say_done(f"{name} has the rights {', '.join(names)}.", {"name": name, "rights": names}, as_json=as_json)


@clerk.command(short_help="Have a clerk give commands no longer.", epilog=examples("auctioneer clerk remove ada"))
@click.argument("name")
@data_option
@json_option
def remove(folder: DataFolder, name: str, *, as_json: bool) -> None:
    """End what the clerk NAME may do, at once: connections end, and what is under way is refused."""
    folder.require_sale(FOR_THE_AUCTIONEER)
    change_keys(folder, Dismiss(name=name))
    say_done(f"{name} gives commands no longer.", {"name": name, "removed": True}, as_json=as_json)


@clerk.command("list", short_help="Show the clerks.", epilog=examples("auctioneer clerk list"))
@with_control_context
def list_clerks(context: ControlContext) -> None:
    """Show each clerk with the rights, and until when a link or the clerk's key counts."""
    reading = read(context, "clerks")
    if context.as_json:
        print_json(reading.report)
        return
    say_if_stopped(reading, context.folder)
    columns = [Column("Clerk"), Column("Rights"), Column("State"), Column("Until")]
    rows = [
        [
            row["name"],
            ", ".join(row["rights"]),
            row["state"],
            "" if ends_ms is None else local_time(ends_ms),
        ]
        for row in reading.report
        for ends_ms in [row["link_expires_at_ms"] or row["ends_at_ms"]]
    ]
    print_table(columns, rows, STATUS_STYLES)
