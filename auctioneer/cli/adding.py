"""`auctioneer add`: more lots for a running sale, from a file or from options."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click
import msgspec

from auctioneer.catalogue import BIDDING_KEYS, DEFAULT_FORMAT, FORMATS, RunningSale, load_lots, lot_from_fields
from auctioneer.cli.context import ControlContext, with_control_context
from auctioneer.cli.control_client import connected
from auctioneer.house.commands import AddLots
from auctioneer.rules.terms import LotDefaults, LotSpec
from common.money import Currency
from common.terminal.commands import examples
from common.terminal.output import tell_person

FIELD_HELP: Final = {
    "number": "The lot's number.  [default: the next whole one]",
    "title": "What it is, on one line.",
    "format": f"How it is sold: {', '.join(FORMATS)}.  [default: the sale's, else {DEFAULT_FORMAT}]",
    **{key: meaning.help for key, meaning in BIDDING_KEYS.items()},
    "estimate_low": "The estimate, from.",
    "estimate_high": "The estimate, to.",
    "opens": "'at start', 'after previous', 'by hand', a delay such as 90s, or a date-time with its zone.",
    "duration": "How long it is open, such as 5m, or 'until closed'.",
    "soft_close_window": "A bid this shortly before the end extends the lot.",
    "soft_close_extension": "By how much.",
    "soft_close_cap": "At most by this in all.",
    "seller": "The seller's name, who can't bid on it.",
    "description": "More about it.",
    "image": "The address of a picture.",
}
"""The options that describe one lot: the columns of a catalogue in CSV, with their help."""


def field_options(*left_out: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command an option for each other field: `--starting-price` for `starting_price`, `--lot` for a number."""

    def with_options(command: Callable[..., Any]) -> Callable[..., Any]:
        for field, help_text in reversed(FIELD_HELP.items()):
            if field not in left_out:
                option = "--lot" if field == "number" else f"--{field.replace('_', '-')}"
                command = click.option(option, field, metavar="TEXT", help=help_text)(command)
        return command

    return with_options


@click.command(
    short_help="Add lots to a running sale.",
    epilog=examples(
        "auctioneer add more.csv",
        "auctioneer add --title 'Guitar, signed' --starting-price 50 --opens 'by hand'",
    ),
)
@click.argument("file", required=False, type=click.Path(path_type=Path))
@field_options()
@with_control_context
def add(context: ControlContext, file: Path | None, **fields: str | None) -> None:
    """Add the lots of FILE (.toml, .csv or .xlsx), or one lot described by options, to a running sale; all or none.

    What they leave out is as in the sale's catalogue: its order and its defaults.
    """
    given = {field: text for field, text in fields.items() if text is not None}
    if (file is None) == (not given):
        raise click.UsageError("Give either a FILE with lots, or options that describe one, such as --title.")
    with connected(context.folder) as house:
        sale = house.ask("status")
        running = RunningSale(
            currency=Currency(sale["currency"], sale["decimals"]),
            known_lots=frozenset(row["lot"] for row in house.ask("lots")),
            lot_defaults=msgspec.convert(house.ask("lot_defaults"), LotDefaults),
        )
        specs: tuple[LotSpec, ...] = (
            (lot_from_fields(given, running),) if file is None else load_lots(file, running, tell_person)
        )
        house.order(AddLots(lots=specs))
    numbers = tuple(spec.terms.lot for spec in specs)
    word, listed = ("lot", numbers[0]) if len(numbers) == 1 else ("lots", f"{numbers[0]} to {numbers[-1]}")
    context.tell(f"Added {len(numbers)} {word}: {listed}.", numbers)
