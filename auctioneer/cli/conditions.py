"""`auctioneer conditions`: what each bidder accepts before it gets a paddle, and how it is changed."""

import sys
from pathlib import Path

import click

from auctioneer.catalogue.content import CatalogueKind, decoded, read_file
from auctioneer.catalogue.faults import CatalogueError, Fault, Faults
from auctioneer.catalogue.sale import plain_conditions
from auctioneer.cli.asking import yes_option
from auctioneer.cli.context import ControlContext, with_control_context
from auctioneer.cli.control_client import connected
from auctioneer.cli.reads import read, say_if_stopped
from auctioneer.house.commands import SetConditions
from common.conditions import digest_of
from common.terminal.commands import examples
from common.terminal.output import confirm, print_json, say, say_done
from common.words import counted


@click.command(
    short_help="Show or change the conditions of the sale.",
    epilog=examples(
        "auctioneer conditions", "auctioneer conditions --file conditions.txt", "auctioneer conditions --none"
    ),
)
@click.option("--file", type=click.Path(path_type=Path), metavar="FILE", help="Have the text of FILE from now on.")
@click.option("--none", "is_none", is_flag=True, help="Have no conditions from now on.")
@yes_option
@with_control_context
def conditions(context: ControlContext, file: Path | None, *, is_none: bool, yes: bool) -> None:
    """Show the conditions of the sale, and how many bidders accepted them; or change them.

    A bidder accepts them before it gets a paddle, and again at its next hello when they have changed.
    """
    if file is not None and is_none:
        raise click.UsageError("Give either --file or --none.")
    if file is None and not is_none:
        _show(context)
        return
    text = "" if file is None else _text_of(file)
    if not yes and sys.stdin.isatty():
        accepted = read(context, "conditions").report["accepted"]
        say(
            f"{counted(accepted, 'bidder')} accepted the present conditions. All are asked again at their next hello.",
            err=True,
        )
        confirm("Change the conditions?")
    with connected(context.folder) as house:
        house.order(SetConditions(text=text))
    done = "Bidders accept these conditions from now on." if text else "The sale has no conditions any more."
    say_done(done, {"done": True, "digest": digest_of(text)}, as_json=context.as_json)


def _show(context: ControlContext) -> None:
    reading = read(context, "conditions")
    told = reading.report
    if context.as_json:
        print_json(told)
        return
    say_if_stopped(reading, context.folder)
    if not told["text"]:
        say("The sale has no conditions.")
        return
    for line in told["text"].splitlines():
        say(line)
    say(f"Accepted by {counted(told['accepted'], 'bidder')}, not yet by {told['not_accepted']:,}.", err=True)
    say(f"Digest: {told['digest']}", err=True)


def _text_of(file: Path) -> str:
    """Return the conditions in a file. Raises CatalogueError."""
    faults = Faults()
    text, fault = plain_conditions(decoded(read_file(file), str(file), CatalogueKind.TOML, faults))
    if fault:
        raise CatalogueError([Fault(file=str(file), reason=fault)])
    return text
