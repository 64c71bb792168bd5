"""`auctioneer check`: shows a catalogue's faults, or its lots as the house would read them."""

from pathlib import Path

import click

from auctioneer.catalogue import load_catalogue
from auctioneer.cli.context import json_option
from auctioneer.cli.output import grouped, local_time
from auctioneer.house.formats.table import terms_bidding
from auctioneer.rules.terms import LotSpec, Opening, OpeningRule, SaleSpec
from common.durations import format_duration
from common.money import Currency
from common.terminal.commands import examples
from common.terminal.output import print_json, say, tell_person
from common.terminal.tables import Column, print_table
from common.words import counted


@click.command(
    short_help="Look for faults in a catalogue.",
    epilog=examples("auctioneer check evening.toml", "auctioneer check lots.csv --json"),
)
@click.argument("catalogue", type=click.Path(path_type=Path))
@json_option
def check(catalogue: Path, *, as_json: bool) -> None:
    """Read CATALOGUE (.toml, .csv or .xlsx) and list its lots, or all faults with their lines. Starts nothing."""
    spec = load_catalogue(catalogue, tell_person)
    if as_json:
        print_json({"title": spec.title, "currency": spec.currency.code, "lots": spec.lots})
        return
    _print_lots(spec)
    count = counted(len(spec.lots), "lot")
    say(f"No faults: {spec.title}, {count} in {spec.currency.code}.", err=True)


def _print_lots(spec: SaleSpec) -> None:
    columns = [
        Column("Lot"),
        Column("Title", shrinks=True),
        Column(f"Starts at {spec.currency.code}", is_number=True),
        Column("Reserve", is_number=True),
        Column("Opens"),
        Column("Open for"),
    ]
    print_table(columns, [_lot_cells(lot, spec.currency) for lot in spec.lots])


def _lot_cells(lot: LotSpec, currency: Currency) -> list[str]:
    terms, starting_minor = lot.terms, terms_bidding(lot).starting_minor
    return [
        terms.lot,
        terms.title,
        "" if starting_minor is None else grouped(currency.plain(starting_minor)),
        "" if lot.reserve_minor is None else grouped(currency.plain(lot.reserve_minor)),
        _opening(lot.opening),
        "until closed" if terms.duration_ms is None else format_duration(terms.duration_ms),
    ]


def _opening(opening: Opening) -> str:
    if opening.rule is not OpeningRule.AT_TIME:
        return str(opening.rule.value)
    if opening.at_ms is not None:
        return local_time(opening.at_ms)
    return f"{format_duration(opening.delay_ms or 0)} after the start"
