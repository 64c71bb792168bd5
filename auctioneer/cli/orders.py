"""The commands with which the auctioneer and clerks direct a running sale; the final ones are in `finals`."""

import click

from auctioneer.cli.asking import Plan, carry_out, yes_option
from auctioneer.cli.context import (
    DURATION,
    LOT,
    ControlContext,
    about,
    check_length,
    data_option,
    json_option,
    with_control_context,
)
from auctioneer.cli.control_client import ControlClient, connected
from auctioneer.cli.people import check_bidder, find_person, named
from auctioneer.cli.sentences import whom
from auctioneer.house.commands import (
    WHOLE_SALE,
    AddPartner,
    Admit,
    Announce,
    CallLot,
    ChangeOfKeys,
    Extend,
    OpenLot,
    Pause,
    RemovePartner,
    Resume,
    Tell,
)
from auctioneer.process.folder import FOR_THE_AUCTIONEER, DataFolder
from common.durations import format_duration
from common.limits import KEY_CHARS, TEXT_CHARS_MAX
from common.lot_events import Call
from common.money import Currency
from common.terminal.commands import examples
from common.terminal.output import say_done


@click.command("open", short_help="Open a lot now.", epilog=examples("auctioneer open 7"))
@click.argument("lot", type=LOT)
@with_control_context
def open_lot(context: ControlContext, lot: str) -> None:
    """Open LOT now, whatever the catalogue says about its opening."""
    context.order(OpenLot(lot=lot), "Lot {lot} is open.")


@click.command(
    short_help="Stop a lot's clock and bidding, or the whole sale's.",
    epilog=examples("auctioneer pause 7", "auctioneer pause          # the whole sale"),
)
@click.argument("lot", type=LOT, required=False)
@with_control_context
def pause(context: ControlContext, lot: str | None) -> None:
    """Stop the clock and the bidding of LOT, or without LOT of the whole sale."""
    context.order(Pause(lot=lot or WHOLE_SALE), "Lot {lot} is paused." if lot else "The sale is paused.")


@click.command(
    short_help="Resume a paused lot, or the whole sale.",
    epilog=examples("auctioneer resume 7", "auctioneer resume         # the whole sale"),
)
@click.argument("lot", type=LOT, required=False)
@with_control_context
def resume(context: ControlContext, lot: str | None) -> None:
    """Resume LOT with the time that it had left, or without LOT the whole sale."""
    context.order(Resume(lot=lot or WHOLE_SALE), "Lot {lot} resumes." if lot else "The sale resumes.")


@click.command(
    short_help="Give a lot more time.",
    epilog=examples("auctioneer extend 7 30s", "auctioneer extend 7 '1h 30m'"),
)
@click.argument("lot", type=LOT)
@click.argument("duration", type=DURATION)
@with_control_context
def extend(context: ControlContext, lot: str, duration: int) -> None:
    """Let LOT end later by DURATION, such as 30s, 2m30s or 1h."""
    context.order(Extend(lot=lot, extra_ms=duration), f"Lot {{lot}} has {format_duration(duration)} more.")


@click.command(
    short_help="Say something to all bidders.", epilog=examples("auctioneer announce 'We continue at 8 p.m.'")
)
@click.argument("text")
@with_control_context
def announce(context: ControlContext, text: str) -> None:
    """Show TEXT to everybody who takes part now or joins later."""
    _check_text(text)
    context.order(Announce(text=text), "Announced.")


@click.command(
    short_help="Call fair warning, selling now or reserve met on a lot.",
    epilog=examples("auctioneer call 7 fair-warning", "auctioneer call 7 selling-now"),
)
@click.argument("lot", type=LOT)
@click.argument("what", metavar="WHAT", type=click.Choice([call.value.replace("_", "-") for call in Call]))
@with_control_context
def call(context: ControlContext, lot: str, what: str) -> None:
    """Call WHAT about the open LOT: every screen shows it in its own words, at once.

    WHAT is fair-warning, selling-now or reserve-met. That the reserve is met can be called only where it is so and
    everybody may know it.
    """
    context.order(CallLot(lot=lot, call=Call(what.replace("-", "_"))), f"Called on lot {{lot}} to all: {what}.")


@click.command(short_help="Say something to one bidder.", epilog=examples("auctioneer tell ann 'Your parcel is ready'"))
@click.argument("bidder")
@click.argument("text")
@with_control_context
def tell(context: ControlContext, bidder: str, text: str) -> None:
    """Show TEXT to BIDDER alone, a name or a paddle, now or when the bidder comes back."""
    check_bidder(bidder)
    _check_text(text)
    context.order(Tell(bidder=bidder, text=text), "{person} is told.")


@click.command(
    "turn-out",
    short_help="Turn a bidder out.",
    epilog=examples("auctioneer turn-out ann", "auctioneer turn-out ann --void-bids --reason 'No account'"),
)
@click.argument("bidder")
@click.option("--void-bids", is_flag=True, help="Take back all its bids on lots that are open or paused.")
@click.option("--reason", default="", metavar="TEXT", help="Why they are taken back: told to those whom it touches.")
@yes_option
@with_control_context
def turn_out(context: ControlContext, bidder: str, reason: str, *, void_bids: bool, yes: bool) -> None:
    """Bar BIDDER, a name or a paddle, from the sale. Bids made before stand, unless you take them back.

    With --void-bids it asks first, where there is a person at the terminal to answer. What BIDDER has bought stays
    bought: `auctioneer void` undoes a sale.
    """
    check_bidder(bidder)
    check_length("--reason", reason, TEXT_CHARS_MAX)
    if reason and not void_bids:
        raise click.UsageError("--reason goes with --void-bids.")
    command = Admit(bidder=bidder, admitted=False, void_bids=void_bids, reason=reason)

    def plan(house: ControlClient, _: Currency) -> Plan:
        who = named(find_person(house.ask("bidders"), bidder))
        return Plan([], f"Turn {who} out, and take back all its bids on lots that are open or paused?", command)

    done, _ = carry_out(context, plan if void_bids and not yes else None, command)
    touched = ""
    if void_bids:
        lots = ", ".join(done.lots)
        touched = f" Its bids are taken back on lot {lots}." if lots else " It had no bid on an open or paused lot."
    context.tell(f"{whom(done)} is turned out.{touched}", done.lots, **about(done))


@click.command(
    short_help="Let a hall, a gateway or a relay look on, or no longer.",
    epilog=examples("auctioneer partner hall '4NqU...'", "auctioneer partner hall --remove"),
)
@click.argument("name")
@click.argument("key", required=False)
@click.option("--remove", is_flag=True, help="End what the partner NAME sees, at once.")
@data_option
@json_option
def partner(folder: DataFolder, name: str, key: str | None, *, remove: bool, as_json: bool) -> None:
    """Let the partner NAME look on, known by its public KEY, whoever else may join; works while the house runs.

    A partner shows the sale to others: a hall with many bidders, a gateway, a relay. It has a budget of its own, ten
    times that of a bidder, and can't bid. `bidder key --name NAME` prints a KEY; one that begins with a hyphen goes
    after `--`.
    """
    folder.require_sale(FOR_THE_AUCTIONEER)
    if remove == (key is not None):
        raise click.UsageError("Give either the partner's KEY or --remove.")
    if key is None:
        change_keys(folder, RemovePartner(name=name))
        say_done(f"{name} is no partner any more.", {"name": name, "removed": True}, as_json=as_json)
        return
    if len(key) != KEY_CHARS:
        raise click.BadParameter(f"it has {len(key)} characters; a public key has {KEY_CHARS}.", param_hint="KEY")
    change_keys(folder, AddPartner(name=name, key=key))
    say_done(f"{name} is a partner and may look on.", {"name": name, "key": key}, as_json=as_json)


def change_keys(folder: DataFolder, command: ChangeOfKeys) -> None:
    """Record whose key is valid: the running house does it, or this process if none runs."""
    if folder.whereabouts.is_held():
        with connected(folder) as house:
            house.order(command)
        return
    from auctioneer.process.startup import (
        change_keys_offline,  # imported only here, since it would slow the start of other commands
    )

    change_keys_offline(folder, command)


def _check_text(text: str) -> None:
    if not text.strip():
        raise click.BadParameter("it is empty.", param_hint="TEXT")
    check_length("TEXT", text, TEXT_CHARS_MAX)
