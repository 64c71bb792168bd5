"""`auctioneer store`: databases that keep sales, and how a sale gets there and back."""

import time
from typing import Final

import click

from auctioneer.cli.context import data_option, json_option
from auctioneer.journal.postgres.address import parse_address
from auctioneer.process.folder import DataFolder
from auctioneer.process.folder.folder import postgres_store
from auctioneer.process.moving import move_here, move_to_database
from common.terminal.commands import examples
from common.terminal.output import say_done
from common.words import counted

_HERE: Final = "here"
_PREPARE_S_MAX: Final = 60.0
"""How long a database may take to make its tables; it waits for its standbys."""


@click.group(
    short_help="Keep the record of sales in a PostgreSQL database.",
    epilog=examples(
        "auctioneer store prepare postgresql://owner@db/auctions --house house",
        "auctioneer run evening.toml --store 'postgresql://house@db/auctions?sale=evening'",
        "auctioneer store move 'postgresql://house@db/auctions?sale=evening'    # a sale that is here already",
        "auctioneer store move here",
    ),
)
def store() -> None:
    """Prepare a database for sales, and move a sale to a database or back.

    A database with synchronous standbys keeps a sale although a machine is lost. docs/postgres.md says how it is set
    up. A password never stands in a URL: libpq reads it from ~/.pgpass, a service file, or PGPASSWORD.
    """


@store.command(short_help="Make or update the tables in a database.")
@click.argument("url")
@click.option("--house", default="", metavar="ROLE", help="Let this role hold sales.")
@click.option("--reader", default="", metavar="ROLE", help="Let this role read all, and write nothing.")
@json_option
def prepare(url: str, house: str, reader: str, *, as_json: bool) -> None:
    """Make the tables for sales in the database at URL, or bring them to this version, and say who may use them.

    The URL's role owns the tables afterwards. Houses need another, which can't change what was recorded.
    """
    address = parse_address(url)
    postgres_store(url)  # says what to install
    from auctioneer.journal.postgres import schema
    from auctioneer.journal.postgres.session import Session

    until_s = time.monotonic() + _PREPARE_S_MAX
    session = Session.open(address, until_s)
    try:
        version = schema.prepare(session, until_s, house, reader)
    finally:
        session.close()
    who = "".join(f" {role} may {what}." for role, what in ((house, "hold sales"), (reader, "read")) if role)
    done = f"The database is ready: its tables are of version {version}.{who}"
    say_done(done, {"version": version, "house": house, "reader": reader}, as_json=as_json)


@store.command(short_help="Move the sale to a database, or back here.")
@click.argument("target", metavar="URL|here")
@data_option
@json_option
def move(target: str, folder: DataFolder, *, as_json: bool) -> None:
    """Move the record of a sale that no house holds to the database at URL, or from a database into a file here.

    The copy is compared, exact to the hash, before the sale continues from it. A house that still holds the record
    elsewhere is fenced. What stays at the old place can't be continued by mistake. Keys and settings stay here.
    """
    moved = move_here(folder) if target == _HERE else move_to_database(folder, target)
    done = (
        f"Moved {counted(moved.end.position, 'fact')} from {moved.before} to {moved.now}. "
        f"Hash: {moved.end.hash.hex()}. To go on with it: auctioneer run --data {folder.path}"
    )
    fields = {"before": moved.before, "now": moved.now, "position": moved.end.position, "hash": moved.end.hash.hex()}
    say_done(done, fields, as_json=as_json)
